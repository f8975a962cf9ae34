// Eight lanes of the field of secp256k1, p = 2^256 - 0x1000003d1, for ISA files with AVX-512 IFMA.
//
// An element is five carried limbs (lanes52.hpp) of any representative below 2^257; `canonical` gives the one below p. What
// leaves `carry` and the reductions is below 2^256 + 2^222, and only such elements may be subtracted from a `bias`. Sums and
// differences are folded into the columns of the product that follows them, so that most of them need no carry of their own.
#pragma once

#include "field/lanes52.hpp"

namespace zg::secp256k1 {
namespace {

using namespace lanes52;

using Fe = Limbs;  // carried: may be multiplied

// Limbs below 2^60, not carried: sums of a few elements. Must pass through carry() or a reduction before a product.
struct Loose {
  V l[5];
};

constexpr uint64_t kFold256 = 0x1000003d1;         // 2^256 mod p
constexpr uint64_t kFold260 = kFold256 << 4;       // 2^260 mod p
constexpr Constant kPrime = {{0xffffefffffc2f, kMask52, kMask52, kMask52, kMask48}};
constexpr Constant kOne = {{1, 0, 0, 0, 0}};
constexpr Constant kSeven = {{7, 0, 0, 0, 0}};

ZG_LANES Loose loose(const Fe& a) { return {{a.l[0], a.l[1], a.l[2], a.l[3], a.l[4]}}; }

// factor * p limb by limb: at least factor / 2 elements can be subtracted from it without a negative limb.
ZG_LANES Loose bias(uint64_t factor) {
  return {{splat(factor * kPrime.l[0]), splat(factor * kPrime.l[1]), splat(factor * kPrime.l[2]), splat(factor * kPrime.l[3]),
           splat(factor * kPrime.l[4])}};
}

ZG_LANES Loose operator+(Loose a, const Limbs& b) {
#pragma GCC unroll 5
  for (int i = 0; i < 5; ++i) a.l[i] = add(a.l[i], b.l[i]);
  return a;
}

ZG_LANES Loose operator-(Loose a, const Limbs& b) {
#pragma GCC unroll 5
  for (int i = 0; i < 5; ++i) a.l[i] = sub(a.l[i], b.l[i]);
  return a;
}

ZG_LANES Columns operator+(Columns a, const Loose& b) {
#pragma GCC unroll 5
  for (int i = 0; i < 5; ++i) a.c[i] = add(a.c[i], b.l[i]);
  return a;
}

// Multiple of p that dominates, column by column, the doubled columns of any square and the columns of any product.
constexpr uint64_t kColumnsBiasLow = 512, kColumnsBiasHigh = 32;

// a - factor * b modulo p, factor 1 or 2; the result needs reduce_wide.
template <int factor>
ZG_LANES Columns subtract(Columns a, const Columns& b) {
#pragma GCC unroll 10
  for (int k = 0; k < 10; ++k) {
    const V minuend = add(a.c[k], splat(k < 5 ? kColumnsBiasLow * kPrime.l[k] : kColumnsBiasHigh * kPrime.l[k - 5]));
    a.c[k] = sub(minuend, factor == 2 ? add(b.c[k], b.c[k]) : b.c[k]);
  }
  return a;
}

// Folds what lies above 2^256 (excess * 2^256, excess below 2^50) into the bottom and ripples; limb 4 below 2^48 on entry.
ZG_LANES Fe fold(V l0, V l1, V l2, V l3, V l4, V excess) {
  const V c = splat(kFold256);
  l0 = madd_lo(l0, excess, c);
  l1 = madd_hi(l1, excess, c);
  return ripple({{l0, l1, l2, l3, l4}});
}

ZG_LANES Fe carry(const Loose& a) {
  const V excess = _mm512_srli_epi64(a.l[4], 48);
  const V l0 = madd_lo(a.l[0], excess, splat(kFold256));  // below 2^12 * 2^33: no high part
  return ripple({{l0, a.l[1], a.l[2], a.l[3], _mm512_and_si512(a.l[4], splat(kMask48))}});
}

// factor * columns mod p, factor 1, 2 or 3. `wide`: columns up to 2^62 and the last up to 2^56, instead of those of one product
// plus a Loose.
template <int factor, bool wide>
ZG_LANES Fe reduce_any(const Columns& a) {
  const V r = splat(kFold260), zero = _mm512_setzero_si512();
  V low[5], spill[5], over[6];
#pragma GCC unroll 5
  for (int k = 0; k < 5; ++k) {
    low[k] = madd_lo(a.c[k], a.c[5 + k], r);
    spill[k] = madd_hi(zero, a.c[5 + k], r);
    over[k] = k < 4 || wide ? madd_lo(spill[k], _mm512_srli_epi64(a.c[5 + k], 52), r) : spill[k];
  }
  V l[5] = {low[0], add(low[1], over[0]), add(low[2], over[1]), add(low[3], over[2]), add(low[4], over[3])};
  V top = over[4];  // weighs 2^260
  if constexpr (factor == 2) {
#pragma GCC unroll 5
    for (int k = 0; k < 5; ++k) l[k] = add(l[k], l[k]);
    top = add(top, top);
  } else if constexpr (factor == 3) {
#pragma GCC unroll 5
    for (int k = 0; k < 5; ++k) l[k] = add(add(l[k], l[k]), l[k]);
    top = add(add(top, top), top);
  }
  const V excess = add(_mm512_srli_epi64(l[4], 48), _mm512_slli_epi64(top, 4));
  return fold(l[0], l[1], l[2], l[3], _mm512_and_si512(l[4], splat(kMask48)), excess);
}

ZG_LANES Fe reduce(const Columns& a) { return reduce_any<1, false>(a); }
ZG_LANES Fe reduce_doubled(const Columns& a) { return reduce_any<2, false>(a); }
ZG_LANES Fe reduce_tripled(const Columns& a) { return reduce_any<3, false>(a); }
ZG_LANES Fe reduce_wide(const Columns& a) { return reduce_any<1, true>(a); }

ZG_LANES Fe mul(const Fe& a, const Fe& b) { return reduce(mul_columns(a, b)); }
ZG_LANES Fe sqr(const Fe& a) { return reduce(sqr_columns(a)); }

// The representative below p.
ZG_LANES Fe canonical(const Fe& a) {
  const Fe once = carry(loose(a));  // below 2^256 + 2^34, so below 2p
  Fe more = once;
  more.l[0] = add(more.l[0], splat(kFold256));
  more = ripple(more);
  const V top = _mm512_srli_epi64(more.l[4], 48);
  more.l[4] = _mm512_and_si512(more.l[4], splat(kMask48));
  return select(_mm512_test_epi64_mask(top, top), more, once);
}

ZG_LANES __mmask8 equal(const Fe& a, const Fe& b) { return is_zero(canonical(carry(bias(2) + a - b))); }

// The chains are long rows of dependent squarings: one element alone would wait for the multiplier most of the time, so the
// root takes two elements through together.
inline __attribute__((noinline)) void sqr_times(Fe& a, int times) {
  Fe x = a;
  for (int i = 0; i < times; ++i) x = sqr(x);
  a = x;
}

inline __attribute__((noinline)) void sqr_times_pair(Fe& a, Fe& b, int times) {
  Fe x = a, y = b;
  for (int i = 0; i < times; ++i) {
    x = sqr(x);
    y = sqr(y);
  }
  a = x;
  b = y;
}

struct One {
  Fe a;
};
struct Pair {
  Fe a, b;
};
ZG_LANES One times(const One& x, const One& y) { return {mul(x.a, y.a)}; }
ZG_LANES Pair times(const Pair& x, const Pair& y) { return {mul(x.a, y.a), mul(x.b, y.b)}; }
ZG_LANES One squared(One x, int count) {
  sqr_times(x.a, count);
  return x;
}
ZG_LANES Pair squared(Pair x, int count) {
  sqr_times_pair(x.a, x.b, count);
  return x;
}

// x to the power of runs of ones: x2 = x^(2^2 - 1), x22 = x^(2^22 - 1), x223 = x^(2^223 - 1). Both exponents below, p - 2 and
// (p + 1) / 4, are 223 ones, a zero, 22 ones and a short tail.
template <class T>
struct Runs {
  T x2, x22, x223;
};

template <class T>
ZG_LANES Runs<T> runs_of_ones(const T& x) {
  const T x2 = times(squared(x, 1), x);
  const T x3 = times(squared(x2, 1), x);
  const T x6 = times(squared(x3, 3), x3);
  const T x9 = times(squared(x6, 3), x3);
  const T x11 = times(squared(x9, 2), x2);
  const T x22 = times(squared(x11, 11), x11);
  const T x44 = times(squared(x22, 22), x22);
  const T x88 = times(squared(x44, 44), x44);
  const T x176 = times(squared(x88, 88), x88);
  const T x220 = times(squared(x176, 44), x44);
  return {x2, x22, times(squared(x220, 3), x3)};
}

// 1 / x; 0 for 0. p - 2 = (223 ones) 0 (22 ones) 0000 1 0 11 0 1.
inline __attribute__((noinline)) Fe inverse(const Fe& x) {
  const One one{x};
  const Runs<One> runs = runs_of_ones(one);
  One t = times(squared(runs.x223, 23), runs.x22);
  t = times(squared(t, 5), one);
  t = times(squared(t, 3), runs.x2);
  return times(squared(t, 2), one).a;
}

// x^((p + 1) / 4): a root of x where x is a square. (p + 1) / 4 = (223 ones) 0 (22 ones) 0000 11 00.
inline __attribute__((noinline)) void root_candidates(Fe& a, Fe& b) {
  const Runs<Pair> runs = runs_of_ones(Pair{a, b});
  Pair t = times(squared(runs.x223, 23), runs.x22);
  t = times(squared(t, 6), runs.x2);
  t = squared(t, 2);
  a = t.a;
  b = t.b;
}

}  // namespace
}  // namespace zg::secp256k1
