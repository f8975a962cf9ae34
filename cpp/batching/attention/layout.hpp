// How a page of keys and values lies in memory: for host code, ISA files and device bodies.
#pragma once

#include "common/bytes.hpp"

namespace zg::batching {

// One head's share of a page: keys by value index, [head_size][16 positions], then values by position, [16][head_size], bfloat16.
// So a score is a sum down a column and an output a sum along rows: no backend ever adds across a vector.
inline constexpr size_t kPagePositions = 16;
constexpr size_t page_values(size_t head_size) { return 2 * kPagePositions * head_size; }

// Query heads that may share one key head, and the largest head.
inline constexpr size_t kGroupHeadsMax = 16;
inline constexpr size_t kHeadSizeMax = 256;

}  // namespace zg::batching
