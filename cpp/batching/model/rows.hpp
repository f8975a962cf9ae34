// Scratch of a step: one activation matrix in both forms, and the sections that fill and multiply it.
#pragma once

#include <algorithm>
#include <initializer_list>
#include <memory>

#include "batching/gemm/api.hpp"
#include "common/block.hpp"
#include "common/parallel.hpp"

namespace zg::batching {

// Aligned memory that is not filled when made, large one on huge pages.
template <class T>
class Buffer {
 public:
  Buffer() = default;
  explicit Buffer(size_t count) : block_(std::make_unique<Block>(count * sizeof(T) + 64)) {}

  T* data() const { return reinterpret_cast<T*>(block_->data()); }
  explicit operator bool() const { return block_ != nullptr && block_->data() != nullptr; }

 private:
  std::unique_ptr<Block> block_;
};

// An activation matrix of `depth` columns: floats, and their quantised form.
struct Activations {
  Activations(size_t rows_max, size_t columns)
      : depth(columns), floats(rows_max * columns), quants(rows_max * columns), scales(rows_max * columns / kGroup), sums(rows_max * columns / kGroup), totals(rows_max * columns / kGroup) {}

  size_t depth;
  Buffer<float> floats;
  Buffer<int8_t> quants;
  Buffer<float> scales, sums;
  Buffer<int32_t> totals;

  bool there() const { return floats && quants && scales && sums && totals; }
  float* row(size_t r) const { return floats.data() + depth * r; }

  // Values from `first` on, `count` of them (multiples of 32), of row r into the quantised form.
  void quantise(const Table& table, size_t r, size_t first, size_t count) const {
    const size_t group = depth / kGroup * r + first / kGroup;
    table.quantise(row(r) + first, count, quants.data() + depth * r + first, scales.data() + group, sums.data() + group, totals.data() + group);
  }
  Rows rows(size_t first, size_t count) const {
    const size_t group = depth / kGroup * first;
    return {quants.data() + depth * first, scales.data() + group, sums.data() + group, totals.data() + group, floats.data() + depth * first, count};
  }
};

// One product of a section that may hold several: out[stride · r + column], the sum itself or added to what is there.
struct Product {
  const Weights* weights;
  float* out;
  size_t stride;
  bool add;
};

// All products of one input as a single section, cut between pairs of tiles.
inline void multiply(Crew& crew, const Table& table, std::initializer_list<Product> products, const Rows& input) {
  size_t tiles = 0;
  for (const Product& product : products) tiles += product.weights->tile_count();
  crew.run((tiles + 1) / 2, 1, [&](size_t first_pair, size_t last_pair) {
    const size_t begin = 2 * first_pair, end = 2 * last_pair;
    size_t first = 0;  // of this product, in the section's count
    for (const Product& p : products) {
      const size_t count = p.weights->tile_count(), from = std::max(begin, first), to = std::min(end, first + count);
      if (from < to)
        table.product(p.weights->format, p.weights->tile(from - first), to - from, p.weights->depth, input, p.out + kTileColumns * (from - first), p.stride, p.add);
      first += count;
    }
  });
}

}  // namespace zg::batching
