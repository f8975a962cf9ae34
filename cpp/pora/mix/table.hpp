// What a mixing backend is. Apart from api.hpp so that ISA files need no host header.
#pragma once

#include "common/bytes.hpp"

namespace zg::pora {

inline constexpr size_t kPadSize = 16384;
inline constexpr size_t kPadSeedSize = 64;
inline constexpr size_t kLoadSize = 262144;
inline constexpr size_t kLoadSeals = 64;
inline constexpr size_t kLoadSectors = 1024;

// Single-threaded, allocation-free.
struct MixTable {
  // pads[16384 * i ..] and recall_seeds[32 * i ..] of the seed at seeds + 64 * i.
  void (*scratchpads)(const uint8_t* seeds, size_t count, uint8_t* pads, uint8_t* recall_seeds);
  // qualities[32 * i ..] of the 64 seals of one load under one scratchpad and its seed.
  void (*qualities)(const uint8_t* load, const uint8_t* pad, const uint8_t* seed, uint8_t* qualities);
};

extern const MixTable mix_scalar;
extern const MixTable mix_avx2;
extern const MixTable mix_avx512;
extern const MixTable mix_emu;

}  // namespace zg::pora
