// Prime field elements in Montgomery form, any number of 64-bit limbs, on host and device.
//
// Element<P> always holds the fully reduced Montgomery form: limbs represent v * 2^(64 N) mod p with 0 <= limbs < p. Every
// function keeps this invariant and relies on it. P gives kLimbs, kModulus, kNegInverse (-1 / p mod 2^64), kOne, kSquare and
// kCube (2^(64 N k) mod p for k = 1, 2, 3); see gen_constants.py.
//
// Sums and products do not branch on values. Functions whose name ends in _var do.
#pragma once

#include "common/bytes.hpp"

#ifndef ZG_FIELD_HD
#ifdef __CUDACC__
#define ZG_FIELD_HD __host__ __device__
#else
#define ZG_FIELD_HD
#endif
#endif

namespace zg::field {

using Wide = unsigned __int128;

template <class P>
struct Element {
  static constexpr int N = P::kLimbs;
  uint64_t l[N];

  ZG_FIELD_HD static Element zero() {
    Element r;
    for (int i = 0; i < N; ++i) r.l[i] = 0;
    return r;
  }
  ZG_FIELD_HD static Element one() { return from_limbs(P::kOne); }
  // Takes limbs that are already a reduced Montgomery form (constants).
  ZG_FIELD_HD static Element from_limbs(const uint64_t* limbs) {
    Element r;
    for (int i = 0; i < N; ++i) r.l[i] = limbs[i];
    return r;
  }
  ZG_FIELD_HD bool is_zero() const {
    uint64_t any = 0;
    for (int i = 0; i < N; ++i) any |= l[i];
    return any == 0;
  }
};

template <class P>
ZG_FIELD_HD inline bool operator==(const Element<P>& a, const Element<P>& b) {
  uint64_t any = 0;
  for (int i = 0; i < P::kLimbs; ++i) any |= a.l[i] ^ b.l[i];
  return any == 0;
}
template <class P>
ZG_FIELD_HD inline bool operator!=(const Element<P>& a, const Element<P>& b) {
  return !(a == b);
}

// True when the N limbs are below the modulus.
template <class P>
ZG_FIELD_HD inline bool is_reduced(const uint64_t* limbs) {
  uint64_t borrow = 0;
#pragma GCC unroll 8
  for (int i = 0; i < P::kLimbs; ++i) {
    const Wide t = static_cast<Wide>(limbs[i]) - P::kModulus[i] - borrow;
    borrow = static_cast<uint64_t>(t >> 64) & 1;
  }
  return borrow != 0;
}

#if defined(__x86_64__) && !defined(__CUDACC__)
#define ZG_FIELD_ASM 1
// Four limbs and a free top bit: compilers do not see one carry chain in the portable form, which is two to three times slower.
template <class P>
inline constexpr bool kFourLimbs = P::kLimbs == 4 && P::kModulus[3] >> 63 == 0;

// r = t - p when t >= p, else t; t < 2 p.
template <class P>
inline void reduce_four(uint64_t* r, const uint64_t* t) {
  uint64_t r0 = t[0], r1 = t[1], r2 = t[2], r3 = t[3], d0 = r0, d1 = r1, d2 = r2, d3 = r3;
  __asm__(
      "subq %[p0], %[d0]\n sbbq %[p1], %[d1]\n sbbq %[p2], %[d2]\n sbbq %[p3], %[d3]\n"
      "cmovncq %[d0], %[r0]\n cmovncq %[d1], %[r1]\n cmovncq %[d2], %[r2]\n cmovncq %[d3], %[r3]\n"
      : [r0] "+&r"(r0), [r1] "+&r"(r1), [r2] "+&r"(r2), [r3] "+&r"(r3), [d0] "+&r"(d0), [d1] "+&r"(d1), [d2] "+&r"(d2), [d3] "+&r"(d3)
      : [p0] "m"(P::kModulus[0]), [p1] "m"(P::kModulus[1]), [p2] "m"(P::kModulus[2]), [p3] "m"(P::kModulus[3])
      : "cc");
  r[0] = r0;
  r[1] = r1;
  r[2] = r2;
  r[3] = r3;
}

template <class P>
inline void add_four(uint64_t* r, const uint64_t* a, const uint64_t* b) {
  uint64_t r0 = a[0], r1 = a[1], r2 = a[2], r3 = a[3], d0, d1, d2, d3;
  __asm__(
      "addq %[b0], %[r0]\n adcq %[b1], %[r1]\n adcq %[b2], %[r2]\n adcq %[b3], %[r3]\n"
      "movq %[r0], %[d0]\n movq %[r1], %[d1]\n movq %[r2], %[d2]\n movq %[r3], %[d3]\n"
      "subq %[p0], %[d0]\n sbbq %[p1], %[d1]\n sbbq %[p2], %[d2]\n sbbq %[p3], %[d3]\n"
      "cmovncq %[d0], %[r0]\n cmovncq %[d1], %[r1]\n cmovncq %[d2], %[r2]\n cmovncq %[d3], %[r3]\n"
      : [r0] "+&r"(r0), [r1] "+&r"(r1), [r2] "+&r"(r2), [r3] "+&r"(r3), [d0] "=&r"(d0), [d1] "=&r"(d1), [d2] "=&r"(d2), [d3] "=&r"(d3)
      : [b0] "m"(b[0]), [b1] "m"(b[1]), [b2] "m"(b[2]), [b3] "m"(b[3]), [p0] "m"(P::kModulus[0]), [p1] "m"(P::kModulus[1]),
        [p2] "m"(P::kModulus[2]), [p3] "m"(P::kModulus[3])
      : "cc");
  r[0] = r0;
  r[1] = r1;
  r[2] = r2;
  r[3] = r3;
}

template <class P>
inline void sub_four(uint64_t* r, const uint64_t* a, const uint64_t* b) {
  uint64_t r0 = a[0], r1 = a[1], r2 = a[2], r3 = a[3], t0, t1, t2, t3;
  __asm__(
      "subq %[b0], %[r0]\n sbbq %[b1], %[r1]\n sbbq %[b2], %[r2]\n sbbq %[b3], %[r3]\n"
      "movq %[p0], %[t0]\n movq %[p1], %[t1]\n movq %[p2], %[t2]\n movq %[p3], %[t3]\n"
      "cmovncq %[zero], %[t0]\n cmovncq %[zero], %[t1]\n cmovncq %[zero], %[t2]\n cmovncq %[zero], %[t3]\n"
      "addq %[t0], %[r0]\n adcq %[t1], %[r1]\n adcq %[t2], %[r2]\n adcq %[t3], %[r3]\n"
      : [r0] "+&r"(r0), [r1] "+&r"(r1), [r2] "+&r"(r2), [r3] "+&r"(r3), [t0] "=&r"(t0), [t1] "=&r"(t1), [t2] "=&r"(t2), [t3] "=&r"(t3)
      : [b0] "m"(b[0]), [b1] "m"(b[1]), [b2] "m"(b[2]), [b3] "m"(b[3]), [p0] "m"(P::kModulus[0]), [p1] "m"(P::kModulus[1]),
        [p2] "m"(P::kModulus[2]), [p3] "m"(P::kModulus[3]), [zero] "r"(uint64_t{0})
      : "cc");
  r[0] = r0;
  r[1] = r1;
  r[2] = r2;
  r[3] = r3;
}
#endif

// r = t - p when t >= p (with `carry` as limb N of t), else t. t < 2 p.
template <class P>
ZG_FIELD_HD inline void reduce_once(uint64_t* r, const uint64_t* t, uint64_t carry) {
#ifdef ZG_FIELD_ASM
  if constexpr (kFourLimbs<P>) return reduce_four<P>(r, t);  // t < 2 p < 2^256: no carry
#endif
  uint64_t d[P::kLimbs], borrow = 0;
#pragma GCC unroll 8
  for (int i = 0; i < P::kLimbs; ++i) {
    const Wide w = static_cast<Wide>(t[i]) - P::kModulus[i] - borrow;
    d[i] = static_cast<uint64_t>(w);
    borrow = static_cast<uint64_t>(w >> 64) & 1;
  }
  const uint64_t keep = 0 - static_cast<uint64_t>(borrow > carry);  // all ones when t < p
#pragma GCC unroll 8
  for (int i = 0; i < P::kLimbs; ++i) r[i] = (t[i] & keep) | (d[i] & ~keep);
}

template <class P>
ZG_FIELD_HD inline Element<P> operator+(const Element<P>& a, const Element<P>& b) {
#ifdef ZG_FIELD_ASM
  if constexpr (kFourLimbs<P>) {
    Element<P> sum;
    add_four<P>(sum.l, a.l, b.l);
    return sum;
  }
#endif
  uint64_t t[P::kLimbs];
  Wide w = 0;
#pragma GCC unroll 8
  for (int i = 0; i < P::kLimbs; ++i) {
    w += static_cast<Wide>(a.l[i]) + b.l[i];
    t[i] = static_cast<uint64_t>(w);
    w >>= 64;
  }
  Element<P> r;
  reduce_once<P>(r.l, t, static_cast<uint64_t>(w));
  return r;
}

template <class P>
ZG_FIELD_HD inline Element<P> operator-(const Element<P>& a, const Element<P>& b) {
  Element<P> r;
#ifdef ZG_FIELD_ASM
  if constexpr (kFourLimbs<P>) {
    sub_four<P>(r.l, a.l, b.l);
    return r;
  }
#endif
  uint64_t borrow = 0;
#pragma GCC unroll 8
  for (int i = 0; i < P::kLimbs; ++i) {
    const Wide w = static_cast<Wide>(a.l[i]) - b.l[i] - borrow;
    r.l[i] = static_cast<uint64_t>(w);
    borrow = static_cast<uint64_t>(w >> 64) & 1;
  }
  const uint64_t mask = 0 - borrow;
  Wide w = 0;
#pragma GCC unroll 8
  for (int i = 0; i < P::kLimbs; ++i) {
    w += static_cast<Wide>(r.l[i]) + (P::kModulus[i] & mask);
    r.l[i] = static_cast<uint64_t>(w);
    w >>= 64;
  }
  return r;
}

template <class P>
ZG_FIELD_HD inline Element<P> operator-(const Element<P>& a) {
  return Element<P>::zero() - a;
}
template <class P>
ZG_FIELD_HD inline Element<P> twice(const Element<P>& a) {
  return a + a;
}

// a * b / 2^(64 N). One pass over b, each word reduced as it is added (Koc, Acar, Kaliski 1996). Moduli with a free top bit
// need no limb beyond N.
template <class P>
ZG_FIELD_HD inline Element<P> operator*(const Element<P>& a, const Element<P>& b) {
  constexpr int N = P::kLimbs;
  Element<P> r;
  uint64_t t[N];
#pragma GCC unroll 8
  for (int i = 0; i < N; ++i) t[i] = 0;
  uint64_t top = 0;
#pragma GCC unroll 8
  for (int i = 0; i < N; ++i) {
    Wide product = static_cast<Wide>(a.l[0]) * b.l[i] + t[0];
    const uint64_t m = static_cast<uint64_t>(product) * P::kNegInverse;
    Wide reduced = static_cast<Wide>(m) * P::kModulus[0] + static_cast<uint64_t>(product);
#pragma GCC unroll 8
    for (int j = 1; j < N; ++j) {
      product = static_cast<Wide>(a.l[j]) * b.l[i] + t[j] + static_cast<uint64_t>(product >> 64);
      reduced = static_cast<Wide>(m) * P::kModulus[j] + static_cast<uint64_t>(product) + static_cast<uint64_t>(reduced >> 64);
      t[j - 1] = static_cast<uint64_t>(reduced);
    }
    const Wide last = static_cast<Wide>(static_cast<uint64_t>(product >> 64)) + static_cast<uint64_t>(reduced >> 64) + top;
    t[N - 1] = static_cast<uint64_t>(last);
    if constexpr (P::kModulus[N - 1] >> 63 != 0) top = static_cast<uint64_t>(last >> 64);
  }
  reduce_once<P>(r.l, t, top);
  return r;
}

template <class P>
ZG_FIELD_HD inline Element<P> square(const Element<P>& a) {
  return a * a;
}

// a to the power of an exponent of `limbs` words, least significant first. The exponent is public.
template <class P>
ZG_FIELD_HD inline Element<P> power_var(const Element<P>& a, const uint64_t* exponent, int limbs) {
  Element<P> r = Element<P>::one();
  bool started = false;
  for (int i = 64 * limbs - 1; i >= 0; --i) {
    if (started) r = square(r);
    if ((exponent[i / 64] >> (i % 64)) & 1) {
      r = r * a;
      started = true;
    }
  }
  return r;
}

// The Montgomery form of a value given as N plain limbs below the modulus.
template <class P>
ZG_FIELD_HD inline Element<P> to_mont(const uint64_t* limbs) {
  return Element<P>::from_limbs(limbs) * Element<P>::from_limbs(P::kSquare);
}

// The plain limbs of an element.
template <class P>
ZG_FIELD_HD inline void from_mont(const Element<P>& a, uint64_t* limbs) {
  Element<P> one = Element<P>::zero();
  one.l[0] = 1;
  const Element<P> r = a * one;
  for (int i = 0; i < P::kLimbs; ++i) limbs[i] = r.l[i];
}

template <class P>
ZG_FIELD_HD inline Element<P> from_u64(uint64_t value) {
  uint64_t limbs[P::kLimbs] = {};
  limbs[0] = value;
  return to_mont<P>(limbs);
}

// Reads 8 N big-endian bytes. False, and `out` untouched, when the value is not below the modulus.
template <class P>
ZG_FIELD_HD inline bool from_be(const uint8_t* bytes, Element<P>& out) {
  uint64_t limbs[P::kLimbs];
  for (int i = 0; i < P::kLimbs; ++i) {
    uint64_t w = 0;
    for (int j = 0; j < 8; ++j) w = w << 8 | bytes[8 * (P::kLimbs - 1 - i) + j];
    limbs[i] = w;
  }
  if (!is_reduced<P>(limbs)) return false;
  out = to_mont<P>(limbs);
  return true;
}

// Reads 8 N big-endian bytes modulo p. The modulus must be above 2^(64 N) / 8.
template <class P>
ZG_FIELD_HD inline Element<P> from_be_reduced(const uint8_t* bytes) {
  static_assert(P::kModulus[P::kLimbs - 1] >> 61 != 0, "more subtractions would be needed");
  uint64_t limbs[P::kLimbs];
  for (int i = 0; i < P::kLimbs; ++i) {
    uint64_t w = 0;
    for (int j = 0; j < 8; ++j) w = w << 8 | bytes[8 * (P::kLimbs - 1 - i) + j];
    limbs[i] = w;
  }
  for (int i = 0; i < 7; ++i) reduce_once<P>(limbs, limbs, 0);
  return to_mont<P>(limbs);
}

template <class P>
ZG_FIELD_HD inline void to_be(const Element<P>& a, uint8_t* bytes) {
  uint64_t limbs[P::kLimbs];
  from_mont(a, limbs);
  for (int i = 0; i < P::kLimbs; ++i)
    for (int j = 0; j < 8; ++j) bytes[8 * (P::kLimbs - 1 - i) + j] = static_cast<uint8_t>(limbs[i] >> (56 - 8 * j));
}

}  // namespace zg::field
