// The definition: every float operation by itself, in the order written here.
#include <cmath>

#include "batching/gemm/half.hpp"
#include "batching/gemm/table.hpp"

namespace zg::batching {

namespace {

uint16_t half_at(const uint8_t* from, size_t index) { return static_cast<uint16_t>(from[2 * index] | from[2 * index + 1] << 8); }

// A group whose largest value is below this is all zeros: 127 / max would overflow.
constexpr float kNothing = 1e-35f;

void quantise(const float* x, size_t depth, int8_t* quants, float* scales, float* sums, int32_t* totals) {
  for (size_t g = 0; g < depth / kGroup; ++g, x += kGroup, quants += kGroup) {
    float largest = 0;
    for (size_t i = 0; i < kGroup; ++i) largest = std::fmax(largest, std::fabs(x[i]));
    if (largest < kNothing) {
      for (size_t i = 0; i < kGroup; ++i) quants[i] = 0;
      scales[g] = sums[g] = 0;
      totals[g] = 0;
      continue;
    }
    const float factor = 127.0f / largest;
    int sum = 0;
    for (size_t i = 0; i < kGroup; ++i) {
      quants[i] = static_cast<int8_t>(std::lrintf(x[i] * factor));
      sum += quants[i];
    }
    scales[g] = largest / 127.0f;
    sums[g] = scales[g] * static_cast<float>(sum);
    totals[g] = sum;
  }
}

// A group's integer dot products with the 16 columns.
void dot_int4(const uint8_t* packed, const int8_t* x, int32_t* dots) {
  for (size_t c = 0; c < kTileColumns; ++c) dots[c] = 0;
  for (size_t p = 0; p < 4; ++p)
    for (size_t c = 0; c < kTileColumns; ++c)
      for (size_t j = 0; j < 4; ++j) {
        const uint8_t both = packed[64 * p + 4 * c + j];
        dots[c] += (both & 15) * x[4 * p + j] + (both >> 4) * x[16 + 4 * p + j];
      }
}

void dot_int8(const uint8_t* packed, const int8_t* x, int32_t* dots) {
  for (size_t c = 0; c < kTileColumns; ++c) dots[c] = 0;
  for (size_t p = 0; p < 8; ++p)
    for (size_t c = 0; c < kTileColumns; ++c)
      for (size_t j = 0; j < 4; ++j) dots[c] += (int{packed[64 * p + 4 * c + j]} - 128) * x[4 * p + j];
}

void row_int4(const uint8_t* tile, size_t groups, const int8_t* quants, const float* scales, const float* sums, float* totals) {
  int32_t dots[kTileColumns];
  for (size_t g = 0; g < groups; ++g, tile += kInt4GroupSize) {
    dot_int4(tile, quants + kGroup * g, dots);
    for (size_t c = 0; c < kTileColumns; ++c) {
      const float scale = float_of_half(half_at(tile + 256, c)) * scales[g];
      totals[c] = totals[c] + static_cast<float>(dots[c]) * scale;
      totals[c] = totals[c] + float_of_half(half_at(tile + 288, c)) * sums[g];
    }
  }
}

void row_int8(const uint8_t* tile, size_t groups, const int8_t* quants, const float* scales, float* totals) {
  int32_t dots[kTileColumns];
  for (size_t g = 0; g < groups; ++g, tile += kInt8GroupSize) {
    dot_int8(tile, quants + kGroup * g, dots);
    for (size_t c = 0; c < kTileColumns; ++c) {
      const float scale = float_of_half(half_at(tile + 512, c)) * scales[g];
      totals[c] = totals[c] + static_cast<float>(dots[c]) * scale;
    }
  }
}

float float_at(Format format, const uint8_t* from, size_t index) {
  if (format == Format::f32) {
    const uint8_t* at = from + 4 * index;
    return float_of(at[0] | uint32_t{at[1]} << 8 | uint32_t{at[2]} << 16 | uint32_t{at[3]} << 24);
  }
  return format == Format::bf16 ? float_of_bf16(half_at(from, index)) : float_of_half(half_at(from, index));
}

void row_float(Format format, const uint8_t* tile, size_t depth, const float* x, float* totals) {
  for (size_t k = 0; k < depth; ++k)
    for (size_t c = 0; c < kTileColumns; ++c) totals[c] = totals[c] + x[k] * float_at(format, tile, kTileColumns * k + c);
}

void product(Format format, const uint8_t* tiles, size_t tile_count, size_t depth, const Rows& rows, float* out, size_t stride, bool add) {
  const size_t groups = depth / kGroup;
  const size_t tile_size = format == Format::int4   ? groups * kInt4GroupSize
                           : format == Format::int8 ? groups * kInt8GroupSize
                                                    : depth * kTileColumns * (format == Format::f32 ? 4 : 2);
  for (size_t t = 0; t < tile_count; ++t, tiles += tile_size) {
    for (size_t r = 0; r < rows.count; ++r) {
      float totals[kTileColumns] = {};
      if (format == Format::int4) {
        row_int4(tiles, groups, rows.quants + depth * r, rows.scales + groups * r, rows.sums + groups * r, totals);
      } else if (format == Format::int8) {
        row_int8(tiles, groups, rows.quants + depth * r, rows.scales + groups * r, totals);
      } else {
        row_float(format, tiles, depth, rows.floats + depth * r, totals);
      }
      float* to = out + stride * r + kTileColumns * t;
      for (size_t c = 0; c < kTileColumns; ++c) to[c] = add ? to[c] + totals[c] : totals[c];
    }
  }
}

size_t largest(const float* values, size_t count) {
  size_t best = 0;
  for (size_t i = 1; i < count; ++i)
    if (values[i] > values[best]) best = i;
  return best;
}

}  // namespace

const Table scalar_gemm = {quantise, product, largest};

}  // namespace zg::batching
