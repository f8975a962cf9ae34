// Points from strangers: what a decoder accepts encodes to the same bytes, is a point that the group accepts (or infinity), and
// nothing else is accepted. Verification of arbitrary bytes answers, the same alone as among others.
#include <cstdlib>
#include <cstring>

#include "sig/bls_bn254/api.hpp"
#include "sig/bls_bn254/wire.hpp"

using namespace zg;
using namespace zg::bls_bn254;

namespace {

void require(bool condition) {
  if (!condition) std::abort();
}

template <size_t kWire, size_t kPoint>
void round(const uint8_t* wire, bool (*decode)(const uint8_t*, uint8_t*), bool (*encode)(const uint8_t*, uint8_t*),
           bool (*accepts)(const uint8_t*)) {
  static constexpr uint8_t kZeros[kPoint] = {};
  uint8_t point[kPoint], again[kWire];
  if (!decode(wire, point)) return;
  require(accepts(point) || std::memcmp(point, kZeros, kPoint) == 0);
  require(encode(point, again) && std::memcmp(again, wire, kWire) == 0);
}

// Gives the fuzzer points: a multiple of the generator by a small number, where the command asks for one.
void put_point(uint8_t command, uint8_t* at, size_t size) {
  uint8_t secret[32] = {}, key1[64], key2[128];
  secret[31] = static_cast<uint8_t>(command | 1);
  require(public_keys(secret, key1, key2) == Status::ok);
  if (size == 32) require(encode_compressed(key1, at));
  if (size == 64) require(encode_flagged(key1, at));
  if (size == 128) require(encode_flagged_g2(key2, at));
}

}  // namespace

// First byte: which check; second: a known point to begin with (0: none), into which the rest is XORed.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size < 2) return 0;
  static constexpr size_t kSizes[5] = {64, 64, 32, 128, 256};
  const unsigned check = data[0] % 5;
  uint8_t wire[256] = {};
  if (data[1] != 0 && check < 4) put_point(data[1], wire, kSizes[check]);
  for (size_t i = 0; i < size - 2 && i < kSizes[check]; ++i) wire[i] ^= data[2 + i];
  switch (check) {
    case 0: round<64, 64>(wire, &decode_plain, &encode_plain, &accepts_g1); break;
    case 1: round<64, 64>(wire, &decode_flagged, &encode_flagged, &accepts_g1); break;
    case 2: round<32, 64>(wire, &decode_compressed, &encode_compressed, &accepts_g1); break;
    case 3: round<128, 128>(wire, &decode_flagged_g2, &encode_flagged_g2, &accepts_g2); break;
    default: {
      Hash32 digest;
      std::memcpy(digest.b, wire, 32);
      uint8_t secret[32] = {}, both_digests[64], signatures[128], keys[256], key1[64], ok[2];
      secret[31] = 7;
      std::memcpy(both_digests, wire, 32);
      std::memcpy(both_digests + 32, wire, 32);
      std::memcpy(signatures, wire + 32, 64);
      std::memcpy(keys, wire + 96, 128);
      require(sign(secret, digest, signatures + 64) == Status::ok && public_keys(secret, key1, keys + 128) == Status::ok);
      verify_many(zg::bls_bn254::scalar, both_digests, signatures, keys, 2, false, ok);
      require(ok[1] == 1 && ok[0] == (verify(digest, signatures, keys) ? 1 : 0));
    }
  }
  return 0;
}
