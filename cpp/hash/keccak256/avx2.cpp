#include <immintrin.h>

#include "hash/keccak256/table.hpp"

namespace zg::keccak256 {

namespace {

#include "hash/keccak256/vec256.inl"

#include "hash/keccak256/lanes.inl"

#include "hash/keccak256/single.inl"

void permute_groups(uint64_t* states, size_t groups) {
  for (; groups != 0; --groups) {
    Four::V a[25];
#pragma GCC unroll 25
    for (int i = 0; i < 25; ++i) a[i] = _mm256_load_si256(reinterpret_cast<const __m256i*>(states + 4 * i));
    permute<Four>(a);
#pragma GCC unroll 25
    for (int i = 0; i < 25; ++i) _mm256_store_si256(reinterpret_cast<__m256i*>(states + 4 * i), a[i]);
    states += 25 * Four::kWidth;
  }
}

}  // namespace

const Table avx2 = {Four::kWidth, permute_groups, hash_single, hash_64_lanes<Four>, hash_pairs_lanes<Four>, hash_views_lanes<Four>};

}  // namespace zg::keccak256
