#include <immintrin.h>

#include "hash/keccak256/table.hpp"

namespace zg::keccak256 {

namespace {

#include "hash/keccak256/vec512.inl"

#include "hash/keccak256/lanes.inl"

#include "hash/keccak256/single.inl"

void permute_groups(uint64_t* states, size_t groups) {
  for (; groups != 0; --groups) {
    Eight::V a[25];
#pragma GCC unroll 25
    for (int i = 0; i < 25; ++i) a[i] = _mm512_load_si512(states + 8 * i);
    permute<Eight>(a);
#pragma GCC unroll 25
    for (int i = 0; i < 25; ++i) _mm512_store_si512(states + 8 * i, a[i]);
    states += 25 * Eight::kWidth;
  }
}

}  // namespace

const Table avx512 = {Eight::kWidth, permute_groups, hash_single, hash_64_lanes<Eight>, hash_pairs_lanes<Eight>, hash_views_lanes<Eight>};

}  // namespace zg::keccak256
