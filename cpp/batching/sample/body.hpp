// The sampler for a device: one block a row, its lanes side by side over the logits. The same rules as dispatch.cpp; where
// that sorts, this halves an interval of ranks, and sums of integers come to the same.
#pragma once

#include "batching/sample/cut.hpp"
#include "batching/sample/philox.hpp"
#include "grid/body.hpp"

namespace zg::batching::sample {

// One row's choices; lists are ranges of the flat arrays that all rows share.
struct DeviceRow {
  float temperature, top_p, min_p, repetition, frequency, presence;
  uint32_t top_k, stream;
  uint64_t seed, position;
  uint32_t bias_begin, bias_end, seen_begin, seen_end, forbidden_begin, forbidden_end;
  uint32_t mask_begin, has_mask, wants_logprob, top_count;
};

struct DeviceDrawn {
  uint32_t token;
  float raw_highest;  // the largest logit before any change; the caller has the others
  uint32_t top_count;
  uint64_t raw_mass;             // at temperature 1
};

namespace device {

struct One {
  using V = float;
  using I = int32_t;

  static ZG_HD V splat(float a) { return a; }
#if defined(__CUDA_ARCH__)
  static ZG_HD V sub(V a, V b) { return __fsub_rn(a, b); }
  static ZG_HD V mul(V a, V b) { return __fmul_rn(a, b); }
  static ZG_HD V add(V a, V b) { return __fadd_rn(a, b); }
  static ZG_HD I bits(V a) { return __float_as_int(a); }
  static ZG_HD V as_float(I a) { return __int_as_float(a); }
#else
  static ZG_HD V sub(V a, V b) { return a - b; }
  static ZG_HD V mul(V a, V b) { return a * b; }
  static ZG_HD V add(V a, V b) { return a + b; }
  static ZG_HD I bits(V a) {
    I b;
    __builtin_memcpy(&b, &a, 4);
    return b;
  }
  static ZG_HD V as_float(I a) {
    V b;
    __builtin_memcpy(&b, &a, 4);
    return b;
  }
#endif
  static ZG_HD V larger(V a, V b) { return a > b ? a : b; }
  static ZG_HD I add_i(I a, I b) { return static_cast<I>(static_cast<uint32_t>(a) + static_cast<uint32_t>(b)); }
  static ZG_HD I shift_exponent(I a) { return static_cast<I>(static_cast<uint32_t>(a) << 23); }
  static ZG_HD I truncate(V a) { return static_cast<I>(a); }
};

#undef ZG_WEIGHT
#define ZG_WEIGHT ZG_HD
#include "batching/sample/weight.inl"

// A number that orders (logit, index) as ranks do: larger logits first, among equals the smaller index. 0: no number, or
// minus infinity.
ZG_HD uint64_t rank_of(float logit, uint32_t index) {
  const float plain = logit + 0.0f;  // minus zero is zero
  if (!(plain > One::as_float(static_cast<int32_t>(0xff800000u)))) return 0;
  const uint32_t bits = static_cast<uint32_t>(One::bits(plain));
  const uint32_t ordered = (bits & 0x80000000u) != 0 ? ~bits : bits | 0x80000000u;
  return static_cast<uint64_t>(ordered) << 32 | static_cast<uint32_t>(~index);
}

ZG_HD uint32_t index_of(uint64_t rank) { return ~static_cast<uint32_t>(rank); }

}  // namespace device

struct SampleBody {
  // The largest of what the lanes hold, for all of them.
  template <class Grid>
  ZG_HD static uint64_t largest(Grid& grid, grid::View<uint64_t> shared, uint64_t mine) {
    shared[grid.thread()] = mine;
    grid.sync();
    uint64_t best = 0;
    for (unsigned i = 0; i < grid.width(); ++i)
      if (shared[i] > best) best = shared[i];
    grid.sync();
    return best;
  }
  template <class Grid>
  ZG_HD static uint64_t sum(Grid& grid, grid::View<uint64_t> shared, uint64_t mine) {
    shared[grid.thread()] = mine;
    grid.sync();
    uint64_t total = 0;
    for (unsigned i = 0; i < grid.width(); ++i) total += shared[i];
    grid.sync();
    return total;
  }
  template <class Grid>
  ZG_HD static uint64_t best_below(Grid& grid, grid::View<uint64_t> shared, grid::View<float> logits, uint64_t bound) {
    uint64_t mine = 0;
    for (size_t i = grid.thread(); i < logits.size; i += grid.width()) {
      const uint64_t rank = device::rank_of(logits[i], static_cast<uint32_t>(i));
      if (rank < bound && rank > mine) mine = rank;
    }
    return largest(grid, shared, mine);
  }
  template <class Grid>
  ZG_HD static uint64_t mass(Grid& grid, grid::View<uint64_t> shared, grid::View<float> logits, float highest, float scale, uint64_t least_rank) {
    uint64_t mine = 0;
    for (size_t i = grid.thread(); i < logits.size; i += grid.width())
      if (least_rank == 0 || device::rank_of(logits[i], static_cast<uint32_t>(i)) >= least_rank)
        mine += static_cast<uint32_t>(device::weight<device::One>(logits[i], highest, scale));
    return sum(grid, shared, mine);
  }
  template <class Grid>
  ZG_HD static uint64_t count_from(Grid& grid, grid::View<uint64_t> shared, grid::View<float> logits, uint64_t least_rank) {
    uint64_t mine = 0;
    for (size_t i = grid.thread(); i < logits.size; i += grid.width())
      mine += device::rank_of(logits[i], static_cast<uint32_t>(i)) >= least_rank ? 1 : 0;
    return sum(grid, shared, mine);
  }

