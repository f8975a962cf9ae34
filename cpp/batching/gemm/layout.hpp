// How packed weights lie in memory: for host code, ISA files and device bodies.
#pragma once

#include "common/bytes.hpp"

namespace zg::batching {

// Outputs (columns) that lie side by side in packed weights, inputs that share a scale.
inline constexpr size_t kTileColumns = 16;
inline constexpr size_t kGroup = 32;

// How weights are kept. All are cut into tiles of 16 columns, a tile one run of memory from 64-byte alignment on, columns
// past the end zero.
//   int4  w = d · q + m. For each group of 32 inputs 320 bytes: 256 of q, 16 × d and 16 × m in half precision. Byte
//         64 p + 4 c + j holds for column c input 4 p + j in its low and input 16 + 4 p + j in its high bits (p, j < 4).
//   int8  w = d · (q - 128). 544 bytes: byte 64 p + 4 c + j is input 4 p + j of column c (p < 8); then 16 × d.
//   bf16 f16 f32  for each input the 16 columns.
enum class Format : uint8_t { int4, int8, bf16, f16, f32 };

inline constexpr size_t kInt4GroupSize = 320;
inline constexpr size_t kInt8GroupSize = 544;

}  // namespace zg::batching
