// The scheduler: which tokens of which sequences the next step of the model computes, and where their keys and values go.
//
// Continuous batching over paged memory: a step has room for a fixed number of tokens; sequences that generate get one
// each first (or a few more to check a guess), prompts fill the rest in pieces. When pages run out, the newest sequence
// gives its own back and is computed again later. Accounts take turns by how many tokens they have had. Pure: no clock,
// no threads, no model; the engine calls submit/cancel/pause between steps, and plan() … commit() once a step.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <set>
#include <unordered_map>
#include <vector>

#include "batching/blocks/api.hpp"
#include "common/digest.hpp"
#include "common/status.hpp"

namespace zg::batching {

struct SchedulerLimits {
  size_t page_count = 2048;            // pages of the cache, kPageTokens tokens each
  size_t account_pages_max = 1024;     // pages that one account may hold
  size_t context_tokens_max = 8192;    // prompt and answer of one sequence
  size_t step_tokens_max = 512;        // rows of one step
  size_t running_max = 64;             // sequences that hold pages; at most step_tokens_max
  size_t account_running_max = 32;
  size_t waiting_max = 1024;           // sequences submitted and not running
  size_t account_waiting_max = 256;
  size_t choices_max = 16;             // answers to one prompt
  size_t draft_tokens_max = 3;         // guessed tokens checked in one step by one sequence; 0: never guess
  size_t draft_running_max = 4;        // no guessing while more sequences than this generate
};

// Why a sequence ended.
enum class Finish : uint8_t { none, stop, length, cancelled, deadline, failed };

struct Submission {
  uint64_t id = 0;                        // the caller's name for it, unique among the living
  Hash32 salt{};                          // the account: fairness, bounds and prefix reuse go by it
  std::vector<uint32_t> prompt;            // at least one token
  uint32_t new_tokens_max = 0;            // at least 1
  uint32_t choices = 1;                   // answers, all from one computed prompt
  uint64_t deadline_us = ~uint64_t{0};    // on the clock that plan() is told
  std::vector<uint32_t> stop_tokens;       // ending the answer; reported, with Finish::stop
  bool may_draft = true;
};

inline constexpr uint32_t kNoToken = ~uint32_t{0};

// A token of a sequence, its end, or both; kNoToken: an end alone.
struct Event {
  uint64_t id;
  uint32_t choice;
  uint32_t token;
  Finish finish;
  uint32_t cached_tokens;  // of the prompt, taken from the prefix cache
};

struct PageCopy {
  PageId source, target;
};

// One step, in the order in which the model wants it: copy pages, then compute rows. Rows of an entry are consecutive
// tokens of one sequence.
struct Plan {
  struct Entry {
    uint64_t id;
    uint32_t choice;
    uint32_t choices;      // tokens to draw from the last row: 1, or the number of answers when the prompt is complete
    uint32_t first_row, row_count;
    uint32_t want_count;   // the last so many rows give logits: 0 for a piece of a prompt, 1, or 1 + guesses
    uint32_t first_want;   // index of its first logits row among all
  };
  std::vector<Entry> entries;
  std::vector<uint32_t> tokens, positions;  // by row
  std::vector<uint32_t> row_entry;         // by row: index into entries
  std::vector<uint8_t> want;               // by row
  std::vector<uint32_t> page_begin;        // entries + 1 offsets into pages
  std::vector<PageId> pages;               // page k of an entry holds positions kPageTokens * k …
  std::vector<PageCopy> copies;
  uint32_t want_count = 0;

  void clear();
};

struct Counts {
  size_t running = 0, waiting = 0, accounts = 0;
  uint64_t preempted = 0;       // sequences that gave their pages back
  uint64_t prompt_tokens = 0;   // of admitted prompts
  uint64_t cached_tokens = 0;   // of those, found in the prefix cache
  uint64_t computed_tokens = 0; // rows of all steps
  uint64_t guessed_tokens = 0, confirmed_tokens = 0;
  uint64_t steps = 0;
};

// Invariants (consistent() checks them): waiting sequences hold no page; a running one holds exactly the pages of its
// computed tokens and of those planned; the sum of its references is the block manager's; every account's counts are
// those of its sequences; no step has more than step_tokens_max rows. Every admitted sequence ends: the oldest is never
// sent back for another's sake, and one sequence always fits into memory alone.
class Scheduler {
 public:
  // bad_argument: a limit is zero, running_max above step_tokens_max.
  static Outcome<std::unique_ptr<Scheduler>> make(const SchedulerLimits& limits);
  ~Scheduler();

