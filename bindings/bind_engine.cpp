// The native engine and its sampler.
#include <pybind11/stl.h>

#include <atomic>
#include <memory>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "arrays.hpp"
#include "batching.hpp"
#include "batching/engine/api.hpp"
#include "bind.hpp"
#include "gil.hpp"

namespace zg::py {

namespace {

using batching::Engine;
using batching::Finish;
using pybind11::object;
namespace sample = batching::sample;

const uint32_t* words_of(const ReadView& view, const char* name) {
  if (view.size() % 4 != 0 || reinterpret_cast<uintptr_t>(view.data()) % 4 != 0)
    raise(Status::bad_argument, std::string(name) + ": expected an aligned array of 32-bit words");
  return reinterpret_cast<const uint32_t*>(view.data());
}

Hash32 salt_of(const object& salt) {
  const ReadView view(salt, "salt");
  if (view.size() != 32) raise(Status::bad_argument, "salt: expected 32 bytes, found " + std::to_string(view.size()));
  return fixed_from<32>(view.data());
}

// The engine belongs to one thread at a time. step() computes without the interpreter lock, so a second thread could come in
// meanwhile: it is refused with a sentence, where it would otherwise change lists under the step's hands.
class OwnedEngine {
 public:
  explicit OwnedEngine(std::unique_ptr<Engine> engine) : engine_(std::move(engine)) {}

  // The engine for the length of one call.
  class Call {
   public:
    explicit Call(OwnedEngine& owned) : owned_(owned) {
      if (owned.is_taken_.exchange(true, std::memory_order_acquire))
        raise(Status::internal, "engine: used by two threads at once; one thread owns it and calls it between its own steps");
    }
    ~Call() { owned_.is_taken_.store(false, std::memory_order_release); }
    Call(const Call&) = delete;
    Call& operator=(const Call&) = delete;
    Engine* operator->() const { return owned_.engine_.get(); }

   private:
    OwnedEngine& owned_;
  };

  uint32_t vocabulary_size() const { return engine_->vocabulary_size(); }  // never changes

