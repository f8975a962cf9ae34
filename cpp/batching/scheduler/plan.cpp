// One plan: ends, a token for everybody who generates, guesses, prompts, and the arrays that say so.
#include <algorithm>
#include <cassert>

#include "batching/scheduler/sequence.hpp"

namespace zg::batching {

namespace {

// What an account gets before the next one is looked at.
constexpr size_t kQuantumTokens = 64;

}  // namespace

// Gives up the pages of a paused sequence, the newest first. Running slots are freed with them.
bool Scheduler::preempt_paused(const Sequence* keep, uint32_t account, bool any_account) {
  for (auto at = running_.rbegin(); at != running_.rend(); ++at) {
    Sequence* sequence = *at;
    if (!sequence->is_paused || sequence == keep || (!any_account && sequence->account != account)) continue;
    preempt(*sequence);
    return true;
  }
  return false;
}

// Makes room for `sequence`: from paused ones, else from the newest that is newer than it. False when there is none.
bool Scheduler::preempt_for(Sequence& sequence, BlockManager::Refusal reason) {
  const bool any_account = reason == BlockManager::Refusal::full;
  if (preempt_paused(&sequence, sequence.account, any_account)) return true;
  for (auto at = running_.rbegin(); at != running_.rend() && (*at)->ticket > sequence.ticket; ++at) {
    if (!any_account && (*at)->account != sequence.account) continue;
    preempt(**at);
    return true;
  }
  return false;
}

// Page number `page` of the sequence becomes its own to write: taken, or copied when others refer to it too.
bool Scheduler::hold_page(Sequence& sequence, size_t page, Plan& plan) {
  if (page < sequence.pages.size() && blocks_.references(sequence.pages[page]) == 1) return true;
  const std::optional<PageId> taken = blocks_.take(sequence.account);
  if (!taken) return false;
  if (page == sequence.pages.size()) {
    sequence.pages.push_back(*taken);
    return true;
  }
  plan.copies.push_back({sequence.pages[page], *taken});
  blocks_.release(sequence.pages[page]);
  sequence.pages[page] = *taken;
  return true;
}

// Holds the pages of the next tokens from `from` on, at most `count` of them; returns for how many tokens there is room.
size_t Scheduler::hold_range(Sequence& sequence, size_t from, size_t count, Plan& plan) {
  size_t end = from;
  while (end < from + count) {
    if (!hold_page(sequence, end / kPageTokens, plan)) break;
    end = std::min<size_t>(from + count, (end / kPageTokens + 1) * kPageTokens);
  }
  return end - from;
}

void Scheduler::grant_decodes(Plan& plan) {
  std::vector<Sequence*> ready;
  for (Sequence* sequence : running_)
    if (!sequence->is_paused && sequence->missing() == 1) ready.push_back(sequence);
  for (Sequence* sequence : ready) {
    if (budget_ == 0) break;
    if (!sequence->is_running) continue;  // gave its pages to an older one
    while (sequence->is_running && !hold_page(*sequence, sequence->computed / kPageTokens, plan)) {
      const BlockManager::Refusal reason = blocks_.refusal(sequence->account);
      if (preempt_for(*sequence, reason)) continue;
      // All who are older keep theirs; a younger one waits for them. The oldest of all never comes here: what it needs
      // fits into memory, and whatever is held is held by somebody newer.
      preempt(*sequence);
    }
    if (!sequence->is_running) continue;
    grants_.push_back({sequence, 1, {}});
    --budget_;
    accounts_[sequence->account]->served += 1;
  }
}

void Scheduler::grant_guesses(Plan& plan) {
  if (limits_.draft_tokens_max == 0 || grants_.size() > limits_.draft_running_max) return;
  for (Grant& grant : grants_) {
    Sequence& sequence = *grant.sequence;
    if (!sequence.may_draft || sequence.choices > 1) continue;
    if (sequence.guess_wait > 0) {
      --sequence.guess_wait;
      continue;
    }
    // One token comes from the row of the last guess, so a guess more than that would be computed for nothing.
    const size_t left = sequence.size_max - sequence.tokens.size() - 1;
    const size_t most = std::min({limits_.draft_tokens_max, left, budget_});
    grant.guess = guess_next(sequence.tokens, most);
    grant.guess.resize(hold_range(sequence, sequence.computed + 1, grant.guess.size(), plan));
    grant.count += grant.guess.size();
    budget_ -= grant.guess.size();
  }
}

// Accounts take turns by what they have had; within one the oldest goes first. A sequence that finds no page waits, and
// nobody new is let in while it does.
void Scheduler::grant_prompts(Plan& plan) {
  std::map<Sequence*, size_t> granted;  // index into grants_
  std::vector<std::vector<Sequence*>> prompts(accounts_.size());
  for (size_t i = 0; i < grants_.size(); ++i) granted[grants_[i].sequence] = i;
  for (Sequence* sequence : running_)
    if (!sequence->is_paused && granted.count(sequence) == 0) prompts[sequence->account].push_back(sequence);
  std::set<const Sequence*> stuck;
  bool is_short = false;
  while (budget_ > 0) {
    Sequence* next = nullptr;
    for (size_t index = 0; index < accounts_.size(); ++index) {
      if (!accounts_[index]) continue;
      AccountState& account = *accounts_[index];
      Sequence* candidate = nullptr;
      for (Sequence* sequence : prompts[index]) {
        const auto at = granted.find(sequence);
        const size_t have = at == granted.end() ? 0 : grants_[at->second].count;
        if (stuck.count(sequence) != 0 || sequence->missing() <= have) continue;
        candidate = sequence;
        break;
      }
      if (candidate == nullptr && !is_short) {
        for (Sequence* sequence : account.waiting) {
          if (sequence->is_paused) continue;
          if (admissible(*sequence)) candidate = sequence;
          break;  // nobody overtakes within an account
        }
      }
      if (candidate == nullptr) continue;
      if (next == nullptr) {
        next = candidate;
        continue;
      }
      const uint64_t mine = account.served, best = accounts_[next->account]->served;
      if (mine < best || (mine == best && candidate->ticket < next->ticket)) next = candidate;
    }
    if (next == nullptr) return;
    if (!next->is_running) {
      admit(*next);
      prompts[next->account].push_back(next);
    }
    AccountState& account = *accounts_[next->account];
    const auto at = granted.find(next);
    const size_t have = at == granted.end() ? 0 : grants_[at->second].count;
    const size_t want = std::min({next->missing() - have, kQuantumTokens, budget_});
    size_t room = hold_range(*next, next->computed + have, want, plan);
    while (room < want && preempt_paused(next, next->account, blocks_.refusal(next->account) == BlockManager::Refusal::full))
      room += hold_range(*next, next->computed + have + room, want - room, plan);
    if (room < want) {
      stuck.insert(next);
      is_short = true;
    }
    if (room == 0) continue;
    virtual_time_ = std::max(virtual_time_, account.served);
    account.served += room;
    budget_ -= room;
    if (at != granted.end()) {
      grants_[at->second].count += room;
    } else {
      granted[next] = grants_.size();
      grants_.push_back({next, room, {}});
    }
  }
}

void Scheduler::write(Plan& plan) {
  plan.page_begin.push_back(0);
  for (const Grant& grant : grants_) {
    const Sequence& sequence = *grant.sequence;
    const size_t guesses = grant.guess.size(), own = grant.count - guesses;
    const bool is_complete = sequence.computed + own == sequence.tokens.size();
    const uint32_t index = static_cast<uint32_t>(plan.entries.size());
    Plan::Entry entry{};
    entry.id = sequence.id;
    entry.choice = sequence.choice;
    entry.choices = is_complete ? sequence.choices : 1;
    entry.first_row = static_cast<uint32_t>(plan.tokens.size());
    entry.row_count = static_cast<uint32_t>(grant.count);
    entry.want_count = is_complete ? static_cast<uint32_t>(1 + guesses) : 0;
    entry.first_want = plan.want_count;
    for (size_t i = 0; i < grant.count; ++i) {
      plan.tokens.push_back(i < own ? sequence.tokens[sequence.computed + i] : grant.guess[i - own]);
      plan.positions.push_back(static_cast<uint32_t>(sequence.computed + i));
      plan.row_entry.push_back(index);
      plan.want.push_back(i + entry.want_count >= grant.count ? 1 : 0);
    }
    const size_t pages = (sequence.computed + grant.count + kPageTokens - 1) / kPageTokens;
    plan.pages.insert(plan.pages.end(), sequence.pages.begin(), sequence.pages.begin() + static_cast<ptrdiff_t>(pages));
    plan.page_begin.push_back(static_cast<uint32_t>(plan.pages.size()));
    plan.want_count += entry.want_count;
    plan.entries.push_back(entry);
  }
  counts_.computed_tokens += plan.tokens.size();
  ++counts_.steps;
}

bool Scheduler::plan(uint64_t now_us, Plan& plan, std::vector<Event>& events) {
  plan.clear();
  grants_.clear();
  for (const Key& key : ending_) {
    const auto at = sequences_.find(key);
    if (at != sequences_.end()) end(*at->second, at->second->ending, events);
  }
  ending_.clear();
  if (now_us >= next_deadline_us_) {
    next_deadline_us_ = ~uint64_t{0};
    std::vector<Sequence*> late;
    for (const auto& [key, sequence] : sequences_) {
      if (now_us >= sequence->deadline_us)
        late.push_back(sequence.get());
      else
        next_deadline_us_ = std::min(next_deadline_us_, sequence->deadline_us);
    }
    for (Sequence* sequence : late) end(*sequence, Finish::deadline, events);
  }
  // Each round that plans nothing although somebody could go on sends one sequence back, so the loop ends.
  while (!sequences_.empty()) {
    budget_ = limits_.step_tokens_max;
    grant_decodes(plan);
    grant_guesses(plan);
    grant_prompts(plan);
    if (!grants_.empty()) {
      write(plan);
      return true;
    }
    assert(plan.copies.empty());
    // Nothing to compute: those who are paused make way for those who wait, and the newest for the oldest.
    bool is_blocked = false, waits = false;
    for (const Sequence* sequence : running_) is_blocked |= !sequence->is_paused;
    for (const auto& [key, sequence] : sequences_) waits |= !sequence->is_running && !sequence->is_paused;
    if (!is_blocked && !waits) return false;
    if (preempt_paused(nullptr, 0, true)) continue;
    if (running_.empty()) return false;
    preempt(**running_.rbegin());
  }
  return false;
}

}  // namespace zg::batching
