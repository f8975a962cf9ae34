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

}  // namespace zg::amt
