// The sampler: every backend against the plain statement of the rules, and against each other bit for bit.
#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <random>
#include <vector>

#include "batching/sample/api.hpp"
#include "batching/sample/philox.hpp"
#include "check.hpp"

using namespace zg;
using namespace zg::batching::sample;

namespace {

constexpr float kInfinity = std::numeric_limits<float>::infinity();

std::vector<const Table*> tables() {
  std::vector<const Table*> found;
  for (const char* name : {"scalar", "avx2", "avx512", "emu"}) {
    const Outcome<const Table*> table = backend(name);
    if (table.ok())
      found.push_back(*table);
    else
      std::printf("without %s: %s\n", name, table.failure().message.c_str());
  }
  return found;
}

// Random123's known answers for philox4x32-10.
void test_philox() {
  const auto same = [](Four got, uint32_t a, uint32_t b, uint32_t c, uint32_t d) {
    return got.word[0] == a && got.word[1] == b && got.word[2] == c && got.word[3] == d;
  };
  const uint32_t f = 0xffffffff;
  CHECK(same(philox({{0, 0, 0, 0}}, 0), 0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8));
  CHECK(same(philox({{f, f, f, f}}, ~uint64_t{0}), 0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd));
  CHECK(same(philox({{0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344}}, 0x299f31d0a4093822), 0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1));
  for (uint64_t total : {uint64_t{1}, uint64_t{2}, uint64_t{1} << 30, uint64_t{49152} << 30, ~uint64_t{0}})
    for (uint64_t position = 0; position < 50; ++position) {
      const Four word = philox({{static_cast<uint32_t>(position), 0, 3, 0}}, 77);
      const unsigned __int128 product = static_cast<unsigned __int128>(word.word[0] | static_cast<uint64_t>(word.word[1]) << 32) * total;
      CHECK(draw_below(total, 77, 3, position) == static_cast<uint64_t>(product >> 64));
    }
}

struct Case {
  std::vector<float> logits;
  std::vector<Bias> biases;
  std::vector<Seen> seen;
  std::vector<uint32_t> forbidden, allowed;
  Row row;

