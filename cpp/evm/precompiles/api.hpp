// The precompiled contracts of Ethereum: 0x01-0x0a at Cancun, 0x0b-0x11 in addition at Prague.
//
// Pure functions of their input: no state, no logs. The stateful contracts of 0G are in evm/zerog_rules.
#pragma once

#include <cstdint>
#include <vector>

#include "common/bytes.hpp"
#include "evm/types.hpp"

namespace zg::evm::precompiles {

struct PrecompileResult {
  bool success = false;
  uint64_t gas_used = 0;  // what is consumed of the gas given; all of it when success is false
  std::vector<uint8_t> output;  // empty when success is false
};

// The highest number that is a precompile at the fork: the addresses are 0x…01 to this, without gaps.
uint64_t last_precompile(Fork fork);

// True for the addresses above under the rules' fork. Never true for the stateful contracts of 0G.
bool is_precompile(const Address& address, const Rules& rules);

// Runs the precompile at `address` with `gas` at its disposal. Too little gas or an input that the contract rejects:
// success is false and all of `gas` is used. An ecrecover that finds no key succeeds with an empty output.
//
// In:   input: any size; borrowed during the call.
// Cost: bounded by the gas charged; memory by the input size plus, for modexp, its declared lengths, which the gas bounds.
// An address that is no precompile under the rules succeeds with no output and no gas, like an account without code.
PrecompileResult run(const Address& address, Bytes input, uint64_t gas, const Rules& rules);

}  // namespace zg::evm::precompiles
