// keccak256 (the original Keccak padding 0x01, rate 136, as Ethereum and 0G use it) of one input or of many at once.
#pragma once

#include "common/bytes.hpp"

namespace zg::keccak256 {

// digest = keccak256(input). Any size. Never fails.
void hash(Bytes input, uint8_t digest[32]);

inline Hash32 hash(Bytes input) {
  Hash32 out;
  hash(input, out.b);
  return out;
}

// digests[i] = keccak256(data[offsets[i] .. offsets[i + 1])) for i < count, lanes of one vector hashing different inputs.
//
// Out: digests: count * 32 bytes, may not overlap the input.
// In:  offsets: count + 1 ascending byte positions in `data`; checked by the caller.
void hash_many(const uint8_t* data, const uint64_t* offsets, size_t count, uint8_t* digests);

// The same with one view per input: for callers whose inputs lie scattered (trie nodes, transactions).
void hash_many(const Bytes* inputs, size_t count, uint8_t* digests);

}  // namespace zg::keccak256
