// Products of activations with stationary weights of 4, 8, 16 or 32 bits: packed once, read by all rows of a batch.
//
// A row's result does not depend on the other rows: integers are summed exactly by groups of 32, groups are added in order.
#pragma once

#include <memory>
#include <optional>
#include <string_view>
#include <vector>

#include "batching/gemm/table.hpp"
#include "common/block.hpp"
#include "common/status.hpp"

namespace zg::batching {

// Tensor types of GGUF files, with their numbers there. What is not listed is not read.
enum class TensorType : uint32_t {
  f32 = 0, f16 = 1, q4_0 = 2, q4_1 = 3, q8_0 = 8, q4_k = 12, q5_k = 13, q6_k = 14, bf16 = 30,
};

// Bytes of `count` values of a type; bad_argument for a type that is not read, or a count that its blocks do not divide.
Outcome<size_t> tensor_size_bytes(TensorType type, size_t count);

// Values of a tensor as floats. In: data: tensor_size_bytes(type, count) bytes, checked by the caller.
void dequantise(TensorType type, const uint8_t* data, size_t count, float* out);

// A matrix of `columns` outputs by `depth` inputs, packed as table.hpp says. Immutable.
struct Weights {
  Format format = Format::f32;
  size_t columns = 0, depth = 0;
  size_t tile_size_bytes = 0;
  std::shared_ptr<const Block> memory;  // may hold other weights beside these
  const uint8_t* tiles = nullptr;

  size_t tile_count() const { return (columns + kTileColumns - 1) / kTileColumns; }
  const uint8_t* tile(size_t index) const { return tiles + index * tile_size_bytes; }
  bool quantised() const { return format == Format::int4 || format == Format::int8; }
};

// Where the weights of one model lie: in order of packing, side by side on huge pages. A step reads them all; on small pages it
// would wait for the walk of the page tables about as long as for the weights.
class Shelf {
 public:
  // `size` bytes of zeros in memory(), aligned to 64; null when there is no memory.
  uint8_t* take(size_t size);
  const std::shared_ptr<Block>& memory() const { return block_; }

 private:
  std::shared_ptr<Block> block_;
  size_t used_ = 0;
};

// Packs `data`, row-major [columns, depth] as a GGUF file has it. Q4_0 and Q4_1 stay 4 bits and Q8_0 8 bits, without loss; half,
// bfloat16 and float stay what they are; K types become 8 bits by groups of 32 (a rounding below 0.4 % of a group's largest).
//
// Returns bad_argument for a size that does not fit, a depth that is not a multiple of 32, or a type that is not read;
// out_of_capacity without memory.
Outcome<Weights> pack(TensorType type, Bytes data, size_t columns, size_t depth, Shelf& shelf);

// One column of packed weights as `depth` floats: a row of an embedding table.
void unpack_column(const Weights& weights, size_t column, float* out);

// out = x · weightsᵀ for `rows` rows of `depth` floats at once: packs, quantises and multiplies. For single calls; a model packs once.
//
// Out: out: [rows, columns]. Returns what pack() refuses; then out is untouched.
std::optional<Failure> multiply(const Table& table, TensorType type, Bytes data, size_t columns, size_t depth, const float* x, size_t rows, std::vector<float>& out);

// The backend of that name, an empty name for the active one; device_unavailable as in keccak256::backend.
Outcome<const Table*> gemm_backend(std::string_view name);

}  // namespace zg::batching
