// Execution without a chain, for tests, tools and benchmarks: a world from a dict, transactions one by one or in bulk.
#include <pybind11/stl.h>

#include <algorithm>
#include <chrono>

#include "bind.hpp"
#include "buffers.hpp"
#include "evm/host/system.hpp"
#include "evm/host/tracers.hpp"
#include "evm/host/transact.hpp"
#include "hash/keccak256/api.hpp"
#include "state/accounts/world.hpp"
#include "txpool/decode.hpp"

namespace zg::py {

namespace pyb = pybind11;
using namespace zg::evm;

namespace {

U256 word_from(const pyb::handle& value, const char* name) {
  try {
    const pyb::bytes raw = pyb::int_(pyb::reinterpret_borrow<pyb::object>(value)).attr("to_bytes")(32, "big");
    return U256::from_be(reinterpret_cast<const uint8_t*>(std::string_view(raw).data()));
  } catch (pyb::error_already_set& error) {
    if (!error.matches(PyExc_OverflowError)) throw;
    raise(Status::bad_argument, std::string(name) + ": expected an integer in [0, 2^256)");
  }
}
pyb::object int_from(const U256& value) {
  if (value.fits_u64()) return pyb::int_(value.w[0]);
  const Hash32 bytes = value.to_hash();
  return pyb::module_::import("builtins").attr("int").attr("from_bytes")(to_bytes(as_bytes(bytes)), "big");
}
uint64_t u64_from(const pyb::handle& value, const char* name) {
  const U256 word = word_from(value, name);
  if (!word.fits_u64()) raise(Status::bad_argument, std::string(name) + ": expected an integer below 2^64");
  return word.w[0];
}
template <size_t N>
Fixed<N> fixed_of(const pyb::handle& value, const char* name) {
  const ReadView view(value, name);
  if (view.size() != N) raise(Status::bad_argument, std::string(name) + ": expected " + std::to_string(N) + " bytes, found " + std::to_string(view.size()));
  return fixed_from<N>(view.data());
}
std::vector<uint8_t> vector_of(const pyb::handle& value, const char* name) {
  const ReadView view(value, name);
  return {view.data(), view.data() + view.size()};
}
pyb::object get(const pyb::dict& from, const char* key) { return from.contains(key) ? pyb::object(from[key]) : pyb::object(pyb::none()); }

Fork fork_of(const std::string& name) {
  if (name == "cancun") return Fork::cancun;
  if (name == "prague") return Fork::prague;
  raise(Status::bad_argument, "fork: expected 'cancun' or 'prague', found '" + name + "'");
}

struct Environment {
  BlockEnv block;
  std::vector<std::pair<uint64_t, Hash32>> hashes;
};
Environment environment_of(const pyb::dict& env, const Rules& rules) {
  Environment out;
  if (auto v = get(env, "number"); !v.is_none()) out.block.number = u64_from(v, "number");
  if (auto v = get(env, "timestamp"); !v.is_none()) out.block.timestamp = u64_from(v, "timestamp");
  out.block.gas_limit = 120'000'000;
  if (auto v = get(env, "gas_limit"); !v.is_none()) out.block.gas_limit = u64_from(v, "gas_limit");
  if (auto v = get(env, "coinbase"); !v.is_none()) out.block.coinbase = fixed_of<20>(v, "coinbase");
  if (auto v = get(env, "base_fee"); !v.is_none()) out.block.base_fee = word_from(v, "base_fee");
  if (auto v = get(env, "prev_randao"); !v.is_none()) out.block.prev_randao = word_from(v, "prev_randao");
  if (auto v = get(env, "excess_blob_gas"); !v.is_none()) out.block.excess_blob_gas = u64_from(v, "excess_blob_gas");
  out.block.blob_base_fee = blob_base_fee(out.block.excess_blob_gas, rules.fork);
  if (auto v = get(env, "block_hashes"); !v.is_none())
    for (const auto& [number, hash] : pyb::dict(v)) out.hashes.emplace_back(u64_from(number, "block_hashes"), fixed_of<32>(hash, "block_hashes"));
  return out;
}

Transaction transaction_of(const pyb::dict& d) {
  Transaction tx;
  if (auto v = get(d, "type"); !v.is_none()) {
    const uint64_t type = u64_from(v, "type");
    if (type > 4) raise(Status::bad_argument, "type: expected 0 to 4");
    tx.type = static_cast<TxType>(type);
  }
  if (auto v = get(d, "chain_id"); !v.is_none()) tx.chain_id = u64_from(v, "chain_id");
  if (auto v = get(d, "nonce"); !v.is_none()) tx.nonce = u64_from(v, "nonce");
  if (auto v = get(d, "max_fee"); !v.is_none()) tx.max_fee = word_from(v, "max_fee");
  tx.max_priority_fee = tx.max_fee;
  if (auto v = get(d, "max_priority_fee"); !v.is_none()) tx.max_priority_fee = word_from(v, "max_priority_fee");
  if (auto v = get(d, "gas_limit"); !v.is_none()) tx.gas_limit = u64_from(v, "gas_limit");
  if (auto v = get(d, "to"); !v.is_none()) tx.to = fixed_of<20>(v, "to");
  if (auto v = get(d, "value"); !v.is_none()) tx.value = word_from(v, "value");
  if (auto v = get(d, "data"); !v.is_none()) tx.data = vector_of(v, "data");
  if (auto v = get(d, "access_list"); !v.is_none())
    for (const auto& item : v) {
      const pyb::tuple pair = pyb::tuple(pyb::reinterpret_borrow<pyb::object>(item));
      AccessTuple tuple{fixed_of<20>(pair[0], "access_list"), {}};
      for (const auto& slot : pyb::object(pair[1])) tuple.slots.push_back(fixed_of<32>(slot, "access_list"));
      tx.access_list.push_back(std::move(tuple));
    }
  if (auto v = get(d, "max_fee_per_blob_gas"); !v.is_none()) tx.max_fee_per_blob_gas = word_from(v, "max_fee_per_blob_gas");
  if (auto v = get(d, "blob_hashes"); !v.is_none())
    for (const auto& hash : v) tx.blob_hashes.push_back(fixed_of<32>(hash, "blob_hashes"));
  if (auto v = get(d, "authorizations"); !v.is_none())
    for (const auto& item : v) {
      const pyb::dict entry = pyb::dict(pyb::reinterpret_borrow<pyb::object>(item));
      Authorization authorization;
      authorization.chain_id = word_from(entry["chain_id"], "authorizations");
      authorization.address = fixed_of<20>(entry["address"], "authorizations");
      authorization.nonce = u64_from(entry["nonce"], "authorizations");
      if (auto authority = get(entry, "authority"); !authority.is_none()) authorization.authority = fixed_of<20>(authority, "authorizations");
      tx.authorizations.push_back(std::move(authorization));
    }
  tx.sender = fixed_of<20>(d["sender"], "sender");
  return tx;
}

Transaction any_transaction(const pyb::handle& given) {
  if (pyb::isinstance<pyb::dict>(given)) return transaction_of(pyb::reinterpret_borrow<pyb::dict>(given));
  const ReadView raw(given, "transaction");
  Transaction tx = unwrap(txpool::decode_transaction(raw.bytes()));
  Transaction* one = &tx;
  uint8_t ok = 0;
  {
    const pyb::gil_scoped_release release;
    txpool::recover_senders(&one, 1, &ok);
  }
  if (ok == 0) raise(Status::bad_encoding, "transaction: invalid sender");
  return tx;
}

TracerConfig tracer_config_of(const pyb::dict& d) {
  const auto flag = [&d](const char* key) { return d.contains(key) && pyb::cast<bool>(d[key]); };
  TracerConfig config;
  config.only_top_call = flag("onlyTopCall");
  config.with_log = flag("withLog");
  config.diff_mode = flag("diffMode");
  config.disable_code = flag("disableCode");
  config.disable_storage = flag("disableStorage");
  config.include_empty = flag("includeEmpty");
  config.disable_stack = flag("disableStack");
  config.enable_memory = flag("enableMemory");
  config.enable_return_data = flag("enableReturnData");
  if (auto v = get(d, "limit"); !v.is_none()) config.limit = u64_from(v, "limit");
  return config;
}

pyb::list logs_list(const std::vector<Log>& logs) {
  pyb::list out;
  for (const Log& log : logs) {
    pyb::list topics;
    for (const Hash32& topic : log.topics) topics.append(to_bytes(as_bytes(topic)));
    out.append(pyb::make_tuple(to_bytes(as_bytes(log.address)), topics, to_bytes(as_bytes(log.data))));
  }
  return out;
}

pyb::dict result_dict(const TxResult& r) {
  pyb::dict out;
  out["valid"] = r.error == TxError::none;
  out["error"] = r.error == TxError::none ? r.halt_message : r.error_message;
  out["success"] = r.success;
  out["gas_used"] = r.gas_used;
  out["gas_refunded"] = r.gas_refunded;
  out["gas_max_used"] = r.gas_max_used;
  out["output"] = to_bytes(as_bytes(r.output));
  out["logs"] = logs_list(r.logs);
  out["created"] = r.created ? pyb::object(to_bytes(as_bytes(*r.created))) : pyb::object(pyb::none());
  out["effective_gas_price"] = int_from(r.effective_gas_price);
  out["blob_gas_used"] = r.blob_gas_used;
  pyb::list access;
  for (const AccessTuple& tuple : r.access_list) {
    pyb::list slots;
    for (const Hash32& slot : tuple.slots) slots.append(to_bytes(as_bytes(slot)));
    access.append(pyb::make_tuple(to_bytes(as_bytes(tuple.address)), slots));
  }
  out["access_list"] = access;
  return out;
}

// Transactions converted once, for bulk runs.
struct EvmBatch {
  std::vector<Transaction> transactions;
};

class EvmWorld {
 public:
  EvmWorld(const pyb::dict& alloc, const std::string& fork, uint64_t chain_id, unsigned gas_floor_percent, bool zerog_precompiles) {
    rules_.fork = fork_of(fork);
    rules_.chain_id = chain_id;
    rules_.gas_floor_percent = gas_floor_percent;
    rules_.zerog_precompiles = zerog_precompiles;
    for (const auto& [key, value] : alloc) {
      const Address address = fixed_of<20>(key, "alloc");
      const pyb::dict d = pyb::reinterpret_borrow<pyb::dict>(value);
      state::Account account;
      if (auto v = get(d, "balance"); !v.is_none()) account.balance = word_from(v, "balance");
      if (auto v = get(d, "nonce"); !v.is_none()) account.nonce = u64_from(v, "nonce");
      if (auto v = get(d, "code"); !v.is_none()) {
        auto code = std::make_shared<const state::Code>(vector_of(v, "code"));
        if (!code->empty()) {
          account.code_hash = keccak256::hash(as_bytes(*code));
          world_.load_code(std::move(code));
        }
      }
      world_.load_account(address, account);
      if (auto v = get(d, "storage"); !v.is_none())
        for (const auto& [slot, word] : pyb::dict(v)) world_.load_slot(address, word_from(slot, "storage"), word_from(word, "storage"));
    }
    const pyb::gil_scoped_release release;
    const Outcome<Hash32> root = world_.build(0, Hash32{});
    if (!root) failure_ = root.failure();
    block_ = std::make_unique<BlockState>(world_);
  }
  void check_built() const {
    if (failure_) raise(*failure_);
  }

