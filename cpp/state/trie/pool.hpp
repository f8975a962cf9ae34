// Fixed-size cells addressed by a 28-bit index: half the size of a pointer, and addresses never move.
#pragma once

#include <sys/mman.h>

#include <bit>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <mutex>
#include <new>
#include <vector>

namespace zg::state {

// Memory that is touched at random: large pieces ask for large pages. Untouched pages cost nothing. For std::free.
inline void* allocate_scattered(size_t size_bytes) {
  constexpr size_t kHugePageBytes = 2 << 20;
  const bool huge = size_bytes >= 2 * kHugePageBytes;
  const size_t rounded = (size_bytes + kHugePageBytes - 1) / kHugePageBytes * kHugePageBytes;
  void* memory = huge ? std::aligned_alloc(kHugePageBytes, rounded) : std::malloc(size_bytes);
  if (memory == nullptr) throw std::bad_alloc();
  if (huge) madvise(memory, rounded, MADV_HUGEPAGE);
  return memory;
}

// The same for standard containers.
template <class T>
struct ScatteredAllocator {
  using value_type = T;
  ScatteredAllocator() = default;
  template <class U>
  ScatteredAllocator(const ScatteredAllocator<U>&) {}
  T* allocate(size_t count) { return static_cast<T*>(allocate_scattered(count * sizeof(T))); }
  void deallocate(T* memory, size_t) { std::free(memory); }
  friend bool operator==(const ScatteredAllocator&, const ScatteredAllocator&) { return true; }
};

// Chunks double in size, so an index finds its chunk by one bit scan. take() and give() may be called from several threads;
// the memory of a cell belongs to whoever took it.
class Pool {
 public:
  static constexpr uint32_t kIndexMax = (1u << 28) - 1;

  // `zeroed`: cells that were never taken before read as zero.
  explicit Pool(size_t cell_bytes, bool zeroed = false) : cell_bytes_(cell_bytes), zeroed_(zeroed) {}
  ~Pool() {
    for (uint8_t* chunk : chunks_) std::free(chunk);
  }
  Pool(const Pool&) = delete;
  Pool& operator=(const Pool&) = delete;

  uint8_t* at(uint32_t index) const {
    const uint32_t position = index + kFirst;
    const unsigned chunk = static_cast<unsigned>(std::bit_width(position)) - 1;
    return chunks_[chunk - kFirstBits] + static_cast<size_t>(position - (1u << chunk)) * cell_bytes_;
  }

  // Appends `count` free indices to `out`.
  void take(size_t count, std::vector<uint32_t>& out) {
    std::lock_guard lock(mutex_);
    for (; count != 0 && !free_.empty(); --count) {
      out.push_back(free_.back());
      free_.pop_back();
    }
    for (; count != 0; --count) out.push_back(grow());
  }
  void give(const uint32_t* indices, size_t count) {
    std::lock_guard lock(mutex_);
    free_.insert(free_.end(), indices, indices + count);
  }
  uint32_t take() {
    std::lock_guard lock(mutex_);
    if (free_.empty()) return grow();
    const uint32_t index = free_.back();
    free_.pop_back();
    return index;
  }
  void give(uint32_t index) { give(&index, 1); }

  size_t cell_bytes() const { return cell_bytes_; }
  // Indices ever handed out are below this.
  uint32_t end() const { return end_; }
  size_t memory_bytes() const {
    std::lock_guard lock(mutex_);
    return static_cast<size_t>(end_) * cell_bytes_ + free_.capacity() * 4;
  }

 private:
  static constexpr unsigned kFirstBits = 6;
  static constexpr uint32_t kFirst = 1u << kFirstBits;

  uint32_t grow() {
    if (end_ == kIndexMax) throw std::bad_alloc();
    const unsigned chunk = static_cast<unsigned>(std::bit_width(end_ + kFirst)) - 1 - kFirstBits;
    if (chunks_[chunk] == nullptr) {
      const size_t size = cell_bytes_ << (chunk + kFirstBits);
      void* memory = allocate_scattered(size);
      if (zeroed_) std::memset(memory, 0, size);
      chunks_[chunk] = static_cast<uint8_t*>(memory);
    }
    return end_++;
  }

  size_t cell_bytes_;
  bool zeroed_;
  uint8_t* chunks_[29 - kFirstBits] = {};
  mutable std::mutex mutex_;
  std::vector<uint32_t> free_;
  uint32_t end_ = 0;
};

}  // namespace zg::state
