// What a backend of BLS verification is: the sums of points around its pairings. Host files only. Public data only: signing has
// steps of its own (secret.hpp) and no backends.
#pragma once

#include <cstdint>
#include <vector>

#include "curve/bn254_g1.hpp"
#include "curve/bn254_g2.hpp"

namespace zg::bls_bn254 {

// Points are of their curves, infinity and repetitions among them.
struct Table {
  bn254::G1Affine (*sum_g1)(const std::vector<bn254::G1Affine>& points);
  bn254::G2Affine (*sum_g2)(const std::vector<bn254::G2Affine>& points);
  // Sum s: of weights[i] points[i], from[s] <= i < from[s + 1]; weights of 128 bits, two words each, lower first.
  std::vector<bn254::G1Affine> (*weigh_g1)(const std::vector<bn254::G1Affine>& points, const std::vector<uint64_t>& weights, const std::vector<uint32_t>& from);
  std::vector<bn254::G2Affine> (*weigh_g2)(const std::vector<bn254::G2Affine>& points, const std::vector<uint64_t>& weights, const std::vector<uint32_t>& from);
};

inline constexpr unsigned kWeightBits = 128;

extern const Table scalar;
extern const Table emu;

}  // namespace zg::bls_bn254
