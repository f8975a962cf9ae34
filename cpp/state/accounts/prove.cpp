// World::prove: from the tries of the height while they are kept, else from tries led back to it for the moment.

#include <algorithm>

#include "hash/keccak256/api.hpp"
#include "state/accounts/body.hpp"
#include "state/trie/walk.hpp"

namespace zg::state {

namespace {

constexpr size_t kUndoneMax = 1 << 18;  // changed keys that one proof leads back
constexpr size_t kKeysAtOnce = 1024;    // looked up under one hold of the shared lock

}  // namespace

// One proof: `target` is the height asked for, `base` the oldest one from there on whose tries are whole.
class World::Prover {
 public:
  Prover(const Body& body, uint64_t target, uint64_t base)
      : body_(body), target_(target), base_(base), state_pin_(body.pin_mutex, body.pinned_states, target),
        trie_pin_(body.pin_mutex, body.pinned_tries, base) {}

  // Under the shared lock: what both heights say of the account.
  void look(const Address& address, const std::vector<U256>& slots) {
    root_ = trie_at(base_);
    target_root_ = target_ == body_.head ? body_.root : record(target_ + 1).root_before;
    found_ = body_.account_at(address, target_);
    storage_ = body_.account_at(address, base_).storage_trie;
    proof_.address = address;
    proof_.exists = found_.exists;
    proof_.account = found_.account;
    proof_.storage_root = found_.storage_root;
    for (const U256& slot : slots) proof_.storage.push_back({slot, body_.slot_at(address, slot, target_), {}});
  }

  Outcome<AccountProof> prove() {
    // Leading back only adds nodes, which the batch takes with it.
    Batch batch(body_.store);
    if (base_ != target_)
      if (const Status status = lead_back(batch); status != Status::ok)
        return Failure{status, status == Status::out_of_capacity ? "proof: too much changed since block " + std::to_string(target_)
                                                                  : "proof: the trie does not lead back"};
    const Hash32 key = keccak256::hash(as_bytes(proof_.address));
    proof_.nodes = trie_proof(body_.store, root_, key.b);
    for (StorageProof& slot : proof_.storage) {
      const Hash32 slot_key = keccak256::hash(as_bytes(slot.slot.to_hash()));
      slot.nodes = trie_proof(body_.store, storage_, slot_key.b);
    }
    return std::move(proof_);
  }

 private:
  const BlockRecord& record(uint64_t number) const { return body_.records[number - body_.records.front().number]; }
  Link trie_at(uint64_t number) const { return number == body_.head ? body_.trie : record(number + 1).trie_before; }

  // Moves root_ and storage_ from `base` back to `target`.
  Status lead_back(Batch& batch) {
    std::vector<Address> addresses;
    std::vector<U256> slots;
    for (uint64_t number = target_ + 1; number <= base_; ++number) {
      size_t next = 0;
      for (bool more = true; more;) {
        // The record stays, pinned by the state pin, but its place in the deque may move.
        std::shared_lock lock(body_.mutex);
        const BlockRecord& block = record(number);
        const size_t total = block.account_chains.size() + block.slot_chains.size();
        for (const size_t end = std::min(total, next + kKeysAtOnce); next < end; ++next) {
          if (next < block.account_chains.size()) {
            addresses.push_back(body_.accounts_past.chain(block.account_chains[next]).key);
          } else {
            const SlotKey& key = body_.slots_past.chain(block.slot_chains[next - block.account_chains.size()]).key;
            if (key.address == proof_.address) slots.push_back(key.slot);
          }
        }
        more = next < total;
      }
      if (addresses.size() + slots.size() > kUndoneMax) return Status::out_of_capacity;
    }
    std::sort(addresses.begin(), addresses.end());
    addresses.erase(std::unique(addresses.begin(), addresses.end()), addresses.end());
    std::sort(slots.begin(), slots.end());
    slots.erase(std::unique(slots.begin(), slots.end()), slots.end());

    LeafItems account_leaves(20), slot_leaves(32);
    std::vector<uint8_t> leaf;
    for (size_t begin = 0; begin < addresses.size(); begin += kKeysAtOnce) {
      std::shared_lock lock(body_.mutex);
      for (size_t i = begin; i < std::min(addresses.size(), begin + kKeysAtOnce); ++i) {
        const PastAccount past = body_.account_at(addresses[i], target_);
        leaf.clear();
        if (past.exists) encode_account_leaf(past.account, past.storage_root, leaf);
        account_leaves.add(addresses[i].b, as_bytes(leaf));
      }
    }
    for (size_t begin = 0; begin < slots.size(); begin += kKeysAtOnce) {
      std::shared_lock lock(body_.mutex);
      for (size_t i = begin; i < std::min(slots.size(), begin + kKeysAtOnce); ++i)
        slot_leaves.add_slot(slots[i], body_.slot_at(proof_.address, slots[i], target_));
    }
    Hash32 root_hash = target_root_, storage_hash = found_.storage_root;
    root_ = apply(batch, root_, account_leaves, root_hash);
    storage_ = apply(batch, storage_, slot_leaves, storage_hash);
    return root_hash == target_root_ && storage_hash == found_.storage_root ? Status::ok : Status::internal;
  }

  static Link apply(Batch& batch, Link link, LeafItems& leaves, Hash32& hash) {
    std::vector<TrieItem> items = leaves.items();
    sort_items(items);
    const Link after = batch.update(link, items.data(), items.size(), &hash);
    batch.hash();
    if (after == kNoNode) hash = kEmptyTrieRoot;
    return after;
  }

  const Body& body_;
  uint64_t target_, base_;
  Pin state_pin_, trie_pin_;
  Link root_ = kNoNode, storage_ = kNoNode;
  Hash32 target_root_{};
  PastAccount found_;
  AccountProof proof_;
};

Outcome<AccountProof> World::prove(const Address& address, const std::vector<U256>& slots, uint64_t number) const {
  std::optional<Prover> prover;
  {
    std::shared_lock lock(body_->mutex);
    if (!body_->keeps(number)) return Failure{Status::out_of_capacity, "proof: block " + std::to_string(number) + " is not kept"};
    uint64_t base = number;
    for (const BlockRecord& record : body_->records)
      if (!record.tries_kept) base = std::max(base, record.number);
    prover.emplace(*body_, number, base);
    prover->look(address, slots);
  }
  return prover->prove();
}

}  // namespace zg::state
