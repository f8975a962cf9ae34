#include "curve/bn254_g2.hpp"

#include "curve/jacobian.hpp"

namespace zg::bn254 {

G2Affine G2Affine::generator() { return {Fq2::from_limbs(kG2X), Fq2::from_limbs(kG2Y)}; }

bool is_on_twist(const G2Affine& p) {
  return p.is_infinity() || square(p.y) == square(p.x) * p.x + Fq2::from_limbs(kTwistB);
}

G2 double_var(const G2& p) { return curve::jacobian_double(p); }
G2 add_var(const G2& p, const G2& q) { return curve::jacobian_add(p, q); }
G2 add_var(const G2& p, const G2Affine& q) { return curve::jacobian_add_affine(p, q); }

G2Affine to_affine_var(const G2& p) {
  if (p.is_infinity()) return G2Affine::infinity();
  const Fq2 k = inverse_var(p.z), kk = square(k);
  return {p.x * kk, p.y * kk * k};
}

G2 multiply_var(const G2Affine& p, const U256& k) { return curve::multiply_window_var<G2>(p, k); }

G2Affine psi(const G2Affine& p) {
  return {conjugate(p.x) * Fq2::from_limbs(kFrobenius1[2]), conjugate(p.y) * Fq2::from_limbs(kFrobenius1[3])};
}

namespace {
G2 psi_jacobian(const G2& p) {
  return {conjugate(p.x) * Fq2::from_limbs(kFrobenius1[2]), conjugate(p.y) * Fq2::from_limbs(kFrobenius1[3]), conjugate(p.z)};
}
}  // namespace

bool is_in_subgroup_var(const G2Affine& p) {
  if (p.is_infinity()) return true;
  G2 xq = G2::infinity();
  for (int i = kXDigits - 1; i >= 0; --i) {
    xq = double_var(xq);
    if (kXNaf[i] != 0) xq = add_var(xq, kXNaf[i] > 0 ? p : -p);
  }
  const G2 psi1 = psi_jacobian(xq), psi2 = psi_jacobian(psi1);
  G2 right = psi_jacobian(psi2);
  right = double_var(right);
  const G2 left = add_var(add_var(add_var(xq, p), psi1), psi2);
  right.y = -right.y;
  return add_var(left, right).is_infinity();
}

bool decode_g2(const uint8_t bytes[128], G2Affine& out) {
  G2Affine p;
  if (!field::from_be(bytes, p.x.c1) || !field::from_be(bytes + 32, p.x.c0) || !field::from_be(bytes + 64, p.y.c1) ||
      !field::from_be(bytes + 96, p.y.c0) || !is_on_twist(p))
    return false;
  out = p;
  return true;
}

void encode_g2(const G2Affine& p, uint8_t bytes[128]) {
  field::to_be(p.x.c1, bytes);
  field::to_be(p.x.c0, bytes + 32);
  field::to_be(p.y.c1, bytes + 64);
  field::to_be(p.y.c0, bytes + 96);
}

}  // namespace zg::bn254
