// The group G1 of BN254: y^2 = x^3 + 3 over the base field. Its order is prime, so every curve point is in the group.
//
// Affine (0, 0) stands for the point at infinity (it is not on the curve). Jacobian (x, y, z) is (x / z^2, y / z^3), infinity
// when z is zero. All operations here are complete and take time that depends on the values: for public data only.
#pragma once

#include <cstddef>

#include "common/u256.hpp"
#include "field/bn254_fq.hpp"
#include "field/bn254_fr.hpp"

namespace zg::bn254 {

struct G1Affine {
  Fq x, y;

  static G1Affine infinity() { return {Fq::zero(), Fq::zero()}; }
  static G1Affine generator();  // (1, 2)
  bool is_infinity() const { return x.is_zero() && y.is_zero(); }
};

struct G1 {
  Fq x, y, z;

  static G1 infinity() { return {Fq::one(), Fq::one(), Fq::zero()}; }
  static G1 from(const G1Affine& p) { return p.is_infinity() ? infinity() : G1{p.x, p.y, Fq::one()}; }
  bool is_infinity() const { return z.is_zero(); }
};

inline bool operator==(const G1Affine& a, const G1Affine& b) { return a.x == b.x && a.y == b.y; }
inline G1Affine operator-(const G1Affine& p) { return {p.x, -p.y}; }

// True for curve points and for infinity.
bool is_on_curve(const G1Affine& p);

G1 double_var(const G1& p);
G1 add_var(const G1& p, const G1& q);
G1 add_var(const G1& p, const G1Affine& q);
G1Affine to_affine_var(const G1& p);

// k * p for any 256-bit k (the group order need not bound it): signed windows of four bits.
G1 multiply_var(const G1Affine& p, const U256& k);

// 64 big-endian bytes x, y; zeros for infinity. decode_g1 returns false for a coordinate at or above the modulus and for a
// point off the curve.
bool decode_g1(const uint8_t bytes[64], G1Affine& out);
void encode_g1(const G1Affine& p, uint8_t bytes[64]);

}  // namespace zg::bn254
