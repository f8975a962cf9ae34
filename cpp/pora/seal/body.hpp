// Device bodies of sealing: a chain a thread; unsealing has no chain, so a word a thread.
#pragma once

#include "hash/keccak256/body.hpp"

namespace zg::pora {

namespace device {

// Digest words a[0..3] of the 32 bytes in a[0..3].
ZG_HD void digest_32(uint64_t* a) {
  for (int w = 4; w < 25; ++w) a[w] = 0;
  a[4] = 1;
  a[16] = uint64_t{1} << 63;
  keccak256::device::permute(a);
}

}  // namespace device

// words[512 * i ..] in place from masks[4 * i ..].
struct SealBody {
  template <class Grid>
  ZG_HD void operator()(Grid& grid, grid::View<const uint64_t> masks, grid::View<uint64_t> words) const {
    const size_t index = size_t{grid.block()} * grid.width() + grid.thread();
    if (index >= masks.size / 4) return;
    const grid::View<uint64_t> seal = words.part(512 * index, 512);
    uint64_t a[25];
    for (int w = 0; w < 4; ++w) a[w] = masks[4 * index + w];
    for (size_t at = 0; at < 512; at += 4) {
      for (int w = 0; w < 4; ++w) {
        a[w] ^= seal[at + w];
        seal[at + w] = a[w];
      }
      device::digest_32(a);
    }
  }
};

// out[4 * j ..] = word j of sealed[] opened; out may not be sealed: a neighbour's word is the mask.
struct UnsealBody {
  template <class Grid>
  ZG_HD void operator()(Grid& grid, grid::View<const uint64_t> masks, grid::View<const uint64_t> sealed, grid::View<uint64_t> out) const {
    const size_t word = size_t{grid.block()} * grid.width() + grid.thread();
    if (word >= sealed.size / 4) return;
    uint64_t a[25];
    if (word % 128 == 0) {
      for (int w = 0; w < 4; ++w) a[w] = masks[word / 32 + w];
    } else {
      for (int w = 0; w < 4; ++w) a[w] = sealed[4 * (word - 1) + w];
      device::digest_32(a);
    }
    for (int w = 0; w < 4; ++w) out[4 * word + w] = sealed[4 * word + w] ^ a[w];
  }
};

}  // namespace zg::pora
