// One block's transactions on one state: from a header with its given fields to receipts, roots and requests.
#pragma once

#include <chrono>
#include <vector>

#include "common/status.hpp"
#include "evm/block/config.hpp"
#include "evm/block/record.hpp"
#include "evm/host/system.hpp"
#include "state/accounts/world.hpp"

namespace zg::evm {

// A transaction to run: both views are borrowed.
struct Candidate {
  const Transaction* tx;
  Bytes raw;
};

enum class OnInvalid {
  drop,    // building: leave it out and say so (chain.md §13, CH-07)
  refuse,  // importing: the block is invalid
};

// A transaction that was left out, and why.
struct Dropped {
  Hash32 hash{};
  std::string text;
};

struct Execution {
  std::vector<const Transaction*> transactions;  // as included
  std::vector<Bytes> raws;
  std::vector<Receipt> receipts;
  std::vector<Dropped> dropped;
  std::vector<Hash32> unpayable;  // of `dropped`: those that can never be included as things stand
  uint64_t gas_used = 0, blob_gas_used = 0;
  BlockEnd end;
};

// Runs a block on `state`, which reads `world`: system calls at its start, the transactions in order, what consensus gives and requests at its end.
// Reads of `header` only the fields that are known before execution (number … parent beacon root).
// Returns: bad_argument with a sentence when the block is invalid by what happens in it.
Outcome<Execution> execute_block(BlockState& state, const state::World& world, const Header& header, const ChainConfig& config, const std::vector<Candidate>& candidates,
                                 const ConsensusInputs& inputs, OnInvalid on_invalid,
                                 std::optional<std::chrono::steady_clock::time_point> stop_at = std::nullopt);

Hash32 transactions_root(const std::vector<Bytes>& raws);
Hash32 withdrawals_root(const std::vector<Withdrawal>& withdrawals);
// Fills the receipts' blooms; `bloom` is their union.
Hash32 receipts_root(std::vector<Receipt>& receipts, Bloom& bloom);

}  // namespace zg::evm
