// The engine: a scheduler, a model behind the step contract and a sampler, turned by one thread.
//
// Every call of step() plans, computes and draws once. Not thread-safe: one thread owns it, and talks to it between steps.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "batching/sample/api.hpp"
#include "batching/scheduler/api.hpp"
#include "batching/step/api.hpp"

namespace zg::batching {

// How the tokens of a request are chosen; meanings and ranges as in sample::Row.
struct Sampling {
  float temperature = 1.0f, top_p = 1.0f, min_p = 0.0f, repetition = 1.0f, frequency = 0.0f, presence = 0.0f;
  uint32_t top_k = 0;
  uint64_t seed = 0;
  std::vector<sample::Bias> biases;  // at most one a token
  uint32_t tokens_min = 0;           // stop tokens are forbidden before so many are generated
  bool wants_logprob = false;
  uint32_t top_count = 0;
  // Every token needs a mask (allow()) before it is drawn; such a request is never guessed.
  bool is_guided = false;
};

struct Output {
  Event event;
  float logprob = 0;
  std::vector<sample::Likely> top;
};

class Engine {
 public:
  // bad_argument: limits that the scheduler refuses or the runner does not have; device_unavailable: no such sampler.
  static Outcome<std::unique_ptr<Engine>> make(std::shared_ptr<StepRunner> runner, const SchedulerLimits& limits, std::string_view sampler);

  // As Scheduler::submit; also bad_argument for tokens beyond the vocabulary and numbers out of range.
  std::optional<Failure> submit(Submission submission, Sampling sampling);
  void cancel(uint64_t id, Finish reason) { scheduler_->cancel(id, reason); }
  void cancel(uint64_t id, uint32_t choice, Finish reason) { scheduler_->cancel(id, choice, reason); }
  void pause(uint64_t id, uint32_t choice, bool is_paused) { scheduler_->pause(id, choice, is_paused); }

  // The tokens that a guided answer may go on with, one bit each, lowest first; until the next token is drawn. Before the
  // first token choice 0 speaks for all. bad_argument for a mask of another size; unknown ids are ignored.
  std::optional<Failure> allow(uint64_t id, uint32_t choice, const uint32_t* words, size_t count);

  // One step. Tokens and ends are appended to `outputs`; true when something was computed. A model that fails ends all
  // requests (Finish::failed) and its sentence is left in `failure`.
  bool step(uint64_t now_us, std::vector<Output>& outputs, std::optional<Failure>& failure);

  Scheduler& scheduler() { return *scheduler_; }
  uint32_t vocabulary_size() const { return vocabulary_; }

 private:
  // What is remembered of one answer's tokens.
  struct Answer {
    std::vector<sample::Seen> seen;
    std::unordered_map<uint32_t, uint32_t> seen_at;
    std::vector<uint32_t> mask;
    uint32_t generated = 0;
  };
  struct Request {
    Sampling sampling;
    std::vector<uint32_t> stop_tokens;
    size_t prompt_size;
    std::vector<Answer> answers;
    uint32_t alive;
  };
  struct Pending;

  Engine(std::shared_ptr<StepRunner> runner, std::unique_ptr<Scheduler> scheduler, const sample::Table* table);
  static bool counts_tokens(const Sampling& sampling);
  bool is_greedy(const Request& request, const Answer& answer) const;
  sample::Row row_for(const Request& request, const Answer& answer, uint32_t choice, float* logits) const;
  void note(Request& request, Answer& answer, uint32_t token);
  void draw(std::vector<Pending>& pending);
  void commit(std::vector<Pending>& pending, std::vector<Output>& outputs);
  void take(std::vector<Output>& outputs, size_t from);

  std::shared_ptr<StepRunner> runner_;
  std::unique_ptr<Scheduler> scheduler_;
  const sample::Table* table_;
  uint32_t vocabulary_;
  std::unordered_map<uint64_t, Request> requests_;
  Plan plan_;
  Answers answers_;
  std::vector<Want> wants_;
  std::vector<Event> events_;
  std::vector<float> copies_;
  std::vector<sample::Row> rows_;
  std::vector<sample::Drawn> drawn_;
};

}  // namespace zg::batching
