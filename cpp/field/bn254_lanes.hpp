// Eight lanes of the two fields of BN254, for ISA files with AVX-512 IFMA: lanes52.hpp with the constants of the primes, and
// elements between memory and lanes.
//
// In memory an element is four 64-bit words below the prime, least first (mont.hpp). Lane order after load8 is that of
// kLaneOrder, not of memory; store8 undoes it, and work that does not mix lanes never sees it.
#pragma once

#include "field/bn254_constants.hpp"
#include "field/lanes52.hpp"

namespace zg::bn254 {
namespace {

using namespace lanes52;

constexpr Constant constant_of(const uint64_t* words) {
  return {{words[0] & kMask52, (words[0] >> 52 | words[1] << 12) & kMask52, (words[1] >> 40 | words[2] << 24) & kMask52,
           (words[2] >> 28 | words[3] << 36) & kMask52, words[3] >> 16}};
}

// 2 a mod p for a below p, both of 254 bits.
constexpr Constant doubled(const Constant& a, const Constant& p) {
  Constant twice{}, less{};
  uint64_t carry = 0, borrow = 0;
  for (int i = 0; i < 5; ++i) {
    const uint64_t sum = 2 * a.l[i] + carry;
    twice.l[i] = sum & kMask52;
    carry = sum >> 52;
  }
  for (int i = 0; i < 5; ++i) {
    const uint64_t difference = twice.l[i] - p.l[i] - borrow;
    less.l[i] = difference & kMask52;
    borrow = difference >> 63;
  }
  return borrow != 0 ? twice : less;
}

// 2^exponent mod p.
constexpr Constant power_of_two(int exponent, const Constant& p) {
  Constant r{{1, 0, 0, 0, 0}};
  for (int i = 0; i < exponent; ++i) r = doubled(r, p);
  return r;
}

constexpr MontPrime mont_prime(const uint64_t* modulus, uint64_t negative_inverse) {
  const Constant p = constant_of(modulus);
  return {p, negative_inverse & kMask52, power_of_two(260, p), power_of_two(520, p)};
}

constexpr MontPrime kFqLanes = mont_prime(FqParams::kModulus, FqParams::kNegInverse);
constexpr MontPrime kFrLanes = mont_prime(FrParams::kModulus, FrParams::kNegInverse);

// The element in lane i of what load8 returns.
constexpr int kLaneOrder[8] = {0, 2, 1, 3, 4, 6, 5, 7};

// Words of eight elements in a row, 32 words: w[k] holds word k of every element.
ZG_LANES void load8_words(const uint64_t* at, V w[4]) {
  const V r0 = _mm512_loadu_si512(at), r1 = _mm512_loadu_si512(at + 8), r2 = _mm512_loadu_si512(at + 16), r3 = _mm512_loadu_si512(at + 24);
  const V lo01 = _mm512_unpacklo_epi64(r0, r1), hi01 = _mm512_unpackhi_epi64(r0, r1);
  const V lo23 = _mm512_unpacklo_epi64(r2, r3), hi23 = _mm512_unpackhi_epi64(r2, r3);
  w[0] = _mm512_shuffle_i64x2(lo01, lo23, 0x88);
  w[1] = _mm512_shuffle_i64x2(hi01, hi23, 0x88);
  w[2] = _mm512_shuffle_i64x2(lo01, lo23, 0xdd);
  w[3] = _mm512_shuffle_i64x2(hi01, hi23, 0xdd);
}

ZG_LANES void store8_words(uint64_t* at, const V w[4]) {
  const V first = _mm512_set_epi64(11, 10, 3, 2, 9, 8, 1, 0), second = _mm512_set_epi64(15, 14, 7, 6, 13, 12, 5, 4);
  const V lo01 = _mm512_permutex2var_epi64(w[0], first, w[2]), lo23 = _mm512_permutex2var_epi64(w[0], second, w[2]);
  const V hi01 = _mm512_permutex2var_epi64(w[1], first, w[3]), hi23 = _mm512_permutex2var_epi64(w[1], second, w[3]);
  _mm512_storeu_si512(at, _mm512_unpacklo_epi64(lo01, hi01));
  _mm512_storeu_si512(at + 8, _mm512_unpackhi_epi64(lo01, hi01));
  _mm512_storeu_si512(at + 16, _mm512_unpacklo_epi64(lo23, hi23));
  _mm512_storeu_si512(at + 24, _mm512_unpackhi_epi64(lo23, hi23));
}

// Carried limbs of numbers below 2^256.
ZG_LANES Limbs from_words(const V w[4]) { return unpack(w[0], w[1], w[2], w[3]); }

// Carried limbs of 16 times the number, for numbers below 2^256. A product with one operand so prepared is a product of
// Montgomery forms to the base 2^256, as mont.hpp has them: a b 2^4 / 2^260 = a b / 2^256.
ZG_LANES Limbs from_words_by_16(const V w[4]) {
  return {{low52(_mm512_slli_epi64(w[0], 4)), low52(_mm512_or_si512(_mm512_srli_epi64(w[0], 48), _mm512_slli_epi64(w[1], 16))),
           low52(_mm512_or_si512(_mm512_srli_epi64(w[1], 36), _mm512_slli_epi64(w[2], 28))),
           low52(_mm512_or_si512(_mm512_srli_epi64(w[2], 24), _mm512_slli_epi64(w[3], 40))), _mm512_srli_epi64(w[3], 12)}};
}

// The words of carried limbs below 2^256.
ZG_LANES void to_words(const Limbs& a, V w[4]) {
  w[0] = _mm512_or_si512(a.l[0], _mm512_slli_epi64(a.l[1], 52));
  w[1] = _mm512_or_si512(_mm512_srli_epi64(a.l[1], 12), _mm512_slli_epi64(a.l[2], 40));
  w[2] = _mm512_or_si512(_mm512_srli_epi64(a.l[2], 24), _mm512_slli_epi64(a.l[3], 28));
  w[3] = _mm512_or_si512(_mm512_srli_epi64(a.l[3], 36), _mm512_slli_epi64(a.l[4], 16));
}

ZG_LANES Limbs load8(const uint64_t* at) {
  V w[4];
  load8_words(at, w);
  return from_words(w);
}

ZG_LANES void store8(uint64_t* at, const Limbs& a) {
  V w[4];
  to_words(a, w);
  store8_words(at, w);
}

}  // namespace
}  // namespace zg::bn254
