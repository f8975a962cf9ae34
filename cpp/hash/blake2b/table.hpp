// What a BLAKE2b backend is. Apart from api.hpp so that ISA files need no host header.
#pragma once

#include "common/bytes.hpp"

namespace zg::blake2b {

inline constexpr size_t kBlockSize = 128;
inline constexpr size_t kDigestSize = 64;

// Single-threaded, allocation-free.
struct Table {
  // digests[i] (64 bytes each, contiguous) of inputs[i]. Neighbours of equal size run fastest.
  void (*hash_views)(const Bytes* inputs, size_t count, uint8_t* digests);
};

extern const Table scalar;
extern const Table avx2;
extern const Table avx512;
extern const Table emu;

}  // namespace zg::blake2b
