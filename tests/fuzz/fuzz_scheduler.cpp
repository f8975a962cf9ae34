// The scheduler from a stranger's sequence of calls: every invariant after every step, every answer right, nothing stuck.
#include <algorithm>
#include <cstring>
#include <map>

#include "../native/batching_fake.hpp"

using namespace zg;
using namespace zg::batching;

namespace {

struct Reader {
  const uint8_t* at;
  size_t left;

  uint8_t byte() {
    if (left == 0) return 0;
    --left;
    return *at++;
  }
};

void require(bool condition) {
  if (!condition) std::abort();
}

struct Asked {
  std::vector<uint32_t> prompt;
  uint32_t count;
  std::map<uint32_t, std::vector<uint32_t>> got;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  Reader in{data, size};
  SchedulerLimits limits;
  limits.page_count = 1 + in.byte() % 24;
  limits.account_pages_max = 1 + in.byte() % 24;
  limits.step_tokens_max = 1 + in.byte() % 40;
  limits.running_max = 1 + in.byte() % limits.step_tokens_max;
  limits.account_running_max = 1 + in.byte() % 8;
  limits.waiting_max = 8, limits.account_waiting_max = 6, limits.context_tokens_max = 128;
  limits.draft_tokens_max = in.byte() % 5;
  auto made = Scheduler::make(limits);
  require(made.ok());
  Scheduler& scheduler = **made;
  fake::Memory memory(limits.page_count);
  std::map<uint64_t, Asked> asked;
  Plan plan;
  std::vector<Event> events;
  uint64_t now = 0, next_id = 1;
  const auto step = [&] {
    if (scheduler.plan(now, plan, events)) {
      require(!plan.tokens.empty() && plan.tokens.size() <= limits.step_tokens_max);
      memory.run(scheduler, plan, events);
    }
    require(scheduler.consistent());
    for (const Event& event : events)
      if (event.token != kNoToken) asked.at(event.id).got[event.choice].push_back(event.token);
    events.clear();
  };
  while (in.left > 0) {
    const uint8_t verb = in.byte();
    const uint64_t id = 1 + in.byte() % next_id;
    switch (verb % 6) {
      case 0: {
        Submission sent;
        sent.id = next_id;
        sent.salt.b[0] = verb >> 6;
        Asked one;
        one.prompt.resize(in.byte() % 140);
        for (size_t i = 0; i < one.prompt.size(); ++i) one.prompt[i] = i < one.prompt.size() / 2 ? 1 : in.byte() % 3;
        sent.prompt = one.prompt;
        one.count = sent.new_tokens_max = in.byte() % 64;
        sent.choices = in.byte() % 4;
        if ((verb & 8) != 0) sent.deadline_us = now + in.byte();
        if ((verb & 16) != 0) sent.stop_tokens = {in.byte(), in.byte()};
        if (scheduler.submit(sent, nullptr) == Status::ok) asked[next_id++] = one;
        break;
      }
      case 1: scheduler.cancel(id); break;
      case 2: scheduler.pause(id, verb >> 6, (verb & 8) != 0); break;
      case 3: now += verb; break;
      default: step();
    }
  }
  for (uint64_t id = 0; id <= next_id; ++id)
    for (uint32_t choice = 0; choice < 4; ++choice) scheduler.pause(id, choice, false);
  for (int i = 0; i < 5000 && !scheduler.is_idle(); ++i) step();
  require(scheduler.is_idle() && scheduler.blocks().available() == limits.page_count);
  for (const auto& [id, one] : asked)
    for (const auto& [choice, got] : one.got) {
      const std::vector<uint32_t> want = fake::answer(one.prompt, one.count, choice);
      require(got.size() <= want.size() && std::equal(got.begin(), got.end(), want.begin()));
    }
  return 0;
}
