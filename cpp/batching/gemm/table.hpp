// What a weight-product backend is. Apart from api.hpp so that ISA files need no host header.
#pragma once

#include "batching/gemm/layout.hpp"

namespace zg::batching {

// Input rows, one after the other: the quantised form for int4 and int8 weights, plain floats for the others.
struct Rows {
  const int8_t* quants;   // [count, depth]
  const float* scales;    // [count, depth / 32]
  const float* sums;      // [count, depth / 32]: scale · total
  const int32_t* totals;  // [count, depth / 32]: sum of the group's quants
  const float* floats;    // [count, depth]
  size_t count;
};

// Single-threaded, allocation-free. Sums of products of integers are exact; every float operation is rounded by itself (no
// fused multiply-add) and comes in the order that scalar.cpp writes down, so all backends agree bit for bit on finite values.
struct Table {
  // One row to 8 bits by groups: scale = max |x| / 127, quant = round-to-even(x · (127 / max |x|)).
  void (*quantise)(const float* x, size_t depth, int8_t* quants, float* scales, float* sums, int32_t* totals);

  // out[stride · r + c] = sum over k of rows[r][k] · weights[k][c], for the 16 · tile_count columns of `tiles`; with `add` it is
  // added to what is there.
  void (*product)(Format format, const uint8_t* tiles, size_t tile_count, size_t depth, const Rows& rows, float* out, size_t stride,
                  bool add);

  // Index of the largest of `count` values from `values` on, the first among equals.
  size_t (*largest)(const float* values, size_t count);
};

extern const Table scalar_gemm;
extern const Table avx2_gemm;
extern const Table avx512_gemm;
extern const Table emu_gemm;

}  // namespace zg::batching