 private:
  std::unique_ptr<Engine> engine_;
  std::atomic<bool> is_taken_{false};
};

std::unique_ptr<OwnedEngine> make_engine(Runner runner, size_t page_count, size_t account_pages_max, size_t context_tokens_max, size_t step_tokens_max,
                                    size_t running_max, size_t account_running_max, size_t waiting_max, size_t account_waiting_max,
                                    size_t draft_tokens_max, size_t draft_running_max, const std::string& sampler) {
  batching::SchedulerLimits limits;
  limits.page_count = page_count, limits.account_pages_max = account_pages_max, limits.context_tokens_max = context_tokens_max;
  limits.step_tokens_max = step_tokens_max, limits.running_max = running_max, limits.account_running_max = account_running_max;
  limits.waiting_max = waiting_max, limits.account_waiting_max = account_waiting_max;
  limits.draft_tokens_max = draft_tokens_max, limits.draft_running_max = draft_running_max;
  return std::make_unique<OwnedEngine>(unwrap(Engine::make(std::move(runner), limits, sampler)));
}

void submit(OwnedEngine& owned, uint64_t id, const object& salt, const object& prompt, uint32_t new_tokens_max, uint32_t choices, uint64_t deadline_us,
            std::vector<uint32_t> stop_tokens, float temperature, float top_p, float min_p, uint32_t top_k, float repetition_penalty,
            float frequency_penalty, float presence_penalty, uint64_t seed, const std::vector<std::pair<uint32_t, float>>& logit_bias,
            uint32_t tokens_min, bool logprobs, uint32_t top_logprobs, bool is_guided, bool may_draft) {
  batching::Submission submission;
  submission.id = id, submission.salt = salt_of(salt), submission.new_tokens_max = new_tokens_max, submission.choices = choices;
  submission.deadline_us = deadline_us, submission.stop_tokens = std::move(stop_tokens), submission.may_draft = may_draft;
  const ReadView tokens(prompt, "prompt");
  const uint32_t* words = words_of(tokens, "prompt");
  submission.prompt.assign(words, words + tokens.size() / 4);
  batching::Sampling sampling;
  sampling.temperature = temperature, sampling.top_p = top_p, sampling.min_p = min_p, sampling.top_k = top_k;
  sampling.repetition = repetition_penalty, sampling.frequency = frequency_penalty, sampling.presence = presence_penalty;
  sampling.seed = seed, sampling.tokens_min = tokens_min, sampling.wants_logprob = logprobs, sampling.top_count = top_logprobs;
  sampling.is_guided = is_guided;
  for (const auto& [token, value] : logit_bias) sampling.biases.push_back({token, value});
  const OwnedEngine::Call engine(owned);
  if (const auto failure = engine->submit(std::move(submission), std::move(sampling))) raise(*failure);
}

void cancel(OwnedEngine& owned, uint64_t id, const object& choice, bool is_stop) {
  const Finish reason = is_stop ? Finish::stop : Finish::cancelled;
  const OwnedEngine::Call engine(owned);
  if (choice.is_none())
    engine->cancel(id, reason);
  else
    engine->cancel(id, choice.cast<uint32_t>(), reason);
}

void pause(OwnedEngine& owned, uint64_t id, uint32_t choice, bool is_paused) { OwnedEngine::Call(owned)->pause(id, choice, is_paused); }

void allow(OwnedEngine& owned, uint64_t id, uint32_t choice, const object& mask) {
  const ReadView view(mask, "mask");
  const OwnedEngine::Call engine(owned);
  if (const auto failure = engine->allow(id, choice, words_of(view, "mask"), view.size() / 4)) raise(*failure);
}

pybind11::tuple step(OwnedEngine& owned, uint64_t now_us) {
  const OwnedEngine::Call engine(owned);
  std::vector<batching::Output> outputs;
  std::optional<Failure> failure;
  bool is_busy;
  {
    const pybind11::gil_scoped_release release;
    is_busy = engine->step(now_us, outputs, failure);
  }
  pybind11::list events(outputs.size());
  for (size_t i = 0; i < outputs.size(); ++i) {
    const batching::Output& output = outputs[i];
    const batching::Event& event = output.event;
    object top = pybind11::none();
    if (!output.top.empty()) {
      pybind11::list likely(output.top.size());
      for (size_t k = 0; k < output.top.size(); ++k) likely[k] = pybind11::make_tuple(output.top[k].token, output.top[k].logprob);
      top = std::move(likely);
    }
    const int64_t token = event.token == batching::kNoToken ? -1 : static_cast<int64_t>(event.token);
    events[i] = pybind11::make_tuple(event.id, event.choice, token, static_cast<int>(event.finish), event.cached_tokens, output.logprob, top);
  }
  return pybind11::make_tuple(is_busy, events, failure ? object(pybind11::str(failure->message)) : object(pybind11::none()));
}

pybind11::dict counts(OwnedEngine& owned) {
  const OwnedEngine::Call engine(owned);
  const batching::Counts counts = engine->scheduler().counts();
  const batching::BlockManager& blocks = engine->scheduler().blocks();
  pybind11::dict out;
  out["running"] = counts.running;
  out["waiting"] = counts.waiting;
  out["accounts"] = counts.accounts;
  out["preempted"] = counts.preempted;
  out["prompt_tokens"] = counts.prompt_tokens;
  out["cached_tokens"] = counts.cached_tokens;
  out["computed_tokens"] = counts.computed_tokens;
  out["guessed_tokens"] = counts.guessed_tokens;
  out["confirmed_tokens"] = counts.confirmed_tokens;
  out["steps"] = counts.steps;
  out["pages"] = blocks.page_count();
  out["pages_available"] = blocks.available();
  out["pages_cached"] = blocks.cached();
  return out;
}

pybind11::tuple sample_rows(const pybind11::array_t<float, pybind11::array::c_style>& logits, double temperature, uint32_t top_k, float top_p, float min_p,
                            uint64_t seed, uint64_t position, const std::string& backend) {
  if (logits.ndim() != 2 || logits.shape(1) < 1) raise(Status::bad_argument, "logits: expected two dimensions, the second of at least 1");
  const sample::Table& table = *unwrap(sample::backend(backend));
  const auto count = static_cast<size_t>(logits.shape(0)), vocabulary = static_cast<size_t>(logits.shape(1));
  std::vector<float> copy(logits.data(), logits.data() + count * vocabulary);
  std::vector<sample::Row> rows(count);
  std::vector<sample::Drawn> drawn(count);
  for (size_t i = 0; i < count; ++i) {
    sample::Row& row = rows[i];
    row.logits = copy.data() + i * vocabulary;
    row.temperature = static_cast<float>(temperature), row.top_k = top_k, row.top_p = top_p, row.min_p = min_p;
    row.seed = seed, row.stream = static_cast<uint32_t>(i), row.position = position, row.wants_logprob = true;
  }
  {
    const pybind11::gil_scoped_release release;
    sample::draw_many(table, rows.data(), count, vocabulary, drawn.data());
  }
  pybind11::array_t<int64_t> tokens(static_cast<pybind11::ssize_t>(count));
  pybind11::array_t<float> logprobs(static_cast<pybind11::ssize_t>(count));
  for (size_t i = 0; i < count; ++i) {
    tokens.mutable_data()[i] = drawn[i].token == sample::kNobody ? -1 : static_cast<int64_t>(drawn[i].token);
    logprobs.mutable_data()[i] = drawn[i].logprob;
  }
  return pybind11::make_tuple(tokens, logprobs);
}

}  // namespace

void bind_engine(pybind11::module_& m) {
  using pybind11::arg;
  pybind11::class_<OwnedEngine>(m, "BatchingEngine", "One thread owns it; a call from another while one is under way is refused.")
      .def(pybind11::init(&make_engine), arg("runner"), pybind11::kw_only(), arg("page_count"), arg("account_pages_max"), arg("context_tokens_max"),
           arg("step_tokens_max"), arg("running_max"), arg("account_running_max"), arg("waiting_max"), arg("account_waiting_max"),
           arg("draft_tokens_max"), arg("draft_running_max"), arg("sampler") = "")
      .def("submit", &submit, arg("id"), arg("salt"), arg("prompt"), pybind11::kw_only(), arg("new_tokens_max"), arg("choices"), arg("deadline_us"),
           arg("stop_tokens"), arg("temperature"), arg("top_p"), arg("min_p"), arg("top_k"), arg("repetition_penalty"), arg("frequency_penalty"),
           arg("presence_penalty"), arg("seed"), arg("logit_bias"), arg("tokens_min"), arg("logprobs"), arg("top_logprobs"), arg("is_guided"),
           arg("may_draft"))
      .def("cancel", &cancel, arg("id"), arg("choice"), arg("is_stop"))
      .def("pause", &pause, arg("id"), arg("choice"), arg("is_paused"))
      .def("allow", &allow, arg("id"), arg("choice"), arg("mask"))
      .def("step", &step, arg("now_us"))
      .def("counts", &counts)
      .def_property_readonly("is_idle", [](OwnedEngine& owned) { return OwnedEngine::Call(owned)->scheduler().is_idle(); })
      .def_property_readonly("vocabulary_size", &OwnedEngine::vocabulary_size);
  m.def("batching_sample", &sample_rows, arg("logits"), arg("temperature"), arg("top_k"), arg("top_p"), arg("min_p"), arg("seed"), arg("position"),
        arg("backend"));
}

}  // namespace zg::py
