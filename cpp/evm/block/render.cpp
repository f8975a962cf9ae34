#include "evm/block/render.hpp"

#include <algorithm>

#include "evm/block/bloom.hpp"
#include "evm/host/transact.hpp"

namespace zg::evm {

namespace {

void write_access_list(JsonWriter& out, const std::vector<AccessTuple>& list) {
  out.key("accessList");
  out.begin_array();
  for (const AccessTuple& tuple : list) {
    out.begin_object();
    out.data("address", tuple.address);
    out.key("storageKeys");
    out.begin_array();
    for (const Hash32& slot : tuple.slots) out.data(slot);
    out.end_array();
    out.end_object();
  }
  out.end_array();
}

void write_authorizations(JsonWriter& out, const std::vector<Authorization>& list) {
  out.key("authorizationList");
  out.begin_array();
  for (const Authorization& a : list) {
    out.begin_object();
    out.quantity("chainId", a.chain_id);
    out.data("address", a.address);
    out.quantity("nonce", a.nonce);
    out.quantity("yParity", uint64_t{a.y_parity});
    out.quantity("r", a.r);
    out.quantity("s", a.s);
    out.end_object();
  }
  out.end_array();
}

void write_header_fields(JsonWriter& out, const Header& h, const Hash32& hash) {
  out.quantity("number", h.number);
  out.data("hash", hash);
  out.data("parentHash", h.parent_hash);
  out.data("nonce", Bytes{h.nonce, 8});
  out.data("mixHash", h.prev_randao);
  out.data("sha3Uncles", h.ommers_hash);
  out.data("logsBloom", Bytes{h.bloom.b, 256});
  out.data("transactionsRoot", h.transactions_root);
  out.data("stateRoot", h.state_root);
  out.data("receiptsRoot", h.receipts_root);
  out.data("miner", h.coinbase);
  out.quantity("difficulty", h.difficulty);
  out.data("extraData", as_bytes(h.extra_data));
  out.quantity("gasLimit", h.gas_limit);
  out.quantity("gasUsed", h.gas_used);
  out.quantity("timestamp", h.timestamp);
  out.quantity("baseFeePerGas", h.base_fee);
  out.data("withdrawalsRoot", h.withdrawals_root);
  out.quantity("blobGasUsed", h.blob_gas_used);
  out.quantity("excessBlobGas", h.excess_blob_gas);
  out.data("parentBeaconBlockRoot", h.parent_beacon_block_root);
  if (h.requests_hash) out.data("requestsHash", *h.requests_hash);
}

// The fields that all logs and receipts of one transaction share, rendered once.
struct Shared {
  const RecordView& record;
  Hash32 block_hash;
  uint64_t number, timestamp;
  explicit Shared(const RecordView& r) : record(r), block_hash(r.hash()), number(r.number()), timestamp(r.timestamp()) {}
};

void write_log(JsonWriter& out, const Shared& shared, size_t i) {
  const LogView log = shared.record.log(i);
  out.begin_object();
  out.data("address", log.address);
  out.key("topics");
  out.begin_array();
  for (size_t at = 0; at < log.topics.size; at += 32) out.data(Bytes{log.topics.data + at, 32});
  out.end_array();
  out.data("data", log.data);
  out.quantity("blockNumber", shared.number);
  out.data("transactionHash", shared.record.transaction_hash(log.transaction_index));
  out.quantity("transactionIndex", uint64_t{log.transaction_index});
  out.data("blockHash", shared.block_hash);
  out.quantity("blockTimestamp", shared.timestamp);
  out.quantity("logIndex", uint64_t{i});
  out.key("removed");
  out.boolean(false);
  out.end_object();
}

void write_receipt(JsonWriter& out, const Shared& shared, size_t i, const Receipt& receipt, const U256& blob_price) {
  const RecordView& record = shared.record;
  const Transaction tx = record.transaction(i);
  out.begin_object();
  out.quantity("type", uint64_t{static_cast<uint8_t>(receipt.type)});
  out.quantity("status", uint64_t{receipt.success});
  out.data("transactionHash", tx.hash);
  out.quantity("transactionIndex", uint64_t{i});
  out.data("blockHash", shared.block_hash);
  out.quantity("blockNumber", shared.number);
  out.data("from", tx.sender);
  out.key("to");
  tx.to ? out.data(*tx.to) : out.null();
  out.key("contractAddress");
  receipt.contract_address ? out.data(*receipt.contract_address) : out.null();
  out.quantity("gasUsed", receipt.gas_used);
  out.quantity("cumulativeGasUsed", receipt.cumulative_gas_used);
  out.quantity("effectiveGasPrice", receipt.effective_gas_price);
  if (receipt.type == TxType::blob) {
    out.quantity("blobGasUsed", receipt.blob_gas_used);
    out.quantity("blobGasPrice", blob_price);
  }
  out.data("logsBloom", Bytes{receipt.bloom.b, 256});
  out.key("logs");
  out.begin_array();
  for (size_t k = record.first_log(i); k < record.first_log(i) + record.log_count(i); ++k) write_log(out, shared, k);
  out.end_array();
  out.end_object();
}

U256 blob_price_of(const Header& header) {
  return blob_base_fee(header.excess_blob_gas, header.requests_hash ? Fork::prague : Fork::cancun);
}

}  // namespace

void write_transaction(JsonWriter& out, const Transaction& tx, const TransactionPlace* place) {
  const bool dynamic = tx.type >= TxType::dynamic_fee;
  out.begin_object();
  out.key("blockHash");
  place ? out.data(place->block_hash) : out.null();
  out.key("blockNumber");
  place ? out.quantity(place->block_number) : out.null();
  out.key("transactionIndex");
  place ? out.quantity(place->index) : out.null();
  out.data("hash", tx.hash);
  out.quantity("type", uint64_t{static_cast<uint8_t>(tx.type)});
  out.quantity("nonce", tx.nonce);
  out.data("from", tx.sender);
  out.key("to");
  tx.to ? out.data(*tx.to) : out.null();
  out.quantity("value", tx.value);
  out.quantity("gas", tx.gas_limit);
  out.quantity("gasPrice", place ? place->effective_gas_price : tx.max_fee);
  if (dynamic) {
    out.quantity("maxFeePerGas", tx.max_fee);
    out.quantity("maxPriorityFeePerGas", tx.max_priority_fee);
  }
  out.data("input", as_bytes(tx.data));
  if (tx.chain_id) out.quantity("chainId", *tx.chain_id);
  if (tx.type != TxType::legacy) write_access_list(out, tx.access_list);
  if (tx.type == TxType::blob) {
    out.quantity("maxFeePerBlobGas", tx.max_fee_per_blob_gas);
    out.key("blobVersionedHashes");
    out.begin_array();
    for (const Hash32& hash : tx.blob_hashes) out.data(hash);
    out.end_array();
  }
  if (tx.type == TxType::set_code) write_authorizations(out, tx.authorizations);
  out.quantity("v", tx.v);
  out.quantity("r", tx.r);
  out.quantity("s", tx.s);
  if (tx.type != TxType::legacy) out.quantity("yParity", tx.v);
  out.end_object();
}

std::string header_json(const RecordView& record) {
  JsonWriter out;
  out.begin_object();
  write_header_fields(out, record.header(), record.hash());
  out.end_object();
  return out.take();
}

std::string transaction_json(const RecordView& record, size_t i) {
  JsonWriter out;
  const TransactionPlace place{record.hash(), record.number(), i, record.effective_gas_price(i)};
  write_transaction(out, record.transaction(i), &place);
  return out.take();
}

std::string block_json(const RecordView& record, bool full) {
  JsonWriter out;
  const size_t count = record.transaction_count();
  out.reserve(2500 + count * (full ? 900 : 70));
  const Hash32 hash = record.hash();
  out.begin_object();
  write_header_fields(out, record.header(), hash);
  out.quantity("size", uint64_t{record.block_rlp().size()});
  out.key("transactions");
  out.begin_array();
  for (size_t i = 0; i < count; ++i) {
    if (!full) {
      out.data(record.transaction_hash(i));
      continue;
    }
    const TransactionPlace place{hash, record.number(), i, record.effective_gas_price(i)};
    write_transaction(out, record.transaction(i), &place);
  }
  out.end_array();
  out.key("uncles");
  out.begin_array();
  out.end_array();
  out.key("withdrawals");
  out.begin_array();
  for (const Withdrawal& w : record.inputs().withdrawals) {
    out.begin_object();
    out.quantity("index", w.index);
    out.quantity("validatorIndex", w.validator_index);
    out.data("address", w.address);
    out.quantity("amount", w.amount_gwei);
    out.end_object();
  }
  out.end_array();
  out.end_object();
  return out.take();
}

std::string receipt_json(const RecordView& record, size_t i) {
  JsonWriter out;
  write_receipt(out, Shared(record), i, record.receipt(i), blob_price_of(record.header()));
  return out.take();
}

std::string receipts_json(const RecordView& record) {
  JsonWriter out;
  const Shared shared(record);
  const U256 blob_price = blob_price_of(record.header());
  out.reserve(record.transaction_count() * 1200);
  out.begin_array();
  for (size_t i = 0; i < record.transaction_count(); ++i) write_receipt(out, shared, i, record.receipt(i), blob_price);
  out.end_array();
  return out.take();
}

bool may_match(const Bloom& bloom, const LogFilter& filter) {
  const auto any = [&](const auto& values) {
    return values.empty() || std::any_of(values.begin(), values.end(), [&](const auto& v) { return bloom_may_contain(bloom, as_bytes(v)); });
  };
  return any(filter.addresses) && std::all_of(filter.topics.begin(), filter.topics.end(), any);
}

size_t write_logs(JsonWriter& out, const RecordView& record, const LogFilter& filter, size_t limit) {
  const auto contains = [](const auto& values, const uint8_t* bytes) {
    return values.empty() ||
           std::any_of(values.begin(), values.end(), [&](const auto& v) { return std::memcmp(v.b, bytes, sizeof v.b) == 0; });
  };
  const Shared shared(record);
  size_t found = 0;
  for (size_t i = 0; i < record.log_count(); ++i) {
    const LogView log = record.log(i);
    if (!contains(filter.addresses, log.address.data) || log.topics.size < 32 * filter.topics.size()) continue;
    bool all = true;
    for (size_t t = 0; all && t < filter.topics.size(); ++t) all = contains(filter.topics[t], log.topics.data + 32 * t);
    if (!all) continue;
    if (++found > limit) return found;
    write_log(out, shared, i);
  }
  return found;
}

}  // namespace zg::evm