  pyb::dict transact(const pyb::dict& env_dict, const pyb::handle& given, bool check_nonce, bool check_balance, bool check_base_fee,
                     bool check_sender_code, bool collect_access_list, std::optional<uint64_t> deadline_ms, uint64_t gas_before,
                     uint64_t blob_gas_before, const std::optional<std::string>& tracer_name, const pyb::dict& tracer_config) {
    const Environment env = environment_of(env_dict, rules_);
    const Transaction tx = any_transaction(given);
    TransactOptions options;
    options.check_nonce = check_nonce;
    options.check_balance = check_balance;
    options.check_base_fee = check_base_fee;
    options.check_sender_code = check_sender_code;
    options.collect_access_list = collect_access_list;
    options.block_gas_left = env.block.gas_limit - std::min(gas_before, env.block.gas_limit);
    const uint64_t blob_gas_max = blob_schedule(rules_.fork).max_gas;
    options.blob_gas_left = blob_gas_max - std::min(blob_gas_before, blob_gas_max);
    if (deadline_ms) options.deadline = std::chrono::steady_clock::now() + std::chrono::milliseconds(*deadline_ms);
    std::unique_ptr<JsonTracer> tracer;
    if (tracer_name) tracer = unwrap(make_tracer(*tracer_name, tracer_config_of(tracer_config)));
    TxResult result;
    std::optional<Outcome<std::string>> trace;
    {
      const pyb::gil_scoped_release release;
      for (const auto& [number, hash] : env.hashes) block_->override_block_hash(number, hash);
      result = evm::transact(*block_, env.block, rules_, tx, options, tracer.get());
      if (tracer != nullptr && result.error == TxError::none) trace.emplace(tracer->json(result));
    }
    pyb::dict out = result_dict(result);
    if (trace) out["trace"] = unwrap(std::move(*trace));
    return out;
  }

