// class Engine: life, blocks, pool and reads. Calls and traces are in chain_calls.cpp, stored records in chain_records.cpp.
#include "bind.hpp"
#include "chain.hpp"
#include "evm/block/codec.hpp"
#include "evm/block/render.hpp"
#include "evm/block/rpc.hpp"
#include "state/diff/api.hpp"

namespace zg::py {

namespace pyb = pybind11;
using evm::Engine;
using Release = pyb::gil_scoped_release;

void raise_named(const char* name, const std::string& message) {
  PyErr_SetString(pyb::module_::import("zerog.errors").attr(name).ptr(), message.c_str());
  throw pyb::error_already_set();
}

void raise_stored(const Failure& failure) {
  if (failure.status == Status::bad_encoding) raise_named("Corrupt", failure.message);
  raise(failure);
}

U256 to_u256(const pyb::handle& value, const char* name) {
  if (PyLong_Check(value.ptr())) {
    uint8_t be[32];
    if (_PyLong_AsByteArray(reinterpret_cast<PyLongObject*>(value.ptr()), be, 32, 0, 0) == 0) return U256::from_be(be);
    PyErr_Clear();
  }
  raise(Status::bad_argument, std::string(name) + ": expected an integer from 0 to 2^256 - 1, found " + std::string(pyb::str(value)).substr(0, 80));
}

uint64_t to_u64(const pyb::handle& value, const char* name) {
  const U256 wide = to_u256(value, name);
  if (!wide.fits_u64()) raise(Status::bad_argument, std::string(name) + ": expected an integer below 2^64, found " + to_decimal(wide));
  return wide.w[0];
}

std::vector<uint8_t> to_vector(const pyb::handle& value, const char* name) {
  const ReadView view(value, name);
  return {view.data(), view.data() + view.size()};
}

pyb::object from_u256(const U256& value) {
  if (value.fits_u64()) return pyb::int_(value.w[0]);
  uint8_t be[32];
  value.to_be(be);
  return pyb::reinterpret_steal<pyb::object>(_PyLong_FromByteArray(be, 32, 0, 0));
}

evm::View view_at(const Engine& engine, std::optional<uint64_t> number) {
  evm::View view = engine.view(number);
  if (view.state) return view;
  if (!engine.head()) raise(Status::bad_argument, "the engine has no head: genesis first");
  raise_named("NotFound", "state of block " + std::to_string(number.value_or(0)) + " is not kept");
}

namespace {

// ---- in ----

// Nothing when the key is absent or None.
pyb::object item_of(const pyb::dict& dict, const char* key) {
  return dict.contains(key) ? pyb::reinterpret_borrow<pyb::object>(dict[key]) : pyb::none();
}

void check_blob_schedule(const pyb::dict& config) {
  const pyb::object schedule = item_of(config, "blobSchedule");
  if (schedule.is_none()) return;
  const std::pair<const char*, evm::Fork> forks[] = {{"cancun", evm::Fork::cancun}, {"prague", evm::Fork::prague}};
  for (const auto& [name, fork] : forks) {
    const pyb::object entry = item_of(schedule.cast<pyb::dict>(), name);
    if (entry.is_none()) continue;
    const pyb::dict fields = entry.cast<pyb::dict>();
    const evm::BlobSchedule ours = evm::blob_schedule(fork);
    const auto stands = [&](const char* key, uint64_t value) {
      const pyb::object given = item_of(fields, key);
      return given.is_none() || to_u64(given, key) == value;
    };
    if (!stands("target", ours.target_gas / 131072) || !stands("max", ours.max_gas / 131072) ||
        !stands("baseFeeUpdateFraction", ours.update_fraction))
      raise(Status::bad_argument, std::string("config.blobSchedule.") + name + ": only the fork's own schedule is supported");
  }
}

evm::ChainConfig parse_config(const pyb::bytes& text) {
  pyb::dict root;
  try {
    root = pyb::module_::import("json").attr("loads")(text).cast<pyb::dict>();
  } catch (const std::exception& error) {
    raise(Status::bad_argument, std::string("config: expected a JSON object: ") + error.what());
  }
  evm::ChainConfig config;
  if (!root.contains("chainId")) raise(Status::bad_argument, "config.chainId is missing");
  config.chain_id = to_u64(root["chainId"], "config.chainId");
  const pyb::object cancun = item_of(root, "cancunTime"), prague = item_of(root, "pragueTime");
  if (!cancun.is_none() && to_u64(cancun, "config.cancunTime") != 0) raise(Status::bad_argument, "config.cancunTime: expected 0");
  config.prague_time = prague.is_none() ? UINT64_MAX : to_u64(prague, "config.pragueTime");
  for (const char* later : {"osakaTime", "bridgeForkTime"})
    if (!item_of(root, later).is_none()) raise(Status::bad_argument, std::string("config.") + later + ": this fork is not supported");
  check_blob_schedule(root);
  const pyb::object deposit = item_of(root, "depositContractAddress");
  if (!deposit.is_none()) {
    const auto bytes = from_hex(deposit.cast<std::string>());
    if (!bytes || bytes->size() != 20) raise(Status::bad_argument, "config.depositContractAddress: expected 20 bytes in hex");
    config.deposit_contract = fixed_from<20>(bytes->data());
  }
  const pyb::object zerog = item_of(root, "zerog");
  if (zerog.is_none()) {  // plain Ethereum
    config.gas_floor_percent = 0;
    config.zerog_precompiles = config.repeated_timestamps = false;
    config.gas_limit_min = 5000;
    config.requests_required = true;
    return config;
  }
  const pyb::dict rules = zerog.cast<pyb::dict>();
  for (const auto& [key, value] : rules) {
    const std::string name = key.cast<std::string>();
    if (name == "gasFloorPercent") {
      const uint64_t percent = to_u64(value, "config.zerog.gasFloorPercent");
      if (percent > 100) raise(Status::bad_argument, "config.zerog.gasFloorPercent: expected at most 100");
      config.gas_floor_percent = static_cast<unsigned>(percent);
    } else if (name == "precompiles") {
      config.zerog_precompiles = value.cast<bool>();
    } else if (name == "repeatedTimestamps") {
      config.repeated_timestamps = value.cast<bool>();
    } else if (name == "gasLimitMin") {
      config.gas_limit_min = to_u64(value, "config.zerog.gasLimitMin");
    } else {
      raise(Status::bad_argument, "config.zerog." + name + ": unknown setting");
    }
  }
  return config;
}

evm::Genesis parse_genesis(const pyb::dict& fields) {
  evm::Genesis genesis;
  pyb::dict alloc;
  for (const auto& [key, value] : fields) {
    const std::string name = key.cast<std::string>();
    if (name == "timestamp") genesis.timestamp = to_u64(value, "timestamp");
    else if (name == "gas_limit") genesis.gas_limit = to_u64(value, "gas_limit");
    else if (name == "base_fee") genesis.base_fee = to_u256(value, "base_fee");
    else if (name == "difficulty") genesis.difficulty = to_u256(value, "difficulty");
    else if (name == "extra_data") genesis.extra_data = to_vector(value, "extra_data");
    else if (name == "coinbase") genesis.coinbase = to_fixed<20>(value, "coinbase");
    else if (name == "prev_randao") genesis.prev_randao = to_fixed<32>(value, "prev_randao");
    else if (name == "excess_blob_gas") genesis.excess_blob_gas = to_u64(value, "excess_blob_gas");
    else if (name == "blob_gas_used") genesis.blob_gas_used = to_u64(value, "blob_gas_used");
    else if (name == "alloc") alloc = value.cast<pyb::dict>();
    else raise(Status::bad_argument, "genesis: unknown field " + name);
  }
  for (const auto& [address, entry] : alloc) {
    evm::GenesisAccount& account = genesis.accounts.emplace_back();
    account.address = to_fixed<20>(address, "alloc address");
    const pyb::dict parts = entry.cast<pyb::dict>();
    if (const pyb::object v = item_of(parts, "balance"); !v.is_none()) account.balance = to_u256(v, "alloc balance");
    if (const pyb::object v = item_of(parts, "nonce"); !v.is_none()) account.nonce = to_u64(v, "alloc nonce");
    if (const pyb::object v = item_of(parts, "code"); !v.is_none()) account.code = to_vector(v, "alloc code");
    if (const pyb::object v = item_of(parts, "storage"); !v.is_none())
      for (const auto& [slot, value] : v.cast<pyb::dict>())
        account.storage.emplace_back(to_u256(slot, "alloc slot"), to_u256(value, "alloc value"));
  }
  return genesis;
}

std::vector<evm::Withdrawal> parse_withdrawals(const pyb::iterable& items) {
  std::vector<evm::Withdrawal> out;
  for (const pyb::handle& item : items) {
    const pyb::dict fields = item.cast<pyb::dict>();
    const auto need = [&](const char* key) {
      if (!fields.contains(key)) raise(Status::bad_argument, std::string("withdrawal: ") + key + " is missing");
      return pyb::reinterpret_borrow<pyb::object>(fields[key]);
    };
    out.push_back({to_u64(need("index"), "index"), to_u64(need("validator_index"), "validator_index"), to_fixed<20>(need("address"), "address"),
                   to_u64(need("amount"), "amount")});
  }
  return out;
}

evm::BuildRequest parse_build(uint64_t timestamp, const pyb::object& coinbase, const pyb::object& prev_randao,
                              std::optional<uint64_t> gas_limit, const pyb::object& extra_data, const pyb::iterable& withdrawals,
                              const pyb::object& parent_beacon_root, size_t max_transactions, uint64_t max_millis) {
  evm::BuildRequest request;
  request.timestamp = timestamp;
  request.coinbase = to_fixed<20>(coinbase, "coinbase");
  request.prev_randao = to_fixed<32>(prev_randao, "prev_randao");
  request.gas_limit = gas_limit;
  request.extra_data = to_vector(extra_data, "extra_data");
  request.withdrawals = parse_withdrawals(withdrawals);
  request.parent_beacon_root = to_fixed<32>(parent_beacon_root, "parent_beacon_root");
  request.transactions_max = max_transactions;
  request.millis_max = max_millis;
  return request;
}

// Rows as the block store packs them: key and value, each behind its size in four little-endian bytes.
std::vector<std::pair<Bytes, Bytes>> parse_rows(Bytes packed) {
  std::vector<std::pair<Bytes, Bytes>> rows;
  size_t at = 0;
  const auto part = [&] {
    if (packed.size - at < 4) raise(Status::bad_argument, "rows: cut short");
    const size_t size = load_le32(packed.data + at);
    at += 4;
    if (packed.size - at < size) raise(Status::bad_argument, "rows: cut short");
    at += size;
    return Bytes{packed.data + at - size, size};
  };
  while (at < packed.size) {
    const Bytes key = part();
    rows.emplace_back(key, part());
  }
  return rows;
}

// ---- the sealed block ----

struct SealedBlock {
  evm::Sealed sealed;
  pyb::bytes record, diff;
};

SealedBlock wrap(Outcome<evm::Sealed> outcome) {
  SealedBlock out{unwrap(std::move(outcome)), {}, {}};
  out.record = to_bytes(as_bytes(out.sealed.record));
  out.diff = to_bytes(as_bytes(out.sealed.diff));
  out.sealed.record = {};
  out.sealed.diff = {};
  return out;
}

void bind_sealed(pyb::module_& m) {
  pyb::class_<SealedBlock>(m, "Sealed", "A block that is staged: what to store before Engine.commit().")
      .def_property_readonly("number", [](const SealedBlock& s) { return s.sealed.header.number; })
      .def_property_readonly("hash", [](const SealedBlock& s) { return from_fixed(s.sealed.hash); })
      .def_property_readonly("parent_hash", [](const SealedBlock& s) { return from_fixed(s.sealed.header.parent_hash); })
      .def_property_readonly("state_root", [](const SealedBlock& s) { return from_fixed(s.sealed.header.state_root); })
      .def_property_readonly("timestamp", [](const SealedBlock& s) { return s.sealed.header.timestamp; })
      .def_property_readonly("record", [](const SealedBlock& s) { return s.record; }, "The block in its stored form (record_* functions read it).")
      .def_property_readonly("diff", [](const SealedBlock& s) { return s.diff; }, "What the block changed, old and new values (diff_rows).")
      .def_property_readonly("header_rlp", [](const SealedBlock& s) { return to_bytes(as_bytes(evm::encode_header(s.sealed.header))); })
      .def_property_readonly("block_rlp",
                             [](const SealedBlock& s) {
                               const ReadView view(s.record, "record");
                               return to_bytes(as_bytes(unwrap(evm::RecordView::open(view.bytes())).block_rlp()));
                             })
      .def_property_readonly("tx_count", [](const SealedBlock& s) { return s.sealed.transaction_hashes.size(); })
      .def_property_readonly("gas_used", [](const SealedBlock& s) { return s.sealed.header.gas_used; })
      .def_property_readonly("gas_limit", [](const SealedBlock& s) { return s.sealed.header.gas_limit; })
      .def_property_readonly("base_fee", [](const SealedBlock& s) { return from_u256(s.sealed.header.base_fee); })
      .def_property_readonly("bloom", [](const SealedBlock& s) { return to_bytes({s.sealed.header.bloom.b, 256}); })
      .def_property_readonly("tx_hashes",
                             [](const SealedBlock& s) {
                               const auto& hashes = s.sealed.transaction_hashes;
                               return pyb::bytes(reinterpret_cast<const char*>(hashes.data()), hashes.size() * 32);
                             },
                             "32 bytes a transaction, in order.")
      .def_property_readonly("failed",
                             [](const SealedBlock& s) {
                               pyb::list out;
                               for (const evm::Dropped& d : s.sealed.dropped) out.append(pyb::make_tuple(from_fixed(d.hash), d.text));
                               return out;
                             },
                             "(hash, text) of transactions that were left out because they could not be executed.");
}

// ---- pool ----

// Transactions by sender and nonce, as txpool_content and txpool_inspect show them.
std::string pool_content_json(const std::vector<txpool::PoolEntry>& entries, const std::string& kind, bool one_sender) {
  evm::JsonWriter out;
  out.begin_object();
  for (const bool executable : {true, false}) {
    out.key(executable ? "pending" : "queued");
    out.begin_object();
    const Address* sender = nullptr;
    for (const txpool::PoolEntry& entry : entries) {
      if (entry.executable != executable) continue;
      const evm::Transaction& tx = entry.item->tx;
      if (!one_sender && (!sender || *sender != tx.sender)) {
        if (sender) out.end_object();
        out.key("0x" + to_hex(as_bytes(tx.sender)));
        out.begin_object();
        sender = &tx.sender;
      }
      out.key(std::to_string(tx.nonce));
      if (kind == "content") {
        write_transaction(out, tx, nullptr);
      } else {
        const std::string target = tx.to ? "0x" + to_hex(as_bytes(*tx.to)) : "contract creation";
        out.text(target + ": " + to_decimal(tx.value) + " wei + " + std::to_string(tx.gas_limit) + " gas × " + to_decimal(tx.max_fee) + " wei");
      }
    }
    if (sender) out.end_object();
    out.end_object();
  }
  out.end_object();
  return out.take();
}

// A Python callable that native threads may call and drop: both happen under the interpreter lock.
class Callable {
 public:
  explicit Callable(pyb::object function) : function_(new pyb::object(std::move(function)), [](pyb::object* held) {
    if (!Py_IsInitialized()) return;
    const pyb::gil_scoped_acquire acquire;
    delete held;
  }) {}
  const pyb::object& get() const { return *function_; }

