#include "common/parallel.hpp"
#include "hash/keccak256/api.hpp"
#include "rlp/api.hpp"
#include "state/accounts/body.hpp"

namespace zg::state {

void encode_account_leaf(const Account& account, const Hash32& storage_root, std::vector<uint8_t>& out) {
  rlp::Encoder encoder;
  const size_t payload = rlp::size_of_number(account.nonce) + rlp::size_of_number(account.balance) + 66;
  encoder.reserve(payload + 2);
  encoder.list_header(payload);
  encoder.number(account.nonce);
  encoder.number(account.balance);
  encoder.bytes(storage_root);
  encoder.bytes(account.code_hash);
  out = encoder.take();
}

std::vector<uint8_t> hash_keys(const std::vector<uint8_t>& keys, size_t size) {
  const size_t count = keys.size() / size;
  std::vector<uint8_t> digests(32 * count);
  parallel_for(count, 512, [&](size_t begin, size_t end) {
    constexpr size_t kRun = 256;
    uint64_t offsets[kRun + 1];
    for (size_t i = 0; i <= kRun; ++i) offsets[i] = i * size;
    for (; begin < end; begin += kRun)
      keccak256::hash_many(keys.data() + begin * size, offsets, std::min(kRun, end - begin), digests.data() + 32 * begin);
  });
  return digests;
}

void LeafItems::add_slot(const U256& slot, const U256& value) {
  uint8_t key[32];
  slot.to_be(key);
  uint8_t encoded[33];
  const unsigned count = value.byte_count();
  uint8_t digits[32];
  value.to_be(digits);
  encoded[0] = static_cast<uint8_t>(0x80 + count);
  std::memcpy(encoded + 1, digits + 32 - count, count);
  // A single byte below 0x80 is its own encoding; zero is no value: it deletes.
  const bool bare = count == 1 && encoded[1] < 0x80;
  add(key, count == 0 ? Bytes{nullptr, 0} : Bytes{encoded + (bare ? 1 : 0), count + (bare ? 0u : 1u)});
}

std::vector<TrieItem> LeafItems::items() {
  const std::vector<uint8_t> digests = hash_keys(keys_, key_size_);
  std::vector<TrieItem> items(count());
  for (size_t i = 0; i < items.size(); ++i) {
    std::memcpy(items[i].key, digests.data() + 32 * i, 32);
    const size_t end = i + 1 < items.size() ? offsets_[i + 1] : values_.size();
    items[i].value = values_.data() + offsets_[i];
    items[i].size = static_cast<uint32_t>(end - offsets_[i]);
    items[i].leaf = kNoNode;
  }
  return items;
}

}  // namespace zg::state
