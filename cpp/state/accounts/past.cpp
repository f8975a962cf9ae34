// World::at and export_at: the state at kept heights, read beside the writer.

#include <algorithm>

#include "state/accounts/body.hpp"

namespace zg::state {

PastAccount World::Body::past_account(uint32_t entry) const {
  const AccountEntry& found = flat.entry(entry);
  PastAccount out;
  out.exists = true;
  out.account = flat.account_of(found);
  if (found.storage != kNoIndex) {
    out.storage_root = flat.storage(found.storage).root;
    out.storage_trie = flat.storage(found.storage).trie;
  }
  return out;
}

PastAccount World::Body::account_at(const Address& address, uint64_t number) const {
  if (const OldAccount* old = accounts_past.find(address, number)) return {old->existed, old->account, old->storage_root, old->storage_trie};
  const uint32_t index = flat.find(address);
  return index == kNoIndex ? PastAccount{} : past_account(index);
}

U256 World::Body::slot_at(const Address& address, const U256& slot, uint64_t number) const {
  if (const U256* old = slots_past.find({address, slot}, number)) return *old;
  const uint32_t index = flat.find(address);
  return index == kNoIndex ? U256() : flat.slot_value(flat.entry(index).storage, slot);
}

class World::PastReader final : public Reader {
 public:
  // The caller holds the shared lock: the height cannot go before it is pinned.
  PastReader(std::shared_ptr<const Body> body, uint64_t number)
      : body_(std::move(body)), number_(number), pin_(body_->pin_mutex, body_->pinned_states, number) {}

  bool account(const Address& address, Account& out) const override {
    std::shared_lock lock(body_->mutex);
    const PastAccount found = body_->account_at(address, number_);
    if (found.exists) out = found.account;
    return found.exists;
  }
  U256 storage(const Address& address, const U256& slot) const override {
    std::shared_lock lock(body_->mutex);
    return body_->slot_at(address, slot, number_);
  }
  bool has_storage(const Address& address) const override {
    std::shared_lock lock(body_->mutex);
    return body_->account_at(address, number_).storage_root != kEmptyTrieRoot;
  }
  CodePtr code(const Hash32& code_hash) const override {
    std::shared_lock lock(body_->mutex);
    return body_->flat.code(code_hash);
  }
  Hash32 block_hash(uint64_t number) const override {
    if (number > number_ || number + 256 <= number_) return {};
    std::shared_lock lock(body_->mutex);
    const auto it = body_->hashes.find(number);
    return it == body_->hashes.end() ? Hash32{} : it->second;
  }

 private:
  std::shared_ptr<const Body> body_;
  uint64_t number_;
  Pin pin_;
};

std::shared_ptr<const Reader> World::at(uint64_t number) const {
  std::shared_lock lock(body_->mutex);
  if (!body_->keeps(number)) return nullptr;
  return std::make_shared<PastReader>(body_, number);
}

namespace {
constexpr uint32_t kCellsAtOnce = 4096;  // looked at under one hold of the shared lock
}

class World::Export final : public FlatExport {
 public:
  Export(std::shared_ptr<const Body> body, uint64_t number)
      : body_(std::move(body)), number_(number), pin_(body_->pin_mutex, body_->pinned_states, number) {}

  std::vector<FlatRow> next(size_t limit) override {
    if (!collected_) collect();
    std::vector<FlatRow> rows;
    while (rows.size() < limit) {
      if (slot_next_ < slots_.size()) {
        rows.push_back(slots_[slot_next_++]);
      } else if (address_next_ < addresses_.size()) {
        open(addresses_[address_next_++], rows);
      } else {
        break;
      }
    }
    return rows;
  }

 private:
  // Every address that may exist at the height: those of now, and those that later blocks touched. The second come last, so
  // that an account which goes while this runs is still seen.
  void collect() {
    for (uint32_t begin = 0, end = 1; begin < end; begin += kCellsAtOnce) {
      std::shared_lock lock(body_->mutex);
      end = body_->flat.accounts_end();
      for (uint32_t i = begin; i < std::min(end, begin + kCellsAtOnce); ++i)
        if (body_->flat.entry(i).cell == Cell::live) addresses_.push_back(body_->flat.entry(i).address);
    }
    for (size_t begin = 0, end = 1; begin < end; begin += kCellsAtOnce) {
      std::shared_lock lock(body_->mutex);
      end = body_->accounts_past.chain_count();
      for (size_t i = begin; i < std::min(end, begin + kCellsAtOnce); ++i)
        if (!body_->accounts_past.chain(i).versions.empty()) addresses_.push_back(body_->accounts_past.chain(i).key);
    }
    std::sort(addresses_.begin(), addresses_.end());
    addresses_.erase(std::unique(addresses_.begin(), addresses_.end()), addresses_.end());
    collected_ = true;
  }

