#include "sig/bls_bn254/wire.hpp"

#include <algorithm>
#include <cstring>

#include "curve/bn254_g1.hpp"
#include "curve/bn254_g2.hpp"

namespace zg::bls_bn254 {

using namespace zg::bn254;

namespace {

constexpr uint8_t kLarger = 0x80, kInfinity = 0x40, kFlags = kLarger | kInfinity;

void reverse32(const uint8_t* from, uint8_t* to) { std::reverse_copy(from, from + 32, to); }

bool read_le(const uint8_t* bytes, Fq& out) {
  uint8_t turned[32];
  reverse32(bytes, turned);
  return field::from_be(turned, out);
}
void write_le(const Fq& a, uint8_t* bytes) {
  uint8_t plain[32];
  field::to_be(a, plain);
  reverse32(plain, bytes);
}

// -1, 0, 1 as the number a is below, at or above -a.
int against_negative(const Fq& a) {
  uint8_t mine[32], other[32];
  field::to_be(a, mine);
  field::to_be(-a, other);
  return std::memcmp(mine, other, 32);
}
bool is_larger(const Fq& y) { return against_negative(y) > 0; }
bool is_larger(const Fq2& y) {
  const int high = against_negative(y.c1);
  return high != 0 ? high > 0 : against_negative(y.c0) > 0;
}

template <class F>
uint8_t flags_of(const F& y) {
  return is_larger(y) ? kLarger : 0;
}

// `size` bytes that hold nothing but the infinity flag.
bool is_infinity_wire(const uint8_t* wire, size_t size) {
  return wire[size - 1] == kInfinity && std::all_of(wire, wire + size - 1, [](uint8_t b) { return b == 0; });
}
void write_infinity(uint8_t* wire, size_t size) {
  std::memset(wire, 0, size);
  wire[size - 1] = kInfinity;
}

}  // namespace

bool decode_plain(const uint8_t wire[64], uint8_t point[64]) {
  G1Affine p;
  if (!read_le(wire, p.x) || !read_le(wire + 32, p.y) || p.is_infinity() || !is_on_curve(p)) return false;
  encode_g1(p, point);
  return true;
}

bool encode_plain(const uint8_t point[64], uint8_t wire[64]) {
  G1Affine p;
  if (!decode_g1(point, p) || p.is_infinity()) return false;
  write_le(p.x, wire);
  write_le(p.y, wire + 32);
  return true;
}

bool decode_flagged(const uint8_t wire[64], uint8_t point[64]) {
  G1Affine p = G1Affine::infinity();
  if (!is_infinity_wire(wire, 64)) {
    uint8_t bare[64];
    std::memcpy(bare, wire, 64);
    bare[63] &= static_cast<uint8_t>(~kFlags);
    if (!read_le(bare, p.x) || !read_le(bare + 32, p.y) || p.is_infinity() || !is_on_curve(p)) return false;
    if ((wire[63] & kFlags) != flags_of(p.y)) return false;
  }
  encode_g1(p, point);
  return true;
}

bool encode_flagged(const uint8_t point[64], uint8_t wire[64]) {
  G1Affine p;
  if (!decode_g1(point, p)) return false;
  if (p.is_infinity()) {
    write_infinity(wire, 64);
    return true;
  }
  write_le(p.x, wire);
  write_le(p.y, wire + 32);
  wire[63] |= flags_of(p.y);
  return true;
}

bool decode_compressed(const uint8_t wire[32], uint8_t point[64]) {
  G1Affine p = G1Affine::infinity();
  if (!is_infinity_wire(wire, 32)) {
    uint8_t bare[32];
    std::memcpy(bare, wire, 32);
    bare[31] &= static_cast<uint8_t>(~kFlags);
    if ((wire[31] & kInfinity) != 0 || !read_le(bare, p.x)) return false;
    if (!square_root_var(square(p.x) * p.x + Fq::from_limbs(kThree), p.y)) return false;
    if ((wire[31] & kLarger) != flags_of(p.y)) p.y = -p.y;
  }
  encode_g1(p, point);
  return true;
}

bool encode_compressed(const uint8_t point[64], uint8_t wire[32]) {
  G1Affine p;
  if (!decode_g1(point, p)) return false;
  if (p.is_infinity()) {
    write_infinity(wire, 32);
    return true;
  }
  write_le(p.x, wire);
  wire[31] |= flags_of(p.y);
  return true;
}

bool decode_flagged_g2(const uint8_t wire[128], uint8_t point[128]) {
  G2Affine p = G2Affine::infinity();
  if (!is_infinity_wire(wire, 128)) {
    uint8_t bare[128];
    std::memcpy(bare, wire, 128);
    bare[127] &= static_cast<uint8_t>(~kFlags);
    if (!read_le(bare, p.x.c0) || !read_le(bare + 32, p.x.c1) || !read_le(bare + 64, p.y.c0) || !read_le(bare + 96, p.y.c1))
      return false;
    if (p.is_infinity() || !is_on_twist(p) || (wire[127] & kFlags) != flags_of(p.y) || !is_in_subgroup_var(p)) return false;
  }
  encode_g2(p, point);
  return true;
}

bool encode_flagged_g2(const uint8_t point[128], uint8_t wire[128]) {
  G2Affine p;
  if (!decode_g2(point, p) || !is_in_subgroup_var(p)) return false;
  if (p.is_infinity()) {
    write_infinity(wire, 128);
    return true;
  }
  write_le(p.x.c0, wire);
  write_le(p.x.c1, wire + 32);
  write_le(p.y.c0, wire + 64);
  write_le(p.y.c1, wire + 96);
  wire[127] |= flags_of(p.y);
  return true;
}

}  // namespace zg::bls_bn254
