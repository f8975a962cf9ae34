// What a sealing backend is. Apart from api.hpp so that ISA files need no host header.
#pragma once

#include "common/bytes.hpp"

namespace zg::pora {

inline constexpr size_t kSealSize = 4096;
inline constexpr size_t kSealSectors = 16;

// In place, single-threaded, allocation-free. Seal i has the bytes at data + 4096 * i and the first mask masks + 32 * i.
struct SealTable {
  void (*seal)(uint8_t* data, const uint8_t* masks, size_t count);
  void (*unseal)(uint8_t* data, const uint8_t* masks, size_t count);
};

extern const SealTable seal_scalar;
extern const SealTable seal_avx2;
extern const SealTable seal_avx512;
extern const SealTable seal_emu;

}  // namespace zg::pora
