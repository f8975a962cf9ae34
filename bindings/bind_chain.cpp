// class Engine: its life, and the conversions that the chain_*.cpp files share; each of those binds one subject.
#include "bind.hpp"
#include "chain.hpp"

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
        bridgeForkTime, and "zerog" {gasFloorPercent, precompiles, repeatedTimestamps, gasLimitMin, stakingForkTime}; without
        "zerog" the rules are Ethereum's.
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

}  // namespace

void bind_chain(pyb::module_& m) {
  bind_chain_sealed(m);
  EngineClass engine(m, "Engine", pyb::dynamic_attr(),
                     R"(The chain: state, pool, blocks. Thread-safe; long work runs with the interpreter lock released.

A block is staged by init_genesis, build, build_with or import_block; the caller makes `record` and `diff` durable and then
calls commit(), or discard(). Readers see the old head until commit().)");
  bind_life(engine);
  bind_chain_blocks(engine);
  bind_chain_pool(m, engine);
  bind_chain_reads(engine);
  bind_chain_calls(engine);
  bind_chain_traces(engine);
  bind_chain_records(m);
}

}  // namespace zg::py
