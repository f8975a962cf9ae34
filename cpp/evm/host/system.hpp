// What happens at the edges of a block: system calls, withdrawals, requests.
#pragma once

#include <string>

#include "common/status.hpp"
#include "evm/host/transact.hpp"
#include "evm/zerog_rules/api.hpp"

namespace zg::evm {

inline constexpr Address kSystemAddress = zerog_rules::kSystem;
extern const Address kBeaconRootsAddress;      // EIP-4788
extern const Address kHistoryStorageAddress;   // EIP-2935
extern const Address kWithdrawalRequestAddress;     // EIP-7002
extern const Address kConsolidationRequestAddress;  // EIP-7251
extern const Address kStakingAddress;               // 0G (chain.md §7)
inline constexpr uint64_t kSystemCallGas = 30'000'000;
inline constexpr size_t kSlashingsMax = 128;  // a block: each is a call with gas of its own

// EIP-4788 (both forks) and EIP-2935 (Prague): calls into the system contracts, if they have code. And the next epoch of data
// availability, where the chain begins those by height.
void apply_block_start(BlockState& state, const BlockEnv& env, const Rules& rules, const Hash32& parent_hash, const Hash32& parent_beacon_root);

struct BlockEndOptions {
  std::optional<Address> deposit_contract;  // EIP-6110; its logs are read
  // A missing or failing EIP-7002/7251 contract invalidates an Ethereum block. A devnet without them says false: no such requests.
  bool requests_required = true;
  const std::vector<Log>* logs = nullptr;   // all logs of the block in order, for deposits
  bool slashing = false;  // 0G's staking fork (chain.md §3.4)
  bool bridge = false;    // 0G's bridge fork (chain.md §3.5)
};

struct BlockEnd {
  // EIP-7685: type byte and data of every non-empty request list, ascending. Empty before Prague.
  std::vector<std::vector<uint8_t>> requests;
  std::optional<Hash32> requests_hash;  // from Prague on
  bool distribution_called = false;     // 0G sentinel (chain.md §3.4)
  bool distribution_succeeded = false;
  // Sentences: calls of 0G's that reverted or ran out of gas. They did nothing; the block stands.
  std::vector<std::string> failed_calls;
};

// In this order: withdrawals, (Prague) requests, 0G's bridge call and request, its distribution call, its slashings. Fails with
// a sentence when the block is invalid by it: a part that its fork does not have or must have, a malformed one, more slashings
// than kSlashingsMax, a slashing without a staking contract.
Outcome<BlockEnd> apply_block_end(BlockState& state, const BlockEnv& env, const Rules& rules, const ConsensusInputs& inputs,
                                  const BlockEndOptions& options = {});

// sha256(sha256(request) ‖ …) over non-empty requests (EIP-7685).
Hash32 requests_hash(const std::vector<std::vector<uint8_t>>& requests);

}  // namespace zg::evm
