// What a keccak256 backend is: plain function pointers. Apart from api.hpp so that ISA files need no host header.
#pragma once

#include "common/bytes.hpp"

namespace zg::keccak256 {

inline constexpr size_t kRateSize = 136;

// All functions are single-threaded, allocate nothing and accept a count of zero.
struct Table {
  // States that `permute` takes at once.
  size_t width;
  // Keccak-f[1600] in place on groups of `width` states each, interleaved: word w of state i at [25 * width * group +
  // width * w + i], 64-byte aligned. For benches and tests.
  void (*permute)(uint64_t* states, size_t groups);
  // One input.
  void (*hash_one)(Bytes input, uint8_t* digest);
  // digests[i] of the 64 bytes at data + 64 * i; digests may be data (a level reduced in place).
  void (*hash_64)(const uint8_t* data, size_t count, uint8_t* digests);
  // 32 + 32 scattered bytes to scattered digests. outs[i] may lie on inputs of pairs up to i, never of later ones.
  void (*hash_pairs)(const uint8_t* const* lefts, const uint8_t* const* rights, uint8_t* const* outs, size_t count);
  // Ragged, scattered inputs; digests contiguous in the order of the inputs.
  void (*hash_views)(const Bytes* inputs, size_t count, uint8_t* digests);
};

extern const Table scalar;
extern const Table avx2;
extern const Table avx512;
extern const Table emu;

}  // namespace zg::keccak256
