// Blocks, transactions, receipts and logs as geth's JSON-RPC shows them.
#pragma once

#include <optional>
#include <vector>

#include "common/status.hpp"
#include "evm/block/json.hpp"
#include "evm/block/record.hpp"

namespace zg::evm {

// Where a mined transaction stands. Without it a transaction is rendered as pending.
struct TransactionPlace {
  Hash32 block_hash{};
  uint64_t block_number = 0, index = 0;
  U256 effective_gas_price;
};

void write_transaction(JsonWriter& out, const Transaction& tx, const TransactionPlace* place);

// eth_getBlockBy…: header fields, size, transactions (hashes, or whole when `full`), uncles, withdrawals.
std::string block_json(const RecordView& record, bool full);
// Header fields alone (newHeads).
std::string header_json(const RecordView& record);
std::string transaction_json(const RecordView& record, size_t i);
std::string receipt_json(const RecordView& record, size_t i);
std::string receipts_json(const RecordView& record);

// What eth_getLogs asks: any of the addresses (none: all), and at each position any of the topics (none: any topic).
struct LogFilter {
  std::vector<Address> addresses;
  std::vector<std::vector<Hash32>> topics;
};

// Appends the record's matching logs to an open array; stops at `limit` and returns how many it appended, or limit + 1
// when there are more.
size_t write_logs(JsonWriter& out, const RecordView& record, const LogFilter& filter, size_t limit);

// False when the header's bloom rules out any match.
bool may_match(const Bloom& bloom, const LogFilter& filter);

}  // namespace zg::evm
