#include <immintrin.h>

#include "pora/seal/table.hpp"

namespace zg::pora {

namespace {

#include "hash/keccak256/vec256.inl"

#include "hash/blake2b/vec256.inl"

#include "hash/keccak256/lanes.inl"

#include "pora/seal/lanes.inl"

}  // namespace

const SealTable seal_avx2 = {seal_lanes<Narrow, true>, seal_lanes<Narrow, false>};

}  // namespace zg::pora
