#include "evm/block/record.hpp"

#include "evm/block/bloom.hpp"
#include "evm/block/codec.hpp"
#include "evm/host/bridge.hpp"
#include "hash/keccak256/api.hpp"
#include "txpool/decode.hpp"

namespace zg::evm {

namespace {

constexpr uint32_t kMagic = 0x5242475a;  // "ZGBR"
constexpr uint32_t kVersion = 1;
constexpr size_t kHeadSize = 176, kRowSize = 144, kLogHeadSize = 32, kWithdrawalSize = 44, kPieceSize = 4096;

// Offsets inside the head.
enum HeadAt : size_t {
  at_magic = 0, at_version = 4, at_number = 8, at_timestamp = 16, at_hash = 24, at_parent = 56, at_counts = 88, at_sections = 104, at_slashings = 136
};
// Offsets inside a row.
enum RowAt : size_t {
  row_hash = 0, row_sender = 32, row_created = 52, row_raw = 72, row_raw_size = 76, row_first_log = 80, row_log_count = 84,
  row_gas_used = 88, row_cumulative = 96, row_price = 104, row_type = 136, row_status = 137, row_has_created = 138, row_blob_gas = 140
};

Hash32 checksum(Bytes body) {
  std::vector<Bytes> pieces;
  for (size_t at = 0; at < body.size; at += kPieceSize) pieces.push_back({body.data + at, std::min(kPieceSize, body.size - at)});
  std::vector<uint8_t> digests(pieces.size() * 32);
  keccak256::hash_many(pieces.data(), pieces.size(), digests.data());
  return keccak256::hash(as_bytes(digests));
}

void append(std::vector<uint8_t>& out, Bytes bytes) { out.insert(out.end(), bytes.data, bytes.data + bytes.size); }
void append_u32(std::vector<uint8_t>& out, size_t value) {
  uint8_t le[4];
  store_le32(le, static_cast<uint32_t>(value));
  append(out, {le, 4});
}
void append_u64(std::vector<uint8_t>& out, uint64_t value) {
  uint8_t le[8];
  store_le64(le, value);
  append(out, {le, 8});
}

}  // namespace

Outcome<std::vector<uint8_t>> encode_record(const RecordParts& p) {
  const size_t count = p.raws->size();
  size_t log_count = 0, log_size = 0, raw_size = 0;
  for (const Receipt& receipt : *p.receipts) {
    log_count += receipt.logs.size();
    for (const Log& log : receipt.logs) log_size += kLogHeadSize + 32 * log.topics.size() + log.data.size();
  }
  for (const Bytes& raw : *p.raws) raw_size += raw.size;
  const size_t total = kHeadSize + p.header_rlp.size + count * kRowSize + (log_count + 1) * 4 + log_size + raw_size;
  if (total > UINT32_MAX - (64u << 20)) return Failure{Status::bad_argument, "block record: above 4 GiB"};

  std::vector<uint8_t> out(kHeadSize);
  out.reserve(total + 4096);
  uint8_t* head = out.data();
  store_le32(head + at_magic, kMagic);
  store_le32(head + at_version, kVersion);
  store_le64(head + at_number, p.header->number);
  store_le64(head + at_timestamp, p.header->timestamp);
  std::memcpy(head + at_hash, p.hash.b, 32);
  std::memcpy(head + at_parent, p.header->parent_hash.b, 32);
  const size_t counts[4] = {count, log_count, p.inputs->withdrawals.size(), p.requests->size()};
  for (size_t i = 0; i < 4; ++i) store_le32(head + at_counts + 4 * i, static_cast<uint32_t>(counts[i]));
  store_le32(head + at_slashings, static_cast<uint32_t>(p.inputs->slashings.size()));
  size_t section = 0;
  const auto begin_section = [&] { store_le32(out.data() + at_sections + 4 * section++, static_cast<uint32_t>(out.size())); };

  begin_section();
  append(out, p.header_rlp);
  begin_section();
  uint32_t raw_at = 0, log_at = 0;
  for (size_t i = 0; i < count; ++i) {
    const Transaction& tx = *(*p.transactions)[i];
    const Receipt& receipt = (*p.receipts)[i];
    uint8_t row[kRowSize] = {};
    std::memcpy(row + row_hash, tx.hash.b, 32);
    std::memcpy(row + row_sender, tx.sender.b, 20);
    if (receipt.contract_address) std::memcpy(row + row_created, receipt.contract_address->b, 20);
    store_le32(row + row_raw, raw_at);
    store_le32(row + row_raw_size, static_cast<uint32_t>((*p.raws)[i].size));
    store_le32(row + row_first_log, log_at);
    store_le32(row + row_log_count, static_cast<uint32_t>(receipt.logs.size()));
    store_le64(row + row_gas_used, receipt.gas_used);
    store_le64(row + row_cumulative, receipt.cumulative_gas_used);
    receipt.effective_gas_price.to_be(row + row_price);
    row[row_type] = static_cast<uint8_t>(receipt.type);
    row[row_status] = receipt.success;
    row[row_has_created] = receipt.contract_address.has_value();
    store_le32(row + row_blob_gas, static_cast<uint32_t>(receipt.blob_gas_used));
    append(out, {row, kRowSize});
    raw_at += static_cast<uint32_t>((*p.raws)[i].size);
    log_at += static_cast<uint32_t>(receipt.logs.size());
  }
  begin_section();
  size_t log_offset = 0;
  for (const Receipt& receipt : *p.receipts) {
    for (const Log& log : receipt.logs) {
      append_u32(out, log_offset);
      log_offset += kLogHeadSize + 32 * log.topics.size() + log.data.size();
    }
  }
  append_u32(out, log_offset);
  begin_section();
  for (size_t i = 0; i < count; ++i) {
    for (const Log& log : (*p.receipts)[i].logs) {
      append_u32(out, i);
      append_u32(out, log.topics.size());
      append(out, as_bytes(log.address));
      append_u32(out, log.data.size());
      for (const Hash32& topic : log.topics) append(out, as_bytes(topic));
      append(out, as_bytes(log.data));
    }
  }
  begin_section();
  for (const Bytes& raw : *p.raws) append(out, raw);
  begin_section();
  for (const std::vector<Withdrawal>* list : {&p.inputs->withdrawals, &p.inputs->slashings}) {
    for (const Withdrawal& w : *list) {
      append_u64(out, w.index);
      append_u64(out, w.validator_index);
      append(out, as_bytes(w.address));
      append_u64(out, w.amount_gwei);
    }
  }
  begin_section();
  for (const std::vector<uint8_t>& request : *p.requests) {
    append_u32(out, request.size());
    append(out, as_bytes(request));
  }
  begin_section();
  if (out.size() > UINT32_MAX - 32) return Failure{Status::bad_argument, "block record: above 4 GiB"};
  append(out, as_bytes(checksum(as_bytes(out))));
  return out;
}

bool check_record(Bytes record) {
  if (record.size < kHeadSize + 32) return false;
  const Hash32 sum = checksum({record.data, record.size - 32});
  return std::memcmp(sum.b, record.data + record.size - 32, 32) == 0;
}

Outcome<RecordView> RecordView::open(Bytes record) {
  const Failure broken{Status::bad_encoding, "block record: damaged or of an unknown version"};
  if (record.size < kHeadSize + 32 || record.size > UINT32_MAX) return broken;
  if (load_le32(record.data + at_magic) != kMagic || load_le32(record.data + at_version) != kVersion) return broken;
  RecordView view;
  view.all_ = record;
  const auto count = [&](size_t i) { return size_t{load_le32(record.data + at_counts + 4 * i)}; };
  view.transaction_count_ = count(0);
  view.log_count_ = count(1);
  view.withdrawal_count_ = count(2);
  view.request_count_ = count(3);
  view.slashing_count_ = load_le32(record.data + at_slashings);
  uint32_t* const sections[8] = {&view.header_at_, &view.rows_at_, &view.log_offsets_at_, &view.logs_at_, &view.raws_at_,
                                 &view.withdrawals_at_, &view.requests_at_, &view.end_};
  uint32_t last = kHeadSize;
  for (size_t i = 0; i < 8; ++i) {
    *sections[i] = load_le32(record.data + at_sections + 4 * i);
    if (*sections[i] < last) return broken;
    last = *sections[i];
  }
  if (size_t{view.end_} + 32 != record.size || !view.sections_stand()) return broken;
  return view;
}

bool RecordView::sections_stand() const {
  if (log_offsets_at_ - rows_at_ != transaction_count_ * kRowSize) return false;
  if (logs_at_ - log_offsets_at_ != (log_count_ + 1) * 4) return false;
  if (requests_at_ - withdrawals_at_ != (withdrawal_count_ + slashing_count_) * kWithdrawalSize) return false;
  size_t raw_at = 0, log_at = 0;
  for (size_t i = 0; i < transaction_count_; ++i) {
    if (load_le32(row(i) + row_raw) != raw_at || load_le32(row(i) + row_first_log) != log_at) return false;
    raw_at += load_le32(row(i) + row_raw_size);
    log_at += load_le32(row(i) + row_log_count);
  }
  if (raw_at != withdrawals_at_ - raws_at_ || log_at != log_count_) return false;
  const uint8_t* const offsets = all_.data + log_offsets_at_;
  size_t expected = 0;
  const size_t logs_size = raws_at_ - logs_at_;
  for (size_t i = 0; i < log_count_; ++i) {
    if (load_le32(offsets + 4 * i) != expected || expected + kLogHeadSize > logs_size) return false;
    const uint8_t* const log = all_.data + logs_at_ + expected;
    const size_t topics = load_le32(log + 4);
    if (topics > 4 || load_le32(log) >= transaction_count_) return false;
    expected += kLogHeadSize + 32 * topics + load_le32(log + 28);
  }
  if (load_le32(offsets + 4 * log_count_) != expected || expected != logs_size) return false;
  size_t at = requests_at_;
  for (size_t i = 0; i < request_count_; ++i) {
    if (end_ - at < 4) return false;
    const size_t size = load_le32(all_.data + at);
    at += 4;
    if (end_ - at < size) return false;
    at += size;
  }
  return at == end_;
}

const uint8_t* RecordView::row(size_t i) const { return all_.data + rows_at_ + i * kRowSize; }
uint64_t RecordView::number() const { return load_le64(all_.data + at_number); }
uint64_t RecordView::timestamp() const { return load_le64(all_.data + at_timestamp); }
Hash32 RecordView::hash() const { return fixed_from<32>(all_.data + at_hash); }
Hash32 RecordView::parent_hash() const { return fixed_from<32>(all_.data + at_parent); }
Bytes RecordView::header_rlp() const { return {all_.data + header_at_, rows_at_ - header_at_}; }

Header RecordView::header() const {
  Outcome<Header> header = decode_header(header_rlp());
  return header.ok() ? std::move(*header) : Header{};
}

Bytes RecordView::raw(size_t i) const { return {all_.data + raws_at_ + load_le32(row(i) + row_raw), load_le32(row(i) + row_raw_size)}; }
Hash32 RecordView::transaction_hash(size_t i) const { return fixed_from<32>(row(i) + row_hash); }
Address RecordView::sender(size_t i) const { return fixed_from<20>(row(i) + row_sender); }
uint64_t RecordView::gas_used(size_t i) const { return load_le64(row(i) + row_gas_used); }
U256 RecordView::effective_gas_price(size_t i) const { return U256::from_be(row(i) + row_price); }
size_t RecordView::first_log(size_t i) const { return load_le32(row(i) + row_first_log); }
size_t RecordView::log_count(size_t i) const { return load_le32(row(i) + row_log_count); }

Transaction RecordView::transaction(size_t i) const {
  Outcome<Transaction> tx = txpool::decode_transaction(raw(i));
  Transaction out = tx.ok() ? std::move(*tx) : Transaction{};
  out.hash = transaction_hash(i);
  out.sender = sender(i);
  return out;
}

Receipt RecordView::receipt(size_t i) const {
  const uint8_t* const r = row(i);
  Receipt receipt;
  receipt.type = static_cast<TxType>(r[row_type]);
  receipt.success = r[row_status] != 0;
  receipt.cumulative_gas_used = load_le64(r + row_cumulative);
  receipt.gas_used = gas_used(i);
  receipt.effective_gas_price = effective_gas_price(i);
  receipt.blob_gas_used = load_le32(r + row_blob_gas);
  if (r[row_has_created]) receipt.contract_address = fixed_from<20>(r + row_created);
  for (size_t k = first_log(i); k < first_log(i) + log_count(i); ++k) {
    const LogView view = log(k);
    Log& entry = receipt.logs.emplace_back();
    entry.address = fixed_from<20>(view.address.data);
    for (size_t t = 0; t < view.topics.size; t += 32) entry.topics.push_back(fixed_from<32>(view.topics.data + t));
    entry.data.assign(view.data.data, view.data.data + view.data.size);
  }
  receipt.bloom = bloom_of(receipt.logs);
  return receipt;
}

LogView RecordView::log(size_t i) const {
  const uint8_t* const at = all_.data + logs_at_ + load_le32(all_.data + log_offsets_at_ + 4 * i);
  const size_t topics = load_le32(at + 4);
  return {load_le32(at), {at + 8, 20}, {at + kLogHeadSize, 32 * topics}, {at + kLogHeadSize + 32 * topics, load_le32(at + 28)}};
}

ConsensusInputs RecordView::inputs() const {
  ConsensusInputs out;
  const uint8_t* at = all_.data + withdrawals_at_;
  for (size_t i = 0; i < withdrawal_count_ + slashing_count_; ++i, at += kWithdrawalSize) {
    Withdrawal& w = (i < withdrawal_count_ ? out.withdrawals : out.slashings).emplace_back();
    w.index = load_le64(at);
    w.validator_index = load_le64(at + 8);
    w.address = fixed_from<20>(at + 16);
    w.amount_gwei = load_le64(at + 36);
  }
  const std::vector<std::vector<uint8_t>> all = requests();
  if (!all.empty() && !all.back().empty() && all.back()[0] == kBridgeRequestType) out.bridge.emplace(all.back().begin() + 1, all.back().end());
  return out;
}

std::vector<std::vector<uint8_t>> RecordView::requests() const {
  std::vector<std::vector<uint8_t>> out;
  const uint8_t* at = all_.data + requests_at_;
  for (size_t i = 0; i < request_count_; ++i) {
    const size_t size = load_le32(at);
    out.emplace_back(at + 4, at + 4 + size);
    at += 4 + size;
  }
  return out;
}

std::vector<uint8_t> RecordView::block_rlp() const {
  std::vector<Bytes> raws;
  for (size_t i = 0; i < transaction_count_; ++i) raws.push_back(raw(i));
  return encode_block(header_rlp(), raws, inputs());
}

}  // namespace zg::evm
