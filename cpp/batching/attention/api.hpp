// Attention over pages of 16 positions, keys and values in bfloat16, query heads grouped by the key head they share.
#pragma once

#include <string_view>

#include "batching/attention/table.hpp"
#include "common/status.hpp"

namespace zg::batching {

// The backend of that name, an empty name for the active one; device_unavailable as in keccak256::backend.
Outcome<const AttentionTable*> attention_backend(std::string_view name);

}  // namespace zg::batching
