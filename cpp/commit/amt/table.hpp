// What a backend of the prover is: its sums, its trees of sums, its group transforms. Host files only.
#pragma once

#include <vector>

#include "curve/msm/api.hpp"
#include "erasure/rs_fr/api.hpp"

namespace zg::amt {

// Points are affine, laid out by nodes_before(): node (D, i) at 2^D - 2 + i, D = 1 … log_rows.
struct Table {
  const msm::Table* sums;
  // The deepest level is there; each node above is the sum of (D + 1, i) and (D + 1, i + 2^D).
  void (*nodes)(unsigned log_rows, std::vector<bn254::G1Affine>& nodes);
  // The deepest level is there, above it the upper halves: node (D, i) gets (D + 1, 2 i) added.
  void (*blocks)(unsigned log_rows, std::vector<bn254::G1Affine>& blocks);
  // Q(D, rho) of the three cosets, one after the other, from the block sums (prover.cpp).
  std::vector<bn254::G1Affine> (*quotients)(rs_fr::Geometry geometry, const std::vector<bn254::G1Affine>& blocks);
};

extern const Table scalar;
extern const Table avx512;
extern const Table emu;

}  // namespace zg::amt
