// A BERT-like sentence encoder (MiniLM): token, position and type embeddings, layers of attention over the whole sentence and GELU,
// mean of the last layer, unit length. Weights come as plain arrays under the names of Hugging Face's BERT.
#pragma once

#include "batching/model/api.hpp"

namespace zg::batching {

struct EncoderConfig {
  uint32_t layers = 0, width = 0, heads = 0, inner_width = 0, vocabulary_size = 0, context_size = 0;
  float norm_epsilon = 1e-12f;
};

class Encoder {
 public:
  Encoder() = default;
  Encoder(const Encoder&) = delete;
  Encoder& operator=(const Encoder&) = delete;
  virtual ~Encoder() = default;

  virtual const EncoderConfig& config() const = 0;

  // Embeddings of sentences. A sentence's bits depend on its own tokens only. One thread at a time.
  //
  // Out: out: [offsets.size() - 1, width], each of length 1.
  // In:  tokens: all sentences one after the other; offsets: where each begins, and the end of the last.
  // Returns bad_argument: offsets that do not ascend from 0 to tokens.size(), an empty sentence or one longer than context_size, a
  // token out of range, or more than rows_max tokens.
  virtual std::optional<Failure> encode(std::span<const uint32_t> tokens, std::span<const uint32_t> offsets, std::vector<float>& out) = 0;
};

// An encoder of `tensors` with batches of at most `rows_max` tokens: embeddings.{word,position,token_type}_embeddings.weight (types:
// the first is used), embeddings.LayerNorm, and in encoder.layer.N. attention.self.{query,key,value}, attention.output.{dense,
// LayerNorm}, intermediate.dense, output.{dense,LayerNorm}. Keys and values are rounded to bfloat16.
//
// Returns as pack_decoder and make_decoder; width / heads is a multiple of 32 up to 256.
Outcome<std::unique_ptr<Encoder>> make_encoder(const EncoderConfig& config, const Tensors& tensors, uint32_t rows_max, std::string_view backend);

}  // namespace zg::batching
