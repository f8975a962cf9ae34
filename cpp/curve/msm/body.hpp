// Device bodies of the rounds: independent affine additions and doublings in G1, each lane sharing one inversion among its own.
//
// Points are eight words as in table.hpp: Montgomery forms of x and y, infinity zeros. Nothing is called back: equal, opposite
// and infinite points are cases of one slope. A lane reads its pairs twice; `out` may be an operand's memory where no pair reads
// what another writes.
#pragma once

#include "field/bn254/body.hpp"

namespace zg::msm::device {

using bn254::device::Number;
using P = bn254::FqParams;

// table.hpp's, which a device cannot include.
inline constexpr uint32_t kNegativeBit = uint32_t{1} << 31;
inline constexpr uint64_t kWords = 8;

template <class Word>
ZG_HD Number coordinate(const grid::View<Word>& points, uint32_t index, uint64_t which) {
  return bn254::device::load(points, kWords * (index & ~kNegativeBit) + 4 * which);
}

// y of ±point.
template <class Word>
ZG_HD Number y_of(const grid::View<Word>& points, uint32_t index) {
  const Number y = coordinate(points, index, 1);
  return index & kNegativeBit ? bn254::device::sub<P>(Number{}, y) : y;
}

ZG_HD bool equal(const Number& a, const Number& b) {
  uint32_t any = 0;
ZG_UNROLL
  for (int i = 0; i < 8; ++i) any |= a.l[i] ^ b.l[i];
  return any == 0;
}

template <class Word>
ZG_HD bool is_infinity(const grid::View<Word>& points, uint32_t index) {
  return bn254::device::is_zero(coordinate(points, index, 0)) && bn254::device::is_zero(coordinate(points, index, 1));
}

// What a sum's slope is divided by; zero where the sum is one of the operands or infinity.
template <class Left, class Right>
ZG_HD Number denominator(const grid::View<Left>& left, uint32_t a, const grid::View<Right>& right, uint32_t b) {
  if (is_infinity(left, a) || is_infinity(right, b)) return Number{};
  const Number difference = bn254::device::sub<P>(coordinate(right, b, 0), coordinate(left, a, 0));
  if (!bn254::device::is_zero(difference)) return difference;
  const Number y = y_of(left, a);
  // Opposite points have y = -y': their sum is zero, and so is the denominator.
  return bn254::device::add<P>(y, y_of(right, b));
}

template <class Left>
ZG_HD void put_sum(const grid::View<Left>& left, uint32_t a, const Number& other_x, const Number& slope, const grid::View<uint64_t>& out, uint32_t to) {
  namespace fq = bn254::device;
  const Number ax = coordinate(left, a, 0), ay = y_of(left, a);
  const Number x = fq::sub<P>(fq::sub<P>(fq::mul<P>(slope, slope), ax), other_x);
  const Number y = fq::sub<P>(fq::mul<P>(slope, fq::sub<P>(ax, x)), ay);
  fq::store(out, kWords * to, x);
  fq::store(out, kWords * to + 4, y);
}

// out[to[k]] = left[a[k]] + right[b[k]], with kNegativeBit on a and b. `before`: four words a pair. Any width, any number of blocks.
struct AddBody {
  template <class Grid>
  ZG_HD void operator()(Grid& grid, uint64_t count, grid::View<const uint64_t> left, grid::View<const uint32_t> a, grid::View<const uint64_t> right,
                        grid::View<const uint32_t> b, grid::View<uint64_t> out, grid::View<const uint32_t> to, grid::View<uint64_t> before) const {
    namespace fq = bn254::device;
    const uint64_t step = uint64_t{grid.width()} * grid.blocks(), begin = uint64_t{grid.width()} * grid.block() + grid.thread();
    if (begin >= count) return;
    Number product = fq::one<P>();
    uint64_t end = begin;
    for (; end < count; end += step) {
      fq::store(before, 4 * end, product);
      const Number d = denominator(left, a[end], right, b[end]);
      if (!fq::is_zero(d)) product = fq::mul<P>(product, d);
    }
    product = fq::inverse<P>(product);
    for (uint64_t k = end; k != begin;) {
      k -= step;
      const uint32_t p = a[k], q = b[k];
      const Number d = denominator(left, p, right, q);
      if (fq::is_zero(d)) {
        alone(left, p, right, q, out, to[k]);
        continue;
      }
      const Number inverse = fq::mul<P>(product, fq::load(before, 4 * k));
      product = fq::mul<P>(product, d);
      const Number px = coordinate(left, p, 0), qx = coordinate(right, q, 0);
      Number rise;
      if (equal(px, qx)) {
        const Number square = fq::mul<P>(px, px);
        rise = fq::add<P>(fq::add<P>(square, square), square);
      } else {
        rise = fq::sub<P>(y_of(right, q), y_of(left, p));
      }
      put_sum(left, p, qx, fq::mul<P>(rise, inverse), out, to[k]);
    }
  }

  // One operand is infinity, or they are opposite.
  template <class Left, class Right>
  static ZG_HD void alone(const grid::View<Left>& left, uint32_t a, const grid::View<Right>& right, uint32_t b, const grid::View<uint64_t>& out,
                          uint32_t to) {
    namespace fq = bn254::device;
    Number x{}, y{};
    if (is_infinity(right, b)) {
      x = coordinate(left, a, 0);
      y = y_of(left, a);
    } else if (is_infinity(left, a)) {
      x = coordinate(right, b, 0);
      y = y_of(right, b);
    }
    fq::store(out, kWords * to, x);
    fq::store(out, kWords * to + 4, y);
  }
};

// out[to[k]] = 2 left[a[k]].
struct TwiceBody {
  template <class Grid>
  ZG_HD void operator()(Grid& grid, uint64_t count, grid::View<const uint64_t> left, grid::View<const uint32_t> a, grid::View<uint64_t> out,
                        grid::View<const uint32_t> to, grid::View<uint64_t> before) const {
    AddBody{}(grid, count, left, a, left, a, out, to, before);
  }
};

}  // namespace zg::msm::device
