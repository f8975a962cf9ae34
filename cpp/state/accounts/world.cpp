#include "state/accounts/world.hpp"

#include <algorithm>
#include <map>
#include <mutex>
#include <shared_mutex>

#include "hash/keccak256/api.hpp"
#include "rlp/api.hpp"
#include "state/trie/api.hpp"

namespace zg::state {

namespace {

struct Entry {
  Account account;
  std::map<U256, U256> slots;
};
using Flat = std::map<Address, Entry>;

Hash32 root_of(std::vector<std::pair<Hash32, std::vector<uint8_t>>> leaves) {
  std::sort(leaves.begin(), leaves.end());
  std::vector<Bytes> keys, values;
  for (const auto& [key, value] : leaves) {
    keys.push_back(as_bytes(key));
    values.push_back(as_bytes(value));
  }
  return sorted_root(keys.data(), values.data(), keys.size());
}

Hash32 storage_root(const Entry& entry) {
  std::vector<std::pair<Hash32, std::vector<uint8_t>>> leaves;
  for (const auto& [slot, value] : entry.slots) {
    rlp::Encoder encoder;
    encoder.number(value);
    leaves.emplace_back(keccak256::hash(as_bytes(slot.to_hash())), encoder.take());
  }
  return root_of(std::move(leaves));
}

Hash32 state_root(const Flat& flat) {
  std::vector<std::pair<Hash32, std::vector<uint8_t>>> leaves;
  for (const auto& [address, entry] : flat) {
    rlp::Encoder encoder;
    const size_t mark = encoder.open_list();
    encoder.number(entry.account.nonce);
    encoder.number(entry.account.balance);
    encoder.bytes(storage_root(entry));
    encoder.bytes(entry.account.code_hash);
    encoder.close_list(mark);
    leaves.emplace_back(keccak256::hash(as_bytes(address)), encoder.take());
  }
  return root_of(std::move(leaves));
}

void apply_changes(Flat& flat, const Changes& changes) {
  for (const AccountChange& change : changes.accounts) {
    if (!change.exists) {
      flat.erase(change.address);
      continue;
    }
    Entry& entry = flat[change.address];
    entry.account = change.after;
    if (change.storage_cleared) entry.slots.clear();
    for (const SlotChange& slot : change.slots) {
      if (slot.after.is_zero()) {
        entry.slots.erase(slot.slot);
      } else {
        entry.slots[slot.slot] = slot.after;
      }
    }
  }
}

using Codes = std::map<Hash32, CodePtr>;

class FlatReader final : public Reader {
 public:
  FlatReader(std::shared_ptr<const Flat> flat, std::shared_ptr<const Codes> codes, std::map<uint64_t, Hash32> hashes)
      : flat_(std::move(flat)), codes_(std::move(codes)), hashes_(std::move(hashes)) {}
  bool account(const Address& address, Account& out) const override {
    const auto it = flat_->find(address);
    if (it == flat_->end()) return false;
    out = it->second.account;
    return true;
  }
  U256 storage(const Address& address, const U256& slot) const override {
    const auto it = flat_->find(address);
    if (it == flat_->end()) return {};
    const auto value = it->second.slots.find(slot);
    return value == it->second.slots.end() ? U256() : value->second;
  }
  bool has_storage(const Address& address) const override {
    const auto it = flat_->find(address);
    return it != flat_->end() && !it->second.slots.empty();
  }
  CodePtr code(const Hash32& code_hash) const override {
    if (code_hash == kEmptyCodeHash) return std::make_shared<const Code>();
    const auto it = codes_->find(code_hash);
    return it == codes_->end() ? nullptr : it->second;
  }
  Hash32 block_hash(uint64_t number) const override {
    const auto it = hashes_.find(number);
    return it == hashes_.end() ? Hash32{} : it->second;
  }

 private:
  std::shared_ptr<const Flat> flat_;
  std::shared_ptr<const Codes> codes_;
  std::map<uint64_t, Hash32> hashes_;
};

}  // namespace

// The plain body: one copy of everything for each kept height.
struct World::Body {
  mutable std::shared_mutex mutex;
  std::shared_ptr<Flat> flat = std::make_shared<Flat>();
  std::shared_ptr<Flat> next;
  std::shared_ptr<Codes> codes = std::make_shared<Codes>();
  Changes staged;
  std::map<uint64_t, std::shared_ptr<const Flat>> kept;
  std::map<uint64_t, Hash32> hashes;
  size_t history = 256;
  uint64_t head = 0;
  Hash32 root = kEmptyTrieRoot, next_root{};

