// Device bodies of the product with packed weights and of the quantisation of rows.
#pragma once

#include "batching/gemm/half.hpp"
#include "batching/gemm/layout.hpp"

namespace zg::batching {

// Input rows as a device sees them; views that a format does not read may be empty.
struct DeviceRows {
  grid::View<const int8_t> quants;
  grid::View<const float> scales, sums, floats;
  size_t count;
};

// Each lane sums one column for up to kRows rows, group after group as the definition does; sixteen lanes side by side read one
// tile's words in a row. Any width, any number of blocks; no block memory.
struct ProductBody {
  static constexpr size_t kRows = 8;

  // weights: the tiles as little-endian words. out[stride · r + c].
  template <class Grid>
  ZG_HD void operator()(Grid& grid, Format format, size_t tile_count, size_t depth, grid::View<const uint32_t> weights, const DeviceRows& rows,
                        grid::View<float> out, size_t stride, bool add) const {
    const size_t chunks = (rows.count + kRows - 1) / kRows, columns = tile_count * kTileColumns, step = size_t{grid.width()} * grid.blocks();
    for (size_t item = size_t{grid.width()} * grid.block() + grid.thread(); item < columns * chunks; item += step) {
      const size_t column = item % columns, first = item / columns * kRows, lane = column % kTileColumns;
      const size_t count = rows.count - first < kRows ? rows.count - first : kRows;
      const size_t tile_words = words_of(format, depth);
      const grid::View<const uint32_t> tile = weights.part(tile_words * (column / kTileColumns), tile_words);
      float totals[kRows];
      for (size_t r = 0; r < kRows; ++r) totals[r] = 0;
      if (format == Format::int4 || format == Format::int8) {
        groups(format, tile, lane, depth, rows, first, count, totals);
      } else {
        for (size_t k = 0; k < depth; ++k) {
          const float weight = float_at(format, tile, kTileColumns * k + lane);
          for (size_t r = 0; r < kRows; ++r)
            if (r < count) totals[r] = plus(totals[r], times(rows.floats[depth * (first + r) + k], weight));
        }
      }
      for (size_t r = 0; r < kRows; ++r)
        if (r < count) {
          float& to = out[stride * (first + r) + column];
          to = add ? plus(to, totals[r]) : totals[r];
        }
    }
  }

  static ZG_HD size_t words_of(Format format, size_t depth) {
    if (format == Format::int4) return depth / kGroup * kInt4GroupSize / 4;
    if (format == Format::int8) return depth / kGroup * kInt8GroupSize / 4;
    return depth * kTileColumns / (format == Format::f32 ? 1 : 2);
  }

  // The half in position `index` from word `at` on.
  static ZG_HD uint16_t half_at(const grid::View<const uint32_t>& from, size_t at, size_t index) {
    return static_cast<uint16_t>(from[at + index / 2] >> (16 * (index % 2)));
  }
  static ZG_HD float float_at(Format format, const grid::View<const uint32_t>& tile, size_t index) {
    if (format == Format::f32) return float_of(tile[index]);
    return format == Format::bf16 ? float_of_bf16(half_at(tile, 0, index)) : float_of_half(half_at(tile, 0, index));
  }

  // Sum of four byte products; `word` holds weights, signed bytes once `offset` is taken off.
  static ZG_HD int32_t dot4(uint32_t word, int32_t offset, const grid::View<const int8_t>& x, size_t at) {
    int32_t sum = 0;
    for (unsigned j = 0; j < 4; ++j) sum += (static_cast<int32_t>(word >> (8 * j) & 255u) - offset) * x[at + j];
    return sum;
  }

  static ZG_HD void groups(Format format, const grid::View<const uint32_t>& tile, size_t lane, size_t depth, const DeviceRows& rows, size_t first, size_t count,
                           float* totals) {
    const size_t group_count = depth / kGroup;
    const bool four = format == Format::int4;
    for (size_t g = 0; g < group_count; ++g) {
      const size_t at = g * (four ? kInt4GroupSize : kInt8GroupSize) / 4, after = at + (four ? 64 : 128);
      const float step = float_of_half(half_at(tile, after, lane)), low = four ? float_of_half(half_at(tile, after + 8, lane)) : 0.0f;
      int32_t dots[kRows];
      for (size_t r = 0; r < kRows; ++r) dots[r] = 0;
      for (size_t p = 0; p < 8; ++p) {
        const uint32_t packed = tile[at + kTileColumns * (four ? p % 4 : p) + lane];
        const uint32_t word = four ? (p < 4 ? packed : packed >> 4) & 0x0f0f0f0fu : packed;
        for (size_t r = 0; r < kRows; ++r)
          if (r < count) dots[r] += dot4(word, four ? 0 : 128, rows.quants, depth * (first + r) + kGroup * g + 4 * p);
      }
      for (size_t r = 0; r < kRows; ++r)
        if (r < count) {
          const size_t of = group_count * (first + r) + g;
          totals[r] = plus(totals[r], times(static_cast<float>(dots[r]), times(step, rows.scales[of])));
          if (four) totals[r] = plus(totals[r], times(low, rows.sums[of]));
        }
    }
  }
};

// Each lane quantises one group of 32; `groups` of them, rows being multiples of 32.
struct QuantiseBody {
  template <class Grid>
  ZG_HD void operator()(Grid& grid, size_t groups, grid::View<const float> x, grid::View<int8_t> quants, grid::View<float> scales, grid::View<float> sums,
                        grid::View<int32_t> totals) const {
    for (size_t g = size_t{grid.width()} * grid.block() + grid.thread(); g < groups; g += size_t{grid.width()} * grid.blocks()) {
      float largest = 0;
      for (size_t i = 0; i < kGroup; ++i) {
        const float size = magnitude(x[kGroup * g + i]);
        largest = size > largest ? size : largest;
      }
      const bool nothing = largest < 1e-35f;
      const float factor = nothing ? 0.0f : over(127.0f, largest);
      int32_t sum = 0;
      for (size_t i = 0; i < kGroup; ++i) {
        const auto quant = static_cast<int32_t>(rounded(times(x[kGroup * g + i], factor)));
        quants[kGroup * g + i] = static_cast<int8_t>(quant);
        sum += quant;
      }
      scales[g] = nothing ? 0.0f : over(largest, 127.0f);
      sums[g] = times(scales[g], static_cast<float>(sum));
      totals[g] = sum;
    }
  }
};

}  // namespace zg::batching
