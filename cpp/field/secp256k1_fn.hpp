// Eight lanes of the integers modulo n, the order of secp256k1, for ISA files with AVX-512 IFMA: products, inversion, and the
// split of a scalar into two halves by the curve's endomorphism [1], written as digits that are never zero [2].
//
// Sources: [1] Gallant, Lambert, Vanstone, CRYPTO 2001; [2] Okeya, Takagi, CT-RSA 2003, and the offset form used by
// libsecp256k1's constant-time multiplication; docs/kernels/ecdsa.md derives the constants, tests/oracle/ecdsa.py rebuilds them.
#pragma once

#include "field/lanes52.hpp"

namespace zg::secp256k1 {
namespace {

using namespace lanes52;

constexpr MontPrime kOrder = {{{0x25e8cd0364141, 0xe6af48a03bbfd, 0xffffffebaaedc, kMask52, kMask48}},
                              0xdff665588b13f,
                              {{0xa1732fc9bebf0, 0x950b75fc4402d, 0x14551231, 0, 0}},
                              {{0xe180c268b3b23, 0x94fd6e33e4c8e, 0xd07c73b975948, 0xc5e697f5e45bc, 0x671cd581c69b}}};

// The lattice of the endomorphism: a1 + b1 λ = a2 + b2 λ = 0 mod n with b1 negative; g1, g2 = round(2^384 b2 / n) and
// round(2^384 (-b1) / n).
constexpr Constant kSplitG1 = {{0x3209a45dbb031, 0x1471e8ca7fe89, 0x284eb153daa8a, 0x6bcde86c90e49, 0x3086d221a7d4}};
constexpr Constant kSplitG2 = {{0x1b4ae8ac47f71, 0xac9df506c6157, 0xabfe4c4221208, 0x88286f547fa90, 0xe4437ed6010e}};
constexpr uint64_t kSplitA1[3] = {0xc90e49284eb15, 0x21a7d46bcde86, 0x3086d2};  // equals b2
constexpr uint64_t kSplitA2[3] = {0x1108d9d44cfd8, 0xf7a8e2f3f657c, 0x114ca50};
constexpr uint64_t kSplitMinusB1[3] = {0x47fa90abfe4c3, 0xd6010e88286f5, 0xe4437e};

// (2^bits - 2^129 - 1) (1 + λ) mod n: what must be added to a scalar before halving it, see split_digits.
constexpr Constant kOffset132 = {{0x49ca5d7b6171b, 0xdb66bcaafb37, 0x4e938137937fe, 0x3c6b3215874b9, 0x76b1d93d0fae}};
constexpr Constant kOffset130 = {{0x2c1dcde9798d9, 0x4826ba29e4b5c, 0xc118d6b589ae8, 0x34ec2bdd6bf7, 0xa4e88a7dcb13}};

ZG_LANES Limbs order_mul(const Limbs& a, const Limbs& b) { return mont_mul(a, b, kOrder); }

// Montgomery form of 1 / x for x in Montgomery form, by x^(n - 2) in windows of four bits. 0 for 0.
inline __attribute__((noinline)) Limbs order_inverse(const Limbs& x) {
  constexpr uint64_t kExponent[4] = {0xbfd25e8cd036413f, 0xbaaedce6af48a03b, 0xfffffffffffffffe, 0xffffffffffffffff};
  Limbs powers[16];
  powers[0] = splat(kOrder.r1);
  powers[1] = x;
  for (int i = 2; i < 16; ++i) powers[i] = order_mul(powers[i - 1], x);
  Limbs t = powers[15];
  for (int window = 62; window >= 0; --window) {
    for (int i = 0; i < 4; ++i) t = order_mul(t, t);
    const uint64_t digit = (kExponent[window / 16] >> (4 * (window % 16))) & 15;
    if (digit != 0) t = order_mul(t, powers[digit]);
  }
  return t;
}

ZG_LANES Limbs order_canonical(const Limbs& below_2n) { return canonical_below_2p(below_2n, kOrder.p); }

// n - a for a below n (n for 0).
ZG_LANES Limbs order_minus(const Limbs& a) { return ripple_signed(sub(splat(kOrder.p), a)); }

// (a + b) mod n for a at most n, b below n.
ZG_LANES Limbs order_add(const Limbs& a, const Limbs& b) { return order_canonical(ripple(add(a, b))); }

// a / 2 mod n for a below n.
ZG_LANES Limbs order_half(Limbs a) {
  const __mmask8 odd = _mm512_test_epi64_mask(a.l[0], splat(1));
#pragma GCC unroll 5
  for (int i = 0; i < 5; ++i) a.l[i] = _mm512_mask_add_epi64(a.l[i], odd, a.l[i], splat(kOrder.p.l[i]));
  a = ripple(a);
#pragma GCC unroll 4
  for (int i = 0; i < 4; ++i) a.l[i] = _mm512_or_si512(_mm512_srli_epi64(a.l[i], 1), _mm512_and_si512(_mm512_slli_epi64(a.l[i + 1], 51), splat(kMask52)));
  a.l[4] = _mm512_srli_epi64(a.l[4], 1);
  return a;
}

// A number of up to 156 bits.
struct Half {
  V l[3];
};

// round(k g / 2^384)
ZG_LANES Half scaled_down(const Limbs& k, const Constant& g) {
  Columns t = mul_columns(k, splat(g));
  t.c[7] = add(t.c[7], splat(1ull << 19));  // 2^383
#pragma GCC unroll 9
  for (int i = 0; i < 9; ++i) t.c[i + 1] = add(t.c[i + 1], _mm512_srli_epi64(t.c[i], 52));
  const V c7 = low52(t.c[7]), c8 = low52(t.c[8]);
  return {{_mm512_or_si512(_mm512_srli_epi64(c7, 20), low52(_mm512_slli_epi64(c8, 32))),
           _mm512_or_si512(_mm512_srli_epi64(c8, 20), low52(_mm512_slli_epi64(t.c[9], 32))), _mm512_srli_epi64(t.c[9], 20)}};
}

// sum + a * b modulo 2^156, columns not carried.
ZG_LANES Half multiply_low(Half sum, const Half& a, const uint64_t b[3]) {
  const V b0 = splat(b[0]), b1 = splat(b[1]), b2 = splat(b[2]);
  sum.l[0] = madd_lo(sum.l[0], a.l[0], b0);
  sum.l[1] = madd_hi(madd_lo(madd_lo(sum.l[1], a.l[0], b1), a.l[1], b0), a.l[0], b0);
  sum.l[2] = madd_lo(madd_lo(madd_lo(sum.l[2], a.l[0], b2), a.l[1], b1), a.l[2], b0);
  sum.l[2] = madd_hi(madd_hi(sum.l[2], a.l[0], b1), a.l[1], b0);
  return sum;
}

// a - b + 2^128 modulo 2^156, carried.
ZG_LANES Half offset_difference(const Half& a, const Half& b) {
  const V l0 = sub(a.l[0], b.l[0]);
  const V l1 = add(sub(a.l[1], b.l[1]), _mm512_srai_epi64(l0, 52));
  const V l2 = add(add(sub(a.l[2], b.l[2]), splat(1ull << 24)), _mm512_srai_epi64(l1, 52));
  return {{low52(l0), low52(l1), low52(l2)}};
}

// Two numbers below 2^129 whose bits, each read as +1 or -1, spell a scalar q: with bits b_i of v,
// Σ (2 b_i - 1) 2^i = 2v + 1 - 2^bits, and q = (2 v1 + 1 - 2^bits) + (2 v2 + 1 - 2^bits) λ mod n.
struct Digits {
  Half v[2];
};

// In: q at most n, carried; offset = kOffset132 for 132 bits, kOffset130 for 130. With s = (q + offset) / 2 = s1 + s2 λ and
// |s1|, |s2| < 2^128 [1], v = s1 + 2^128 and s2 + 2^128.
ZG_LANES Digits split_digits(const Limbs& q, const Constant& offset) {
  const Limbs s = order_half(order_add(q, splat(offset)));
  const Half c1 = scaled_down(s, kSplitG1), c2 = scaled_down(s, kSplitG2);
  const V zero = _mm512_setzero_si512();
  const Half none = {{zero, zero, zero}}, low = {{s.l[0], s.l[1], s.l[2]}};
  const Half first = offset_difference(low, multiply_low(multiply_low(none, c1, kSplitA1), c2, kSplitA2));
  const Half second = offset_difference(multiply_low(none, c1, kSplitMinusB1), multiply_low(none, c2, kSplitA1));
  return {{first, second}};
}

// The `width` bits at `position` of v, where no window crosses a limb (width divides 52).
ZG_LANES V window(const Half& v, int position, int width) {
  const V limb = v.l[position / 52];
  return _mm512_and_si512(_mm512_srl_epi64(limb, _mm_cvtsi32_si128(position % 52)), splat((1ull << width) - 1));
}

}  // namespace
}  // namespace zg::secp256k1
