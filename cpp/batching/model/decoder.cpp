// The step of a decoder. Every section works on all rows of the batch and ends before the next begins; what a row computes does
// not depend on how sections are cut.
#include <algorithm>
#include <cmath>
#include <cstring>

#include "batching/attention/api.hpp"
#include "batching/model/rows.hpp"
#include "batching/model/weights.hpp"
#include "batching/norm/api.hpp"

namespace zg::batching {

namespace {

// Rows that a piece of the gated section, columns that a piece of the output head keep in their scratch.
constexpr size_t kGateRows = 64, kHeadRows = 32, kHeadTiles = 8;

struct Best {
  float logit;
  uint32_t token;
};

class Decoder final : public StepRunner {
 public:
  Decoder(std::shared_ptr<const DecoderWeights> weights, const Limits& limits, const Table& gemm, const NormTable& norm, const AttentionTable& attention)
      : weights_(std::move(weights)),
        c_(weights_->config),
        limits_(limits),
        gemm_(gemm),
        norm_(norm),
        attention_(attention),
        queries_size_(size_t{c_.heads} * c_.head_size),
        keys_size_(size_t{c_.kv_heads} * c_.head_size),
        hidden_(size_t{limits.rows_max} * c_.width),
        normed_(limits.rows_max, c_.width),
        queries_(size_t{limits.rows_max} * queries_size_),
        keys_(size_t{limits.rows_max} * keys_size_),
        values_(size_t{limits.rows_max} * keys_size_),
        attended_(limits.rows_max, queries_size_),
        gated_(limits.rows_max, c_.inner_width),
        turns_(size_t{limits.rows_max} * c_.rope_size),
        share_size_(page_values(c_.head_size)),
        pages_(page_size_bytes(*weights_) / sizeof(uint16_t) * limits.page_count) {}

  bool there() const {
    return hidden_ && normed_.there() && queries_ && keys_ && values_ && attended_.there() && gated_.there() && turns_ && pages_;
  }

  const Limits& limits() const override { return limits_; }

  std::optional<Failure> step(const Batch& batch, Answers& answers) override {
    if (auto fault = check_batch(batch, limits_)) return fault;
    answers.rows.clear();
    answers.best.clear();
    answers.best_logits.clear();
    answers.logit_rows.clear();
    answers.logits.clear();
    if (batch.tokens.empty()) return std::nullopt;
    Crew crew;
    begin(crew, batch);
    for (uint32_t layer = 0; layer < c_.layers; ++layer) run_layer(crew, batch, layer);
    answer(crew, batch, answers);
    return std::nullopt;
  }

  std::optional<Failure> copy_page(uint32_t from, uint32_t to) override {
    if (from >= limits_.page_count || to >= limits_.page_count)
      return Failure{Status::bad_argument, "copy_page: expected pages below " + std::to_string(limits_.page_count)};
    const size_t size = c_.kv_heads * share_size_;
    for (uint32_t layer = 0; layer < c_.layers && from != to; ++layer) std::memcpy(share(layer, to, 0), share(layer, from, 0), size * sizeof(uint16_t));
    return std::nullopt;
  }

 private:
  uint16_t* share(size_t layer, size_t page, size_t kv_head) const {
    return pages_.data() + ((layer * limits_.page_count + page) * c_.kv_heads + kv_head) * share_size_;
  }

  // Embeddings, and the angles of every row's position.
  void begin(Crew& crew, const Batch& batch) {
    const size_t pairs = c_.rope_size / 2;
    crew.run(batch.tokens.size(), 4, [&](size_t first, size_t last) {
      for (size_t r = first; r < last; ++r) {
        unpack_column(weights_->embedding, batch.tokens[r], hidden_.data() + c_.width * r);
        float* turns = turns_.data() + c_.rope_size * r;
        for (size_t i = 0; i < pairs; ++i) {
          const double angle = weights_->turning[i] * batch.positions[r];
          turns[i] = static_cast<float>(std::cos(angle));
          turns[pairs + i] = static_cast<float>(std::sin(angle));
        }
      }
    });
  }

  // normed_[to] = norm of hidden_[from], in both forms.
  void normalise(size_t from, size_t to, const std::vector<float>& weight) const {
    norm_.rms_norm(hidden_.data() + c_.width * from, weight.data(), c_.norm_epsilon, c_.width, normed_.row(to));
    normed_.quantise(gemm_, to, 0, c_.width);
  }

  void normalise_all(Crew& crew, size_t rows, const std::vector<float>& weight) {
    crew.run(rows, 8, [&](size_t first, size_t last) {
      for (size_t r = first; r < last; ++r) normalise(r, r, weight);
    });
  }

