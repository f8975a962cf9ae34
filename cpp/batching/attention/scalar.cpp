// The definition: every float operation by itself, in the order written here.
#include "batching/attention/table.hpp"
#include "batching/norm/exp.hpp"

namespace zg::batching {

namespace {

void store(const float* key, const float* value, size_t head_size, uint16_t* share, size_t slot) {
  uint16_t* values = share + kPagePositions * head_size;
  for (size_t d = 0; d < head_size; ++d) {
    share[kPagePositions * d + slot] = bf16_of(key[d]);
    values[head_size * slot + d] = bf16_of(value[d]);
  }
}

void attend_one(const float* query, size_t head_size, const uint16_t* const* shares, size_t length, float scale, float* scores, float* out) {
  float largest = -3.4e38f;
  for (size_t at = 0; at < length; ++at) {
    const uint16_t* keys = shares[at / kPagePositions] + at % kPagePositions;
    float score = 0;
    for (size_t d = 0; d < head_size; ++d) score = score + query[d] * float_of_bf16(keys[kPagePositions * d]);
    scores[at] = score * scale;
    largest = scores[at] > largest ? scores[at] : largest;
  }
  // Weights, summed for each slot of a page, the sixteen sums then by halves.
  float sums[kPagePositions] = {};
  for (size_t at = 0; at < length; ++at) {
    scores[at] = exp_plain(scores[at] - largest);
    sums[at % kPagePositions] = sums[at % kPagePositions] + scores[at];
  }
  for (size_t half = kPagePositions / 2; half > 0; half /= 2)
    for (size_t i = 0; i < half; ++i) sums[i] = sums[i] + sums[i + half];
  const float factor = 1.0f / sums[0];
  for (size_t d = 0; d < head_size; ++d) {
    float total = 0;
    for (size_t at = 0; at < length; ++at) {
      const uint16_t* values = shares[at / kPagePositions] + kPagePositions * head_size;
      total = total + scores[at] * float_of_bf16(values[head_size * (at % kPagePositions) + d]);
    }
    out[d] = total * factor;
  }
}

void attend(const float* queries, size_t heads, size_t head_size, const uint16_t* const* shares, size_t length, float scale, float* scratch,
            float* out) {
  for (size_t h = 0; h < heads; ++h) attend_one(queries + head_size * h, head_size, shares, length, scale, scratch, out + head_size * h);
}

}  // namespace

const AttentionTable scalar_attention = {store, attend};

}  // namespace zg::batching
