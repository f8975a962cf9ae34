#include "evm/block/bloom.hpp"

#include "hash/keccak256/api.hpp"

namespace zg::evm {

namespace {

void set_bits(Bloom& bloom, const uint8_t* digest) {
  for (int i = 0; i < 6; i += 2) {
    const unsigned bit = (static_cast<unsigned>(digest[i]) << 8 | digest[i + 1]) & 2047;
    bloom.b[255 - bit / 8] |= static_cast<uint8_t>(1u << (bit % 8));
  }
}

}  // namespace

Bloom fill_blooms(std::vector<Receipt>& receipts) {
  std::vector<Bytes> values;
  for (const Receipt& receipt : receipts) {
    for (const Log& log : receipt.logs) {
      values.push_back(as_bytes(log.address));
      for (const Hash32& topic : log.topics) values.push_back(as_bytes(topic));
    }
  }
  Bloom all;
  if (values.empty()) return all;
  std::vector<uint8_t> digests(values.size() * 32);
  keccak256::hash_many(values.data(), values.size(), digests.data());
  const uint8_t* digest = digests.data();
  for (Receipt& receipt : receipts) {
    if (receipt.logs.empty()) continue;
    for (const Log& log : receipt.logs)
      for (size_t i = 0; i <= log.topics.size(); ++i, digest += 32) set_bits(receipt.bloom, digest);
    for (int i = 0; i < 256; ++i) all.b[i] |= receipt.bloom.b[i];
  }
  return all;
}

Bloom bloom_of(const std::vector<Log>& logs) {
  std::vector<Receipt> one(1);
  one[0].logs = logs;
  return fill_blooms(one);
}

bool bloom_may_contain(const Bloom& bloom, Bytes value) {
  uint8_t digest[32];
  keccak256::hash(value, digest);
  Bloom wanted;
  set_bits(wanted, digest);
  for (int i = 0; i < 256; ++i)
    if ((bloom.b[i] & wanted.b[i]) != wanted.b[i]) return false;
  return true;
}

}  // namespace zg::evm
