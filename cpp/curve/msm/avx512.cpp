#include "curve/msm/table.hpp"
#include "field/bn254_lanes.hpp"

namespace zg::msm {

namespace {

using namespace bn254;

constexpr Constant kP = kFqLanes.p;

constexpr Constant times(const Constant& a, uint64_t factor) {
  Constant r{};
  uint64_t carry = 0;
  for (int i = 0; i < 5; ++i) {
    const uint64_t v = a.l[i] * factor + carry;
    r.l[i] = i == 4 ? v : v & kMask52;
    carry = i == 4 ? 0 : v >> 52;
  }
  return r;
}
constexpr Constant kTwoP = times(kP, 2);
constexpr Constant kOne256 = power_of_two(256, kP);

struct Points {
  Limbs x, y;
  __mmask8 none;
};

// Eight points, the y of negated ones replaced by p - y.
ZG_LANES Points load(const uint64_t* points, const uint32_t* index) {
  V r[8];
  unsigned negate = 0;
#pragma GCC unroll 8
  for (int i = 0; i < 8; ++i) {
    r[i] = _mm512_loadu_si512(points + kPointWords * static_cast<size_t>(index[i] & ~kNegate));
    negate |= (index[i] >> 31) << i;
  }
  transpose8(r);
  const V any = _mm512_or_si512(_mm512_or_si512(_mm512_or_si512(r[0], r[1]), _mm512_or_si512(r[2], r[3])),
                                _mm512_or_si512(_mm512_or_si512(r[4], r[5]), _mm512_or_si512(r[6], r[7])));
  Points out{unpack(r[0], r[1], r[2], r[3]), unpack(r[4], r[5], r[6], r[7]), _mm512_testn_epi64_mask(any, any)};
  out.y = select(static_cast<__mmask8>(negate), ripple_signed(sub(splat(kP), out.y)), out.y);
  return out;
}

ZG_LANES Limbs by_16(const Limbs& a) {
  Limbs r;
  r.l[0] = low52(_mm512_slli_epi64(a.l[0], 4));
#pragma GCC unroll 4
  for (int i = 1; i < 5; ++i) {
    const V v = _mm512_or_si512(_mm512_slli_epi64(a.l[i], 4), _mm512_srli_epi64(a.l[i - 1], 48));
    r.l[i] = i == 4 ? v : low52(v);
  }
  return r;
}

// a b / 2^256, below 2 p for a, b below 2 p; the first operand by 16.
ZG_LANES Limbs mul16(const Limbs& a_by_16, const Limbs& b) { return mont_mul(a_by_16, b, kFqLanes); }
ZG_LANES Limbs canonical_below_4p(const Limbs& a) { return canonical_below_2p(canonical_below_2p(a, kTwoP), kP); }
// a - b + p, in (0, 2 p) for a, b below p.
ZG_LANES Limbs difference(const Limbs& a, const Limbs& b) { return ripple_signed(add(sub(a, b), splat(kP))); }

ZG_LANES __mmask8 equal(const Limbs& a, const Limbs& b) {
  V any = _mm512_setzero_si512();
#pragma GCC unroll 5
  for (int i = 0; i < 5; ++i) any = _mm512_or_si512(any, _mm512_xor_si512(a.l[i], b.l[i]));
  return _mm512_testn_epi64_mask(any, any);
}

ZG_LANES void store(uint64_t* points, const uint32_t* to, unsigned live, const Limbs& x, const Limbs& y) {
  V r[8];
  to_words(x, r);
  to_words(y, r + 4);
  transpose8(r);
#pragma GCC unroll 8
  for (int i = 0; i < 8; ++i)
    if (live >> i & 1) _mm512_storeu_si512(points + kPointWords * static_cast<size_t>(to[i]), r[i]);
}

// One vector's indices; those behind the end repeat the last pair, so that they need no case of their own but in stores.
struct Lane8 {
  uint32_t a[8], b[8], to[8];
  unsigned live;
};

ZG_LANES void take(const Pairs& pairs, size_t at, size_t end, bool with_b, Lane8& out) {
  const size_t left = end - at;
  out.live = left >= 8 ? 0xff : (1u << left) - 1;
  for (size_t i = 0; i < 8; ++i) {
    const size_t k = at + (i < left ? i : left - 1);
    out.a[i] = pairs.a[k];
    out.b[i] = with_b ? pairs.b[k] : 0;
    out.to[i] = pairs.to[k];
  }
}

ZG_LANES void prefetch(const uint64_t* points, uint32_t index) {
  _mm_prefetch(reinterpret_cast<const char*>(points + kPointWords * static_cast<size_t>(index & ~kNegate)), _MM_HINT_T0);
}

void add_all(const Pairs& pairs, size_t count, const Callbacks& back, void* scratch) {
  V* before = static_cast<V*>(scratch);
  for (size_t from = 0; from < count; from += kBatchMax) {
    const size_t end = count - from < kBatchMax ? count : from + kBatchMax;
    const size_t vectors = (end - from + 7) / 8;
    Limbs product = splat(kOne256);
    Lane8 lane;
    for (size_t v = 0; v < vectors; ++v) {
      const size_t at = from + 8 * v;
      if (at + 24 <= count) {
        for (size_t i = 16; i < 24; ++i) {
          prefetch(pairs.left, pairs.a[at + i]);
          prefetch(pairs.right, pairs.b[at + i]);
        }
      }
      take(pairs, at, end, true, lane);
      const Points a = load(pairs.left, lane.a), b = load(pairs.right, lane.b);
      const __mmask8 odd = static_cast<__mmask8>(a.none | b.none | equal(a.x, b.x));
#pragma GCC unroll 5
      for (size_t i = 0; i < 5; ++i) before[5 * v + i] = product.l[i];
      product = mul16(by_16(select(odd, splat(kOne256), difference(b.x, a.x))), product);
    }
    uint64_t totals[32];
    store8(totals, canonical_below_2p(product, kP));
    back.invert_eight(totals);
    product = load8(totals);
    for (size_t v = vectors; v-- > 0;) {
      take(pairs, from + 8 * v, end, true, lane);
      const Points a = load(pairs.left, lane.a), b = load(pairs.right, lane.b);
      const unsigned odd = a.none | b.none | equal(a.x, b.x);
      const Limbs prefix{{before[5 * v], before[5 * v + 1], before[5 * v + 2], before[5 * v + 3], before[5 * v + 4]}};
      const Limbs running = by_16(product);
      const Limbs inverse = mul16(running, prefix);
      product = mul16(running, select(static_cast<__mmask8>(odd), splat(kOne256), difference(b.x, a.x)));
      const Limbs slope = mul16(by_16(difference(b.y, a.y)), inverse), slope16 = by_16(slope);
      const Limbs x = canonical_below_4p(ripple_signed(add(sub(sub(mul16(slope16, slope), a.x), b.x), splat(kTwoP))));
      const Limbs y = canonical_below_4p(ripple_signed(add(sub(mul16(slope16, difference(a.x, x)), a.y), splat(kP))));
      store(pairs.out, lane.to, lane.live & ~odd, x, y);
      for (unsigned rest = odd & lane.live; rest != 0; rest &= rest - 1) {
        const int i = __builtin_ctz(rest);
        back.add_special(pairs.left + kPointWords * static_cast<size_t>(lane.a[i] & ~kNegate), lane.a[i] >> 31 != 0,
                         pairs.right + kPointWords * static_cast<size_t>(lane.b[i] & ~kNegate), lane.b[i] >> 31 != 0,
                         pairs.out + kPointWords * static_cast<size_t>(lane.to[i]));
      }
    }
  }
}

void twice_all(const Pairs& pairs, size_t count, const Callbacks& back, void* scratch) {
  V* before = static_cast<V*>(scratch);
  const V zero = _mm512_setzero_si512();
  for (size_t from = 0; from < count; from += kBatchMax) {
    const size_t end = count - from < kBatchMax ? count : from + kBatchMax;
    const size_t vectors = (end - from + 7) / 8;
    Limbs product = splat(kOne256);
    Lane8 lane;
    for (size_t v = 0; v < vectors; ++v) {
      take(pairs, from + 8 * v, end, false, lane);
      const Points a = load(pairs.left, lane.a);
#pragma GCC unroll 5
      for (size_t i = 0; i < 5; ++i) before[5 * v + i] = product.l[i];
      product = mul16(by_16(select(a.none, splat(kOne256), ripple(add(a.y, a.y)))), product);
    }
    uint64_t totals[32];
    store8(totals, canonical_below_2p(product, kP));
    back.invert_eight(totals);
    product = load8(totals);
    for (size_t v = vectors; v-- > 0;) {
      take(pairs, from + 8 * v, end, false, lane);
      const Points a = load(pairs.left, lane.a);
      const Limbs prefix{{before[5 * v], before[5 * v + 1], before[5 * v + 2], before[5 * v + 3], before[5 * v + 4]}};
      const Limbs running = by_16(product);
      const Limbs inverse = mul16(running, prefix);
      product = mul16(running, select(a.none, splat(kOne256), ripple(add(a.y, a.y))));
      const Limbs xx = canonical_below_2p(mul16(by_16(a.x), a.x), kP);
      // 3 x^2 < 3 p, so the slope stays below 2.2 p and its products below 2 p.
      const Limbs slope = mul16(by_16(ripple(add(add(xx, xx), xx))), inverse), slope16 = by_16(slope);
      const Limbs x = canonical_below_4p(ripple_signed(add(sub(sub(mul16(slope16, slope), a.x), a.x), splat(kTwoP))));
      const Limbs y = canonical_below_4p(ripple_signed(add(sub(mul16(slope16, difference(a.x, x)), a.y), splat(kP))));
      const Limbs none{{zero, zero, zero, zero, zero}};
      store(pairs.out, lane.to, lane.live, select(a.none, none, x), select(a.none, none, y));
    }
  }
}

}  // namespace

const Table avx512 = {add_all, twice_all, nullptr, nullptr};

}  // namespace zg::msm
