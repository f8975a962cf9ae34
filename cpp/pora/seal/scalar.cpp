#include "pora/seal/table.hpp"

namespace zg::pora {

namespace {

#include "hash/blake2b/single.inl"

#include "hash/keccak256/lanes.inl"

#include "pora/seal/lanes.inl"

}  // namespace

const SealTable seal_scalar = {seal_lanes<One, true>, seal_lanes<One, false>};

}  // namespace zg::pora
