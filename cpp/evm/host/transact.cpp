#include "evm/host/transact.hpp"

#include <algorithm>
#include <cstring>

#include "evm/host/delegation.hpp"
#include "evm/interpreter/machine.hpp"
#include "evm/precompiles/api.hpp"
#include "evm/zerog_rules/api.hpp"
#include "hash/keccak256/api.hpp"

namespace zg::evm {

namespace {

constexpr uint64_t kGasTransaction = 21'000;
constexpr uint64_t kGasCreation = 32'000;
constexpr uint64_t kGasPerToken = 4;
constexpr uint64_t kGasFloorPerToken = 10;
constexpr uint64_t kGasAccessAddress = 2'400;
constexpr uint64_t kGasAccessSlot = 1'900;
constexpr uint64_t kGasAuthorization = 25'000;
constexpr int64_t kRefundAuthorization = 12'500;
constexpr uint64_t kGasPerBlob = 131'072;
constexpr uint64_t kGasLimitMax = INT64_MAX;

// Product and sum that know when 256 bits do not hold them.
bool multiply_exact(const U256& a, const U256& b, U256& out) {
  uint64_t wide[8];
  mul_full(a, b, wide);
  out = {wide[0], wide[1], wide[2], wide[3]};
  return (wide[4] | wide[5] | wide[6] | wide[7]) == 0;
}

// The most that the transaction can take from its sender; false when 256 bits do not hold it.
bool upfront_cost(const Transaction& tx, U256& out) {
  U256 part;
  if (!multiply_exact(U256(tx.gas_limit), tx.max_fee, out)) return false;
  if (tx.type == TxType::blob) {
    if (!multiply_exact(U256(kGasPerBlob * tx.blob_hashes.size()), tx.max_fee_per_blob_gas, part)) return false;
    if (add_carry(out, part, out)) return false;
  }
  return !add_carry(out, tx.value, out);
}

// EIP-55, as geth prints addresses in errors.
std::string checksummed(const Address& address) {
  std::string text = to_hex(as_bytes(address));
  const Hash32 hash = keccak256::hash(as_bytes(text));
  for (size_t i = 0; i < text.size(); ++i) {
    const unsigned nibble = hash.b[i / 2] >> (i % 2 == 0 ? 4 : 0) & 0xf;
    if (nibble >= 8 && text[i] >= 'a') text[i] = static_cast<char>(text[i] - 'a' + 'A');
  }
  return "0x" + text;
}

bool is_static_error(TxError error) {
  switch (error) {
    case TxError::type_not_supported:
    case TxError::chain_id_mismatch: return true;
    default: return false;
  }
}

struct Refusal {
  TxError error = TxError::none;
  std::string detail;  // behind tx_error_text
};

// geth's order of checks, so that a transaction with several faults is refused with the same sentence.
Refusal validate(BlockState& state, const BlockEnv& env, const Rules& rules, const Transaction& tx, const TransactOptions& options, bool free_call,
                 const IntrinsicGas& intrinsic) {
  const TxError shape = check_static(tx, rules);
  if (is_static_error(shape) && (shape != TxError::chain_id_mismatch || options.check_chain_id)) {
    if (shape == TxError::chain_id_mismatch)
      return {shape, ": have " + std::to_string(*tx.chain_id) + " want " + std::to_string(rules.chain_id)};
    return {shape, ""};
  }
  AccountEntry& sender = state.entry(tx.sender);
  const auto who = [&tx] { return ": address " + checksummed(tx.sender); };
  if (options.check_nonce) {
    const uint64_t nonce = sender.now.nonce;
    const auto both = [&] { return who() + ", tx: " + std::to_string(tx.nonce) + " state: " + std::to_string(nonce); };
    if (nonce < tx.nonce) return {TxError::nonce_too_high, both()};
    if (nonce > tx.nonce) return {TxError::nonce_too_low, both()};
    if (nonce == UINT64_MAX) return {TxError::nonce_max, who() + ", nonce: " + std::to_string(nonce)};
  }
  if (options.check_sender_code && sender.now.has_code() && !delegation_of(state, rules, sender))
    return {TxError::sender_not_eoa, who() + ", len(code): " + std::to_string(state.code_of(sender)->size())};
  if (!free_call) {
    if (tx.max_fee < tx.max_priority_fee)
      return {TxError::tip_above_fee_cap,
              who() + ", maxPriorityFeePerGas: " + to_decimal(tx.max_priority_fee) + ", maxFeePerGas: " + to_decimal(tx.max_fee)};
    if (options.check_base_fee && tx.max_fee < env.base_fee)
      return {TxError::fee_cap_below_base_fee, who() + ", maxFeePerGas: " + to_decimal(tx.max_fee) + ", baseFee: " + to_decimal(env.base_fee)};
  }
  const uint64_t blob_gas = kGasPerBlob * tx.blob_hashes.size();
  if (tx.type == TxType::blob) {
    if (!tx.to) return {TxError::blob_create, ""};
    if (tx.blob_hashes.empty()) return {TxError::blob_missing, ""};
    const uint64_t most = blob_schedule(rules.fork).max_gas;
    if (blob_gas > most)
      return {TxError::blob_too_many, ": have " + std::to_string(tx.blob_hashes.size()) + ", want at most " + std::to_string(most / kGasPerBlob)};
    if (shape == TxError::blob_version) return {TxError::blob_version, ""};
    if (options.check_base_fee || !tx.max_fee_per_blob_gas.is_zero()) {
      if (tx.max_fee_per_blob_gas < env.blob_base_fee)
        return {TxError::blob_fee_cap_too_low,
                who() + " blobGasFeeCap: " + to_decimal(tx.max_fee_per_blob_gas) + ", blobBaseFee: " + to_decimal(env.blob_base_fee)};
    }
    if (blob_gas > std::min(options.blob_gas_left, most)) return {TxError::blob_gas_exceeds_block, ""};
  }
  if (tx.type == TxType::set_code) {
    if (!tx.to) return {TxError::set_code_create, " (sender " + checksummed(tx.sender) + ")"};
    if (tx.authorizations.empty()) return {TxError::set_code_empty, " (sender " + checksummed(tx.sender) + ")"};
  }
  if (options.check_balance) {
    U256 cost;
    const bool fits = upfront_cost(tx, cost);
    if (!fits || sender.now.balance < cost)
      return {TxError::insufficient_funds,
              who() + " have " + to_decimal(sender.now.balance) + " want " + (fits ? to_decimal(cost) : std::string("more than 2^256 - 1"))};
  } else if (sender.now.balance < tx.value) {
    return {TxError::insufficient_funds, who() + " have " + to_decimal(sender.now.balance) + " want " + to_decimal(tx.value)};
  }
  const uint64_t gas_most = std::min(kGasLimitMax, options.check_block_gas ? std::min(env.gas_limit, options.block_gas_left) : kGasLimitMax);
  if (tx.gas_limit > gas_most)
    return {TxError::gas_limit_exceeds_block, ": have " + std::to_string(tx.gas_limit) + ", left " + std::to_string(gas_most)};
  if (tx.gas_limit < intrinsic.gas)
    return {TxError::intrinsic_gas, ": have " + std::to_string(tx.gas_limit) + ", want " + std::to_string(intrinsic.gas)};
  if (tx.gas_limit < intrinsic.floor)
    return {TxError::floor_gas, ": have " + std::to_string(tx.gas_limit) + ", want " + std::to_string(intrinsic.floor)};
  if (!tx.to && tx.data.size() > kInitCodeSizeMax)
    return {TxError::initcode_too_large, ": code size " + std::to_string(tx.data.size()) + " limit " + std::to_string(kInitCodeSizeMax)};
  return {};
}

// EIP-7702: sets the delegations of all valid authorizations; they stay whatever becomes of the transaction.
void apply_authorizations(BlockState& state, const Rules& rules, const std::vector<Authorization>& authorizations) {
  for (const Authorization& entry : authorizations) {
    if (!entry.chain_id.is_zero() && entry.chain_id != U256(rules.chain_id)) continue;
    if (entry.nonce == UINT64_MAX || !entry.authority) continue;
    AccountEntry& authority = state.entry(*entry.authority);
    state.warm(authority);
    if (authority.now.has_code() && !delegation_of(state, rules, authority)) continue;
    if (authority.now.nonce != entry.nonce) continue;
    if (!authority.is_empty()) state.add_refund(kRefundAuthorization);
    if (entry.address == Address{}) {
      state.write_code(authority, nullptr, state::kEmptyCodeHash);
    } else {
      auto code = std::make_shared<state::Code>(kDelegationSize);
      (*code)[0] = 0xef;
      (*code)[1] = 0x01;
      std::memcpy(code->data() + 3, entry.address.b, 20);
      const Hash32 hash = keccak256::hash(as_bytes(*code));
      state.write_code(authority, std::move(code), hash);
    }
    state.write_nonce(authority, authority.now.nonce + 1);
  }
}

bool is_any_precompile(const Address& address, const Rules& rules) {
  return precompiles::is_precompile(address, rules) || (rules.zerog_precompiles && zerog_rules::is_stateful(address, rules));
}

std::vector<AccessTuple> access_list_of(const BlockState& state, const Rules& rules, const std::vector<const Address*>& excluded) {
  std::vector<AccessTuple> list;
  const auto tuple = [&list](const Address& address) -> AccessTuple& {
    for (AccessTuple& t : list)
      if (t.address == address) return t;
    list.push_back({address, {}});
    return list.back();
  };
  for (const AccountEntry* account : state.warmed_accounts()) {
    const bool out = std::any_of(excluded.begin(), excluded.end(), [account](const Address* a) { return *a == account->address; });
    if (!out && !is_any_precompile(account->address, rules)) tuple(account->address);
  }
  for (const SlotEntry* slot : state.warmed_slots()) {
    std::vector<Hash32>& slots = tuple(slot->account->address).slots;
    const Hash32 key = slot->key.to_hash();
    if (std::find(slots.begin(), slots.end(), key) == slots.end()) slots.push_back(key);
  }
  return list;
}

}  // namespace

const char* tx_error_text(TxError error) {
  switch (error) {
    case TxError::none: return "";
    case TxError::nonce_too_low: return "nonce too low";
    case TxError::nonce_too_high: return "nonce too high";
    case TxError::nonce_max: return "nonce has max value";
    case TxError::insufficient_funds: return "insufficient funds for gas * price + value";
    case TxError::intrinsic_gas: return "intrinsic gas too low";
    case TxError::floor_gas: return "insufficient gas for floor data gas cost";
    case TxError::fee_cap_below_base_fee: return "max fee per gas less than block base fee";
    case TxError::tip_above_fee_cap: return "max priority fee per gas higher than max fee per gas";
    case TxError::gas_limit_exceeds_block: return "exceeds block gas limit";
    case TxError::sender_not_eoa: return "sender not an eoa";
    case TxError::initcode_too_large: return "max initcode size exceeded";
    case TxError::chain_id_mismatch: return "invalid chain id for signer";
    case TxError::type_not_supported: return "transaction type not supported";
    case TxError::blob_create: return "blob transaction of type create";
    case TxError::blob_missing: return "blob transaction missing blob hashes";
    case TxError::blob_too_many: return "blob transaction has too many blobs";
    case TxError::blob_version: return "blob has invalid hash version";
    case TxError::blob_fee_cap_too_low: return "max fee per blob gas less than block blob gas fee";
    case TxError::blob_gas_exceeds_block: return "blob gas limit reached";
    case TxError::set_code_create: return "EIP-7702 transaction cannot be used to create contract";
    case TxError::set_code_empty: return "EIP-7702 transaction with empty auth list";
  }
  return "";
}

IntrinsicGas intrinsic_gas(const Transaction& tx, const Rules& rules) {
  const uint64_t zeros = static_cast<uint64_t>(std::count(tx.data.begin(), tx.data.end(), uint8_t{0}));
  const uint64_t tokens = zeros + (tx.data.size() - zeros) * 4;
  IntrinsicGas out;
  out.gas = kGasTransaction + tokens * kGasPerToken;
  if (!tx.to) out.gas += kGasCreation + 2 * ((tx.data.size() + 31) / 32);
  for (const AccessTuple& tuple : tx.access_list) out.gas += kGasAccessAddress + kGasAccessSlot * tuple.slots.size();
  out.gas += kGasAuthorization * tx.authorizations.size();
  if (rules.fork >= Fork::prague) out.floor = kGasTransaction + tokens * kGasFloorPerToken;
  return out;
}

TxError check_static(const Transaction& tx, const Rules& rules) {
  if (tx.type > TxType::set_code || (tx.type == TxType::set_code && rules.fork < Fork::prague)) return TxError::type_not_supported;
  if (tx.chain_id && *tx.chain_id != rules.chain_id) return TxError::chain_id_mismatch;
  if (tx.max_fee < tx.max_priority_fee) return TxError::tip_above_fee_cap;
  if (!tx.to && tx.data.size() > kInitCodeSizeMax) return TxError::initcode_too_large;
  if (tx.type == TxType::blob) {
    if (!tx.to) return TxError::blob_create;
    if (tx.blob_hashes.empty()) return TxError::blob_missing;
    if (kGasPerBlob * tx.blob_hashes.size() > blob_schedule(rules.fork).max_gas) return TxError::blob_too_many;
    for (const Hash32& hash : tx.blob_hashes)
      if (hash.b[0] != 0x01) return TxError::blob_version;
  }
  if (tx.type == TxType::set_code) {
    if (!tx.to) return TxError::set_code_create;
    if (tx.authorizations.empty()) return TxError::set_code_empty;
  }
  const IntrinsicGas intrinsic = intrinsic_gas(tx, rules);
  if (tx.gas_limit < intrinsic.gas) return TxError::intrinsic_gas;
  if (tx.gas_limit < intrinsic.floor) return TxError::floor_gas;
  return TxError::none;
}

uint64_t gas_floor(uint64_t gas_limit, unsigned percent) { return gas_limit / 100 * percent + gas_limit % 100 * percent / 100; }

U256 effective_gas_price(const Transaction& tx, const U256& base_fee) {
  U256 wanted;
  if (add_carry(base_fee, tx.max_priority_fee, wanted)) return tx.max_fee;
  return wanted < tx.max_fee ? wanted : tx.max_fee;
}

BlobSchedule blob_schedule(Fork fork) {
  return fork >= Fork::prague ? BlobSchedule{6 * kGasPerBlob, 9 * kGasPerBlob, 5'007'716} : BlobSchedule{3 * kGasPerBlob, 6 * kGasPerBlob, 3'338'477};
}

U256 blob_base_fee(uint64_t excess_blob_gas, Fork fork) {
  // fake_exponential of EIP-4844: the sum of factor * excess^i / (i! * fraction^i), in integers.
  const U256 fraction(blob_schedule(fork).update_fraction), excess(excess_blob_gas);
  U256 sum, term = fraction;
  for (uint64_t i = 1; !term.is_zero(); ++i) {
    sum += term;
    term = term * excess / (fraction * U256(i));
    if (sum.bit_count() > 240 || term.bit_count() > 180) return U256::max();  // no such block exists; keeps the product exact
  }
  return sum / fraction;
}

uint64_t next_excess_blob_gas(uint64_t parent_excess, uint64_t parent_used, Fork fork) {
  const uint64_t target = blob_schedule(fork).target_gas;
  const uint64_t sum = parent_excess + parent_used;
  return sum < parent_excess || sum > target ? sum - target : 0;
}

TxResult transact(BlockState& state, const BlockEnv& env, const Rules& rules, const Transaction& tx, const TransactOptions& options, Tracer* tracer) {
  TxResult result;
  const bool free_call = !options.check_base_fee && tx.max_fee.is_zero() && tx.max_priority_fee.is_zero();
  const IntrinsicGas intrinsic = intrinsic_gas(tx, rules);
  state.begin_transaction();
  if (Refusal refusal = validate(state, env, rules, tx, options, free_call, intrinsic); refusal.error != TxError::none) {
    result.error = refusal.error;
    result.error_message = tx_error_text(refusal.error) + refusal.detail;
    return result;
  }
  if (tracer != nullptr) tracer->transaction_start(state, env, tx);

  TransactionContext context;
  context.origin = tx.sender;
  context.gas_price = effective_gas_price(tx, env.base_fee);
  if (free_call) context.gas_price = U256();
  context.base_fee = free_call ? U256() : env.base_fee;
  context.blob_hashes = &tx.blob_hashes;
  result.effective_gas_price = context.gas_price;
  result.blob_gas_used = kGasPerBlob * tx.blob_hashes.size();

  AccountEntry& sender = state.entry(tx.sender);
  AccountEntry& coinbase = state.entry(env.coinbase);
  if (options.check_balance) {
    U256 fee = U256(tx.gas_limit) * context.gas_price;
    if (tx.type == TxType::blob) fee += U256(result.blob_gas_used) * env.blob_base_fee;
    state.write_balance(sender, sender.now.balance - fee);
  }
  const uint64_t nonce = sender.now.nonce;
  state.write_nonce(sender, nonce + 1);

  state.warm(sender);
  state.warm(coinbase);
  state.keep_warmed(options.collect_access_list);
  for (const AccessTuple& tuple : tx.access_list) {
    AccountEntry& account = state.entry(tuple.address);
    state.warm(account);
    for (const Hash32& slot : tuple.slots) state.warm(state.slot_entry(account, U256::from_be(slot.b)));
  }
  if (!tx.authorizations.empty()) apply_authorizations(state, rules, tx.authorizations);

  CallRequest request;
  request.caller = tx.sender;
  request.value = tx.value;
  request.input = as_bytes(tx.data);
  request.gas = static_cast<int64_t>(tx.gas_limit - intrinsic.gas);
  const Address target_address = tx.to ? *tx.to : create_address(tx.sender, nonce);
  AccountEntry& target = state.entry(target_address);
  request.target = request.self = request.code = &target;
  if (!tx.to) {
    request.kind = CallKind::create;
    request.code = nullptr;
    result.created = target_address;
  } else {
    state.warm(target);
    if (const std::optional<Address> to = delegation_of(state, rules, target)) {
      request.code = &state.entry(*to);
      request.delegated = true;
      state.warm(*request.code);
    }
  }

  uint64_t gas_left = 0;
  if (tx.to && tracer == nullptr && !target.now.has_code() && !is_any_precompile(target_address, rules)) {
    // A plain transfer needs no machine.
    if (!tx.value.is_zero()) {
      state.write_balance(sender, sender.now.balance - tx.value);
      state.write_balance(target, target.now.balance + tx.value);
    } else if (target.base_exists && target.is_empty()) {
      state.touch(target);
    }
    result.success = true;
    gas_left = static_cast<uint64_t>(request.gas);
  } else {
    Machine machine(state, env, rules, context, tracer, options.deadline);
    const Machine::Result run = machine.run(request);
    result.halt = run.halt;
    result.success = run.halt == Halt::none;
    result.halt_message = run.error;
    result.output.assign(run.output.data, run.output.data + run.output.size);
    gas_left = static_cast<uint64_t>(run.gas_left);
  }

  const uint64_t gas_spent = tx.gas_limit - gas_left;
  result.gas_max_used = gas_spent;
  // A failed transaction keeps the refunds of its authorizations only, which the frames' snapshots see to.
  uint64_t refund = std::min<uint64_t>(gas_spent / 5, static_cast<uint64_t>(std::max<int64_t>(state.refund(), 0)));
  uint64_t gas_used = gas_spent - refund;
  if (rules.gas_floor_percent != 0) {
    const uint64_t least = gas_floor(tx.gas_limit, rules.gas_floor_percent);
    if (gas_used < least) {
      gas_used = least;
      refund = 0;
    }
  }
  gas_used = std::max(gas_used, intrinsic.floor);
  result.gas_used = gas_used;
  result.gas_refunded = refund;

  if (options.check_balance) {
    state.write_balance(sender, sender.now.balance + U256(tx.gas_limit - gas_used) * context.gas_price);
    if (options.commit_fees) {
      const U256 tip = context.gas_price < env.base_fee ? U256() : context.gas_price - env.base_fee;
      const U256 fee = tip * U256(gas_used);
      if (!fee.is_zero())
        state.write_balance(coinbase, coinbase.now.balance + fee);
      else if (coinbase.base_exists && coinbase.is_empty())
        state.touch(coinbase);
    }
  }
  if (options.collect_access_list) {
    result.access_list = access_list_of(state, rules, {&tx.sender, &target_address, &env.coinbase});
    state.keep_warmed(false);
  }
  result.logs = state.take_logs();
  state.end_transaction();
  if (tracer != nullptr) tracer->transaction_end(gas_used);
  return result;
}

CallOutcome system_call(BlockState& state, const BlockEnv& env, const Rules& rules, const Address& caller, const Address& target_address, Bytes input,
                        uint64_t gas) {
  CallOutcome outcome;
  AccountEntry& target = state.entry(target_address);
  if (!target.now.has_code()) {
    outcome.success = true;
    return outcome;
  }
  state.begin_transaction();
  TransactionContext context;
  context.origin = caller;
  context.gas_price = env.base_fee;
  context.base_fee = env.base_fee;
  CallRequest request;
  request.target = request.self = request.code = &target;
  request.caller = caller;
  request.input = input;
  request.gas = static_cast<int64_t>(gas);
  Machine machine(state, env, rules, context, nullptr, std::nullopt);
  const Machine::Result run = machine.run(request);
  outcome.halt = run.halt;
  outcome.success = run.halt == Halt::none;
  outcome.gas_used = gas - static_cast<uint64_t>(run.gas_left);
  outcome.output.assign(run.output.data, run.output.data + run.output.size);
  outcome.logs = state.take_logs();
  state.end_transaction();
  return outcome;
}

}  // namespace zg::evm
