// A llama-like dense decoder behind the step contract: RMSNorm, rotary positions (both layouts), grouped queries, SwiGLU, tied or
// own output head, optional biases on queries, keys and values. Weights come as plain arrays under their GGUF names.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "batching/gemm/api.hpp"
#include "batching/step/api.hpp"

namespace zg::batching {

struct DecoderConfig {
  uint32_t layers = 0, width = 0, heads = 0, kv_heads = 0, head_size = 0, inner_width = 0;
  uint32_t vocabulary_size = 0, context_size = 0;
  float norm_epsilon = 1e-5f;
  double rope_base = 10000.0;
  double rope_scale = 1.0;         // positions are divided by it (linear scaling)
  uint32_t rope_size = 0;          // values of a head that turn; the others stay
  bool rope_halves = false;        // pairs (i, i + rope_size / 2) instead of (2i, 2i + 1)
};

// A tensor as a GGUF file has it: row-major [rows, columns], a vector has one row. Borrowed.
struct Tensor {
  TensorType type;
  Bytes data;
  size_t rows, columns;
};

using Tensors = std::map<std::string, Tensor, std::less<>>;

// Packed weights of a decoder; immutable, shared by the runners made of it.
struct DecoderWeights;

// Packs a decoder's tensors: token_embd, blk.N.{attn_norm,attn_q,attn_k,attn_v,attn_output,ffn_norm,ffn_gate,ffn_up,ffn_down},
// output_norm and, when there, output, rope_freqs (divisors of the turning speeds) and blk.N.attn_{q,k,v}.bias; each with the
// suffix .weight unless a bias. The arrays are not needed afterwards.
//
// Returns bad_argument with the tensor's name: missing, of another shape, of a type that is not read; or sizes that the kernels do
// not take (width, inner_width and head_size are multiples of 32, head_size at most 256, at most 16 heads a key head).
Outcome<std::shared_ptr<const DecoderWeights>> pack_decoder(const DecoderConfig& config, const Tensors& tensors);

// Bytes that the packed weights take.
size_t weights_size_bytes(const DecoderWeights& weights);

// Bytes that a page takes over all layers.
size_t page_size_bytes(const DecoderWeights& weights);

// A runner with `page_count` pages of its own and batches up to `rows_max` rows. `backend` forces the backend of all its kernels,
// empty: the active ones. Returns bad_argument for counts of zero, out_of_capacity when the memory is not to be had,
// device_unavailable for a backend that is not.
Outcome<std::unique_ptr<StepRunner>> make_decoder(std::shared_ptr<const DecoderWeights> weights, uint32_t page_count, uint32_t rows_max,
                                                  std::string_view backend);

}  // namespace zg::batching
