// Device body of a pass: a block transforms one vector at a time in block memory.
#pragma once

#include "field/bn254/body.hpp"

namespace zg::ntt {

ZG_HD uint64_t reversed(uint64_t index, unsigned bits) {
  uint64_t out = 0;
  for (unsigned i = 0; i < bits; ++i) out |= (index >> i & 1) << (bits - 1 - i);
  return out;
}

// A transform in block memory: bit-reversed order in, natural order out, roots as Pass has them. All lanes of the block; a
// barrier behind it.
template <class Grid>
ZG_HD void butterflies(Grid& grid, const grid::View<uint64_t>& values, const grid::View<const uint64_t>& roots, unsigned log_size) {
  using P = bn254::FrParams;
  namespace fr = bn254::device;
  const uint64_t n = uint64_t{1} << log_size;
  for (uint64_t half = 1; half < n; half *= 2) {
    for (uint64_t at = grid.thread(); at < n / 2; at += grid.width()) {
      const uint64_t j = at & (half - 1), low = 2 * at - j;
      const fr::Number u = fr::load(values, 4 * low);
      const fr::Number t = fr::mul<P>(fr::load(values, 4 * (low + half)), fr::load(roots, 4 * (half + j)));
      fr::store(values, 4 * low, fr::add<P>(u, t));
      fr::store(values, 4 * (low + half), fr::sub<P>(u, t));
    }
    grid.sync();
  }
}

// What Pass (table.hpp) says, with factors in Montgomery form (base 2^256), four words each.
struct PassShape {
  unsigned log_size;
  uint64_t first, count;  // vectors
  bool has_pre, has_post, has_twist;
  uint64_t twist_step, twist_pitch, in_step, in_pitch, out_step, out_pitch;  // elements
};

// Any width, any number of blocks. Block memory: shared_size<uint64_t>(4 << log_size).
struct PassBody {
  template <class Grid>
  ZG_HD void operator()(Grid& grid, const PassShape& shape, grid::View<const uint64_t> roots, grid::View<const uint64_t> pre,
                        grid::View<const uint64_t> post, grid::View<const uint64_t> twist, grid::View<const uint64_t> in,
                        grid::View<uint64_t> out) const {
    using P = bn254::FrParams;
    namespace fr = bn254::device;
    const uint64_t n = uint64_t{1} << shape.log_size;
    const grid::View<uint64_t> values = grid.template shared<uint64_t>(4 * n);
    for (uint64_t index = grid.block(); index < shape.count; index += grid.blocks()) {
      const uint64_t vector = shape.first + index;
      for (uint64_t k = grid.thread(); k < n; k += grid.width()) {
        fr::Number value = fr::load(in, 4 * (shape.in_step * k + shape.in_pitch * vector));
        if (shape.has_twist) value = fr::mul<P>(value, fr::load(twist, 4 * (shape.twist_step * k + shape.twist_pitch * vector)));
        if (shape.has_pre) value = fr::mul<P>(value, fr::load(pre, 4 * k));
        fr::store(values, 4 * reversed(k, shape.log_size), value);
      }
      grid.sync();
      butterflies(grid, values, roots, shape.log_size);
      for (uint64_t k = grid.thread(); k < n; k += grid.width()) {
        fr::Number value = fr::load(values, 4 * k);
        if (shape.has_post) value = fr::mul<P>(value, fr::load(post, 4 * k));
        fr::store(out, 4 * (shape.out_step * k + shape.out_pitch * vector), value);
      }
      grid.sync();
    }
  }
};

}  // namespace zg::ntt