  void run_layer(Crew& crew, const Batch& batch, uint32_t number) {
    const Layer& layer = weights_->layers[number];
    const size_t rows = batch.tokens.size();
    normalise_all(crew, rows, layer.attention_norm);
    multiply(crew, gemm_, {{&layer.query, queries_.data(), queries_size_, false}, {&layer.key, keys_.data(), keys_size_, false}, {&layer.value, values_.data(), keys_size_, false}},
             normed_.rows(0, rows));
    crew.run(rows, 8, [&](size_t first, size_t last) {
      for (size_t r = first; r < last; ++r) store(batch, number, r);
    });
    crew.run(rows * c_.kv_heads, 1, [&](size_t first, size_t last) { attend(batch, number, first, last); });
    multiply(crew, gemm_, {{&layer.output, hidden_.data(), c_.width, true}}, attended_.rows(0, rows));
    normalise_all(crew, rows, layer.ffn_norm);
    crew.run(c_.inner_width / kGroup, 1, [&](size_t first, size_t last) {
      for (size_t g = first; g < last; ++g) gate(layer, rows, g);
    });
    multiply(crew, gemm_, {{&layer.down, hidden_.data(), c_.width, true}}, gated_.rows(0, rows));
  }

  // Biases and turns; the key and the value into the row's page.
  void store(const Batch& batch, uint32_t number, size_t r) {
    const Layer& layer = weights_->layers[number];
    float *query = queries_.data() + queries_size_ * r, *key = keys_.data() + keys_size_ * r, *value = values_.data() + keys_size_ * r;
    if (!layer.query_bias.empty()) norm_.add(query, layer.query_bias.data(), queries_size_);
    if (!layer.key_bias.empty()) norm_.add(key, layer.key_bias.data(), keys_size_);
    if (!layer.value_bias.empty()) norm_.add(value, layer.value_bias.data(), keys_size_);
    const float* turns = turns_.data() + c_.rope_size * r;
    norm_.rope(query, c_.heads, c_.head_size, turns, c_.rope_size / 2, c_.rope_halves);
    norm_.rope(key, c_.kv_heads, c_.head_size, turns, c_.rope_size / 2, c_.rope_halves);
    const size_t position = batch.positions[r];
    const uint32_t page = batch.pages[batch.page_offsets[batch.sequences[r]] + position / kPageTokens];
    for (size_t h = 0; h < c_.kv_heads; ++h)
      attention_.store(key + c_.head_size * h, value + c_.head_size * h, c_.head_size, share(number, page, h), position % kPageTokens);
  }

  // Work items are (row, key head) pairs, a row's heads side by side.
  void attend(const Batch& batch, uint32_t number, size_t first, size_t last) {
    const size_t group = c_.heads / c_.kv_heads, size = c_.head_size;
    const float scale = 1.0f / std::sqrt(static_cast<float>(size));
    thread_local std::vector<const uint16_t*> shares;
    thread_local std::vector<float> memory;
    for (size_t item = first; item < last; ++item) {
      const size_t r = item / c_.kv_heads, h = item % c_.kv_heads, length = size_t{batch.positions[r]} + 1;
      const size_t page_count = (length + kPageTokens - 1) / kPageTokens;
      const uint32_t* pages = batch.pages.data() + batch.page_offsets[batch.sequences[r]];
      shares.resize(page_count);
      for (size_t p = 0; p < page_count; ++p) shares[p] = share(number, pages[p], h);
      memory.resize(page_count * kPageTokens * group + kTileColumns);
      float* scratch = memory.data() + (64 - reinterpret_cast<uintptr_t>(memory.data()) % 64) % 64 / sizeof(float);
      attention_.attend(queries_.data() + queries_size_ * r + size * group * h, group, size, shares.data(), length, scale, scratch,
                        attended_.row(r) + size * group * h);
      attended_.quantise(gemm_, r, size * group * h, size * group);
    }
  }

  // One group of 32 columns of the gated section, for all rows: both products, the gate, the quantised form.
  void gate(const Layer& layer, size_t rows, size_t group) {
    alignas(64) float gates[kGateRows * kGroup], ups[kGateRows * kGroup];
    constexpr size_t kTiles = kGroup / kTileColumns;
    for (size_t first = 0; first < rows; first += kGateRows) {
      const size_t count = std::min(kGateRows, rows - first);
      const Rows input = normed_.rows(first, count);
      gemm_.product(layer.gate.format, layer.gate.tile(kTiles * group), kTiles, c_.width, input, gates, kGroup, false);
      gemm_.product(layer.up.format, layer.up.tile(kTiles * group), kTiles, c_.width, input, ups, kGroup, false);
      norm_.swiglu(gates, ups, count * kGroup);
      for (size_t r = 0; r < count; ++r) {
        std::memcpy(gated_.row(first + r) + kGroup * group, gates + kGroup * r, kGroup * sizeof(float));
        gated_.quantise(gemm_, first + r, kGroup * group, kGroup);
      }
    }
  }

