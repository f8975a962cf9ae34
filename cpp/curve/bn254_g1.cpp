#include "curve/bn254_g1.hpp"

#include "curve/jacobian.hpp"

namespace zg::bn254 {

G1Affine G1Affine::generator() { return {Fq::one(), twice(Fq::one())}; }

bool is_on_curve(const G1Affine& p) {
  return p.is_infinity() || square(p.y) == square(p.x) * p.x + Fq::from_limbs(kThree);
}

G1 double_var(const G1& p) { return curve::jacobian_double(p); }
G1 add_var(const G1& p, const G1& q) { return curve::jacobian_add(p, q); }
G1 add_var(const G1& p, const G1Affine& q) { return curve::jacobian_add_affine(p, q); }

G1Affine to_affine_var(const G1& p) {
  if (p.is_infinity()) return G1Affine::infinity();
  const Fq k = inverse_var(p.z), kk = square(k);
  return {p.x * kk, p.y * kk * k};
}

G1 multiply_var(const G1Affine& p, const U256& k) { return curve::multiply_window_var<G1>(p, k); }

bool decode_g1(const uint8_t bytes[64], G1Affine& out) {
  G1Affine p;
  if (!field::from_be(bytes, p.x) || !field::from_be(bytes + 32, p.y) || !is_on_curve(p)) return false;
  out = p;
  return true;
}

void encode_g1(const G1Affine& p, uint8_t bytes[64]) {
  field::to_be(p.x, bytes);
  field::to_be(p.y, bytes + 32);
}

}  // namespace zg::bn254
