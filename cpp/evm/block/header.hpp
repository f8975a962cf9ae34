// The rules between a header and its parent: fees, gas limits, timestamps, blob gas.
#pragma once

#include <optional>
#include <string>

#include "evm/block/config.hpp"

namespace zg::evm {

inline constexpr size_t kExtraDataSizeMax = 32;

// EIP-1559: elasticity 2, denominator 8.
U256 next_base_fee(const Header& parent);

// The next gas limit on the way from the parent's to `wanted`, one bounded step (less than parent / 1024) at most.
uint64_t next_gas_limit(uint64_t parent, uint64_t wanted, uint64_t floor);

// What must hold between a header and its parent before anything is executed. Nothing when it holds; else a sentence that
// names the field, what was expected and what was found.
std::optional<std::string> check_header(const Header& header, const Header& parent, const Hash32& parent_hash, const ChainConfig& config);

// What execution sees of a header.
BlockEnv block_env(const Header& header, const Rules& rules);

}  // namespace zg::evm
