// What a sampling backend is. Apart from api.hpp so that ISA files need no host header.
#pragma once

#include "common/bytes.hpp"

namespace zg::batching::sample {

struct Row;
struct Drawn;

inline constexpr uint32_t kNobody = ~uint32_t{0};

// Single-threaded, allocation-free, over one row of `count` logits. A logit that is not a number counts as minus infinity.
struct Table {
  // The largest logit and the first index that has it; kNobody when none is above minus infinity.
  void (*peak)(const float* logits, size_t count, float* value, uint32_t* index);
  // The sum of weights: weight(x) = trunc(2^30 exp((x - highest) * scale)), exp by the steps of weight.inl.
  uint64_t (*mass)(const float* logits, size_t count, float highest, float scale);
  // The same, and every weight: room for `count`.
  uint64_t (*weigh)(const float* logits, size_t count, float highest, float scale, uint32_t* weights);
  // The indexes of logits >= threshold, ascending; returns how many. Room for `count`.
  size_t (*select)(const float* logits, size_t count, float threshold, uint32_t* indexes);
  // Logits whose bit is not set become minus infinity.
  void (*mask)(float* logits, size_t count, const uint32_t* allowed);
  // All rows at once in another way with the same result; null: rows one by one with the functions above.
  void (*rows)(Row* rows, size_t row_count, size_t count, Drawn* drawn);
};

extern const Table scalar;
extern const Table avx2;
extern const Table avx512;
extern const Table emu;

}  // namespace zg::batching::sample
