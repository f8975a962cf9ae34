#include <cstring>

#include "common/endian.hpp"
#include "hash/keccak256/api.hpp"

namespace zg::keccak256 {

namespace {

constexpr uint64_t kRoundConstants[24] = {
    0x0000000000000001, 0x0000000000008082, 0x800000000000808a, 0x8000000080008000, 0x000000000000808b, 0x0000000080000001,
    0x8000000080008081, 0x8000000000008009, 0x000000000000008a, 0x0000000000000088, 0x0000000080008009, 0x000000008000000a,
    0x000000008000808b, 0x800000000000008b, 0x8000000000008089, 0x8000000000008003, 0x8000000000008002, 0x8000000000000080,
    0x000000000000800a, 0x800000008000000a, 0x8000000080008081, 0x8000000000008080, 0x0000000080000001, 0x8000000080008008};
constexpr int kRotation[24] = {1, 3, 6, 10, 15, 21, 28, 36, 45, 55, 2, 14, 27, 41, 56, 8, 25, 43, 62, 18, 39, 61, 20, 44};
constexpr int kLane[24] = {10, 7, 11, 17, 18, 3, 5, 16, 8, 21, 24, 4, 15, 23, 19, 13, 12, 2, 20, 14, 22, 9, 6, 1};

uint64_t rotate_left(uint64_t x, int n) { return x << n | x >> (64 - n); }

void permute(uint64_t a[25]) {
  for (uint64_t constant : kRoundConstants) {
    uint64_t c[5];
    for (int x = 0; x < 5; ++x) c[x] = a[x] ^ a[x + 5] ^ a[x + 10] ^ a[x + 15] ^ a[x + 20];
    for (int x = 0; x < 5; ++x) {
      const uint64_t d = c[(x + 4) % 5] ^ rotate_left(c[(x + 1) % 5], 1);
      for (int y = 0; y < 25; y += 5) a[x + y] ^= d;
    }
    uint64_t carried = a[1];
    for (int i = 0; i < 24; ++i) {
      const uint64_t next = a[kLane[i]];
      a[kLane[i]] = rotate_left(carried, kRotation[i]);
      carried = next;
    }
    for (int y = 0; y < 25; y += 5) {
      const uint64_t row[5] = {a[y], a[y + 1], a[y + 2], a[y + 3], a[y + 4]};
      for (int x = 0; x < 5; ++x) a[y + x] = row[x] ^ (~row[(x + 1) % 5] & row[(x + 2) % 5]);
    }
    a[0] ^= constant;
  }
}

}  // namespace

void hash(Bytes input, uint8_t digest[32]) {
  constexpr size_t kRate = 136;
  uint64_t state[25] = {};
  while (input.size >= kRate) {
    for (size_t i = 0; i < kRate / 8; ++i) state[i] ^= load_le64(input.data + 8 * i);
    permute(state);
    input.data += kRate;
    input.size -= kRate;
  }
  uint8_t block[kRate] = {};
  if (input.size != 0) std::memcpy(block, input.data, input.size);
  block[input.size] = 0x01;
  block[kRate - 1] |= 0x80;
  for (size_t i = 0; i < kRate / 8; ++i) state[i] ^= load_le64(block + 8 * i);
  permute(state);
  std::memcpy(digest, state, 32);
}

void hash_many(const uint8_t* data, const uint64_t* offsets, size_t count, uint8_t* digests) {
  for (size_t i = 0; i < count; ++i) hash({data + offsets[i], offsets[i + 1] - offsets[i]}, digests + 32 * i);
}

void hash_many(const Bytes* inputs, size_t count, uint8_t* digests) {
  for (size_t i = 0; i < count; ++i) hash(inputs[i], digests + 32 * i);
}

}  // namespace zg::keccak256
