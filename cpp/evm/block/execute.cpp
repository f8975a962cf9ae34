#include "evm/block/execute.hpp"

#include "common/parallel.hpp"
#include "evm/block/bloom.hpp"
#include "evm/block/codec.hpp"
#include "evm/block/header.hpp"
#include "state/trie/api.hpp"

namespace zg::evm {

namespace {

// The clock is read once in so many transactions.
constexpr size_t kClockEvery = 64;
// Accounts of so many transactions ahead are on their way from memory while this one runs: in a large state every look-up
// misses the caches twice.
constexpr size_t kAhead = 4;

// Left out of this block only: a later one may hold it.
bool may_come_later(TxError error) {
  return error == TxError::gas_limit_exceeds_block || error == TxError::blob_gas_exceeds_block || error == TxError::nonce_too_high ||
         error == TxError::fee_cap_below_base_fee || error == TxError::blob_fee_cap_too_low;
}

std::string sentence(const TxResult& result) {
  return result.error_message.empty() ? tx_error_text(result.error) : result.error_message;
}

}  // namespace

Outcome<Execution> execute_block(BlockState& state, const state::World& world, const Header& header, const ChainConfig& config, const std::vector<Candidate>& candidates,
                                 const ConsensusInputs& inputs, OnInvalid on_invalid,
                                 std::optional<std::chrono::steady_clock::time_point> stop_at) {
  const Rules rules = config.rules_at(header.timestamp);
  const BlockEnv env = block_env(header, rules);
  const uint64_t blob_gas_max = blob_schedule(rules.fork).max_gas;
  Execution out;
  out.transactions.reserve(candidates.size());
  out.raws.reserve(candidates.size());
  out.receipts.reserve(candidates.size());

  apply_block_start(state, env, rules, header.parent_hash, header.parent_beacon_block_root);
  for (size_t i = 0; i < candidates.size(); ++i) {
    const Candidate& candidate = candidates[i];
    if (stop_at && i % kClockEvery == 0 && std::chrono::steady_clock::now() >= *stop_at) break;
    if (i + 2 * kAhead < candidates.size()) {
      const Transaction& coming = *candidates[i + 2 * kAhead].tx;
      world.prefetch_index(coming.sender);
      if (coming.to) world.prefetch_index(*coming.to);
    }
    if (i + kAhead < candidates.size()) {
      const Transaction& coming = *candidates[i + kAhead].tx;
      world.prefetch_entry(coming.sender);
      if (coming.to) world.prefetch_entry(*coming.to);
    }
    TransactOptions options;
    options.block_gas_left = header.gas_limit - out.gas_used;
    options.blob_gas_left = blob_gas_max - out.blob_gas_used;
    TxResult result = transact(state, env, rules, *candidate.tx, options);
    if (result.error != TxError::none) {
      if (on_invalid == OnInvalid::refuse)
        return Failure{Status::bad_argument, "transaction " + std::to_string(out.transactions.size()) + ": " + sentence(result)};
      out.dropped.push_back({candidate.tx->hash, sentence(result)});
      if (!may_come_later(result.error)) out.unpayable.push_back(candidate.tx->hash);
      continue;
    }
    out.gas_used += result.gas_used;
    out.blob_gas_used += result.blob_gas_used;
    Receipt& receipt = out.receipts.emplace_back();
    receipt.type = candidate.tx->type;
    receipt.success = result.success;
    receipt.cumulative_gas_used = out.gas_used;
    receipt.gas_used = result.gas_used;
    receipt.logs = std::move(result.logs);
    receipt.contract_address = result.created;
    receipt.effective_gas_price = result.effective_gas_price;
    receipt.blob_gas_used = result.blob_gas_used;
    out.transactions.push_back(candidate.tx);
    out.raws.push_back(candidate.raw);
  }

  BlockEndOptions end_options;
  end_options.deposit_contract = config.deposit_contract;
  end_options.requests_required = config.requests_required;
  end_options.slashing = config.slashing_at(header.timestamp);
  end_options.bridge = config.bridge_at(header.timestamp);
  std::vector<Log> deposits;
  if (config.deposit_contract) {
    for (const Receipt& receipt : out.receipts)
      for (const Log& log : receipt.logs)
        if (log.address == *config.deposit_contract) deposits.push_back(log);
    end_options.logs = &deposits;
  }
  Outcome<BlockEnd> end = apply_block_end(state, env, rules, inputs, end_options);
  if (!end.ok()) return end.failure();
  out.end = std::move(*end);
  return out;
}

Hash32 transactions_root(const std::vector<Bytes>& raws) { return state::ordered_root(raws.data(), raws.size()); }

Hash32 withdrawals_root(const std::vector<Withdrawal>& withdrawals) {
  std::vector<std::vector<uint8_t>> encoded;
  std::vector<Bytes> views;
  for (const Withdrawal& w : withdrawals) encoded.push_back(encode_withdrawal(w));
  for (const auto& item : encoded) views.push_back(as_bytes(item));
  return state::ordered_root(views.data(), views.size());
}

Hash32 receipts_root(std::vector<Receipt>& receipts, Bloom& bloom) {
  bloom = fill_blooms(receipts);
  std::vector<std::vector<uint8_t>> encoded(receipts.size());
  std::vector<Bytes> views(receipts.size());
  parallel_for(receipts.size(), 512, [&](size_t begin, size_t end) {
    for (size_t i = begin; i < end; ++i) {
      encoded[i] = encode_receipt(receipts[i]);
      views[i] = as_bytes(encoded[i]);
    }
  });
  return state::ordered_root(views.data(), views.size());
}

}  // namespace zg::evm