  pyb::dict run(const pyb::dict& env_dict, const EvmBatch& batch) {
    const Environment env = environment_of(env_dict, rules_);
    uint64_t gas_used = 0, succeeded = 0, refused = 0;
    double seconds = 0;
    {
      const pyb::gil_scoped_release release;
      const auto start = std::chrono::steady_clock::now();
      for (const Transaction& tx : batch.transactions) {
        const TxResult result = evm::transact(*block_, env.block, rules_, tx);
        gas_used += result.gas_used;
        succeeded += result.success;
        refused += result.error != TxError::none;
      }
      seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
    }
    pyb::dict out;
    out["gas_used"] = gas_used;
    out["succeeded"] = succeeded;
    out["refused"] = refused;
    out["seconds"] = seconds;
    return out;
  }

  void block_start(const pyb::dict& env_dict, const pyb::handle& parent_hash, const pyb::handle& parent_beacon_root) {
    const Environment env = environment_of(env_dict, rules_);
    const Hash32 hash = fixed_of<32>(parent_hash, "parent_hash"), root = fixed_of<32>(parent_beacon_root, "parent_beacon_root");
    const pyb::gil_scoped_release release;
    apply_block_start(*block_, env.block, rules_, hash, root);
  }

  pyb::dict block_end(const pyb::dict& env_dict, const pyb::list& withdrawals, const pyb::handle& deposit_contract, const pyb::list& deposit_logs,
                      bool requests_required) {
    const Environment env = environment_of(env_dict, rules_);
    ConsensusInputs inputs;
    for (const auto& item : withdrawals) {
      const pyb::tuple t = pyb::reinterpret_borrow<pyb::tuple>(item);
      inputs.withdrawals.push_back({u64_from(t[0], "withdrawals"), u64_from(t[1], "withdrawals"), fixed_of<20>(t[2], "withdrawals"), u64_from(t[3], "withdrawals")});
    }
    std::vector<Log> logs;
    for (const auto& item : deposit_logs) {
      const pyb::tuple t = pyb::reinterpret_borrow<pyb::tuple>(item);
      Log log{fixed_of<20>(t[0], "logs"), {}, vector_of(t[2], "logs")};
      for (const auto& topic : pyb::object(t[1])) log.topics.push_back(fixed_of<32>(topic, "logs"));
      logs.push_back(std::move(log));
    }
    BlockEndOptions options;
    options.requests_required = requests_required;
    options.logs = &logs;
    if (!deposit_contract.is_none()) options.deposit_contract = fixed_of<20>(deposit_contract, "deposit_contract");
    std::optional<Outcome<BlockEnd>> end;
    {
      const pyb::gil_scoped_release release;
      end.emplace(apply_block_end(*block_, env.block, rules_, inputs, options));
    }
    const BlockEnd& done = unwrap_ref(*end);
    pyb::dict out;
    pyb::list requests;
    for (const auto& request : done.requests) requests.append(to_bytes(as_bytes(request)));
    out["requests"] = requests;
    out["requests_hash"] = done.requests_hash ? pyb::object(to_bytes(as_bytes(*done.requests_hash))) : pyb::object(pyb::none());
    out["distribution_called"] = done.distribution_called;
    out["distribution_succeeded"] = done.distribution_succeeded;
    return out;
  }

