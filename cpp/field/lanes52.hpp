// Eight numbers of 256 bits side by side, for ISA files with AVX-512 IFMA: one vector a limb of 52 bits, one number a lane.
//
// The vocabulary under every five-limb prime field: transposition in and out, column products, carries, Montgomery products.
// Everything here is internal to the including file, so that no wrong instruction leaks through the linker.
// Source: Gueron, Krasnov, "Accelerating big integer arithmetic using Intel IFMA extensions", ARITH 2016.
#pragma once

#include <immintrin.h>

#include "common/bytes.hpp"

#define ZG_LANES inline __attribute__((always_inline))

namespace zg::lanes52 {
namespace {

using V = __m512i;

constexpr uint64_t kMask52 = (1ull << 52) - 1;
constexpr uint64_t kMask48 = (1ull << 48) - 1;

// Five limbs, least first. "Carried": limbs 0 … 3 below 2^52, limb 4 below 2^49; only carried numbers may be multiplied, for
// the multiplier reads the low 52 bits of a limb and drops the rest in silence.
struct Limbs {
  V l[5];
};

// Ten columns of a product before reduction: column k weighs 2^(52 k).
struct Columns {
  V c[10];
};

// A constant of five limbs, the same for all lanes.
struct Constant {
  uint64_t l[5];
};

ZG_LANES V splat(uint64_t value) { return _mm512_set1_epi64(static_cast<long long>(value)); }
ZG_LANES V madd_lo(V sum, V a, V b) { return _mm512_madd52lo_epu64(sum, a, b); }
ZG_LANES V madd_hi(V sum, V a, V b) { return _mm512_madd52hi_epu64(sum, a, b); }
ZG_LANES V add(V a, V b) { return _mm512_add_epi64(a, b); }
ZG_LANES V sub(V a, V b) { return _mm512_sub_epi64(a, b); }
ZG_LANES V low52(V a) { return _mm512_and_si512(a, splat(kMask52)); }

ZG_LANES Limbs splat(const Constant& constant) {
  return {{splat(constant.l[0]), splat(constant.l[1]), splat(constant.l[2]), splat(constant.l[3]), splat(constant.l[4])}};
}

// mask ? a : b, lane by lane.
ZG_LANES Limbs select(__mmask8 mask, const Limbs& a, const Limbs& b) {
  Limbs out;
#pragma GCC unroll 5
  for (int i = 0; i < 5; ++i) out.l[i] = _mm512_mask_mov_epi64(b.l[i], mask, a.l[i]);
  return out;
}

// words[k][lane]: the k-th 64-bit word, least first, of each lane's number.
ZG_LANES Limbs unpack(V w0, V w1, V w2, V w3) {
  return {{low52(w0), low52(_mm512_or_si512(_mm512_srli_epi64(w0, 52), _mm512_slli_epi64(w1, 12))),
           low52(_mm512_or_si512(_mm512_srli_epi64(w1, 40), _mm512_slli_epi64(w2, 24))),
           low52(_mm512_or_si512(_mm512_srli_epi64(w2, 28), _mm512_slli_epi64(w3, 36))), _mm512_srli_epi64(w3, 16)}};
}

ZG_LANES Limbs load_words(const uint64_t words[4][8]) {
  return unpack(_mm512_loadu_si512(words[0]), _mm512_loadu_si512(words[1]), _mm512_loadu_si512(words[2]), _mm512_loadu_si512(words[3]));
}

// The inverse of load_words for numbers below 2^256 with clean limbs.
ZG_LANES void store_words(uint64_t words[4][8], const Limbs& a) {
  _mm512_storeu_si512(words[0], _mm512_or_si512(a.l[0], _mm512_slli_epi64(a.l[1], 52)));
  _mm512_storeu_si512(words[1], _mm512_or_si512(_mm512_srli_epi64(a.l[1], 12), _mm512_slli_epi64(a.l[2], 40)));
  _mm512_storeu_si512(words[2], _mm512_or_si512(_mm512_srli_epi64(a.l[2], 24), _mm512_slli_epi64(a.l[3], 28)));
  _mm512_storeu_si512(words[3], _mm512_or_si512(_mm512_srli_epi64(a.l[3], 36), _mm512_slli_epi64(a.l[4], 16)));
}

// Eight rows of eight words become eight columns: out[k] holds word k of every row.
ZG_LANES void transpose8(V r[8]) {
  V t[8];
#pragma GCC unroll 4
  for (int i = 0; i < 4; ++i) {
    t[2 * i] = _mm512_unpacklo_epi64(r[2 * i], r[2 * i + 1]);
    t[2 * i + 1] = _mm512_unpackhi_epi64(r[2 * i], r[2 * i + 1]);
  }
  V u[8];
#pragma GCC unroll 2
  for (int i = 0; i < 2; ++i) {
#pragma GCC unroll 2
    for (int k = 0; k < 2; ++k) {
      u[4 * i + k] = _mm512_shuffle_i64x2(t[4 * i + k], t[4 * i + 2 + k], 0x88);
      u[4 * i + 2 + k] = _mm512_shuffle_i64x2(t[4 * i + k], t[4 * i + 2 + k], 0xdd);
    }
  }
#pragma GCC unroll 4
  for (int k = 0; k < 4; ++k) {
    r[k] = _mm512_shuffle_i64x2(u[k], u[4 + k], 0x88);
    r[4 + k] = _mm512_shuffle_i64x2(u[k], u[4 + k], 0xdd);
  }
}

// Ripples carries through limbs 0 … 3; limb 4 keeps what comes out. Limbs below 2^63 on entry.
ZG_LANES Limbs ripple(Limbs a) {
#pragma GCC unroll 4
  for (int i = 0; i < 4; ++i) {
    a.l[i + 1] = add(a.l[i + 1], _mm512_srli_epi64(a.l[i], 52));
    a.l[i] = low52(a.l[i]);
  }
  return a;
}

// The same for limbs that may be negative (two's complement).
ZG_LANES Limbs ripple_signed(Limbs a) {
#pragma GCC unroll 4
  for (int i = 0; i < 4; ++i) {
    a.l[i + 1] = add(a.l[i + 1], _mm512_srai_epi64(a.l[i], 52));
    a.l[i] = low52(a.l[i]);
  }
  return a;
}

ZG_LANES Limbs add(const Limbs& a, const Limbs& b) {
  Limbs out;
#pragma GCC unroll 5
  for (int i = 0; i < 5; ++i) out.l[i] = add(a.l[i], b.l[i]);
  return out;
}

ZG_LANES Limbs sub(const Limbs& a, const Limbs& b) {
  Limbs out;
#pragma GCC unroll 5
  for (int i = 0; i < 5; ++i) out.l[i] = sub(a.l[i], b.l[i]);
  return out;
}

// a * b for carried a, b: columns below 2^56, the last below 2^47.
ZG_LANES Columns mul_columns(const Limbs& a, const Limbs& b) {
  const V zero = _mm512_setzero_si512();
  Columns lo{{zero, zero, zero, zero, zero, zero, zero, zero, zero, zero}}, hi = lo;
#pragma GCC unroll 5
  for (int i = 0; i < 5; ++i) {
#pragma GCC unroll 5
    for (int j = 0; j < 5; ++j) {
      lo.c[i + j] = madd_lo(lo.c[i + j], a.l[i], b.l[j]);
      hi.c[i + j + 1] = madd_hi(hi.c[i + j + 1], a.l[i], b.l[j]);
    }
  }
#pragma GCC unroll 10
  for (int k = 1; k < 9; ++k) lo.c[k] = add(lo.c[k], hi.c[k]);
  lo.c[9] = hi.c[9];
  return lo;
}

// a * a: the crossing products once, doubled, then the squares. The same bounds.
ZG_LANES Columns sqr_columns(const Limbs& a) {
  const V zero = _mm512_setzero_si512();
  Columns lo{{zero, zero, zero, zero, zero, zero, zero, zero, zero, zero}}, hi = lo;
#pragma GCC unroll 5
  for (int i = 0; i < 5; ++i) {
#pragma GCC unroll 5
    for (int j = i + 1; j < 5; ++j) {
      lo.c[i + j] = madd_lo(lo.c[i + j], a.l[i], a.l[j]);
      hi.c[i + j + 1] = madd_hi(hi.c[i + j + 1], a.l[i], a.l[j]);
    }
  }
  Columns out = lo;
#pragma GCC unroll 10
  for (int k = 1; k < 9; ++k) {
    const V cross = add(lo.c[k], hi.c[k]);
    out.c[k] = add(cross, cross);
  }
  out.c[9] = zero;
#pragma GCC unroll 5
  for (int i = 0; i < 5; ++i) {
    out.c[2 * i] = madd_lo(out.c[2 * i], a.l[i], a.l[i]);
    out.c[2 * i + 1] = madd_hi(out.c[2 * i + 1], a.l[i], a.l[i]);
  }
  return out;
}

// A prime of 252 to 256 bits for Montgomery arithmetic with R = 2^260.
struct MontPrime {
  Constant p;
  uint64_t inverse;  // -1 / p mod 2^52
  Constant r1, r2;   // R mod p, R^2 mod p
};

// a * b / R mod p, below 2p when a * b < 2^260 p: so for a, b below 2^257, carried. Word by word.
ZG_LANES Limbs mont_mul(const Limbs& a, const Limbs& b, const MontPrime& prime) {
  const V zero = _mm512_setzero_si512();
  const Limbs p = splat(prime.p);
  const V inverse = splat(prime.inverse);
  V t[6] = {zero, zero, zero, zero, zero, zero};
#pragma GCC unroll 5
  for (int i = 0; i < 5; ++i) {
#pragma GCC unroll 5
    for (int j = 0; j < 5; ++j) t[j] = madd_lo(t[j], a.l[j], b.l[i]);
    const V m = madd_lo(zero, t[0], inverse);
#pragma GCC unroll 5
    for (int j = 0; j < 5; ++j) {
      t[j + 1] = madd_hi(t[j + 1], a.l[j], b.l[i]);
      t[j] = madd_lo(t[j], m, p.l[j]);
    }
#pragma GCC unroll 5
    for (int j = 0; j < 5; ++j) t[j + 1] = madd_hi(t[j + 1], m, p.l[j]);
    t[1] = add(t[1], _mm512_srli_epi64(t[0], 52));
#pragma GCC unroll 5
    for (int j = 0; j < 5; ++j) t[j] = t[j + 1];
    t[5] = zero;
  }
  return ripple({{t[0], t[1], t[2], t[3], t[4]}});
}

// a - p where a >= p, else a: from [0, 2p) to [0, p).
ZG_LANES Limbs canonical_below_2p(const Limbs& a, const Constant& p) {
  const Limbs less = ripple_signed(sub(a, splat(p)));
  const __mmask8 borrow = _mm512_movepi64_mask(less.l[4]);
  return select(borrow, a, less);
}

ZG_LANES __mmask8 is_zero(const Limbs& a) {
  const V any = _mm512_or_si512(_mm512_or_si512(_mm512_or_si512(a.l[0], a.l[1]), _mm512_or_si512(a.l[2], a.l[3])), a.l[4]);
  return _mm512_testn_epi64_mask(any, any);
}

}  // namespace
}  // namespace zg::lanes52
