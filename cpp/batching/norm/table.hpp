// What a backend of the small row operations is. Apart from api.hpp so that ISA files need no host header.
#pragma once

#include "common/bytes.hpp"

namespace zg::batching {

// Single-threaded, allocation-free. Rows are multiples of 16 floats. Every float operation is rounded by itself; sums over a row
// are 16 partial sums (value i goes to sum i mod 16, in order), then halves are added: 8, 4, 2, 1. So backends agree bit for bit.
struct NormTable {
  // out = x / sqrt(mean(x²) + epsilon) · weight. `out` may be `x`.
  void (*rms_norm)(const float* x, const float* weight, float epsilon, size_t width, float* out);

  // out = (x - mean) / sqrt(mean((x - mean)²) + epsilon) · weight + bias. `out` may be `x`.
  void (*layer_norm)(const float* x, const float* weight, const float* bias, float epsilon, size_t width, float* out);

  // gate = gate / (1 + exp(-gate)) · up
  void (*swiglu)(float* gate, const float* up, size_t count);

  // x = x / 2 · (1 + erf(x / √2)), erf by Abramowitz and Stegun 7.1.26 (1.5e-7)
  void (*gelu)(float* x, size_t count);

  // x += y
  void (*add)(float* x, const float* y, size_t count);

  // Turns the first 2 · pairs values of each of `heads` heads by the angles of one position. A pair is (2i, 2i + 1), with
  // `halves` (i, i + pairs). turns: pairs cosines, then pairs sines. pairs is a multiple of 16.
  void (*rope)(float* x, size_t heads, size_t head_size, const float* turns, size_t pairs, bool halves);
};

extern const NormTable scalar_norm;
extern const NormTable avx2_norm;
extern const NormTable avx512_norm;
extern const NormTable emu_norm;

}  // namespace zg::batching
