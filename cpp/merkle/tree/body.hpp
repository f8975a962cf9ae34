// Device body of a storage segment: one block hashes the sectors of one subtree and reduces it in block memory.
#pragma once

#include "hash/keccak256/body.hpp"

namespace zg::merkle {

// roots[4 * block ..] = root over the 2^height sectors of words[32 * 2^height * block ..]. Any width.
// shared_size<uint64_t>(4 << height) a block; height <= 10.
struct SubtreeBody {
  template <class Grid>
  ZG_HD void operator()(Grid& grid, unsigned height, grid::View<const uint64_t> words, grid::View<uint64_t> roots) const {
    const size_t leaf_count = size_t{1} << height;
    const grid::View<uint64_t> nodes = grid.template shared<uint64_t>(4 * leaf_count);
    const grid::View<const uint64_t> sectors = words.part(32 * leaf_count * grid.block(), 32 * leaf_count);
    uint64_t a[25];
    for (size_t i = grid.thread(); i < leaf_count; i += grid.width()) {
      digest_sector(sectors.part(32 * i, 32), a);
      for (int w = 0; w < 4; ++w) nodes[4 * i + w] = a[w];
    }
    grid.sync();
    // Pairs of one level are read by a whole round of threads before any of them writes.
    for (size_t pairs = leaf_count / 2; pairs != 0; pairs /= 2) {
      for (size_t first = 0; first < pairs; first += grid.width()) {
        const size_t i = first + grid.thread();
        if (i < pairs) {
          for (int w = 0; w < 8; ++w) a[w] = nodes[8 * i + w];
        }
        grid.sync();
        if (i < pairs) {
          keccak256::device::digest_64(a);
          for (int w = 0; w < 4; ++w) nodes[4 * i + w] = a[w];
        }
        grid.sync();
      }
    }
    for (size_t w = grid.thread(); w < 4; w += grid.width()) roots[4 * size_t{grid.block()} + w] = nodes[w];
  }

  static ZG_HD void digest_sector(const grid::View<const uint64_t>& sector, uint64_t* a) {
    for (int w = 0; w < 17; ++w) a[w] = sector[w];
    for (int w = 17; w < 25; ++w) a[w] = 0;
    keccak256::device::permute(a);
    for (int w = 0; w < 15; ++w) a[w] ^= sector[17 + w];
    a[15] ^= 1;
    a[16] ^= uint64_t{1} << 63;
    keccak256::device::permute(a);
  }
};

}  // namespace zg::merkle
