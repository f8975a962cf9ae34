// The base field of BN254: conversions, inversion and square roots. Products and sums are those of mont.hpp.
#pragma once

#include "field/bn254_constants.hpp"
#include "field/mont.hpp"
#include "field/mont_inverse.hpp"

namespace zg::bn254 {

using Fq = field::Element<FqParams>;

inline Fq inverse_var(const Fq& a) { return field::inverse_var(a); }

// The root a^((p + 1) / 4) in `out`; false when `a` is no square (then `out` is not a root). No sign is normalised.
inline bool square_root_var(const Fq& a, Fq& out) {
  out = field::power_var(a, kFqRootExponent, 4);
  return square(out) == a;
}

}  // namespace zg::bn254
