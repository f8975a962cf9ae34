// The state in the plainest form: maps, one copy a height, roots from scratch. What World is compared with.
#pragma once

#include <algorithm>
#include <map>

#include "hash/keccak256/api.hpp"
#include "rlp/api.hpp"
#include "state/reader.hpp"
#include "state/trie/api.hpp"

namespace model {

using namespace zg;

struct Entry {
  state::Account account;
  std::map<U256, U256> slots;
};
using World = std::map<Address, Entry>;

inline bool operator==(const Entry& a, const Entry& b) { return a.account == b.account && a.slots == b.slots; }

inline Hash32 root_of(std::vector<std::pair<Hash32, std::vector<uint8_t>>> leaves) {
  std::sort(leaves.begin(), leaves.end());
  std::vector<Bytes> keys, values;
  for (const auto& [key, value] : leaves) {
    keys.push_back(as_bytes(key));
    values.push_back(as_bytes(value));
  }
  return state::sorted_root(keys.data(), values.data(), keys.size());
}

inline Hash32 storage_root(const Entry& entry) {
  std::vector<std::pair<Hash32, std::vector<uint8_t>>> leaves;
  for (const auto& [slot, value] : entry.slots) {
    rlp::Encoder encoder;
    encoder.number(value);
    leaves.emplace_back(keccak256::hash(as_bytes(slot.to_hash())), encoder.take());
  }
  return root_of(std::move(leaves));
}

inline Hash32 state_root(const World& world) {
  std::vector<std::pair<Hash32, std::vector<uint8_t>>> leaves;
  for (const auto& [address, entry] : world) {
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

inline void apply(World& world, const state::Changes& changes) {
  for (const state::AccountChange& change : changes.accounts) {
    if (!change.exists) {
      world.erase(change.address);
      continue;
    }
    Entry& entry = world[change.address];
    entry.account = change.after;
    if (change.storage_cleared) entry.slots.clear();
    for (const state::SlotChange& slot : change.slots) {
      if (slot.after.is_zero()) {
        entry.slots.erase(slot.slot);
      } else {
        entry.slots[slot.slot] = slot.after;
      }
    }
  }
}

}  // namespace model
