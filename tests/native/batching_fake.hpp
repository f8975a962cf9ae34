// A model that is nothing but memory: the next token is a digest of all tokens of the sequence, read back from the pages
// that the plan names. A page that was freed, shared or copied wrongly changes the answer.
#pragma once

#include <cstdint>
#include <cstdlib>
#include <vector>

#include "batching/scheduler/api.hpp"

namespace zg::batching::fake {

inline constexpr uint32_t kVocabulary = 50;

inline uint64_t fold(uint64_t state, uint32_t token) {
  state = (state ^ token) * 0x9e3779b97f4a7c15ull;
  return state ^ state >> 29;
}

inline uint32_t token_of(uint64_t state, uint32_t choice) { return static_cast<uint32_t>((state * (2 * choice + 1)) >> 33) % kVocabulary; }

// The answer without pages, steps or neighbours.
inline std::vector<uint32_t> answer(const std::vector<uint32_t>& prompt, uint32_t count, uint32_t choice) {
  uint64_t state = 1;
  for (uint32_t token : prompt) state = fold(state, token);
  std::vector<uint32_t> tokens;
  while (tokens.size() < count) {
    tokens.push_back(token_of(state, choice));
    state = fold(state, tokens.back());
  }
  return tokens;
}

class Memory {
 public:
  explicit Memory(size_t page_count) : slots_(page_count * kPageTokens, kNoToken) {}

  // The digest at every wanted row. Stops the process when the plan breaks the contract.
  std::vector<uint64_t> step(const Plan& plan) {
    for (const PageCopy& copy : plan.copies)
      for (size_t i = 0; i < kPageTokens; ++i) slots_[copy.target * kPageTokens + i] = slots_[copy.source * kPageTokens + i];
    std::vector<uint64_t> wanted;
    for (size_t row = 0; row < plan.tokens.size(); ++row) {
      const uint32_t entry = plan.row_entry[row], position = plan.positions[row];
      const PageId* pages = plan.pages.data() + plan.page_begin[entry];
      if (position / kPageTokens >= plan.page_begin[entry + 1] - plan.page_begin[entry]) std::abort();
      slots_[pages[position / kPageTokens] * kPageTokens + position % kPageTokens] = plan.tokens[row];
    }
    // Reads come after all writes: a row that writes into a page another sequence reads is found out.
    for (size_t row = 0; row < plan.tokens.size(); ++row) {
      if (!plan.want[row]) continue;
      const uint32_t entry = plan.row_entry[row];
      const PageId* pages = plan.pages.data() + plan.page_begin[entry];
      uint64_t state = 1;
      for (uint32_t p = 0; p <= plan.positions[row]; ++p) state = fold(state, slots_[pages[p / kPageTokens] * kPageTokens + p % kPageTokens]);
      wanted.push_back(state);
    }
    return wanted;
  }

  // Steps and commits everything of a plan.
  void run(Scheduler& scheduler, const Plan& plan, std::vector<Event>& events) {
    const std::vector<uint64_t> wanted = step(plan);
    for (size_t i = 0; i < plan.entries.size(); ++i) {
      const Plan::Entry& entry = plan.entries[i];
      std::vector<uint32_t> tokens;
      if (entry.choices > 1) {
        for (uint32_t choice = 0; choice < entry.choices; ++choice) tokens.push_back(token_of(wanted[entry.first_want], choice));
      } else {
        for (uint32_t k = 0; k < entry.want_count; ++k) {
          tokens.push_back(token_of(wanted[entry.first_want + k], entry.choice));
          if (k + 1 < entry.want_count && plan.tokens[entry.first_row + entry.row_count - entry.want_count + 1 + k] != tokens.back()) break;
        }
      }
      scheduler.commit(plan, i, tokens.data(), tokens.size(), events);
    }
  }

 private:
  std::vector<uint32_t> slots_;
};

}  // namespace zg::batching::fake
