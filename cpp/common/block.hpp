// Large memory for results and scratch: on huge pages, and kept for the next one who asks.
#pragma once

#include <cstddef>
#include <cstdint>

namespace zg {

// What freed blocks may hold together before the oldest go back to the system.
inline constexpr size_t kBlocksKeptSizeBytesMax = size_t{192} << 20;

// Uninitialised memory, aligned to 64, from 4 MiB on to huge pages: first touches of fresh memory cost more than most kernels,
// so freed blocks of that size are kept and given again to callers who want as much or a little less.
class Block {
 public:
  explicit Block(size_t size);
  ~Block();
  Block(const Block&) = delete;
  Block& operator=(const Block&) = delete;

  uint8_t* data() const { return data_; }  // null when there is no memory
  uint64_t* words() const { return reinterpret_cast<uint64_t*>(data_); }
  size_t size() const { return size_; }

 private:
  uint8_t* data_;
  size_t size_, capacity_;
};

}  // namespace zg
