// keccak256 for a device: one state a thread, in registers. No CUDA keyword beyond the markers of grid/body.hpp.
#pragma once

#include "grid/body.hpp"

namespace zg::keccak256 {

namespace device {

constexpr size_t kRateSize = 136;

ZG_TABLE uint64_t kRoundConstants[24] = {
    0x0000000000000001, 0x0000000000008082, 0x800000000000808a, 0x8000000080008000, 0x000000000000808b, 0x0000000080000001,
    0x8000000080008081, 0x8000000000008009, 0x000000000000008a, 0x0000000000000088, 0x0000000080008009, 0x000000008000000a,
    0x000000008000808b, 0x800000000000008b, 0x8000000000008089, 0x8000000000008003, 0x8000000000008002, 0x8000000000000080,
    0x000000000000800a, 0x800000008000000a, 0x8000000080008081, 0x8000000000008080, 0x0000000080000001, 0x8000000080008008};

template <int N>
ZG_HD uint64_t rotl(uint64_t a) {
  return a << N | a >> (64 - N);
}

// Keccak-f[1600]: theta, then rho and pi along the one cycle they make, then chi and iota.
ZG_HD void permute(uint64_t* a) {
  for (int round = 0; round < 24; ++round) {
    const uint64_t c0 = a[0] ^ a[5] ^ a[10] ^ a[15] ^ a[20];
    const uint64_t c1 = a[1] ^ a[6] ^ a[11] ^ a[16] ^ a[21];
    const uint64_t c2 = a[2] ^ a[7] ^ a[12] ^ a[17] ^ a[22];
    const uint64_t c3 = a[3] ^ a[8] ^ a[13] ^ a[18] ^ a[23];
    const uint64_t c4 = a[4] ^ a[9] ^ a[14] ^ a[19] ^ a[24];
    const uint64_t d0 = c4 ^ rotl<1>(c1), d1 = c0 ^ rotl<1>(c2), d2 = c1 ^ rotl<1>(c3), d3 = c2 ^ rotl<1>(c4), d4 = c3 ^ rotl<1>(c0);
    const uint64_t b[25] = {a[0] ^ d0,
                            rotl<44>(a[6] ^ d1),
                            rotl<43>(a[12] ^ d2),
                            rotl<21>(a[18] ^ d3),
                            rotl<14>(a[24] ^ d4),
                            rotl<28>(a[3] ^ d3),
                            rotl<20>(a[9] ^ d4),
                            rotl<3>(a[10] ^ d0),
                            rotl<45>(a[16] ^ d1),
                            rotl<61>(a[22] ^ d2),
                            rotl<1>(a[1] ^ d1),
                            rotl<6>(a[7] ^ d2),
                            rotl<25>(a[13] ^ d3),
                            rotl<8>(a[19] ^ d4),
                            rotl<18>(a[20] ^ d0),
                            rotl<27>(a[4] ^ d4),
                            rotl<36>(a[5] ^ d0),
                            rotl<10>(a[11] ^ d1),
                            rotl<15>(a[17] ^ d2),
                            rotl<56>(a[23] ^ d3),
                            rotl<62>(a[2] ^ d2),
                            rotl<55>(a[8] ^ d3),
                            rotl<39>(a[14] ^ d4),
                            rotl<41>(a[15] ^ d0),
                            rotl<2>(a[21] ^ d1)};
    for (int y = 0; y < 25; y += 5) {
      a[y] = b[y] ^ (~b[y + 1] & b[y + 2]);
      a[y + 1] = b[y + 1] ^ (~b[y + 2] & b[y + 3]);
      a[y + 2] = b[y + 2] ^ (~b[y + 3] & b[y + 4]);
      a[y + 3] = b[y + 3] ^ (~b[y + 4] & b[y]);
      a[y + 4] = b[y + 4] ^ (~b[y] & b[y + 1]);
    }
    a[0] ^= kRoundConstants[round];
  }
}

// State of an input of exactly 64 bytes whose words are a[0..7], permuted: the digest is a[0..3].
ZG_HD void digest_64(uint64_t* a) {
  a[8] = 1;
  for (int i = 9; i < 25; ++i) a[i] = 0;
  a[16] = uint64_t{1} << 63;
  permute(a);
}

}  // namespace device

// Inputs of 64 bytes: words[8 * i ..] to digests[4 * i ..]. A block loads its inputs side by side through block memory
// (rows of nine words, so that the lanes of a warp meet different banks). shared_size<uint64_t>(9 * width) a block.
struct Hash64Body {
  template <class Grid>
  ZG_HD void operator()(Grid& grid, grid::View<const uint64_t> words, grid::View<uint64_t> digests) const {
    const size_t count = digests.size / 4;
    const size_t first = size_t{grid.block()} * grid.width();
    const grid::View<uint64_t> rows = grid.template shared<uint64_t>(9 * size_t{grid.width()});
    for (size_t k = grid.thread(); k < 8 * size_t{grid.width()} && 8 * first + k < 8 * count; k += grid.width()) {
      rows[9 * (k / 8) + k % 8] = words[8 * first + k];
    }
    grid.sync();
    const size_t index = first + grid.thread();
    if (index >= count) return;
    uint64_t a[25];
    for (int w = 0; w < 8; ++w) a[w] = rows[9 * size_t{grid.thread()} + w];
    device::digest_64(a);
    for (int w = 0; w < 4; ++w) digests[4 * index + w] = a[w];
  }
};

// Ragged inputs: data[offsets[i] .. offsets[i + 1]) to digests[4 * i ..]. One thread an input; callers sort by size when
// sizes differ much, so that the threads of a warp take the same number of blocks.
struct HashRaggedBody {
  template <class Grid>
  ZG_HD void operator()(Grid& grid, grid::View<const uint8_t> data, grid::View<const uint64_t> offsets,
                        grid::View<uint64_t> digests) const {
    const size_t index = size_t{grid.block()} * grid.width() + grid.thread();
    if (index >= digests.size / 4) return;
    const size_t begin = offsets[index];
    const grid::View<const uint8_t> input = data.part(begin, offsets[index + 1] - begin);
    uint64_t a[25];
    for (int w = 0; w < 25; ++w) a[w] = 0;
    size_t at = 0;
    for (; input.size - at >= device::kRateSize; at += device::kRateSize) {
      for (size_t w = 0; w < device::kRateSize / 8; ++w) a[w] ^= word(input, at + 8 * w, 8);
      device::permute(a);
    }
    const size_t rest = input.size - at;
    for (size_t w = 0; w < device::kRateSize / 8; ++w) {
      if (8 * w > rest) continue;
      const size_t have = rest - 8 * w < 8 ? rest - 8 * w : 8;
      a[w] ^= word(input, at + 8 * w, have);
      if (have < 8) a[w] ^= uint64_t{1} << (8 * have);
    }
    a[16] ^= uint64_t{1} << 63;
    device::permute(a);
    for (int w = 0; w < 4; ++w) digests[4 * index + w] = a[w];
  }

  static ZG_HD uint64_t word(const grid::View<const uint8_t>& input, size_t at, size_t count) {
    uint64_t value = 0;
    for (size_t k = 0; k < count; ++k) value |= static_cast<uint64_t>(input[at + k]) << (8 * k);
    return value;
  }
};

}  // namespace zg::keccak256
