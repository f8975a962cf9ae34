// Multiples of points by secret numbers: the same steps for every number.
//
// Three things make it so. The addition formulas are complete (J. Renes, C. Costello, L. Batina, "Complete addition formulas
// for prime order elliptic curves", 2016, algorithms 7 and 9): no case is told apart, infinity included; they hold for every
// point of G1 and, since the order of the twist is odd, of the twist. The loop runs over 64 windows of four bits whatever the
// number is. A table entry is chosen by reading all sixteen and masking.
//
// Written over any field F and any word W. W needs only ^, -, >> by a constant: a word type that converts to nothing (as in
// tests/native/test_bls_bn254.cpp) therefore cannot be branched on or used as an index, and the compiler proves it.
#pragma once

#include "field/bn254_tower.hpp"

namespace zg::bls_bn254::secret {

inline constexpr int kWindows = 64;

// Homogeneous (x / z, y / z); infinity is (0, 1, 0).
template <class F>
struct Projective {
  F x, y, z;
};

// All ones or zero out of 1 or 0. The compiler must not know the two values, or it could make a branch of them.
inline uint64_t spread(uint64_t bit) {
  __asm__("" : "+r"(bit));
  return 0 - bit;
}

// `a` where the mask is all ones, `b` where it is zero.
template <class P>
inline field::Element<P> choose(uint64_t mask, const field::Element<P>& a, const field::Element<P>& b) {
  field::Element<P> r;
  for (int i = 0; i < P::kLimbs; ++i) r.l[i] = b.l[i] ^ (mask & (a.l[i] ^ b.l[i]));
  return r;
}
inline bn254::Fq2 choose(uint64_t mask, const bn254::Fq2& a, const bn254::Fq2& b) {
  return {choose(mask, a.c0, b.c0), choose(mask, a.c1, b.c1)};
}

// b3 is three times the curve's constant.
template <class F>
inline Projective<F> add_complete(const Projective<F>& p, const Projective<F>& q, const F& b3) {
  const F xx = p.x * q.x, yy = p.y * q.y, zz = p.z * q.z;
  const F xy = (p.x + p.y) * (q.x + q.y) - xx - yy;
  const F yz = (p.y + p.z) * (q.y + q.z) - yy - zz;
  const F xz = (p.x + p.z) * (q.x + q.z) - xx - zz;
  const F xx3 = xx + xx + xx, bzz = b3 * zz, bxz = b3 * xz;
  const F sum = yy + bzz, difference = yy - bzz;
  return {xy * difference - yz * bxz, bxz * xx3 + difference * sum, sum * yz + xx3 * xy};
}

template <class F>
inline Projective<F> double_complete(const Projective<F>& p, const F& b3) {
  const F yy = p.y * p.y, yz = p.y * p.z, bzz = b3 * (p.z * p.z);
  const F yy2 = yy + yy, yy4 = yy2 + yy2, yy8 = yy4 + yy4;
  const F rest = yy - (bzz + bzz + bzz), xyr = rest * (p.x * p.y);
  return {xyr + xyr, bzz * yy8 + rest * (yy + bzz), yz * yy8};
}

// The table entry of a digit 0 … 15.
template <class F, class W>
inline Projective<F> look_up(const Projective<F> (&table)[16], const W& digit) {
  Projective<F> r = table[0];
  for (uint64_t j = 1; j < 16; ++j) {
    const auto mask = spread(((digit ^ j) - 1) >> 63);  // only zero borrows
    r = {choose(mask, table[j].x, r.x), choose(mask, table[j].y, r.y), choose(mask, table[j].z, r.z)};
  }
  return r;
}

// (sum of digits[i] 16^i) p.
template <class F, class W>
inline Projective<F> multiply(const Projective<F>& p, const W (&digits)[kWindows], const F& b3) {
  Projective<F> table[16];
  table[0] = {F::zero(), F::one(), F::zero()};
  for (int i = 1; i < 16; ++i) table[i] = add_complete(table[i - 1], p, b3);
  Projective<F> sum = look_up(table, digits[kWindows - 1]);
  for (int i = kWindows - 2; i >= 0; --i) {
    for (int j = 0; j < 4; ++j) sum = double_complete(sum, b3);
    sum = add_complete(sum, look_up(table, digits[i]), b3);
  }
  return sum;
}

// a to the power p - 2: the inverse, zero for zero. The exponent is public, so its bits may be branched on.
template <class F>
inline F invert_by_power(const F& a) {
  F r = a;  // the top bit of p - 2
  for (int i = 252; i >= 0; --i) {
    r = r * r;
    const uint64_t word = bn254::FqParams::kModulus[i / 64] - (i < 64 ? 2 : 0);
    if (word >> (i % 64) & 1) r = r * a;
  }
  return r;
}
inline bn254::Fq invert(const bn254::Fq& a) { return invert_by_power(a); }
inline bn254::Fq2 invert(const bn254::Fq2& a) {
  const bn254::Fq k = invert_by_power(a.c0 * a.c0 + a.c1 * a.c1);
  return {a.c0 * k, -(a.c1 * k)};
}

}  // namespace zg::bls_bn254::secret
