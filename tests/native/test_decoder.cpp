// The decoder behind the step contract: a tiny random model against sums written out here, invariance to batch mates, chunks,
// pages and threads, refusals.
#include <algorithm>
#include <cmath>
#include <cstring>
#include <random>
#include <vector>

#include "batching/model/api.hpp"
#include "check.hpp"
#include "common/parallel.hpp"

using namespace zg;
using namespace zg::batching;

namespace {

struct TinyModel {
  DecoderConfig config;
  std::map<std::string, std::vector<float>> values;
  std::shared_ptr<const DecoderWeights> weights;

  const std::vector<float>& at(const std::string& name) const { return values.at(name); }
  const std::vector<float>& at(size_t layer, const char* name) const { return values.at("blk." + std::to_string(layer) + "." + name); }
};

TinyModel make_model(std::mt19937& random, bool halves, bool tied) {
  TinyModel model;
  DecoderConfig& c = model.config;
  c = {.layers = 2, .width = 64, .heads = 4, .kv_heads = 2, .head_size = 32, .inner_width = 96, .vocabulary_size = 75, .context_size = 256};
  c.rope_size = 32;
  c.rope_halves = halves;
  std::map<std::string, std::pair<size_t, size_t>> shapes;
  shapes["token_embd.weight"] = {c.vocabulary_size, c.width};
  if (!tied) shapes["output.weight"] = {c.vocabulary_size, c.width};
  shapes["output_norm.weight"] = {1, c.width};
  for (uint32_t i = 0; i < c.layers; ++i) {
    const std::string block = "blk." + std::to_string(i) + ".";
    shapes[block + "attn_norm.weight"] = shapes[block + "ffn_norm.weight"] = {1, c.width};
    shapes[block + "attn_q.weight"] = {128, c.width};
    shapes[block + "attn_k.weight"] = shapes[block + "attn_v.weight"] = {64, c.width};
    if (halves) {
      shapes[block + "attn_q.bias"] = {1, 128};
      shapes[block + "attn_k.bias"] = shapes[block + "attn_v.bias"] = {1, 64};
    }
    shapes[block + "attn_output.weight"] = {c.width, 128};
    shapes[block + "ffn_gate.weight"] = shapes[block + "ffn_up.weight"] = {c.inner_width, c.width};
    shapes[block + "ffn_down.weight"] = {c.width, c.inner_width};
  }
  Tensors tensors;
  for (const auto& [name, shape] : shapes) {
    std::vector<float>& data = model.values[name];
    std::normal_distribution<float> spread(name.find("norm") != std::string::npos ? 1.0f : 0.0f, 0.15f);
    for (size_t i = 0; i < shape.first * shape.second; ++i) data.push_back(spread(random));
    tensors[name] = {TensorType::f32, {reinterpret_cast<const uint8_t*>(data.data()), 4 * data.size()}, shape.first, shape.second};
  }
  model.weights = *pack_decoder(c, tensors);
  return model;
}

// y = W x in double precision; W row-major [out, in].
std::vector<double> times(const std::vector<float>& w, const std::vector<double>& x) {
  std::vector<double> y(w.size() / x.size());
  for (size_t o = 0; o < y.size(); ++o)
    for (size_t i = 0; i < x.size(); ++i) y[o] += static_cast<double>(w[o * x.size() + i]) * x[i];
  return y;
}

std::vector<double> normed(const std::vector<double>& x, const std::vector<float>& w) {
  double sum = 0;
  for (const double v : x) sum += v * v;
  const double factor = 1 / std::sqrt(sum / static_cast<double>(x.size()) + 1e-5);
  std::vector<double> y(x.size());
  for (size_t i = 0; i < x.size(); ++i) y[i] = x[i] * factor * static_cast<double>(w[i]);
  return y;
}

// Keys and values are kept with 8 bits of mantissa.
std::vector<double> rounded(std::vector<double> v) {
  for (double& x : v) {
    int exponent;
    const double mantissa = std::frexp(x, &exponent);
    x = std::ldexp(std::nearbyint(std::ldexp(mantissa, 8)), exponent - 8);
  }
  return v;
}

// Logits of every position, from the formulas alone.
std::vector<std::vector<double>> plain_logits(const TinyModel& m, const std::vector<uint32_t>& tokens) {
  const DecoderConfig& c = m.config;
  const size_t d = c.head_size;
  std::vector<std::vector<double>> x, out;
  for (const uint32_t token : tokens) {
    const float* row = m.at("token_embd.weight").data() + token * c.width;
    x.emplace_back(row, row + c.width);
  }
  const auto turned = [&](std::vector<double> v, size_t position) {
    for (size_t h = 0; h < v.size() / d; ++h)
      for (size_t i = 0; i < d / 2; ++i) {
        const double angle = static_cast<double>(position) * std::pow(10000.0, -2.0 * static_cast<double>(i) / static_cast<double>(d));
        double &a = v[h * d + (c.rope_halves ? i : 2 * i)], &b = v[h * d + (c.rope_halves ? i + d / 2 : 2 * i + 1)];
        const double left = a * std::cos(angle) - b * std::sin(angle), right = b * std::cos(angle) + a * std::sin(angle);
        a = left;
        b = right;
      }
    return v;
  };
  for (size_t layer = 0; layer < c.layers; ++layer) {
    std::vector<std::vector<double>> keys, values;
    const auto projected = [&](const char* weight, const char* bias, const std::vector<double>& input) {
      std::vector<double> y = times(m.at(layer, weight), input);
      if (c.rope_halves)
        for (size_t i = 0; i < y.size(); ++i) y[i] += static_cast<double>(m.at(layer, bias)[i]);
      return y;
    };
    for (size_t p = 0; p < tokens.size(); ++p) {
      const std::vector<double> input = normed(x[p], m.at(layer, "attn_norm.weight"));
      const std::vector<double> query = turned(projected("attn_q.weight", "attn_q.bias", input), p);
      keys.push_back(rounded(turned(projected("attn_k.weight", "attn_k.bias", input), p)));
      values.push_back(rounded(projected("attn_v.weight", "attn_v.bias", input)));
      std::vector<double> attended(query.size());
      for (size_t h = 0; h < c.heads; ++h) {
        const size_t kv = h / (c.heads / c.kv_heads);
        std::vector<double> weights;
        double sum = 0;
        for (size_t at = 0; at <= p; ++at) {
          double score = 0;
          for (size_t i = 0; i < d; ++i) score += query[h * d + i] * keys[at][kv * d + i];
          weights.push_back(std::exp(score / std::sqrt(static_cast<double>(d))));
          sum += weights.back();
        }
        for (size_t at = 0; at <= p; ++at)
          for (size_t i = 0; i < d; ++i) attended[h * d + i] += weights[at] / sum * values[at][kv * d + i];
      }
      const std::vector<double> back = times(m.at(layer, "attn_output.weight"), attended);
      for (size_t i = 0; i < c.width; ++i) x[p][i] += back[i];
    }
    for (size_t p = 0; p < tokens.size(); ++p) {
      const std::vector<double> input = normed(x[p], m.at(layer, "ffn_norm.weight"));
      std::vector<double> gate = times(m.at(layer, "ffn_gate.weight"), input);
      const std::vector<double> up = times(m.at(layer, "ffn_up.weight"), input);
      for (size_t i = 0; i < gate.size(); ++i) gate[i] = gate[i] / (1 + std::exp(-gate[i])) * up[i];
      const std::vector<double> back = times(m.at(layer, "ffn_down.weight"), gate);
      for (size_t i = 0; i < c.width; ++i) x[p][i] += back[i];
    }
  }
  const auto& head = m.values.contains("output.weight") ? m.at("output.weight") : m.at("token_embd.weight");
  for (const auto& row : x) out.push_back(times(head, normed(row, m.at("output_norm.weight"))));
  return out;
}

// A batch that owns its arrays.
struct OwnBatch {
  std::vector<uint32_t> tokens, positions, sequences, offsets{0}, pages;
  std::vector<Want> wants;

