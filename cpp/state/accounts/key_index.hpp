// A hash index from keys that live elsewhere to their 32-bit positions: open addressing over 8-byte cells.
//
// A cell keeps 32 bits of the key's hash, so nearly every miss and every growth happens without looking at a key.
#pragma once

#include <cstdint>
#include <vector>

#include "state/trie/pool.hpp"

namespace zg::state {

inline constexpr uint32_t kNoIndex = UINT32_MAX;

class KeyIndex {
 public:
  // `equal(index)` tells whether the key at that position is the one looked for.
  template <class Equal>
  uint32_t find(uint64_t hash, Equal equal) const {
    if (cells_.empty()) return kNoIndex;
    const uint32_t tag = tag_of(hash);
    for (size_t i = home(tag);; i = i + 1 == cells_.size() ? 0 : i + 1) {
      const Cell& cell = cells_[i];
      if (cell.index == kNoIndex) return kNoIndex;
      if (cell.tag == tag && equal(cell.index)) return cell.index;
    }
  }

  void prefetch(uint64_t hash) const {
    if (!cells_.empty()) __builtin_prefetch(&cells_[home(tag_of(hash))]);
  }

  // Where a key with this hash probably is, without looking at any key; kNoIndex when it is not there.
  uint32_t guess(uint64_t hash) const {
    return find(hash, [](uint32_t) { return true; });
  }

  // The key must be absent.
  void insert(uint64_t hash, uint32_t index) {
    if ((count_ + 1) * 4 > cells_.size() * 3) grow();
    place({tag_of(hash), index});
    ++count_;
  }

  // The key must be present at `index`.
  void erase(uint64_t hash, uint32_t index) {
    size_t hole = home(tag_of(hash));
    while (cells_[hole].index != index) hole = next(hole);
    // Move later cells of the run back, so that no search is cut short.
    for (size_t i = next(hole); cells_[i].index != kNoIndex; i = next(i)) {
      const size_t wanted = home(cells_[i].tag);
      const bool stays = hole <= i ? wanted > hole && wanted <= i : wanted > hole || wanted <= i;
      if (stays) continue;
      cells_[hole] = cells_[i];
      hole = i;
    }
    cells_[hole].index = kNoIndex;
    --count_;
  }

  void reserve(size_t count) {
    while (count * 4 > cells_.size() * 3) grow();
  }

  size_t count() const { return count_; }
  size_t memory_bytes() const { return cells_.capacity() * sizeof(Cell); }

 private:
  struct Cell {
    uint32_t tag = 0;
    uint32_t index = kNoIndex;
  };

  static uint32_t tag_of(uint64_t hash) { return static_cast<uint32_t>(hash >> 32); }
  size_t home(uint32_t tag) const { return static_cast<size_t>(static_cast<uint64_t>(tag) * cells_.size() >> 32); }
  size_t next(size_t i) const { return i + 1 == cells_.size() ? 0 : i + 1; }

  void place(Cell cell) {
    size_t i = home(cell.tag);
    while (cells_[i].index != kNoIndex) i = next(i);
    cells_[i] = cell;
  }

  void grow() {
    std::vector<Cell, ScatteredAllocator<Cell>> old(cells_.empty() ? 16 : cells_.size() * 2);
    old.swap(cells_);
    for (const Cell& cell : old)
      if (cell.index != kNoIndex) place(cell);
  }

  std::vector<Cell, ScatteredAllocator<Cell>> cells_;
  size_t count_ = 0;
};

}  // namespace zg::state
