#include "evm/block/calls.hpp"

#include <algorithm>

#include "evm/block/header.hpp"

namespace zg::evm {

namespace {

constexpr uint64_t kGasCapMin = 50'000'000;
constexpr uint64_t kCallStipend = 2300;
constexpr uint64_t kTransferGas = 21000;
constexpr unsigned kAccessListRounds = 16;

using Clock = std::chrono::steady_clock;

// One simulation: a fresh overlay a run, since a run changes it.
class Simulation {
 public:
  explicit Simulation(const CallContext& context)
      : context_(context), deadline_(Clock::now() + std::chrono::milliseconds(context.deadline_ms)) {
    const Header& header = context.view.head->header;
    const BlockOverride& block = context.block;
    rules_ = context.config.rules_at(block.timestamp.value_or(header.timestamp));
    env_ = block_env(header, rules_);
    env_.number = block.number.value_or(env_.number);
    env_.timestamp = block.timestamp.value_or(env_.timestamp);
    env_.gas_limit = block.gas_limit.value_or(env_.gas_limit);
    env_.coinbase = block.coinbase.value_or(env_.coinbase);
    env_.base_fee = block.base_fee.value_or(env_.base_fee);
    env_.prev_randao = block.prev_randao.value_or(env_.prev_randao);
    env_.blob_base_fee = block.blob_base_fee.value_or(env_.blob_base_fee);
  }

  uint64_t gas_cap() const { return context_.gas_cap != 0 ? context_.gas_cap : std::max(env_.gas_limit, kGasCapMin); }
  const BlockEnv& env() const { return env_; }
  const Rules& rules() const { return rules_; }

  void prepare(BlockState& state) const {
    for (const StateOverride& o : context_.overrides) {
      if (o.nonce) state.set_nonce(o.address, *o.nonce);
      if (o.code) state.set_code(o.address, *o.code);
      if (o.balance) state.set_balance(o.address, *o.balance);
      if (o.replaces_storage) state.replace_storage(o.address);
      for (const auto& [slot, value] : o.slots) state.set_storage(o.address, slot, value);
    }
  }

  TxResult run(const CallRequest& request, uint64_t gas, Tracer* tracer = nullptr, bool collect = false) const {
    BlockState state(*context_.view.state);
    prepare(state);
    Transaction tx;
    tx.type = !request.authorizations.empty() ? TxType::set_code
              : !request.blob_hashes.empty()  ? TxType::blob
              : !request.access_list.empty()  ? TxType::access_list
                                              : TxType::legacy;
    if (request.max_priority_fee != request.max_fee && tx.type < TxType::dynamic_fee) tx.type = TxType::dynamic_fee;
    tx.chain_id = rules_.chain_id;
    tx.nonce = request.nonce.value_or(state.nonce(request.from));
    tx.max_fee = request.max_fee;
    tx.max_priority_fee = request.max_priority_fee;
    tx.gas_limit = gas;
    tx.to = request.to;
    tx.value = request.value;
    tx.data = request.data;
    tx.access_list = request.access_list;
    tx.max_fee_per_blob_gas = request.max_fee_per_blob_gas;
    tx.blob_hashes = request.blob_hashes;
    tx.authorizations = request.authorizations;
    tx.sender = request.from;
    TransactOptions options;
    options.check_nonce = false;
    options.check_sender_code = false;
    options.check_chain_id = false;
    options.check_block_gas = false;
    options.check_base_fee = options.check_balance = !tx.max_fee.is_zero();  // as geth: no fee given, none charged
    options.deadline = deadline_;
    options.collect_access_list = collect;
    return transact(state, env_, rules_, tx, options, tracer);
  }

