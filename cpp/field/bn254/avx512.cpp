#include "field/bn254/table.hpp"
#include "field/bn254_lanes.hpp"

namespace zg::bn254::batch {

namespace {

struct Fq {
  static constexpr const MontPrime& prime() { return kFqLanes; }
  static constexpr uint64_t kTopWord = FqParams::kModulus[3];
};
struct Fr {
  static constexpr const MontPrime& prime() { return kFrLanes; }
  static constexpr uint64_t kTopWord = FrParams::kModulus[3];
};

constexpr size_t kLanes = 8;
constexpr size_t kLanesWords = kElementWords * kLanes;

ZG_LANES Limbs load8_by_16(const uint64_t* at) {
  V w[4];
  load8_words(at, w);
  return from_words_by_16(w);
}

// The lanes of a product of Montgomery forms to the base 2^256: one operand by 16.
template <class F>
ZG_LANES Limbs mul_by_16(const Limbs& a_by_16, const Limbs& b) {
  return canonical_below_2p(mont_mul(a_by_16, b, F::prime()), F::prime().p);
}
ZG_LANES Limbs by_16(const Limbs& a) {
  V w[4];
  to_words(a, w);
  return from_words_by_16(w);
}

// Two products at once, step by step side by side: one alone waits for its own carries most of the time.
template <class F>
ZG_LANES void mul_two_by_16(const Limbs a_by_16[2], const Limbs b[2], Limbs out[2]) {
  const V zero = _mm512_setzero_si512();
  const Limbs p = splat(F::prime().p);
  const V inverse = splat(F::prime().inverse);
  V t[2][6] = {{zero, zero, zero, zero, zero, zero}, {zero, zero, zero, zero, zero, zero}};
#pragma GCC unroll 5
  for (int i = 0; i < 5; ++i) {
    V m[2];
#pragma GCC unroll 5
    for (int j = 0; j < 5; ++j) {
#pragma GCC unroll 2
      for (int k = 0; k < 2; ++k) t[k][j] = madd_lo(t[k][j], a_by_16[k].l[j], b[k].l[i]);
    }
#pragma GCC unroll 2
    for (int k = 0; k < 2; ++k) m[k] = madd_lo(zero, t[k][0], inverse);
#pragma GCC unroll 5
    for (int j = 0; j < 5; ++j) {
#pragma GCC unroll 2
      for (int k = 0; k < 2; ++k) {
        t[k][j + 1] = madd_hi(t[k][j + 1], a_by_16[k].l[j], b[k].l[i]);
        t[k][j] = madd_lo(t[k][j], m[k], p.l[j]);
      }
    }
#pragma GCC unroll 5
    for (int j = 0; j < 5; ++j) {
#pragma GCC unroll 2
      for (int k = 0; k < 2; ++k) t[k][j + 1] = madd_hi(t[k][j + 1], m[k], p.l[j]);
    }
#pragma GCC unroll 2
    for (int k = 0; k < 2; ++k) {
      t[k][1] = add(t[k][1], _mm512_srli_epi64(t[k][0], 52));
#pragma GCC unroll 5
      for (int j = 0; j < 5; ++j) t[k][j] = t[k][j + 1];
      t[k][5] = zero;
    }
  }
#pragma GCC unroll 2
  for (int k = 0; k < 2; ++k) out[k] = canonical_below_2p(ripple({{t[k][0], t[k][1], t[k][2], t[k][3], t[k][4]}}), F::prime().p);
}

// Runs `body` on whole vectors in place, and on a copy of the last elements, filled with ones.
template <class Body>
ZG_LANES void for_lanes(const uint64_t* a, const uint64_t* b, uint64_t* out, size_t count, const Body& body) {
  size_t i = 0;
  for (; i + kLanes <= count; i += kLanes) body(a + kElementWords * i, b + kElementWords * i, out + kElementWords * i);
  if (i == count) return;
  uint64_t ra[kLanesWords], rb[kLanesWords], ro[kLanesWords];
  const size_t words = kElementWords * (count - i);
  for (size_t w = 0; w < kLanesWords; ++w) {
    const bool used = w < words;
    ra[w] = used ? a[kElementWords * i + w] : w % kElementWords == 0;
    rb[w] = used ? b[kElementWords * i + w] : w % kElementWords == 0;
  }
  body(ra, rb, ro);
  for (size_t w = 0; w < words; ++w) out[kElementWords * i + w] = ro[w];
}

template <class F>
void add_all(const uint64_t* a, const uint64_t* b, uint64_t* out, size_t count) {
  for_lanes(a, b, out, count, [](const uint64_t* x, const uint64_t* y, uint64_t* to) __attribute__((always_inline)) {
    store8(to, canonical_below_2p(ripple(add(load8(x), load8(y))), F::prime().p));
  });
}

template <class F>
void sub_all(const uint64_t* a, const uint64_t* b, uint64_t* out, size_t count) {
  for_lanes(a, b, out, count, [](const uint64_t* x, const uint64_t* y, uint64_t* to) __attribute__((always_inline)) {
    const Limbs difference = ripple_signed(sub(load8(x), load8(y)));
    const Limbs raised = ripple(add(difference, splat(F::prime().p)));
    store8(to, select(_mm512_movepi64_mask(difference.l[4]), raised, difference));
  });
}

template <class F>
void mul_all(const uint64_t* a, const uint64_t* b, uint64_t* out, size_t count) {
  size_t i = 0;
  for (; i + 2 * kLanes <= count; i += 2 * kLanes) {
    const size_t first = kElementWords * i, second = first + kLanesWords;
    const Limbs x[2] = {load8_by_16(a + first), load8_by_16(a + second)}, y[2] = {load8(b + first), load8(b + second)};
    Limbs z[2];
    mul_two_by_16<F>(x, y, z);
    store8(out + first, z[0]);
    store8(out + second, z[1]);
  }
  a += kElementWords * i;
  b += kElementWords * i;
  out += kElementWords * i;
  count -= i;
  for_lanes(a, b, out, count, [](const uint64_t* x, const uint64_t* y, uint64_t* to) __attribute__((always_inline)) {
    store8(to, mul_by_16<F>(load8_by_16(x), load8(y)));
  });
}

template <class F>
void square_all(const uint64_t* a, uint64_t* out, size_t count) {
  mul_all<F>(a, a, out, count);
}

template <class F>
void scale_all(const uint64_t* a, const uint64_t* c, uint64_t* out, size_t count) {
  uint64_t copies[kLanesWords];
  for (size_t w = 0; w < kLanesWords; ++w) copies[w] = c[w % kElementWords];
  const Limbs factor = load8_by_16(copies);
  size_t i = 0;
  for (; i + 2 * kLanes <= count; i += 2 * kLanes) {
    const size_t first = kElementWords * i, second = first + kLanesWords;
    const Limbs x[2] = {factor, factor}, y[2] = {load8(a + first), load8(a + second)};
    Limbs z[2];
    mul_two_by_16<F>(x, y, z);
    store8(out + first, z[0]);
    store8(out + second, z[1]);
  }
  a += kElementWords * i;
  out += kElementWords * i;
  count -= i;
  for_lanes(a, a, out, count, [&](const uint64_t* x, const uint64_t*, uint64_t* to) __attribute__((always_inline)) {
    store8(to, mul_by_16<F>(factor, load8(x)));
  });
}

// Montgomery's trick in every lane: products from the front, eight inversions by the caller, products from the back.
template <class F>
void inverse_all(const uint64_t* a, uint64_t* out, size_t count, InvertEight invert) {
  constexpr size_t kVectors = 64;
  V before[5 * kVectors];  // 20 KiB
  uint64_t totals[kLanesWords];
  const V zero = _mm512_setzero_si512();
  // 1 in Montgomery form to the base 2^256: 2^260 / 16.
  constexpr Constant kOne256 = power_of_two(256, F::prime().p);
  for (size_t at = 0; at < count; at += kLanes * kVectors) {
    const size_t size = count - at < kLanes * kVectors ? count - at : kLanes * kVectors;
    const size_t vectors = (size + kLanes - 1) / kLanes;
    uint64_t last[kLanesWords];  // of an incomplete vector: zeros behind
    const uint64_t* base = a + kElementWords * at;
    const size_t tail = size % kLanes;
    for (size_t w = 0; w < kLanesWords; ++w) last[w] = tail != 0 && w < kElementWords * tail ? base[kLanesWords * (vectors - 1) + w] : 0;
    Limbs product = splat(kOne256);
    for (size_t v = 0; v < vectors; ++v) {
#pragma GCC unroll 5
      for (size_t i = 0; i < 5; ++i) before[5 * v + i] = product.l[i];
      const Limbs value = load8(tail != 0 && v + 1 == vectors ? last : base + kLanesWords * v);
      product = mul_by_16<F>(by_16(select(is_zero(value), splat(kOne256), value)), product);
    }
    store8(totals, product);
    invert(totals);
    product = load8(totals);
    for (size_t v = vectors; v-- > 0;) {
      const bool partial = tail != 0 && v + 1 == vectors;
      const Limbs value = load8(partial ? last : base + kLanesWords * v);
      const __mmask8 none = is_zero(value);
      const Limbs prefix{{before[5 * v], before[5 * v + 1], before[5 * v + 2], before[5 * v + 3], before[5 * v + 4]}};
      const Limbs scaled = by_16(product);
      const Limbs found = select(none, {{zero, zero, zero, zero, zero}}, mul_by_16<F>(scaled, prefix));
      product = mul_by_16<F>(scaled, select(none, splat(kOne256), value));
      uint64_t* to = out + kElementWords * at + kLanesWords * v;
      if (partial) {
        uint64_t words[kLanesWords];
        store8(words, found);
        for (size_t w = 0; w < kElementWords * tail; ++w) to[w] = words[w];
      } else {
        store8(to, found);
      }
    }
  }
}

// Highest words below the prime's decide nearly always; the words below are looked at only where they are equal.
template <class F>
size_t first_unreduced(const uint64_t* a, size_t count) {
  constexpr uint64_t top = F::kTopWord;
  const V bound = splat(top);
  constexpr __mmask8 kTops = 0x88;
  size_t i = 0;
  for (;;) {
    for (; i + 4 <= count; i += 4) {
      const V first = _mm512_loadu_si512(a + kElementWords * i), second = _mm512_loadu_si512(a + kElementWords * i + kLanes);
      if (_mm512_mask_cmpge_epu64_mask(kTops, first, bound) != 0 || _mm512_mask_cmpge_epu64_mask(kTops, second, bound) != 0) break;
    }
    if (i == count) return count;
    const size_t end = count - i < 4 ? count : i + 4;
    for (; i < end; ++i) {
      uint64_t words[kLanesWords] = {};
      for (size_t w = 0; w < kElementWords; ++w) words[w] = a[kElementWords * i + w];
      const Limbs less = ripple_signed(sub(load8(words), splat(F::prime().p)));
      if ((_mm512_movepi64_mask(less.l[4]) & 1) == 0) return i;
    }
  }
}

template <class F>
constexpr Operations operations() {
  return {add_all<F>, sub_all<F>, mul_all<F>, square_all<F>, scale_all<F>, inverse_all<F>, first_unreduced<F>};
}

}  // namespace

const Table avx512 = {operations<Fq>(), operations<Fr>()};

}  // namespace zg::bn254::batch
