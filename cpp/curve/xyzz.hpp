// Points for device bodies: extended Jacobian coordinates (x / zz, y / zzz with zz^3 = zzz^2), infinity where zz is zero, over
// either coordinate field of BN254.
//
// Points lie in memory, four coordinates one behind the other, and every function loads what it needs when it needs it: a point
// of G2 is 64 registers, and three of them at once would not fit. All functions are complete: no case leaves the device.
// Source: Explicit-Formulas Database, shortw/xyzz, dbl-2008-s-1, add-2008-s and madd-2008-s.
#pragma once

#include "field/bn254/body.hpp"

namespace zg::curve::device {

namespace fq = bn254::device;
using Q = bn254::FqParams;
using Words = grid::View<uint64_t>;
using Constants = grid::View<const uint64_t>;

ZG_HD Constants fixed(const Words& words) { return {words.data, words.size}; }

// One product in the code of a kernel, called: the formulas have up to fifty, and inlined they are a megabyte and minutes of
// compilation. A call costs a twentieth of a product.
ZG_APART fq::Number product(fq::Number a, fq::Number b) { return fq::mul<Q>(a, b); }

// a^(p - 2), as fq::inverse.
ZG_HD fq::Number inverse_of(const fq::Number& a) {
  fq::Number r = a;
  for (int bit = 252; bit >= 0; --bit) {
    const uint64_t word = Q::kModulus[bit / 64] - (bit < 64 ? 2 : 0);
    r = product(r, r);
    if ((word >> (bit % 64)) & 1) r = product(r, a);
  }
  return r;
}

// The coordinates of G1.
struct Base {
  using Value = fq::Number;
  static constexpr uint64_t kWords = 4;

  static ZG_HD Value load(const Constants& from, size_t word) { return fq::load(from, word); }
  static ZG_HD void store(const Words& to, size_t word, const Value& a) { fq::store(to, word, a); }
  static ZG_HD Value one() { return fq::one<Q>(); }
  static ZG_HD bool is_zero(const Value& a) { return fq::is_zero(a); }
  static ZG_HD Value add(const Value& a, const Value& b) { return fq::add<Q>(a, b); }
  static ZG_HD Value sub(const Value& a, const Value& b) { return fq::sub<Q>(a, b); }
  static ZG_HD Value mul(const Value& a, const Value& b) { return product(a, b); }
  static ZG_HD Value square(const Value& a) { return product(a, a); }
  static ZG_HD Value inverse(const Value& a) { return inverse_of(a); }
};

// c0 + c1 u with u^2 = -1.
struct Pair {
  fq::Number c0, c1;
};

// Karatsuba, three products.
ZG_APART Pair quadratic_product(Pair a, Pair b) {
  const fq::Number cross = fq::mul<Q>(fq::add<Q>(a.c0, a.c1), fq::add<Q>(b.c0, b.c1));
  const fq::Number low = fq::mul<Q>(a.c0, b.c0), high = fq::mul<Q>(a.c1, b.c1);
  return {fq::sub<Q>(low, high), fq::sub<Q>(fq::sub<Q>(cross, low), high)};
}

ZG_APART Pair quadratic_square(Pair a) {
  const fq::Number t = fq::mul<Q>(a.c0, a.c1);
  return {fq::mul<Q>(fq::add<Q>(a.c0, a.c1), fq::sub<Q>(a.c0, a.c1)), fq::add<Q>(t, t)};
}

// The coordinates of G2.
struct Quadratic {
  using Value = Pair;
  static constexpr uint64_t kWords = 8;

