// Device bodies of attention over pages.
#pragma once

#include "batching/attention/layout.hpp"
#include "batching/norm/exp.hpp"

namespace zg::batching {

// Rounds keys and values of `count` (row, key head) items into their shares: item i goes to pages[places[i] …], slot slots[i].
struct StoreBody {
  template <class Grid>
  ZG_HD void operator()(Grid& grid, size_t count, size_t head_size, grid::View<const float> keys, grid::View<const float> values, grid::View<const uint64_t> places,
                        grid::View<const uint32_t> slots, grid::View<uint16_t> pages) const {
    const size_t items = count * head_size;
    for (size_t at = size_t{grid.width()} * grid.block() + grid.thread(); at < items; at += size_t{grid.width()} * grid.blocks()) {
      const size_t item = at / head_size, d = at % head_size;
      const auto share = pages.part(places[item], page_values(head_size));
      share[kPagePositions * d + slots[item]] = bf16_of(keys[at]);
      share[kPagePositions * head_size + head_size * slots[item] + d] = bf16_of(values[at]);
    }
  }
};

// One (row, key head) item: `heads` queries over `length` positions. A block takes items in turn; lanes are positions while scores
// are made, slots of a page while their weights are summed, values while outputs are. Block memory: 2 · 16 floats for a head.
struct AttendBody {
  // places: where each page's share begins in `pages`, item i's from first_place[i] on; scores: item i's from 16 · heads ·
  // first_place[i] on, 16 for each page and head.
  template <class Grid>
  ZG_HD void operator()(Grid& grid, size_t count, size_t heads, size_t head_size, float scale, grid::View<const float> queries, grid::View<const uint64_t> first_place,
                        grid::View<const uint64_t> places, grid::View<const uint32_t> lengths, grid::View<const uint16_t> pages, grid::View<float> scores,
                        grid::View<float> out) const {
    const auto largest = grid.template shared<float>(kPagePositions * heads);
    const auto sums = grid.template shared<float>(kPagePositions * heads);
    for (size_t item = grid.block(); item < count; item += grid.blocks()) {
      const size_t length = lengths[item], stride = (length + kPagePositions - 1) / kPagePositions * kPagePositions;
      const auto place = places.part(first_place[item], stride / kPagePositions);
      const auto weights = scores.part(kPagePositions * heads * first_place[item], stride * heads);
      const auto query = queries.part(heads * head_size * item, heads * head_size);
      for (size_t i = grid.thread(); i < heads * length; i += grid.width()) {
        const size_t h = i / length, at = i % length;
        const auto keys = pages.part(place[at / kPagePositions], kPagePositions * head_size);
        float score = 0;
        for (size_t d = 0; d < head_size; ++d) score = plus(score, times(query[head_size * h + d], float_of_bf16(keys[kPagePositions * d + at % kPagePositions])));
        weights[stride * h + at] = times(score, scale);
      }
      grid.sync();
      for (size_t i = grid.thread(); i < heads * kPagePositions; i += grid.width()) {
        float most = -3.4e38f;
        for (size_t at = i % kPagePositions; at < length; at += kPagePositions) {
          const float score = weights[stride * (i / kPagePositions) + at];
          most = score > most ? score : most;
        }
        largest[i] = most;
      }
      grid.sync();
      for (size_t i = grid.thread(); i < heads * kPagePositions; i += grid.width()) {
        const size_t h = i / kPagePositions;
        float most = -3.4e38f, total = 0;
        for (size_t slot = 0; slot < kPagePositions; ++slot) most = largest[kPagePositions * h + slot] > most ? largest[kPagePositions * h + slot] : most;
        for (size_t at = i % kPagePositions; at < length; at += kPagePositions) {
          const float weight = exp_plain(minus(weights[stride * h + at], most));
          weights[stride * h + at] = weight;
          total = plus(total, weight);
        }
        sums[i] = total;
      }
      for (size_t half = kPagePositions / 2; half > 0; half /= 2) {
        grid.sync();
        for (size_t i = grid.thread(); i < heads * half; i += grid.width()) {
          const size_t at = kPagePositions * (i / half) + i % half;
          sums[at] = plus(sums[at], sums[at + half]);
        }
      }
      grid.sync();
      for (size_t i = grid.thread(); i < heads * head_size; i += grid.width()) {
        const size_t h = i / head_size, d = i % head_size;
        float total = 0;
        for (size_t at = 0; at < length; ++at) {
          const uint16_t value = pages[place[at / kPagePositions] + head_size * (kPagePositions + at % kPagePositions) + d];
          total = plus(total, times(weights[stride * h + at], float_of_bf16(value)));
        }
        out[heads * head_size * item + i] = times(total, over(1.0f, sums[kPagePositions * h]));
      }
      grid.sync();
    }
  }
};

}  // namespace zg::batching
