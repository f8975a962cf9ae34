// The optimal ate pairing of BN254.
#pragma once

#include <cstddef>

#include "curve/bn254_g1.hpp"
#include "curve/bn254_g2.hpp"

namespace zg::bn254 {

struct PairingInput {
  G1Affine p;
  G2Affine q;
};

// True when the product of e(p_i, q_i) is one; true for count 0. All points must be in their groups (q checked by
// is_in_subgroup_var); pairs with a point at infinity count as one.
//
// Cost: the squarings of the Miller loop and one final exponentiation are shared by all pairs.
// Source: F. Vercauteren, "Optimal pairings", 2008; C. Costello, T. Lange, M. Naehrig, "Faster pairing computations on curves
// with high-degree twists", 2010 (line formulas); S. Duquesne, L. Ghammam, "Memory-saving computation of the pairing final
// exponentiation on BN curves", 2015.
bool pairing_product_is_one_var(const PairingInput* inputs, size_t count);

// The product of the Miller functions, and the final exponentiation that makes it a pairing value (the exponent is a fixed
// multiple of (p^12 - 1) / r, prime to r).
Fq12 miller_loop_var(const PairingInput* inputs, size_t count);
Fq12 final_exponentiation_var(const Fq12& f);

}  // namespace zg::bn254
