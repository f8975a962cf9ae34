// The block manager and the scheduler against a model that is nothing but memory: random lives of many requests, with
// every invariant looked at after every step, and each answer compared with the one computed without pages.
#include <algorithm>
#include <cstring>
#include <map>
#include <random>

#include "batching_fake.hpp"
#include "check.hpp"

using namespace zg;
using namespace zg::batching;

namespace {

Hash32 salt_of(uint32_t account) {
  Hash32 salt{};
  std::memcpy(salt.b, &account, sizeof account);
  return salt;
}

std::unique_ptr<Scheduler> made(const SchedulerLimits& limits) {
  auto scheduler = Scheduler::make(limits);
  CHECK(scheduler.ok());
  return std::move(*scheduler);
}

struct Asked {
  std::vector<uint32_t> prompt;
  uint32_t new_tokens_max, choices;
  std::map<uint32_t, std::vector<uint32_t>> got;
  std::map<uint32_t, Finish> ended;
  bool may_end_early = false;
};

// Runs until nothing is left; returns the number of steps.
size_t drain(Scheduler& scheduler, fake::Memory& memory, std::map<uint64_t, Asked>& asked, uint64_t now = 0) {
  Plan plan;
  std::vector<Event> events;
  size_t steps = 0;
  while (!scheduler.is_idle() && steps < 100000) {
    events.clear();
    if (scheduler.plan(now, plan, events)) memory.run(scheduler, plan, events);
    for (const Event& event : events) {
      if (event.token != kNoToken) asked[event.id].got[event.choice].push_back(event.token);
      if (event.finish != Finish::none) asked[event.id].ended[event.choice] = event.finish;
    }
    ++steps;
  }
  return steps;
}

Submission submission(uint64_t id, uint32_t account, std::vector<uint32_t> prompt, uint32_t count) {
  Submission asked;
  asked.id = id;
  asked.salt = salt_of(account);
  asked.prompt = std::move(prompt);
  asked.new_tokens_max = count;
  return asked;
}

void test_blocks() {
  BlockManager blocks(4, 3);
  const PageId a = *blocks.take(0), b = *blocks.take(0), c = *blocks.take(0);
  CHECK(!blocks.take(0) && blocks.refusal(0) == BlockManager::Refusal::account);
  const PageId d = *blocks.take(1);
  CHECK(!blocks.take(1) && blocks.refusal(1) == BlockManager::Refusal::full);
  const uint32_t ids[kPageTokens] = {1, 2, 3};
  const Hash32 one = chain_hash({}, ids, salt_of(0)), two = chain_hash(one, ids, salt_of(0));
  CHECK(std::memcmp(one.b, chain_hash({}, ids, salt_of(1)).b, 32) != 0);
  CHECK(std::memcmp(one.b, two.b, 32) != 0);
  blocks.publish(a, one);
  blocks.publish(b, two);
  blocks.publish(c, two);  // b has this name already
  blocks.release(a), blocks.release(b), blocks.release(c);
  CHECK(blocks.available() == 3 && blocks.cached() == 2 && blocks.consistent());
  CHECK(*blocks.find(two, 0) == b && blocks.references(b) == 1 && blocks.cached() == 1);
  CHECK(*blocks.find(two, 0) == b && blocks.references(b) == 2);
  CHECK(*blocks.take(1) == c && blocks.evictions() == 0);  // what is free goes before what is cached
  CHECK(*blocks.take(1) == a && blocks.evictions() == 1 && !blocks.find(one, 0));
  blocks.release(b), blocks.release(b), blocks.release(c), blocks.release(d), blocks.release(a);
  CHECK(blocks.available() == 4 && blocks.consistent());
  blocks.drop_cached();
  CHECK(!blocks.find(two, 0) && blocks.cached() == 0 && blocks.consistent());
}

void test_refusals() {
  SchedulerLimits limits;
  limits.page_count = 8, limits.account_pages_max = 4, limits.context_tokens_max = 100, limits.waiting_max = 3, limits.account_waiting_max = 2;
  limits.choices_max = 2;
  auto scheduler = made(limits);
  const char* why = nullptr;
  CHECK(scheduler->submit(submission(1, 0, {}, 1), &why) == Status::bad_argument);
  CHECK(scheduler->submit(submission(1, 0, {1}, 0), &why) == Status::bad_argument);
  CHECK(scheduler->submit(submission(1, 0, {1}, 100), &why) == Status::bad_argument);
  CHECK(scheduler->submit(submission(1, 0, {1}, 64), &why) == Status::bad_argument);  // 65 tokens are 5 pages
  CHECK(scheduler->submit(submission(1, 0, {1}, ~0u), &why) == Status::bad_argument);
  Submission many = submission(1, 0, {1}, 4);
  many.choices = 3;
  CHECK(scheduler->submit(many, &why) == Status::bad_argument);
  CHECK(scheduler->submit(submission(1, 0, {1}, 63), &why) == Status::ok);
  CHECK(scheduler->submit(submission(1, 0, {1}, 3), &why) == Status::bad_argument);  // alive
  CHECK(scheduler->submit(submission(2, 0, {1}, 3), &why) == Status::ok);
  CHECK(scheduler->submit(submission(3, 0, {1}, 3), &why) == Status::out_of_capacity && why != nullptr);
  CHECK(scheduler->submit(submission(3, 1, {1}, 3), &why) == Status::ok);
  CHECK(scheduler->submit(submission(4, 2, {1}, 3), &why) == Status::out_of_capacity);
  CHECK(scheduler->consistent());
  limits.running_max = limits.step_tokens_max + 1;
  CHECK(!Scheduler::make(limits).ok());
  limits.running_max = 0;
  CHECK(!Scheduler::make(limits).ok());
}

// The same prompt again: whole pages come from the cache, the answer is the same; another account computes its own.
void test_prefix() {
  auto scheduler = made({});
  fake::Memory memory(scheduler->limits().page_count);
  std::vector<uint32_t> prompt(100);
  for (size_t i = 0; i < prompt.size(); ++i) prompt[i] = static_cast<uint32_t>(i * 7 % 50);
  std::map<uint64_t, Asked> asked;
  const auto cached_of = [&](uint64_t id, uint32_t account, std::vector<uint32_t> tokens) {
    const uint64_t before = scheduler->counts().cached_tokens;
    CHECK(scheduler->submit(submission(id, account, std::move(tokens), 5), nullptr) == Status::ok);
    drain(*scheduler, memory, asked);
    CHECK(scheduler->consistent());
    return scheduler->counts().cached_tokens - before;
  };
  CHECK(cached_of(1, 0, prompt) == 0);
  CHECK(cached_of(2, 0, prompt) == 96);
  CHECK(cached_of(3, 1, prompt) == 0);
  CHECK(asked[1].got[0] == fake::answer(prompt, 5, 0) && asked[2].got == asked[1].got && asked[3].got == asked[1].got);
  std::vector<uint32_t> exact(prompt.begin(), prompt.begin() + 96);  // its last page is computed again: logits are wanted
  CHECK(cached_of(4, 0, exact) == 80);
  CHECK(asked[4].got[0] == fake::answer(exact, 5, 0));
  exact[40] ^= 1;
  CHECK(cached_of(5, 0, exact) == 32);
  CHECK(asked[5].got[0] == fake::answer(exact, 5, 0));
}

// A few choices share the prompt's pages and part ways in its last one.
void test_choices() {
  SchedulerLimits limits;
  limits.page_count = 40;
  auto scheduler = made(limits);
  fake::Memory memory(limits.page_count);
  std::map<uint64_t, Asked> asked;
  std::vector<uint32_t> prompt(37, 3);
  Submission one = submission(9, 0, prompt, 20);
  one.choices = 4;
  CHECK(scheduler->submit(one, nullptr) == Status::ok);
  drain(*scheduler, memory, asked);
  for (uint32_t choice = 0; choice < 4; ++choice) CHECK(asked[9].got[choice] == fake::answer(prompt, 20, choice));
  CHECK(scheduler->counts().prompt_tokens == 37 && scheduler->blocks().available() == limits.page_count && scheduler->consistent());
}

// Sequences that repeat themselves are guessed, and answered as they are without.
void test_guesses() {
  for (size_t guesses = 0; guesses <= 7; ++guesses) {
    SchedulerLimits limits;
    limits.draft_tokens_max = guesses;
    auto scheduler = made(limits);
    std::vector<uint32_t> prompt;
    for (int i = 0; i < 60; ++i) prompt.push_back(static_cast<uint32_t>(i % 6));
    CHECK(scheduler->submit(submission(1, 0, prompt, 50), nullptr) == Status::ok);
    // A model that goes on counting to six, but for a slip at every 17th token.
    const auto next = [](uint32_t token, uint32_t position) { return position % 17 == 0 ? 9 : (token == 9 ? position : token + 1) % 6; };
    std::vector<uint32_t> got, want;
    uint32_t last = prompt.back();
    for (uint32_t p = 59; want.size() < 50; ++p) want.push_back(last = next(last, p));
    Plan plan;
    std::vector<Event> events;
    size_t steps = 0;
    while (!scheduler->is_idle() && ++steps < 1000) {
      events.clear();
      if (!scheduler->plan(0, plan, events)) break;
      CHECK(plan.tokens.size() <= limits.step_tokens_max);
      const Plan::Entry& entry = plan.entries[0];
      std::vector<uint32_t> tokens;
      for (uint32_t k = 0; k < entry.want_count; ++k) {
        const uint32_t row = entry.first_row + entry.row_count - entry.want_count + k;
        tokens.push_back(next(plan.tokens[row], plan.positions[row]));
        if (k + 1 < entry.want_count && plan.tokens[row + 1] != tokens.back()) break;
      }
      scheduler->commit(plan, 0, tokens.data(), tokens.size(), events);
      for (const Event& event : events) got.push_back(event.token);
      CHECK(scheduler->consistent());
    }
    CHECK(got == want);
    CHECK(guesses == 0 ? steps == 50 : steps < 45);
    CHECK((scheduler->counts().confirmed_tokens > 0) == (guesses > 0));
  }
  CHECK(guess_next({1, 2, 3, 4, 1, 2, 3}, 2) == (std::vector<uint32_t>{4, 1}));
  CHECK(guess_next({7, 2, 3, 9, 8, 2, 3}, 8) == (std::vector<uint32_t>{9, 8, 2, 3}));
  CHECK(guess_next({1, 2, 3}, 4).empty() && guess_next({}, 4).empty() && guess_next({1, 1, 1}, 0).empty());
}

// One account with forty long prompts, one with a single question that comes after them.
void test_fairness() {
  SchedulerLimits limits;
  limits.step_tokens_max = 128, limits.draft_tokens_max = 0;
  auto scheduler = made(limits);
  fake::Memory memory(limits.page_count);
  for (uint64_t id = 0; id < 40; ++id) {
    std::vector<uint32_t> prompt(500, static_cast<uint32_t>(id % 50));
    prompt[0] = static_cast<uint32_t>(id);
    CHECK(scheduler->submit(submission(id, 0, prompt, 20), nullptr) == Status::ok);
  }
  Plan plan;
  std::vector<Event> events;
  for (int step = 0; step < 20; ++step)
    if (scheduler->plan(0, plan, events)) memory.run(*scheduler, plan, events);
  CHECK(scheduler->submit(submission(100, 1, std::vector<uint32_t>(100, 4), 3), nullptr) == Status::ok);
  int steps = 0;
  bool is_done = false;
  while (!is_done && ++steps < 100) {
    events.clear();
    if (scheduler->plan(0, plan, events)) memory.run(*scheduler, plan, events);
    for (const Event& event : events) is_done |= event.id == 100 && event.finish == Finish::length;
  }
  CHECK(steps <= 6);  // 100 tokens in quanta of 64, two more of its own, and one step of slack
}

// A reader that stopped reading loses its pages to others, and goes on later where it was.
void test_pause() {
  SchedulerLimits limits;
  limits.page_count = 8, limits.account_pages_max = 8, limits.draft_tokens_max = 0;
  auto scheduler = made(limits);
  fake::Memory memory(limits.page_count);
  std::map<uint64_t, Asked> asked;
  CHECK(scheduler->submit(submission(1, 0, std::vector<uint32_t>(80, 1), 40), nullptr) == Status::ok);
  Plan plan;
  std::vector<Event> events;
  for (int i = 0; i < 4; ++i) {
    CHECK(scheduler->plan(0, plan, events));
    memory.run(*scheduler, plan, events);
  }
  scheduler->pause(1, 0, true);
  const size_t before = events.size();
  CHECK(!scheduler->plan(0, plan, events) && events.size() == before);
  CHECK(scheduler->submit(submission(2, 1, std::vector<uint32_t>(100, 2), 20), nullptr) == Status::ok);
  std::vector<Event> others;
  while (scheduler->plan(0, plan, others)) memory.run(*scheduler, plan, others);
  CHECK(others.size() == 20 && others.back().finish == Finish::length && scheduler->counts().preempted == 1);
  scheduler->pause(1, 0, false);
  for (const Event& event : events) asked[1].got[0].push_back(event.token);
  drain(*scheduler, memory, asked);
  CHECK(asked[1].got[0] == fake::answer(std::vector<uint32_t>(80, 1), 40, 0));
}

// Random lives: small memory, many accounts, long and short, cancelled, late, paused, forked.
void test_lives(uint64_t seed) {
  std::mt19937_64 random(seed);
  const auto below = [&](size_t n) { return static_cast<size_t>(random() % n); };
  SchedulerLimits limits;
  limits.page_count = 6 + below(60);
  limits.account_pages_max = 4 + below(limits.page_count);
  limits.context_tokens_max = 200;
  limits.step_tokens_max = 8 + below(100);
  limits.running_max = 1 + below(limits.step_tokens_max);
  limits.account_running_max = 1 + below(limits.running_max);
  limits.waiting_max = 30, limits.account_waiting_max = 20;
  limits.draft_tokens_max = below(5);
  auto scheduler = made(limits);
  fake::Memory memory(limits.page_count);
  std::map<uint64_t, Asked> asked;
  std::vector<uint32_t> common(150);
  for (uint32_t& token : common) token = static_cast<uint32_t>(below(3));
  Plan plan;
  std::vector<Event> events;
  uint64_t next_id = 1, now = 0;
  const auto take_events = [&] {
    for (const Event& event : events) {
      Asked& one = asked.at(event.id);
      CHECK(one.ended.count(event.choice) == 0);
      if (event.token != kNoToken) one.got[event.choice].push_back(event.token);
      if (event.finish != Finish::none) one.ended[event.choice] = event.finish;
    }
    events.clear();
  };
  for (int round = 0; round < 400; ++round) {
    now += below(3);
    if (round < 300 && below(3) == 0) {
      Asked one;
      const size_t size = 1 + below(120), shared = below(2) == 0 ? below(size) : size;
      one.prompt.assign(common.begin(), common.begin() + static_cast<ptrdiff_t>(shared));
      while (one.prompt.size() < size) one.prompt.push_back(static_cast<uint32_t>(below(fake::kVocabulary)));
      if (one.prompt.empty()) one.prompt.push_back(0);
      one.new_tokens_max = static_cast<uint32_t>(1 + below(60));
      one.choices = below(5) == 0 ? static_cast<uint32_t>(1 + below(4)) : 1;
      Submission sent = submission(next_id, static_cast<uint32_t>(below(4)), one.prompt, one.new_tokens_max);
      sent.choices = one.choices;
      if (below(10) == 0) sent.deadline_us = now + below(60), one.may_end_early = true;
      const Status status = scheduler->submit(sent, nullptr);
      CHECK(status == Status::ok || status == Status::out_of_capacity || status == Status::bad_argument);
      if (status == Status::ok) asked[next_id++] = one;
    }
    if (next_id > 1 && below(20) == 0) {
      const uint64_t id = 1 + below(next_id - 1);
      scheduler->cancel(id);
      asked[id].may_end_early = true;
    }
    if (next_id > 1 && below(8) == 0) scheduler->pause(1 + below(next_id - 1), static_cast<uint32_t>(below(2)), below(2) == 0);
    if (scheduler->plan(now, plan, events)) {
      CHECK(!plan.tokens.empty() && plan.tokens.size() <= limits.step_tokens_max);
      CHECK(plan.page_begin.size() == plan.entries.size() + 1 && plan.page_begin.back() == plan.pages.size());
      memory.run(*scheduler, plan, events);
    }
    CHECK(scheduler->consistent());
    take_events();
  }
  for (uint64_t id = 1; id < next_id; ++id)
    for (uint32_t choice = 0; choice < 4; ++choice) scheduler->pause(id, choice, false);
  for (int step = 0; step < 20000 && !scheduler->is_idle(); ++step) {
    if (scheduler->plan(now, plan, events)) memory.run(*scheduler, plan, events);
    take_events();
  }
  CHECK(scheduler->is_idle());
  CHECK(scheduler->blocks().available() == limits.page_count && scheduler->consistent());
  for (const auto& [id, one] : asked) {
    for (uint32_t choice = 0; choice < one.choices; ++choice) {
      const auto ended = one.ended.find(choice);
      CHECK(ended != one.ended.end());
      if (ended == one.ended.end()) continue;
      const std::vector<uint32_t> want = fake::answer(one.prompt, one.new_tokens_max, choice);
      const auto found = one.got.find(choice);
      const std::vector<uint32_t> got = found == one.got.end() ? std::vector<uint32_t>{} : found->second;
      CHECK(got.size() <= want.size() && std::equal(got.begin(), got.end(), want.begin()));
      if (ended->second == Finish::length) CHECK(got.size() == want.size());
      if (!one.may_end_early) CHECK(ended->second == Finish::length);
    }
  }
}

void test_failure() {
  auto scheduler = made({});
  fake::Memory memory(scheduler->limits().page_count);
  Plan plan;
  std::vector<Event> events;
  for (uint64_t id = 0; id < 5; ++id) CHECK(scheduler->submit(submission(id, 0, std::vector<uint32_t>(40, 1), 9), nullptr) == Status::ok);
  CHECK(scheduler->plan(0, plan, events));
  memory.run(*scheduler, plan, events);
  CHECK(scheduler->plan(0, plan, events));
  events.clear();
  scheduler->fail_all(events);
  CHECK(events.size() == 5 && events[0].finish == Finish::failed && scheduler->is_idle() && scheduler->blocks().cached() == 0);
  CHECK(scheduler->blocks().available() == scheduler->limits().page_count && scheduler->consistent());
}

}  // namespace

int main() {
  test_blocks();
  test_refusals();
  test_prefix();
  test_choices();
  test_guesses();
  test_fairness();
  test_pause();
  for (uint64_t seed = 1; seed <= 60; ++seed) test_lives(seed);
  test_failure();
  return check_report();
}
