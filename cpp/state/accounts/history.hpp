// Old values by key: for each changed key the ascending list of (block, value before that block). Internal to state/accounts.
#pragma once

#include <algorithm>
#include <vector>

#include "common/digest.hpp"
#include "state/accounts/key_index.hpp"
#include "state/reader.hpp"
#include "state/trie/nodes.hpp"

namespace zg::state {

struct SlotKey {
  Address address;
  U256 slot;
};
inline bool operator==(const SlotKey& a, const SlotKey& b) { return a.slot == b.slot && a.address == b.address; }
inline uint64_t history_hash(const SlotKey& key) {
  uint8_t bytes[52];
  std::memcpy(bytes, key.address.b, 20);
  std::memcpy(bytes + 20, &key.slot, 32);
  return keyed_hash(bytes, 52);
}
inline uint64_t history_hash(const Address& key) { return keyed_hash(key.b, 20); }

struct OldAccount {
  bool existed;
  Account account;
  Hash32 storage_root;
  Link storage_trie;
};

template <class Key, class Value>
class History {
 public:
  struct Version {
    uint64_t number;  // the block that replaced the value
    Value before;
  };
  struct Chain {
    Key key{};
    std::vector<Version> versions;  // ascending; empty: a free chain
    uint32_t front = 0;             // versions before it are gone
  };

  // The value as it was after block `number`, if a later block replaced it; null when it still stands.
  const Value* find(const Key& key, uint64_t number) const {
    const uint32_t index = lookup(key);
    if (index == kNoIndex) return nullptr;
    const Chain& chain = chains_[index];
    const auto it = std::upper_bound(chain.versions.begin() + chain.front, chain.versions.end(), number,
                                     [](uint64_t n, const Version& version) { return n < version.number; });
    return it == chain.versions.end() ? nullptr : &it->before;
  }

  // Block `number` (not lower than any before) replaced this value; returns the chain, for pop().
  uint32_t push(const Key& key, uint64_t number, const Value& before) {
    uint32_t index = lookup(key);
    if (index == kNoIndex) {
      if (free_.empty()) {
        index = static_cast<uint32_t>(chains_.size());
        chains_.emplace_back();
      } else {
        index = free_.back();
        free_.pop_back();
      }
      chains_[index].key = key;
      index_.insert(history_hash(key), index);
    }
    chains_[index].versions.push_back({number, before});
    return index;
  }

  // Forgets the oldest version of a chain.
  void pop(uint32_t index) {
    Chain& chain = chains_[index];
    ++chain.front;
    if (chain.front == chain.versions.size()) {
      index_.erase(history_hash(chain.key), index);
      std::vector<Version>().swap(chain.versions);
      chain.front = 0;
      free_.push_back(index);
    } else if (chain.front * 2 > chain.versions.size()) {
      chain.versions.erase(chain.versions.begin(), chain.versions.begin() + chain.front);
      chain.front = 0;
    }
  }

  // All chains ever used, free ones included.
  size_t chain_count() const { return chains_.size(); }
  const Chain& chain(size_t index) const { return chains_[index]; }

  size_t memory_bytes() const {
    return chains_.capacity() * sizeof(Chain) + index_.memory_bytes() + free_.capacity() * 4;
  }

 private:
  uint32_t lookup(const Key& key) const {
    return index_.find(history_hash(key), [&](uint32_t i) { return chains_[i].key == key; });
  }

  KeyIndex index_;
  std::vector<Chain> chains_;
  std::vector<uint32_t> free_;
};

}  // namespace zg::state
