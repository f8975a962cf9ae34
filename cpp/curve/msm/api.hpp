// Sums of multiples of points of G1 of BN254: many sums at once, many single multiples at once, multiples of one point.
//
// Everything is rounds of independent affine additions that share one inversion a thousand: of the points of a bucket, of a
// bucket's neighbours, of the steps of many ladders in lockstep. Affine results are unique, so every backend gives the same bits.
// All operations are complete: zero scalars, infinity, equal and opposite points. Public data only: time depends on values.
// Source: J. Pippenger, 1976; batch affine additions: "Faster batch affine addition for MSM", zkbench notes, 2022, as docs/kernels/msm.md.
#pragma once

#include <string_view>
#include <vector>

#include "common/status.hpp"
#include "curve/bn254_g1.hpp"
#include "curve/msm/table.hpp"

namespace zg::msm {

using bn254::G1Affine;

// The backend of that name, an empty name for the active one; device_unavailable as in keccak256::backend.
Outcome<const Table*> backend(std::string_view name);

// One sum: of scalars[i] bases[i], i < count. Scalars are four plain words below r, scalar i at scalars + 4 i; count < 2^31.
struct Sum {
  const G1Affine* bases;
  const uint64_t* scalars;
  size_t count;
};

// The sums, each in affine form, on all threads.
// Cost: for n terms about 255 / c (n + 2^c) additions of six products, c chosen to make that least; scratch of a few MiB a thread.
std::vector<G1Affine> sums(const Table& table, const std::vector<Sum>& wanted);

// points[i] *= scalars[i] (four plain words each), on all threads.
void multiply_each(const Table& table, std::vector<G1Affine>& points, const std::vector<uint64_t>& scalars);

// left[a[k]] + right[b[k]] -> out[to[k]] for many pairs, on all threads; see Pairs.
void add_pairs(const Table& table, const Pairs& pairs, size_t count);

// Multiples of one point by windows of its multiples. Immutable.
class FixedBase {
 public:
  FixedBase(const Table& table, const G1Affine& base);

  // out[i] = scalars[i] base, on all threads. Scalars are four plain words below r.
  void multiply(const uint64_t* scalars, size_t count, G1Affine* out) const;

 private:
  const Table& table_;
  std::vector<G1Affine> multiples_;  // of window w: digit d at w · kDigits + d - 1
};

}  // namespace zg::msm