  // bad_argument: it could never run (empty, too long for the context or for the account's pages, a living id).
  // out_of_capacity: a queue is full, try later.
  Status submit(Submission submission, const char** why);
  // Ends the answers of `id` (or one of them) at the next plan(); unknown ids are ignored.
  void cancel(uint64_t id, Finish reason = Finish::cancelled);
  void cancel(uint64_t id, uint32_t choice, Finish reason = Finish::cancelled);
  // A paused sequence is not computed, and is the first to give up its pages.
  void pause(uint64_t id, uint32_t choice, bool is_paused);

  // Plans the next step into `plan`; false when there is nothing to compute. Appends the ends of expired and cancelled
  // sequences to `events`.
  bool plan(uint64_t now_us, Plan& plan, std::vector<Event>& events);

  // Tells what came of an entry of the last plan: `tokens` drawn from its wanted rows, in order; for an entry of several
  // choices one token for each. Guesses end at the first that differs. Entries are committed in order, each at most once; one that is not is
  // computed again. Appends
  // one event a token taken; what comes after the end is dropped. Returns how many were taken.
  size_t commit(const Plan& plan, size_t entry, const uint32_t* tokens, size_t count, std::vector<Event>& events);

  // Ends everything with Finish::failed (the model failed); also between plan() and commit().
  void fail_all(std::vector<Event>& events);

  // The tokens of a living sequence so far; null for unknown ones.
  const std::vector<uint32_t>* tokens_of(uint64_t id, uint32_t choice) const;

  Counts counts() const;
  BlockManager& blocks() { return blocks_; }
  const SchedulerLimits& limits() const { return limits_; }
  bool is_idle() const { return sequences_.empty(); }
  bool consistent() const;

 private:
  struct Sequence;
  struct AccountState;
  using Key = std::pair<uint64_t, uint32_t>;
  struct Older {
    bool operator()(const Sequence* a, const Sequence* b) const;
  };
  using Queue = std::set<Sequence*, Older>;
  struct Grant {
    Sequence* sequence;
    size_t count;
    std::vector<uint32_t> guess;
  };

  explicit Scheduler(const SchedulerLimits& limits);

  uint32_t account_for(const Hash32& salt);
  void leave_account(uint32_t account);
  void end(Sequence& sequence, Finish reason, std::vector<Event>& events);
  void erase(Sequence& sequence);
  void give_back(Sequence& sequence);
  void preempt(Sequence& sequence);
  bool preempt_paused(const Sequence* keep, uint32_t account, bool any_account);
  bool preempt_for(Sequence& sequence, BlockManager::Refusal reason);
  bool hold_page(Sequence& sequence, size_t page, Plan& plan);
  size_t hold_range(Sequence& sequence, size_t from, size_t count, Plan& plan);
  bool admissible(const Sequence& sequence) const;
  void admit(Sequence& sequence);
  void extend_hashes(Sequence& sequence, size_t pages);
  void publish(Sequence& sequence);
  bool append(Sequence& sequence, uint32_t token, std::vector<Event>& events);
  void grant_decodes(Plan& plan);
  void grant_guesses(Plan& plan);
  void grant_prompts(Plan& plan);
  void write(Plan& plan);

  SchedulerLimits limits_;
  BlockManager blocks_;
  std::map<Key, std::unique_ptr<Sequence>> sequences_;
  Queue running_;
  std::vector<std::unique_ptr<AccountState>> accounts_;
  std::map<Hash32, uint32_t> account_of_;
  std::vector<uint32_t> free_accounts_;
  std::vector<Grant> grants_;
  std::vector<Key> ending_;
  size_t waiting_ = 0, running_slots_ = 0, budget_ = 0;
  uint64_t next_ticket_ = 0, virtual_time_ = 0, next_deadline_us_ = ~uint64_t{0};
  Counts counts_;
};

// The n-gram guess: what followed the last three (else two) tokens when they last came together, at most `count_max`
// tokens. Empty when they never did.
std::vector<uint32_t> guess_next(const std::vector<uint32_t>& tokens, size_t count_max);

}  // namespace zg::batching
