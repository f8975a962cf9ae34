// Discrete Fourier transforms over Fr of BN254, forward and inverse, on the subgroups of order 2^k and on their cosets.
//
// Elements are four 64-bit words below r, least significant first: plain values or Montgomery forms, whichever the caller
// has, for the transform is linear and its factors carry their own form. Natural order in and out. Public data only.
//
// Short transforms run several vectors in lanes. A long one is a matrix [1]: columns, factors w^(i j), rows; each column and
// row stays in the second-level cache. The factors of the last plans are kept (kPlansSizeBytesMax).
//
// [1] Bailey, "FFTs in external or hierarchical memory", 1990. [2] Harvey, "Faster arithmetic for number-theoretic
// transforms", 2014: products by known factors, sums without reduction.
#pragma once

#include <functional>
#include <memory>
#include <string_view>
#include <vector>

#include "common/status.hpp"
#include "field/bn254_fr.hpp"
#include "field/ntt/table.hpp"

namespace zg::ntt {

inline constexpr unsigned kLogMax = 2 * kPassLogMax;              // 2^22 elements
inline constexpr size_t kPlansSizeBytesMax = size_t{192} << 20;   // of the plans that are kept

// The backend of that name, an empty name for the active one; device_unavailable as in keccak256::backend.
Outcome<const Table*> backend(std::string_view name);

// The 2^log_size-th root of unity that everything here means: 5^((r - 1) / 2^log_size). log_size <= 28.
bn254::Fr root_of_unity(unsigned log_size);

enum class Direction { forward, inverse };

// values[i] -> Σ_k values[k] (shift w^i)^k for each of `count` vectors of 2^log_size elements, one after the other, in place:
// the polynomial with coefficients `values` on the coset shift · <w>. `inverse` takes the values there and gives the
// coefficients.
//
// In: shift: null for 1, else not zero.
// Returns bad_argument for log_size above kLogMax or a zero shift, out_of_capacity when there is no memory for a copy of the
// longest vector.
// Cost: log_size / 2 products an element, on all threads; one vector's copy as scratch when a vector is cut into a matrix.
Outcome<bool> transform(const Table& table, uint64_t* values, size_t count, unsigned log_size, Direction direction, const bn254::Fr* shift);

// ---- for kernels that lay out passes of their own

// Factors in a table's form: roots as Pass takes them, for a transform of 2^log_size by `root`.
std::vector<uint64_t> pass_roots(const Table& table, unsigned log_size, const bn254::Fr& root);

// Factors in a table's form.
std::vector<uint64_t> pass_factors(const Table& table, const std::vector<bn254::Fr>& values);

// Packed twists of a matrix, row-major: entry (i, j) is firsts[i] · steps[i]^j. On all threads.
std::vector<uint64_t> pass_twists(const Table& table, const std::vector<bn254::Fr>& firsts, const std::vector<bn254::Fr>& steps, size_t columns);

// base^0 … base^(count - 1), each times `first`.
std::vector<bn254::Fr> powers(const bn254::Fr& base, size_t count, bn254::Fr first = bn254::Fr::one());

// Scratch of one thread for passes up to kPassLogMax, aligned to 64.
class Scratch {
 public:
  Scratch(const Table& table, unsigned log_size);
  void* data() const { return aligned_; }

 private:
  std::unique_ptr<uint8_t[]> memory_;
  void* aligned_;
};

// What run() may do around the vectors first … first + count - 1, on the thread that transforms them.
using Around = std::function<void(size_t first, size_t count)>;

// The vectors 0 … count - 1 of a pass, in groups of lanes on all threads.
void run(const Table& table, const Pass& pass, size_t count, const Around& before = {}, const Around& after = {});

}  // namespace zg::ntt
