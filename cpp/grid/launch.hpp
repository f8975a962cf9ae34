// What the two host grids share: the shape of a launch and what came of it.
#pragma once

#include <cstdint>
#include <string>

#include "grid/body.hpp"

namespace zg::grid {

struct Launch {
  unsigned blocks = 1;
  unsigned width = 1;            // lanes in a block
  size_t shared_size_bytes = 0;  // block memory
  uint64_t seed = 0;             // order of lanes between barriers: 0 ascending, 1 descending, else shuffled
};

// `ok`, or the first fault found: "block 3, lane 17: index 64 is outside a view of 64 items".
struct Report {
  bool ok = true;
  std::string message;
};

// Block memory starts as this byte, so that a read before a write gives nonsense at once.
inline constexpr uint8_t kUnwrittenByte = 0xa5;

}  // namespace zg::grid
