// The scheduler's own records of sequences and accounts.
#pragma once

#include "batching/scheduler/api.hpp"

namespace zg::batching {

struct Scheduler::Sequence {
  uint64_t id = 0;
  uint32_t choice = 0;
  uint32_t choices = 1;  // answers it stands for: more than one until its prompt is computed
  uint64_t ticket = 0;   // age: smaller is older, kept when it is sent back
  uint32_t account = 0;
  std::vector<uint32_t> tokens;
  size_t prompt_size = 0, size_max = 0;
  size_t computed = 0;   // tokens whose keys and values are in `pages`
  std::vector<PageId> pages;
  std::vector<Hash32> hashes;  // of its full pages; survives being sent back
  size_t published = 0;        // pages of the beginning that are published, or were found so
  std::shared_ptr<const std::vector<uint32_t>> stop_tokens;
  uint64_t deadline_us = ~uint64_t{0};
  uint32_t cached_tokens = 0;
  uint32_t guess_wait = 0, guess_wait_next = 1;
  Finish ending = Finish::none;
  bool may_draft = true, is_paused = false, is_running = false, was_admitted = false;

  size_t missing() const { return tokens.size() - computed; }
};

struct Scheduler::AccountState {
  Hash32 salt{};
  uint64_t served = 0;  // tokens computed for it, from the virtual time at which it came
  Queue waiting;
  size_t running = 0;   // slots, choices reserved included
  size_t sequences = 0;
};

}  // namespace zg::batching