 private:
  const CallContext& context_;
  const Clock::time_point deadline_;
  Rules rules_;
  BlockEnv env_;
};

bool works(const TxResult& result) { return result.error == TxError::none && result.success; }

std::string sentence(const TxResult& result) {
  return result.error_message.empty() ? tx_error_text(result.error) : result.error_message;
}

}  // namespace

TxResult call(const CallContext& context, const CallRequest& request, Tracer* tracer) {
  const Simulation simulation(context);
  return simulation.run(request, std::min(request.gas.value_or(simulation.gas_cap()), simulation.gas_cap()), tracer);
}

Estimate estimate_gas(const CallContext& context, const CallRequest& request) {
  const Simulation simulation(context);
  Estimate out;
  uint64_t high = simulation.gas_cap();
  {
    BlockState state(*context.view.state);
    simulation.prepare(state);
    if (!request.max_fee.is_zero()) {
      const U256 balance = state.balance(request.from);
      if (balance < request.value) {
        out.error = "insufficient funds for transfer";
        return out;
      }
      high = std::min(high, ((balance - request.value) / request.max_fee).saturated_u64());
    }
    // A plain transfer needs no search: its intrinsic gas, when it works at all.
    const bool plain = request.to && request.data.empty() && request.authorizations.empty() && request.access_list.empty() &&
                       request.blob_hashes.empty() && state.code_hash(*request.to) == state::kEmptyCodeHash;
    if (plain && high >= kTransferGas && works(simulation.run(request, kTransferGas))) {
      out.gas = kTransferGas;
      return out;
    }
  }
  TxResult first = simulation.run(request, high);
  if (!works(first)) {
    if (first.halt == Halt::deadline) out.error = "execution aborted (timeout)";
    else if (first.error == TxError::intrinsic_gas || first.error == TxError::floor_gas || first.halt == Halt::out_of_gas)
      out.error = "gas required exceeds allowance (" + std::to_string(high) + ")";
    else if (first.error != TxError::none) out.error = sentence(first);
    out.failed = std::move(first);
    return out;
  }
  // What was consumed before refunds cannot be undercut; with the 1/64 that a call holds back and a stipend it mostly
  // suffices (chain.md §3.2). Neither depends on the floor.
  uint64_t low = first.gas_max_used - 1;
  const uint64_t optimistic = (first.gas_max_used + kCallStipend) / 63 * 64 + (first.gas_max_used + kCallStipend) % 63 * 64 / 63;
  const auto fits = [&](uint64_t gas) { return works(simulation.run(request, gas)); };
  if (optimistic < high) fits(optimistic) ? high = optimistic : low = optimistic;
  while (low + 1 < high) {
    if (static_cast<double>(high - low) / static_cast<double>(high) < 0.015) break;
    uint64_t middle = low + (high - low) / 2;
    if (low != 0 && middle / 2 > low) middle = low * 2;
    fits(middle) ? high = middle : low = middle;
  }
  out.gas = high;
  return out;
}

AccessListResult create_access_list(const CallContext& context, const CallRequest& request) {
  const Simulation simulation(context);
  const uint64_t gas = std::min(request.gas.value_or(simulation.gas_cap()), simulation.gas_cap());
  AccessListResult out;
  CallRequest with_list = request;
  // Until the list stops growing: with it warm, other paths may open.
  for (unsigned round = 0; round < kAccessListRounds; ++round) {
    out.result = simulation.run(with_list, gas, nullptr, true);
    if (out.result.error != TxError::none) return out;
    out.list = std::move(out.result.access_list);
    const auto same = [](const AccessTuple& a, const AccessTuple& b) { return a.address == b.address && a.slots == b.slots; };
    if (std::equal(out.list.begin(), out.list.end(), with_list.access_list.begin(), with_list.access_list.end(), same)) break;
    with_list.access_list = out.list;
  }
  return out;
}

std::optional<Failure> replay_block(const View& parent, const ChainConfig& config, const RecordView& record, size_t last,
                                    const std::function<Tracer*(size_t index)>& before,
                                    const std::function<void(size_t index, const TxResult&)>& after, uint64_t deadline_ms) {
  const Header header = record.header();
  const Rules rules = config.rules_at(header.timestamp);
  const BlockEnv env = block_env(header, rules);
  std::vector<Transaction> transactions;
  for (size_t i = 0; i <= last && i < record.transaction_count(); ++i) transactions.push_back(record.transaction(i));
  std::vector<Transaction*> with_authorizations;
  for (Transaction& tx : transactions)
    if (!tx.authorizations.empty()) with_authorizations.push_back(&tx);
  std::vector<uint8_t> ok(with_authorizations.size());
  txpool::recover_senders(with_authorizations.data(), with_authorizations.size(), ok.data());

  BlockState state(*parent.state);
  apply_block_start(state, env, rules, header.parent_hash, header.parent_beacon_block_root);
  TransactOptions options;
  options.deadline = Clock::now() + std::chrono::milliseconds(deadline_ms);
  for (size_t i = 0; i < transactions.size(); ++i) {
    const TxResult result = transact(state, env, rules, transactions[i], options, before(i));
    if (result.halt == Halt::deadline) return Failure{Status::out_of_capacity, "execution timeout"};
    if (result.error != TxError::none)
      return Failure{Status::bad_encoding, "block " + std::to_string(record.number()) + " does not replay: " + sentence(result)};
    if (after) after(i, result);
  }
  return std::nullopt;
}

}  // namespace zg::evm
