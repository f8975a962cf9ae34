// One logit at a time; the backend that every machine has.
#include <string.h>

#include "batching/sample/table.hpp"

namespace zg::batching::sample {

namespace {

#include "batching/sample/single.inl"

#include "batching/sample/lanes.inl"

}  // namespace

const Table scalar = {peak_lanes<One>, mass_lanes<One>, weigh_lanes<One>, select_lanes<One>, mask_lanes<One>, nullptr};

}  // namespace zg::batching::sample
