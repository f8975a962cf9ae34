// The flat state: accounts by address, slots by account and slot, code by hash. Internal to state/accounts.
//
// No locks here: World decides who may touch it when.
#pragma once

#include <cstring>
#include <vector>

#include "common/digest.hpp"
#include "state/accounts/key_index.hpp"
#include "state/reader.hpp"
#include "state/trie/nodes.hpp"

namespace zg::state {

// What an account's storage is: its trie and the list of its slots.
struct StorageEntry {
  Hash32 root;
  Link trie;
  uint32_t first_slot;  // kNoIndex at the end of the list
  uint32_t slot_count;
};

enum class Cell : uint8_t {
  free,
  live,
  awaited,  // bulk loading gave it slots, but no account yet
};

struct AccountEntry {
  Address address;
  uint32_t code;  // index in the code table
  uint64_t nonce;
  U256 balance;
  uint32_t storage;  // index of a StorageEntry; kNoIndex for none
  Cell cell;
};

struct SlotEntry {
  U256 slot, value;
  uint32_t storage;
  uint32_t next, previous;  // in the list of the account
};

class Flat {
 public:
  Flat();

  uint32_t find(const Address& address) const {
    return account_index_.find(keyed_hash(address.b, 20), [&](uint32_t i) { return entry(i).address == address; });
  }
  // For lookups to come: first, some while later, second, some while later, find.
  void prefetch_index(const Address& address) const { account_index_.prefetch(keyed_hash(address.b, 20)); }
  void prefetch_entry(const Address& address) const {
    const uint32_t index = account_index_.guess(keyed_hash(address.b, 20));
    if (index == kNoIndex) return;
    __builtin_prefetch(&entry(index));
    __builtin_prefetch(reinterpret_cast<const uint8_t*>(&entry(index)) + 64);
  }
  AccountEntry& entry(uint32_t index) const { return *reinterpret_cast<AccountEntry*>(accounts_.at(index)); }
  // Adds an account without storage; it must be absent.
  uint32_t add(const Address& address);
  // The account must have no slots left.
  void remove(uint32_t account);
  Account account_of(const AccountEntry& entry) const {
    return {entry.nonce, entry.balance, codes_[entry.code].hash};
  }
  void set_account(AccountEntry& entry, const Account& account) {
    entry.nonce = account.nonce;
    entry.balance = account.balance;
    entry.code = code_index(account.code_hash);
  }

  StorageEntry& storage(uint32_t index) const { return *reinterpret_cast<StorageEntry*>(storages_.at(index)); }
  // The account's storage, made when it has none.
  StorageEntry& open_storage(AccountEntry& entry);
  // Gives the storage back when it has no slots.
  void close_storage(AccountEntry& entry);

  SlotEntry& slot(uint32_t index) const { return *reinterpret_cast<SlotEntry*>(slots_.at(index)); }
  uint32_t find_slot(uint32_t storage, const U256& slot) const {
    return slot_index_.find(slot_hash(storage, slot), [&](uint32_t i) {
      const SlotEntry& entry = this->slot(i);
      return entry.storage == storage && entry.slot == slot;
    });
  }
  U256 slot_value(uint32_t storage, const U256& slot) const {
    if (storage == kNoIndex) return {};
    const uint32_t index = find_slot(storage, slot);
    return index == kNoIndex ? U256() : this->slot(index).value;
  }
  // Zero removes. The account's storage must be open.
  void set_slot(uint32_t storage, const U256& slot, const U256& value);

  // An index for the hash, known or not: code may follow later.
  uint32_t code_index(const Hash32& hash);
  void add_code(const Hash32& hash, CodePtr code);
  CodePtr code(const Hash32& hash) const {
    const uint32_t index = find_code(hash);
    return index == kNoIndex ? nullptr : codes_[index].code;
  }

  // Cells ever used, for walks that go through all accounts piece by piece.
  uint32_t accounts_end() const { return accounts_.end(); }
  size_t account_count() const { return account_index_.count(); }
  size_t slot_count() const { return slot_index_.count(); }
  size_t code_count() const { return codes_.size() - 1; }
  size_t accounts_bytes() const { return accounts_.memory_bytes() + account_index_.memory_bytes() + storages_.memory_bytes(); }
  size_t slots_bytes() const { return slots_.memory_bytes() + slot_index_.memory_bytes(); }
  size_t codes_bytes() const { return codes_bytes_; }

 private:
  struct CodeEntry {
    Hash32 hash;
    CodePtr code;
  };

  uint32_t find_code(const Hash32& hash) const {
    return code_lookup_.find(keyed_hash(hash.b, 32), [&](uint32_t i) { return codes_[i].hash == hash; });
  }
  static uint64_t slot_hash(uint32_t storage, const U256& slot) {
    uint8_t key[36];
    std::memcpy(key, &slot, 32);
    std::memcpy(key + 32, &storage, 4);
    return keyed_hash(key, 36);
  }

  KeyIndex account_index_, slot_index_, code_lookup_;
  Pool accounts_{sizeof(AccountEntry), true}, storages_{sizeof(StorageEntry)}, slots_{sizeof(SlotEntry)};
  std::vector<CodeEntry> codes_;
  size_t codes_bytes_ = 0;
};

}  // namespace zg::state
