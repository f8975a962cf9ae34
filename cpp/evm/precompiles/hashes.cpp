// ecrecover, sha256, ripemd160, identity and the compression function of BLAKE2b.
//
// Sources: Ethereum yellow paper, appendix E; FIPS 180-4; "RIPEMD-160: a strengthened version of RIPEMD" (1996); RFC 7693 and
// EIP-152.
#include <blst.h>
#include <blst_aux.h>

#include <bit>

#include "common/endian.hpp"
#include "common/u256.hpp"
#include "evm/precompiles/contracts.hpp"
#include "sig/ecdsa/api.hpp"

namespace zg::evm::precompiles {

namespace {

uint64_t ecrecover_cost(Bytes) { return 3000; }
// Input: digest 32, v 32, r 32, s 32. An unrecoverable signature answers with nothing, which is not a failure.
bool ecrecover(Bytes input, Output& out) {
  uint8_t bytes[128];
  read_padded(input, 0, sizeof bytes, bytes);
  for (int i = 32; i < 63; ++i)
    if (bytes[i] != 0) return true;
  if (bytes[63] != 27 && bytes[63] != 28) return true;
  uint8_t signature[65], address[20], ok = 0;
  std::memcpy(signature, bytes + 64, 64);
  signature[64] = static_cast<uint8_t>(bytes[63] - 27);
  ecdsa::recover_addresses(bytes, signature, 1, address, &ok);
  if (ok == 0) return true;
  out.assign(32, 0);
  std::memcpy(out.data() + 12, address, 20);
  return true;
}

uint64_t sha256_cost(Bytes input) { return 60 + 12 * words(input.size); }
bool sha256(Bytes input, Output& out) {
  out.resize(32);
  blst_sha256(out.data(), input.data, input.size);
  return true;
}

// Message word, rotation and constants of RIPEMD-160's two lines of five rounds.
constexpr uint8_t kWordLeft[80] = {0, 1, 2,  3,  4,  5, 6,  7, 8,  9, 10, 11, 12, 13, 14, 15, 7,  4, 13, 1, 10, 6, 15, 3,  12, 0, 9,
                                   5, 2, 14, 11, 8,  3, 10, 14, 4, 9, 15, 8,  1,  2,  7,  0,  6,  13, 11, 5, 12, 1, 9,  11, 10, 0, 8,
                                   12, 4, 13, 3, 7,  15, 14, 5, 6, 2, 4,  0,  5,  9,  7,  12, 2,  10, 14, 1, 3,  8, 11, 6,  15, 13};
constexpr uint8_t kWordRight[80] = {5,  14, 7,  0, 9,  2, 11, 4, 13, 6,  15, 8,  1,  10, 3,  12, 6,  11, 3, 7,  0,  13, 5,  10, 14, 15, 8,
                                    12, 4,  9,  1, 2,  15, 5, 1, 3,  7,  14, 6,  9,  11, 8,  12, 2,  10, 0, 4,  13, 8,  6,  4,  1,  3,  11,
                                    15, 0,  5,  12, 2, 13, 9, 7, 10, 14, 12, 15, 10, 4,  1,  5,  8,  7,  6, 2,  13, 14, 0,  3,  9,  11};
constexpr uint8_t kTurnLeft[80] = {11, 14, 15, 12, 5,  8,  7,  9,  11, 13, 14, 15, 6,  7,  9,  8,  7,  6,  8,  13, 11, 9,  7,  15, 7,  12, 15,
                                   9,  11, 7,  13, 12, 11, 13, 6,  7,  14, 9,  13, 15, 14, 8,  13, 6,  5,  12, 7,  5,  11, 12, 14, 15, 14, 15,
                                   9,  8,  9,  14, 5,  6,  8,  6,  5,  12, 9,  15, 5,  11, 6,  8,  13, 12, 5,  12, 13, 14, 11, 8,  5,  6};
constexpr uint8_t kTurnRight[80] = {8,  9,  9,  11, 13, 15, 15, 5,  7,  7,  8,  11, 14, 14, 12, 6,  9,  13, 15, 7,  12, 8,  9,  11, 7,  7,  12,
                                    7,  6,  15, 13, 11, 9,  7,  15, 11, 8,  6,  6,  14, 12, 13, 5,  14, 13, 13, 7,  5,  15, 5,  8,  11, 14, 14,
                                    6,  14, 6,  9,  12, 9,  12, 5,  15, 8,  8,  5,  12, 9,  12, 5,  14, 6,  8,  13, 6,  5,  15, 13, 11, 11};
constexpr uint32_t kAddLeft[5] = {0, 0x5a827999, 0x6ed9eba1, 0x8f1bbcdc, 0xa953fd4e};
constexpr uint32_t kAddRight[5] = {0x50a28be6, 0x5c4dd124, 0x6d703ef3, 0x7a6d76e9, 0};

uint32_t ripemd_mix(int kind, uint32_t x, uint32_t y, uint32_t z) {
  switch (kind) {
    case 0: return x ^ y ^ z;
    case 1: return (x & y) | (~x & z);
    case 2: return (x | ~y) ^ z;
    case 3: return (x & z) | (y & ~z);
    default: return x ^ (y | ~z);
  }
}

void ripemd_block(uint32_t state[5], const uint8_t* block) {
  uint32_t word[16];
  for (int i = 0; i < 16; ++i) word[i] = load_le32(block + 4 * i);
  struct Line {
    uint32_t a, b, c, d, e;
    void step(uint32_t mixed, uint32_t m, uint32_t k, int turn) {
      const uint32_t t = std::rotl(a + mixed + m + k, turn) + e;
      a = e;
      e = d;
      d = std::rotl(c, 10);
      c = b;
      b = t;
    }
  };
  Line left{state[0], state[1], state[2], state[3], state[4]}, right = left;
  for (int round = 0; round < 5; ++round)
    for (int i = 16 * round; i < 16 * round + 16; ++i) {
      left.step(ripemd_mix(round, left.b, left.c, left.d), word[kWordLeft[i]], kAddLeft[round], kTurnLeft[i]);
      right.step(ripemd_mix(4 - round, right.b, right.c, right.d), word[kWordRight[i]], kAddRight[round], kTurnRight[i]);
    }
  const uint32_t t = state[1] + left.c + right.d;
  state[1] = state[2] + left.d + right.e;
  state[2] = state[3] + left.e + right.a;
  state[3] = state[4] + left.a + right.b;
  state[4] = state[0] + left.b + right.c;
  state[0] = t;
}

uint64_t ripemd160_cost(Bytes input) { return 600 + 120 * words(input.size); }
bool ripemd160(Bytes input, Output& out) {
  uint32_t state[5] = {0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476, 0xc3d2e1f0};
  size_t at = 0;
  for (; input.size - at >= 64; at += 64) ripemd_block(state, input.data + at);
  uint8_t tail[128] = {};
  const size_t left = input.size - at;
  if (left > 0) std::memcpy(tail, input.data + at, left);
  tail[left] = 0x80;
  const size_t tail_size = left < 56 ? 64 : 128;
  store_le64(tail + tail_size - 8, static_cast<uint64_t>(input.size) * 8);
  for (size_t i = 0; i < tail_size; i += 64) ripemd_block(state, tail + i);
  out.assign(32, 0);
  for (size_t i = 0; i < 5; ++i) store_le32(out.data() + 12 + 4 * i, state[i]);
  return true;
}

uint64_t identity_cost(Bytes input) { return 15 + 3 * words(input.size); }
bool identity(Bytes input, Output& out) {
  if (input.size > 0) out.assign(input.data, input.data + input.size);
  return true;
}

constexpr uint64_t kBlakeStart[8] = {0x6a09e667f3bcc908, 0xbb67ae8584caa73b, 0x3c6ef372fe94f82b, 0xa54ff53a5f1d36f1,
                                     0x510e527fade682d1, 0x9b05688c2b3e6c1f, 0x1f83d9abfb41bd6b, 0x5be0cd19137e2179};
constexpr uint8_t kBlakeOrder[10][16] = {
    {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15}, {14, 10, 4, 8, 9, 15, 13, 6, 1, 12, 0, 2, 11, 7, 5, 3},
    {11, 8, 12, 0, 5, 2, 15, 13, 10, 14, 3, 6, 7, 1, 9, 4}, {7, 9, 3, 1, 13, 12, 11, 14, 2, 6, 5, 10, 4, 0, 15, 8},
    {9, 0, 5, 7, 2, 4, 10, 15, 14, 1, 11, 12, 6, 8, 3, 13}, {2, 12, 6, 10, 0, 11, 8, 3, 4, 13, 7, 5, 15, 14, 1, 9},
    {12, 5, 1, 15, 14, 13, 4, 10, 0, 7, 6, 3, 9, 2, 8, 11}, {13, 11, 7, 14, 12, 1, 3, 9, 5, 0, 15, 4, 8, 6, 2, 10},
    {6, 15, 14, 9, 11, 3, 0, 8, 12, 2, 13, 7, 1, 4, 10, 5}, {10, 2, 8, 4, 7, 6, 1, 5, 15, 11, 9, 14, 3, 12, 13, 0}};

constexpr size_t kBlakeSize = 213;
// One gas a round; an input of the wrong size or with a bad final flag is rejected whatever the gas.
uint64_t blake2f_cost(Bytes input) { return input.size == kBlakeSize ? load_be32(input.data) : 0; }
// Input: rounds 4 (big-endian), h 64, m 128, t 16 (little-endian words), final flag 1.
bool blake2f(Bytes input, Output& out) {
  if (input.size != kBlakeSize || input.data[212] > 1) return false;
  const uint32_t rounds = load_be32(input.data);
  uint64_t h[8], m[16], v[16];
  for (int i = 0; i < 8; ++i) h[i] = load_le64(input.data + 4 + 8 * i);
  for (int i = 0; i < 16; ++i) m[i] = load_le64(input.data + 68 + 8 * i);
  for (int i = 0; i < 8; ++i) {
    v[i] = h[i];
    v[i + 8] = kBlakeStart[i];
  }
  v[12] ^= load_le64(input.data + 196);
  v[13] ^= load_le64(input.data + 204);
  if (input.data[212] == 1) v[14] = ~v[14];
  auto mix = [&v](int a, int b, int c, int d, uint64_t x, uint64_t y) {
    v[a] += v[b] + x;
    v[d] = std::rotr(v[d] ^ v[a], 32);
    v[c] += v[d];
    v[b] = std::rotr(v[b] ^ v[c], 24);
    v[a] += v[b] + y;
    v[d] = std::rotr(v[d] ^ v[a], 16);
    v[c] += v[d];
    v[b] = std::rotr(v[b] ^ v[c], 63);
  };
  uint32_t order = 0;
  for (uint32_t i = 0; i < rounds; ++i) {
    const uint8_t* s = kBlakeOrder[order];
    order = order == 9 ? 0 : order + 1;
    mix(0, 4, 8, 12, m[s[0]], m[s[1]]);
    mix(1, 5, 9, 13, m[s[2]], m[s[3]]);
    mix(2, 6, 10, 14, m[s[4]], m[s[5]]);
    mix(3, 7, 11, 15, m[s[6]], m[s[7]]);
    mix(0, 5, 10, 15, m[s[8]], m[s[9]]);
    mix(1, 6, 11, 12, m[s[10]], m[s[11]]);
    mix(2, 7, 8, 13, m[s[12]], m[s[13]]);
    mix(3, 4, 9, 14, m[s[14]], m[s[15]]);
  }
  out.resize(64);
  for (size_t i = 0; i < 8; ++i) store_le64(out.data() + 8 * i, h[i] ^ v[i] ^ v[i + 8]);
  return true;
}

}  // namespace

const Contract kEcrecover{ecrecover_cost, ecrecover};
const Contract kSha256{sha256_cost, sha256};
const Contract kRipemd160{ripemd160_cost, ripemd160};
const Contract kIdentity{identity_cost, identity};
const Contract kBlake2f{blake2f_cost, blake2f};

}  // namespace zg::evm::precompiles
