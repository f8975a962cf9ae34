#include <immintrin.h>

#include "hash/blake2b/table.hpp"

namespace zg::blake2b {

namespace {

#include "hash/keccak256/vec256.inl"

#include "hash/blake2b/vec256.inl"

#include "hash/blake2b/lanes.inl"

}  // namespace

const Table avx2 = {blake_views_lanes<Narrow>};

}  // namespace zg::blake2b
