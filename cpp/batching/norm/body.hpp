// Device bodies of the row operations.
#pragma once

#include "batching/norm/exp.hpp"

namespace zg::batching {

// A block takes rows in turn; sixteen lanes make the sixteen partial sums of the definition, all lanes the outputs. Block memory:
// 16 floats. Barriers are the same for all lanes.
struct RowSums {
  static constexpr size_t kLanes = 16;

  // Sum over the row of what `term` makes of its values, folded by halves: the same for all lanes.
  template <class Grid, class Term>
  static ZG_HD float sum(Grid& grid, grid::View<float> sums, size_t width, const Term& term) {
    grid.sync();
    for (size_t lane = grid.thread(); lane < kLanes; lane += grid.width()) {
      float total = 0;
      for (size_t i = lane; i < width; i += kLanes) total = plus(total, term(i));
      sums[lane] = total;
    }
    for (size_t half = kLanes / 2; half > 0; half /= 2) {
      grid.sync();
      for (size_t i = grid.thread(); i < half; i += grid.width()) sums[i] = plus(sums[i], sums[i + half]);
    }
    grid.sync();
    return sums[0];
  }
};

// out[r] = x[r] / sqrt(mean(x[r]²) + epsilon) · weight; out may be x.
struct RmsNormBody {
  template <class Grid>
  ZG_HD void operator()(Grid& grid, size_t rows, size_t width, float epsilon, grid::View<const float> x, grid::View<const float> weight,
                        grid::View<float> out) const {
    const auto sums = grid.template shared<float>(RowSums::kLanes);
    for (size_t r = grid.block(); r < rows; r += grid.blocks()) {
      const auto row = x.part(width * r, width);
      const float sum = RowSums::sum(grid, sums, width, [&](size_t i) { return times(row[i], row[i]); });
      const float factor = over(1.0f, root(plus(over(sum, static_cast<float>(width)), epsilon)));
      for (size_t i = grid.thread(); i < width; i += grid.width()) out[width * r + i] = times(times(row[i], factor), weight[i]);
    }
  }
};

struct LayerNormBody {
  template <class Grid>
  ZG_HD void operator()(Grid& grid, size_t rows, size_t width, float epsilon, grid::View<const float> x, grid::View<const float> weight,
                        grid::View<const float> bias, grid::View<float> out) const {
    const auto sums = grid.template shared<float>(RowSums::kLanes);
    for (size_t r = grid.block(); r < rows; r += grid.blocks()) {
      const auto row = x.part(width * r, width);
      const float mean = over(RowSums::sum(grid, sums, width, [&](size_t i) { return row[i]; }), static_cast<float>(width));
      const float sum = RowSums::sum(grid, sums, width, [&](size_t i) { return times(minus(row[i], mean), minus(row[i], mean)); });
      const float factor = over(1.0f, root(plus(over(sum, static_cast<float>(width)), epsilon)));
      for (size_t i = grid.thread(); i < width; i += grid.width())
        out[width * r + i] = plus(times(times(minus(row[i], mean), factor), weight[i]), bias[i]);
    }
  }
};

enum class Pointwise : unsigned { swiglu, gelu, add };

// x[i] = gate of x[i] and y[i], bent x[i], or x[i] + y[i % y.size].
struct PointwiseBody {
  template <class Grid>
  ZG_HD void operator()(Grid& grid, Pointwise kind, size_t count, grid::View<float> x, grid::View<const float> y) const {
    for (size_t i = size_t{grid.width()} * grid.block() + grid.thread(); i < count; i += size_t{grid.width()} * grid.blocks()) {
      const float v = x[i];
      if (kind == Pointwise::swiglu) {
        x[i] = times(over(v, plus(1.0f, exp_plain(minus(0.0f, v)))), y[i]);
      } else if (kind == Pointwise::gelu) {
        x[i] = gelu(v);
      } else {
        x[i] = plus(v, y[i % y.size]);
      }
    }
  }

  static ZG_HD float gelu(float v) {
    const float z = times(magnitude(v), 0.70710678f);
    const float t = over(1.0f, plus(1.0f, times(0.3275911f, z)));
    float y = plus(times(1.061405429f, t), -1.453152027f);
    y = plus(times(y, t), 1.421413741f);
    y = plus(times(y, t), -0.284496736f);
    y = plus(times(y, t), 0.254829592f);
    const float erf = magnitude(minus(1.0f, times(times(y, t), exp_plain(minus(0.0f, times(z, z))))));
    return times(times(v, 0.5f), plus(1.0f, float_of(bits_of(erf) | (bits_of(v) & 0x80000000u))));
  }
};

// Turns `heads` heads of each row by the row's angles: turns[r] holds `pairs` cosines, then sines.
struct RopeBody {
  template <class Grid>
  ZG_HD void operator()(Grid& grid, size_t rows, size_t heads, size_t head_size, size_t pairs, bool halves, grid::View<const float> turns,
                        grid::View<float> x) const {
    const size_t items = rows * heads * pairs;
    for (size_t item = size_t{grid.width()} * grid.block() + grid.thread(); item < items; item += size_t{grid.width()} * grid.blocks()) {
      const size_t i = item % pairs, head = item / pairs, row = head / heads, at = head_size * head;
      float &a = x[at + (halves ? i : 2 * i)], &b = x[at + (halves ? i + pairs : 2 * i + 1)];
      const float cosine = turns[2 * pairs * row + i], sine = turns[2 * pairs * row + pairs + i];
      const float left = minus(times(a, cosine), times(b, sine)), right = plus(times(b, cosine), times(a, sine));
      a = left;
      b = right;
    }
  }
};

}  // namespace zg::batching
