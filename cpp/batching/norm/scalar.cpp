// The definition: every float operation by itself, in the order written here.
#include <cmath>

#include "batching/norm/exp.hpp"
#include "batching/norm/table.hpp"

namespace zg::batching {

namespace {

constexpr size_t kLanes = 16;

float folded(float* sums) {
  for (size_t half = kLanes / 2; half > 0; half /= 2)
    for (size_t i = 0; i < half; ++i) sums[i] = sums[i] + sums[i + half];
  return sums[0];
}

void rms_norm(const float* x, const float* weight, float epsilon, size_t width, float* out) {
  float sums[kLanes] = {};
  for (size_t i = 0; i < width; ++i) sums[i % kLanes] = sums[i % kLanes] + x[i] * x[i];
  const float factor = 1.0f / std::sqrt(folded(sums) / static_cast<float>(width) + epsilon);
  for (size_t i = 0; i < width; ++i) out[i] = x[i] * factor * weight[i];
}

void layer_norm(const float* x, const float* weight, const float* bias, float epsilon, size_t width, float* out) {
  float sums[kLanes] = {};
  for (size_t i = 0; i < width; ++i) sums[i % kLanes] = sums[i % kLanes] + x[i];
  const float mean = folded(sums) / static_cast<float>(width);
  for (float& sum : sums) sum = 0;
  for (size_t i = 0; i < width; ++i) {
    const float apart = x[i] - mean;
    sums[i % kLanes] = sums[i % kLanes] + apart * apart;
  }
  const float factor = 1.0f / std::sqrt(folded(sums) / static_cast<float>(width) + epsilon);
  for (size_t i = 0; i < width; ++i) out[i] = (x[i] - mean) * factor * weight[i] + bias[i];
}

void swiglu(float* gate, const float* up, size_t count) {
  for (size_t i = 0; i < count; ++i) gate[i] = gate[i] / (1.0f + exp_plain(0.0f - gate[i])) * up[i];
}

void gelu(float* x, size_t count) {
  for (size_t i = 0; i < count; ++i) {
    const float z = std::fabs(x[i]) * 0.70710678f;
    const float t = 1.0f / (1.0f + 0.3275911f * z);
    float y = 1.061405429f * t + -1.453152027f;
    y = y * t + 1.421413741f;
    y = y * t + -0.284496736f;
    y = y * t + 0.254829592f;
    const float erf = 1.0f - y * t * exp_plain(0.0f - z * z);
    x[i] = x[i] * 0.5f * (1.0f + std::copysign(erf, x[i]));
  }
}

void add(float* x, const float* y, size_t count) {
  for (size_t i = 0; i < count; ++i) x[i] = x[i] + y[i];
}

void rope(float* x, size_t heads, size_t head_size, const float* turns, size_t pairs, bool halves) {
  const float *cosines = turns, *sines = turns + pairs;
  for (size_t h = 0; h < heads; ++h, x += head_size)
    for (size_t i = 0; i < pairs; ++i) {
      float &a = x[halves ? i : 2 * i], &b = x[halves ? i + pairs : 2 * i + 1];
      const float left = a * cosines[i] - b * sines[i], right = b * cosines[i] + a * sines[i];
      a = left;
      b = right;
    }
}

}  // namespace

const NormTable scalar_norm = {rms_norm, layer_norm, swiglu, gelu, add, rope};

}  // namespace zg::batching
