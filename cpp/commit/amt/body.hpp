// Device bodies of the prover: trees of sums, and the group transforms of all depths and cosets, a layer a launch. Row sums and
// block sums are curve/msm's (windows, finish), whose projective points these take as they are.
//
// Points are those of curve/xyzz.hpp; node (D, i) of a coset at place 2^D - 2 + i, cosets one behind the other. Scalars are four
// plain words.
#pragma once

#include "curve/xyzz.hpp"

namespace zg::amt::device {

namespace xyzz = curve::device;
using Point = xyzz::Base;
using Words = xyzz::Words;
using Constants = xyzz::Constants;

inline constexpr uint64_t kSize = xyzz::kPointWords<Point>;
inline constexpr unsigned kCosetCount = 3;

ZG_HD uint64_t place(unsigned depth, uint64_t index) { return (uint64_t{1} << depth) - 2 + index; }
ZG_HD uint64_t places(unsigned log_rows) { return (uint64_t{2} << log_rows) - 2; }

// The place of the highest bit of a number that is not zero.
ZG_HD unsigned highest_bit(uint64_t value) {
  unsigned at = 0;
  for (; value > 1; value >>= 1) ++at;
  return at;
}

// Trees from their deepest level up, a block a tree. Nodes: a node is the sum of (D + 1, i) and (D + 1, i + 2^D). Blocks: to
// what lies there comes (D + 1, 2 i).
struct TreeBody {
  template <class Grid>
  ZG_HD void operator()(Grid& grid, unsigned log_rows, unsigned trees, bool blocks, Words points) const {
    for (uint64_t tree = grid.block(); tree < trees; tree += grid.blocks()) {
      const uint64_t base = places(log_rows) * tree;
      for (unsigned depth = log_rows - 1; depth >= 1; --depth) {
        const uint64_t width = uint64_t{1} << depth;
        for (uint64_t i = grid.thread(); i < width; i += grid.width()) {
          const uint64_t at = kSize * (base + place(depth, i));
          if (!blocks) xyzz::copy<Point>(points, at, xyzz::fixed(points), kSize * (base + place(depth + 1, i)));
          const uint64_t child = kSize * (base + place(depth + 1, blocks ? 2 * i : i + width));
          if (!xyzz::add<Point>(points, at, xyzz::fixed(points), child)) xyzz::twice<Point>(points, at);
        }
        grid.sync();
      }
    }
  }
};

// What the transforms begin with: block sum b of depth D times its twist, at the bit-reversed place of b + 1 modulo 2^D. A lane a
// point; `multiples`: room for eight points a lane.
struct TwistBody {
  template <class Grid>
  ZG_HD void operator()(Grid& grid, unsigned log_rows, Constants blocks, Constants twists, Words multiples, Words out) const {
    const uint64_t count = places(log_rows), step = uint64_t{grid.width()} * grid.blocks(), lane = uint64_t{grid.width()} * grid.block() + grid.thread();
    for (uint64_t q = lane; q < kCosetCount * count; q += step) {
      const uint64_t coset = q / count, here = q % count;
      const unsigned depth = highest_bit(here + 2);
      const uint64_t next = (here + 3 - (uint64_t{1} << depth)) & ((uint64_t{1} << depth) - 1);
      uint64_t turned = 0;
      for (unsigned i = 0; i < depth; ++i) turned |= (next >> i & 1) << (depth - 1 - i);
      const uint64_t to = kSize * (count * coset + place(depth, turned));
      xyzz::copy<Point>(out, to, blocks, kSize * here);
      xyzz::multiply<Point>(out, to, twists, 4 * q, multiples, xyzz::kLadderMultiples * kSize * lane, xyzz::kLadderDigits);
    }
  }
};

// Layer `layer` of all transforms that have it, in place: (low, high) becomes low ± root · high, a lane a pair. `roots`: the
// powers of the root of order 2^(layer + 1), 2^layer of them.
struct ButterflyBody {
  template <class Grid>
  ZG_HD void operator()(Grid& grid, unsigned log_rows, unsigned layer, Constants roots, Words multiples, Words points) const {
    const uint64_t half = uint64_t{1} << layer, count = (uint64_t{1} << log_rows) - half;  // of a coset: 2^(D - 1) for each D above the layer
    const uint64_t step = uint64_t{grid.width()} * grid.blocks(), lane = uint64_t{grid.width()} * grid.block() + grid.thread();
    const uint64_t room = xyzz::kLadderMultiples * kSize * lane;
    for (uint64_t q = lane; q < kCosetCount * count; q += step) {
      const uint64_t coset = q / count, here = q % count + half;
      const unsigned depth = highest_bit(here) + 1;
      const uint64_t b = here - (uint64_t{1} << (depth - 1)), j = b & (half - 1);
      const uint64_t low = kSize * (places(log_rows) * coset + place(depth, 2 * b - j)), high = low + kSize * half;
      if (j != 0) xyzz::multiply<Point>(points, high, roots, 4 * j, multiples, room, xyzz::kLadderDigits);
      xyzz::copy<Point>(multiples, room, xyzz::fixed(points), low);
      for (unsigned side = 0; side < 2; ++side) {
        const uint64_t to = side == 0 ? low : high;
        if (side == 1) xyzz::negate<Point>(points, high);
        if (!xyzz::add<Point>(points, to, side == 0 ? xyzz::fixed(points) : xyzz::fixed(multiples), side == 0 ? high : room)) xyzz::twice<Point>(points, to);
      }
    }
  }
};

}  // namespace zg::amt::device
