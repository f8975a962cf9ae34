#include <immintrin.h>

#include "hash/blake2b/table.hpp"

namespace zg::blake2b {

namespace {

#include "hash/keccak256/vec512.inl"

#include "hash/blake2b/vec512.inl"

#include "hash/blake2b/lanes.inl"

}  // namespace

const Table avx512 = {blake_views_lanes<Wide>};

}  // namespace zg::blake2b
