#include <immintrin.h>

#include "merkle/tree/table.hpp"

namespace zg::merkle {

namespace {

#include "hash/keccak256/vec512.inl"

#include "hash/keccak256/lanes.inl"

#include "merkle/tree/lanes.inl"

}  // namespace

const Table avx512 = {sectors_lanes<Eight>, subtrees_lanes<Eight>, &keccak256::avx512};

}  // namespace zg::merkle