  // Block memory: one uint64_t a lane. `top`: top_stride entries a row, ranks of the likeliest. `indexed`: logits of
  // row r begin at r * vocabulary.
  template <class Grid>
  ZG_HD void operator()(Grid& grid, grid::View<float> all, size_t vocabulary, grid::View<const DeviceRow> rows, grid::View<const uint32_t> bias_tokens,
                        grid::View<const float> bias_values, grid::View<const uint32_t> seen_tokens, grid::View<const uint32_t> seen_counts,
                        grid::View<const uint32_t> forbidden, grid::View<const uint32_t> masks, grid::View<DeviceDrawn> drawn, grid::View<uint32_t> top_tokens,
                        grid::View<float> top_logits, size_t top_stride) const {
    const auto shared = grid.template shared<uint64_t>(grid.width());
    const size_t at = grid.block();
    const DeviceRow row = rows[at];
    const grid::View<float> logits = all.part(at * vocabulary, vocabulary);
    const bool is_first = grid.thread() == 0;
    const float minus_infinity = device::One::as_float(static_cast<int32_t>(0xff800000u));
    DeviceDrawn out{kNobodyHere, 0, 0, 0};
    if (row.wants_logprob != 0) {
      uint64_t rank = best_below(grid, shared, logits, ~uint64_t{0});
      if (rank == 0) {
        if (is_first) drawn[at] = out;
        return;
      }
      out.raw_highest = logits[device::index_of(rank)];
      out.raw_mass = mass(grid, shared, logits, out.raw_highest, 1.0f, 0);
      for (uint32_t k = 0; k < row.top_count && rank != 0; ++k) {
        if (is_first) {
          top_tokens[at * top_stride + k] = device::index_of(rank);
          top_logits[at * top_stride + k] = logits[device::index_of(rank)];
        }
        out.top_count = k + 1;
        rank = best_below(grid, shared, logits, rank);
      }
      grid.sync();
    }
    for (size_t i = row.bias_begin + grid.thread(); i < row.bias_end; i += grid.width())
      logits[bias_tokens[i]] = device::One::add(logits[bias_tokens[i]], bias_values[i]);
    grid.sync();
    if (has_penalties(row))
      for (size_t i = row.seen_begin + grid.thread(); i < row.seen_end; i += grid.width())
        logits[seen_tokens[i]] = penalised(logits[seen_tokens[i]], seen_counts[i], row.repetition, row.frequency, row.presence);
    grid.sync();
    for (size_t i = row.forbidden_begin + grid.thread(); i < row.forbidden_end; i += grid.width()) logits[forbidden[i]] = minus_infinity;
    grid.sync();
    if (row.has_mask != 0)
      for (size_t i = grid.thread(); i < vocabulary; i += grid.width())
        if ((masks[row.mask_begin + i / 32] >> (i % 32) & 1) == 0) logits[i] = minus_infinity;
    grid.sync();
    const uint64_t best = best_below(grid, shared, logits, ~uint64_t{0});
    if (best == 0) {
      if (is_first) drawn[at] = out;
      return;
    }
    out.token = device::index_of(best);
    const float highest = logits[out.token];
    if (row.temperature >= 1e-4f && highest < -minus_infinity) {
      const uint32_t token = draw(grid, shared, logits, row, highest);
      if (token != kNobodyHere) out.token = token;
    }
    if (is_first) drawn[at] = out;
  }

