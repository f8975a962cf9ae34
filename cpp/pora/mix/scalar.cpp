#include "pora/mix/table.hpp"

namespace zg::pora {

namespace {

#include "hash/blake2b/single.inl"

#include "hash/keccak256/lanes.inl"

#include "hash/blake2b/lanes.inl"

#include "pora/mix/lanes.inl"

}  // namespace

const MixTable mix_scalar = {scratchpads_lanes<One>, qualities_lanes<One>};

}  // namespace zg::pora
