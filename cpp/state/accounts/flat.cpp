#include "state/accounts/flat.hpp"

namespace zg::state {

Flat::Flat() { add_code(kEmptyCodeHash, std::make_shared<const Code>()); }

uint32_t Flat::add(const Address& address) {
  const uint32_t index = accounts_.take();
  AccountEntry& account = entry(index);
  account = {};
  account.address = address;
  account.storage = kNoIndex;
  account.cell = Cell::live;
  account_index_.insert(keyed_hash(address.b, 20), index);
  return index;
}

void Flat::remove(uint32_t account) {
  AccountEntry& removed = entry(account);
  close_storage(removed);
  removed.cell = Cell::free;
  account_index_.erase(keyed_hash(removed.address.b, 20), account);
  accounts_.give(account);
}

StorageEntry& Flat::open_storage(AccountEntry& entry) {
  if (entry.storage == kNoIndex) {
    entry.storage = storages_.take();
    storage(entry.storage) = {kEmptyTrieRoot, kNoNode, kNoIndex, 0};
  }
  return storage(entry.storage);
}

void Flat::close_storage(AccountEntry& entry) {
  if (entry.storage == kNoIndex || storage(entry.storage).slot_count != 0) return;
  storages_.give(entry.storage);
  entry.storage = kNoIndex;
}

void Flat::set_slot(uint32_t storage, const U256& slot, const U256& value) {
  StorageEntry& owner = this->storage(storage);
  const uint32_t found = find_slot(storage, slot);
  if (!value.is_zero()) {
    if (found != kNoIndex) {
      this->slot(found).value = value;
      return;
    }
    const uint32_t index = slots_.take();
    this->slot(index) = {slot, value, storage, owner.first_slot, kNoIndex};
    if (owner.first_slot != kNoIndex) this->slot(owner.first_slot).previous = index;
    owner.first_slot = index;
    ++owner.slot_count;
    slot_index_.insert(slot_hash(storage, slot), index);
    return;
  }
  if (found == kNoIndex) return;
  const SlotEntry& gone = this->slot(found);
  if (gone.next != kNoIndex) this->slot(gone.next).previous = gone.previous;
  if (gone.previous != kNoIndex) {
    this->slot(gone.previous).next = gone.next;
  } else {
    owner.first_slot = gone.next;
  }
  --owner.slot_count;
  slot_index_.erase(slot_hash(storage, slot), found);
  slots_.give(found);
}

uint32_t Flat::code_index(const Hash32& hash) {
  const uint32_t known = find_code(hash);
  if (known != kNoIndex) return known;
  const uint32_t index = static_cast<uint32_t>(codes_.size());
  codes_.push_back({hash, nullptr});
  code_lookup_.insert(keyed_hash(hash.b, 32), index);
  return index;
}

void Flat::add_code(const Hash32& hash, CodePtr code) {
  CodeEntry& entry = codes_[code_index(hash)];
  if (entry.code == nullptr) {
    codes_bytes_ += code->size();
    entry.code = std::move(code);
  }
}

}  // namespace zg::state
