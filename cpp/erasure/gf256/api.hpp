// Systematic Reed–Solomon codes over GF(2^8), up to 256 shards: parity, any lost shards from any k survivors, consistency.
//
// The bytes at one position of the k + m shards are the values of one polynomial of degree below k at the points 0 … k + m - 1,
// the data being the values at 0 … k - 1. That is the code of the systematic Vandermonde matrix, the default of
// klauspost/reedsolomon and Backblaze: parity is equal to theirs byte for byte. Any shard is a fixed combination of any k
// others (Lagrange's formula), so encoding and recovery are the same matrix product with different coefficients.
// Public data only: time depends on the coefficients, never used for secrets.
#pragma once

#include <memory>
#include <string_view>
#include <vector>

#include "common/status.hpp"
#include "erasure/gf256/table.hpp"

namespace zg::gf256 {

inline constexpr size_t kShardsMax = 256;

// The backend of that name, an empty name for the active one; device_unavailable as in keccak256::backend.
Outcome<const Table*> backend(std::string_view name);

// a · b in the field; for set-up and tests.
uint8_t multiply(uint8_t a, uint8_t b);

// How to make the shards `targets` out of the shards `sources`, in a backend's own form. Immutable, shared between threads.
struct Plan {
  const Table* table;
  size_t rows, columns;             // targets, sources
  std::vector<uint8_t> matrix;      // row-major, as device kernels take it
  std::unique_ptr<uint8_t[]> expanded;
};

// The plan for these shards, kept for the next call with the same ones (a few MiB of plans, least recently used go first).
//
// In:  sources: k different shard numbers, 1 <= k; their order is the order of the inputs. targets: any shard numbers.
// Returns bad_argument for a number above 255, a repeated source, or no source.
// Cost: O(k² + k · targets) table look-ups the first time.
Outcome<std::shared_ptr<const Plan>> plan(const Table& table, const std::vector<uint16_t>& sources, const std::vector<uint16_t>& targets);

// The plan of encoding: data shards 0 … k - 1 to parity shards k … k + m - 1. bad_argument unless 1 <= k, 1 <= m, k + m <= 256.
Outcome<std::shared_ptr<const Plan>> encoding(const Table& table, size_t data_shards, size_t parity_shards);

// The plan of recovery in a code of k data and m parity shards: `wanted` out of the first k of `present`.
// bad_argument for a code that encoding() refuses, a number outside the code, a repeated one, or fewer than k present.
Outcome<std::shared_ptr<const Plan>> recovery(const Table& table, size_t data_shards, size_t parity_shards, std::vector<uint16_t> present,
                                              const std::vector<uint16_t>& wanted);

// outputs = plan · inputs on all threads.
//
// Out: outputs: plan.rows shards of `size` bytes, apart from the inputs and from each other.
// In:  inputs: plan.columns shards of `size` bytes, in the order of the plan's sources. Best at equal offsets from 64 bytes.
// Cost: rows · columns · size multiply-adds, 64 an instruction; one pass over the inputs for each six rows.
void apply(const Plan& plan, const uint8_t* const* inputs, uint8_t* const* outputs, size_t size);

// Whether the shards `found` are plan · inputs; stops early when not.
bool agrees(const Plan& plan, const uint8_t* const* inputs, const uint8_t* const* found, size_t size);

}  // namespace zg::gf256
