#include <immintrin.h>

#include "pora/mix/table.hpp"

namespace zg::pora {

namespace {

#include "hash/keccak256/vec512.inl"

#include "hash/blake2b/vec512.inl"

#include "hash/keccak256/lanes.inl"

#include "hash/blake2b/lanes.inl"

#include "pora/mix/lanes.inl"

}  // namespace

const MixTable mix_avx512 = {scratchpads_lanes<Wide>, qualities_lanes<Wide>};

}  // namespace zg::pora
