// Functions over stored block records and diffs: no engine, no state.
#include <pybind11/stl.h>

#include "chain.hpp"
#include "evm/block/bloom.hpp"
#include "evm/block/codec.hpp"
#include "evm/block/render.hpp"
#include "gil.hpp"
#include "state/diff/api.hpp"

namespace zg::py {

namespace pyb = pybind11;
using evm::RecordView;

namespace {

RecordView open(const ReadView& view) {
  Outcome<RecordView> record = RecordView::open(view.bytes());
  if (!record.ok()) raise_stored(record.failure());
  return *record;
}

RecordView open_at(const ReadView& view, size_t index) {
  const RecordView record = open(view);
  if (index >= record.transaction_count())
    raise_named("NotFound", "transaction " + std::to_string(index) + " of " + std::to_string(record.transaction_count()) + " in block " +
                                std::to_string(record.number()));
  return record;
}

pyb::dict record_header(const pyb::object& bytes) {
  const ReadView view(bytes, "record");
  const RecordView record = open(view);
  const evm::Header header = record.header();
  std::string hashes;
  for (size_t i = 0; i < record.transaction_count(); ++i) {
    const Hash32 hash = record.transaction_hash(i);
    hashes.append(reinterpret_cast<const char*>(hash.b), 32);
  }
  pyb::dict out;
  out["number"] = record.number();
  out["hash"] = from_fixed(record.hash());
  out["parent_hash"] = from_fixed(record.parent_hash());
  out["timestamp"] = record.timestamp();
  out["coinbase"] = from_fixed(header.coinbase);
  out["state_root"] = from_fixed(header.state_root);
  out["transactions_root"] = from_fixed(header.transactions_root);
  out["receipts_root"] = from_fixed(header.receipts_root);
  out["gas_used"] = header.gas_used;
  out["gas_limit"] = header.gas_limit;
  out["base_fee"] = from_u256(header.base_fee);
  out["blob_gas_used"] = header.blob_gas_used;
  out["excess_blob_gas"] = header.excess_blob_gas;
  out["bloom"] = to_bytes({header.bloom.b, 256});
  out["extra_data"] = to_bytes(as_bytes(header.extra_data));
  out["prev_randao"] = from_fixed(header.prev_randao);
  out["tx_count"] = record.transaction_count();
  out["tx_hashes"] = from_string(hashes);
  out["log_count"] = record.log_count();
  out["header_rlp"] = to_bytes(record.header_rlp());
  return out;
}

// Text made from a whole record, with the lock released when the record is large.
template <class Render>
pyb::bytes rendered(const pyb::object& bytes, Render render) {
  const ReadView view(bytes, "record");
  const RecordView record = open(view);
  std::string json;
  {
    const ReleaseAbove release(view.size());
    json = render(record);
  }
  return from_string(json);
}

pyb::list record_fees(const pyb::object& bytes) {
  const ReadView view(bytes, "record");
  const RecordView record = open(view);
  const U256 base_fee = record.header().base_fee;
  pyb::list out;
  for (size_t i = 0; i < record.transaction_count(); ++i)
    out.append(pyb::make_tuple(from_u256(record.effective_gas_price(i) - base_fee), record.gas_used(i)));
  return out;
}

pyb::tuple filter_logs(const pyb::iterable& records, const pyb::iterable& addresses, const pyb::iterable& topics, size_t limit) {
  evm::LogFilter filter;
  for (const pyb::handle& address : addresses) filter.addresses.push_back(to_fixed<20>(address, "addresses"));
  for (const pyb::handle& position : topics) {
    std::vector<Hash32>& wanted = filter.topics.emplace_back();
    if (position.is_none()) continue;
    for (const pyb::handle& topic : position.cast<pyb::iterable>()) wanted.push_back(to_fixed<32>(topic, "topics"));
  }
  if (filter.topics.size() > 4) raise(Status::bad_argument, "topics: expected at most 4 positions");
  const ReadViews views(records, "records");
  evm::JsonWriter out;
  size_t count = 0;
  std::optional<Failure> failure;
  {
    const pyb::gil_scoped_release release;
    out.begin_array();
    for (const Bytes& bytes : views.views()) {
      Outcome<RecordView> record = RecordView::open(bytes);
      if (!record.ok()) {
        failure = record.failure();
        break;
      }
      if (record->log_count() == 0) continue;
      count += evm::write_logs(out, *record, filter, limit - count);
      if (count > limit) {
        failure = Failure{Status::out_of_capacity, "query returned more than " + std::to_string(limit) + " results: too large with more than " +
                                                       std::to_string(limit) + " logs, ask for fewer blocks"};
        break;
      }
    }
    out.end_array();
  }
  if (failure) raise_stored(*failure);
  return pyb::make_tuple(count, from_string(out.view()));
}

pyb::list diff_rows(const pyb::object& diff, bool before) {
  const ReadView view(diff, "diff");
  std::vector<state::Row> rows;
  std::optional<Failure> failure;
  {
    const pyb::gil_scoped_release release;
    Outcome<state::Changes> changes = state::decode_diff(view.bytes());
    if (changes.ok()) rows = state::flat_rows(before ? state::inverse(*changes) : *changes);
    else failure = changes.failure();
  }
  if (failure) raise_stored(*failure);
  pyb::list out(rows.size());
  pyb::str names[3];
  for (const auto family : {state::Family::accounts, state::Family::slots, state::Family::codes})
    names[static_cast<size_t>(family)] = pyb::str(state::family_name(family));
  for (size_t i = 0; i < rows.size(); ++i) {
    pyb::object value = rows[i].value ? pyb::object(to_bytes(as_bytes(*rows[i].value))) : pyb::object(pyb::none());
    out[i] = pyb::make_tuple(names[static_cast<size_t>(rows[i].family)], to_bytes(as_bytes(rows[i].key)), std::move(value));
  }
  return out;
}

}  // namespace

void bind_chain_records(pyb::module_& m) {
  m.def("record_check",
        [](const pyb::object& record) {
          const ReadView view(record, "record");
          return RecordView::open(view.bytes()).ok() && evm::check_record(view.bytes());
        },
        pyb::arg("record"), "Whether bytes are a whole, undamaged block record.");
  m.def("record_header", &record_header, pyb::arg("record"),
        R"(The facts of a stored block: number, hash, parent_hash, timestamp, coinbase, state_root, transactions_root, receipts_root, gas_used,
gas_limit, base_fee, blob_gas_used, excess_blob_gas, bloom, extra_data, prev_randao, tx_count, tx_hashes (32 bytes each), log_count, header_rlp.

Raises:
    Corrupt: the record is damaged.)");
  m.def("record_header_json", [](const pyb::object& record) { return rendered(record, evm::header_json); }, pyb::arg("record"),
        "JSON of the header alone (newHeads).");
  m.def("record_block_json",
        [](const pyb::object& record, bool full) { return rendered(record, [full](const RecordView& r) { return evm::block_json(r, full); }); },
        pyb::arg("record"), pyb::arg("full"), "JSON of eth_getBlockByNumber; with `full`, whole transactions instead of hashes.");
  m.def("record_transaction_json",
        [](const pyb::object& record, size_t index) {
          const ReadView view(record, "record");
          return from_string(evm::transaction_json(open_at(view, index), index));
        },
        pyb::arg("record"), pyb::arg("index"), "JSON of eth_getTransactionByHash. NotFound when there is no such index.");
  m.def("record_receipt_json",
        [](const pyb::object& record, size_t index) {
          const ReadView view(record, "record");
          return from_string(evm::receipt_json(open_at(view, index), index));
        },
        pyb::arg("record"), pyb::arg("index"), "JSON of eth_getTransactionReceipt. NotFound when there is no such index.");
  m.def("record_receipts_json", [](const pyb::object& record) { return rendered(record, evm::receipts_json); }, pyb::arg("record"),
        "JSON of eth_getBlockReceipts.");
  m.def("record_raw_block",
        [](const pyb::object& record) {
          const ReadView view(record, "record");
          return to_bytes(as_bytes(open(view).block_rlp()));
        },
        pyb::arg("record"), "RLP of the whole block.");
  m.def("record_raw_transaction",
        [](const pyb::object& record, size_t index) {
          const ReadView view(record, "record");
          return to_bytes(open_at(view, index).raw(index));
        },
        pyb::arg("record"), pyb::arg("index"), "Wire bytes of one transaction. NotFound when there is no such index.");
  m.def("record_raw_transactions",
        [](const pyb::object& record) {
          const ReadView view(record, "record");
          const RecordView r = open(view);
          pyb::list out;
          for (size_t i = 0; i < r.transaction_count(); ++i) out.append(to_bytes(r.raw(i)));
          return out;
        },
        pyb::arg("record"), "Wire bytes of all transactions.");
  m.def("record_raw_receipts",
        [](const pyb::object& record) {
          const ReadView view(record, "record");
          const RecordView r = open(view);
          pyb::list out;
          for (size_t i = 0; i < r.transaction_count(); ++i) out.append(to_bytes(as_bytes(evm::encode_receipt(r.receipt(i)))));
          return out;
        },
        pyb::arg("record"), "Consensus encodings of all receipts.");
  m.def("record_requests",
        [](const pyb::object& record) {
          const ReadView view(record, "record");
          pyb::list out;
          for (const auto& request : open(view).requests()) out.append(to_bytes(as_bytes(request)));
          return out;
        },
        pyb::arg("record"), "EIP-7685 requests: type byte and data each.");
  m.def("record_fees", &record_fees, pyb::arg("record"), "(effective priority fee, gas used) of each transaction, in order: what eth_feeHistory weighs.");
  m.def("filter_logs", &filter_logs, pyb::arg("records"), pyb::arg("addresses"), pyb::arg("topics"), pyb::arg("limit"),
        R"(Find logs in stored blocks.

Args:
    records: block records, in order.
    addresses: 20 bytes each; none matches every address.
    topics: for each position a list of 32-byte alternatives, or None for any.
    limit: most logs to return.

Returns:
    (count, JSON array as eth_getLogs answers it).

Raises:
    Exhausted: more than `limit` match. Corrupt: a record is damaged.

Cost: one pass over each record's logs; lock released.)");
  m.def("bloom_may_match",
        [](const pyb::object& bloom, const pyb::iterable& values) {
          evm::Bloom filter;
          const auto bytes = to_fixed<256>(bloom, "bloom");
          std::memcpy(filter.b, bytes.b, 256);
          bool any = false, may = false;
          for (const pyb::handle& value : values) {
            const ReadView view(value, "values");
            any = true;
            may = may || evm::bloom_may_contain(filter, view.bytes());
          }
          return may || !any;
        },
        pyb::arg("bloom"), pyb::arg("values"), "Whether a header bloom may hold any of the addresses or topics; true for none.");
  m.def("diff_rows", &diff_rows, pyb::arg("diff"), pyb::arg("before") = false,
        R"(Rows (family, key, value or None) that bring the flat state from before a block to after it; with `before`, back again.

Raises:
    Corrupt: the diff is damaged.)");
}

}  // namespace zg::py