  // Every slot that has a history now, by address. Under the shared lock.
  void collect_touched() {
    touched_.clear();
    for (size_t i = 0; i < body_->slots_past.chain_count(); ++i)
      if (!body_->slots_past.chain(i).versions.empty()) touched_.push_back(body_->slots_past.chain(i).key);
    std::sort(touched_.begin(), touched_.end(), [](const SlotKey& a, const SlotKey& b) { return a.address < b.address; });
    touched_head_ = body_->head;
  }

  // The account's row, and its slots for the calls to come.
  void open(const Address& address, std::vector<FlatRow>& rows) {
    slots_.clear();
    slot_next_ = 0;
    std::shared_lock lock(body_->mutex);
    const PastAccount found = body_->account_at(address, number_);
    if (!found.exists) return;
    FlatRow row;
    row.address = address;
    row.account = found.account;
    rows.push_back(row);
    if (found.storage_root == kEmptyTrieRoot) return;
    row.is_slot = true;
    const auto add = [&](const U256& slot) {
      row.slot = slot;
      row.value = body_->slot_at(address, slot, number_);
      if (!row.value.is_zero()) slots_.push_back(row);
    };
    const uint32_t index = body_->flat.find(address);
    if (index != kNoIndex && body_->flat.entry(index).storage != kNoIndex)
      for (uint32_t s = body_->flat.storage(body_->flat.entry(index).storage).first_slot; s != kNoIndex; s = body_->flat.slot(s).next)
        add(body_->flat.slot(s).slot);
    // Slots that were set at the height and are zero now: only an account that changed since can have some.
    if (body_->accounts_past.find(address, number_) != nullptr) {
      if (!touched_head_ || body_->accounts_past.find(address, *touched_head_) != nullptr) collect_touched();
      const auto before = [](const SlotKey& a, const SlotKey& b) { return a.address < b.address; };
      const auto [first, last] = std::equal_range(touched_.begin(), touched_.end(), SlotKey{address, {}}, before);
      for (auto it = first; it != last; ++it) add(it->slot);
    }
    std::sort(slots_.begin(), slots_.end(), [](const FlatRow& a, const FlatRow& b) { return a.slot < b.slot; });
    slots_.erase(std::unique(slots_.begin(), slots_.end(), [](const FlatRow& a, const FlatRow& b) { return a.slot == b.slot; }), slots_.end());
  }

  std::shared_ptr<const Body> body_;
  uint64_t number_;
  Pin pin_;
  bool collected_ = false;
  std::vector<Address> addresses_;
  size_t address_next_ = 0;
  std::vector<SlotKey> touched_;
  std::optional<uint64_t> touched_head_;  // the head when touched_ was collected
  std::vector<FlatRow> slots_;
  size_t slot_next_ = 0;
};

std::unique_ptr<FlatExport> World::export_at(uint64_t number) const {
  std::shared_lock lock(body_->mutex);
  if (!body_->keeps(number)) return nullptr;
  return std::make_unique<Export>(body_, number);
}

uint64_t World::head() const {
  std::shared_lock lock(body_->mutex);
  return body_->head;
}

Hash32 World::head_hash() const {
  std::shared_lock lock(body_->mutex);
  const auto it = body_->hashes.find(body_->head);
  return it == body_->hashes.end() ? Hash32{} : it->second;
}

Hash32 World::root() const {
  std::shared_lock lock(body_->mutex);
  return body_->root;
}

uint64_t World::oldest() const {
  std::shared_lock lock(body_->mutex);
  return body_->oldest();
}

MemoryReport World::memory() const {
  std::shared_lock lock(body_->mutex);
  const Body& body = *body_;
  MemoryReport report;
  report.accounts_bytes = body.flat.accounts_bytes();
  report.slots_bytes = body.flat.slots_bytes();
  report.codes_bytes = body.flat.codes_bytes();
  report.trie_bytes = body.store.memory_bytes();
  report.history_bytes = body.accounts_past.memory_bytes() + body.slots_past.memory_bytes();
  for (const BlockRecord& record : body.records)
    report.history_bytes += 4 * (record.account_chains.capacity() + record.slot_chains.capacity() + record.retired.capacity());
  report.account_count = body.flat.account_count();
  report.slot_count = body.flat.slot_count();
  report.code_count = body.flat.code_count();
  return report;
}

}  // namespace zg::state
