// Systematic Reed–Solomon codes over GF(2^16), up to 65536 shards: parity, any lost shards from any k survivors, consistency.
//
// Shards are little-endian 16-bit words. The words at one position of the k + m shards are the values of one polynomial of degree
// below k at the points 0 … k + m - 1, the data being the values at 0 … k - 1. Any shard is a fixed combination of any k others:
// a matrix product for few of them, the additive transform for many. Both give the same bytes.
// Public data only: time depends on the coefficients, never used for secrets.
#pragma once

#include <memory>
#include <string_view>
#include <vector>

#include "common/status.hpp"
#include "erasure/gf65536/field.hpp"
#include "erasure/gf65536/table.hpp"
#include "erasure/gf65536/transform.hpp"

namespace zg::gf65536 {

inline constexpr size_t kShardsMax = 65536;

// Coefficients that a matrix of lagrange() may have.
inline constexpr size_t kCoefficientsMax = size_t{1} << 24;

// The backend of that name, an empty name for the active one; device_unavailable as in keccak256::backend.
Outcome<const Table*> backend(std::string_view name);

// How a plan is carried out. `automatic` takes the cheaper one; the others are for tests, which compare them.
enum class Method { automatic, matrix, transform };

// How to make the shards `targets` out of the shards `sources`. Immutable, shared between threads.
struct Plan {
  enum class Kind {
    matrix,      // factors: rows × columns
    evaluation,  // the sources are 0 … k - 1: coefficients, then values elsewhere
    erasure,     // factors: of the columns (the locator there), then of the rows (its derivative's inverse)
  };
  const Table* table;
  Kind kind;
  size_t rows, columns;  // targets, sources
  unsigned log_points;   // of the transform
  std::vector<uint16_t> sources, targets;
  std::vector<uint32_t> order;  // of the rows, by target
  std::vector<uint32_t> given;  // of the rows: the input that is the target itself, `columns` for none
  std::vector<uint8_t> factors;
  std::shared_ptr<const Steps> steps;
};

// The coefficients of `targets` out of `sources`, row-major, as device kernels take them.
// bad_argument as plan(), or for more than kCoefficientsMax of them.
Outcome<std::vector<uint16_t>> lagrange(const std::vector<uint16_t>& sources, const std::vector<uint16_t>& targets);

// The plan for these shards, kept for the next call with the same ones.
//
// In:  sources: k different shard numbers, 1 <= k; their order is the order of the inputs. targets: any shard numbers.
// Returns bad_argument for a repeated source, no source, or a matrix that would be too large.
// Cost: O(n log n + coefficients) for n the power of two from the largest number on.
Outcome<std::shared_ptr<const Plan>> plan(const Table& table, const std::vector<uint16_t>& sources, const std::vector<uint16_t>& targets,
                                          Method method = Method::automatic);

// The plan of encoding: data shards 0 … k - 1 to parity shards k … k + m - 1. bad_argument unless 1 <= k, 1 <= m, k + m <= 65536.
Outcome<std::shared_ptr<const Plan>> encoding(const Table& table, size_t data_shards, size_t parity_shards, Method method = Method::automatic);

// What recovery in a code of k data and m parity shards works from: the first k of `present`.
// bad_argument for a code that encoding() refuses, a number outside the code, a repeated one, or fewer than k present.
Outcome<std::vector<uint16_t>> survivors(size_t data_shards, size_t parity_shards, std::vector<uint16_t> present, const std::vector<uint16_t>& wanted);

// The plan of recovery: `wanted` out of survivors().
Outcome<std::shared_ptr<const Plan>> recovery(const Table& table, size_t data_shards, size_t parity_shards, std::vector<uint16_t> present,
                                              const std::vector<uint16_t>& wanted, Method method = Method::automatic);

// outputs = plan · inputs on all threads.
//
// Out: outputs: plan.rows shards of `size` bytes, apart from the inputs and from each other.
// In:  inputs: plan.columns shards of `size` bytes, an even number, in the order of the plan's sources.
// Returns bad_argument for an odd size, out_of_capacity when there is no memory for the transform's rows (a few MiB a thread).
// Cost: rows · columns multiply-adds for a word, or about 1.5 · n log n of encoding and 3 · n log n of recovery.
Outcome<bool> apply(const Plan& plan, const uint8_t* const* inputs, uint8_t* const* outputs, size_t size);

// Whether the shards `found` are plan · inputs; stops early when not. Failures as apply().
Outcome<bool> agrees(const Plan& plan, const uint8_t* const* inputs, const uint8_t* const* found, size_t size);

}  // namespace zg::gf65536
