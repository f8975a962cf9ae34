// Executions that leave no trace: eth_call, eth_estimateGas, eth_createAccessList, and replays for the tracers.
#pragma once

#include "evm/block/engine.hpp"
#include "evm/host/transact.hpp"

namespace zg::evm {

// What eth_call takes. Fees that are not given count as zero, and are then not charged.
struct CallRequest {
  Address from{};
  std::optional<Address> to;
  std::optional<uint64_t> gas;
  U256 max_fee, max_priority_fee, value, max_fee_per_blob_gas;
  std::optional<uint64_t> nonce;
  std::vector<uint8_t> data;
  std::vector<AccessTuple> access_list;
  std::vector<Hash32> blob_hashes;
  std::vector<Authorization> authorizations;
};

struct StateOverride {
  Address address{};
  std::optional<U256> balance;
  std::optional<uint64_t> nonce;
  std::optional<std::vector<uint8_t>> code;
  bool replaces_storage = false;  // "state": slots not listed become zero; else "stateDiff"
  std::vector<std::pair<U256, U256>> slots;
};

struct BlockOverride {
  std::optional<uint64_t> number, timestamp, gas_limit;
  std::optional<Address> coinbase;
  std::optional<U256> base_fee, prev_randao, blob_base_fee;
};

struct CallContext {
  View view;
  ChainConfig config;
  std::vector<StateOverride> overrides;
  BlockOverride block;
  uint64_t deadline_ms = 5000;
  uint64_t gas_cap = 0;  // highest gas of one call; 0: the block's limit, at least 50 million
};

// One call. `result.error` says why it could not even start; a deadline shows as Halt::deadline.
TxResult call(const CallContext& context, const CallRequest& request, Tracer* tracer = nullptr);

// The least gas limit that works, found as chain.md §3.2 wants: from the gas consumed before refund and floor, to within
// 1.5 %. The caller's `gas` does not matter.
struct Estimate {
  uint64_t gas = 0;  // 0: it does not work at any limit; `failed` tells why
  TxResult failed;
  std::string error;  // why, when it is neither a revert nor a halt
};
Estimate estimate_gas(const CallContext& context, const CallRequest& request);

struct AccessListResult {
  std::vector<AccessTuple> list;
  TxResult result;  // of the execution with that list
};
AccessListResult create_access_list(const CallContext& context, const CallRequest& request);

// Executes block `record` on the state of its parent up to transaction `last`, and calls `before(index)` for each: a tracer
// to watch it with, or null.
std::optional<Failure> replay_block(const View& parent, const ChainConfig& config, const RecordView& record, size_t last,
                                    const std::function<Tracer*(size_t index)>& before,
                                    const std::function<void(size_t index, const TxResult&)>& after, uint64_t deadline_ms);

}  // namespace zg::evm