  pyb::dict system_call(const pyb::dict& env_dict, const pyb::handle& caller, const pyb::handle& target, const pyb::handle& input, uint64_t gas) {
    const Environment env = environment_of(env_dict, rules_);
    const Address from = fixed_of<20>(caller, "caller"), to = fixed_of<20>(target, "target");
    const std::vector<uint8_t> data = vector_of(input, "input");
    CallOutcome outcome;
    {
      const pyb::gil_scoped_release release;
      outcome = evm::system_call(*block_, env.block, rules_, from, to, as_bytes(data), gas);
    }
    pyb::dict out;
    out["success"] = outcome.success;
    out["gas_used"] = outcome.gas_used;
    out["output"] = to_bytes(as_bytes(outcome.output));
    out["logs"] = logs_list(outcome.logs);
    out["error"] = halt_text(outcome.halt);
    return out;
  }

  // Ends the block: what it changed becomes the world that the next block reads.
  pyb::bytes root() {
    Hash32 root;
    {
      const pyb::gil_scoped_release release;
      root = world_.stage(block_->take_changes());
      world_.commit(world_.head() + 1, Hash32{});
      block_ = std::make_unique<BlockState>(world_);
    }
    return to_bytes(as_bytes(root));
  }

  pyb::tuple account(const pyb::handle& address) {
    const Address a = fixed_of<20>(address, "address");
    return pyb::make_tuple(block_->nonce(a), int_from(block_->balance(a)), to_bytes(as_bytes(*block_->code(a))));
  }
  pyb::object storage(const pyb::handle& address, const pyb::handle& slot) {
    return int_from(block_->storage(fixed_of<20>(address, "address"), word_from(slot, "slot")));
  }

