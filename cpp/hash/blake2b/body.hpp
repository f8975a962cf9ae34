// BLAKE2b-512 for a device: one state a thread.
#pragma once

#include "grid/body.hpp"

namespace zg::blake2b {

namespace device {

ZG_TABLE uint64_t kIv[8] = {0x6a09e667f3bcc908, 0xbb67ae8584caa73b, 0x3c6ef372fe94f82b, 0xa54ff53a5f1d36f1,
                            0x510e527fade682d1, 0x9b05688c2b3e6c1f, 0x1f83d9abfb41bd6b, 0x5be0cd19137e2179};

ZG_TABLE uint8_t kOrder[10][16] = {{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15}, {14, 10, 4, 8, 9, 15, 13, 6, 1, 12, 0, 2, 11, 7, 5, 3},
                                   {11, 8, 12, 0, 5, 2, 15, 13, 10, 14, 3, 6, 7, 1, 9, 4}, {7, 9, 3, 1, 13, 12, 11, 14, 2, 6, 5, 10, 4, 0, 15, 8},
                                   {9, 0, 5, 7, 2, 4, 10, 15, 14, 1, 11, 12, 6, 8, 3, 13}, {2, 12, 6, 10, 0, 11, 8, 3, 4, 13, 7, 5, 15, 14, 1, 9},
                                   {12, 5, 1, 15, 14, 13, 4, 10, 0, 7, 6, 3, 9, 2, 8, 11}, {13, 11, 7, 14, 12, 1, 3, 9, 5, 0, 15, 4, 8, 6, 2, 10},
                                   {6, 15, 14, 9, 11, 3, 0, 8, 12, 2, 13, 7, 1, 4, 10, 5}, {10, 2, 8, 4, 7, 6, 1, 5, 15, 11, 9, 14, 3, 12, 13, 0}};

ZG_HD uint64_t rotr(uint64_t a, int n) { return a >> n | a << (64 - n); }

ZG_HD void mix(uint64_t& a, uint64_t& b, uint64_t& c, uint64_t& d, uint64_t x, uint64_t y) {
  a += b + x;
  d = rotr(d ^ a, 32);
  c += d;
  b = rotr(b ^ c, 24);
  a += b + y;
  d = rotr(d ^ a, 16);
  c += d;
  b = rotr(b ^ c, 63);
}

ZG_HD void start(uint64_t* h) {
  for (int i = 0; i < 8; ++i) h[i] = kIv[i];
  h[0] ^= 0x01010040;
}

// One block of 16 words, `counted` bytes so far.
ZG_HD void compress(uint64_t* h, const uint64_t* m, uint64_t counted, bool is_last) {
  uint64_t v[16];
  for (int i = 0; i < 8; ++i) v[i] = h[i];
  for (int i = 0; i < 8; ++i) v[8 + i] = kIv[i];
  v[12] ^= counted;
  if (is_last) v[14] = ~v[14];
  for (int round = 0; round < 12; ++round) {
    const uint8_t* s = kOrder[round % 10];
    mix(v[0], v[4], v[8], v[12], m[s[0]], m[s[1]]);
    mix(v[1], v[5], v[9], v[13], m[s[2]], m[s[3]]);
    mix(v[2], v[6], v[10], v[14], m[s[4]], m[s[5]]);
    mix(v[3], v[7], v[11], v[15], m[s[6]], m[s[7]]);
    mix(v[0], v[5], v[10], v[15], m[s[8]], m[s[9]]);
    mix(v[1], v[6], v[11], v[12], m[s[10]], m[s[11]]);
    mix(v[2], v[7], v[8], v[13], m[s[12]], m[s[13]]);
    mix(v[3], v[4], v[9], v[14], m[s[14]], m[s[15]]);
  }
  for (int i = 0; i < 8; ++i) h[i] ^= v[i] ^ v[8 + i];
}

}  // namespace device

// Ragged inputs: data[offsets[i] .. offsets[i + 1]) to digests[8 * i ..]. One thread an input.
struct HashRaggedBody {
  template <class Grid>
  ZG_HD void operator()(Grid& grid, grid::View<const uint8_t> data, grid::View<const uint64_t> offsets,
                        grid::View<uint64_t> digests) const {
    const size_t index = size_t{grid.block()} * grid.width() + grid.thread();
    if (index >= digests.size / 8) return;
    const size_t begin = offsets[index];
    const grid::View<const uint8_t> input = data.part(begin, offsets[index + 1] - begin);
    uint64_t h[8], m[16];
    device::start(h);
    size_t at = 0;
    do {
      const size_t have = input.size - at < 128 ? input.size - at : 128;
      for (size_t w = 0; w < 16; ++w) {
        m[w] = 0;
        for (size_t k = 8 * w; k < 8 * w + 8 && k < have; ++k) m[w] |= static_cast<uint64_t>(input[at + k]) << (8 * (k - 8 * w));
      }
      at += have;
      device::compress(h, m, at, at == input.size);
    } while (at != input.size);
    for (size_t w = 0; w < 8; ++w) digests[8 * index + w] = h[w];
  }
};

}  // namespace zg::blake2b
