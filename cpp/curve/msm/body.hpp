// Device bodies: rounds of independent affine additions and doublings in G1, each lane sharing one inversion among its own; and
// whole sums and ladders in projective coordinates, where no inversion is needed until the end.
//
// Points are eight words as in table.hpp: Montgomery forms of x and y, infinity zeros. Nothing is called back: equal, opposite
// and infinite points are cases of one slope. A lane reads its pairs twice; `out` may be an operand's memory where no pair reads
// what another writes.
#pragma once

#include "curve/xyzz.hpp"
#include "field/bn254/body.hpp"

namespace zg::msm::device {

namespace xyzz = curve::device;
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
  const Number x = fq::sub<P>(fq::sub<P>(xyzz::product(slope, slope), ax), other_x);
  const Number y = fq::sub<P>(xyzz::product(slope, fq::sub<P>(ax, x)), ay);
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
      if (!fq::is_zero(d)) product = xyzz::product(product, d);
    }
    product = xyzz::inverse_of(product);
    for (uint64_t k = end; k != begin;) {
      k -= step;
      const uint32_t p = a[k], q = b[k];
      const Number d = denominator(left, p, right, q);
      if (fq::is_zero(d)) {
        alone(left, p, right, q, out, to[k]);
        continue;
      }
      const Number inverse = xyzz::product(product, fq::load(before, 4 * k));
      product = xyzz::product(product, d);
      const Number px = coordinate(left, p, 0), qx = coordinate(right, q, 0);
      Number rise;
      if (equal(px, qx)) {
        const Number square = xyzz::product(px, px);
        rise = fq::add<P>(fq::add<P>(square, square), square);
      } else {
        rise = fq::sub<P>(y_of(right, q), y_of(left, p));
      }
      put_sum(left, p, qx, xyzz::product(rise, inverse), out, to[k]);
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

// ---- whole sums: windows, then each sum's windows, then sums that were cut (xyzz.hpp: SumBody), then affine (NormalizeBody)

using Point = xyzz::Base;

inline constexpr unsigned kWindowBitsMax = 8;  // digits are bytes
inline constexpr uint64_t kTermsMax = 1024;    // of one sum; longer ones are cut
inline constexpr uint64_t kPlanWords = 3;      // of a sum: its first base, its first scalar, its terms

struct WindowShape {
  uint64_t sums;
  unsigned bits, windows;
  uint64_t terms_max;

  ZG_HD uint64_t buckets() const { return uint64_t{1} << (bits - 1); }
};

// Σ digit · base of each window of each sum, a block a window. Each lane gathers the points of a bucket of its own, found in the
// digits that all have written down; then the buckets are weighed by a scan from the top (B_d counts once in each of the d
// sums from there) and a tree. Block memory: shared_size<int8_t>(terms_max) + shared_size<uint64_t>(32 buckets).
// `offset`: five words, Σ 2^(bits - 1 + bits w), which makes digits signed.
struct WindowsBody {
  template <class Grid>
  ZG_HD void operator()(Grid& grid, const WindowShape& shape, grid::View<const uint64_t> plan, grid::View<const uint64_t> bases,
                        grid::View<const uint64_t> scalars, grid::View<const uint64_t> offset, grid::View<uint64_t> out) const {
    constexpr uint64_t kSize = xyzz::kPointWords<Point>;
    const uint64_t buckets = shape.buckets();
    const grid::View<int8_t> digits = grid.template shared<int8_t>(shape.terms_max);
    const grid::View<uint64_t> points = grid.template shared<uint64_t>(2 * kSize * buckets);
    for (uint64_t unit = grid.block(); unit < shape.sums * shape.windows; unit += grid.blocks()) {
      const uint64_t sum = unit / shape.windows, base = plan[kPlanWords * sum], scalar = plan[kPlanWords * sum + 1], count = plan[kPlanWords * sum + 2];
      const unsigned at = shape.bits * static_cast<unsigned>(unit % shape.windows);
      for (uint64_t i = grid.thread(); i < count; i += grid.width())
        digits[i] = static_cast<int8_t>(static_cast<int>(xyzz::bits_of_sum(scalars, 4 * (scalar + i), offset, at, shape.bits)) - static_cast<int>(buckets));
      grid.sync();
      for (uint64_t d = grid.thread(); d < buckets; d += grid.width()) {
        const int mine = static_cast<int>(d) + 1;
        xyzz::set_infinity<Point>(points, kSize * d);
        for (uint64_t i = 0; i < count; ++i) {
          while (i < count && digits[i] != mine && digits[i] != -mine) ++i;
          if (i == count) break;
          if (!xyzz::add_affine<Point>(points, kSize * d, bases, kWords * (base + i), digits[i] < 0)) xyzz::twice<Point>(points, kSize * d);
        }
      }
      grid.sync();
      uint64_t current = 0, next = kSize * buckets;
      const unsigned log = shape.bits - 1;
      for (unsigned phase = 0; phase < 2 * log; ++phase) {
        const bool scans = phase < log;
        const uint64_t step = scans ? uint64_t{1} << phase : buckets >> (phase - log + 1);
        for (uint64_t d = grid.thread(); d < (scans ? buckets : step); d += grid.width()) {
          const uint64_t to = (scans ? next : current) + kSize * d;
          if (scans) xyzz::copy<Point>(points, to, xyzz::fixed(points), current + kSize * d);
          if (d + step < buckets && !xyzz::add<Point>(points, to, xyzz::fixed(points), current + kSize * (d + step))) xyzz::twice<Point>(points, to);
        }
        grid.sync();
        if (scans) {
          const uint64_t old = current;
          current = next;
          next = old;
        }
      }
      if (grid.thread() == 0) xyzz::copy<Point>(out, kSize * unit, xyzz::fixed(points), current);
      grid.sync();
    }
  }
};

// out[s] = Σ 2^(bits w) windows[s][w], a lane a sum.
struct FinishBody {
  template <class Grid>
  ZG_HD void operator()(Grid& grid, const WindowShape& shape, grid::View<const uint64_t> windows, grid::View<uint64_t> out) const {
    constexpr uint64_t kSize = xyzz::kPointWords<Point>;
    const uint64_t stride = uint64_t{grid.width()} * grid.blocks();
    for (uint64_t s = uint64_t{grid.width()} * grid.block() + grid.thread(); s < shape.sums; s += stride) {
      const uint64_t first = kSize * shape.windows * s;
      xyzz::copy<Point>(out, kSize * s, windows, first + kSize * (shape.windows - 1));
      for (unsigned step = 0; step < (shape.bits + 1) * (shape.windows - 1); ++step) {
        bool doubles = step % (shape.bits + 1) < shape.bits;
        if (!doubles) doubles = !xyzz::add<Point>(out, kSize * s, windows, first + kSize * (shape.windows - 2 - step / (shape.bits + 1)));
        if (doubles) xyzz::twice<Point>(out, kSize * s);
      }
    }
  }
};

// out[i] = scalars[i] points[i], not yet affine. `multiples`: room for eight points a lane.
struct MultiplyBody {
  template <class Grid>
  ZG_HD void operator()(Grid& grid, uint64_t count, grid::View<const uint64_t> points, grid::View<const uint64_t> scalars, grid::View<uint64_t> multiples,
                        grid::View<uint64_t> out) const {
    constexpr uint64_t kSize = xyzz::kPointWords<Point>;
    const uint64_t step = uint64_t{grid.width()} * grid.blocks(), lane = uint64_t{grid.width()} * grid.block() + grid.thread();
    for (uint64_t i = lane; i < count; i += step) {
      xyzz::from_affine<Point>(out, kSize * i, points, kWords * i);
      xyzz::multiply<Point>(out, kSize * i, scalars, 4 * i, multiples, xyzz::kLadderMultiples * kSize * lane, xyzz::kLadderDigits);
    }
  }
};

}  // namespace zg::msm::device
