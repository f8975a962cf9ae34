#include <immintrin.h>

#include "pora/mix/table.hpp"

namespace zg::pora {

namespace {

#include "hash/keccak256/vec256.inl"

#include "hash/blake2b/vec256.inl"

#include "hash/keccak256/lanes.inl"

#include "hash/blake2b/lanes.inl"

#include "pora/mix/lanes.inl"

}  // namespace

const MixTable mix_avx2 = {scratchpads_lanes<Narrow>, qualities_lanes<Narrow>};

}  // namespace zg::pora
