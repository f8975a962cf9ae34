// Inversion in a Montgomery field by the binary GCD with approximated operands.
//
// Thirty-one steps of the plain binary GCD are run on 64-bit approximations (the lowest 31 and the highest 33 bits of both
// operands) while their effect is recorded as a 2x2 matrix of small factors, which is then applied to the full operands and
// to the cofactors. About seventeen rounds for 254 bits: some ten times faster than an exponentiation.
//
// Source: T. Pornin, "Optimized Binary GCD for Modular Inversion", 2020, algorithm 2 with k = 32. Takes time that depends on
// the value: for public data only.
#pragma once

#include "field/mont.hpp"

namespace zg::field {

namespace detail {

// r = (a * f + b * g) / 2^31 as N + 1 two's-complement limbs; the low 31 bits of the sum are dropped by the caller's
// construction (they are zero). a and b are N limbs, non-negative.
template <int N>
inline void combine(const uint64_t* a, const uint64_t* b, int64_t f, int64_t g, uint64_t* r) {
  Wide carry = 0;  // read as signed
  for (int i = 0; i <= N; ++i) {
    const __int128 sum = static_cast<__int128>(carry) + (i < N ? static_cast<__int128>(static_cast<Wide>(a[i])) * f : 0) +
                         (i < N ? static_cast<__int128>(static_cast<Wide>(b[i])) * g : 0);
    r[i] = static_cast<uint64_t>(sum);
    carry = static_cast<Wide>(sum >> 64);
  }
}

template <int N>
inline void shift_right_31(uint64_t* r) {
  for (int i = 0; i < N; ++i) r[i] = r[i] >> 31 | r[i + 1] << 33;
  r[N] = static_cast<uint64_t>(static_cast<int64_t>(r[N]) >> 31);
}

template <int N>
inline void negate(uint64_t* r) {
  uint64_t carry = 1;
  for (int i = 0; i <= N; ++i) {
    const Wide w = static_cast<Wide>(~r[i]) + carry;
    r[i] = static_cast<uint64_t>(w);
    carry = static_cast<uint64_t>(w >> 64);
  }
}

// (u * f + v * g) / 2^31 mod p, fully reduced; u, v reduced, |f| + |g| <= 2^31.
template <class P>
inline void combine_mod(const uint64_t* u, const uint64_t* v, int64_t f, int64_t g, uint64_t* out) {
  constexpr int N = P::kLimbs;
  uint64_t t[N + 1];
  combine<N>(u, v, f, g, t);
  const uint64_t m = (t[0] * P::kNegInverse) & 0x7fffffff;
  Wide w = 0;
  for (int i = 0; i < N; ++i) {
    w += static_cast<Wide>(m) * P::kModulus[i] + t[i];
    t[i] = static_cast<uint64_t>(w);
    w >>= 64;
  }
  t[N] += static_cast<uint64_t>(w);
  shift_right_31<N>(t);
  if (static_cast<int64_t>(t[N]) < 0) {  // in (-p, 0)
    w = 0;
    for (int i = 0; i < N; ++i) {
      w += static_cast<Wide>(t[i]) + P::kModulus[i];
      t[i] = static_cast<uint64_t>(w);
      w >>= 64;
    }
    for (int i = 0; i < N; ++i) out[i] = t[i];
  } else {  // in [0, 2 p)
    reduce_once<P>(out, t, t[N]);
  }
}

}  // namespace detail

// 1 / a; zero for zero.
template <class P>
inline Element<P> inverse_var(const Element<P>& x) {
  constexpr int N = P::kLimbs;
  if (x.is_zero()) return x;
  uint64_t a[N + 1] = {}, b[N + 1] = {}, u[N] = {}, v[N] = {};
  for (int i = 0; i < N; ++i) {
    a[i] = x.l[i];
    b[i] = P::kModulus[i];
  }
  u[0] = 1;
  // Invariants: a = u x and b = v x mod p; b odd; at the end a = 0 and b = gcd = 1.
  while (true) {
    int top = N - 1;
    while (top > 0 && (a[top] | b[top]) == 0) --top;
    uint64_t a_near, b_near;
    if (top == 0) {
      if (a[0] == 0) break;
      a_near = a[0];
      b_near = b[0];
    } else {
      const int shift = __builtin_clzll(a[top] | b[top]);
      auto high = [&](const uint64_t* r) { return shift == 0 ? r[top] : r[top] << shift | r[top - 1] >> (64 - shift); };
      a_near = (high(a) >> 31 << 31) | (a[0] & 0x7fffffff);
      b_near = (high(b) >> 31 << 31) | (b[0] & 0x7fffffff);
    }
    int64_t f0 = 1, g0 = 0, f1 = 0, g1 = 1;
    for (int i = 0; i < 31; ++i) {
      // Without branches: the parity and the order are coin flips.
      const uint64_t odd = 0 - (a_near & 1);
      const uint64_t swap = odd & (0 - static_cast<uint64_t>(a_near < b_near));
      const int64_t s = static_cast<int64_t>(swap), o = static_cast<int64_t>(odd);
      const uint64_t d = (a_near ^ b_near) & swap;
      a_near ^= d;
      b_near ^= d;
      const int64_t df = (f0 ^ f1) & s, dg = (g0 ^ g1) & s;
      f0 ^= df;
      f1 ^= df;
      g0 ^= dg;
      g1 ^= dg;
      a_near -= b_near & odd;
      f0 -= f1 & o;
      g0 -= g1 & o;
      a_near >>= 1;
      f1 *= 2;
      g1 *= 2;
    }
    uint64_t a_next[N + 1], b_next[N + 1];
    detail::combine<N>(a, b, f0, g0, a_next);
    detail::combine<N>(a, b, f1, g1, b_next);
    detail::shift_right_31<N>(a_next);
    detail::shift_right_31<N>(b_next);
    if (static_cast<int64_t>(a_next[N]) < 0) {
      detail::negate<N>(a_next);
      f0 = -f0;
      g0 = -g0;
    }
    if (static_cast<int64_t>(b_next[N]) < 0) {
      detail::negate<N>(b_next);
      f1 = -f1;
      g1 = -g1;
    }
    uint64_t u_next[N], v_next[N];
    detail::combine_mod<P>(u, v, f0, g0, u_next);
    detail::combine_mod<P>(u, v, f1, g1, v_next);
    for (int i = 0; i < N; ++i) {
      a[i] = a_next[i];
      b[i] = b_next[i];
      u[i] = u_next[i];
      v[i] = v_next[i];
    }
  }
  // v is the inverse of the Montgomery form: v = 1 / (x R). Times R^3 / R gives R / x.
  return Element<P>::from_limbs(v) * Element<P>::from_limbs(P::kCube);
}

}  // namespace zg::field
