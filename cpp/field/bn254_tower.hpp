// The extensions of the BN254 base field in which pairings live:
//   Fq2 = Fq[u] / (u^2 + 1),  Fq6 = Fq2[v] / (v^3 - xi) with xi = 9 + u,  Fq12 = Fq6[w] / (w^2 - v).
// So w^6 = xi, and the coefficients c0.a0, c1.a0, c0.a1, c1.a1, c0.a2, c1.a2 belong to w^0 … w^5.
#pragma once

#include "field/bn254_fq.hpp"

namespace zg::bn254 {

struct Fq2 {
  Fq c0, c1;

  ZG_FIELD_HD static Fq2 zero() { return {Fq::zero(), Fq::zero()}; }
  ZG_FIELD_HD static Fq2 one() { return {Fq::one(), Fq::zero()}; }
  ZG_FIELD_HD static Fq2 from_limbs(const uint64_t limbs[2][4]) { return {Fq::from_limbs(limbs[0]), Fq::from_limbs(limbs[1])}; }
  ZG_FIELD_HD bool is_zero() const { return c0.is_zero() && c1.is_zero(); }
};

ZG_FIELD_HD inline bool operator==(const Fq2& a, const Fq2& b) { return a.c0 == b.c0 && a.c1 == b.c1; }
ZG_FIELD_HD inline bool operator!=(const Fq2& a, const Fq2& b) { return !(a == b); }
ZG_FIELD_HD inline Fq2 operator+(const Fq2& a, const Fq2& b) { return {a.c0 + b.c0, a.c1 + b.c1}; }
ZG_FIELD_HD inline Fq2 operator-(const Fq2& a, const Fq2& b) { return {a.c0 - b.c0, a.c1 - b.c1}; }
ZG_FIELD_HD inline Fq2 operator-(const Fq2& a) { return {-a.c0, -a.c1}; }
ZG_FIELD_HD inline Fq2 twice(const Fq2& a) { return a + a; }
ZG_FIELD_HD inline Fq2 conjugate(const Fq2& a) { return {a.c0, -a.c1}; }
ZG_FIELD_HD inline Fq2 operator*(const Fq2& a, const Fq& k) { return {a.c0 * k, a.c1 * k}; }

// Karatsuba: three products.
ZG_FIELD_HD inline Fq2 operator*(const Fq2& a, const Fq2& b) {
  const Fq t0 = a.c0 * b.c0, t1 = a.c1 * b.c1;
  return {t0 - t1, (a.c0 + a.c1) * (b.c0 + b.c1) - t0 - t1};
}
ZG_FIELD_HD inline Fq2 square(const Fq2& a) {
  const Fq t = a.c0 * a.c1;
  return {(a.c0 + a.c1) * (a.c0 - a.c1), t + t};
}
// xi * a = (9 a0 - a1) + (9 a1 + a0) u.
ZG_FIELD_HD inline Fq2 times_xi(const Fq2& a) {
  const Fq2 eight = twice(twice(twice(a)));
  return {eight.c0 + a.c0 - a.c1, eight.c1 + a.c1 + a.c0};
}
inline Fq2 inverse_var(const Fq2& a) {
  const Fq k = inverse_var(square(a.c0) + square(a.c1));
  return {a.c0 * k, -(a.c1 * k)};
}

struct Fq6 {
  Fq2 a0, a1, a2;

