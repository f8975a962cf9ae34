// A backend with its scratch and callbacks: what the host files of this folder run their rounds on.
#pragma once

#include <cstdlib>
#include <memory>
#include <vector>

#include "curve/bn254_g1.hpp"
#include "curve/msm/table.hpp"

namespace zg::msm {

extern const Callbacks kCallbacks;

static_assert(sizeof(bn254::G1Affine) == 8 * kPointWords);

inline const uint64_t* words(const bn254::G1Affine* points) { return reinterpret_cast<const uint64_t*>(points); }
inline uint64_t* words(bn254::G1Affine* points) { return reinterpret_cast<uint64_t*>(points); }
inline uint64_t* words(std::vector<bn254::G1Affine>& points) { return words(points.data()); }

// One thread's.
class Rounds {
 public:
  explicit Rounds(const Table& table) : table_(table), memory_(new uint8_t[kScratchSizeBytes + 64]) {
    scratch_ = memory_.get() + (64 - reinterpret_cast<uintptr_t>(memory_.get()) % 64) % 64;
  }
  void add(const Pairs& pairs, size_t count) { table_.add(pairs, count, kCallbacks, scratch_); }
  void twice(const Pairs& pairs, size_t count) { table_.twice(pairs, count, kCallbacks, scratch_); }

 private:
  const Table& table_;
  std::unique_ptr<uint8_t[]> memory_;
  void* scratch_;
};

}  // namespace zg::msm
