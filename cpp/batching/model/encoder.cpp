#include "batching/model/encoder.hpp"

#include <algorithm>
#include <cmath>
#include <cstring>

#include "batching/attention/api.hpp"
#include "batching/model/rows.hpp"
#include "batching/model/weights.hpp"
#include "batching/norm/api.hpp"

namespace zg::batching {

namespace {

// A dense part: weights and bias.
struct Dense {
  Weights weights;
  std::vector<float> bias;
};

struct Norm {
  std::vector<float> weight, bias;
};

struct EncoderLayer {
  Dense query, key, value, attended, up, down;
  Norm attention_norm, output_norm;
};

struct EncoderWeights {
  Weights words, positions;
  std::vector<float> type;
  Norm norm;
  std::vector<EncoderLayer> layers;
};

Dense dense(Taker& take, const std::string& name, size_t columns, size_t depth) {
  return {take.matrix(name + ".weight", columns, depth), take.vector(name + ".bias", columns)};
}

Norm norm_of(Taker& take, const std::string& name, size_t width) { return {take.vector(name + ".weight", width), take.vector(name + ".bias", width)}; }

class BertEncoder final : public Encoder {
 public:
  BertEncoder(const EncoderConfig& config, EncoderWeights weights, size_t rows_max, const Table& gemm, const NormTable& norm, const AttentionTable& attention)
      : c_(config),
        weights_(std::move(weights)),
        rows_max_(rows_max),
        head_size_(config.width / config.heads),
        gemm_(gemm),
        norm_(norm),
        attention_(attention),
        hidden_(rows_max, config.width),
        attended_(rows_max, config.width),
        inner_(rows_max, config.inner_width),
        queries_(rows_max * config.width),
        keys_(rows_max * config.width),
        values_(rows_max * config.width),
        pages_(rows_max * config.heads * page_values(head_size_)) {}

  bool there() const { return hidden_.there() && attended_.there() && inner_.there() && queries_ && keys_ && values_ && pages_; }

  const EncoderConfig& config() const override { return c_; }

  std::optional<Failure> encode(std::span<const uint32_t> tokens, std::span<const uint32_t> offsets, std::vector<float>& out) override {
    if (auto fault = check(tokens, offsets)) return fault;
    const size_t sentences = offsets.size() - 1;
    out.assign(sentences * c_.width, 0.0f);
    rows_.clear();
    size_t page = 0;
    for (size_t s = 0; s < sentences; ++s) {
      const size_t length = offsets[s + 1] - offsets[s];
      for (size_t at = 0; at < length; ++at) rows_.push_back({tokens[offsets[s] + at], at, length, page});
      page += (length + kPagePositions - 1) / kPagePositions;
    }
    Crew crew;
    crew.run(rows_.size(), 4, [&](size_t first, size_t last) {
      for (size_t r = first; r < last; ++r) embed(r);
    });
    for (const EncoderLayer& layer : weights_.layers) run_layer(crew, layer);
    crew.run(sentences, 1, [&](size_t first, size_t last) {
      for (size_t s = first; s < last; ++s) pool(offsets[s], offsets[s + 1], out.data() + c_.width * s);
    });
    return std::nullopt;
  }

 private:
  struct Row {
    uint32_t token;
    size_t position, length, page;  // of the sentence: its tokens, its first page
  };

  std::optional<Failure> check(std::span<const uint32_t> tokens, std::span<const uint32_t> offsets) const {
    const auto wrong = [](std::string sentence) -> std::optional<Failure> { return Failure{Status::bad_argument, std::move(sentence)}; };
    if (tokens.size() > rows_max_) return wrong("expected at most " + std::to_string(rows_max_) + " tokens, found " + std::to_string(tokens.size()));
    if (offsets.empty() || offsets.front() != 0 || offsets.back() != tokens.size()) return wrong("offsets: expected to begin with 0 and to end with the number of tokens");
    for (size_t s = 0; s + 1 < offsets.size(); ++s)
      if (offsets[s + 1] <= offsets[s] || offsets[s + 1] - offsets[s] > c_.context_size)
        return wrong("sentence " + std::to_string(s) + ": expected 1 to " + std::to_string(c_.context_size) + " tokens");
    for (const uint32_t token : tokens)
      if (token >= c_.vocabulary_size) return wrong("token " + std::to_string(token) + ": expected below " + std::to_string(c_.vocabulary_size));
    return std::nullopt;
  }

