// What World is made of. Internal to state/accounts.
#pragma once

#include <atomic>
#include <deque>
#include <map>
#include <mutex>
#include <set>
#include <shared_mutex>

#include "state/accounts/flat.hpp"
#include "state/accounts/history.hpp"
#include "state/accounts/shared_mutex.hpp"
#include "state/accounts/world.hpp"
#include "state/trie/batch.hpp"

namespace zg::state {

// One committed block, for as long as heights before it are kept.
struct BlockRecord {
  uint64_t number;
  Link trie_before;
  Hash32 root_before;
  std::vector<uint32_t> account_chains, slot_chains;  // what it pushed to the histories
  std::vector<Link> retired;                          // trie nodes that only earlier heights need
  size_t retired_bytes = 0;
  bool tries_kept = true;
};

// Beside a staged AccountChange: where it goes.
struct StagedAccount {
  uint32_t entry;        // kNoIndex: a new account
  bool storage_changed;
  Link storage_trie;     // after the change
  Hash32 storage_root;
};

// The account as it was after some block.
struct PastAccount {
  bool exists = false;
  Account account;
  Hash32 storage_root = kEmptyTrieRoot;
  Link storage_trie = kNoNode;
};

// Who may touch what: the writer alone changes anything, and everything but the tries' new nodes only under the exclusive
// lock; so the writer reads without a lock, all others under the shared one. Nodes under a root are read without a lock by
// whoever pinned its height.
struct World::Body {
  mutable SharedMutex mutex;
  Flat flat;
  mutable NodeStore store;  // proofs of older heights add nodes for the moment
  Link trie = kNoNode;
  Hash32 root = kEmptyTrieRoot;
  bool has_head = false;
  uint64_t head = 0;
  std::map<uint64_t, Hash32> hashes;

  History<Address, OldAccount> accounts_past;
  History<SlotKey, U256> slots_past;
  std::deque<BlockRecord> records;  // consecutive numbers up to head
  size_t retired_bytes = 0;         // of all records that keep their tries
  std::atomic<size_t> history_blocks{256};
  std::atomic<size_t> proof_bytes{size_t{256} << 20};

  // Heights that readers hold: `states` for values, `tries` for nodes.
  mutable std::mutex pin_mutex;
  mutable std::multiset<uint64_t> pinned_states, pinned_tries;

  bool is_staged = false;
  Changes staged;
  std::vector<StagedAccount> staged_accounts;  // one for each of staged.accounts
  Batch batch{store};
  Link next_trie = kNoNode;
  Hash32 next_root{};

  // stage.cpp
  void complete(const Changes& changes);
  void stage_storages();
  void stage_accounts();
  void push_history(BlockRecord& record);
  void apply_flat();
  void trim();
  void forget(BlockRecord& record);

  // past.cpp; under a lock of the caller's
  uint64_t oldest() const { return records.empty() ? head : records.front().number - 1; }
  bool keeps(uint64_t number) const { return has_head && number <= head && number >= oldest(); }
  PastAccount account_at(const Address& address, uint64_t number) const;
  U256 slot_at(const Address& address, const U256& slot, uint64_t number) const;
  PastAccount past_account(uint32_t entry) const;
};

// Holds a height in one of the two sets.
class Pin {
 public:
  Pin(std::mutex& mutex, std::multiset<uint64_t>& set, uint64_t number) : mutex_(mutex), set_(set) {
    std::lock_guard lock(mutex_);
    it_ = set_.insert(number);
  }
  ~Pin() {
    std::lock_guard lock(mutex_);
    set_.erase(it_);
  }
  Pin(const Pin&) = delete;
  Pin& operator=(const Pin&) = delete;

 private:
  std::mutex& mutex_;
  std::multiset<uint64_t>& set_;
  std::multiset<uint64_t>::iterator it_;
};

// The leaf of an account: rlp [nonce, balance, storage root, code hash].
void encode_account_leaf(const Account& account, const Hash32& storage_root, std::vector<uint8_t>& out);

// digests[i] = keccak256 of the i-th run of `size` bytes, on all threads.
std::vector<uint8_t> hash_keys(const std::vector<uint8_t>& keys, size_t size);

// Collects what a trie update wants: hashed keys, values in one buffer. Values may not be added after items() was called.
class LeafItems {
 public:
  explicit LeafItems(size_t key_size) : key_size_(key_size) {}
  void add(const uint8_t* key, Bytes value) {
    keys_.insert(keys_.end(), key, key + key_size_);
    offsets_.push_back(values_.size());
    if (value.size != 0) values_.insert(values_.end(), value.data, value.data + value.size);
  }
  void add_slot(const U256& slot, const U256& value);
  size_t count() const { return offsets_.size(); }
  // All items in the order added; hashes the keys at once.
  std::vector<TrieItem> items();

 private:
  size_t key_size_;
  std::vector<uint8_t> keys_, values_;
  std::vector<size_t> offsets_;
};

}  // namespace zg::state
