// Numbers that every form of the prover's group transforms needs. Host files of this folder only.
#pragma once

#include <vector>

#include "commit/amt/api.hpp"

namespace zg::amt {

inline void put_scalar(std::vector<uint64_t>& scalars, const Fr& value) {
  uint64_t words[4];
  field::from_mont(value, words);
  scalars.insert(scalars.end(), words, words + 4);
}

inline size_t reversed(size_t value, unsigned bits) {
  size_t out = 0;
  for (unsigned i = 0; i < bits; ++i) out |= (value >> i & 1) << (bits - 1 - i);
  return out;
}

// k_c^(m b) / 2^D of every node of every coset, one coset's after the other's, in plain words.
std::vector<uint64_t> quotient_twists(Geometry geometry);

}  // namespace zg::amt
