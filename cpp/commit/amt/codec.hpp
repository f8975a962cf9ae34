// Points as arkworks writes them: little-endian coordinates, two flags in the top bits of the last byte.
#pragma once

#include <cstddef>
#include <cstdint>

#include "curve/bn254_g1.hpp"
#include "curve/bn254_g2.hpp"

namespace zg::amt {

inline constexpr uint8_t kFlagNegative = 0x80;  // y above q - y
inline constexpr uint8_t kFlagInfinity = 0x40;
inline constexpr size_t kG2Size = 128, kG2SizeCompressed = 64;

void put_g1(const bn254::G1Affine& p, uint8_t out[64]);
void put_g1_compressed(const bn254::G1Affine& p, uint8_t out[32]);
void put_g2(const bn254::G2Affine& p, uint8_t out[128]);

// False for anything that the functions above would not write for a point of the curve (G2: of the group, when asked).
bool get_g1(const uint8_t in[64], bn254::G1Affine& out);
bool get_g1_compressed(const uint8_t in[32], bn254::G1Affine& out);
bool get_g2(const uint8_t in[128], bn254::G2Affine& out, bool check_group);
bool get_g2_compressed(const uint8_t in[64], bn254::G2Affine& out);  // always in the group

// Coordinates as arrays of limbs in Montgomery form, no flags; infinity is refused, G2 is checked to be in the group.
bool get_g1_limbs(const uint8_t in[64], bn254::G1Affine& out);
bool get_g2_limbs(const uint8_t in[128], bn254::G2Affine& out);

}  // namespace zg::amt
