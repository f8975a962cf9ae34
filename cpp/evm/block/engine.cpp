#include "evm/block/engine.hpp"

#include <algorithm>

#include "common/parallel.hpp"
#include "evm/block/codec.hpp"
#include "evm/block/header.hpp"
#include "evm/host/bridge.hpp"
#include "hash/keccak256/api.hpp"
#include "state/diff/api.hpp"
#include "state/trie/api.hpp"

namespace zg::evm {

namespace {

Failure invalid(std::string message) { return {Status::bad_argument, std::move(message)}; }

// Archive heights, answered row by row through the caller.
class ExternalReader final : public state::Reader {
 public:
  ExternalReader(ExternalRead read, uint64_t number) : read_(std::move(read)), number_(number) {}

  bool account(const Address& address, state::Account& out) const override {
    const auto row = read_("accounts", as_bytes(address), number_);
    if (!row) return false;
    Outcome<state::Account> account = state::decode_account_row(as_bytes(*row));
    if (!account.ok()) return false;
    out = *account;
    return true;
  }
  U256 storage(const Address& address, const U256& slot) const override {
    uint8_t key[52];
    std::memcpy(key, address.b, 20);
    slot.to_be(key + 20);
    const auto row = read_("slots", {key, 52}, number_);
    if (!row) return {};
    Outcome<U256> value = state::decode_slot_row(as_bytes(*row));
    return value.ok() ? *value : U256();
  }
  bool has_storage(const Address& address) const override { return read_("has_storage", as_bytes(address), number_).has_value(); }
  state::CodePtr code(const Hash32& code_hash) const override {
    if (code_hash == state::kEmptyCodeHash) return std::make_shared<const state::Code>();
    auto code = read_("codes", as_bytes(code_hash), number_);
    return code ? std::make_shared<const state::Code>(std::move(*code)) : nullptr;
  }
  Hash32 block_hash(uint64_t number) const override {
    const auto header = read_("headers", {nullptr, 0}, number);
    return header ? keccak256::hash(as_bytes(*header)) : Hash32{};
  }