  void normalise(float* x, const Norm& norm) const { norm_.layer_norm(x, norm.weight.data(), norm.bias.data(), c_.norm_epsilon, c_.width, x); }

  void embed(size_t r) {
    float *x = hidden_.row(r), *place = attended_.row(r);
    unpack_column(weights_.words, rows_[r].token, x);
    unpack_column(weights_.positions, rows_[r].position, place);
    norm_.add(x, weights_.type.data(), c_.width);
    norm_.add(x, place, c_.width);
    normalise(x, weights_.norm);
    hidden_.quantise(gemm_, r, 0, c_.width);
  }

  uint16_t* share(size_t page, size_t head) const { return pages_.data() + (page * c_.heads + head) * page_values(head_size_); }

  void run_layer(Crew& crew, const EncoderLayer& layer) {
    const size_t rows = rows_.size(), width = c_.width;
    multiply(crew, gemm_, {{&layer.query.weights, queries_.data(), width, false}, {&layer.key.weights, keys_.data(), width, false}, {&layer.value.weights, values_.data(), width, false}},
             hidden_.rows(0, rows));
    crew.run(rows, 8, [&](size_t first, size_t last) {
      for (size_t r = first; r < last; ++r) {
        norm_.add(queries_.data() + width * r, layer.query.bias.data(), width);
        norm_.add(keys_.data() + width * r, layer.key.bias.data(), width);
        norm_.add(values_.data() + width * r, layer.value.bias.data(), width);
        const size_t page = rows_[r].page + rows_[r].position / kPagePositions;
        for (size_t h = 0; h < c_.heads; ++h)
          attention_.store(keys_.data() + width * r + head_size_ * h, values_.data() + width * r + head_size_ * h, head_size_, share(page, h), rows_[r].position % kPagePositions);
      }
    });
    crew.run(rows, 1, [&](size_t first, size_t last) {
      for (size_t r = first; r < last; ++r) attend(r);
    });
    multiply(crew, gemm_, {{&layer.attended.weights, hidden_.floats.data(), width, true}}, attended_.rows(0, rows));
    finish(crew, layer.attended.bias, layer.attention_norm);
    multiply(crew, gemm_, {{&layer.up.weights, inner_.floats.data(), c_.inner_width, false}}, hidden_.rows(0, rows));
    crew.run(rows, 2, [&](size_t first, size_t last) {
      for (size_t r = first; r < last; ++r) {
        norm_.add(inner_.row(r), layer.up.bias.data(), c_.inner_width);
        norm_.gelu(inner_.row(r), c_.inner_width);
        inner_.quantise(gemm_, r, 0, c_.inner_width);
      }
    });
    multiply(crew, gemm_, {{&layer.down.weights, hidden_.floats.data(), width, true}}, inner_.rows(0, rows));
    finish(crew, layer.down.bias, layer.output_norm);
  }

  // hidden_ = norm(hidden_ + bias), in both forms.
  void finish(Crew& crew, const std::vector<float>& bias, const Norm& norm) {
    crew.run(rows_.size(), 8, [&](size_t first, size_t last) {
      for (size_t r = first; r < last; ++r) {
        norm_.add(hidden_.row(r), bias.data(), c_.width);
        normalise(hidden_.row(r), norm);
        hidden_.quantise(gemm_, r, 0, c_.width);
      }
    });
  }

  void attend(size_t r) {
    const Row& row = rows_[r];
    const size_t count = (row.length + kPagePositions - 1) / kPagePositions;
    const float scale = 1.0f / std::sqrt(static_cast<float>(head_size_));
    std::vector<const uint16_t*> shares(count);
    std::vector<float> memory(count * kPagePositions + kTileColumns);
    float* scratch = memory.data() + (64 - reinterpret_cast<uintptr_t>(memory.data()) % 64) % 64 / sizeof(float);
    for (size_t h = 0; h < c_.heads; ++h) {
      for (size_t p = 0; p < count; ++p) shares[p] = share(row.page + p, h);
      attention_.attend(queries_.data() + c_.width * r + head_size_ * h, 1, head_size_, shares.data(), row.length, scale, scratch, attended_.row(r) + head_size_ * h);
    }
    attended_.quantise(gemm_, r, 0, c_.width);
  }

