// What a chain is: its id, when its forks come, and which 0G rules hold (chain.md §2, §3, §9).
#pragma once

#include <optional>

#include "evm/types.hpp"

namespace zg::evm {

struct ChainConfig {
  uint64_t chain_id = 16601;
  uint64_t prague_time = 0;  // Cancun before; forks before Cancun are not kept
  std::optional<Address> deposit_contract;  // EIP-6110
  bool requests_required = false;  // Ethereum: a missing EIP-7002/7251 contract invalidates the block
  // 0G
  unsigned gas_floor_percent = 80;
  bool zerog_precompiles = true;
  unsigned da_signers_version = 3;
  uint64_t da_epoch_blocks = 5760;
  bool repeated_timestamps = true;
  uint64_t gas_limit_min = 3'000'000;
  uint64_t staking_time = 0;           // from here on consensus may slash (chain.md §3.4)
  uint64_t bridge_time = UINT64_MAX;   // from here on every block calls the bridge (chain.md §3.5); not before Prague

  bool slashing_at(uint64_t timestamp) const { return timestamp >= staking_time; }
  bool bridge_at(uint64_t timestamp) const { return timestamp >= bridge_time; }

  Rules rules_at(uint64_t timestamp) const {
    Rules rules;
    rules.fork = timestamp >= prague_time ? Fork::prague : Fork::cancun;
    rules.chain_id = chain_id;
    rules.gas_floor_percent = gas_floor_percent;
    rules.zerog_precompiles = zerog_precompiles;
    rules.da_signers_version = da_signers_version;
    rules.da_epoch_blocks = da_epoch_blocks;
    rules.repeated_timestamps = repeated_timestamps;
    rules.gas_limit_min = gas_limit_min;
    return rules;
  }
};

}  // namespace zg::evm