  Row bound(std::vector<float>& copy) const {
    copy = logits;
    Row one = row;
    one.logits = copy.data();
    one.biases = biases.data(), one.bias_count = biases.size();
    one.seen = seen.data(), one.seen_count = seen.size();
    one.forbidden = forbidden.data(), one.forbidden_count = forbidden.size();
    one.allowed = allowed.empty() ? nullptr : allowed.data();
    return one;
  }
};

// Ranks and probabilities in double, sorted, without thresholds or integers. Returns the tokens that may come out.
std::vector<uint32_t> allowed_tokens(const Case& one, double slack) {
  std::vector<float> z = one.logits;
  for (const Bias& bias : one.biases) z[bias.token] += bias.value;
  const Row& row = one.row;
  if (row.repetition != 1.0f || row.frequency != 0.0f || row.presence != 0.0f)
    for (const Seen& seen : one.seen) {
      float& x = z[seen.token];
      x = x > 0 ? x / row.repetition : x * row.repetition;
      if (seen.generated > 0) x = (x - row.frequency * static_cast<float>(seen.generated)) - row.presence;
    }
  for (uint32_t token : one.forbidden) z[token] = -kInfinity;
  std::vector<uint32_t> ranked;
  for (uint32_t i = 0; i < z.size(); ++i) {
    if (!one.allowed.empty() && (one.allowed[i / 32] >> (i % 32) & 1) == 0) continue;
    if (z[i] > -kInfinity) ranked.push_back(i);
  }
  std::stable_sort(ranked.begin(), ranked.end(), [&](uint32_t a, uint32_t b) { return z[a] > z[b]; });
  if (ranked.empty()) return {};
  if (row.temperature < kTemperatureMin) return {ranked[0]};
  if (row.top_k > 0 && row.top_k < ranked.size()) ranked.resize(row.top_k);
  std::vector<double> p;
  double total = 0;
  for (uint32_t token : ranked) p.push_back(std::exp((static_cast<double>(z[token]) - static_cast<double>(z[ranked[0]])) / static_cast<double>(row.temperature)));
  for (double x : p) total += x;
  std::vector<uint32_t> kept;
  double before = 0;
  for (size_t i = 0; i < ranked.size(); ++i) {
    if (row.top_p < 1.0f && before / total >= static_cast<double>(row.top_p) + slack) break;
    if (p[i] >= static_cast<double>(row.min_p) * (1 - slack)) kept.push_back(ranked[i]);
    before += p[i];
  }
  return kept;
}

Case random_case(std::mt19937_64& random, size_t vocabulary) {
  const auto below = [&](size_t n) { return static_cast<size_t>(random() % n); };
  const auto pick = [&](std::initializer_list<float> of) { return *(of.begin() + below(of.size())); };
  Case one;
  std::normal_distribution<float> normal(0, pick({0.1f, 2.0f, 6.0f}));
  one.logits.resize(vocabulary);
  const bool has_ties = below(3) == 0;
  for (float& z : one.logits) z = has_ties ? std::round(normal(random)) : normal(random);
  if (has_ties) one.logits[below(vocabulary)] = -0.0f;
  if (below(6) == 0)
    for (size_t i = 0; i < vocabulary; i += 1 + below(5)) one.logits[i] = below(2) == 0 ? -kInfinity : std::numeric_limits<float>::quiet_NaN();
  std::vector<uint32_t> order(vocabulary);
  for (uint32_t i = 0; i < vocabulary; ++i) order[i] = i;
  std::shuffle(order.begin(), order.end(), random);
  const size_t most = std::min<size_t>(vocabulary, 40);
  for (size_t i = 0, n = below(2) * below(most); i < n; ++i) one.biases.push_back({order[i], pick({-100, -1, 0.5f, 3, 100})});
  std::shuffle(order.begin(), order.end(), random);
  for (size_t i = 0, n = below(2) * below(most); i < n; ++i) one.seen.push_back({order[i], static_cast<uint32_t>(below(4))});
  std::shuffle(order.begin(), order.end(), random);
  for (size_t i = 0, n = below(2) * below(3); i < n && i < vocabulary; ++i) one.forbidden.push_back(order[i]);
  if (below(4) == 0) {
    one.allowed.resize((vocabulary + 31) / 32);
    const uint64_t density = below(4);
    for (uint32_t& word : one.allowed) word = static_cast<uint32_t>(density == 0 ? (below(20) == 0 ? random() : 0) : random());
  }
  one.row.temperature = pick({0, 0, 0.3f, 0.7f, 1, 1.5f, 2, 100});
  one.row.top_k = below(2) == 0 ? 0 : static_cast<uint32_t>(1 + below(below(2) == 0 ? 5 : 2 * vocabulary));
  one.row.top_p = pick({1, 1, 0.95f, 0.5f, 0.01f, 0.999f});
  one.row.min_p = pick({0, 0, 0.05f, 0.5f, 1});
  one.row.repetition = pick({1, 1.3f, 0.7f});
  one.row.frequency = pick({0, 0.4f, -2});
  one.row.presence = pick({0, 1, -0.3f});
  one.row.seed = random(), one.row.stream = static_cast<uint32_t>(below(3)), one.row.position = below(1000);
  one.row.wants_logprob = below(2) == 0;
  one.row.top_count = one.row.wants_logprob ? static_cast<uint32_t>(below(kTopMax + 1)) : 0;
  return one;
}

bool same(const Drawn& a, const Drawn& b) {
  if (a.token != b.token || std::memcmp(&a.logprob, &b.logprob, 4) != 0 || a.top_count != b.top_count) return false;
  return std::memcmp(a.top, b.top, a.top_count * sizeof a.top[0]) == 0;
}

void test_backends(uint64_t seed, size_t vocabulary, size_t rows) {
  std::mt19937_64 random(seed);
  std::vector<Case> cases;
  for (size_t i = 0; i < rows; ++i) cases.push_back(random_case(random, vocabulary));
  std::vector<Drawn> want(rows), got(rows), alone(1);
  for (const Table* table : tables()) {
    std::vector<std::vector<float>> copies(rows);
    std::vector<Row> batch;
    for (size_t i = 0; i < rows; ++i) batch.push_back(cases[i].bound(copies[i]));
    draw_many(*table, batch.data(), rows, vocabulary, got.data());
    if (table == &scalar) want = got;
    for (size_t i = 0; i < rows; ++i) {
      CHECK(same(got[i], want[i]));
      if (table == &emu) continue;
      std::vector<float> copy;
      Row one = cases[i].bound(copy);
      draw_many(*table, &one, 1, vocabulary, alone.data());
      CHECK(same(alone[0], want[i]));  // batch mates change nothing
    }
  }
  for (size_t i = 0; i < rows; ++i) {
    const std::vector<uint32_t> may = allowed_tokens(cases[i], 1e-4);
    if (may.empty()) {
      CHECK(want[i].token == kNobody);
      continue;
    }
    const bool is_raw_dead = std::none_of(cases[i].logits.begin(), cases[i].logits.end(), [](float z) { return z > -kInfinity; });
    CHECK(is_raw_dead || std::find(may.begin(), may.end(), want[i].token) != may.end());
    if (!cases[i].row.wants_logprob || is_raw_dead) continue;
    double highest = -1e30, total = 0;
    for (float z : cases[i].logits)
      if (z > -kInfinity) highest = std::max(highest, static_cast<double>(z));
    for (float z : cases[i].logits)
      if (z > -kInfinity) total += std::exp(static_cast<double>(z) - highest);
    const double logprob = static_cast<double>(cases[i].logits[want[i].token]) - highest - std::log(total);
    CHECK(std::abs(logprob - static_cast<double>(want[i].logprob)) < 1e-3 || !(logprob > -kInfinity));
    for (uint32_t k = 1; k < want[i].top_count; ++k) CHECK(want[i].top[k - 1].logprob >= want[i].top[k].logprob);
    if (want[i].top_count > 0) CHECK(static_cast<double>(cases[i].logits[want[i].top[0].token]) == highest);
  }
}

// How often each token comes out follows its probability.
void test_shares() {
  for (const Table* table : tables()) {
    const std::vector<float> logits = {1.0f, 0.0f, -1.0f, 2.0f, -kInfinity, 0.5f};
    const size_t draws = table == &emu ? 2000 : 20000;
    for (const bool is_cut : {false, true}) {
      std::vector<double> p(6, 0), counts(6, 0);
      double total = 0;
      for (size_t i = 0; i < 6; ++i) total += p[i] = is_cut && (i == 1 || i == 2) ? 0 : std::exp(static_cast<double>(logits[i]) / 0.8);
      for (uint64_t position = 0; position < draws; ++position) {
        std::vector<float> copy = logits;
        Row row;
        row.logits = copy.data(), row.temperature = 0.8f, row.seed = 9, row.position = position, row.top_k = is_cut ? 3 : 0;
        Drawn drawn;
        draw_many(*table, &row, 1, 6, &drawn);
        counts[drawn.token] += 1;
      }
      double chi = 0;
      for (size_t i = 0; i < 6; ++i) {
        const double want = p[i] / total * static_cast<double>(draws);
        if (want == 0)
          CHECK(counts[i] == 0);
        else
          chi += (counts[i] - want) * (counts[i] - want) / want;
      }
      CHECK(chi < 25);  // 4 degrees of freedom: one in twenty thousand
    }
  }
}

void test_edges() {
  for (const Table* table : tables()) {
    const auto drawn_from = [&](std::vector<float> logits, float temperature, const uint32_t* allowed = nullptr) {
      Row row;
      row.logits = logits.data(), row.temperature = temperature, row.allowed = allowed, row.top_p = 0.9f;
      Drawn drawn;
      draw_many(*table, &row, 1, logits.size(), &drawn);
      return drawn.token;
    };
    const float nan = std::numeric_limits<float>::quiet_NaN();
    CHECK(drawn_from({1}, 1) == 0);
    CHECK(drawn_from({nan, nan, -kInfinity}, 1) == kNobody);
    CHECK(drawn_from({nan, 3, nan, 5, 5}, 0) == 3);
    CHECK(drawn_from({nan, kInfinity, 1, kInfinity}, 1) == 1);
    CHECK(drawn_from({1, 2, 3}, 1e-38f) == 2);
    const uint32_t none = 0, second = 2;
    CHECK(drawn_from({1, 2, 3}, 1, &none) == kNobody);
    CHECK(drawn_from({1, 2, 3}, 1, &second) == 1);
    CHECK(drawn_from(std::vector<float>(100, -3.4e38f), 2) < 100);
    CHECK(table->mass(nullptr, 0, 0, 1) == 0);
  }
  CHECK(!backend("nothing").ok());
}

}  // namespace

int main() {
  test_philox();
  for (size_t vocabulary : {1, 2, 7, 8, 9, 15, 16, 17, 31, 32, 33, 63, 64, 65, 255, 256, 257, 1000})
    for (uint64_t seed = 1; seed <= 4; ++seed) test_backends(seed * 1000 + vocabulary, vocabulary, 24);
  test_backends(5, 49152, 6);
  test_shares();
  test_edges();
  return check_report();
}
