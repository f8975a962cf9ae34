// The group G2 of BN254: the points of order r on the sextic twist y^2 = x^3 + 3 / (9 + u) over Fq2.
//
// The twist has a cofactor, so a point on it need not be in the group: is_in_subgroup tells. Representation of infinity and
// the remark on time are those of bn254_g1.hpp.
#pragma once

#include "common/u256.hpp"
#include "field/bn254_tower.hpp"

namespace zg::bn254 {

struct G2Affine {
  Fq2 x, y;

  static G2Affine infinity() { return {Fq2::zero(), Fq2::zero()}; }
  static G2Affine generator();  // that of EIP-197
  bool is_infinity() const { return x.is_zero() && y.is_zero(); }
};

struct G2 {
  Fq2 x, y, z;

  static G2 infinity() { return {Fq2::one(), Fq2::one(), Fq2::zero()}; }
  static G2 from(const G2Affine& p) { return p.is_infinity() ? infinity() : G2{p.x, p.y, Fq2::one()}; }
  bool is_infinity() const { return z.is_zero(); }
};

inline bool operator==(const G2Affine& a, const G2Affine& b) { return a.x == b.x && a.y == b.y; }
inline G2Affine operator-(const G2Affine& p) { return {p.x, -p.y}; }

// True for points of the twist and for infinity.
bool is_on_twist(const G2Affine& p);

// True when a point of the twist has order r (or is infinity): (x + 1) Q + psi(x Q) + psi^2(x Q) = psi^3(2 x Q) with the
// curve parameter x and the untwisted Frobenius psi; one multiplication by 63 bits.
//
// Why it suffices: the order of the twist is r times four distinct primes, so a point is a sum of one part per prime and the
// map acts on each part as a scalar; the equation kills no part but the one of order r. A test shows it for one point of each.
// Source: Y. El Housni, A. Guillevic, T. Piellard, "Co-factor clearing and subgroup membership testing on pairing-friendly
// curves", 2022.
bool is_in_subgroup_var(const G2Affine& p);

// The p-power map brought to the twist: (conj(x) xi^((p - 1) / 3), conj(y) xi^((p - 1) / 2)).
G2Affine psi(const G2Affine& p);

G2 double_var(const G2& p);
G2 add_var(const G2& p, const G2& q);
G2 add_var(const G2& p, const G2Affine& q);
G2Affine to_affine_var(const G2& p);
G2 multiply_var(const G2Affine& p, const U256& k);

// 128 big-endian bytes, the imaginary part of a coordinate first (EIP-197). decode_g2 returns false for a number at or above
// the modulus and for a point off the twist; it does not test the subgroup.
bool decode_g2(const uint8_t bytes[128], G2Affine& out);
void encode_g2(const G2Affine& p, uint8_t bytes[128]);

}  // namespace zg::bn254
