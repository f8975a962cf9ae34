// The engine with a model that is nothing but memory behind the step contract: sampled answers alone, in a crowd, guessed and
// forked; masks, least lengths, numbers that are none, a model that fails.
#include <cmath>
#include <cstring>
#include <limits>
#include <map>
#include <random>

#include "batching/engine/api.hpp"
#include "batching_fake.hpp"
#include "check.hpp"

using namespace zg;
using namespace zg::batching;

namespace {

// Logits from a digest of the sequence's tokens, read from the pages.
class FakeRunner : public StepRunner {
 public:
  FakeRunner(uint32_t page_count, uint32_t rows_max) : limits_{fake::kVocabulary, 400, page_count, rows_max}, slots_(page_count * kPageTokens) {}

  const Limits& limits() const override { return limits_; }
  std::optional<Failure> copy_page(uint32_t from, uint32_t to) override {
    for (size_t i = 0; i < kPageTokens; ++i) slots_[to * kPageTokens + i] = slots_[from * kPageTokens + i];
    return std::nullopt;
  }
  std::optional<Failure> step(const Batch& batch, Answers& answers) override {
    if (auto wrong = check_batch(batch, limits_)) return wrong;
    if (fails_) return Failure{Status::device_fault, "the model is out of order"};
    answers = {};
    for (size_t row = 0; row < batch.tokens.size(); ++row) slot(batch, row, batch.positions[row]) = batch.tokens[row];
    for (size_t row = 0; row < batch.tokens.size(); ++row) {
      if (batch.wants[row] == Want::nothing) continue;
      uint64_t state = 1;
      for (uint32_t p = 0; p <= batch.positions[row]; ++p) state = fake::fold(state, slot(batch, row, p));
      std::mt19937_64 random(state);
      std::normal_distribution<float> normal(0, 3);
      std::vector<float> logits(fake::kVocabulary);
      // The last token is likely to come again, so that guesses come true.
      for (float& z : logits) z = is_broken_ ? std::numeric_limits<float>::quiet_NaN() : normal(random);
      logits[batch.tokens[row]] += is_broken_ ? 0 : 5;
      uint32_t best = 0;
      for (uint32_t i = 1; i < fake::kVocabulary; ++i)
        if (logits[i] > logits[best]) best = i;
      if (batch.wants[row] == Want::logits) {
        answers.logit_rows.push_back(static_cast<uint32_t>(answers.rows.size()));
        answers.logits.insert(answers.logits.end(), logits.begin(), logits.end());
      }
      answers.rows.push_back(static_cast<uint32_t>(row));
      answers.best.push_back(best);
      answers.best_logits.push_back(logits[best]);
    }
    return std::nullopt;
  }

  bool fails_ = false, is_broken_ = false;

 private:
  uint32_t& slot(const Batch& batch, size_t row, uint32_t position) {
    return slots_[batch.pages[batch.page_offsets[batch.sequences[row]] + position / kPageTokens] * kPageTokens + position % kPageTokens];
  }
  Limits limits_;
  std::vector<uint32_t> slots_;
};

struct World {
  std::shared_ptr<FakeRunner> runner;
  std::unique_ptr<Engine> engine;

