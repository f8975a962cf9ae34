// Packed weights of a decoder, and how tensors are found by name and shape.
#pragma once

#include "batching/model/api.hpp"

namespace zg::batching {

struct Layer {
  std::vector<float> attention_norm, ffn_norm;
  Weights query, key, value, output, gate, up, down;
  std::vector<float> query_bias, key_bias, value_bias;  // empty: none
};

struct DecoderWeights {
  DecoderConfig config;
  std::vector<Layer> layers;
  Weights embedding, head;           // `head` is empty when tied
  std::vector<float> norm;
  std::vector<double> turning;       // [rope_size / 2]: angle of each pair at position 1

  const Weights& output() const { return head.columns != 0 ? head : embedding; }
};

// Takes tensors by name, and keeps the first failure, so that a model is one list of takes and one question at its end.
class Taker {
 public:
  explicit Taker(const Tensors& tensors) : tensors_(tensors) {}

  bool has(const std::string& name) const { return tensors_.contains(name); }
  Weights matrix(const std::string& name, size_t columns, size_t depth);
  std::vector<float> vector(const std::string& name, size_t size);
  std::vector<float> vector_if_there(const std::string& name, size_t size) { return has(name) ? vector(name, size) : std::vector<float>{}; }

  const std::optional<Failure>& failure() const { return failure_; }

 private:
  const Tensor* find(const std::string& name, size_t rows, size_t columns);
  void fail(std::string sentence);

  const Tensors& tensors_;
  Shelf shelf_;
  std::optional<Failure> failure_;
};

}  // namespace zg::batching
