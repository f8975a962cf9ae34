// What a backend of this kernel is: plain function pointers over the byte layouts of api.hpp. ISA files include this and
// nothing above it.
#pragma once

#include "common/bytes.hpp"

namespace zg::ecdsa {

// A verdict that a body may leave instead of 0 or 1: too unusual for its lanes, to be decided by the scalar table.
inline constexpr uint8_t kRedo = 2;

// Bodies are single-threaded and keep nothing. `scratch` is lent by the caller: scratch_bytes(count) bytes aligned to 64.
struct Table {
  void (*prepare)();                      // builds shared tables; called once before anything else; null: nothing to build
  size_t (*scratch_bytes)(size_t count);  // null: needs none
  size_t count_min;                       // fewer signatures than this are the scalar table's
  void (*recover)(const uint8_t* digests32, const uint8_t* signatures65, size_t count, uint8_t* public_keys64, uint8_t* ok,
                  uint8_t* scratch);
  void (*verify)(const uint8_t* digests32, const uint8_t* signatures64, const uint8_t* public_keys64, size_t count, bool low_s_only,
                 uint8_t* ok, uint8_t* scratch);
};

extern const Table scalar;
extern const Table avx512;

}  // namespace zg::ecdsa