  std::shared_ptr<const Reader> reader(uint64_t number, std::shared_ptr<const Flat> state) const {
    std::map<uint64_t, Hash32> recent;
    for (const auto& [n, hash] : hashes)
      if (n <= number && n + 256 > number) recent[n] = hash;
    return std::make_shared<FlatReader>(std::move(state), codes, std::move(recent));
  }
};

World::World() : body_(std::make_unique<Body>()) {}
World::~World() = default;

void World::load_account(const Address& address, const Account& account) { (*body_->flat)[address].account = account; }
void World::load_slot(const Address& address, const U256& slot, const U256& value) {
  if (!value.is_zero()) (*body_->flat)[address].slots[slot] = value;
}
void World::load_code(CodePtr code) {
  const Hash32 hash = keccak256::hash(as_bytes(*code));
  (*body_->codes)[hash] = std::move(code);
}
Outcome<Hash32> World::build(uint64_t number, const Hash32& block_hash) {
  body_->head = number;
  body_->kept[number] = body_->flat;
  body_->hashes[number] = block_hash;
  return body_->root = state_root(*body_->flat);
}

Hash32 World::stage(const Changes& changes) {
  Changes complete = changes;
  for (AccountChange& change : complete.accounts) {
    const auto it = body_->flat->find(change.address);
    change.existed = it != body_->flat->end();
    change.before = change.existed ? it->second.account : Account();
    if (change.existed) {
      std::map<U256, U256> slots;
      for (const SlotChange& slot : change.slots) slots[slot.slot] = slot.after;
      if (change.storage_cleared || !change.exists)
        for (const auto& [slot, value] : it->second.slots) slots.try_emplace(slot, U256());
      change.slots.clear();
      for (const auto& [slot, after] : slots) {
        const auto old = it->second.slots.find(slot);
        const U256 before = old == it->second.slots.end() ? U256() : old->second;
        if (before != after) change.slots.push_back({slot, before, after});
      }
    }
  }
  body_->next = std::make_shared<Flat>(*body_->flat);
  apply_changes(*body_->next, complete);
  body_->staged = std::move(complete);
  return body_->next_root = state_root(*body_->next);
}
const Changes& World::staged() const { return body_->staged; }
void World::commit(uint64_t number, const Hash32& block_hash) {
  std::unique_lock lock(body_->mutex);
  auto codes = std::make_shared<Codes>(*body_->codes);
  for (const NewCode& code : body_->staged.codes) (*codes)[code.code_hash] = code.code;
  body_->codes = std::move(codes);
  body_->flat = std::move(body_->next);
  body_->kept[number] = body_->flat;
  while (body_->kept.size() > body_->history + 1) body_->kept.erase(body_->kept.begin());
  body_->head = number;
  body_->root = body_->next_root;
  body_->hashes[number] = block_hash;
  body_->staged = {};
}
void World::discard() {
  body_->next.reset();
  body_->staged = {};
}

void World::set_block_hash(uint64_t number, const Hash32& hash) { body_->hashes[number] = hash; }
void World::set_history_blocks(size_t count) { body_->history = count; }

std::shared_ptr<const Reader> World::at(uint64_t number) const {
  std::shared_lock lock(body_->mutex);
  const auto it = body_->kept.find(number);
  return it == body_->kept.end() ? nullptr : body_->reader(number, it->second);
}

uint64_t World::head() const { return body_->head; }
Hash32 World::head_hash() const { return block_hash(body_->head); }
Hash32 World::root() const { return body_->root; }
uint64_t World::oldest() const { return body_->kept.empty() ? 0 : body_->kept.begin()->first; }

bool World::account(const Address& address, Account& out) const {
  const auto it = body_->flat->find(address);
  if (it == body_->flat->end()) return false;
  out = it->second.account;
  return true;
}
U256 World::storage(const Address& address, const U256& slot) const {
  const auto it = body_->flat->find(address);
  if (it == body_->flat->end()) return {};
  const auto value = it->second.slots.find(slot);
  return value == it->second.slots.end() ? U256() : value->second;
}
bool World::has_storage(const Address& address) const {
  const auto it = body_->flat->find(address);
  return it != body_->flat->end() && !it->second.slots.empty();
}
CodePtr World::code(const Hash32& code_hash) const {
  if (code_hash == kEmptyCodeHash) return std::make_shared<const Code>();
  const auto it = body_->codes->find(code_hash);
  return it == body_->codes->end() ? nullptr : it->second;
}
Hash32 World::block_hash(uint64_t number) const {
  const auto it = body_->hashes.find(number);
  return it == body_->hashes.end() ? Hash32{} : it->second;
}

}  // namespace zg::state
