#include "batching/engine/api.hpp"

#include <algorithm>
#include <cmath>
#include <unordered_set>

namespace zg::batching {

// One entry of the plan that draws: its requests, and what was drawn so far.
struct Engine::Pending {
  const Plan::Entry* entry;
  size_t index;
  Request* request;
  uint32_t logits_at;  // of its first wanted row, among those with all logits
  std::vector<uint32_t> tokens;
  std::vector<sample::Drawn> drawn;  // beside `tokens`; empty for greedy answers that want nothing else
  bool is_open = true;
  bool is_greedy = false;
  bool has_failed = false;
};

Outcome<std::unique_ptr<Engine>> Engine::make(std::shared_ptr<StepRunner> runner, const SchedulerLimits& limits, std::string_view sampler) {
  const Limits& has = runner->limits();
  const auto beyond = [](const char* name, size_t wanted, size_t most) {
    return Failure{Status::bad_argument, std::string(name) + ": expected at most the runner's " + std::to_string(most) + ", found " + std::to_string(wanted)};
  };
  if (limits.page_count > has.page_count) return beyond("page_count", limits.page_count, has.page_count);
  if (limits.step_tokens_max > has.rows_max) return beyond("step_tokens_max", limits.step_tokens_max, has.rows_max);
  if (limits.context_tokens_max > has.context_size) return beyond("context_tokens_max", limits.context_tokens_max, has.context_size);
  auto scheduler = Scheduler::make(limits);
  if (!scheduler.ok()) return scheduler.failure();
  const auto table = sample::backend(sampler);
  if (!table.ok()) return table.failure();
  return std::unique_ptr<Engine>(new Engine(std::move(runner), std::move(*scheduler), *table));
}

Engine::Engine(std::shared_ptr<StepRunner> runner, std::unique_ptr<Scheduler> scheduler, const sample::Table* table)
    : runner_(std::move(runner)), scheduler_(std::move(scheduler)), table_(table), vocabulary_(runner_->limits().vocabulary_size) {}

bool Engine::counts_tokens(const Sampling& sampling) {
  return sampling.repetition != 1.0f || sampling.frequency != 0.0f || sampling.presence != 0.0f;
}

std::optional<Failure> Engine::submit(Submission submission, Sampling sampling) {
  const auto wrong = [](std::string sentence) { return Failure{Status::bad_argument, std::move(sentence)}; };
  for (const uint32_t token : submission.prompt)
    if (token >= vocabulary_) return wrong("prompt: token " + std::to_string(token) + " of a vocabulary of " + std::to_string(vocabulary_));
  std::unordered_set<uint32_t> biased;
  for (const sample::Bias& bias : sampling.biases) {
    if (bias.token >= vocabulary_) return wrong("logit_bias: token " + std::to_string(bias.token) + " of a vocabulary of " + std::to_string(vocabulary_));
    if (!std::isfinite(bias.value) || !biased.insert(bias.token).second) return wrong("logit_bias: expected finite numbers, one for each token");
  }
  const float numbers[] = {sampling.temperature, sampling.top_p, sampling.min_p, sampling.repetition, sampling.frequency, sampling.presence};
  for (const float number : numbers)
    if (!std::isfinite(number)) return wrong("sampling: expected finite numbers");
  if (sampling.temperature < 0 || sampling.temperature > 100) return wrong("temperature: expected 0 to 100");
  if (!(sampling.top_p > 0) || sampling.top_p > 1) return wrong("top_p: expected above 0, at most 1");
  if (sampling.min_p < 0 || sampling.min_p > 1) return wrong("min_p: expected 0 to 1");
  if (sampling.repetition < 0.01f || sampling.repetition > 100) return wrong("repetition_penalty: expected 0.01 to 100");
  if (std::abs(sampling.frequency) > 100 || std::abs(sampling.presence) > 100) return wrong("penalties: expected -100 to 100");
  if (sampling.top_count > sample::kTopMax) return wrong("top_logprobs: expected at most " + std::to_string(sample::kTopMax));
  if (sampling.is_guided || submission.choices > 1) submission.may_draft = false;
  std::vector<uint32_t>& stops = submission.stop_tokens;
  std::sort(stops.begin(), stops.end());
  stops.erase(std::unique(stops.begin(), stops.end()), stops.end());
  while (!stops.empty() && stops.back() >= vocabulary_) stops.pop_back();

  Request request{std::move(sampling), stops, submission.prompt.size(), {}, submission.choices};
  Answer answer;
  if (request.sampling.repetition != 1.0f) {
    for (const uint32_t token : submission.prompt)
      if (answer.seen_at.try_emplace(token, static_cast<uint32_t>(answer.seen.size())).second) answer.seen.push_back({token, 0});
  }
  request.answers.assign(submission.choices, answer);
  const uint64_t id = submission.id;
  const char* why = "";
  const Status status = scheduler_->submit(std::move(submission), &why);
  if (status != Status::ok) return Failure{status, why};
  requests_.insert_or_assign(id, std::move(request));
  return std::nullopt;
}

std::optional<Failure> Engine::allow(uint64_t id, uint32_t choice, const uint32_t* words, size_t count) {
  if (count != (vocabulary_ + 31) / 32)
    return Failure{Status::bad_argument, "mask: expected " + std::to_string((vocabulary_ + 31) / 32) + " words, found " + std::to_string(count)};
  const auto found = requests_.find(id);
  if (found == requests_.end() || choice >= found->second.answers.size()) return std::nullopt;
  found->second.answers[choice].mask.assign(words, words + count);
  return std::nullopt;
}

// The largest logit is all that it takes: the model's fused head finds it.
bool Engine::is_greedy(const Request& request, const Answer& answer) const {
  const Sampling& sampling = request.sampling;
  return sampling.temperature < sample::kTemperatureMin && !sampling.wants_logprob && sampling.biases.empty() && !counts_tokens(sampling) &&
         !sampling.is_guided && answer.generated >= sampling.tokens_min;
}

sample::Row Engine::row_for(const Request& request, const Answer& answer, uint32_t choice, float* logits) const {
  const Sampling& sampling = request.sampling;
  sample::Row row;
  row.logits = logits;
  row.temperature = sampling.temperature, row.top_p = sampling.top_p, row.min_p = sampling.min_p, row.top_k = sampling.top_k;
  row.repetition = sampling.repetition, row.frequency = sampling.frequency, row.presence = sampling.presence;
  row.seed = sampling.seed, row.stream = choice, row.position = request.prompt_size + answer.generated;
  row.biases = sampling.biases.data(), row.bias_count = sampling.biases.size();
  row.seen = answer.seen.data(), row.seen_count = answer.seen.size();
  if (answer.generated < sampling.tokens_min) row.forbidden = request.stop_tokens.data(), row.forbidden_count = request.stop_tokens.size();
  if (sampling.is_guided) row.allowed = answer.mask.data();
  row.wants_logprob = sampling.wants_logprob, row.top_count = sampling.top_count;
  return row;
}

void Engine::note(Request& request, Answer& answer, uint32_t token) {
  ++answer.generated;
  answer.mask.clear();
  if (!counts_tokens(request.sampling)) return;
  const auto [at, is_new] = answer.seen_at.try_emplace(token, static_cast<uint32_t>(answer.seen.size()));
  if (is_new) answer.seen.push_back({token, 0});
  ++answer.seen[at->second].generated;
}

// Round after round: the first token of every entry, then the next of those whose guess was that very token. All draws of a
// round are one batch.
void Engine::draw(std::vector<Pending>& pending) {
  std::vector<std::pair<Pending*, uint32_t>> drawing;  // and which choice
  for (uint32_t round = 0;; ++round) {
    rows_.clear();
    drawing.clear();
    size_t copied = 0;
    for (const Pending& one : pending)
      if (one.is_open && !one.is_greedy && one.entry->choices > 1) copied += one.entry->choices - 1;
    copies_.resize(copied * vocabulary_);
    copied = 0;
    bool is_any_open = false;
    for (Pending& one : pending) {
      if (!one.is_open) continue;
      is_any_open = true;
      const Plan::Entry& entry = *one.entry;
      Request& request = *one.request;
      if (one.is_greedy) {
        const uint32_t token = answers_.best[entry.first_want + round];
        if (token >= vocabulary_) one.has_failed = true;
        one.tokens.insert(one.tokens.end(), entry.choices, token);
        for (uint32_t choice = 0; choice < entry.choices; ++choice) note(request, request.answers[entry.choice + choice], token);
        continue;
      }
      float* logits = answers_.logits.data() + size_t{one.logits_at + round} * vocabulary_;
      for (uint32_t choice = 0; choice < entry.choices; ++choice) {
        const Answer& answer = request.answers[entry.choice + choice];
        // Before the first token the first answer's mask is everybody's.
        const Answer& masked = choice > 0 && answer.mask.empty() ? request.answers[entry.choice] : answer;
        if (request.sampling.is_guided && masked.mask.empty()) {
          one.has_failed = true;
          break;
        }
        float* own = logits;
        if (choice > 0) {
          own = copies_.data() + copied++ * vocabulary_;
          std::copy(logits, logits + vocabulary_, own);
        }
        sample::Row row = row_for(request, answer, entry.choice + choice, own);
        if (request.sampling.is_guided) row.allowed = masked.mask.data();
        rows_.push_back(row);
        drawing.emplace_back(&one, entry.choice + choice);
      }
    }
    if (!is_any_open) return;
    drawn_.resize(rows_.size());
    sample::draw_many(*table_, rows_.data(), rows_.size(), vocabulary_, drawn_.data());
    for (size_t i = 0; i < drawing.size(); ++i) {
      Pending& one = *drawing[i].first;
      if (drawn_[i].token == sample::kNobody) one.has_failed = true;
      one.tokens.push_back(drawn_[i].token);
      one.drawn.push_back(drawn_[i]);
      if (!one.has_failed) note(*one.request, one.request->answers[drawing[i].second], drawn_[i].token);
    }
    for (Pending& one : pending) {
      if (!one.is_open) continue;
      const Plan::Entry& entry = *one.entry;
      const uint32_t next_row = entry.first_row + entry.row_count - entry.want_count + round + 1;
      one.is_open = !one.has_failed && entry.choices == 1 && round + 1 < entry.want_count && plan_.tokens[next_row] == one.tokens.back();
    }
  }
}

void Engine::commit(std::vector<Pending>& pending, std::vector<Output>& outputs) {
  size_t next = 0;
  for (size_t i = 0; i < plan_.entries.size(); ++i) {
    if (next == pending.size() || pending[next].index != i) {
      scheduler_->commit(plan_, i, nullptr, 0, events_);
      continue;
    }
    Pending& one = pending[next++];
    const Plan::Entry& entry = plan_.entries[i];
    if (one.has_failed) {
      // Nothing could be drawn: the answer ends at the next plan.
      if (entry.choices > 1)
        scheduler_->cancel(entry.id, Finish::failed);
      else
        scheduler_->cancel(entry.id, entry.choice, Finish::failed);
      continue;
    }
    const size_t from = outputs.size();
    scheduler_->commit(plan_, i, one.tokens.data(), one.tokens.size(), events_);
    std::vector<size_t> seen(entry.choices, 0);
    for (const Event& event : events_) {
      outputs.push_back({event, 0, {}});
      if (one.drawn.empty() || event.token == kNoToken) continue;
      const size_t choice = event.choice - entry.choice;
      const sample::Drawn& drawn = one.drawn[entry.choices > 1 ? choice : seen[0]++];
      outputs.back().logprob = drawn.logprob;
      outputs.back().top.assign(drawn.top, drawn.top + drawn.top_count);
    }
    events_.clear();
    take(outputs, from);
  }
}

// Forgets the requests whose last answer has ended.
void Engine::take(std::vector<Output>& outputs, size_t from) {
  for (size_t i = from; i < outputs.size(); ++i) {
    const Event& event = outputs[i].event;
    if (event.finish == Finish::none) continue;
    const auto found = requests_.find(event.id);
    if (found != requests_.end() && --found->second.alive == 0) requests_.erase(found);
  }
}

bool Engine::step(uint64_t now_us, std::vector<Output>& outputs, std::optional<Failure>& failure) {
  failure.reset();
  events_.clear();
  const bool has_work = scheduler_->plan(now_us, plan_, events_);
  const auto take_events = [&] {
    const size_t from = outputs.size();
    for (const Event& event : events_) outputs.push_back({event, 0, {}});
    events_.clear();
    take(outputs, from);
  };
  take_events();
  if (!has_work) return false;

  wants_.assign(plan_.tokens.size(), Want::nothing);
  std::vector<Pending> pending;
  uint32_t with_logits = 0;
  for (size_t i = 0; i < plan_.entries.size(); ++i) {
    const Plan::Entry& entry = plan_.entries[i];
    if (entry.want_count == 0) continue;
    Pending one{&entry, i, &requests_.at(entry.id), with_logits, {}, {}};
    const Answer& answer = one.request->answers[entry.choice];
    one.is_greedy = is_greedy(*one.request, answer);
    if (!one.is_greedy) with_logits += entry.want_count;
    for (uint32_t k = 0; k < entry.want_count; ++k)
      wants_[entry.first_row + entry.row_count - entry.want_count + k] = one.is_greedy ? Want::greedy : Want::logits;
    pending.push_back(std::move(one));
  }
  for (const PageCopy& copy : plan_.copies) {
    if (failure) break;
    failure = runner_->copy_page(copy.source, copy.target);
  }
  if (!failure) failure = runner_->step({plan_.tokens, plan_.positions, plan_.row_entry, wants_, plan_.page_begin, plan_.pages}, answers_);
  if (!failure && (answers_.best.size() != plan_.want_count || answers_.logits.size() != size_t{with_logits} * vocabulary_))
    failure = Failure{Status::internal, "the model answered other rows than were wanted"};
  if (failure) {
    scheduler_->fail_all(events_);
    take_events();
    requests_.clear();
    return true;
  }
  draw(pending);
  commit(pending, outputs);
  return true;
}

}  // namespace zg::batching
