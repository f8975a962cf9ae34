#include <immintrin.h>

#include "pora/seal/table.hpp"

namespace zg::pora {

namespace {

#include "hash/keccak256/vec512.inl"

#include "hash/blake2b/vec512.inl"

#include "hash/keccak256/lanes.inl"

#include "pora/seal/lanes.inl"

}  // namespace

const SealTable seal_avx512 = {seal_lanes<Wide, true>, seal_lanes<Wide, false>};

}  // namespace zg::pora
