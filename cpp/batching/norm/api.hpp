// The small operations on rows between the products: norms, gates, rotary positions.
#pragma once

#include <string_view>

#include "batching/norm/table.hpp"
#include "common/status.hpp"

namespace zg::batching {

// The backend of that name, an empty name for the active one; device_unavailable as in keccak256::backend.
Outcome<const NormTable*> norm_backend(std::string_view name);

}  // namespace zg::batching
