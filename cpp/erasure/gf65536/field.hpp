// GF(2^16) by logarithms, and the constants of its additive transform: host-side set-up, nothing per byte.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace zg::gf65536 {

inline constexpr unsigned kOrder = 65535;  // of the units

// a · b in the field.
uint16_t multiply(uint16_t a, uint16_t b);

// The power of the generator 2 with this exponent, any size.
uint16_t power(uint64_t exponent);

// The exponent of a unit; 0 for 0.
unsigned logarithm(uint16_t a);

// For every x below `members`' size (a power of two): the logarithm of the product of x + u over all members u but x itself,
// modulo 65535. A convolution over exclusive-or, by two Walsh–Hadamard transforms: O(n log n).
std::vector<uint16_t> log_products(const std::vector<bool>& members);

// The constants of the transform over the points 0, 1, 2, … With s_j the polynomial that vanishes on 0 … 2^j - 1:
struct Constants {
  // [b + 2^j] for b a multiple of 2^(j + 1): s_j(b) / s_j(2^j), the factor of the butterflies of layer j on the block at b.
  std::vector<uint16_t> twiddles;
  // [i]: the product over the bits j of i of the derivative of s_j / s_j(2^j), a constant.
  std::vector<uint16_t> weights;
};
const Constants& constants();

}  // namespace zg::gf65536
