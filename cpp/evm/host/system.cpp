#include "evm/host/system.hpp"

#include <algorithm>

#include "evm/host/bridge.hpp"
#include "evm/precompiles/api.hpp"

namespace zg::evm {

const Address kBeaconRootsAddress{{0x00, 0x0f, 0x3d, 0xf6, 0xd7, 0x32, 0x80, 0x7e, 0xf1, 0x31, 0x9f, 0xb7, 0xb8, 0xbb, 0x85, 0x22, 0xd0, 0xbe, 0xac, 0x02}};
const Address kHistoryStorageAddress{{0x00, 0x00, 0xf9, 0x08, 0x27, 0xf1, 0xc5, 0x3a, 0x10, 0xcb, 0x7a, 0x02, 0x33, 0x5b, 0x17, 0x53, 0x20, 0x00, 0x29, 0x35}};
const Address kWithdrawalRequestAddress{{0x00, 0x00, 0x09, 0x61, 0xef, 0x48, 0x0e, 0xb5, 0x5e, 0x80, 0xd1, 0x9a, 0xd8, 0x35, 0x79, 0xa6, 0x4c, 0x00, 0x70, 0x02}};
const Address kConsolidationRequestAddress{{0x00, 0x00, 0xbb, 0xdd, 0xc7, 0xce, 0x48, 0x86, 0x42, 0xfb, 0x57, 0x9f, 0x8b, 0x00, 0xf3, 0xa5, 0x90, 0x00, 0x72, 0x51}};
const Address kStakingAddress{{0xea, 0x22, 0x4d, 0xbb, 0x52, 0xf5, 0x77, 0x52, 0x04, 0x4c, 0x0c, 0x86, 0xad, 0x50, 0x93, 0x00, 0x91, 0xf5, 0x61, 0xb9}};

namespace {

constexpr uint64_t kNeuronPerGwei = 1'000'000'000;
constexpr uint64_t kDistributionSentinel = UINT64_MAX;

// DepositEvent(bytes,bytes,bytes,bytes,bytes) of the deposit contract (EIP-6110).
constexpr Hash32 kDepositTopic{{0x64, 0x9b, 0xbc, 0x62, 0xd0, 0xe3, 0x13, 0x42, 0xaf, 0xea, 0x4e, 0x5c, 0xd8, 0x2d, 0x40, 0x49,
                                0xe7, 0xe1, 0xee, 0x91, 0x2f, 0xc0, 0x88, 0x9a, 0xa7, 0x90, 0x80, 0x3b, 0xe3, 0x90, 0x38, 0xc5}};
struct DepositField {
  uint64_t offset, size;  // of the ABI tail, where its length word stands
};
constexpr DepositField kDepositFields[5] = {{160, 48}, {256, 32}, {320, 8}, {384, 96}, {512, 8}};
constexpr size_t kDepositDataSize = 576;

Hash32 sha256(Bytes input) {
  constexpr Address kSha256{{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2}};
  const precompiles::PrecompileResult result = precompiles::run(kSha256, input, UINT64_MAX / 2, Rules{});
  return fixed_from<32>(result.output.data());
}

// Appends the 192 bytes of one deposit; false when the event is not laid out as the deposit contract does.
bool append_deposit(const std::vector<uint8_t>& data, std::vector<uint8_t>& out) {
  if (data.size() != kDepositDataSize) return false;
  for (size_t i = 0; i < 5; ++i) {
    if (U256::from_be(data.data() + 32 * i) != U256(kDepositFields[i].offset)) return false;
    if (U256::from_be(data.data() + kDepositFields[i].offset) != U256(kDepositFields[i].size)) return false;
  }
  for (const DepositField& field : kDepositFields) {
    const auto start = data.begin() + static_cast<ptrdiff_t>(field.offset + 32);
    out.insert(out.end(), start, start + static_cast<ptrdiff_t>(field.size));
  }
  return true;
}

std::string hex(const Address& address) { return "0x" + to_hex(as_bytes(address)); }

// One of 0G's own calls: its failure is told, and has no effect.
void call_or_tell(BlockState& state, const BlockEnv& env, const Rules& rules, const Address& target, const std::vector<uint8_t>& input,
                  const std::string& name, std::vector<std::string>& failed) {
  const CallOutcome call = system_call(state, env, rules, kSystemAddress, target, as_bytes(input), kSystemCallGas);
  if (call.success) return;
  std::string text = name + " failed: " + halt_text(call.halt);
  if (!call.output.empty()) text += " 0x" + to_hex({call.output.data(), std::min<size_t>(call.output.size(), 68)});
  failed.push_back(std::move(text));
}

// parkRemoteMessages in every block from the fork on, also without messages, and the request that the header commits to.
std::optional<Failure> apply_bridge(BlockState& state, const BlockEnv& env, const Rules& rules, const ConsensusInputs& inputs, bool active,
                                    BlockEnd& end) {
  if (inputs.bridge.has_value() != active)
    return Failure{Status::bad_argument, active ? "bridge request: missing" : "bridge request: found one before the bridge fork"};
  if (!active) return std::nullopt;
  Outcome<std::vector<BridgeMessage>> messages = decode_bridge_messages(as_bytes(*inputs.bridge));
  if (!messages.ok()) return messages.failure();
  call_or_tell(state, env, rules, kBridgeAddress, encode_park_call(*messages, rules.chain_id, env.coinbase),
               "parkRemoteMessages of " + std::to_string(messages->size()) + " messages", end.failed_calls);
  std::vector<uint8_t> request{kBridgeRequestType};
  request.insert(request.end(), inputs.bridge->begin(), inputs.bridge->end());
  end.requests.push_back(std::move(request));
  return std::nullopt;
}

std::optional<Failure> apply_slashings(BlockState& state, const BlockEnv& env, const Rules& rules, const std::vector<Withdrawal>& slashings,
                                       bool active, BlockEnd& end) {
  if (slashings.empty()) return std::nullopt;
  if (!active) return Failure{Status::bad_argument, "slashings: found " + std::to_string(slashings.size()) + " before the staking fork"};
  if (slashings.size() > kSlashingsMax)
    return Failure{Status::bad_argument, "slashings: expected at most " + std::to_string(kSlashingsMax) + ", found " + std::to_string(slashings.size())};
  constexpr uint8_t kSelector[4] = {0x3e, 0x42, 0x08, 0xef};  // slashValidator(address,uint256)
  for (const Withdrawal& slashing : slashings) {
    if (slashing.amount_gwei == 0) continue;
    if (!state.entry(kStakingAddress).now.has_code()) return Failure{Status::bad_argument, "slashings: no code at the staking contract"};
    std::vector<uint8_t> input(kSelector, kSelector + 4);
    input.insert(input.end(), 12, 0);
    input.insert(input.end(), slashing.address.b, slashing.address.b + 20);
    const Hash32 amount = (U256(slashing.amount_gwei) * U256(kNeuronPerGwei)).to_hash();
    input.insert(input.end(), amount.b, amount.b + 32);
    call_or_tell(state, env, rules, kStakingAddress, input,
                 "slashValidator of " + hex(slashing.address) + " by " + std::to_string(slashing.amount_gwei) + " gwei", end.failed_calls);
  }
  return std::nullopt;
}

// EIP-6110, EIP-7002, EIP-7251.
std::optional<Failure> apply_requests(BlockState& state, const BlockEnv& env, const Rules& rules, const BlockEndOptions& options, BlockEnd& end) {
  if (options.deposit_contract && options.logs != nullptr) {
    std::vector<uint8_t> deposits{0x00};
    for (const Log& log : *options.logs) {
      if (log.address != *options.deposit_contract || log.topics.empty() || log.topics[0] != kDepositTopic) continue;
      if (!append_deposit(log.data, deposits)) return Failure{Status::bad_encoding, "deposit event not laid out as EIP-6110 expects"};
    }
    if (deposits.size() > 1) end.requests.push_back(std::move(deposits));
  }
  const struct {
    uint8_t type;
    const Address& contract;
    const char* name;
  } queues[] = {{0x01, kWithdrawalRequestAddress, "withdrawal"}, {0x02, kConsolidationRequestAddress, "consolidation"}};
  for (const auto& queue : queues) {
    if (!state.entry(queue.contract).now.has_code()) {
      if (options.requests_required) return Failure{Status::bad_argument, std::string("no code at the ") + queue.name + " request contract"};
      continue;
    }
    const CallOutcome call = system_call(state, env, rules, kSystemAddress, queue.contract, {nullptr, 0}, kSystemCallGas);
    if (!call.success) return Failure{Status::bad_argument, std::string(queue.name) + " request call failed: " + halt_text(call.halt)};
    if (call.output.empty()) continue;
    std::vector<uint8_t> request{queue.type};
    request.insert(request.end(), call.output.begin(), call.output.end());
    end.requests.push_back(std::move(request));
  }
  return std::nullopt;
}

}  // namespace

void apply_block_start(BlockState& state, const BlockEnv& env, const Rules& rules, const Hash32& parent_hash, const Hash32& parent_beacon_root) {
  system_call(state, env, rules, kSystemAddress, kBeaconRootsAddress, as_bytes(parent_beacon_root), kSystemCallGas);
  if (rules.fork >= Fork::prague) system_call(state, env, rules, kSystemAddress, kHistoryStorageAddress, as_bytes(parent_hash), kSystemCallGas);
  if (zerog_rules::begins_epoch(env.number, rules))
    system_call(state, env, rules, kSystemAddress, zerog_rules::kDaSigners, {zerog_rules::kBeginEpochInput, 4}, kSystemCallGas);
}

Outcome<BlockEnd> apply_block_end(BlockState& state, const BlockEnv& env, const Rules& rules, const ConsensusInputs& inputs,
                                  const BlockEndOptions& options) {
  BlockEnd end;
  const std::vector<Withdrawal>& withdrawals = inputs.withdrawals;
  for (const Withdrawal& withdrawal : withdrawals)
    state.add_balance(withdrawal.address, U256(withdrawal.amount_gwei) * U256(kNeuronPerGwei));
  if (rules.fork >= Fork::prague)
    if (auto failure = apply_requests(state, env, rules, options, end)) return *failure;
  if (auto failure = apply_bridge(state, env, rules, inputs, options.bridge, end)) return *failure;
  if (rules.zerog_precompiles && withdrawals.size() > 1 && withdrawals[0].validator_index == kDistributionSentinel) {
    const Hash32 amount = (U256(withdrawals[0].amount_gwei) * U256(kNeuronPerGwei)).to_hash();
    end.distribution_called = true;
    const size_t failed = end.failed_calls.size();
    call_or_tell(state, env, rules, withdrawals[0].address, {amount.b, amount.b + 32}, "distribution to " + hex(withdrawals[0].address),
                 end.failed_calls);
    end.distribution_succeeded = end.failed_calls.size() == failed;
  }
  if (auto failure = apply_slashings(state, env, rules, inputs.slashings, options.slashing, end)) return *failure;
  if (rules.fork >= Fork::prague) end.requests_hash = requests_hash(end.requests);
  return end;
}

Hash32 requests_hash(const std::vector<std::vector<uint8_t>>& requests) {
  std::vector<uint8_t> digests;
  for (const std::vector<uint8_t>& request : requests) {
    if (request.size() <= 1) continue;
    const Hash32 digest = sha256(as_bytes(request));
    digests.insert(digests.end(), digest.b, digest.b + 32);
  }
  return sha256(as_bytes(digests));
}

}  // namespace zg::evm