  // The head, for wanted rows alone.
  void answer(Crew& crew, const Batch& batch, Answers& answers) {
    std::vector<int64_t> logits_at;  // where the row's logits go, -1: nowhere
    for (size_t r = 0; r < batch.tokens.size(); ++r) {
      if (batch.wants[r] == Want::nothing) continue;
      logits_at.push_back(-1);
      if (batch.wants[r] == Want::logits) {
        logits_at.back() = static_cast<int64_t>(answers.logit_rows.size());
        answers.logit_rows.push_back(static_cast<uint32_t>(answers.rows.size()));
      }
      answers.rows.push_back(static_cast<uint32_t>(r));
    }
    const size_t wanted = answers.rows.size(), vocabulary = c_.vocabulary_size;
    if (wanted == 0) return;
    answers.logits.resize(answers.logit_rows.size() * vocabulary);
    crew.run(wanted, 8, [&](size_t first, size_t last) {
      for (size_t i = first; i < last; ++i) normalise(answers.rows[i], i, weights_->norm);
    });
    const Weights& head = weights_->output();
    const size_t chunks = (head.tile_count() + kHeadTiles - 1) / kHeadTiles;
    std::vector<Best> bests(chunks * wanted);
    crew.run(chunks, 1, [&](size_t begin_chunk, size_t end_chunk) {
      alignas(64) float scratch[kHeadRows * kHeadTiles * kTileColumns];
      constexpr size_t kStride = kHeadTiles * kTileColumns;
      for (size_t chunk = begin_chunk; chunk < end_chunk; ++chunk) {
        const size_t tile = chunk * kHeadTiles, tiles = std::min(kHeadTiles, head.tile_count() - tile);
        const size_t column = tile * kTileColumns, columns = std::min(tiles * kTileColumns, vocabulary - column);
        for (size_t first = 0; first < wanted; first += kHeadRows) {
          const size_t count = std::min(kHeadRows, wanted - first);
          gemm_.product(head.format, head.tile(tile), tiles, c_.width, normed_.rows(first, count), scratch, kStride, false);
          for (size_t r = 0; r < count; ++r) {
            const float* found = scratch + kStride * r;
            const size_t best = gemm_.largest(found, columns);
            bests[chunk * wanted + first + r] = {found[best], static_cast<uint32_t>(column + best)};
            const int64_t to = logits_at[first + r];
            if (to >= 0) std::memcpy(answers.logits.data() + static_cast<size_t>(to) * vocabulary + column, found, columns * sizeof(float));
          }
        }
      }
    });
    for (size_t i = 0; i < wanted; ++i) {
      Best best = bests[i];
      for (size_t chunk = 1; chunk < chunks; ++chunk)
        if (bests[chunk * wanted + i].logit > best.logit) best = bests[chunk * wanted + i];
      answers.best.push_back(best.token);
      answers.best_logits.push_back(best.logit);
    }
  }

  std::shared_ptr<const DecoderWeights> weights_;
  const DecoderConfig& c_;
  Limits limits_;
  const Table& gemm_;
  const NormTable& norm_;
  const AttentionTable& attention_;
  size_t queries_size_, keys_size_;
  Buffer<float> hidden_;
  Activations normed_;
  Buffer<float> queries_, keys_, values_;
  Activations attended_, gated_;
  Buffer<float> turns_;
  size_t share_size_;
  Buffer<uint16_t> pages_;
};

}  // namespace

Outcome<std::unique_ptr<StepRunner>> make_decoder(std::shared_ptr<const DecoderWeights> weights, uint32_t page_count, uint32_t rows_max,
                                                  std::string_view backend) {
  constexpr uint32_t kRowsMax = 8192, kPagesMax = 1u << 24;
  if (page_count == 0 || page_count > kPagesMax) return Failure{Status::bad_argument, "page_count: expected 1 to 2^24, found " + std::to_string(page_count)};
  if (rows_max == 0 || rows_max > kRowsMax) return Failure{Status::bad_argument, "rows_max: expected 1 to 8192, found " + std::to_string(rows_max)};
  const auto gemm = gemm_backend(backend);
  if (!gemm.ok()) return gemm.failure();
  const auto norm = norm_backend(backend);
  if (!norm.ok()) return norm.failure();
  const auto attention = attention_backend(backend);
  if (!attention.ok()) return attention.failure();
  const Limits limits{weights->config.vocabulary_size, weights->config.context_size, page_count, rows_max};
  auto decoder = std::make_unique<Decoder>(std::move(weights), limits, **gemm, **norm, **attention);
  if (!decoder->there()) return Failure{Status::out_of_capacity, "no memory for " + std::to_string(page_count) + " pages and " + std::to_string(rows_max) + " rows"};
  return std::unique_ptr<StepRunner>(std::move(decoder));
}

}  // namespace zg::batching
