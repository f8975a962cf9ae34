#include "commit/amt/codec.hpp"

#include <bit>
#include <cstring>

namespace zg::amt {

namespace {

using bn254::Fq;
using bn254::Fq2;
using bn254::G1Affine;
using bn254::G2Affine;

static_assert(std::endian::native == std::endian::little);

void put_fq(const Fq& a, uint8_t* out) {
  uint64_t words[4];
  field::from_mont(a, words);
  std::memcpy(out, words, sizeof words);
}

bool get_fq(const uint8_t* in, uint8_t clear, Fq& out) {
  uint64_t words[4];
  std::memcpy(words, in, sizeof words);
  words[3] &= ~(static_cast<uint64_t>(clear) << 56);
  if (!field::is_reduced<bn254::FqParams>(words)) return false;
  out = field::to_mont<bn254::FqParams>(words);
  return true;
}

// 1 when a > -a as integers, -1 when below, 0 for zero.
int sign(const Fq& a) {
  if (a.is_zero()) return 0;
  uint64_t value[4], negative[4];
  field::from_mont(a, value);
  field::from_mont(-a, negative);
  for (int i = 3; i >= 0; --i)
    if (value[i] != negative[i]) return value[i] > negative[i] ? 1 : -1;
  return 0;
}

uint8_t flags(const Fq& y) { return sign(y) > 0 ? kFlagNegative : 0; }
uint8_t flags(const Fq2& y) {
  const int high = sign(y.c1);
  return (high != 0 ? high : sign(y.c0)) > 0 ? kFlagNegative : 0;
}

constexpr uint8_t kFlags = kFlagNegative | kFlagInfinity;

bool get_limbs(const uint8_t* in, Fq& out) {
  uint64_t words[4];
  std::memcpy(words, in, sizeof words);
  if (!field::is_reduced<bn254::FqParams>(words)) return false;
  out = Fq::from_limbs(words);
  return true;
}

// A root of a in Fq2 = Fq[u] / (u^2 + 1), by the norm: with n^2 = c0^2 + c1^2, one of (c0 ± n) / 2 is the square of the root's
// real part, unless a is no square.
bool square_root(const Fq2& a, Fq2& out) {
  Fq norm, real;
  if (!square_root_var(square(a.c0) + square(a.c1), norm)) return false;
  const Fq half = inverse_var(field::twice(Fq::one()));
  if (!square_root_var((a.c0 + norm) * half, real) && !square_root_var((a.c0 - norm) * half, real)) return false;
  if (real.is_zero()) {
    // a is minus a square of Fq.
    Fq imaginary;
    if (!a.c1.is_zero() || !square_root_var(-a.c0, imaginary)) return false;
    out = {Fq::zero(), imaginary};
    return true;
  }
  out = {real, a.c1 * half * inverse_var(real)};
  return square(out) == a;
}

// y with (x, y) on the twist y^2 = x^3 + 3 / (9 + u).
bool root_on_twist(const Fq2& x, Fq2& y) {
  const Fq three = Fq::from_limbs(bn254::kThree), nine = square(three);
  const Fq2 b = inverse_var(Fq2{nine, Fq::one()}) * three;
  return square_root(square(x) * x + b, y);
}

bool all_zero(const uint8_t* in, size_t size) {
  for (size_t i = 0; i < size; ++i)
    if (in[i] != 0) return false;
  return true;
}

}  // namespace

void put_g1(const G1Affine& p, uint8_t out[64]) {
  put_fq(p.x, out);
  put_fq(p.y, out + 32);
  out[63] |= p.is_infinity() ? kFlagInfinity : flags(p.y);
}

void put_g1_compressed(const G1Affine& p, uint8_t out[32]) {
  put_fq(p.x, out);
  out[31] |= p.is_infinity() ? kFlagInfinity : flags(p.y);
}

void put_g2(const G2Affine& p, uint8_t out[128]) {
  put_fq(p.x.c0, out);
  put_fq(p.x.c1, out + 32);
  put_fq(p.y.c0, out + 64);
  put_fq(p.y.c1, out + 96);
  out[127] |= p.is_infinity() ? kFlagInfinity : flags(p.y);
}

bool get_g1(const uint8_t in[64], G1Affine& out) {
  if (in[63] & kFlagInfinity) {
    if (in[63] != kFlagInfinity || !all_zero(in, 63)) return false;
    out = G1Affine::infinity();
    return true;
  }
  G1Affine p;
  if (!get_fq(in, 0, p.x) || !get_fq(in + 32, kFlags, p.y) || p.is_infinity() || !is_on_curve(p) || flags(p.y) != (in[63] & kFlags)) return false;
  out = p;
  return true;
}

bool get_g1_compressed(const uint8_t in[32], G1Affine& out) {
  if (in[31] & kFlagInfinity) {
    if (in[31] != kFlagInfinity || !all_zero(in, 31)) return false;
    out = G1Affine::infinity();
    return true;
  }
  G1Affine p;
  if (!get_fq(in, kFlags, p.x)) return false;
  if (!square_root_var(square(p.x) * p.x + Fq::from_limbs(bn254::kThree), p.y)) return false;
  if (flags(p.y) != (in[31] & kFlags)) p.y = -p.y;
  out = p;
  return true;
}

bool get_g2(const uint8_t in[128], G2Affine& out, bool check_group) {
  if (in[127] & kFlagInfinity) return false;  // no parameter is infinity
  G2Affine p;
  if (!get_fq(in, 0, p.x.c0) || !get_fq(in + 32, 0, p.x.c1) || !get_fq(in + 64, 0, p.y.c0) || !get_fq(in + 96, kFlags, p.y.c1)) return false;
  if (p.is_infinity() || !is_on_twist(p) || flags(p.y) != (in[127] & kFlags)) return false;
  if (check_group && !is_in_subgroup_var(p)) return false;
  out = p;
  return true;
}

bool get_g2_compressed(const uint8_t in[64], G2Affine& out) {
  if (in[63] & kFlagInfinity) return false;
  G2Affine p;
  if (!get_fq(in, 0, p.x.c0) || !get_fq(in + 32, kFlags, p.x.c1) || !root_on_twist(p.x, p.y)) return false;
  if (flags(p.y) != (in[63] & kFlags)) p.y = -p.y;
  if (p.is_infinity() || flags(p.y) != (in[63] & kFlags) || !is_in_subgroup_var(p)) return false;
  out = p;
  return true;
}

bool get_g1_limbs(const uint8_t in[64], G1Affine& out) {
  G1Affine p;
  if (!get_limbs(in, p.x) || !get_limbs(in + 32, p.y) || p.is_infinity() || !is_on_curve(p)) return false;
  out = p;
  return true;
}

bool get_g2_limbs(const uint8_t in[128], G2Affine& out) {
  G2Affine p;
  if (!get_limbs(in, p.x.c0) || !get_limbs(in + 32, p.x.c1) || !get_limbs(in + 64, p.y.c0) || !get_limbs(in + 96, p.y.c1)) return false;
  if (p.is_infinity() || !is_on_twist(p) || !is_in_subgroup_var(p)) return false;
  out = p;
  return true;
}

}  // namespace zg::amt
