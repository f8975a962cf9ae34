#include <immintrin.h>

#include "merkle/tree/table.hpp"

namespace zg::merkle {

namespace {

#include "hash/keccak256/vec256.inl"

#include "hash/keccak256/lanes.inl"

#include "merkle/tree/lanes.inl"

}  // namespace

const Table avx2 = {sectors_lanes<Four>, subtrees_lanes<Four>, &keccak256::avx2};

}  // namespace zg::merkle
