#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>

#include "batching/sample/api.hpp"
#include "batching/sample/cut.hpp"
#include "batching/sample/philox.hpp"
#include "common/backend.hpp"
#include "common/cpu.hpp"
#include "common/parallel.hpp"

namespace zg::batching::sample {

namespace {

#include "batching/sample/single.inl"

#define ZG_WEIGHT inline
#include "batching/sample/weight.inl"

constexpr float kMinusInfinity = -__builtin_huge_valf();
// Logits further below the highest than this, in units of the temperature, weigh nothing.
constexpr float kReach = 23.0f;
constexpr size_t kBlock = 256;

// Steps of 1/64 of the temperature in which keep_top() sorts coarsely.
constexpr size_t kBuckets = 64 * 24;

struct Scratch {
  std::vector<uint32_t> indexes, tokens, ranked, weights;
  std::vector<uint64_t> measures;
  std::vector<Bias> before;  // what changed logits were
};

// Larger logits first, among equals the smaller index.
struct Ranks {
  const float* logits;
  bool operator()(uint32_t a, uint32_t b) const { return logits[a] > logits[b] || (logits[a] == logits[b] && a < b); }
};

uint32_t weight_of(const Row& row, uint32_t token, float highest, float scale) {
  return static_cast<uint32_t>(weight<One>(row.logits[token], highest, scale));
}

void top_of(const Table& table, const Row& row, size_t count, float highest, double log_mass, Scratch& scratch, Drawn& drawn) {
  const size_t wanted = std::min<size_t>({row.top_count, kTopMax, count});
  if (wanted == 0) return;
  scratch.indexes.resize(count);
  size_t found = 0;
  for (const float reach : {8.0f, 16.0f, 64.0f, __builtin_huge_valf()}) {
    found = table.select(row.logits, count, reach == __builtin_huge_valf() ? std::numeric_limits<float>::lowest() : highest - reach, scratch.indexes.data());
    if (found >= wanted) break;
  }
  const size_t kept = std::min(found, wanted);
  std::partial_sort(scratch.indexes.begin(), scratch.indexes.begin() + static_cast<ptrdiff_t>(kept),
                    scratch.indexes.begin() + static_cast<ptrdiff_t>(found), Ranks{row.logits});
  for (size_t i = 0; i < kept; ++i) drawn.top[i] = {scratch.indexes[i], logprob_of(row.logits[scratch.indexes[i]], highest, log_mass)};
  drawn.top_count = static_cast<uint32_t>(kept);
}

// Bias, penalties and what is forbidden, in this order. Keeps what the logits were.
void change(const Table& table, Row& row, size_t count, Scratch& scratch) {
  const auto keep = [&](uint32_t token) {
    if (row.wants_logprob) scratch.before.push_back({token, row.logits[token]});
  };
  for (size_t i = 0; i < row.bias_count; ++i) {
    keep(row.biases[i].token);
    row.logits[row.biases[i].token] += row.biases[i].value;
  }
  if (has_penalties(row)) {
    for (size_t i = 0; i < row.seen_count; ++i) {
      keep(row.seen[i].token);
      row.logits[row.seen[i].token] = penalised(row.logits[row.seen[i].token], row.seen[i].generated, row.repetition, row.frequency, row.presence);
    }
  }
  for (size_t i = 0; i < row.forbidden_count; ++i) row.logits[row.forbidden[i]] = kMinusInfinity;
  if (row.allowed != nullptr) table.mask(row.logits, count, row.allowed);
}

// The first token in order of index at which the weights so far exceed `target`, among all.
uint32_t walk_all(const Table& table, const Row& row, size_t count, float highest, float scale, uint64_t target) {
  for (size_t at = 0; at < count; at += kBlock) {
    const size_t size = std::min(kBlock, count - at);
    const uint64_t here = table.mass(row.logits + at, size, highest, scale);
    if (target >= here) {
      target -= here;
      continue;
    }
    for (size_t i = at; i < at + size; ++i) {
      const uint32_t one = weight_of(row, static_cast<uint32_t>(i), highest, scale);
      if (target < one) return static_cast<uint32_t>(i);
      target -= one;
    }
  }
  return kNobody;
}

// Keeps of scratch.tokens (ascending) the fewest of highest rank whose measures (their number, or their weights) reach
// `need`; all of them when they never do. A coarse sort by distance from the highest finds where the last one lies, so only its
// neighbours are compared. The distance of a larger logit is never larger: rounding keeps the order.
void keep_top(const Row& row, float highest, float scale, bool by_weight, uint64_t need, Scratch& scratch) {
  auto& tokens = scratch.tokens;
  const auto measure = [&](uint32_t token) { return by_weight ? uint64_t{scratch.weights[token]} : 1; };
  const float step = 64.0f * scale;
  const auto bucket_of = [&](uint32_t token) {
    const float distance = (highest - row.logits[token]) * step;
    return distance < static_cast<float>(kBuckets - 1) ? static_cast<size_t>(distance) : kBuckets - 1;
  };
  scratch.measures.assign(kBuckets, 0);
  for (const uint32_t token : tokens) scratch.measures[bucket_of(token)] += measure(token);
  uint64_t before = 0;
  size_t last = 0;
  while (last < kBuckets && before + scratch.measures[last] < need) before += scratch.measures[last++];
  if (last == kBuckets) return;
  auto& ranked = scratch.ranked;
  ranked.clear();
  for (const uint32_t token : tokens)
    if (bucket_of(token) == last) ranked.push_back(token);
  const Ranks ranks{row.logits};
  std::sort(ranked.begin(), ranked.end(), ranks);
  size_t kept = 0;
  while (before < need) before += measure(ranked[kept++]);
  const uint32_t cut = ranked[kept - 1];
  tokens.erase(std::remove_if(tokens.begin(), tokens.end(), [&](uint32_t token) { return ranks(cut, token); }), tokens.end());
}

uint32_t draw_cut(const Table& table, const Row& row, size_t count, float highest, float scale, Scratch& scratch) {
  const bool has_k = row.top_k > 0 && row.top_k < count, has_p = row.top_p < 1.0f;
  scratch.indexes.resize(count);
  scratch.weights.resize(count);
  const auto& weights = scratch.weights;
  const uint64_t all = table.weigh(row.logits, count, highest, scale, scratch.weights.data());
  const auto mass_of = [&](const std::vector<uint32_t>& tokens) {
    uint64_t mass = 0;
    for (const uint32_t token : tokens) mass += weights[token];
    return mass;
  };
  // The candidates: everything from some logit on, in order of index; widened until nothing of the answer can lie below it.
  auto& tokens = scratch.tokens;
  for (const float reach : {5.0f, 9.0f, kReach}) {
    const float threshold = std::max(highest - reach * row.temperature, std::numeric_limits<float>::lowest());
    const size_t found = table.select(row.logits, count, threshold, scratch.indexes.data());
    tokens.assign(scratch.indexes.begin(), scratch.indexes.begin() + static_cast<ptrdiff_t>(found));
    if (has_k ? found >= row.top_k : has_p && mass_of(tokens) >= share_of(row.top_p, all)) break;
  }
  if (has_k && tokens.size() > row.top_k) keep_top(row, highest, scale, false, row.top_k, scratch);
  if (has_p) keep_top(row, highest, scale, true, share_of(row.top_p, has_k ? mass_of(tokens) : all), scratch);
  const uint32_t least = least_weight(row.min_p);
  uint64_t total = 0;
  for (const uint32_t token : tokens) total += weights[token] >= least ? weights[token] : 0;
  uint64_t target = draw_below(total, row.seed, row.stream, row.position);
  for (const uint32_t token : tokens) {
    if (weights[token] < least) continue;
    if (target < weights[token]) return token;
    target -= weights[token];
  }
  return kNobody;
}

void draw_one(const Table& table, Row& row, size_t count, Scratch& scratch, Drawn& drawn) {
  drawn = {};
  drawn.token = kNobody;
  scratch.before.clear();
  float highest = 0, raw_highest = 0;
  uint32_t best = kNobody;
  double log_mass = 0;
  if (row.wants_logprob) {
    table.peak(row.logits, count, &raw_highest, &best);
    if (best == kNobody) return;
    log_mass = std::log(static_cast<double>(table.mass(row.logits, count, raw_highest, 1.0f)) / kWeightOne);
    top_of(table, row, count, raw_highest, log_mass, scratch, drawn);
  }
  change(table, row, count, scratch);
  table.peak(row.logits, count, &highest, &best);
  if (best == kNobody) return;
  drawn.token = best;
  if (row.temperature >= kTemperatureMin && highest < __builtin_huge_valf()) {
    const float scale = 1.0f / row.temperature;
    const bool is_cut = (row.top_k > 0 && row.top_k < count) || row.top_p < 1.0f || row.min_p > 0.0f;
    const uint32_t token = is_cut ? draw_cut(table, row, count, highest, scale, scratch)
                                  : walk_all(table, row, count, highest, scale,
                                             draw_below(table.mass(row.logits, count, highest, scale), row.seed, row.stream, row.position));
    if (token != kNobody) drawn.token = token;
  }
  if (!row.wants_logprob) return;
  float logit = row.logits[drawn.token];
  for (size_t i = scratch.before.size(); i-- > 0;)
    if (scratch.before[i].token == drawn.token) logit = scratch.before[i].value;
  drawn.logprob = logprob_of(logit, raw_highest, log_mass);
}

bool self_test(const void* opaque) {
  const Table& table = *static_cast<const Table*>(opaque);
  float logits[40];
  for (int i = 0; i < 40; ++i) logits[i] = static_cast<float>((i * 7) % 40) * -0.5f;
  if (table.mass(logits, 40, 0.0f, 1.0f) != 2728908494) return false;
  constexpr uint32_t kKnown[4] = {13, 7, 23, 23};
  for (uint32_t i = 0; i < 4; ++i) {
    Row row;
    row.logits = logits, row.temperature = 4.0f, row.seed = 42, row.position = i, row.top_k = 30, row.top_p = 0.95f;
    Drawn drawn;
    draw_many(table, &row, 1, 40, &drawn);
    if (drawn.token != kKnown[i]) return false;
  }
  return true;
}

KernelBackends& kernel() {
  static KernelBackends backends("sample",
                                 {
#if defined(__x86_64__)
                                     {"avx512", kCpuAvx512, &avx512},
                                     {"avx2", kCpuAvx2, &avx2},
#endif
                                     {"scalar", 0, &scalar},
#if defined(ZG_EMU)
                                     {"emu", 0, &emu},
#endif
                                 },
                                 self_test);
  return backends;
}

[[maybe_unused]] KernelBackends& g_registered = kernel();

}  // namespace

Outcome<const Table*> backend(std::string_view name) {
  const Outcome<const void*> found = kernel().named(name);
  if (!found.ok()) return found.failure();
  return static_cast<const Table*>(*found);
}

void draw_many(const Table& table, Row* rows, size_t row_count, size_t vocabulary, Drawn* drawn) {
  if (table.rows != nullptr) {
    table.rows(rows, row_count, vocabulary, drawn);
    return;
  }
  parallel_for(row_count, 1, [&](size_t begin, size_t end) {
    Scratch scratch;
    for (size_t i = begin; i < end; ++i) draw_one(table, rows[i], vocabulary, scratch, drawn[i]);
  });
}

}  // namespace zg::batching::sample
