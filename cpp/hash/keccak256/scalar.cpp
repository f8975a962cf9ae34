// One state at a time in general registers; the backend that every machine has.
#include "hash/keccak256/table.hpp"

namespace zg::keccak256 {

namespace {

#include "hash/keccak256/lanes.inl"

#include "hash/keccak256/single.inl"

void permute_many(uint64_t* states, size_t groups) {
  for (size_t i = 0; i < groups; ++i) permute<Single>(states + 25 * i);
}

void hash_64(const uint8_t* data, size_t count, uint8_t* digests) {
  for (size_t i = 0; i < count; ++i) hash_single({data + 64 * i, 64}, digests + 32 * i);
}

void hash_pairs(const uint8_t* const* lefts, const uint8_t* const* rights, uint8_t* const* outs, size_t count) {
  for (size_t i = 0; i < count; ++i) {
    uint8_t both[64];
    __builtin_memcpy(both, lefts[i], 32);
    __builtin_memcpy(both + 32, rights[i], 32);
    hash_single({both, 64}, outs[i]);
  }
}

void hash_views(const Bytes* inputs, size_t count, uint8_t* digests) {
  for (size_t i = 0; i < count; ++i) hash_single(inputs[i], digests + 32 * i);
}

}  // namespace

const Table scalar = {1, permute_many, hash_single, hash_64, hash_pairs, hash_views};

}  // namespace zg::keccak256
