// Seals of stored records, checked many at a time: 16 bytes of BLAKE3 over family, key and value stand before each value.
#pragma once

#include "common/bytes.hpp"

#include <optional>
#include <string_view>
#include <vector>

namespace zg::store {

inline constexpr size_t kSealBytes = 16;

struct SealedRow {
  Bytes key;
  Bytes stored;  // seal, then value
};

// The seal of a value at its place: BLAKE3 over family ‖ 0 ‖ decimal size of key ‖ 0 ‖ key ‖ value, cut to 16 bytes.
void seal_of(std::string_view family, Bytes key, Bytes value, uint8_t seal[kSealBytes]);

// The first row whose seal does not fit, in order; nothing when all fit. Rows are checked on all cores.
std::optional<size_t> first_broken(std::string_view family, const std::vector<SealedRow>& rows);

}  // namespace zg::store
