// World::stage, commit and discard.

#include <algorithm>
#include <stdexcept>

#include "state/accounts/body.hpp"

namespace zg::state {

namespace {

constexpr size_t kLockedMax = 512;  // keys written under one hold of the exclusive lock

void require(bool holds, const char* what) {
  if (!holds) throw std::logic_error(what);
}

bool by_address(const AccountChange& a, const AccountChange& b) { return a.address < b.address; }
bool by_slot(const SlotChange& a, const SlotChange& b) { return a.slot < b.slot; }

}  // namespace

// Makes `staged` of the changes: true old values, every cleared slot by name (so nothing is marked as cleared any more: a
// slot that was cleared and set to its old value is not in the list), nothing that stays as it is.
void World::Body::complete(const Changes& changes) {
  constexpr size_t kAhead = 8;
  staged = {};
  staged.codes = changes.codes;
  staged.accounts.reserve(changes.accounts.size());
  staged_accounts.clear();
  for (size_t i = 0; i < changes.accounts.size(); ++i) {
    if (i + 2 * kAhead < changes.accounts.size()) flat.prefetch_index(changes.accounts[i + 2 * kAhead].address);
    if (i + kAhead < changes.accounts.size()) flat.prefetch_entry(changes.accounts[i + kAhead].address);
    const AccountChange& wanted = changes.accounts[i];
    require(i == 0 || by_address(changes.accounts[i - 1], wanted), "changes: addresses do not ascend");
    const uint32_t found = flat.find(wanted.address);
    AccountChange change;
    change.address = wanted.address;
    change.existed = found != kNoIndex;
    change.exists = wanted.exists;
    if (wanted.exists) change.after = wanted.after;
    uint32_t storage = kNoIndex;
    if (change.existed) {
      change.before = flat.account_of(flat.entry(found));
      storage = flat.entry(found).storage;
    }
    const bool clears = storage != kNoIndex && (wanted.storage_cleared || !wanted.exists);
    change.slots.reserve(wanted.slots.size());
    for (const SlotChange& slot : wanted.slots) {
      const U256 after = wanted.exists ? slot.after : U256();
      const U256 before = flat.slot_value(storage, slot.slot);
      // While clearing, unchanged slots stay in the list until the rest is found.
      if (before != after || clears) change.slots.push_back({slot.slot, before, after});
    }
    if (!std::is_sorted(change.slots.begin(), change.slots.end(), by_slot)) std::sort(change.slots.begin(), change.slots.end(), by_slot);
    for (size_t s = 1; s < change.slots.size(); ++s) require(by_slot(change.slots[s - 1], change.slots[s]), "changes: a slot is listed twice");
    if (clears) {
      const size_t listed = change.slots.size();
      for (uint32_t s = flat.storage(storage).first_slot; s != kNoIndex; s = flat.slot(s).next) {
        const SlotChange gone{flat.slot(s).slot, flat.slot(s).value, U256()};
        if (!std::binary_search(change.slots.begin(), change.slots.begin() + static_cast<ptrdiff_t>(listed), gone, by_slot))
          change.slots.push_back(gone);
      }
      std::erase_if(change.slots, [](const SlotChange& slot) { return slot.before == slot.after; });
      std::sort(change.slots.begin(), change.slots.end(), by_slot);
    }
    const bool same = change.existed == change.exists && (!change.exists || change.before == change.after);
    if (same && change.slots.empty()) continue;
    StagedAccount target{found, !change.slots.empty(), kNoNode, kEmptyTrieRoot};
    if (storage != kNoIndex) {
      target.storage_trie = flat.storage(storage).trie;
      target.storage_root = flat.storage(storage).root;
    }
    staged.accounts.push_back(std::move(change));
    staged_accounts.push_back(target);
  }
}

void World::Body::stage_storages() {
  LeafItems leaves(32);
  for (const AccountChange& change : staged.accounts)
    for (const SlotChange& slot : change.slots) leaves.add_slot(slot.slot, slot.after);
  if (leaves.count() == 0) return;
  const std::vector<TrieItem> all = leaves.items();
  std::vector<TrieItem> items;
  size_t next = 0;
  for (size_t i = 0; i < staged.accounts.size(); ++i) {
    if (!staged_accounts[i].storage_changed) continue;
    const size_t count = staged.accounts[i].slots.size();
    items.assign(all.begin() + static_cast<ptrdiff_t>(next), all.begin() + static_cast<ptrdiff_t>(next + count));
    next += count;
    sort_items(items);
    StagedAccount& target = staged_accounts[i];
    target.storage_trie = batch.update(target.storage_trie, items.data(), count, &target.storage_root);
    if (target.storage_trie == kNoNode) target.storage_root = kEmptyTrieRoot;
  }
  batch.hash();
}

void World::Body::stage_accounts() {
  LeafItems leaves(20);
  std::vector<uint8_t> leaf;
  for (size_t i = 0; i < staged.accounts.size(); ++i) {
    const AccountChange& change = staged.accounts[i];
    leaf.clear();
    if (change.exists) encode_account_leaf(change.after, staged_accounts[i].storage_root, leaf);
    leaves.add(change.address.b, as_bytes(leaf));
  }
  std::vector<TrieItem> items = leaves.items();
  sort_items(items);
  next_root = root;
  next_trie = batch.update(trie, items.data(), items.size(), &next_root);
  batch.hash();
  if (next_trie == kNoNode) next_root = kEmptyTrieRoot;
}

Hash32 World::stage(const Changes& changes) {
  Body& body = *body_;
  require(!body.is_staged, "stage: something is staged");
  for (const NewCode& code : changes.codes) require(code.code != nullptr, "stage: new code is null");
  body.complete(changes);
  body.stage_storages();
  body.stage_accounts();
  body.is_staged = true;
  return body.next_root;
}

const Changes& World::staged() const { return body_->staged; }

void World::discard() {
  body_->batch.drop();
  body_->staged = {};
  body_->staged_accounts.clear();
  body_->is_staged = false;
}

void World::Body::push_history(BlockRecord& record) {
  size_t pushed = 0;
  std::unique_lock lock(mutex);
  const auto breathe = [&] {
    if (++pushed % kLockedMax != 0) return;
    lock.unlock();
    lock.lock();
  };
  for (size_t i = 0; i < staged.accounts.size(); ++i) {
    const AccountChange& change = staged.accounts[i];
    OldAccount old{change.existed, change.before, kEmptyTrieRoot, kNoNode};
    if (change.existed) {
      const PastAccount now = past_account(staged_accounts[i].entry);
      old.storage_root = now.storage_root;
      old.storage_trie = now.storage_trie;
    }
    record.account_chains.push_back(accounts_past.push(change.address, record.number, old));
    breathe();
    for (const SlotChange& slot : change.slots) {
      record.slot_chains.push_back(slots_past.push({change.address, slot.slot}, record.number, slot.before));
      breathe();
    }
  }
}

void World::Body::apply_flat() {
  size_t written = 0;
  std::unique_lock lock(mutex);
  const auto breathe = [&] {
    if (++written % kLockedMax != 0) return;
    lock.unlock();
    lock.lock();
  };
  for (const NewCode& code : staged.codes) flat.add_code(code.code_hash, code.code);
  for (size_t i = 0; i < staged.accounts.size(); ++i) {
    const AccountChange& change = staged.accounts[i];
    const StagedAccount& target = staged_accounts[i];
    uint32_t index = target.entry;
    if (index == kNoIndex) index = flat.add(change.address);
    AccountEntry& entry = flat.entry(index);
    if (change.exists) flat.set_account(entry, change.after);
    if (target.storage_changed) {
      flat.open_storage(entry);
      for (const SlotChange& slot : change.slots) {
        flat.set_slot(entry.storage, slot.slot, slot.after);
        breathe();
      }
      StorageEntry& storage = flat.storage(entry.storage);
      storage.trie = target.storage_trie;
      storage.root = target.storage_root;
      flat.close_storage(entry);
    }
    if (!change.exists) flat.remove(index);
    breathe();
  }
}

// Drops what no kept height needs: whole records beyond the history, and tries beyond their memory.
void World::Body::trim() {
  std::vector<BlockRecord> gone;
  std::vector<Link> released;
  {
    std::unique_lock lock(mutex);
    std::lock_guard pins(pin_mutex);
    const uint64_t state_floor = pinned_states.empty() ? UINT64_MAX : *pinned_states.begin();
    const uint64_t trie_floor = pinned_tries.empty() ? UINT64_MAX : *pinned_tries.begin();
    while (records.size() > history_blocks && state_floor >= records.front().number && trie_floor >= records.front().number) {
      retired_bytes -= records.front().retired_bytes;
      gone.push_back(std::move(records.front()));
      records.pop_front();
    }
    for (BlockRecord& record : records) {
      if (retired_bytes <= proof_bytes || trie_floor < record.number) break;
      if (!record.tries_kept) continue;
      retired_bytes -= record.retired_bytes;
      record.retired_bytes = 0;
      record.tries_kept = false;
      released.insert(released.end(), record.retired.begin(), record.retired.end());
      std::vector<Link>().swap(record.retired);
    }
  }
  store.release(released);
  for (BlockRecord& record : gone) forget(record);
}

void World::Body::forget(BlockRecord& record) {
  store.release(record.retired);
  const auto pop_all = [&](auto& history, const std::vector<uint32_t>& chains) {
    for (size_t begin = 0; begin < chains.size(); begin += kLockedMax) {
      std::unique_lock lock(mutex);
      for (size_t i = begin; i < std::min(chains.size(), begin + kLockedMax); ++i) history.pop(chains[i]);
    }
  };
  pop_all(accounts_past, record.account_chains);
  pop_all(slots_past, record.slot_chains);
}

void World::commit(uint64_t number, const Hash32& block_hash) {
  Body& body = *body_;
  require(body.is_staged, "commit: nothing is staged");
  require(!body.has_head || number == body.head + 1, "commit: not the block after the head");
  BlockRecord record{number, body.trie, body.root, {}, {}, {}, 0, true};
  body.batch.keep(record.retired);
  for (const Link link : record.retired) record.retired_bytes += body.store.node_bytes(link);
  // First the old values, then the new: at every moment each kept height reads as it was.
  if (body.has_head) body.push_history(record);
  body.apply_flat();
  {
    std::unique_lock lock(body.mutex);
    if (body.has_head) {
      body.retired_bytes += record.retired_bytes;
      body.records.push_back(std::move(record));
    } else {
      body.store.release(record.retired);
    }
    body.has_head = true;
    body.head = number;
    body.trie = body.next_trie;
    body.root = body.next_root;
    body.hashes[number] = block_hash;
    const uint64_t first = body.oldest() < 256 ? 0 : body.oldest() - 255;
    body.hashes.erase(body.hashes.begin(), body.hashes.lower_bound(first));
  }
  body.trim();
  body.staged = {};
  body.staged_accounts.clear();
  body.is_staged = false;
}

}  // namespace zg::state
