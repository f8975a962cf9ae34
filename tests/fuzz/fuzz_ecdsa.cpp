// Signatures from strangers: on any bytes the lanes and libsecp256k1 must agree, key by key and verdict by verdict, and what
// recovery found must verify. Records of one command byte, digest and signature; commands put border numbers in their places.
#include <cstdlib>
#include <cstring>
#include <vector>

#include "sig/ecdsa/api.hpp"

using namespace zg;

namespace {

constexpr uint8_t kN[32] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xfe,
                            0xba, 0xae, 0xdc, 0xe6, 0xaf, 0x48, 0xa0, 0x3b, 0xbf, 0xd2, 0x5e, 0x8c, 0xd0, 0x36, 0x41, 0x41};
constexpr size_t kRecordSize = 1 + 32 + 65;
constexpr size_t kCountMax = 40;

void require(bool condition) {
  if (!condition) std::abort();
}

// 0: as it is; 1: a small number; 2: n plus or minus a small number; 3: two small halves apart.
void bend(unsigned how, uint8_t number[32]) {
  if (how == 1) std::memset(number, 0, 24);
  if (how == 2) {
    const uint8_t delta = number[31];
    std::memcpy(number, kN, 32);
    number[31] = static_cast<uint8_t>(number[31] + delta % 32 - 16);
  }
  if (how == 3) std::memset(number + 4, 0, 24);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const auto lanes = ecdsa::backend("avx512");
  const ecdsa::Table& table = lanes.ok() ? **lanes : ecdsa::scalar;
  std::vector<uint8_t> digests, signatures65, signatures64;
  size_t count = 0;
  for (; size >= kRecordSize && count < kCountMax; ++count, data += kRecordSize, size -= kRecordSize) {
    uint8_t digest[32], signature[65];
    std::memcpy(digest, data + 1, 32);
    std::memcpy(signature, data + 33, 65);
    bend(data[0] & 3, digest);
    bend(data[0] >> 2 & 3, signature);
    bend(data[0] >> 4 & 3, signature + 32);
    if ((data[0] & 0x40) == 0) signature[64] &= 3;
    digests.insert(digests.end(), digest, digest + 32);
    signatures65.insert(signatures65.end(), signature, signature + 65);
    signatures64.insert(signatures64.end(), signature, signature + 64);
  }
  std::vector<uint8_t> keys(64 * count), expected_keys(64 * count), addresses(20 * count), ok(count), expected(count);
  ecdsa::recover_many(ecdsa::scalar, digests.data(), signatures65.data(), count, expected_keys.data(), expected.data());
  ecdsa::recover_many(table, digests.data(), signatures65.data(), count, keys.data(), ok.data());
  require(keys == expected_keys && ok == expected);
  ecdsa::recover_addresses(table, digests.data(), signatures65.data(), count, addresses.data(), ok.data());
  require(ok == expected);
  ecdsa::verify_many(table, digests.data(), signatures64.data(), keys.data(), count, false, ok.data());
  require(ok == expected);
  // Any 64 bytes as a key.
  for (size_t i = 0; i < count; ++i) std::memcpy(keys.data() + 64 * i, signatures64.data() + 64 * (count - 1 - i), 64);
  for (const bool low_s_only : {false, true}) {
    ecdsa::verify_many(ecdsa::scalar, digests.data(), signatures64.data(), keys.data(), count, low_s_only, expected.data());
    ecdsa::verify_many(table, digests.data(), signatures64.data(), keys.data(), count, low_s_only, ok.data());
    require(ok == expected);
  }
  return 0;
}