  // The whole world as root() left it.
  pyb::dict dump() const {
    pyb::dict out;
    pyb::dict current;
    const std::unique_ptr<state::FlatExport> rows = world_.export_at(world_.head());
    if (rows == nullptr) raise(Status::internal, "dump: head not kept");
    for (std::vector<state::FlatRow> chunk = rows->next(1024); !chunk.empty(); chunk = rows->next(1024))
      for (const state::FlatRow& row : chunk) {
        if (row.is_slot) {
          current["storage"][int_from(row.slot)] = int_from(row.value);
          continue;
        }
        current = pyb::dict();
        current["nonce"] = row.account.nonce;
        current["balance"] = int_from(row.account.balance);
        const state::CodePtr code = world_.code(row.account.code_hash);
        current["code"] = code != nullptr ? to_bytes(as_bytes(*code)) : pyb::bytes();
        current["storage"] = pyb::dict();
        out[to_bytes(as_bytes(row.address))] = current;
      }
    return out;
  }

 private:
  static const BlockEnd& unwrap_ref(const Outcome<BlockEnd>& outcome) {
    if (!outcome.ok()) raise(outcome.failure());
    return *outcome;
  }

  Rules rules_;
  state::World world_;
  std::unique_ptr<BlockState> block_;
  std::optional<Failure> failure_;
};

}  // namespace

void bind_evm(pybind11::module_& m) {
  pyb::class_<EvmBatch>(m, "EvmBatch", "Transactions converted once, for EvmWorld.run.")
      .def(pyb::init([](const pyb::list& transactions) {
             EvmBatch batch;
             for (const auto& item : transactions) batch.transactions.push_back(any_transaction(item));
             return batch;
           }),
           pyb::arg("transactions"))
      .def("__len__", [](const EvmBatch& batch) { return batch.transactions.size(); });

  pyb::class_<EvmWorld>(m, "EvmWorld",
                        "A small world for tests, tools and benchmarks: execution by the same code as a block, without a chain around it.\n\n"
                        "alloc maps 20-byte addresses to dicts with balance, nonce, code, storage ({int: int}), all optional. One object is one\n"
                        "block at a time: transact() works on an overlay, root() folds it into the world and begins the next block. Not for\n"
                        "concurrent use of one object; different objects run in parallel, the lock is released while code executes.")
      .def(pyb::init([](const pyb::dict& alloc, const std::string& fork, uint64_t chain_id, unsigned gas_floor_percent, bool zerog_precompiles) {
             auto world = std::make_unique<EvmWorld>(alloc, fork, chain_id, gas_floor_percent, zerog_precompiles);
             world->check_built();
             return world;
           }),
           pyb::arg("alloc"), pyb::arg("fork") = "prague", pyb::arg("chain_id") = 1, pyb::arg("gas_floor_percent") = 0,
           pyb::arg("zerog_precompiles") = false)
      .def("transact", &EvmWorld::transact, pyb::arg("env"), pyb::arg("transaction"), pyb::kw_only(), pyb::arg("check_nonce") = true,
           pyb::arg("check_balance") = true, pyb::arg("check_base_fee") = true, pyb::arg("check_sender_code") = true,
           pyb::arg("collect_access_list") = false, pyb::arg("deadline_ms") = pyb::none(),
           pyb::arg("gas_before") = 0, pyb::arg("blob_gas_before") = 0, pyb::arg("tracer") = pyb::none(), pyb::arg("tracer_config") = pyb::dict(),
           "Executes one transaction: raw bytes, or a dict (type, chain_id, nonce, max_fee, max_priority_fee, gas_limit, to, value, data,\n"
           "access_list [(address, [slot])], max_fee_per_blob_gas, blob_hashes, authorizations [{chain_id, address, nonce, authority}], sender).\n\n"
           "env: number, timestamp, gas_limit, coinbase, base_fee, prev_randao, excess_blob_gas, block_hashes {number: hash}; gas_before and\n"
           "blob_gas_before: what the block has used already.\n\n"
           "Returns:\n    dict: valid, error (geth's sentence), success, gas_used, gas_refunded, gas_max_used, output, logs [(address, topics, data)],\n"
           "    created, effective_gas_price, blob_gas_used, access_list; trace (JSON text) with tracer 'callTracer', 'prestateTracer' or\n"
           "    '' (struct logger), configured by geth's names. Not valid: nothing changed.")
      .def("run", &EvmWorld::run, pyb::arg("env"), pyb::arg("batch"),
           "Executes a batch in order; returns dict: gas_used, succeeded, refused, seconds (execution alone).")
      .def("block_start", &EvmWorld::block_start, pyb::arg("env"), pyb::arg("parent_hash"), pyb::arg("parent_beacon_root"),
           "The system calls before the first transaction (EIP-4788, EIP-2935).")
      .def("block_end", &EvmWorld::block_end, pyb::arg("env"), pyb::arg("withdrawals") = pyb::list(), pyb::arg("deposit_contract") = pyb::none(),
           pyb::arg("logs") = pyb::list(), pyb::arg("requests_required") = true,
           "Withdrawals [(index, validator_index, address, gwei)], 0G's distribution call, requests. Raises InvalidInput when they make the block invalid.")
      .def("system_call", &EvmWorld::system_call, pyb::arg("env"), pyb::arg("caller"), pyb::arg("target"), pyb::arg("input"), pyb::arg("gas") = kSystemCallGas,
           "A call by the system: no fee, no nonce; its effects stay when it succeeds.")
      .def("root", &EvmWorld::root, "Ends the block and returns the state root.")
      .def("account", &EvmWorld::account, pyb::arg("address"), "(nonce, balance, code) as the block sees it now.")
      .def("storage", &EvmWorld::storage, pyb::arg("address"), pyb::arg("slot"), "A slot as the block sees it now.")
      .def("dump", &EvmWorld::dump, "{address: {nonce, balance, code, storage}} of the world as root() left it.");
}

}  // namespace zg::py