  // Rows of one sequence from position `first` on; `table`: its pages.
  void add(const std::vector<uint32_t>& run, uint32_t first, const std::vector<uint32_t>& table, Want want = Want::logits) {
    for (size_t i = 0; i < run.size(); ++i) {
      tokens.push_back(run[i]);
      positions.push_back(first + static_cast<uint32_t>(i));
      sequences.push_back(static_cast<uint32_t>(offsets.size() - 1));
      wants.push_back(want);
    }
    pages.insert(pages.end(), table.begin(), table.end());
    offsets.push_back(static_cast<uint32_t>(pages.size()));
  }
  Batch view() const { return {tokens, positions, sequences, wants, offsets, pages}; }
};

std::vector<uint32_t> random_tokens(std::mt19937& random, size_t count, uint32_t below) {
  std::vector<uint32_t> out(count);
  for (uint32_t& token : out) token = static_cast<uint32_t>(random() % below);
  return out;
}

void against_formulas(std::mt19937& random, bool halves, bool tied) {
  const TinyModel model = make_model(random, halves, tied);
  const auto runner = std::move(*make_decoder(model.weights, 8, 64, ""));
  const std::vector<uint32_t> tokens = random_tokens(random, 37, model.config.vocabulary_size);
  OwnBatch batch;
  batch.add(tokens, 0, {5, 2, 7});
  Answers answers;
  CHECK(!runner->step(batch.view(), answers));
  const auto known = plain_logits(model, tokens);
  CHECK(answers.logits.size() == tokens.size() * model.config.vocabulary_size);
  double worst = 0;
  for (size_t p = 0; p < tokens.size(); ++p) {
    const float* found = answers.logits.data() + p * model.config.vocabulary_size;
    for (size_t v = 0; v < model.config.vocabulary_size; ++v) worst = std::max(worst, std::fabs(static_cast<double>(found[v]) - known[p][v]));
    CHECK(answers.best[p] == static_cast<size_t>(std::max_element(found, found + model.config.vocabulary_size) - found));
  }
  CHECK(worst < 0.003);
}

// The same sequence in chunks, among others, on other pages, with other thread counts: the same bits.
void invariance(std::mt19937& random) {
  const TinyModel model = make_model(random, false, true);
  const uint32_t vocabulary = model.config.vocabulary_size;
  const std::vector<uint32_t> tokens = random_tokens(random, 50, vocabulary);
  Answers alone;
  {
    const auto runner = std::move(*make_decoder(model.weights, 4, 64, ""));
    OwnBatch batch;
    batch.add(tokens, 0, {0, 1, 2, 3});
    CHECK(!runner->step(batch.view(), alone));
  }
  for (const unsigned threads : {1u, 2u, 5u}) {
    set_thread_count(threads);
    const auto runner = std::move(*make_decoder(model.weights, 40, 64, ""));
    std::vector<float> logits;
    Answers answers;
    const std::vector<uint32_t> own = {9, 30, 4, 17};
    for (size_t at = 0; at < tokens.size();) {
      const size_t count = std::min<size_t>(1 + random() % 20, tokens.size() - at);
      OwnBatch batch;
      const std::vector<uint32_t> run(tokens.begin() + static_cast<long>(at), tokens.begin() + static_cast<long>(at + count));
      batch.add(random_tokens(random, 1 + random() % 9, vocabulary), 0, {11});
      const size_t before = batch.tokens.size();
      batch.add(run, static_cast<uint32_t>(at), own);
      batch.add(random_tokens(random, 1 + random() % 17, vocabulary), 0, {12, 13});
      CHECK(!runner->step(batch.view(), answers));
      const auto first = answers.logits.begin() + static_cast<long>(before * vocabulary);
      logits.insert(logits.end(), first, first + static_cast<long>(count * vocabulary));
      at += count;
    }
    CHECK(logits.size() == alone.logits.size() && std::memcmp(logits.data(), alone.logits.data(), 4 * logits.size()) == 0);

    // A fork: the last page copied, the last position written again on the copy.
    CHECK(!runner->copy_page(17, 20));
    OwnBatch fork;
    fork.add({tokens.back()}, 49, {9, 30, 4, 20}, Want::greedy);
    CHECK(!runner->step(fork.view(), answers));
    CHECK(answers.best.size() == 1 && answers.best[0] == alone.best.back() && answers.best_logits[0] == alone.best_logits.back());
    CHECK(answers.logits.empty());
  }
  set_thread_count(0);
}

void refusals(std::mt19937& random) {
  const TinyModel model = make_model(random, false, true);
  const auto runner = std::move(*make_decoder(model.weights, 4, 8, ""));
  Answers answers;
  const auto refused = [&](const OwnBatch& batch) { return runner->step(batch.view(), answers).has_value(); };
  const auto single = [](uint32_t token, uint32_t position, const std::vector<uint32_t>& table) {
    OwnBatch batch;
    batch.add({token}, position, table);
    return batch;
  };
  CHECK(!refused(OwnBatch{}));
  CHECK(!refused(single(74, 16, {0, 3})));
  CHECK(refused(single(75, 0, {0})));
  CHECK(refused(single(0, 256, std::vector<uint32_t>(17, 0))));
  CHECK(refused(single(0, 16, {0})));
  CHECK(refused(single(0, 0, {4})));
  CHECK(refused(single(0, UINT32_MAX, {0})));
  OwnBatch batch = single(0, 0, {0});
  batch.sequences[0] = UINT32_MAX;
  CHECK(refused(batch));
  batch = single(0, 0, {0});
  batch.wants[0] = static_cast<Want>(3);
  CHECK(refused(batch));
  batch = single(0, 0, {0});
  batch.offsets = {0, 2};
  CHECK(refused(batch));
  batch.offsets = {};
  CHECK(refused(batch));
  batch = single(0, 0, {0});
  batch.positions.clear();
  CHECK(refused(batch));
  batch = OwnBatch{};
  batch.add({1, 2, 3}, 0, {0});
  batch.positions[2] = 3;
  CHECK(refused(batch));
  batch = OwnBatch{};
  batch.add({1}, 0, {0});
  batch.add({1}, 0, {0});
  CHECK(refused(batch));  // two writers of a page
  batch = OwnBatch{};
  batch.add({1}, 0, {0});
  batch.add({1}, 0, {1});
  batch.add({1}, 1, {0});
  batch.sequences[2] = 0;
  CHECK(refused(batch));  // a run in two parts
  batch = OwnBatch{};
  batch.add(random_tokens(random, 9, 75), 0, {0});
  CHECK(refused(batch));
  CHECK(runner->copy_page(0, 4).has_value());
  CHECK(runner->copy_page(4, 0).has_value());

  CHECK(!make_decoder(model.weights, 0, 1, "").ok());
  CHECK(!make_decoder(model.weights, 1, 0, "").ok());
  CHECK(!make_decoder(model.weights, 1, 1, "avx9").ok());
  CHECK(!pack_decoder(model.config, {}).ok());
  DecoderConfig config = model.config;
  config.head_size = 40;
  CHECK(!pack_decoder(config, {}).ok());
}

}  // namespace

int main() {
  std::mt19937 random(5);
  for (const bool halves : {false, true})
    for (const bool tied : {false, true}) against_formulas(random, halves, tied);
  invariance(random);
  refusals(random);
  return check_report();
}