  static constexpr uint32_t kNobodyHere = ~uint32_t{0};

 private:
  template <class Grid>
  ZG_HD static uint32_t draw(Grid& grid, grid::View<uint64_t> shared, grid::View<float> logits, const DeviceRow& row, float highest) {
    const float scale = 1.0f / row.temperature;
    // The rank from which on tokens are kept: the greatest at which there are enough of them, bit by bit.
    uint64_t least_rank = 0;
    if (row.top_k > 0 && row.top_k < logits.size) {
      for (int bit = 63; bit >= 0; --bit) {
        const uint64_t tried = least_rank | uint64_t{1} << bit;
        if (count_from(grid, shared, logits, tried) >= row.top_k) least_rank = tried;
      }
    }
    if (row.top_p < 1.0f) {
      const uint64_t need = share_of(row.top_p, mass(grid, shared, logits, highest, scale, least_rank));
      uint64_t rank = 0;
      for (int bit = 63; bit >= 0; --bit) {
        const uint64_t tried = rank | uint64_t{1} << bit;
        if (mass(grid, shared, logits, highest, scale, tried) >= need) rank = tried;
      }
      if (rank > least_rank) least_rank = rank;
    }
    const uint32_t least = least_weight(row.min_p);
    const auto kept = [&](size_t i) {
      const uint32_t one = static_cast<uint32_t>(device::weight<device::One>(logits[i], highest, scale));
      return one >= least && (least_rank == 0 || device::rank_of(logits[i], static_cast<uint32_t>(i)) >= least_rank) ? one : 0;
    };
    // Each lane a run of neighbours; the first lane finds the run, then the token in it.
    const size_t run = (logits.size + grid.width() - 1) / grid.width();
    const size_t begin = grid.thread() * run, end = begin + run < logits.size ? begin + run : logits.size;
    uint64_t mine = 0;
    for (size_t i = begin; i < end; ++i) mine += kept(i);
    shared[grid.thread()] = mine;
    grid.sync();
    uint32_t token = kNobodyHere;
    if (grid.thread() == 0) {
      uint64_t total = 0;
      for (unsigned lane = 0; lane < grid.width(); ++lane) total += shared[lane];
      uint64_t target = draw_below(total, row.seed, row.stream, row.position);
      unsigned lane = 0;
      while (lane < grid.width() && target >= shared[lane]) target -= shared[lane++];
      for (size_t i = lane * run; lane < grid.width() && i < logits.size; ++i) {
        const uint32_t one = kept(i);
        if (target < one) {
          token = static_cast<uint32_t>(i);
          break;
        }
        target -= one;
      }
    }
    return token;
  }
};

}  // namespace zg::batching::sample
