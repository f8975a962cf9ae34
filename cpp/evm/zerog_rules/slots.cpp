#include "evm/zerog_rules/slots.hpp"

#include <algorithm>
#include <cstring>

#include "hash/keccak256/api.hpp"

namespace zg::evm::zerog_rules {

namespace {

// A prefix byte and parts, hashed.
class Key {
 public:
  explicit Key(uint8_t prefix) { bytes_[size_++] = prefix; }
  Key& part(uint64_t number) {
    store_be64(bytes_ + size_, number);
    size_ += 8;
    return *this;
  }
  Key& part(const Address& address) {
    std::memcpy(bytes_ + size_, address.b, 20);
    size_ += 20;
    return *this;
  }
  Hash32 hash() const { return keccak256::hash(Bytes{bytes_, size_}); }

 private:
  uint8_t bytes_[40] = {};
  size_t size_ = 0;
};

U256 slot_of(const Hash32& hash) { return U256::from_be(hash.b); }

}  // namespace

Hash32 signer_key(const Address& signer) { return Key(0).part(signer).hash(); }
Hash32 quorum_key(uint64_t epoch, uint64_t quorum_id) { return Key(1).part(epoch).part(quorum_id).hash(); }
Hash32 registration_key(uint64_t epoch, const Address& signer) { return Key(2).part(epoch).part(signer).hash(); }
Hash32 votes_key(uint64_t epoch, const Address& signer) { return Key(3).part(epoch).part(signer).hash(); }
Hash32 quorum_count_key(uint64_t epoch) { return Key(4).part(epoch).hash(); }
Hash32 epoch_number_key() { return Key(5).hash(); }
Hash32 epoch_block_key(uint64_t epoch) { return Key(6).part(epoch).hash(); }
Hash32 registered_count_key(uint64_t epoch) { return Key(7).part(epoch).hash(); }
Hash32 registered_signer_key(uint64_t epoch, uint64_t index) { return Key(8).part(epoch).part(index).hash(); }
Hash32 supply_key(const Address& minter) { return Key(0).part(minter).hash(); }

Hash32 length_slot(const Hash32& key) { return keccak256::hash(as_bytes(key)); }

std::vector<Hash32> chunk_slots(const Hash32& length_slot, uint64_t first, size_t count) {
  std::vector<uint8_t> text(40 * count);
  std::vector<uint64_t> offsets(count + 1);
  for (size_t i = 0; i < count; ++i) {
    std::memcpy(&text[40 * i], length_slot.b, 32);
    store_be64(&text[40 * i + 32], first + i);
    offsets[i + 1] = 40 * (i + 1);
  }
  std::vector<Hash32> slots(count);
  if (count > 0) keccak256::hash_many(text.data(), offsets.data(), count, slots[0].b);
  return slots;
}

ByteString::ByteString(StatefulHost& host, const Address& account, const Hash32& key)
    : host_(host), account_(account), length_slot_(length_slot(key)), size_(host.storage(account, slot_of(length_slot_)).w[0]) {}

std::vector<uint8_t> ByteString::read(uint64_t from, size_t count) const {
  if (count == 0) return {};
  const uint64_t first = from / 32, last = (from + count - 1) / 32;
  const std::vector<Hash32> slots = chunk_slots(length_slot_, first, static_cast<size_t>(last - first + 1));
  std::vector<uint8_t> chunks(32 * slots.size());
  for (size_t i = 0; i < slots.size(); ++i) host_.storage(account_, slot_of(slots[i])).to_be(&chunks[32 * i]);
  const auto begin = chunks.begin() + static_cast<ptrdiff_t>(from % 32);
  return {begin, begin + static_cast<ptrdiff_t>(count)};
}

void ByteString::write(Bytes value) {
  size_ = value.size;
  host_.set_storage(account_, slot_of(length_slot_), U256(value.size));
  const std::vector<Hash32> slots = chunk_slots(length_slot_, 0, (value.size + 31) / 32);
  for (size_t i = 0; i < slots.size(); ++i) {
    uint8_t chunk[32] = {};
    std::memcpy(chunk, value.data + 32 * i, std::min<size_t>(32, value.size - 32 * i));
    host_.set_storage(account_, slot_of(slots[i]), U256::from_be(chunk));
  }
}

}  // namespace zg::evm::zerog_rules
