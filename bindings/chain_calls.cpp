// Engine methods that execute without leaving a trace: calls, estimates, access lists.
#include "chain.hpp"

namespace zg::py {

namespace pyb = pybind11;
using evm::Engine;
using Release = pyb::gil_scoped_release;

namespace {

std::vector<evm::Authorization> parse_authorizations(const pyb::iterable& items) {
  // Authorities are recovered as those of a transaction are.
  evm::Transaction carrier;
  carrier.type = evm::TxType::set_code;
  for (const pyb::handle& item : items) {
    const pyb::dict fields = item.cast<pyb::dict>();
    evm::Authorization& a = carrier.authorizations.emplace_back();
    a.chain_id = to_u256(fields["chain_id"], "chain_id");
    a.address = to_fixed<20>(fields["address"], "address");
    a.nonce = to_u64(fields["nonce"], "nonce");
    const uint64_t parity = to_u64(fields["y_parity"], "y_parity");
    a.y_parity = static_cast<uint8_t>(parity > 255 ? 255 : parity);
    a.r = to_u256(fields["r"], "r");
    a.s = to_u256(fields["s"], "s");
  }
  evm::Transaction* const one[] = {&carrier};
  uint8_t ok = 0;
  txpool::recover_senders(one, 1, &ok);
  return std::move(carrier.authorizations);
}

std::vector<evm::AccessTuple> parse_access_list(const pyb::iterable& items) {
  std::vector<evm::AccessTuple> out;
  for (const pyb::handle& item : items) {
    const pyb::sequence pair = item.cast<pyb::sequence>();
    if (pair.size() != 2) raise(Status::bad_argument, "access_list: expected (address, slots) pairs");
    evm::AccessTuple& entry = out.emplace_back();
    entry.address = to_fixed<20>(pair[0], "access_list address");
    for (const pyb::handle& slot : pair[1].cast<pyb::iterable>()) entry.slots.push_back(to_u256(slot, "access_list slot").to_hash());
  }
  return out;
}

}  // namespace

evm::CallRequest parse_call(const pyb::dict& fields) {
  evm::CallRequest request;
  bool tip_given = false;
  for (const auto& [key, value] : fields) {
    const std::string name = key.cast<std::string>();
    if (value.is_none()) continue;
    if (name == "from") request.from = to_fixed<20>(value, "from");
    else if (name == "to") request.to = to_fixed<20>(value, "to");
    else if (name == "gas") request.gas = to_u64(value, "gas");
    else if (name == "gas_price") request.max_fee = request.max_priority_fee = to_u256(value, "gas_price"), tip_given = true;
    else if (name == "max_fee_per_gas") request.max_fee = to_u256(value, "max_fee_per_gas");
    else if (name == "max_priority_fee_per_gas") request.max_priority_fee = to_u256(value, "max_priority_fee_per_gas"), tip_given = true;
    else if (name == "max_fee_per_blob_gas") request.max_fee_per_blob_gas = to_u256(value, "max_fee_per_blob_gas");
    else if (name == "value") request.value = to_u256(value, "value");
    else if (name == "nonce") request.nonce = to_u64(value, "nonce");
    else if (name == "data") request.data = to_vector(value, "data");
    else if (name == "access_list") request.access_list = parse_access_list(value.cast<pyb::iterable>());
    else if (name == "authorization_list") request.authorizations = parse_authorizations(value.cast<pyb::iterable>());
    else if (name == "blob_hashes")
      for (const pyb::handle& hash : value.cast<pyb::iterable>()) request.blob_hashes.push_back(to_fixed<32>(hash, "blob_hashes"));
    else raise(Status::bad_argument, "call: unknown field " + name);
  }
  // A lone tip bounds nothing: geth takes the cap as zero then, and so no fee is charged.
  if (tip_given && request.max_priority_fee > request.max_fee && request.max_fee.is_zero()) request.max_priority_fee = {};
  return request;
}

namespace {

std::vector<evm::StateOverride> parse_overrides(const pyb::object& overrides) {
  std::vector<evm::StateOverride> out;
  if (overrides.is_none()) return out;
  for (const auto& [address, value] : overrides.cast<pyb::dict>()) {
    evm::StateOverride& entry = out.emplace_back();
    entry.address = to_fixed<20>(address, "override address");
    for (const auto& [key, part] : value.cast<pyb::dict>()) {
      const std::string name = key.cast<std::string>();
      if (part.is_none()) continue;
      if (name == "balance") entry.balance = to_u256(part, "override balance");
      else if (name == "nonce") entry.nonce = to_u64(part, "override nonce");
      else if (name == "code") entry.code = to_vector(part, "override code");
      else if (name == "state" || name == "state_diff") {
        entry.replaces_storage = entry.replaces_storage || name == "state";
        for (const auto& [slot, content] : part.cast<pyb::dict>())
          entry.slots.emplace_back(to_u256(slot, "override slot"), to_u256(content, "override value"));
      } else raise(Status::bad_argument, "override: unknown field " + name);
    }
  }
  return out;
}

evm::BlockOverride parse_block(const pyb::object& overrides) {
  evm::BlockOverride out;
  if (overrides.is_none()) return out;
  for (const auto& [key, value] : overrides.cast<pyb::dict>()) {
    const std::string name = key.cast<std::string>();
    if (value.is_none()) continue;
    if (name == "number") out.number = to_u64(value, "number");
    else if (name == "timestamp") out.timestamp = to_u64(value, "timestamp");
    else if (name == "gas_limit") out.gas_limit = to_u64(value, "gas_limit");
    else if (name == "coinbase") out.coinbase = to_fixed<20>(value, "coinbase");
    else if (name == "base_fee") out.base_fee = to_u256(value, "base_fee");
    else if (name == "blob_base_fee") out.blob_base_fee = to_u256(value, "blob_base_fee");
    else if (name == "prev_randao") out.prev_randao = U256::from_be(to_fixed<32>(value, "prev_randao").b);
    else raise(Status::bad_argument, "block override: unknown field " + name);
  }
  return out;
}

}  // namespace

evm::CallContext call_context(const Engine& engine, std::optional<uint64_t> number, const pyb::object& overrides,
                            const pyb::object& block_overrides, uint64_t deadline_ms, uint64_t gas_cap) {
  evm::CallContext context;
  context.view = view_at(engine, number);
  context.config = engine.config();
  context.overrides = parse_overrides(overrides);
  context.block = parse_block(block_overrides);
  context.deadline_ms = deadline_ms;
  context.gas_cap = gas_cap;
  return context;
}

namespace {

std::string error_of(const evm::TxResult& result) {
  if (result.error != evm::TxError::none) return result.error_message.empty() ? evm::tx_error_text(result.error) : result.error_message;
  if (result.success) return {};
  if (result.halt == evm::Halt::deadline) return "execution aborted (timeout)";
  return result.halt_message.empty() ? evm::halt_text(result.halt) : result.halt_message;
}

pyb::dict answer_of(const evm::TxResult& result) {
  pyb::dict out;
  out["success"] = result.error == evm::TxError::none && result.success;
  out["reverted"] = result.error == evm::TxError::none && result.halt == evm::Halt::revert;
  out["gas_used"] = result.gas_used;
  out["gas_max_used"] = result.gas_max_used;
  out["output"] = to_bytes(as_bytes(result.output));
  out["error"] = error_of(result);
  pyb::list logs;
  for (const evm::Log& log : result.logs) {
    pyb::list topics;
    for (const Hash32& topic : log.topics) topics.append(from_fixed(topic));
    logs.append(pyb::make_tuple(from_fixed(log.address), topics, to_bytes(as_bytes(log.data))));
  }
  out["logs"] = logs;
  return out;
}

void check_time(const evm::TxResult& result) {
  if (result.halt == evm::Halt::deadline) raise_named("TimedOut", "execution aborted (timeout)");
}

#define ZG_CALL_ARGS                                                                                                              \
  pyb::arg("request"), pyb::arg("number") = pyb::none(), pyb::kw_only(), pyb::arg("overrides") = pyb::none(),                     \
      pyb::arg("block_overrides") = pyb::none(), pyb::arg("deadline_ms") = 5000, pyb::arg("gas_cap") = 0

}  // namespace

void bind_chain_calls(EngineClass& c) {
  c.def("call",
        [](const Engine& e, const pyb::dict& request, std::optional<uint64_t> number, const pyb::object& overrides,
           const pyb::object& block_overrides, uint64_t deadline_ms, uint64_t gas_cap) {
          const evm::CallContext context = call_context(e, number, overrides, block_overrides, deadline_ms, gas_cap);
          const evm::CallRequest parsed = parse_call(request);
          const evm::TxResult result = [&] {
            const Release release;
            return evm::call(context, parsed);
          }();
          check_time(result);
          return answer_of(result);
        },
        ZG_CALL_ARGS,
        R"(eth_call: execute on the state after a block (the head by default) and forget.

Args:
    request: from, to, gas, gas_price | max_fee_per_gas, max_priority_fee_per_gas, value, data, nonce, access_list
        [(address, [slot])], authorization_list, blob_hashes, max_fee_per_blob_gas. Fees that are not given are not charged.
    overrides: {address: {balance, nonce, code, state | state_diff {slot: value}}}.
    block_overrides: number, timestamp, gas_limit, coinbase, base_fee, blob_base_fee, prev_randao.
    deadline_ms: bound on execution time.
    gas_cap: highest gas of a call; 0 is the block's limit, at least 50 million.

Returns:
    success, reverted, gas_used (floored), gas_max_used, output (revert data when reverted), error (geth's text), logs
    [(address, topics, data)].

Raises:
    NotFound: the height is not kept. TimedOut: the deadline passed.)");
  c.def("estimate_gas",
        [](const Engine& e, const pyb::dict& request, std::optional<uint64_t> number, const pyb::object& overrides,
           const pyb::object& block_overrides, uint64_t deadline_ms, uint64_t gas_cap) -> pyb::object {
          const evm::CallContext context = call_context(e, number, overrides, block_overrides, deadline_ms, gas_cap);
          const evm::CallRequest parsed = parse_call(request);
          const evm::Estimate estimate = [&] {
            const Release release;
            return evm::estimate_gas(context, parsed);
          }();
          if (estimate.gas != 0) return pyb::int_(estimate.gas);
          check_time(estimate.failed);
          pyb::dict out = answer_of(estimate.failed);
          out["success"] = false;
          if (!estimate.error.empty()) out["error"] = estimate.error;
          return out;
        },
        ZG_CALL_ARGS,
        R"(eth_estimateGas: the least gas limit that works, to within 1.5 %; immune to 0G's gas floor and to the request's `gas`
(chain.md §3.2).

Returns:
    The limit, or, when no limit works, what call() answers for the attempt.

Raises:
    NotFound: the height is not kept. TimedOut: the deadline passed.)");
  c.def("create_access_list",
        [](const Engine& e, const pyb::dict& request, std::optional<uint64_t> number, const pyb::object& overrides,
           const pyb::object& block_overrides, uint64_t deadline_ms, uint64_t gas_cap) {
          const evm::CallContext context = call_context(e, number, overrides, block_overrides, deadline_ms, gas_cap);
          const evm::CallRequest parsed = parse_call(request);
          const evm::AccessListResult result = [&] {
            const Release release;
            return evm::create_access_list(context, parsed);
          }();
          check_time(result.result);
          pyb::list list;
          for (const evm::AccessTuple& tuple : result.list) {
            pyb::list slots;
            for (const Hash32& slot : tuple.slots) slots.append(from_fixed(slot));
            list.append(pyb::make_tuple(from_fixed(tuple.address), slots));
          }
          return pyb::make_tuple(list, result.result.gas_used, error_of(result.result));
        },
        ZG_CALL_ARGS, "eth_createAccessList: ([(address, [slot of 32 bytes])], gas used with that list, error text or \"\").");
}

}  // namespace zg::py
