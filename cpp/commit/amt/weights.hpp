// Random weights of a batch of equations.
#pragma once

#include <cstring>
#include <vector>

#include "common/digest.hpp"
#include "common/endian.hpp"
#include "hash/keccak256/api.hpp"

namespace zg::amt {

// Weights of 128 bits nobody can know before: keccak of the seed and a counter.
class Weights {
 public:
  explicit Weights(const Hash32& seed) { std::memcpy(block_, seed.b, 32); }
  void next(std::vector<uint64_t>& scalars) {
    store_le64(block_ + 32, counter_++);
    const Hash32 digest = keccak256::hash({block_, sizeof block_});
    scalars.insert(scalars.end(), {load_le64(digest.b) | 1, load_le64(digest.b + 8), 0, 0});
  }

 private:
  uint8_t block_[40] = {};
  uint64_t counter_ = 0;
};

}  // namespace zg::amt
