// World: loading, building, and reading at the head. stage.cpp changes it, past.cpp and prove.cpp look back.

#include "state/accounts/world.hpp"

#include <algorithm>

#include "hash/keccak256/api.hpp"
#include "state/accounts/body.hpp"

namespace zg::state {

World::World() : body_(std::make_shared<Body>()) {}
World::~World() = default;

void World::load_account(const Address& address, const Account& account) {
  Flat& flat = body_->flat;
  uint32_t index = flat.find(address);
  if (index == kNoIndex) index = flat.add(address);
  flat.entry(index).cell = Cell::live;
  flat.set_account(flat.entry(index), account);
}

void World::load_slot(const Address& address, const U256& slot, const U256& value) {
  if (value.is_zero()) return;
  Flat& flat = body_->flat;
  uint32_t index = flat.find(address);
  if (index == kNoIndex) {
    index = flat.add(address);
    flat.entry(index).cell = Cell::awaited;
  }
  AccountEntry& entry = flat.entry(index);
  flat.open_storage(entry);
  flat.set_slot(entry.storage, slot, value);
}

void World::load_code(CodePtr code) {
  const Hash32 hash = keccak256::hash(as_bytes(*code));
  body_->flat.add_code(hash, std::move(code));
}

namespace {

constexpr size_t kSlotsAtOnce = 1 << 18;
constexpr size_t kAccountsAtOnce = 1 << 20;

// Storage tries of the accounts in [begin, end), or of fewer when they have many slots; returns where it stopped.
uint32_t build_storages(Flat& flat, Batch& batch, uint32_t begin, uint32_t end) {
  LeafItems leaves(32);
  uint32_t stop = begin;
  for (; stop < end && leaves.count() < kSlotsAtOnce; ++stop) {
    const AccountEntry& entry = flat.entry(stop);
    if (entry.cell == Cell::free || entry.storage == kNoIndex) continue;
    for (uint32_t s = flat.storage(entry.storage).first_slot; s != kNoIndex; s = flat.slot(s).next)
      leaves.add_slot(flat.slot(s).slot, flat.slot(s).value);
  }
  if (leaves.count() == 0) return stop;
  const std::vector<TrieItem> all = leaves.items();
  std::vector<TrieItem> items;
  size_t next = 0;
  for (uint32_t i = begin; i < stop; ++i) {
    const AccountEntry& entry = flat.entry(i);
    if (entry.cell == Cell::free || entry.storage == kNoIndex) continue;
    StorageEntry& storage = flat.storage(entry.storage);
    const auto first = all.begin() + static_cast<ptrdiff_t>(next);
    items.assign(first, first + storage.slot_count);
    next += storage.slot_count;
    sort_items(items);
    storage.trie = batch.update(kNoNode, items.data(), items.size(), &storage.root);
  }
  batch.hash();
  return stop;
}

}  // namespace

Outcome<Hash32> World::build(uint64_t number, const Hash32& block_hash) {
  Body& body = *body_;
  Flat& flat = body.flat;
  const uint32_t end = flat.accounts_end();
  for (uint32_t i = 0; i < end; ++i)
    if (flat.entry(i).cell == Cell::awaited)
      return Failure{Status::bad_argument, "state: slots without an account at 0x" + to_hex(as_bytes(flat.entry(i).address))};
  std::vector<Link> retired;
  for (uint32_t i = 0; i < end;) {
    i = build_storages(flat, body.batch, i, end);
    body.batch.keep(retired);
  }
  std::vector<uint8_t> leaf;
  for (uint32_t i = 0; i < end;) {
    LeafItems leaves(20);
    for (; i < end && leaves.count() < kAccountsAtOnce; ++i) {
      const AccountEntry& entry = flat.entry(i);
      if (entry.cell == Cell::free) continue;
      encode_account_leaf(flat.account_of(entry), body.past_account(i).storage_root, leaf);
      leaves.add(entry.address.b, as_bytes(leaf));
    }
    std::vector<TrieItem> items = leaves.items();
    sort_items(items);
    body.trie = body.batch.update(body.trie, items.data(), items.size(), &body.root);
    body.batch.hash();
    body.batch.keep(retired);
    body.store.release(retired);
    retired.clear();
  }
  std::unique_lock lock(body.mutex);
  body.has_head = true;
  body.head = number;
  body.hashes[number] = block_hash;
  return body.root;
}

void World::set_block_hash(uint64_t number, const Hash32& hash) {
  std::unique_lock lock(body_->mutex);
  body_->hashes[number] = hash;
}
void World::set_history_blocks(size_t count) { body_->history_blocks = count; }
void World::set_proof_memory(size_t size_bytes) { body_->proof_bytes = size_bytes; }

void World::prefetch_index(const Address& address) const { body_->flat.prefetch_index(address); }
void World::prefetch_entry(const Address& address) const { body_->flat.prefetch_entry(address); }

bool World::account(const Address& address, Account& out) const {
  const uint32_t index = body_->flat.find(address);
  if (index == kNoIndex) return false;
  out = body_->flat.account_of(body_->flat.entry(index));
  return true;
}

U256 World::storage(const Address& address, const U256& slot) const {
  const uint32_t index = body_->flat.find(address);
  return index == kNoIndex ? U256() : body_->flat.slot_value(body_->flat.entry(index).storage, slot);
}

bool World::has_storage(const Address& address) const {
  const uint32_t index = body_->flat.find(address);
  return index != kNoIndex && body_->flat.entry(index).storage != kNoIndex;
}

CodePtr World::code(const Hash32& code_hash) const { return body_->flat.code(code_hash); }

Hash32 World::block_hash(uint64_t number) const {
  if (number > body_->head || number + 256 <= body_->head) return {};
  const auto it = body_->hashes.find(number);
  return it == body_->hashes.end() ? Hash32{} : it->second;
}

}  // namespace zg::state
