// The factors of one geometry, kept between calls, and what one recovery adds to them. Host files of this folder only.
#pragma once

#include <memory>
#include <mutex>
#include <vector>

#include "erasure/rs_fr/api.hpp"

namespace zg::rs_fr {

using bn254::Fr;

inline Fr power(const Fr& base, uint64_t exponent) { return field::power_var(base, &exponent, 1); }

// The factors of one coset, made when first used.
struct CosetFactors {
  std::vector<uint64_t> weights;  // k^(C n) for columns; none for k = 1
  std::vector<uint64_t> twists;
};

// The factors of one geometry in one backend's form.
class Plan {
 public:
  Plan(const ntt::Table& with, Geometry shape);

  // k_c.
  Fr coset(size_t index) const {
    if (index == 0) return Fr::one();
    return ntt::root_of_unity(geometry.log_rows + geometry.log_columns + static_cast<unsigned>(index));
  }

  const CosetFactors& forward(size_t index) const;
  // w^(-i m) / N.
  const std::vector<uint64_t>& inverse_twists() const;

  const ntt::Table& table;
  const Geometry geometry;
  const Fr root;  // w
  const std::vector<uint64_t> row_roots, column_roots, row_roots_inverse, column_roots_inverse;

 private:
  mutable std::once_flag forward_once_[kCosets], inverse_once_;
  mutable CosetFactors forward_[kCosets];
  mutable std::vector<uint64_t> inverse_twists_;
};

// The plan for a table and a geometry; the last few are kept.
std::shared_ptr<const Plan> plan_for(const ntt::Table& table, Geometry geometry);

// What recovery needs of M, the polynomial with the R used y as roots, and of Z = (Y^(4R) - 1) / M, which vanishes at all other
// 4R-th roots of unity.
struct Locator {
  std::vector<Fr> at_used;   // Z(y_g) by row number g; zero for rows that are not used
  std::vector<Fr> on_shift;  // 1 / Z on the coset s · <w^C>
};

Outcome<Locator> make_locator(const ntt::Table& table, Geometry geometry, const std::vector<uint32_t>& used);

// A generator: no root of unity of order 2^k. Recovery divides on its coset.
inline Fr shift_element() { return field::from_u64<bn254::FrParams>(5); }

// λ_c at s^R, s the shift element: the weight of coset c there.
Fr coset_weight(Geometry geometry, size_t coset);

Failure no_memory(size_t size);

}  // namespace zg::rs_fr
