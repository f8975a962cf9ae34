#include "batching/model/weights.hpp"

#include <cmath>

#include "batching/attention/table.hpp"

namespace zg::batching {

namespace {

std::optional<Failure> config_fault(const DecoderConfig& c) {
  const auto refuse = [](const char* name, size_t found, const char* expected) -> std::optional<Failure> {
    return Failure{Status::bad_argument, std::string(name) + ": expected " + expected + ", found " + std::to_string(found)};
  };
  if (c.layers == 0 || c.layers > 1024) return refuse("layers", c.layers, "1 to 1024");
  if (c.width == 0 || c.width % kGroup != 0 || c.width > 65536) return refuse("width", c.width, "a multiple of 32 up to 65536");
  if (c.inner_width == 0 || c.inner_width % kGroup != 0 || c.inner_width > 262144)
    return refuse("inner_width", c.inner_width, "a multiple of 32 up to 262144");
  if (c.head_size == 0 || c.head_size % kGroup != 0 || c.head_size > kHeadSizeMax) return refuse("head_size", c.head_size, "a multiple of 32 up to 256");
  if (c.kv_heads == 0 || c.kv_heads > 1024) return refuse("kv_heads", c.kv_heads, "1 to 1024");
  if (c.heads == 0 || c.heads % c.kv_heads != 0 || c.heads / c.kv_heads > kGroupHeadsMax) return refuse("heads", c.heads, "1 to 16 for each key head");
  if (c.vocabulary_size == 0 || c.vocabulary_size > 1u << 24) return refuse("vocabulary_size", c.vocabulary_size, "1 to 2^24");
  if (c.context_size == 0 || c.context_size > 1u << 24) return refuse("context_size", c.context_size, "1 to 2^24");
  if (c.rope_size == 0 || c.rope_size % kGroup != 0 || c.rope_size > c.head_size) return refuse("rope_size", c.rope_size, "a multiple of 32 up to head_size");
  if (!(c.rope_base > 0) || !(c.rope_scale > 0) || !std::isfinite(c.rope_base) || !std::isfinite(c.rope_scale))
    return Failure{Status::bad_argument, "rope_base and rope_scale: expected finite numbers above 0"};
  if (!(c.norm_epsilon >= 0) || !std::isfinite(c.norm_epsilon)) return Failure{Status::bad_argument, "norm_epsilon: expected a finite number, 0 or more"};
  return std::nullopt;
}

size_t size_bytes(const Weights& weights) { return weights.tile_size_bytes * weights.tile_count(); }

}  // namespace

void Taker::fail(std::string sentence) {
  if (!failure_) failure_ = Failure{Status::bad_argument, std::move(sentence)};
}

const Tensor* Taker::find(const std::string& name, size_t rows, size_t columns) {
  const auto found = tensors_.find(name);
  if (found == tensors_.end()) {
    fail("tensor " + name + " is missing");
    return nullptr;
  }
  const Tensor& tensor = found->second;
  if (tensor.rows != rows || tensor.columns != columns) {
    fail("tensor " + name + ": expected " + std::to_string(rows) + " x " + std::to_string(columns) + ", found " + std::to_string(tensor.rows) + " x " +
         std::to_string(tensor.columns));
    return nullptr;
  }
  return &tensor;
}

Weights Taker::matrix(const std::string& name, size_t columns, size_t depth) {
  const Tensor* tensor = find(name, columns, depth);
  if (tensor == nullptr) return {};
  auto packed = pack(tensor->type, tensor->data, columns, depth, shelf_);
  if (packed.ok()) return std::move(*packed);
  fail("tensor " + name + ": " + packed.failure().message);
  return {};
}

std::vector<float> Taker::vector(const std::string& name, size_t size) {
  const Tensor* tensor = find(name, 1, size);
  if (tensor == nullptr) return {};
  const auto wanted = tensor_size_bytes(tensor->type, size);
  if (!wanted.ok() || tensor->data.size != *wanted) {
    fail("tensor " + name + ": " + (wanted.ok() ? "expected " + std::to_string(*wanted) + " bytes, found " + std::to_string(tensor->data.size) : wanted.failure().message));
    return {};
  }
  std::vector<float> out(size);
  dequantise(tensor->type, tensor->data.data, size, out.data());
  return out;
}

Outcome<std::shared_ptr<const DecoderWeights>> pack_decoder(const DecoderConfig& config, const Tensors& tensors) {
  if (auto fault = config_fault(config)) return *fault;
  auto weights = std::make_shared<DecoderWeights>();
  weights->config = config;
  const size_t width = config.width, inner = config.inner_width;
  const size_t queries = size_t{config.heads} * config.head_size, keys = size_t{config.kv_heads} * config.head_size;
  Taker take(tensors);
  weights->embedding = take.matrix("token_embd.weight", config.vocabulary_size, width);
  if (take.has("output.weight")) weights->head = take.matrix("output.weight", config.vocabulary_size, width);
  weights->norm = take.vector("output_norm.weight", width);
  for (uint32_t i = 0; i < config.layers && !take.failure(); ++i) {
    const std::string block = "blk." + std::to_string(i) + ".";
    Layer layer;
    layer.attention_norm = take.vector(block + "attn_norm.weight", width);
    layer.query = take.matrix(block + "attn_q.weight", queries, width);
    layer.key = take.matrix(block + "attn_k.weight", keys, width);
    layer.value = take.matrix(block + "attn_v.weight", keys, width);
    layer.query_bias = take.vector_if_there(block + "attn_q.bias", queries);
    layer.key_bias = take.vector_if_there(block + "attn_k.bias", keys);
    layer.value_bias = take.vector_if_there(block + "attn_v.bias", keys);
    layer.output = take.matrix(block + "attn_output.weight", width, queries);
    layer.ffn_norm = take.vector(block + "ffn_norm.weight", width);
    layer.gate = take.matrix(block + "ffn_gate.weight", inner, width);
    layer.up = take.matrix(block + "ffn_up.weight", inner, width);
    layer.down = take.matrix(block + "ffn_down.weight", width, inner);
    weights->layers.push_back(std::move(layer));
  }
  const size_t pairs = config.rope_size / 2;
  const std::vector<float> divisors = take.vector_if_there("rope_freqs.weight", pairs);
  if (take.failure()) return *take.failure();
  for (size_t i = 0; i < pairs; ++i) {
    const double divisor = divisors.empty() ? 1.0 : static_cast<double>(divisors[i]);
    weights->turning.push_back(std::pow(config.rope_base, -static_cast<double>(i) / static_cast<double>(pairs)) / divisor / config.rope_scale);
  }
  return std::shared_ptr<const DecoderWeights>(std::move(weights));
}

size_t weights_size_bytes(const DecoderWeights& weights) {
  size_t total = size_bytes(weights.embedding) + size_bytes(weights.head);
  for (const Layer& l : weights.layers)
    for (const Weights* w : {&l.query, &l.key, &l.value, &l.output, &l.gate, &l.up, &l.down}) total += size_bytes(*w);
  return total;
}

size_t page_size_bytes(const DecoderWeights& weights) {
  return size_t{weights.config.layers} * weights.config.kv_heads * page_values(weights.config.head_size) * sizeof(uint16_t);
}

}  // namespace zg::batching
