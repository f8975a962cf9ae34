#include <algorithm>
#include <cassert>

#include "batching/scheduler/sequence.hpp"

namespace zg::batching {

namespace {

size_t pages_for(size_t tokens) { return (tokens + kPageTokens - 1) / kPageTokens; }

}  // namespace

void Plan::clear() {
  entries.clear(), tokens.clear(), positions.clear(), row_entry.clear(), want.clear(), page_begin.clear(), pages.clear(), copies.clear();
  want_count = 0;
}

Outcome<std::unique_ptr<Scheduler>> Scheduler::make(const SchedulerLimits& limits) {
  if (limits.page_count == 0 || limits.account_pages_max == 0 || limits.context_tokens_max < 2 || limits.step_tokens_max == 0 ||
      limits.running_max == 0 || limits.account_running_max == 0 || limits.waiting_max == 0 || limits.account_waiting_max == 0 ||
      limits.choices_max == 0)
    return Failure{Status::bad_argument, "limits: expected at least 1 (2 for the context)"};
  if (limits.page_count > (size_t{1} << 30)) return Failure{Status::bad_argument, "page_count: expected at most 2^30"};
  if (limits.running_max > limits.step_tokens_max)
    return Failure{Status::bad_argument, "running_max: expected at most step_tokens_max, " + std::to_string(limits.step_tokens_max) + ", found " +
                                             std::to_string(limits.running_max)};
  return std::unique_ptr<Scheduler>(new Scheduler(limits));
}

Scheduler::Scheduler(const SchedulerLimits& limits)
    : limits_(limits), blocks_(limits.page_count, std::min(limits.account_pages_max, limits.page_count)) {}

Scheduler::~Scheduler() = default;

bool Scheduler::Older::operator()(const Sequence* a, const Sequence* b) const { return a->ticket < b->ticket; }

uint32_t Scheduler::account_for(const Hash32& salt) {
  const auto [at, is_new] = account_of_.try_emplace(salt, 0);
  if (!is_new) return at->second;
  uint32_t index = static_cast<uint32_t>(accounts_.size());
  if (free_accounts_.empty()) {
    accounts_.push_back(nullptr);
  } else {
    index = free_accounts_.back();
    free_accounts_.pop_back();
  }
  accounts_[index] = std::make_unique<AccountState>();
  accounts_[index]->salt = salt;
  accounts_[index]->served = virtual_time_;
  return at->second = index;
}

void Scheduler::leave_account(uint32_t index) {
  AccountState& account = *accounts_[index];
  if (account.sequences != 0) return;
  account_of_.erase(account.salt);
  accounts_[index].reset();
  free_accounts_.push_back(index);
}

Status Scheduler::submit(Submission submission, const char** why) {
  const auto refuse = [why](Status status, const char* sentence) {
    if (why != nullptr) *why = sentence;
    return status;
  };
  const size_t size = submission.prompt.size();
  if (size == 0) return refuse(Status::bad_argument, "the prompt is empty");
  if (submission.new_tokens_max == 0) return refuse(Status::bad_argument, "new_tokens_max is zero");
  if (size > limits_.context_tokens_max || submission.new_tokens_max > limits_.context_tokens_max - size)
    return refuse(Status::bad_argument, "prompt and answer are longer than the context");
  if (pages_for(size + submission.new_tokens_max) > blocks_.account_pages_max())
    return refuse(Status::bad_argument, "prompt and answer need more pages than an account may hold");
  if (submission.choices == 0 || submission.choices > limits_.choices_max || submission.choices > limits_.account_running_max ||
      submission.choices > limits_.running_max)
    return refuse(Status::bad_argument, "choices: more than may run at once, or none");
  const auto same = sequences_.lower_bound({submission.id, 0});
  if (same != sequences_.end() && same->first.first == submission.id) return refuse(Status::bad_argument, "this id is alive");
  if (waiting_ >= limits_.waiting_max) return refuse(Status::out_of_capacity, "the queue is full");
  const uint32_t index = account_for(submission.salt);
  AccountState& account = *accounts_[index];
  if (account.waiting.size() >= limits_.account_waiting_max) return refuse(Status::out_of_capacity, "the account's queue is full");
  auto sequence = std::make_unique<Sequence>();
  sequence->id = submission.id;
  sequence->ticket = next_ticket_;
  next_ticket_ += submission.choices;
  sequence->account = index;
  sequence->choices = submission.choices;
  sequence->prompt_size = size;
  sequence->size_max = size + submission.new_tokens_max;
  sequence->tokens = std::move(submission.prompt);
  sequence->tokens.reserve(sequence->size_max);
  sequence->deadline_us = submission.deadline_us;
  sequence->may_draft = submission.may_draft;
  sequence->stop_tokens = std::make_shared<const std::vector<uint32_t>>(std::move(submission.stop_tokens));
  next_deadline_us_ = std::min(next_deadline_us_, sequence->deadline_us);
  account.waiting.insert(sequence.get());
  ++account.sequences;
  ++waiting_;
  sequences_[{sequence->id, 0}] = std::move(sequence);
  return Status::ok;
}

void Scheduler::cancel(uint64_t id, Finish reason) {
  for (auto at = sequences_.lower_bound({id, 0}); at != sequences_.end() && at->first.first == id; ++at) {
    at->second->ending = reason;
    ending_.push_back(at->first);
  }
}

void Scheduler::cancel(uint64_t id, uint32_t choice, Finish reason) {
  const auto at = sequences_.find({id, choice});
  if (at == sequences_.end()) return;
  at->second->ending = reason;
  ending_.push_back(at->first);
}

void Scheduler::pause(uint64_t id, uint32_t choice, bool is_paused) {
  const auto at = sequences_.find({id, choice});
  if (at != sequences_.end()) at->second->is_paused = is_paused;
}

// Back to front, so that of a cached chain the end is evicted before its beginning.
void Scheduler::give_back(Sequence& sequence) {
  for (size_t i = sequence.pages.size(); i-- > 0;) blocks_.release(sequence.pages[i]);
  sequence.pages.clear();
  sequence.computed = 0;
}

void Scheduler::preempt(Sequence& sequence) {
  give_back(sequence);
  AccountState& account = *accounts_[sequence.account];
  running_.erase(&sequence);
  running_slots_ -= sequence.choices;
  account.running -= sequence.choices;
  sequence.is_running = false;
  account.waiting.insert(&sequence);
  ++waiting_;
  ++counts_.preempted;
}

void Scheduler::erase(Sequence& sequence) {
  AccountState& account = *accounts_[sequence.account];
  const uint32_t index = sequence.account;
  if (sequence.is_running) {
    give_back(sequence);
    running_.erase(&sequence);
    running_slots_ -= sequence.choices;
    account.running -= sequence.choices;
  } else {
    account.waiting.erase(&sequence);
    --waiting_;
  }
  --account.sequences;
  sequences_.erase({sequence.id, sequence.choice});
  leave_account(index);
}

// An answer that has not begun stands for all of its choices.
void Scheduler::end(Sequence& sequence, Finish reason, std::vector<Event>& events) {
  for (uint32_t choice = 0; choice < sequence.choices; ++choice)
    events.push_back({sequence.id, sequence.choice + choice, kNoToken, reason, sequence.cached_tokens});
  erase(sequence);
}

void Scheduler::fail_all(std::vector<Event>& events) {
  grants_.clear();
  while (!sequences_.empty()) end(*sequences_.begin()->second, Finish::failed, events);
  // What the failed step wrote is not to be trusted.
  blocks_.drop_cached();
}

void Scheduler::extend_hashes(Sequence& sequence, size_t pages) {
  const Hash32& salt = accounts_[sequence.account]->salt;
  while (sequence.hashes.size() < pages) {
    const size_t page = sequence.hashes.size();
    const Hash32 parent = page == 0 ? Hash32{} : sequence.hashes.back();
    sequence.hashes.push_back(chain_hash(parent, sequence.tokens.data() + kPageTokens * page, salt));
  }
}

void Scheduler::publish(Sequence& sequence) {
  const size_t full = sequence.computed / kPageTokens;
  extend_hashes(sequence, full);
  for (; sequence.published < full; ++sequence.published) blocks_.publish(sequence.pages[sequence.published], sequence.hashes[sequence.published]);
}

bool Scheduler::admissible(const Sequence& sequence) const {
  const AccountState& account = *accounts_[sequence.account];
  if (sequence.is_paused) return false;
  if (running_slots_ + sequence.choices > limits_.running_max || account.running + sequence.choices > limits_.account_running_max) return false;
  // Room for the whole of it as far as it is known, so that what is admitted is seldom sent back.
  const size_t pages = pages_for(sequence.tokens.size() + 1);
  return (running_.empty() || blocks_.available() >= pages) &&
         (account.running == 0 || blocks_.held(sequence.account) + pages <= blocks_.account_pages_max());
}

void Scheduler::admit(Sequence& sequence) {
  AccountState& account = *accounts_[sequence.account];
  account.waiting.erase(&sequence);
  --waiting_;
  running_.insert(&sequence);
  running_slots_ += sequence.choices;
  account.running += sequence.choices;
  sequence.is_running = true;
  // At least one token is computed, or there would be no logits.
  const size_t full = (sequence.tokens.size() - 1) / kPageTokens;
  extend_hashes(sequence, full);
  while (sequence.pages.size() < full) {
    const std::optional<PageId> page = blocks_.find(sequence.hashes[sequence.pages.size()], sequence.account);
    if (!page) break;
    sequence.pages.push_back(*page);
  }
  sequence.computed = kPageTokens * sequence.pages.size();
  sequence.published = sequence.pages.size();
  if (sequence.was_admitted) return;
  sequence.was_admitted = true;
  sequence.cached_tokens = static_cast<uint32_t>(sequence.computed);
  counts_.prompt_tokens += sequence.prompt_size;
  counts_.cached_tokens += sequence.computed;
}

bool Scheduler::append(Sequence& sequence, uint32_t token, std::vector<Event>& events) {
  sequence.tokens.push_back(token);
  const auto& stops = *sequence.stop_tokens;
  Finish finish = Finish::none;
  if (std::find(stops.begin(), stops.end(), token) != stops.end())
    finish = Finish::stop;
  else if (sequence.tokens.size() >= sequence.size_max)
    finish = Finish::length;
  events.push_back({sequence.id, sequence.choice, token, finish, sequence.cached_tokens});
  return finish != Finish::none;
}

size_t Scheduler::commit(const Plan& plan, size_t index, const uint32_t* tokens, size_t count, std::vector<Event>& events) {
  const Plan::Entry& entry = plan.entries[index];
  const auto at = sequences_.find({entry.id, entry.choice});
  if (at == sequences_.end()) return 0;
  Sequence& sequence = *at->second;
  if (entry.want_count == 0) {
    sequence.computed += entry.row_count;
    publish(sequence);
    return 0;
  }
  if (entry.choices > 1 && count != 0) {
    assert(count == entry.choices);
    sequence.computed += entry.row_count;
    publish(sequence);
    AccountState& account = *accounts_[sequence.account];
    sequence.choices = 1;
    for (uint32_t choice = 1; choice < entry.choices; ++choice) {
      auto fork = std::make_unique<Sequence>(sequence);
      fork->choice = choice;
      fork->ticket = sequence.ticket + choice;
      for (PageId page : fork->pages) blocks_.share(page);
      ++account.sequences;
      Sequence& child = *fork;
      sequences_[{child.id, choice}] = std::move(fork);
      running_.insert(&child);  // its slot was reserved
      if (append(child, tokens[choice], events)) erase(child);
    }
    if (append(sequence, tokens[0], events)) erase(sequence);
    return count;
  }
  if (count == 0) return 0;  // nothing could be drawn: computed again, unless it is cancelled
  // Row i of the wanted ones computed the i-th guess; the token drawn from it is right whatever came after, and the next
  // row counts only when the guess was that very token.
  const size_t guesses = entry.want_count - 1;
  const uint32_t* guess = plan.tokens.data() + entry.first_row + entry.row_count - guesses;
  sequence.computed += entry.row_count - guesses;
  size_t taken = 0;
  bool is_over = false;
  while (taken < count && !is_over) {
    const uint32_t token = tokens[taken];
    is_over = append(sequence, token, events);
    if (taken >= guesses || guess[taken] != token) {
      ++taken;
      break;
    }
    ++taken;
    if (!is_over) ++sequence.computed, ++counts_.confirmed_tokens;
  }
  if (guesses != 0) {
    counts_.guessed_tokens += guesses;
    // After a guess that was wrong from the start, wait longer and longer before the next.
    if (taken > 1) {
      sequence.guess_wait_next = 1;
    } else {
      sequence.guess_wait = sequence.guess_wait_next;
      sequence.guess_wait_next = std::min<uint32_t>(32, 2 * sequence.guess_wait_next);
    }
  }
  publish(sequence);
  if (is_over) erase(sequence);
  return taken;
}

const std::vector<uint32_t>* Scheduler::tokens_of(uint64_t id, uint32_t choice) const {
  const auto at = sequences_.find({id, choice});
  return at == sequences_.end() ? nullptr : &at->second->tokens;
}

Counts Scheduler::counts() const {
  Counts counts = counts_;
  counts.running = running_.size();
  counts.waiting = waiting_;
  counts.accounts = account_of_.size();
  return counts;
}

bool Scheduler::consistent() const {
  std::vector<uint32_t> references(blocks_.page_count(), 0);
  std::vector<size_t> alive(accounts_.size(), 0), running(accounts_.size(), 0), waiting(accounts_.size(), 0);
  size_t waiting_all = 0, slots = 0;
  for (const auto& [key, owned] : sequences_) {
    const Sequence& sequence = *owned;
    if (key != Key{sequence.id, sequence.choice} || sequence.account >= accounts_.size() || !accounts_[sequence.account]) return false;
    ++alive[sequence.account];
    for (PageId page : sequence.pages) ++references[page];
    if (sequence.is_running) {
      if (running_.count(owned.get()) == 0 || sequence.computed >= sequence.tokens.size()) return false;
      if (sequence.pages.size() * kPageTokens < sequence.computed) return false;
      running[sequence.account] += sequence.choices, slots += sequence.choices;
    } else {
      if (!sequence.pages.empty() || sequence.computed != 0 || accounts_[sequence.account]->waiting.count(owned.get()) == 0) return false;
      ++waiting[sequence.account], ++waiting_all;
    }
  }
  for (size_t i = 0; i < references.size(); ++i)
    if (references[i] != blocks_.references(static_cast<PageId>(i))) return false;
  for (size_t i = 0; i < accounts_.size(); ++i) {
    if (!accounts_[i]) {
      if (alive[i] != 0) return false;
      continue;
    }
    const AccountState& account = *accounts_[i];
    if (account.sequences != alive[i] || account.running != running[i] || account.waiting.size() != waiting[i] || alive[i] == 0) return false;
    if (account.running > limits_.account_running_max) return false;
  }
  return blocks_.consistent() && waiting_all == waiting_ && slots == running_slots_ && slots <= limits_.running_max;
}

}  // namespace zg::batching