  static ZG_HD Value load(const Constants& from, size_t word) { return {fq::load(from, word), fq::load(from, word + 4)}; }
  static ZG_HD void store(const Words& to, size_t word, const Value& a) {
    fq::store(to, word, a.c0);
    fq::store(to, word + 4, a.c1);
  }
  static ZG_HD Value one() { return {fq::one<Q>(), fq::Number{}}; }
  static ZG_HD bool is_zero(const Value& a) { return fq::is_zero(a.c0) && fq::is_zero(a.c1); }
  static ZG_HD Value add(const Value& a, const Value& b) { return {fq::add<Q>(a.c0, b.c0), fq::add<Q>(a.c1, b.c1)}; }
  static ZG_HD Value sub(const Value& a, const Value& b) { return {fq::sub<Q>(a.c0, b.c0), fq::sub<Q>(a.c1, b.c1)}; }
  static ZG_HD Value mul(const Value& a, const Value& b) {
    return quadratic_product(a, b);
  }
  static ZG_HD Value square(const Value& a) {
    return quadratic_square(a);
  }
  static ZG_HD Value inverse(const Value& a) {
    const fq::Number k = inverse_of(fq::add<Q>(product(a.c0, a.c0), product(a.c1, a.c1)));
    return {product(a.c0, k), product(fq::sub<Q>(fq::Number{}, a.c1), k)};
  }
};

template <class F>
inline constexpr uint64_t kAffineWords = 2 * F::kWords;
template <class F>
inline constexpr uint64_t kPointWords = 4 * F::kWords;

// Where the coordinates of a point begin, in words.
template <class F>
inline constexpr uint64_t kY = F::kWords;
template <class F>
inline constexpr uint64_t kZz = 2 * F::kWords;
template <class F>
inline constexpr uint64_t kZzz = 3 * F::kWords;

template <class F>
ZG_HD bool is_infinity(const Constants& points, size_t at) {
  return F::is_zero(F::load(points, at + kZz<F>));
}

template <class F>
ZG_HD void set_infinity(const Words& points, size_t at) {
  for (uint64_t k = 0; k < kPointWords<F>; ++k) points[at + k] = 0;
}

template <class F>
ZG_HD void copy(const Words& to, size_t at, const Constants& from, size_t which) {
  for (uint64_t k = 0; k < kPointWords<F>; ++k) to[at + k] = from[which + k];
}

template <class F>
ZG_HD void negate(const Words& points, size_t at) {
  F::store(points, at + kY<F>, F::sub(typename F::Value{}, F::load(fixed(points), at + kY<F>)));
}

// An affine point, infinity its zeros.
template <class F>
ZG_HD void from_affine(const Words& to, size_t at, const Constants& affine, size_t which) {
  const auto x = F::load(affine, which), y = F::load(affine, which + F::kWords);
  const auto z = F::is_zero(x) && F::is_zero(y) ? typename F::Value{} : F::one();
  F::store(to, at, x);
  F::store(to, at + kY<F>, y);
  F::store(to, at + kZz<F>, z);
  F::store(to, at + kZzz<F>, z);
}

// p = 2 p.
template <class F>
ZG_HD void twice(const Words& points, size_t p) {
  const Constants in = fixed(points);
  const auto y = F::load(in, p + kY<F>);
  const auto u = F::add(y, y), v = F::square(u), w = F::mul(u, v);
  F::store(points, p + kZz<F>, F::mul(v, F::load(in, p + kZz<F>)));
  F::store(points, p + kZzz<F>, F::mul(w, F::load(in, p + kZzz<F>)));
  const auto x = F::load(in, p), s = F::mul(x, v), xx = F::square(x);
  const auto m = F::add(F::add(xx, xx), xx);
  const auto x3 = F::sub(F::sub(F::square(m), s), s);
  F::store(points, p, x3);
  F::store(points, p + kY<F>, F::sub(F::mul(m, F::sub(s, x3)), F::mul(w, y)));
}

// p += q, unless they are the same point and not infinity: then false, and p is to be doubled.
template <class F>
ZG_HD bool add(const Words& points, size_t p, const Constants& others, size_t q) {
  const Constants in = fixed(points);
  const auto zz1 = F::load(in, p + kZz<F>), zz2 = F::load(others, q + kZz<F>);
  if (F::is_zero(zz2)) return true;
  if (F::is_zero(zz1)) {
    copy<F>(points, p, others, q);
    return true;
  }
  // Products go to memory as soon as they are there: in G2 nothing else leaves room for the rest.
  const auto u1 = F::mul(F::load(in, p), zz2);
  const auto rise_x = F::sub(F::mul(F::load(others, q), zz1), u1);
  F::store(points, p + kZz<F>, F::mul(zz1, zz2));
  const auto zzz1 = F::load(in, p + kZzz<F>), zzz2 = F::load(others, q + kZzz<F>);
  const auto s1 = F::mul(F::load(in, p + kY<F>), zzz2);
  const auto rise = F::sub(F::mul(F::load(others, q + kY<F>), zzz1), s1);
  F::store(points, p + kZzz<F>, F::mul(zzz1, zzz2));
  if (F::is_zero(rise_x)) {
    if (F::is_zero(rise)) {
      copy<F>(points, p, others, q);  // the same point
      return false;
    }
    set_infinity<F>(points, p);
    return true;
  }
  const auto pp = F::square(rise_x), ppp = F::mul(pp, rise_x), v = F::mul(u1, pp);
  F::store(points, p + kZz<F>, F::mul(F::load(in, p + kZz<F>), pp));
  F::store(points, p + kZzz<F>, F::mul(F::load(in, p + kZzz<F>), ppp));
  const auto x3 = F::sub(F::sub(F::sub(F::square(rise), ppp), v), v);
  F::store(points, p, x3);
  F::store(points, p + kY<F>, F::sub(F::mul(rise, F::sub(v, x3)), F::mul(s1, ppp)));
  return true;
}

// p += ±q, q affine: as `add`.
template <class F>
ZG_HD bool add_affine(const Words& points, size_t p, const Constants& affine, size_t q, bool negated) {
  const Constants in = fixed(points);
  const auto x2 = F::load(affine, q), plain = F::load(affine, q + F::kWords);
  if (F::is_zero(x2) && F::is_zero(plain)) return true;
  const auto y2 = negated ? F::sub(typename F::Value{}, plain) : plain;
  const auto zz1 = F::load(in, p + kZz<F>);
  if (F::is_zero(zz1)) {
    F::store(points, p, x2);
    F::store(points, p + kY<F>, y2);
    F::store(points, p + kZz<F>, F::one());
    F::store(points, p + kZzz<F>, F::one());
    return true;
  }
  const auto x1 = F::load(in, p);
  const auto rise_x = F::sub(F::mul(x2, zz1), x1);
  const auto rise = F::sub(F::mul(y2, F::load(in, p + kZzz<F>)), F::load(in, p + kY<F>));
  if (F::is_zero(rise_x)) {
    if (F::is_zero(rise)) return false;
    set_infinity<F>(points, p);
    return true;
  }
  const auto pp = F::square(rise_x);
  F::store(points, p + kZz<F>, F::mul(F::load(in, p + kZz<F>), pp));
  const auto ppp = F::mul(pp, rise_x), v = F::mul(x1, pp);
  F::store(points, p + kZzz<F>, F::mul(F::load(in, p + kZzz<F>), ppp));
  const auto x3 = F::sub(F::sub(F::sub(F::square(rise), ppp), v), v);
  F::store(points, p, x3);
  F::store(points, p + kY<F>, F::sub(F::mul(rise, F::sub(v, x3)), F::mul(F::load(in, p + kY<F>), ppp)));
  return true;
}

// A word of a number of up to 320 bits plus an offset, without an array that would leave the registers: bits [at, at + bits).
// `number` has four words from `word` on, `offset` five.
ZG_HD uint64_t bits_of_sum(const Constants& number, size_t word, const Constants& offset, unsigned at, unsigned bits) {
  uint64_t carry = 0, low = 0, high = 0;
ZG_UNROLL
  for (unsigned i = 0; i < 5; ++i) {
    const uint64_t own = i < 4 ? number[word + i] : 0, partial = own + carry, sum = partial + offset[i];
    carry = (partial < carry ? 1 : 0) + (sum < partial ? 1 : 0);
    if (i == at / 64) low = sum;
    if (i == at / 64 + 1) high = sum;
  }
  const unsigned shift = at % 64;
  const uint64_t joined = low >> shift | (shift != 0 ? high << (64 - shift) : 0);
  return joined & ((uint64_t{1} << bits) - 1);
}

// Signed digits of four bits, 64 of them: k + Σ 8 · 16^w has the digits of k, each plus 8.
inline constexpr unsigned kLadderBits = 4, kLadderDigits = 64, kLadderMultiples = 8;
inline constexpr uint64_t kLadderOffset = 0x8888888888888888;

ZG_HD int ladder_digit(const Constants& scalars, size_t scalar, unsigned window) {
  const unsigned at = kLadderBits * window;
  uint64_t carry = 0, found = 0;
ZG_UNROLL
  for (unsigned i = 0; i < 4; ++i) {
    const uint64_t partial = scalars[scalar + i] + carry, sum = partial + kLadderOffset;
    carry = (partial < carry ? 1 : 0) + (sum < partial ? 1 : 0);
    if (i == at / 64) found = sum;
  }
  return static_cast<int>(found >> (at % 64) & 15) - 8;
}

// The point at `p` times a scalar below r, in place; `multiples` is room for eight points. One loop, so that the formulas are
// in the code once: first the multiples 1 … 8, then `windows` digits from the top, four doublings before each but the first.
template <class F>
ZG_HD void multiply(const Words& points, size_t p, const Constants& scalars, size_t scalar, const Words& multiples, size_t room, unsigned windows) {
  copy<F>(multiples, room, fixed(points), p);
  const unsigned build = kLadderMultiples - 1, steps = build + (kLadderBits + 1) * windows;
  for (unsigned step = 0; step < steps; ++step) {
    const bool builds = step < build;
    const unsigned round = builds ? 0 : (step - build) / (kLadderBits + 1), phase = builds ? 0 : (step - build) % (kLadderBits + 1);
    if (step == build) set_infinity<F>(points, p);
    const Words target = builds ? multiples : points;
    const size_t at = builds ? room + kPointWords<F> * (step + 1) : p;
    bool doubles = !builds && phase < kLadderBits, flips = false;
    if (builds) copy<F>(multiples, at, fixed(multiples), at - kPointWords<F>);
    if (!doubles) {
      const int digit = builds ? 1 : ladder_digit(scalars, scalar, windows - 1 - round);
      if (digit == 0) continue;
      const size_t entry = room + kPointWords<F> * (static_cast<size_t>(digit < 0 ? -digit : digit) - 1);
      flips = digit < 0;  // p - m = -(-p + m): the multiples stay as they are
      if (flips) negate<F>(target, at);
      doubles = !add<F>(target, at, fixed(multiples), entry);
    }
    if (doubles) twice<F>(target, at);
    if (flips) negate<F>(target, at);
  }
}

// ---- bodies that more than one kernel launches

// out[s] = Σ points[i], from[s] <= i < from[s + 1], a block a sum; affine points or those of this file. Block memory:
// shared_size<uint64_t>(kPointWords<F> · width).
template <class F, bool kFromAffine>
struct SumBody {
  template <class Grid>
  ZG_HD void operator()(Grid& grid, uint64_t sums, grid::View<const uint32_t> from, Constants points, Words out) const {
    const Words partial = grid.template shared<uint64_t>(kPointWords<F> * grid.width());
    const uint64_t own = kPointWords<F> * grid.thread();
    for (uint64_t s = grid.block(); s < sums; s += grid.blocks()) {
      set_infinity<F>(partial, own);
      for (uint64_t i = uint64_t{from[s]} + grid.thread(); i < from[s + 1]; i += grid.width()) {
        bool differs;
        if constexpr (kFromAffine) {
          differs = add_affine<F>(partial, own, points, kAffineWords<F> * i, false);
        } else {
          differs = add<F>(partial, own, points, kPointWords<F> * i);
        }
        if (!differs) twice<F>(partial, own);
      }
      grid.sync();
      unsigned left = grid.width();
      while (left > 1) {
        const unsigned half = (left + 1) / 2;
        if (grid.thread() + half < left && !add<F>(partial, own, fixed(partial), kPointWords<F> * (grid.thread() + half))) twice<F>(partial, own);
        left = half;
        grid.sync();
      }
      if (grid.thread() == 0) copy<F>(out, kPointWords<F> * s, fixed(partial), 0);
      grid.sync();
    }
  }
};

// Affine forms, infinity as zeros: each lane shares one inversion among its own. `before`: F::kWords a point. Any width, any
// number of blocks.
template <class F>
struct NormalizeBody {
  template <class Grid>
  ZG_HD void operator()(Grid& grid, uint64_t count, Constants points, Words out, Words before) const {
    const uint64_t step = uint64_t{grid.width()} * grid.blocks(), begin = uint64_t{grid.width()} * grid.block() + grid.thread();
    if (begin >= count) return;
    auto product = F::one();
    uint64_t end = begin;
    for (; end < count; end += step) {
      F::store(before, F::kWords * end, product);
      const auto d = F::mul(F::load(points, kPointWords<F> * end + kZz<F>), F::load(points, kPointWords<F> * end + kZzz<F>));
      if (!F::is_zero(d)) product = F::mul(product, d);
    }
    product = F::inverse(product);
    for (uint64_t i = end; i != begin;) {
      i -= step;
      const auto zz = F::load(points, kPointWords<F> * i + kZz<F>), zzz = F::load(points, kPointWords<F> * i + kZzz<F>);
      typename F::Value x{}, y{};
      if (!F::is_zero(zz)) {
        const auto both = F::mul(product, F::load(fixed(before), F::kWords * i));  // 1 / (zz zzz)
        product = F::mul(product, F::mul(zz, zzz));
        x = F::mul(F::load(points, kPointWords<F> * i), F::mul(both, zzz));
        y = F::mul(F::load(points, kPointWords<F> * i + kY<F>), F::mul(both, zz));
      }
      F::store(out, kAffineWords<F> * i, x);
      F::store(out, kAffineWords<F> * i + F::kWords, y);
    }
  }
};

}  // namespace zg::curve::device
