// Device bodies of mixing: a nonce a thread for scratchpads, a seal a thread for qualities.
#pragma once

#include "hash/blake2b/body.hpp"
#include "hash/keccak256/body.hpp"

namespace zg::pora {

// pads[2048 * i ..] and recall_seeds[4 * i ..] of seeds[8 * i ..].
struct ScratchpadBody {
  template <class Grid>
  ZG_HD void operator()(Grid& grid, grid::View<const uint64_t> seeds, grid::View<uint64_t> pads, grid::View<uint64_t> recall_seeds) const {
    const size_t index = size_t{grid.block()} * grid.width() + grid.thread();
    if (index >= seeds.size / 8) return;
    const grid::View<uint64_t> pad = pads.part(2048 * index, 2048);
    uint64_t d[8], a[25];
    for (int w = 0; w < 8; ++w) d[w] = seeds[8 * index + w];
    for (size_t at = 0; at < 2048; at += 8) {
      for (int half = 0; half < 8; half += 4) {
        for (int w = 0; w < 8; ++w) a[w] = d[w];
        keccak256::device::digest_64(a);
        for (int w = 0; w < 4; ++w) d[half + w] = a[w];
      }
      for (int w = 0; w < 8; ++w) pad[at + w] = d[w];
    }
    for (int w = 0; w < 8; ++w) a[w] = d[w];
    keccak256::device::digest_64(a);
    for (int w = 0; w < 4; ++w) recall_seeds[4 * index + w] = a[w];
  }
};

// qualities[4 * (64 * i + s) ..] of seal s of the load at loads[32768 * i ..], with pads[2048 * i ..] and seeds[8 * i ..].
struct QualityBody {
  template <class Grid>
  ZG_HD void operator()(Grid& grid, grid::View<const uint64_t> loads, grid::View<const uint64_t> pads, grid::View<const uint64_t> seeds,
                        grid::View<uint64_t> qualities) const {
    const size_t index = size_t{grid.block()} * grid.width() + grid.thread();
    if (index >= qualities.size / 4) return;
    const size_t seal = index % 64;
    const grid::View<const uint64_t> sealed = loads.part(512 * index, 512);
    const grid::View<const uint64_t> quarter = pads.part(2048 * (index / 64) + 512 * (seal % 4), 512);
    uint64_t h[8], m[16];
    blake2b::device::start(h);
    for (int w = 0; w < 16; ++w) m[w] = 0;
    m[3] = static_cast<uint64_t>(seal) << 56;
    for (int w = 0; w < 8; ++w) m[4 + w] = seeds[8 * (index / 64) + w];
    blake2b::device::compress(h, m, 128, false);
    for (size_t at = 0; at < 512; at += 16) {
      for (size_t w = 0; w < 16; ++w) m[w] = sealed[at + w] ^ quarter[at + w];
      blake2b::device::compress(h, m, 256 + 8 * at, at == 496);
    }
    for (int w = 0; w < 4; ++w) qualities[4 * index + w] = h[w];
  }
};

}  // namespace zg::pora
