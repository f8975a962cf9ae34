// One state at a time in general registers; the backend that every machine has.
#include "hash/blake2b/table.hpp"

namespace zg::blake2b {

namespace {

#include "hash/blake2b/single.inl"

#include "hash/blake2b/lanes.inl"

}  // namespace

const Table scalar = {blake_views_lanes<One>};

}  // namespace zg::blake2b
