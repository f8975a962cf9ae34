// The scalar field of BN254, the order of its groups.
#pragma once

#include "field/bn254_constants.hpp"
#include "field/mont.hpp"
#include "field/mont_inverse.hpp"

namespace zg::bn254 {

using Fr = field::Element<FrParams>;

inline Fr inverse_var(const Fr& a) { return field::inverse_var(a); }

}  // namespace zg::bn254
