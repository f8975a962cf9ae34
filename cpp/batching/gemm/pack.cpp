#include <algorithm>
#include <cmath>
#include <cstring>
#include <string>
#include <vector>

#include "batching/gemm/api.hpp"
#include "batching/gemm/half.hpp"
#include "common/parallel.hpp"

namespace zg::batching {

namespace {

struct Shape {
  size_t block;  // values
  size_t bytes;
};

// A block's values and bytes; {0, 0} for types that are not read.
Shape shape_of(TensorType type) {
  switch (type) {
    case TensorType::f32: return {1, 4};
    case TensorType::f16:
    case TensorType::bf16: return {1, 2};
    case TensorType::q4_0: return {32, 18};
    case TensorType::q4_1: return {32, 20};
    case TensorType::q8_0: return {32, 34};
    case TensorType::q4_k: return {256, 144};
    case TensorType::q5_k: return {256, 176};
    case TensorType::q6_k: return {256, 210};
  }
  return {0, 0};
}

uint16_t half_bits(const uint8_t* from) { return static_cast<uint16_t>(from[0] | from[1] << 8); }
float half(const uint8_t* from) { return float_of_half(half_bits(from)); }

void put_half(uint8_t* to, uint16_t bits) {
  to[0] = static_cast<uint8_t>(bits);
  to[1] = static_cast<uint8_t>(bits >> 8);
}

// The half nearest to a finite float of at most half's range, ties to even.
uint16_t half_of(float value) {
  const uint16_t sign = std::signbit(value) ? 0x8000 : 0;
  const float magnitude = std::fabs(value);
  if (magnitude >= 65520.0f) return sign | 0x7bff;
  if (magnitude < 6.103515625e-5f) return static_cast<uint16_t>(sign | std::lrintf(magnitude * 16777216.0f));
  const uint32_t bits = bits_of(magnitude) - (112u << 23);
  return static_cast<uint16_t>(sign | ((bits + 0xfffu + (bits >> 13 & 1u)) >> 13));
}

// Scale and minimum of group `index` (of eight) in a K block: 6 bits each, packed in 12 bytes.
void k_scale(const uint8_t* packed, size_t index, int& scale, int& minimum) {
  if (index < 4) {
    scale = packed[index] & 63;
    minimum = packed[index + 4] & 63;
  } else {
    scale = (packed[index + 4] & 15) | (packed[index - 4] >> 6) << 4;
    minimum = (packed[index + 4] >> 4) | (packed[index] >> 6) << 4;
  }
}

// Q4_K, and with `high` (a fifth bit for each value) Q5_K: eight groups of 32.
void unpack_k45(const uint8_t* block, const uint8_t* high, const uint8_t* quants, float* out) {
  const float d = half(block), least = half(block + 2);
  for (size_t g = 0; g < 8; ++g) {
    int scale, minimum;
    k_scale(block + 4, g, scale, minimum);
    const float step = d * static_cast<float>(scale), offset = least * static_cast<float>(minimum);
    for (size_t i = 0; i < 32; ++i) {
      const uint8_t both = quants[32 * (g / 2) + i];
      int q = g % 2 == 0 ? both & 15 : both >> 4;
      if (high != nullptr && (high[i] >> g & 1) != 0) q += 16;
      out[32 * g + i] = step * static_cast<float>(q) - offset;
    }
  }
}

void unpack_q6_k(const uint8_t* block, float* out) {
  const float d = half(block + 208);
  const auto* scales = reinterpret_cast<const int8_t*>(block + 192);
  for (size_t half_index = 0; half_index < 2; ++half_index) {
    const uint8_t *low = block + 64 * half_index, *high = block + 128 + 32 * half_index;
    for (size_t i = 0; i < 32; ++i)
      for (size_t quarter = 0; quarter < 4; ++quarter) {
        const uint8_t byte = low[i + (quarter % 2 == 0 ? 0 : 32)];
        const int nibble = quarter < 2 ? byte & 15 : byte >> 4;
        const int q = (nibble | (high[i] >> (2 * quarter) & 3) << 4) - 32;
        const size_t at = 128 * half_index + 32 * quarter + i;
        out[at] = d * static_cast<float>(scales[at / 16]) * static_cast<float>(q);
      }
  }
}

void unpack_block(TensorType type, const uint8_t* block, float* out) {
  switch (type) {
    case TensorType::f32: std::memcpy(out, block, 4); return;
    case TensorType::f16: *out = half(block); return;
    case TensorType::bf16: *out = float_of_bf16(half_bits(block)); return;
    case TensorType::q4_0:
      for (size_t i = 0; i < 32; ++i) out[i] = half(block) * static_cast<float>((block[2 + i % 16] >> (i < 16 ? 0 : 4) & 15) - 8);
      return;
    case TensorType::q4_1:
      for (size_t i = 0; i < 32; ++i)
        out[i] = half(block) * static_cast<float>(block[4 + i % 16] >> (i < 16 ? 0 : 4) & 15) + half(block + 2);
      return;
    case TensorType::q8_0:
      for (size_t i = 0; i < 32; ++i) out[i] = half(block) * static_cast<float>(static_cast<int8_t>(block[2 + i]));
      return;
    case TensorType::q4_k: unpack_k45(block, nullptr, block + 16, out); return;
    case TensorType::q5_k: unpack_k45(block, block + 16, block + 48, out); return;
    case TensorType::q6_k: unpack_q6_k(block, out); return;
  }
}

// Writes one group of one column into its tile's group.
void place_int4(uint8_t* group, size_t column, uint16_t scale, uint16_t minimum, const uint8_t* nibbles) {
  for (size_t i = 0; i < 16; ++i) group[64 * (i / 4) + 4 * column + i % 4] = nibbles[i];
  put_half(group + 256 + 2 * column, scale);
  put_half(group + 288 + 2 * column, minimum);
}

void place_int8(uint8_t* group, size_t column, uint16_t scale, const int8_t* quants) {
  for (size_t i = 0; i < kGroup; ++i) group[64 * (i / 4) + 4 * column + i % 4] = static_cast<uint8_t>(quants[i] + 128);
  put_half(group + 512 + 2 * column, scale);
}

void pack_column(const Weights& weights, TensorType type, const uint8_t* source, size_t column, uint8_t* tile) {
  const size_t groups = weights.depth / kGroup, lane = column % kTileColumns;
  switch (type) {
    case TensorType::q4_0:
      for (size_t g = 0; g < groups; ++g, source += 18) {
        const float scale = half(source);
        place_int4(tile + kInt4GroupSize * g, lane, half_bits(source), half_of(-8.0f * scale), source + 2);
      }
      return;
    case TensorType::q4_1:
      for (size_t g = 0; g < groups; ++g, source += 20)
        place_int4(tile + kInt4GroupSize * g, lane, half_bits(source), half_bits(source + 2), source + 4);
      return;
    case TensorType::q8_0:
      for (size_t g = 0; g < groups; ++g, source += 34)
        place_int8(tile + kInt8GroupSize * g, lane, half_bits(source), reinterpret_cast<const int8_t*>(source + 2));
      return;
    case TensorType::f32:
    case TensorType::f16:
    case TensorType::bf16: {
      const size_t size = type == TensorType::f32 ? 4 : 2;
      for (size_t k = 0; k < weights.depth; ++k) std::memcpy(tile + size * (kTileColumns * k + lane), source + size * k, size);
      return;
    }
    default: break;
  }
  // K types: 8 bits by groups of 32.
  std::vector<float> values(weights.depth);
  dequantise(type, source, weights.depth, values.data());
  for (size_t g = 0; g < groups; ++g) {
    const float* x = values.data() + kGroup * g;
    float largest = 0;
    for (size_t i = 0; i < kGroup; ++i) largest = std::fmax(largest, std::fabs(x[i]));
    const uint16_t scale = half_of(largest / 127.0f);
    const float step = float_of_half(scale);
    int8_t quants[kGroup] = {};
    if (step > 0)
      for (size_t i = 0; i < kGroup; ++i) quants[i] = static_cast<int8_t>(std::clamp(std::lrintf(x[i] / step), -127l, 127l));
    place_int8(tile + kInt8GroupSize * g, lane, scale, quants);
  }
}

Format format_of(TensorType type) {
  switch (type) {
    case TensorType::q4_0:
    case TensorType::q4_1: return Format::int4;
    case TensorType::f32: return Format::f32;
    case TensorType::f16: return Format::f16;
    case TensorType::bf16: return Format::bf16;
    default: return Format::int8;
  }
}

size_t tile_size(Format format, size_t depth) {
  switch (format) {
    case Format::int4: return depth / kGroup * kInt4GroupSize;
    case Format::int8: return depth / kGroup * kInt8GroupSize;
    case Format::f32: return depth * kTileColumns * 4;
    default: return depth * kTileColumns * 2;
  }
}

}  // namespace

Outcome<size_t> tensor_size_bytes(TensorType type, size_t count) {
  const Shape shape = shape_of(type);
  if (shape.block == 0)
    return Failure{Status::bad_argument, "tensor type " + std::to_string(static_cast<uint32_t>(type)) +
                                             ": expected F32, F16, BF16, Q4_0, Q4_1, Q8_0, Q4_K, Q5_K or Q6_K"};
  if (count % shape.block != 0)
    return Failure{Status::bad_argument, "tensor of " + std::to_string(count) + " values: expected a multiple of " + std::to_string(shape.block)};
  return count / shape.block * shape.bytes;
}

void dequantise(TensorType type, const uint8_t* data, size_t count, float* out) {
  const Shape shape = shape_of(type);
  for (size_t at = 0; at < count; at += shape.block, data += shape.bytes) unpack_block(type, data, out + at);
}

uint8_t* Shelf::take(size_t size) {
  constexpr size_t kBlockSizeMin = size_t{16} << 20;
  size = (size + 63) / 64 * 64;
  if (block_ == nullptr || block_->size() - used_ < size) {
    block_ = std::make_shared<Block>(std::max(size, kBlockSizeMin));
    used_ = 0;
  }
  if (block_->data() == nullptr) return nullptr;
  uint8_t* found = block_->data() + used_;
  used_ += size;
  std::memset(found, 0, size);
  return found;
}

Outcome<Weights> pack(TensorType type, Bytes data, size_t columns, size_t depth, Shelf& shelf) {
  constexpr size_t kSideMax = size_t{1} << 24;
  if (columns == 0 || depth == 0 || columns > kSideMax || depth > kSideMax || depth % kGroup != 0)
    return Failure{Status::bad_argument, "weights of " + std::to_string(columns) + " x " + std::to_string(depth) +
                                             ": expected sides up to 2^24, the inner one a multiple of 32"};
  const auto row_size = tensor_size_bytes(type, depth);
  if (!row_size.ok()) return row_size.failure();
  if (data.size != *row_size * columns)
    return Failure{Status::bad_argument, "weights of " + std::to_string(columns) + " x " + std::to_string(depth) + ": expected " +
                                             std::to_string(*row_size * columns) + " bytes, found " + std::to_string(data.size)};
  Weights weights;
  weights.format = format_of(type);
  weights.columns = columns;
  weights.depth = depth;
  weights.tile_size_bytes = tile_size(weights.format, depth);
  const size_t size = weights.tile_size_bytes * weights.tile_count();
  uint8_t* const first = shelf.take(size);
  if (first == nullptr) return Failure{Status::out_of_capacity, "no memory for weights of " + std::to_string(size) + " bytes"};
  weights.memory = shelf.memory();
  weights.tiles = first;
  parallel_for(weights.tile_count(), 8, [&](size_t begin, size_t end) {
    for (size_t t = begin; t < end; ++t)
      for (size_t column = t * kTileColumns; column < std::min(columns, (t + 1) * kTileColumns); ++column)
        pack_column(weights, type, data.data + *row_size * column, column, first + weights.tile_size_bytes * t);
  });
  return weights;
}

void unpack_column(const Weights& weights, size_t column, float* out) {
  const uint8_t* tile = weights.tile(column / kTileColumns);
  const size_t lane = column % kTileColumns;
  for (size_t k = 0; k < weights.depth; ++k) {
    const size_t g = k / kGroup, i = k % kGroup;
    switch (weights.format) {
      case Format::int4: {
        const uint8_t* group = tile + kInt4GroupSize * g;
        const uint8_t both = group[64 * (i % 16 / 4) + 4 * lane + i % 4];
        out[k] = half(group + 256 + 2 * lane) * static_cast<float>(i < 16 ? both & 15 : both >> 4) + half(group + 288 + 2 * lane);
        break;
      }
      case Format::int8: {
        const uint8_t* group = tile + kInt8GroupSize * g;
        out[k] = half(group + 512 + 2 * lane) * static_cast<float>(group[64 * (i / 4) + 4 * lane + i % 4] - 128);
        break;
      }
      case Format::f32: std::memcpy(out + k, tile + 4 * (kTileColumns * k + lane), 4); break;
      case Format::f16: out[k] = half(tile + 2 * (kTileColumns * k + lane)); break;
      case Format::bf16: out[k] = float_of_bf16(half_bits(tile + 2 * (kTileColumns * k + lane))); break;
    }
  }
}

}  // namespace zg::batching