 private:
  ExternalRead read_;
  uint64_t number_;
};

template <class T>
bool differs(const char* name, const T& expected, const T& found, std::string& text) {
  if (expected == found) return false;
  const auto show = [](const T& value) {
    if constexpr (std::is_same_v<T, uint64_t>) return std::to_string(value);
    else return "0x" + to_hex(as_bytes(value));
  };
  text = std::string(name) + ": the header says " + show(found) + ", execution gives " + show(expected);
  return true;
}

}  // namespace

Engine::Engine(ChainConfig config, EngineOptions options) : config_(config), options_(options), pool_(options.pool) {
  world_.set_history_blocks(options.history_blocks);
}

// ---- life ----

Outcome<Sealed> Engine::init_genesis(const Genesis& genesis) {
  std::lock_guard lock(writer_);
  if (head()) return invalid("genesis: the engine has a head already");
  if (staged_) return invalid("a block is staged: commit or discard it first");
  if (genesis.extra_data.size() > 64 * 1024) return invalid("genesis: extra data above 64 KiB");
  BlockState state(world_);
  for (const GenesisAccount& account : genesis.accounts) {
    state.set_balance(account.address, account.balance);
    state.set_nonce(account.address, account.nonce);
    if (!account.code.empty()) state.set_code(account.address, account.code);
    for (const auto& [slot, value] : account.storage) state.set_storage(account.address, slot, value);
  }
  Header header;
  header.ommers_hash = kEmptyOmmersHash;
  header.coinbase = genesis.coinbase;
  header.transactions_root = header.receipts_root = header.withdrawals_root = state::kEmptyTrieRoot;
  header.difficulty = genesis.difficulty;
  header.gas_limit = genesis.gas_limit;
  header.timestamp = genesis.timestamp;
  header.extra_data = genesis.extra_data;
  header.prev_randao = genesis.prev_randao;
  std::memcpy(header.nonce, genesis.nonce, 8);
  header.base_fee = genesis.base_fee;
  header.blob_gas_used = genesis.blob_gas_used;
  header.excess_blob_gas = genesis.excess_blob_gas;
  if (config_.rules_at(header.timestamp).fork >= Fork::prague) header.requests_hash = requests_hash({});
  header.state_root = world_.stage(state.take_changes());
  Execution nothing;
  return finish(std::move(header), nothing, {});
}

std::optional<Failure> Engine::load_rows(state::Family family, const std::vector<std::pair<Bytes, Bytes>>& rows) {
  std::lock_guard lock(writer_);
  if (head()) return invalid("load: the engine has a head already");
  for (const auto& [key, value] : rows) {
    if (family == state::Family::accounts) {
      Outcome<state::Account> account = state::decode_account_row(value);
      if (key.size != 20 || !account.ok()) return Failure{Status::bad_encoding, "accounts: a row does not decode"};
      world_.load_account(fixed_from<20>(key.data), *account);
    } else if (family == state::Family::slots) {
      Outcome<U256> slot = state::decode_slot_row(value);
      if (key.size != 52 || !slot.ok()) return Failure{Status::bad_encoding, "slots: a row does not decode"};
      world_.load_slot(fixed_from<20>(key.data), U256::from_be(key.data + 20), *slot);
    } else {
      if (key.size != 32 || keccak256::hash(value) != fixed_from<32>(key.data))
        return Failure{Status::bad_encoding, "codes: a row's code does not hash to its key"};
      world_.load_code(std::make_shared<const state::Code>(value.data, value.data + value.size));
    }
  }
  return std::nullopt;
}

std::optional<Failure> Engine::load_finish(Bytes record, const std::vector<Hash32>& recent_hashes) {
  std::lock_guard lock(writer_);
  if (head()) return invalid("load: the engine has a head already");
  Outcome<RecordView> view = RecordView::open(record);
  if (!view.ok()) return view.failure();
  if (!check_record(record)) return Failure{Status::bad_encoding, "block record: the checksum is wrong"};
  auto head = std::make_shared<Head>(Head{view->header(), view->hash()});
  Outcome<Hash32> root = world_.build(head->header.number, head->hash);
  if (!root.ok()) return root.failure();
  if (*root != head->header.state_root)
    return Failure{Status::bad_encoding, "flat state: expected the root 0x" + to_hex(as_bytes(head->header.state_root)) + " of block " +
                                             std::to_string(head->header.number) + ", found 0x" + to_hex(as_bytes(*root))};
  for (size_t i = 0; i < recent_hashes.size(); ++i) {
    const size_t back = recent_hashes.size() - i;
    if (back <= head->header.number) world_.set_block_hash(head->header.number - back, recent_hashes[i]);
  }
  set_head(head);
  pool_.reset(world_.at(head->header.number), pool_context(head->header));
  return std::nullopt;
}

std::optional<Failure> Engine::replay(Bytes record, Bytes diff) {
  std::lock_guard lock(writer_);
  const auto parent = head();
  if (!parent && world_.memory().account_count != 0) return invalid("replay: load_finish comes first");
  Outcome<RecordView> view = RecordView::open(record);
  if (!view.ok()) return view.failure();
  if (!check_record(record)) return Failure{Status::bad_encoding, "block record: the checksum is wrong"};
  if (parent && (view->number() != parent->header.number + 1 || view->parent_hash() != parent->hash))
    return invalid("replay: block " + std::to_string(view->number()) + " does not follow the head " + std::to_string(parent->header.number));
  Outcome<state::Changes> changes = state::decode_diff(diff);
  if (!changes.ok()) return changes.failure();
  auto head = std::make_shared<Head>(Head{view->header(), view->hash()});
  const Hash32 root = world_.stage(*changes);
  if (root != head->header.state_root) {
    world_.discard();
    return Failure{Status::bad_encoding, "replay: block " + std::to_string(view->number()) + " leads to the root 0x" + to_hex(as_bytes(root)) +
                                             ", its header says 0x" + to_hex(as_bytes(head->header.state_root))};
  }
  world_.commit(head->header.number, head->hash);
  set_head(head);
  if (parent) pool_.apply_block(*changes, {}, world_.at(head->header.number), pool_context(head->header));
  else pool_.reset(world_.at(head->header.number), pool_context(head->header));
  return std::nullopt;
}

// ---- blocks ----

ConsensusInputs Engine::inputs_of(const BuildRequest& request) const {
  ConsensusInputs inputs = request.inputs;
  if (!inputs.bridge && config_.bridge_at(request.timestamp)) inputs.bridge.emplace(std::begin(kNoBridgeMessages), std::end(kNoBridgeMessages));
  return inputs;
}

Outcome<Header> Engine::next_header(const BuildRequest& request) const {
  const auto parent = head();
  if (!parent) return invalid("the engine has no head: genesis first");
  if (staged_) return invalid("a block is staged: commit or discard it first");
  const Header& above = parent->header;
  const Rules rules = config_.rules_at(request.timestamp);
  if (request.timestamp < above.timestamp || (!rules.repeated_timestamps && request.timestamp == above.timestamp))
    return invalid("timestamp: expected " + std::string(rules.repeated_timestamps ? "at least " : "above ") + std::to_string(above.timestamp) +
                   ", found " + std::to_string(request.timestamp));
  if (request.extra_data.size() > kExtraDataSizeMax) return invalid("extra data: expected at most 32 bytes");
  Header header;
  header.parent_hash = parent->hash;
  header.ommers_hash = kEmptyOmmersHash;
  header.coinbase = request.coinbase;
  header.number = above.number + 1;
  header.gas_limit = next_gas_limit(above.gas_limit, request.gas_limit.value_or(above.gas_limit), rules.gas_limit_min);
  header.timestamp = request.timestamp;
  header.extra_data = request.extra_data;
  header.prev_randao = request.prev_randao;
  header.base_fee = next_base_fee(above);
  header.excess_blob_gas = next_excess_blob_gas(above.excess_blob_gas, above.blob_gas_used, rules.fork);
  header.parent_beacon_block_root = request.parent_beacon_root;
  return header;
}

Outcome<Sealed> Engine::build(const BuildRequest& request) {
  std::lock_guard lock(writer_);
  Outcome<Header> header = next_header(request);
  if (!header.ok()) return header.failure();
  const size_t count_max = request.transactions_max == 0 ? SIZE_MAX : request.transactions_max;
  const std::vector<txpool::PooledPtr> chosen = pool_.select(header->gas_limit, header->base_fee, count_max);
  std::vector<Candidate> candidates;
  candidates.reserve(chosen.size());
  for (const txpool::PooledPtr& item : chosen) candidates.push_back({&item->tx, as_bytes(item->raw)});
  return seal(std::move(*header), candidates, inputs_of(request), OnInvalid::drop, nullptr, request.millis_max);
}

Outcome<Sealed> Engine::build_with(const std::vector<Bytes>& raws, const BuildRequest& request) {
  const std::vector<txpool::Decoded> decoded = txpool::decode_many(raws.data(), raws.size());
  std::vector<Candidate> candidates;
  for (size_t i = 0; i < raws.size(); ++i) {
    if (!decoded[i].ok()) return invalid("transaction " + std::to_string(i) + ": " + decoded[i].error);
    candidates.push_back({&decoded[i].transaction, raws[i]});
  }
  std::lock_guard lock(writer_);
  Outcome<Header> header = next_header(request);
  if (!header.ok()) return header.failure();
  return seal(std::move(*header), candidates, inputs_of(request), OnInvalid::drop, nullptr, request.millis_max);
}

Outcome<Sealed> Engine::import_block(Bytes block_rlp) {
  Outcome<DecodedBlock> block = decode_block(block_rlp);
  if (!block.ok()) return block.failure();
  // Senders that the pool has recovered before are taken from there.
  std::vector<txpool::PooledPtr> known(block->transactions.size());
  std::vector<uint8_t> digests(known.size() * 32);
  keccak256::hash_many(block->transactions.data(), known.size(), digests.data());
  std::vector<Bytes> unknown;
  for (size_t i = 0; i < known.size(); ++i) {
    known[i] = pool_.find(fixed_from<32>(digests.data() + 32 * i));
    if (!known[i]) unknown.push_back(block->transactions[i]);
  }
  const std::vector<txpool::Decoded> decoded = txpool::decode_many(unknown.data(), unknown.size());
  std::vector<Candidate> candidates;
  for (size_t i = 0, next = 0; i < known.size(); ++i) {
    const txpool::Decoded* const fresh = known[i] ? nullptr : &decoded[next++];
    if (fresh && !fresh->ok()) return invalid("transaction " + std::to_string(i) + ": " + fresh->error);
    candidates.push_back({fresh ? &fresh->transaction : &known[i]->tx, block->transactions[i]});
  }
  std::lock_guard lock(writer_);
  const auto parent = head();
  if (!parent) return invalid("the engine has no head: genesis first");
  if (staged_) return invalid("a block is staged: commit or discard it first");
  if (auto wrong = check_header(block->header, parent->header, parent->hash, config_)) return invalid(std::move(*wrong));
  return seal(block->header, candidates, block->inputs, OnInvalid::refuse, &block->header, 0);
}

Outcome<Sealed> Engine::seal(Header header, const std::vector<Candidate>& candidates, const ConsensusInputs& inputs,
                             OnInvalid on_invalid, const Header* expected, uint64_t millis_max) {
  std::optional<std::chrono::steady_clock::time_point> stop_at;
  if (millis_max != 0) stop_at = std::chrono::steady_clock::now() + std::chrono::milliseconds(millis_max);
  // The root of the transactions does not wait for their execution: most often nothing is dropped.
  BlockState state(world_);
  std::optional<Outcome<Execution>> executed;
  parallel_for(2, 1, [&](size_t begin, size_t end) {
    for (size_t piece = begin; piece < end; ++piece) {
      if (piece == 0) {
        executed.emplace(execute_block(state, world_, header, config_, candidates, inputs, on_invalid, stop_at));
      } else {
        std::vector<Bytes> raws;
        for (const Candidate& candidate : candidates) raws.push_back(candidate.raw);
        header.transactions_root = transactions_root(raws);
      }
    }
  });
  if (!executed->ok()) return executed->failure();
  Execution& execution = **executed;
  if (execution.raws.size() != candidates.size()) header.transactions_root = transactions_root(execution.raws);
  const state::Changes changes = state.take_changes();
  parallel_for(2, 1, [&](size_t begin, size_t end) {
    for (size_t piece = begin; piece < end; ++piece) {
      if (piece == 0) header.state_root = world_.stage(changes);
      else header.receipts_root = receipts_root(execution.receipts, header.bloom);
    }
  });
  header.gas_used = execution.gas_used;
  header.blob_gas_used = execution.blob_gas_used;
  header.withdrawals_root = withdrawals_root(inputs.withdrawals);
  header.requests_hash = execution.end.requests_hash;

  if (expected) {
    std::string text;
    const bool wrong =
        differs("gasUsed", header.gas_used, expected->gas_used, text) ||
        differs("blobGasUsed", header.blob_gas_used, expected->blob_gas_used, text) ||
        differs("transactionsRoot", header.transactions_root, expected->transactions_root, text) ||
        differs("withdrawalsRoot", header.withdrawals_root, expected->withdrawals_root, text) ||
        differs("receiptsRoot", header.receipts_root, expected->receipts_root, text) ||
        differs("logsBloom", fixed_from<256>(header.bloom.b), fixed_from<256>(expected->bloom.b), text) ||
        differs("requestsHash", header.requests_hash.value_or(Hash32{}), expected->requests_hash.value_or(Hash32{}), text) ||
        differs("stateRoot", header.state_root, expected->state_root, text);
    if (wrong) {
      world_.discard();
      return invalid(std::move(text));
    }
  }
  return finish(std::move(header), execution, inputs);
}

// The header is complete and the state staged: the stored forms, side by side.
Outcome<Sealed> Engine::finish(Header header, Execution& execution, const ConsensusInputs& inputs) {
  Sealed out;
  const std::vector<uint8_t> header_rlp = encode_header(header);
  out.header = std::move(header);
  out.hash = keccak256::hash(as_bytes(header_rlp));
  std::optional<Outcome<std::vector<uint8_t>>> record;
  parallel_for(2, 1, [&](size_t begin, size_t end) {
    for (size_t piece = begin; piece < end; ++piece) {
      if (piece == 0) {
        RecordParts parts;
        parts.header = &out.header;
        parts.header_rlp = as_bytes(header_rlp);
        parts.hash = out.hash;
        parts.transactions = &execution.transactions;
        parts.raws = &execution.raws;
        parts.receipts = &execution.receipts;
        parts.inputs = &inputs;
        parts.requests = &execution.end.requests;
        record.emplace(encode_record(parts));
      } else {
        out.diff = state::encode_diff(world_.staged());
      }
    }
  });
  if (!record->ok()) {
    world_.discard();
    return record->failure();
  }
  out.record = std::move(**record);
  out.transaction_hashes.reserve(execution.transactions.size());
  for (const Transaction* tx : execution.transactions) out.transaction_hashes.push_back(tx->hash);
  out.dropped = std::move(execution.dropped);
  out.failed_calls = std::move(execution.end.failed_calls);
  staged_ = Staged{std::make_shared<const Head>(Head{out.header, out.hash}), std::move(execution.unpayable)};
  return out;
}

std::optional<Failure> Engine::commit() {
  std::lock_guard lock(writer_);
  if (!staged_) return invalid("commit: no block is staged");
  const Staged staged = std::move(*staged_);
  staged_.reset();
  const bool first = head() == nullptr;
  const state::Changes changes = world_.staged();
  const Header& header = staged.head->header;
  world_.commit(header.number, staged.head->hash);
  set_head(staged.head);
  if (first) pool_.reset(world_.at(header.number), pool_context(header));
  else pool_.apply_block(changes, staged.unpayable, world_.at(header.number), pool_context(header));
  return std::nullopt;
}

void Engine::discard() {
  std::lock_guard lock(writer_);
  if (!staged_) return;
  staged_.reset();
  world_.discard();
}

txpool::PoolContext Engine::pool_context(const Header& head) const {
  txpool::PoolContext context;
  context.rules = config_.rules_at(head.timestamp);
  context.gas_limit = head.gas_limit;
  context.base_fee = next_base_fee(head);
  const Fork fork = context.rules.fork;
  context.blob_base_fee = blob_base_fee(next_excess_blob_gas(head.excess_blob_gas, head.blob_gas_used, fork), fork);
  context.blobs_max = blob_schedule(fork).max_gas / 131072;
  return context;
}

// ---- reads ----

void Engine::set_head(std::shared_ptr<const Head> head) {
  std::unique_lock lock(head_mutex_);
  recent_[head->header.number] = head;
  while (recent_.size() > options_.history_blocks + 1) recent_.erase(recent_.begin());
  head_ = std::move(head);
}

std::shared_ptr<const Head> Engine::head() const {
  std::shared_lock lock(head_mutex_);
  return head_;
}

View Engine::view(std::optional<uint64_t> number) const {
  ExternalRead external;
  View out;
  {
    std::shared_lock lock(head_mutex_);
    if (!head_) return {};
    const uint64_t wanted = number.value_or(head_->header.number);
    const auto it = recent_.find(wanted);
    if (it != recent_.end()) out.head = it->second;
    if (wanted <= head_->header.number) external = external_;
    number = wanted;
  }
  if (out.head) out.state = world_.at(*number);
  if (out.state || !external) return out;
  if (!out.head) {
    const auto header = external("headers", {nullptr, 0}, *number);
    if (!header) return {};
    Outcome<Header> decoded = decode_header(as_bytes(*header));
    if (!decoded.ok()) return {};
    out.head = std::make_shared<const Head>(Head{std::move(*decoded), keccak256::hash(as_bytes(*header))});
  }
  out.state = std::make_shared<ExternalReader>(std::move(external), *number);
  return out;
}

Outcome<state::AccountProof> Engine::prove(const Address& address, const std::vector<U256>& slots, uint64_t number) const {
  return world_.prove(address, slots, number);
}

void Engine::set_external_read(ExternalRead read) {
  std::unique_lock lock(head_mutex_);
  external_ = std::move(read);
}

}  // namespace zg::evm