 private:
  std::shared_ptr<pyb::object> function_;
};

evm::ExternalRead external_read(pyb::object function) {
  return [callable = Callable(std::move(function))](const char* kind, Bytes key, uint64_t number) -> std::optional<std::vector<uint8_t>> {
    const pyb::gil_scoped_acquire acquire;
    try {
      const pyb::object answer = callable.get()(kind, to_bytes(key), number);
      if (answer.is_none()) return std::nullopt;
      return to_vector(answer, "external reader");
    } catch (pyb::error_already_set& error) {
      error.discard_as_unraisable("zerog external reader");
      return std::nullopt;
    }
  };
}

void notify_listener(Engine& engine) {
  const pyb::object listener = pyb::cast(engine).attr("__dict__").attr("get")("_listener");
  if (!listener.is_none()) listener();
}

pyb::list add_transactions(Engine& engine, const pyb::list& raws, bool local) {
  const ReadViews inputs(raws, "raws");
  std::vector<txpool::Admission> answers;
  {
    const Release release;
    answers = engine.pool().add(inputs.views().data(), inputs.views().size(), local);
  }
  pyb::list out(answers.size());
  bool admitted = false;
  for (size_t i = 0; i < answers.size(); ++i) {
    if (answers[i].error.empty()) out[i] = from_fixed(answers[i].hash), admitted = true;
    else out[i] = pyb::str(answers[i].error);
  }
  if (admitted) notify_listener(engine);
  return out;
}

pyb::object rpc_batch(Engine& engine, const pyb::object& body, size_t batch_max) {
  const ReadView view(body, "body");
  std::optional<evm::RpcBatch> answer;
  {
    const Release release;
    answer = evm::rpc_batch(engine, view.bytes(), batch_max);
  }
  if (!answer) return pyb::none();
  pyb::list admitted(answer->admitted.size()), hashes(answer->hashes.size());
  for (size_t i = 0; i < answer->admitted.size(); ++i) {
    admitted[i] = to_bytes(as_bytes(answer->admitted[i]));
    hashes[i] = from_fixed(answer->hashes[i]);
  }
  if (!answer->admitted.empty()) notify_listener(engine);
  return pyb::make_tuple(from_string(answer->response), admitted, hashes, answer->calls, answer->refused);
}

pyb::bytes prove(const Engine& engine, const pyb::object& address, const pyb::iterable& slots, std::optional<uint64_t> number) {
  const Address account = to_fixed<20>(address, "address");
  std::vector<U256> keys;
  for (const pyb::handle& slot : slots) keys.push_back(to_u256(slot, "slot"));
  const evm::View view = view_at(engine, number);
  Outcome<state::AccountProof> proof = [&] {
    const Release release;
    return engine.prove(account, keys, view.head->header.number);
  }();
  if (!proof.ok()) raise_named(proof.failure().status == Status::out_of_capacity ? "NotFound" : "InternalError", proof.failure().message);
  evm::JsonWriter out;
  const auto nodes = [&](const char* key, const std::vector<std::vector<uint8_t>>& list) {
    out.key(key);
    out.begin_array();
    for (const auto& node : list) out.data(as_bytes(node));
    out.end_array();
  };
  out.begin_object();
  out.data("address", account);
  nodes("accountProof", proof->nodes);
  out.quantity("balance", proof->account.balance);
  out.data("codeHash", proof->account.code_hash);
  out.quantity("nonce", proof->account.nonce);
  out.data("storageHash", proof->storage_root);
  out.key("storageProof");
  out.begin_array();
  for (const state::StorageProof& item : proof->storage) {
    out.begin_object();
    out.quantity("key", item.slot);
    out.quantity("value", item.value);
    nodes("proof", item.nodes);
    out.end_object();
  }
  out.end_array();
  out.end_object();
  return from_string(out.view());
}

void bind_life(EngineClass& c) {
  c.def(pyb::init([](const pyb::bytes& config, size_t history_blocks, size_t pool_per_sender, size_t pool_total, size_t pool_bytes,
                     const pyb::int_& pool_tip_min) {
          evm::EngineOptions options;
          options.history_blocks = history_blocks;
          options.pool.per_sender = pool_per_sender;
          options.pool.total = pool_total;
          options.pool.bytes = pool_bytes;
          options.pool.tip_min = to_u256(pool_tip_min, "pool_tip_min");
          return std::make_shared<Engine>(parse_config(config), options);
        }),
        pyb::arg("config"), pyb::kw_only(), pyb::arg("history_blocks") = 256, pyb::arg("pool_per_sender") = 64, pyb::arg("pool_total") = 10000,
        pyb::arg("pool_bytes") = size_t{256} << 20, pyb::arg("pool_tip_min") = 0,
        R"(An engine without state: init_genesis, or load_rows, load_finish and replay, come next.

Args:
    config: a geth-style JSON "config" object: chainId, pragueTime (absent: never), blobSchedule, depositContractAddress, and
        "zerog" {gasFloorPercent, precompiles, repeatedTimestamps, gasLimitMin}; without "zerog" the rules are Ethereum's.
    history_blocks: how many blocks back reads reach.
    pool_per_sender, pool_total, pool_bytes: bounds of the pool.
    pool_tip_min: lowest priority fee (wei) that the pool admits.

Raises:
    InvalidInput: the config is malformed or asks for a fork that is not supported.)");
  c.def("init_genesis",
        [](Engine& e, const pyb::dict& genesis) {
          const evm::Genesis parsed = parse_genesis(genesis);
          Outcome<evm::Sealed> sealed = [&] {
            const Release release;
            return e.init_genesis(parsed);
          }();
          return wrap(std::move(sealed));
        },
        pyb::arg("genesis"),
        R"(Stage block 0. Fields: timestamp, gas_limit, base_fee, extra_data, coinbase, prev_randao, excess_blob_gas, blob_gas_used,
alloc {address: {balance, nonce, code, storage {slot: value}}}. commit() makes it the head.)");
  c.def("load_rows",
        [](Engine& e, const std::string& family, const pyb::object& rows) {
          const auto kind = state::family_by_name(family);
          if (!kind) raise(Status::bad_argument, "family: expected accounts, slots or codes, found " + family);
          const ReadView view(rows, "rows");
          const auto parsed = parse_rows(view.bytes());
          std::optional<Failure> failure;
          {
            const Release release;
            failure = e.load_rows(*kind, parsed);
          }
          if (failure) raise_stored(*failure);
        },
        pyb::arg("family"), pyb::arg("rows"),
        R"(Restart, step 1: flat rows of one family, in any portions: u32 little-endian size and bytes of key, then of value.

Raises:
    Corrupt: a row does not decode.)");
  c.def("load_finish",
        [](Engine& e, const pyb::object& record, const pyb::iterable& recent_hashes) {
          const ReadView view(record, "record");
          std::vector<Hash32> hashes;
          for (const pyb::handle& hash : recent_hashes) hashes.push_back(to_fixed<32>(hash, "recent_hashes"));
          std::optional<Failure> failure;
          {
            const Release release;
            failure = e.load_finish(view.bytes(), hashes);
          }
          if (failure) raise_stored(*failure);
        },
        pyb::arg("record"), pyb::arg("recent_hashes"),
        R"(Restart, step 2: build the tries and compare the root with the header of `record`, to which the rows belong.
`recent_hashes`: hashes of the blocks before it, ascending, its parent last (up to 256).

Raises:
    Corrupt: the record is damaged or the root differs.)");
  c.def("replay",
        [](Engine& e, const pyb::object& record, const pyb::object& diff) {
          const ReadView r(record, "record"), d(diff, "diff");
          std::optional<Failure> failure;
          {
            const Release release;
            failure = e.replay(r.bytes(), d.bytes());
          }
          if (failure) raise_stored(*failure);
        },
        pyb::arg("record"), pyb::arg("diff"),
        R"(Restart, step 3: one later block from its stored record and changes; the root is checked. Nothing is executed.

Raises:
    Corrupt: damaged, or the root differs. InvalidInput: it does not follow the head.)");
  c.def("head",
        [](const Engine& e) {
          const auto head = e.head();
          if (!head) raise_named("NotFound", "the engine has no head: genesis first");
          return pyb::make_tuple(head->header.number, from_fixed(head->hash));
        },
        "(number, hash) of the last committed block. NotFound before genesis.");
  c.def("set_external_reader",
        [](Engine& e, const pyb::object& reader) { e.set_external_read(reader.is_none() ? evm::ExternalRead() : external_read(reader)); },
        pyb::arg("reader"),
        R"(Where heights older than the kept ones are read: reader(family, key, number) → bytes or None, the value after block
`number`. Families: "accounts" (address), "slots" (address ‖ slot), "codes" (hash): flat rows; "headers" (b""): the header's
RLP, needed for calls at those heights; "has_storage" (address): anything when the account had storage.)");
  c.def("memory",
        [](const Engine& e) {
          const state::MemoryReport r = [&] {
            const Release release;
            return e.memory();
          }();
          pyb::dict out;
          out["accounts_bytes"] = r.accounts_bytes;
          out["slots_bytes"] = r.slots_bytes;
          out["trie_bytes"] = r.trie_bytes;
          out["history_bytes"] = r.history_bytes;
          out["codes_bytes"] = r.codes_bytes;
          out["account_count"] = r.account_count;
          out["slot_count"] = r.slot_count;
          out["code_count"] = r.code_count;
          return out;
        },
        "What the state holds in memory, by part.");
}

#define ZG_BUILD_ARGS                                                                                                                      \
  pyb::arg("timestamp"), pyb::arg("coinbase"), pyb::arg("prev_randao"), pyb::kw_only(), pyb::arg("gas_limit") = pyb::none(),               \
      pyb::arg("extra_data") = pyb::bytes(), pyb::arg("withdrawals") = pyb::tuple(), pyb::arg("parent_beacon_root") = pyb::bytes(std::string(32, '\0')), \
      pyb::arg("max_transactions") = 0, pyb::arg("max_millis") = 0

void bind_blocks(EngineClass& c) {
  c.def("build",
        [](Engine& e, uint64_t timestamp, const pyb::object& coinbase, const pyb::object& prev_randao, std::optional<uint64_t> gas_limit,
           const pyb::object& extra_data, const pyb::iterable& withdrawals, const pyb::object& parent_beacon_root, size_t max_transactions,
           uint64_t max_millis) {
          const evm::BuildRequest request =
              parse_build(timestamp, coinbase, prev_randao, gas_limit, extra_data, withdrawals, parent_beacon_root, max_transactions, max_millis);
          Outcome<evm::Sealed> sealed = [&] {
            const Release release;
            return e.build(request);
          }();
          return wrap(std::move(sealed));
        },
        ZG_BUILD_ARGS,
        R"(Pack the pool by gas limit without executing, execute, and stage the block (chain.md §1.2).

Args:
    timestamp: seconds, not below the head's.
    gas_limit: wanted; the header moves towards it by less than 1/1024. None keeps the head's.
    withdrawals: {index, validator_index, address, amount (gwei)} each.
    max_transactions, max_millis: further bounds; 0 is none.

Returns:
    Sealed; `failed` names transactions that turned out unpayable: they are left out, and out of the pool after commit().

Raises:
    InvalidInput: a field does not fit, or a block is staged already.)");
  c.def("build_with",
        [](Engine& e, const pyb::iterable& transactions, uint64_t timestamp, const pyb::object& coinbase, const pyb::object& prev_randao,
           std::optional<uint64_t> gas_limit, const pyb::object& extra_data, const pyb::iterable& withdrawals,
           const pyb::object& parent_beacon_root, size_t max_transactions, uint64_t max_millis) {
          const ReadViews inputs(transactions, "transactions");
          const evm::BuildRequest request =
              parse_build(timestamp, coinbase, prev_randao, gas_limit, extra_data, withdrawals, parent_beacon_root, max_transactions, max_millis);
          std::vector<Bytes> raws = inputs.views();
          if (max_transactions != 0 && raws.size() > max_transactions) raws.resize(max_transactions);
          Outcome<evm::Sealed> sealed = [&] {
            const Release release;
            return e.build_with(raws, request);
          }();
          return wrap(std::move(sealed));
        },
        pyb::arg("transactions"), ZG_BUILD_ARGS,
        "As build(), with the given raw transactions in the given order instead of the pool's. InvalidInput when one does not decode.");
  c.def("import_block",
        [](Engine& e, const pyb::object& block_rlp) {
          const ReadView view(block_rlp, "block_rlp");
          Outcome<evm::Sealed> sealed = [&] {
            const Release release;
            return e.import_block(view.bytes());
          }();
          return wrap(std::move(sealed));
        },
        pyb::arg("block_rlp"),
        R"(Validate a block against the head and stage it: header rules, then execution, then every root and sum.

Raises:
    InvalidInput: says which field differs, what was expected and what was found. Nothing is staged then.)");
  c.def("commit",
        [](Engine& e) {
          std::optional<Failure> failure;
          {
            const Release release;
            failure = e.commit();
          }
          check(failure);
        },
        "Make the staged block the head, once record and diff are durable. The pool drops what it holds of it and is re-checked.");
  c.def("discard", [](Engine& e) { e.discard(); }, pyb::call_guard<Release>(), "Forget the staged block; does nothing when there is none.");
}

void bind_pool(EngineClass& c) {
  c.def("add_transactions", &add_transactions, pyb::arg("raws"), pyb::arg("local") = true,
        R"(Offer transactions to the pool, in order.

Returns:
    One entry an input: its hash (bytes) when admitted, else geth's error text (str).

Cost: one batch decode and recovery on all cores, lock released.)");
  c.def("pool_status", [](Engine& e) { return e.pool().status(); }, "(pending, queued): executable transactions, and those behind a gap or short of balance.");
  c.def("pool_content",
        [](Engine& e, const std::string& kind, const pyb::object& sender) {
          if (kind != "content" && kind != "inspect") raise(Status::bad_argument, "kind: expected content or inspect, found " + kind);
          std::optional<Address> only;
          if (!sender.is_none()) only = to_fixed<20>(sender, "sender");
          std::string json;
          {
            const Release release;
            json = pool_content_json(e.pool().content(only ? &*only : nullptr), kind, only.has_value());
          }
          return from_string(json);
        },
        pyb::arg("kind") = "content", pyb::arg("sender") = pyb::none(),
        R"(JSON of txpool_content (kind "content") or txpool_inspect ("inspect"); with `sender`, of txpool_contentFrom.)");
  c.def("pool_transaction",
        [](Engine& e, const pyb::object& hash) -> pyb::object {
          const txpool::PooledPtr item = e.pool().find(to_fixed<32>(hash, "hash"));
          if (!item) return pyb::none();
          evm::JsonWriter out;
          write_transaction(out, item->tx, nullptr);
          return from_string(out.view());
        },
        pyb::arg("hash"), "JSON of a waiting transaction, or None.");
  c.def("pool_raw_transaction",
        [](Engine& e, const pyb::object& hash) -> pyb::object {
          const txpool::PooledPtr item = e.pool().find(to_fixed<32>(hash, "hash"));
          if (!item) return pyb::none();
          return to_bytes(as_bytes(item->raw));
        },
        pyb::arg("hash"), "Wire bytes of a waiting transaction, or None.");
  c.def("pool_nonce",
        [](Engine& e, const pyb::object& address) {
          const Address sender = to_fixed<20>(address, "address");
          if (const auto next = e.pool().next_nonce(sender)) return *next;
          state::Account account;
          view_at(e, std::nullopt).state->account(sender, account);
          return account.nonce;
        },
        pyb::arg("address"), "The next nonce of an account, its executable waiting transactions counted.");
  c.def("pool_raw",
        [](Engine& e, size_t limit) {
          pyb::list out;
          for (const txpool::PoolEntry& entry : e.pool().content()) {
            if (out.size() >= limit) break;
            out.append(to_bytes(as_bytes(entry.item->raw)));
          }
          return out;
        },
        pyb::arg("limit"), "Wire bytes of waiting transactions, by sender and nonce, at most `limit`.");
  c.def("set_pool_listener", [](pyb::object self, pyb::object listener) { self.attr("__dict__")["_listener"] = std::move(listener); },
        pyb::arg("listener"), "Call listener() after each add_transactions that admitted something, on its thread; None stops it.");
}

void bind_reads(EngineClass& c) {
  c.def("rpc_batch", &rpc_batch, pyb::arg("body"), pyb::arg("batch_max") = 10000,
        R"(The short way of JSON-RPC: answer a whole HTTP body in one call, with the lock released.

Only when every call of it is eth_chainId, net_version, eth_blockNumber, eth_getBalance, eth_getTransactionCount, eth_getCode or
eth_getStorageAt at the head (latest, safe, finalized, pending), or eth_sendRawTransaction, each in plain form with an id.

Returns:
    None: take the long way; nothing has happened. Else (response, admitted raw transactions, their hashes, number of calls,
    number refused); what was admitted must be durable before the response goes out.)");
  c.def("account",
        [](const Engine& e, const pyb::object& address, std::optional<uint64_t> number) {
          const Address key = to_fixed<20>(address, "address");
          const evm::View view = view_at(e, number);
          state::Account account;
          {
            const Release release;
            view.state->account(key, account);
          }
          return pyb::make_tuple(account.nonce, from_u256(account.balance), from_fixed(account.code_hash));
        },
        pyb::arg("address"), pyb::arg("number") = pyb::none(),
        "(nonce, balance, code hash) after a block, the head by default; zeros and the empty code's hash for an absent account.");
  c.def("code",
        [](const Engine& e, const pyb::object& address, std::optional<uint64_t> number) {
          const Address key = to_fixed<20>(address, "address");
          const evm::View view = view_at(e, number);
          state::CodePtr code;
          {
            const Release release;
            state::Account account;
            if (view.state->account(key, account)) code = view.state->code(account.code_hash);
          }
          return code ? to_bytes(as_bytes(*code)) : pyb::bytes();
        },
        pyb::arg("address"), pyb::arg("number") = pyb::none(), "The code of an account; empty when it has none.");
  c.def("storage",
        [](const Engine& e, const pyb::object& address, const pyb::object& slot, std::optional<uint64_t> number) {
          const Address key = to_fixed<20>(address, "address");
          const U256 at = to_u256(slot, "slot");
          const evm::View view = view_at(e, number);
          U256 value;
          {
            const Release release;
            value = view.state->storage(key, at);
          }
          return from_u256(value);
        },
        pyb::arg("address"), pyb::arg("slot"), pyb::arg("number") = pyb::none(), "The value of a storage slot.");
  c.def("proof", &prove, pyb::arg("address"), pyb::arg("slots"), pyb::arg("number") = pyb::none(), "JSON of eth_getProof. NotFound when the height is not kept.");
}

pyb::list decode_transactions(const pyb::iterable& raws) {
  const ReadViews inputs(raws, "raws");
  std::vector<txpool::Decoded> decoded;
  {
    const Release release;
    decoded = txpool::decode_many(inputs.views().data(), inputs.views().size());
  }
  pyb::list out;
  for (const txpool::Decoded& item : decoded) {
    if (item.ok()) out.append(pyb::make_tuple(from_fixed(item.transaction.hash), from_fixed(item.transaction.sender)));
    else out.append(pyb::str(item.error));
  }
  return out;
}

}  // namespace

void bind_chain(pyb::module_& m) {
  bind_sealed(m);
  EngineClass engine(m, "Engine", pyb::dynamic_attr(),
                     R"(The chain: state, pool, blocks. Thread-safe; long work runs with the interpreter lock released.

A block is staged by init_genesis, build, build_with or import_block; the caller makes `record` and `diff` durable and then
calls commit(), or discard(). Readers see the old head until commit().)");
  bind_life(engine);
  bind_blocks(engine);
  bind_pool(engine);
  bind_reads(engine);
  bind_chain_calls(engine);
  bind_chain_traces(engine);
  bind_chain_records(m);
  m.def("decode_transactions", &decode_transactions, pyb::arg("raws"), R"(Decode transactions strictly and recover their senders in one batch.

Args:
    raws: wire bytes, one buffer a transaction.

Returns:
    One entry an input, in order: (hash, sender), or the text of what is wrong with it.

Cost: one signature recovery a transaction on all cores; lock released.)");
}

}  // namespace zg::py
