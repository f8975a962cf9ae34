// What a merkle tree backend is. Apart from api.hpp so that ISA files need no host header.
#pragma once

#include "common/bytes.hpp"
#include "hash/keccak256/table.hpp"

namespace zg::merkle {

inline constexpr size_t kSectorSize = 256;
inline constexpr unsigned kSegmentHeight = 10;
inline constexpr size_t kSegmentSectors = size_t{1} << kSegmentHeight;
inline constexpr size_t kSegmentSize = kSegmentSectors * kSectorSize;

// Single-threaded, allocation-free.
struct Table {
  // digests[i] = keccak256 of the sector at data + 256 * i.
  void (*sectors)(const uint8_t* data, size_t count, uint8_t* digests);
  // roots[i] = root over the 2^height sectors at data + i * (256 << height); height <= kSegmentHeight.
  // scratch: 32 << height bytes.
  void (*subtrees)(const uint8_t* data, unsigned height, size_t count, uint8_t* scratch, uint8_t* roots);
  // The hash of the same name, for levels.
  const keccak256::Table* keccak;
};

extern const Table scalar;
extern const Table avx2;
extern const Table avx512;
extern const Table emu;

}  // namespace zg::merkle
