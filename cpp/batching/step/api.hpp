// The step contract: what a scheduler hands to a model, and what it gets back. The only entry into a decoder or a device.
//
// A batch is ragged: its rows are (sequence, position) pairs in any mix of prefill chunks and single decodes. Keys and values
// live in pages of 16 positions that the runner owns; which page belongs to whom is the scheduler's knowledge alone, told
// anew with every batch. A row's result depends on its own sequence only, bit for bit: never on its batch mates, their number,
// the threads or the chunks in which its past was written.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "common/status.hpp"

namespace zg::batching {

inline constexpr uint32_t kPageTokens = 16;

// What a row's answer is used for.
enum class Want : uint8_t {
  nothing = 0,  // only its keys and values are stored (all but the last row of a prefill chunk)
  greedy = 1,   // the most likely token and its logit
  logits = 2,   // all logits, and the most likely token
};

// One step's work; everything is borrowed for the call.
//
// Rows of one sequence lie in a run: side by side, at consecutive positions. A row at position p reads what its
// sequence's pages hold for positions below p, so all of them were written by an earlier step or by rows before it in its run;
// its own keys and values go to page p / 16, slot p % 16. Writing a position again replaces it (speculation that failed).
struct Batch {
  std::span<const uint32_t> tokens;          // [rows]
  std::span<const uint32_t> positions;       // [rows]
  std::span<const uint32_t> sequences;       // [rows]: which page table, an index into page_offsets
  std::span<const Want> wants;               // [rows]
  std::span<const uint32_t> page_offsets;    // [sequences + 1]: page table s is pages[page_offsets[s] … page_offsets[s + 1])
  std::span<const uint32_t> pages;           // page ids in order of position
};

// The answers of the wanted rows, in the order of the rows; kept for reuse by the caller.
struct Answers {
  std::vector<uint32_t> rows;         // the row in the batch
  std::vector<uint32_t> best;         // token with the largest logit, the lowest number among equals
  std::vector<float> best_logits;
  std::vector<uint32_t> logit_rows;   // positions in `rows` of those that asked for all logits
  std::vector<float> logits;          // [logit_rows, vocabulary_size]
};

// The bounds of a runner, fixed when it is made.
struct Limits {
  uint32_t vocabulary_size;
  uint32_t context_size;   // positions are below
  uint32_t page_count;     // page ids are below
  uint32_t rows_max;       // rows of one batch
};

class StepRunner {
 public:
  StepRunner() = default;
  StepRunner(const StepRunner&) = delete;
  StepRunner& operator=(const StepRunner&) = delete;
  virtual ~StepRunner() = default;

  virtual const Limits& limits() const = 0;

  // Runs one batch. Not to be called by two threads at a time. Uses the pool of common/parallel.hpp.
  //
  // Out: answers: replaced. Pages named by the batch: written at the rows' positions.
  // Returns what check_batch() finds; then nothing was written.
  virtual std::optional<Failure> step(const Batch& batch, Answers& answers) = 0;

  // Page `to` becomes a copy of page `from` in all layers: a fork that is about to write a shared page.
  // Returns bad_argument for a page that is not there.
  virtual std::optional<Failure> copy_page(uint32_t from, uint32_t to) = 0;
};

// Whether a batch keeps the contract; the sentence when it does not. Every runner asks first. An empty batch is fine.
// Checked: equal lengths, at most rows_max rows, tokens and positions in range, runs, a page for every position up to a row's
// own, page ids in range, and no two runs writing one slot (a page shared by sequences is only read).
std::optional<Failure> check_batch(const Batch& batch, const Limits& limits);

}  // namespace zg::batching
