#include <string>
#include <unordered_map>
#include <unordered_set>

#include "batching/step/api.hpp"

namespace zg::batching {

namespace {

Failure wrong(std::string sentence) { return {Status::bad_argument, std::move(sentence)}; }

std::string in_row(const char* what, size_t row) { return std::string(what) + " of row " + std::to_string(row); }

}  // namespace

std::optional<Failure> check_batch(const Batch& batch, const Limits& limits) {
  const size_t rows = batch.tokens.size();
  if (batch.positions.size() != rows || batch.sequences.size() != rows || batch.wants.size() != rows)
    return wrong("batch: expected tokens, positions, sequences and wants of one length");
  if (rows > limits.rows_max) return wrong("batch: expected at most " + std::to_string(limits.rows_max) + " rows, found " + std::to_string(rows));
  if (rows == 0) return std::nullopt;

  const std::span<const uint32_t> offsets = batch.page_offsets;
  if (offsets.empty() || offsets.front() != 0 || offsets.back() != batch.pages.size())
    return wrong("page_offsets: expected to begin with 0 and to end with the number of pages");
  for (size_t s = 0; s + 1 < offsets.size(); ++s)
    if (offsets[s] > offsets[s + 1]) return wrong("page_offsets: expected to ascend");
  for (const uint32_t page : batch.pages)
    if (page >= limits.page_count) return wrong("page " + std::to_string(page) + " of " + std::to_string(limits.page_count));

  std::unordered_set<uint32_t> ended;               // sequences whose run is over
  std::unordered_map<uint32_t, uint32_t> writers;   // page → the sequence that writes into it
  for (size_t row = 0; row < rows; ++row) {
    const uint32_t sequence = batch.sequences[row], position = batch.positions[row];
    if (batch.tokens[row] >= limits.vocabulary_size)
      return wrong(in_row("token", row) + ": expected below " + std::to_string(limits.vocabulary_size) + ", found " + std::to_string(batch.tokens[row]));
    if (position >= limits.context_size)
      return wrong(in_row("position", row) + ": expected below " + std::to_string(limits.context_size) + ", found " + std::to_string(position));
    if (batch.wants[row] > Want::logits) return wrong(in_row("want", row) + ": expected 0, 1 or 2");
    if (sequence + size_t{1} >= offsets.size()) return wrong(in_row("sequence", row) + " has no page table");
    if (offsets[sequence + 1] - offsets[sequence] <= position / kPageTokens) return wrong(in_row("position", row) + " has no page");

    const bool goes_on = row > 0 && batch.sequences[row - 1] == sequence;
    if (row > 0 && !goes_on) ended.insert(batch.sequences[row - 1]);
    if (goes_on && position != batch.positions[row - 1] + 1) return wrong(in_row("position", row) + ": expected to follow the row before");
    if (!goes_on && ended.contains(sequence)) return wrong(in_row("sequence", row) + " was here before: rows of a sequence lie side by side");
    const uint32_t page = batch.pages[offsets[sequence] + position / kPageTokens];
    const auto [writer, fresh] = writers.emplace(page, sequence);
    if (!fresh && writer->second != sequence) return wrong("page " + std::to_string(page) + " is written by two sequences");
  }
  return std::nullopt;
}

}  // namespace zg::batching
