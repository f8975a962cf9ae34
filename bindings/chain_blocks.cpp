// class Engine: building, importing and committing blocks; class Sealed.
#include "chain.hpp"
#include "evm/block/codec.hpp"

namespace zg::py {

namespace pyb = pybind11;
using evm::Engine;
using Release = pyb::gil_scoped_release;

namespace {

// `kind` names an entry in errors. Slashings need no place in consensus's own counting, withdrawals have one.
std::vector<evm::Withdrawal> parse_entries(const pyb::iterable& items, const std::string& kind, bool counted) {
  std::vector<evm::Withdrawal> out;
  for (const pyb::handle& item : items) {
    const pyb::dict fields = item.cast<pyb::dict>();
    const auto need = [&](const char* key) {
      if (!fields.contains(key)) raise(Status::bad_argument, kind + ": " + key + " is missing");
      return pyb::reinterpret_borrow<pyb::object>(fields[key]);
    };
    const auto number = [&](const char* key) { return counted || fields.contains(key) ? to_u64(need(key), key) : 0; };
    out.push_back({number("index"), number("validator_index"), to_fixed<20>(need("address"), "address"), to_u64(need("amount"), "amount")});
  }
  return out;
}

evm::BuildRequest parse_build(uint64_t timestamp, const pyb::object& coinbase, const pyb::object& prev_randao,
                              std::optional<uint64_t> gas_limit, const pyb::object& extra_data, const pyb::iterable& withdrawals,
                              const pyb::iterable& slashings, const pyb::object& bridge, const pyb::object& parent_beacon_root,
                              size_t max_transactions, uint64_t max_millis) {
  evm::BuildRequest request;
  request.timestamp = timestamp;
  request.coinbase = to_fixed<20>(coinbase, "coinbase");
  request.prev_randao = to_fixed<32>(prev_randao, "prev_randao");
  request.gas_limit = gas_limit;
  request.extra_data = to_vector(extra_data, "extra_data");
  request.inputs.withdrawals = parse_entries(withdrawals, "withdrawal", true);
  request.inputs.slashings = parse_entries(slashings, "slashing", false);
  if (!bridge.is_none()) request.inputs.bridge = to_vector(bridge, "bridge");
  request.parent_beacon_root = to_fixed<32>(parent_beacon_root, "parent_beacon_root");
  request.transactions_max = max_transactions;
  request.millis_max = max_millis;
  return request;
}

}  // namespace

SealedBlock wrap(Outcome<evm::Sealed> outcome) {
  SealedBlock out{unwrap(std::move(outcome)), {}, {}};
  out.record = to_bytes(as_bytes(out.sealed.record));
  out.diff = to_bytes(as_bytes(out.sealed.diff));
  out.sealed.record = {};
  out.sealed.diff = {};
  return out;
}

void bind_chain_sealed(pyb::module_& m) {
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
                             "(hash, text) of transactions that were left out because they could not be executed.")
      .def_property_readonly("failed_calls", [](const SealedBlock& s) { return s.sealed.failed_calls; },
                             "Sentences: distribution, slashing and bridge calls that failed and so did nothing.");
}

#define ZG_BUILD_ARGS                                                                                                                      \
  pyb::arg("timestamp"), pyb::arg("coinbase"), pyb::arg("prev_randao"), pyb::kw_only(), pyb::arg("gas_limit") = pyb::none(),               \
      pyb::arg("extra_data") = pyb::bytes(), pyb::arg("withdrawals") = pyb::tuple(), pyb::arg("slashings") = pyb::tuple(),                 \
      pyb::arg("bridge") = pyb::none(), pyb::arg("parent_beacon_root") = pyb::bytes(std::string(32, '\0')),                                \
      pyb::arg("max_transactions") = 0, pyb::arg("max_millis") = 0

void bind_chain_blocks(EngineClass& c) {
  c.def("build",
        [](Engine& e, uint64_t timestamp, const pyb::object& coinbase, const pyb::object& prev_randao, std::optional<uint64_t> gas_limit,
           const pyb::object& extra_data, const pyb::iterable& withdrawals, const pyb::iterable& slashings, const pyb::object& bridge,
           const pyb::object& parent_beacon_root, size_t max_transactions, uint64_t max_millis) {
          const evm::BuildRequest request = parse_build(timestamp, coinbase, prev_randao, gas_limit, extra_data, withdrawals, slashings,
                                                        bridge, parent_beacon_root, max_transactions, max_millis);
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
    slashings: {address (the validator's contract), amount (gwei)} each; index and validator_index as consensus likes.
    bridge: SSZ of the bridge messages, from the bridge fork on; None is a list without any.
    max_transactions, max_millis: further bounds; 0 is none.

Returns:
    Sealed; `failed` names transactions that turned out unpayable: they are left out, and out of the pool after commit().

Raises:
    InvalidInput: a field does not fit, or a block is staged already.)");
  c.def("build_with",
        [](Engine& e, const pyb::iterable& transactions, uint64_t timestamp, const pyb::object& coinbase, const pyb::object& prev_randao,
           std::optional<uint64_t> gas_limit, const pyb::object& extra_data, const pyb::iterable& withdrawals,
           const pyb::iterable& slashings, const pyb::object& bridge, const pyb::object& parent_beacon_root, size_t max_transactions,
           uint64_t max_millis) {
          const ReadViews inputs(transactions, "transactions");
          const evm::BuildRequest request = parse_build(timestamp, coinbase, prev_randao, gas_limit, extra_data, withdrawals, slashings,
                                                        bridge, parent_beacon_root, max_transactions, max_millis);
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

}  // namespace zg::py