  ZG_FIELD_HD static Fq6 zero() { return {Fq2::zero(), Fq2::zero(), Fq2::zero()}; }
  ZG_FIELD_HD static Fq6 one() { return {Fq2::one(), Fq2::zero(), Fq2::zero()}; }
};

ZG_FIELD_HD inline bool operator==(const Fq6& a, const Fq6& b) { return a.a0 == b.a0 && a.a1 == b.a1 && a.a2 == b.a2; }
ZG_FIELD_HD inline Fq6 operator+(const Fq6& a, const Fq6& b) { return {a.a0 + b.a0, a.a1 + b.a1, a.a2 + b.a2}; }
ZG_FIELD_HD inline Fq6 operator-(const Fq6& a, const Fq6& b) { return {a.a0 - b.a0, a.a1 - b.a1, a.a2 - b.a2}; }
ZG_FIELD_HD inline Fq6 operator-(const Fq6& a) { return {-a.a0, -a.a1, -a.a2}; }
ZG_FIELD_HD inline Fq6 times_v(const Fq6& a) { return {times_xi(a.a2), a.a0, a.a1}; }

// Karatsuba over three coefficients: six products.
inline Fq6 operator*(const Fq6& a, const Fq6& b) {
  const Fq2 t0 = a.a0 * b.a0, t1 = a.a1 * b.a1, t2 = a.a2 * b.a2;
  return {t0 + times_xi((a.a1 + a.a2) * (b.a1 + b.a2) - t1 - t2), (a.a0 + a.a1) * (b.a0 + b.a1) - t0 - t1 + times_xi(t2),
          (a.a0 + a.a2) * (b.a0 + b.a2) - t0 - t2 + t1};
}
// a * (b0 + b1 v).
inline Fq6 times_sparse(const Fq6& a, const Fq2& b0, const Fq2& b1) {
  const Fq2 t0 = a.a0 * b0, t1 = a.a1 * b1;
  return {t0 + times_xi((a.a1 + a.a2) * b1 - t1), (a.a0 + a.a1) * (b0 + b1) - t0 - t1, (a.a0 + a.a2) * b0 - t0 + t1};
}
inline Fq6 operator*(const Fq6& a, const Fq2& k) { return {a.a0 * k, a.a1 * k, a.a2 * k}; }
inline Fq6 inverse_var(const Fq6& a) {
  const Fq2 c0 = square(a.a0) - times_xi(a.a1 * a.a2);
  const Fq2 c1 = times_xi(square(a.a2)) - a.a0 * a.a1;
  const Fq2 c2 = square(a.a1) - a.a0 * a.a2;
  const Fq2 k = inverse_var(a.a0 * c0 + times_xi(a.a2 * c1 + a.a1 * c2));
  return {c0 * k, c1 * k, c2 * k};
}

struct Fq12 {
  Fq6 c0, c1;

  ZG_FIELD_HD static Fq12 one() { return {Fq6::one(), Fq6::zero()}; }
  bool is_one() const { return c0 == Fq6::one() && c1 == Fq6::zero(); }
};

inline bool operator==(const Fq12& a, const Fq12& b) { return a.c0 == b.c0 && a.c1 == b.c1; }
inline Fq12 operator*(const Fq12& a, const Fq12& b) {
  const Fq6 t0 = a.c0 * b.c0, t1 = a.c1 * b.c1;
  return {t0 + times_v(t1), (a.c0 + a.c1) * (b.c0 + b.c1) - t0 - t1};
}
inline Fq12 square(const Fq12& a) {
  const Fq6 t = a.c0 * a.c1;
  const Fq6 s = (a.c0 + a.c1) * (a.c0 + times_v(a.c1)) - t - times_v(t);
  return {s, t + t};
}
// The p^6-power map; the inverse of elements of the cyclotomic subgroup.
inline Fq12 conjugate(const Fq12& a) { return {a.c0, -a.c1}; }
inline Fq12 inverse_var(const Fq12& a) {
  const Fq6 k = inverse_var(a.c0 * a.c0 - times_v(a.c1 * a.c1));
  return {a.c0 * k, -(a.c1 * k)};
}

// f * (l0 + l3 w + l4 w^3): what a line of the Miller loop multiplies by.
inline Fq12 times_line(const Fq12& f, const Fq2& l0, const Fq2& l3, const Fq2& l4) {
  const Fq6 t0 = f.c0 * l0, t1 = times_sparse(f.c1, l3, l4);
  return {t0 + times_v(t1), times_sparse(f.c0 + f.c1, l0 + l3, l4) - t0 - t1};
}

// a^p and a^(p^2).
Fq12 frobenius(const Fq12& a);
Fq12 frobenius_square(const Fq12& a);

// a^2 for `a` in the cyclotomic subgroup (order p^4 - p^2 + 1). Source: R. Granger, M. Scott, "Faster squaring in the
// cyclotomic subgroup of sixth degree extensions", 2010.
Fq12 cyclotomic_square(const Fq12& a);

}  // namespace zg::bn254