  explicit World(size_t guesses, size_t pages = 200) : runner(std::make_shared<FakeRunner>(static_cast<uint32_t>(pages), 64)) {
    SchedulerLimits limits;
    limits.page_count = pages, limits.account_pages_max = pages, limits.context_tokens_max = 400, limits.step_tokens_max = 64;
    limits.running_max = 40, limits.account_running_max = 40, limits.draft_tokens_max = guesses, limits.draft_running_max = 40;
    auto made = Engine::make(runner, limits, "");
    CHECK(made.ok());
    engine = std::move(*made);
  }
};

struct Drawn {
  std::vector<uint32_t> tokens;
  std::vector<float> logprobs;
  Finish finish = Finish::none;
};
using Key = std::pair<uint64_t, uint32_t>;

std::map<Key, Drawn> drain(Engine& engine) {
  std::map<Key, Drawn> found;
  std::vector<Output> outputs;
  std::optional<Failure> failure;
  for (int i = 0; i < 5000 && !engine.scheduler().is_idle(); ++i) {
    outputs.clear();
    engine.step(0, outputs, failure);
    CHECK(engine.scheduler().consistent());
    for (const Output& output : outputs) {
      Drawn& one = found[{output.event.id, output.event.choice}];
      CHECK(one.finish == Finish::none);
      if (output.event.token != kNoToken) one.tokens.push_back(output.event.token), one.logprobs.push_back(output.logprob);
      one.finish = output.event.finish;
    }
  }
  CHECK(engine.scheduler().is_idle());
  CHECK(engine.scheduler().blocks().available() == engine.scheduler().blocks().page_count());
  return found;
}

Submission asked(uint64_t id, size_t size, uint32_t count) {
  Submission one;
  one.id = id;
  one.salt.b[0] = static_cast<uint8_t>(id % 3);
  for (size_t i = 0; i < size; ++i) one.prompt.push_back(static_cast<uint32_t>((i * 5 + id) % fake::kVocabulary));
  one.new_tokens_max = count;
  return one;
}

Sampling sampling_of(uint64_t id) {
  Sampling sampling;
  const float temperatures[] = {0, 0.4f, 1, 1.5f};
  sampling.temperature = temperatures[id % 4];
  sampling.top_p = id % 2 == 0 ? 1 : 0.9f;
  sampling.top_k = id % 3 == 0 ? 7 : 0;
  sampling.seed = 100 + id;
  sampling.wants_logprob = id % 5 == 0;
  sampling.top_count = id % 5 == 0 ? 3 : 0;
  if (id % 7 == 0) sampling.repetition = 1.2f, sampling.frequency = 0.3f, sampling.presence = 0.1f;
  if (id % 6 == 0) sampling.biases = {{3, 2.0f}, {9, -100.0f}};
  return sampling;
}

void test_alone_in_a_crowd_and_guessed() {
  std::map<Key, Drawn> alone;
  for (uint64_t id = 0; id < 24; ++id) {
    World world(0);
    CHECK(!world.engine->submit(asked(id, 1 + id * 3, 30), sampling_of(id)));
    alone.merge(drain(*world.engine));
  }
  for (const size_t guesses : {0, 2, 5}) {
    for (const size_t pages : {200, 30}) {
      World world(guesses, pages);
      for (uint64_t id = 0; id < 24; ++id) CHECK(!world.engine->submit(asked(id, 1 + id * 3, 30), sampling_of(id)));
      const std::map<Key, Drawn> crowd = drain(*world.engine);
      const Counts counts = world.engine->scheduler().counts();
      CHECK((counts.confirmed_tokens > 0) == (guesses > 0));
      CHECK(pages == 200 || counts.preempted > 0);
      CHECK(crowd.size() == alone.size());
      for (const auto& [key, one] : alone) {
        const auto found = crowd.find(key);
        CHECK(found != crowd.end() && found->second.tokens == one.tokens && found->second.logprobs == one.logprobs);
        CHECK(one.tokens.size() == 30 && one.finish == Finish::length);
      }
    }
  }
}

void test_choices() {
  World world(3);
  Submission many = asked(1, 20, 12);
  many.choices = 5;
  Sampling sampling = sampling_of(3);
  CHECK(!world.engine->submit(many, sampling));
  const auto first = drain(*world.engine);
  CHECK(first.size() == 5);
  CHECK(first.at({1, 0}).tokens != first.at({1, 1}).tokens);
  CHECK(!world.engine->submit(many, sampling));
  const auto again = drain(*world.engine);
  for (const auto& [key, one] : first) CHECK(again.at(key).tokens == one.tokens && one.finish == Finish::length);
  CHECK(!world.engine->submit(asked(1, 20, 12), sampling));
  CHECK(drain(*world.engine).at({1, 0}).tokens == first.at({1, 0}).tokens);
}

void test_masks_and_least_lengths() {
  World world(3);
  Sampling sampling = sampling_of(2);
  sampling.is_guided = true;
  CHECK(!world.engine->submit(asked(1, 5, 6), sampling));
  std::vector<uint32_t> got;
  std::optional<Failure> failure;
  for (uint32_t turn = 0; turn < 6; ++turn) {
    uint32_t mask[2] = {0, 0};
    const uint32_t only = (turn * 11 + 3) % fake::kVocabulary;
    mask[only / 32] = 1u << (only % 32);
    CHECK(!world.engine->allow(1, 0, mask, 2));
    CHECK(world.engine->allow(1, 0, mask, 1).has_value());
    std::vector<Output> outputs;
    world.engine->step(0, outputs, failure);
    CHECK(outputs.size() == 1 && outputs[0].event.token == only);
  }
  CHECK(world.engine->scheduler().is_idle());
  // Without a mask, and with one that allows nothing: the answer fails, others go on.
  CHECK(!world.engine->submit(asked(2, 5, 6), sampling));
  CHECK(!world.engine->submit(asked(3, 5, 6), sampling_of(1)));
  const auto found = drain(*world.engine);
  CHECK(found.at({2, 0}).finish == Finish::failed && found.at({2, 0}).tokens.empty() && found.at({3, 0}).tokens.size() == 6);

  Submission ended = asked(4, 5, 40);
  for (uint32_t token = 0; token < fake::kVocabulary; token += 2) ended.stop_tokens.push_back(token);
  for (const uint32_t least : {0, 3, 20}) {
    Sampling own = sampling_of(5);
    own.tokens_min = least;
    CHECK(!world.engine->submit(ended, own));
    const Drawn one = drain(*world.engine).at({4, 0});
    CHECK(one.finish == Finish::stop && one.tokens.size() > least && one.tokens.back() % 2 == 0);
    for (size_t i = 0; i + 1 < one.tokens.size(); ++i) CHECK(one.tokens[i] % 2 == 1);
  }
}

void test_faults() {
  World world(3);
  CHECK(!world.engine->submit(asked(1, 20, 12), sampling_of(1)));
  CHECK(!world.engine->submit(asked(2, 20, 12), sampling_of(2)));
  std::vector<Output> outputs;
  std::optional<Failure> failure;
  world.engine->step(0, outputs, failure);
  world.runner->fails_ = true;
  outputs.clear();
  CHECK(world.engine->step(0, outputs, failure) && failure && failure->message == "the model is out of order");
  CHECK(outputs.size() == 2 && outputs[0].event.finish == Finish::failed && world.engine->scheduler().is_idle());
  world.runner->fails_ = false;
  world.runner->is_broken_ = true;
  CHECK(!world.engine->submit(asked(1, 20, 12), sampling_of(1)));
  CHECK(drain(*world.engine).at({1, 0}).finish == Finish::failed);
  world.runner->is_broken_ = false;
  CHECK(!world.engine->submit(asked(1, 20, 12), sampling_of(1)));
  CHECK(drain(*world.engine).at({1, 0}).tokens.size() == 12);
}

void test_refusals() {
  World world(3);
  const auto refused = [&](auto change) {
    Submission submission = asked(1, 5, 5);
    Sampling sampling;
    change(submission, sampling);
    const auto failure = world.engine->submit(submission, sampling);
    return failure && failure->status == Status::bad_argument && !failure->message.empty();
  };
  const float nan = std::numeric_limits<float>::quiet_NaN();
  CHECK(refused([](Submission& s, Sampling&) { s.prompt[0] = fake::kVocabulary; }));
  CHECK(refused([](Submission& s, Sampling&) { s.prompt.clear(); }));
  CHECK(refused([](Submission&, Sampling& s) { s.biases = {{fake::kVocabulary, 1}}; }));
  CHECK(refused([](Submission&, Sampling& s) { s.biases = {{1, 1}, {1, 2}}; }));
  CHECK(refused([&](Submission&, Sampling& s) { s.biases = {{1, nan}}; }));
  CHECK(refused([&](Submission&, Sampling& s) { s.temperature = nan; }));
  CHECK(refused([](Submission&, Sampling& s) { s.temperature = -1; }));
  CHECK(refused([](Submission&, Sampling& s) { s.top_p = 0; }));
  CHECK(refused([](Submission&, Sampling& s) { s.min_p = 1.1f; }));
  CHECK(refused([](Submission&, Sampling& s) { s.repetition = 0; }));
  CHECK(refused([](Submission&, Sampling& s) { s.presence = 1e9f; }));
  CHECK(refused([](Submission&, Sampling& s) { s.top_count = 21; }));
  CHECK(world.engine->scheduler().is_idle());
  SchedulerLimits limits;
  limits.page_count = 201;
  CHECK(!Engine::make(world.runner, limits, "").ok());
  limits.page_count = 200, limits.step_tokens_max = 65;
  CHECK(!Engine::make(world.runner, limits, "").ok());
  limits.step_tokens_max = 64, limits.context_tokens_max = 401;
  CHECK(!Engine::make(world.runner, limits, "").ok());
  limits.context_tokens_max = 400;
  CHECK(!Engine::make(world.runner, limits, "nothing").ok());
  CHECK(Engine::make(world.runner, limits, "scalar").ok());
}

}  // namespace

int main() {
  test_alone_in_a_crowd_and_guessed();
  test_choices();
  test_masks_and_least_lengths();
  test_faults();
  test_refusals();
  return check_report();
}
