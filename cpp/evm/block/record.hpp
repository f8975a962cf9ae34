// The stored form of one block: everything that RPC may ask of it, laid out so that one transaction, receipt or log is
// reached without decoding the rest.
//
// Layout, version 1, little-endian, offsets from the start of the record:
//
//   head (176 bytes)   magic "ZGBR", version, number, timestamp, hash, parent hash, counts, section offsets
//   header             RLP
//   rows               144 bytes a transaction: hash, sender, created address, where its bytes and logs lie, gas, price, status
//   log offsets        u32 a log and one more: where each begins, relative to the log section
//   logs               transaction index, address, topics, data
//   raws               the transactions' wire bytes, back to back
//   withdrawals        44 bytes each; then the slashings, likewise (their count is in the head; 0 in older records)
//   requests           u32 size and bytes each (EIP-7685)
//   checksum           keccak256 over the keccak256 of each 4 KiB piece before it
//
// A record is written once. open() checks every offset, so a view never reads outside; check_record() checks the sum.
#pragma once

#include <vector>

#include "common/status.hpp"
#include "evm/types.hpp"

namespace zg::evm {

// What a record is made of. Views are borrowed for the call.
struct RecordParts {
  const Header* header = nullptr;
  Bytes header_rlp{};
  Hash32 hash{};
  const std::vector<const Transaction*>* transactions = nullptr;
  const std::vector<Bytes>* raws = nullptr;
  const std::vector<Receipt>* receipts = nullptr;
  const ConsensusInputs* inputs = nullptr;  // the bridge's part is read from `requests`
  const std::vector<std::vector<uint8_t>>* requests = nullptr;
};

// bad_argument when the record would pass 4 GiB.
Outcome<std::vector<uint8_t>> encode_record(const RecordParts& parts);

struct LogView {
  uint32_t transaction_index = 0;
  Bytes address{}, topics{}, data{};  // topics: 32 bytes each
};

// A record seen in place; borrows its bytes.
class RecordView {
 public:
  // bad_encoding when the bytes are not a whole record of a known version.
  static Outcome<RecordView> open(Bytes record);

  uint64_t number() const;
  uint64_t timestamp() const;
  Hash32 hash() const;
  Hash32 parent_hash() const;
  Bytes header_rlp() const;
  Header header() const;

  size_t transaction_count() const { return transaction_count_; }
  Bytes raw(size_t i) const;
  Hash32 transaction_hash(size_t i) const;
  Address sender(size_t i) const;
  Transaction transaction(size_t i) const;  // decoded, with sender; authorities are not recovered
  Receipt receipt(size_t i) const;          // with bloom
  uint64_t gas_used(size_t i) const;
  U256 effective_gas_price(size_t i) const;
  size_t first_log(size_t i) const;
  size_t log_count(size_t i) const;

  size_t log_count() const { return log_count_; }
  LogView log(size_t i) const;

  ConsensusInputs inputs() const;
  std::vector<std::vector<uint8_t>> requests() const;
  std::vector<uint8_t> block_rlp() const;

 private:
  const uint8_t* row(size_t i) const;
  bool sections_stand() const;

  Bytes all_{};
  size_t transaction_count_ = 0, log_count_ = 0, withdrawal_count_ = 0, slashing_count_ = 0, request_count_ = 0;
  uint32_t header_at_ = 0, rows_at_ = 0, log_offsets_at_ = 0, logs_at_ = 0, raws_at_ = 0, withdrawals_at_ = 0, requests_at_ = 0,
           end_ = 0;
};

// True when the checksum at the record's end is right.
bool check_record(Bytes record);

}  // namespace zg::evm
