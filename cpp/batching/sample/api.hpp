// The batched sampler: from rows of logits to one token each, and how likely it was.
//
// In this order: how likely tokens are (of the model's own logits); bias; penalties; tokens that are forbidden or that a
// grammar does not allow; temperature 0: the largest logit, the first among equals. Else weights at the temperature
// (weight.inl), the top_k largest, of these the fewest whose share is top_p, of these the ones with at least min_p of the
// largest weight, and one of them by a number from Philox(seed, stream, position). Equal logits rank by index. All sums
// are of integers, so every backend draws the same token, and a row's token does not depend on the rows beside it.
#pragma once

#include <string_view>
#include <vector>

#include "batching/sample/table.hpp"
#include "common/status.hpp"

namespace zg::batching::sample {

struct Bias {
  uint32_t token;
  float value;
};

// A token that the sequence holds already: how often it was generated (0: only in the prompt).
struct Seen {
  uint32_t token;
  uint32_t generated;
};

struct Likely {
  uint32_t token;
  float logprob;
};

inline constexpr uint32_t kTopMax = 20;

// One row. Pointers are borrowed for the call. Tokens in `biases`, `seen` and `forbidden` are below the vocabulary and
// occur once in each list; numbers are finite.
struct Row {
  float* logits = nullptr;      // changed in place
  float temperature = 1.0f;     // 0: greedy; below kTemperatureMin counts as 0
  float top_p = 1.0f;           // 1: off
  float min_p = 0.0f;           // 0: off
  uint32_t top_k = 0;           // 0: off
  float repetition = 1.0f;      // logits of seen tokens are divided (negative ones multiplied) by it
  float frequency = 0.0f;       // off their logits for each time they were generated
  float presence = 0.0f;        // off the logits of those generated at least once
  uint64_t seed = 0;
  uint32_t stream = 0;          // which of several answers
  uint64_t position = 0;        // of the token that is drawn, in its sequence
  const Bias* biases = nullptr;
  size_t bias_count = 0;
  const Seen* seen = nullptr;
  size_t seen_count = 0;
  const uint32_t* forbidden = nullptr;
  size_t forbidden_count = 0;
  const uint32_t* allowed = nullptr;  // one bit a token, lowest first, ceil(vocabulary / 32) words; null: all
  bool wants_logprob = false;
  uint32_t top_count = 0;             // most likely tokens to report, at most kTopMax
};

struct Drawn {
  uint32_t token;      // kNobody: no token was allowed, or no logit was a number
  float logprob;       // natural logarithm, of the unchanged logits at temperature 1; 0 when not wanted
  uint32_t top_count;  // filled entries of `top`, the likeliest first
  Likely top[kTopMax];
};

inline constexpr float kTemperatureMin = 1e-4f;

// "scalar", "avx2", "avx512", "emu" in test builds; an empty name means the active one. device_unavailable otherwise.
Outcome<const Table*> backend(std::string_view name);

// Draws for all rows, in parallel. `vocabulary` logits a row, at most 2^24.
void draw_many(const Table& table, Row* rows, size_t row_count, size_t vocabulary, Drawn* drawn);

}  // namespace zg::batching::sample