  void pool(size_t first, size_t last, float* out) const {
    for (size_t r = first; r < last; ++r) norm_.add(out, hidden_.row(r), c_.width);
    double sum = 0;
    for (size_t i = 0; i < c_.width; ++i) sum += static_cast<double>(out[i]) * static_cast<double>(out[i]);
    const double factor = sum > 0 ? 1 / std::sqrt(sum) : 0;
    for (size_t i = 0; i < c_.width; ++i) out[i] = static_cast<float>(out[i] * factor);
  }

  const EncoderConfig c_;
  const EncoderWeights weights_;
  const size_t rows_max_, head_size_;
  const Table& gemm_;
  const NormTable& norm_;
  const AttentionTable& attention_;
  Activations hidden_, attended_, inner_;
  Buffer<float> queries_, keys_, values_;
  Buffer<uint16_t> pages_;
  std::vector<Row> rows_;
};

}  // namespace

Outcome<std::unique_ptr<Encoder>> make_encoder(const EncoderConfig& config, const Tensors& tensors, uint32_t rows_max, std::string_view backend) {
  const size_t width = config.width, inner = config.inner_width;
  const auto refuse = [](const char* name, size_t found, const char* expected) {
    return Failure{Status::bad_argument, std::string(name) + ": expected " + expected + ", found " + std::to_string(found)};
  };
  if (config.layers == 0 || config.layers > 1024) return refuse("layers", config.layers, "1 to 1024");
  if (width == 0 || width % kGroup != 0 || width > 65536) return refuse("width", width, "a multiple of 32 up to 65536");
  if (inner == 0 || inner % kGroup != 0 || inner > 262144) return refuse("inner_width", inner, "a multiple of 32 up to 262144");
  if (config.heads == 0 || width % config.heads != 0 || width / config.heads % kGroup != 0 || width / config.heads > kHeadSizeMax)
    return refuse("heads", config.heads, "width / heads to be a multiple of 32 up to 256");
  if (config.vocabulary_size == 0 || config.vocabulary_size > 1u << 24) return refuse("vocabulary_size", config.vocabulary_size, "1 to 2^24");
  if (config.context_size == 0 || config.context_size > 65536) return refuse("context_size", config.context_size, "1 to 65536");
  if (rows_max == 0 || rows_max > 8192) return refuse("rows_max", rows_max, "1 to 8192");
  if (!(config.norm_epsilon >= 0) || !std::isfinite(config.norm_epsilon)) return Failure{Status::bad_argument, "norm_epsilon: expected a finite number, 0 or more"};
  const auto gemm = gemm_backend(backend);
  if (!gemm.ok()) return gemm.failure();
  const auto norm = norm_backend(backend);
  if (!norm.ok()) return norm.failure();
  const auto attention = attention_backend(backend);
  if (!attention.ok()) return attention.failure();

  Taker take(tensors);
  EncoderWeights weights;
  weights.words = take.matrix("embeddings.word_embeddings.weight", config.vocabulary_size, width);
  weights.positions = take.matrix("embeddings.position_embeddings.weight", config.context_size, width);
  weights.type = take.vector("embeddings.token_type_embeddings.weight", width);
  weights.norm = norm_of(take, "embeddings.LayerNorm", width);
  for (uint32_t i = 0; i < config.layers && !take.failure(); ++i) {
    const std::string block = "encoder.layer." + std::to_string(i) + ".";
    EncoderLayer layer;
    layer.query = dense(take, block + "attention.self.query", width, width);
    layer.key = dense(take, block + "attention.self.key", width, width);
    layer.value = dense(take, block + "attention.self.value", width, width);
    layer.attended = dense(take, block + "attention.output.dense", width, width);
    layer.attention_norm = norm_of(take, block + "attention.output.LayerNorm", width);
    layer.up = dense(take, block + "intermediate.dense", inner, width);
    layer.down = dense(take, block + "output.dense", width, inner);
    layer.output_norm = norm_of(take, block + "output.LayerNorm", width);
    weights.layers.push_back(std::move(layer));
  }
  if (take.failure()) return *take.failure();
  auto encoder = std::make_unique<BertEncoder>(config, std::move(weights), rows_max, **gemm, **norm, **attention);
  if (!encoder->there()) return Failure{Status::out_of_capacity, "no memory for batches of " + std::to_string(rows_max) + " tokens"};
  return std::unique_ptr<Encoder>(std::move(encoder));
}

}  // namespace zg::batching
