#include "common/block.hpp"

#include <sys/mman.h>

#include <cstdlib>
#include <list>
#include <mutex>

namespace zg {

namespace {

constexpr size_t kHugePageSize = size_t{2} << 20;
constexpr size_t kKeptSizeMin = 2 * kHugePageSize;

class Kept {
 public:
  // A piece of at least `capacity` bytes and at most a quarter more, the one freed last; null when there is none.
  uint8_t* take(size_t& capacity) {
    std::lock_guard lock(mutex_);
    for (auto at = pieces_.begin(); at != pieces_.end(); ++at) {
      if (at->capacity < capacity || at->capacity > capacity + capacity / 4) continue;
      uint8_t* data = at->data;
      capacity = at->capacity;
      size_ -= capacity;
      pieces_.erase(at);
      return data;
    }
    return nullptr;
  }

  void give(uint8_t* data, size_t capacity) {
    std::lock_guard lock(mutex_);
    pieces_.push_front({data, capacity});
    size_ += capacity;
    while (size_ > kBlocksKeptSizeBytesMax) {
      size_ -= pieces_.back().capacity;
      std::free(pieces_.back().data);
      pieces_.pop_back();
    }
  }

 private:
  struct Piece {
    uint8_t* data;
    size_t capacity;
  };
  std::mutex mutex_;
  std::list<Piece> pieces_;  // freed last comes first
  size_t size_ = 0;
};

// Never destroyed: blocks may outlive static objects.
Kept& kept() {
  static Kept* const pool = new Kept;
  return *pool;
}

}  // namespace

Block::Block(size_t size) : data_(nullptr), size_(size), capacity_(0) {
  const size_t alignment = size >= kKeptSizeMin ? kHugePageSize : 64;
  capacity_ = (size + alignment) / alignment * alignment;
  if (capacity_ >= kKeptSizeMin) data_ = kept().take(capacity_);
  if (data_ != nullptr) return;
  data_ = static_cast<uint8_t*>(std::aligned_alloc(alignment, capacity_));
  if (data_ != nullptr && alignment == kHugePageSize) madvise(data_, capacity_, MADV_HUGEPAGE);
}

Block::~Block() {
  if (data_ != nullptr && capacity_ >= kKeptSizeMin) {
    kept().give(data_, capacity_);
  } else {
    std::free(data_);
  }
}

}  // namespace zg
