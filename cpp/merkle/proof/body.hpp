// Device body of proofs: one thread folds one proof.
#pragma once

#include "hash/keccak256/body.hpp"

namespace zg::merkle {

// roots[4 * i ..] = fold of leaves[4 * i ..] along siblings and path entries offsets[i] … offsets[i + 1] - 1. Sorting by
// depth keeps the threads of a warp together.
struct FoldBody {
  template <class Grid>
  ZG_HD void operator()(Grid& grid, grid::View<const uint64_t> leaves, grid::View<const uint64_t> siblings,
                        grid::View<const uint8_t> path, grid::View<const uint64_t> offsets, grid::View<uint64_t> roots) const {
    const size_t index = size_t{grid.block()} * grid.width() + grid.thread();
    if (index >= roots.size / 4) return;
    uint64_t a[25];
    for (int w = 0; w < 4; ++w) a[w] = leaves[4 * index + w];
    for (size_t entry = offsets[index]; entry < offsets[index + 1]; ++entry) {
      const bool is_left = path[entry] != 0;
      for (int w = 0; w < 4; ++w) {
        const uint64_t running = a[w];
        const uint64_t sibling = siblings[4 * entry + w];
        a[w] = is_left ? running : sibling;
        a[w + 4] = is_left ? sibling : running;
      }
      keccak256::device::digest_64(a);
    }
    for (int w = 0; w < 4; ++w) roots[4 * index + w] = a[w];
  }
};

}  // namespace zg::merkle
