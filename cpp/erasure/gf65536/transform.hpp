// The additive transform of Lin, Chung and Han over rows: values at consecutive points to coefficients and back.
//
// Coefficients are those of X_i = product over the bits j of i of s_j / s_j(2^j), a polynomial of degree i. Source: Lin, Chung,
// Han, "Novel polynomial basis and its application to Reed–Solomon erasure codes", FOCS 2014.
#pragma once

#include <memory>
#include <vector>

#include "erasure/gf65536/table.hpp"

namespace zg::gf65536 {

// The transform's constants in a backend's form, for the points below 2^log_points.
struct Steps {
  const Table* table;
  unsigned log_points;
  std::vector<uint8_t> twiddles, weights, inverse_weights;

  // Of the butterflies of layer j on the block of points at `base`; null is zero.
  const uint8_t* twiddle(size_t base, unsigned j) const {
    return base == 0 ? nullptr : twiddles.data() + (base + (size_t{1} << j)) * table->factor_size_bytes;
  }
};

// Made once for the most points that anybody asked for.
std::shared_ptr<const Steps> steps(const Table& table, unsigned log_points);

// Rows of `width` bytes one after the other, in the backend's own form.
class Transform {
 public:
  Transform(const Steps& steps, size_t width) : steps_(steps), table_(*steps.table), width_(width) {}

  // Coefficients to values at base … base + 2^log - 1, of which only lo … hi - 1 (counted from `rows`) are right afterwards.
  void forward(uint8_t* rows, unsigned log, size_t base, size_t lo, size_t hi) const { forward(rows, log, base, 0, lo, hi); }

  // Values to coefficients; rows from `hi` on are zero.
  void inverse(uint8_t* rows, unsigned log, size_t base, size_t hi) const;

  // The first `known` rows are values, the others coefficients; all become coefficients.
  void inverse_truncated(uint8_t* rows, unsigned log, size_t base, size_t known) const;

  // Coefficients of f to those of f + f'.
  void add_derivative(uint8_t* rows, unsigned log) const;

 private:
  void forward(uint8_t* rows, unsigned log, size_t base, size_t first, size_t lo, size_t hi) const;

  const Steps& steps_;
  const Table& table_;
  size_t width_;
};

}  // namespace zg::gf65536
