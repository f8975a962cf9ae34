// Outputs of batch functions: a caller's array, or a fresh numpy one.
#pragma once

#include <pybind11/numpy.h>

#include <optional>

#include "buffers.hpp"

namespace zg::py {

// Where `count` digests of 32 bytes go: `out` when given (any writable contiguous buffer of exactly that size), else a new
// uint8[count, 32].
class DigestsOut {
 public:
  DigestsOut(const pybind11::object& out, size_t count) : size_(32 * count) {
    if (out.is_none()) {
      object_ = pybind11::array_t<uint8_t>({static_cast<pybind11::ssize_t>(count), pybind11::ssize_t{32}});
    } else {
      object_ = out;
    }
    view_.emplace(object_, "out", 32 * count);
  }

  uint8_t* data() const { return view_->data(); }
  pybind11::object object() const { return object_; }

  // Refuses an output that shares bytes with an input: threads would read what others wrote.
  void apart_from(const ReadView& input) const {
    const auto begin = reinterpret_cast<uintptr_t>(view_->data()), from = reinterpret_cast<uintptr_t>(input.data());
    if (begin < from + input.size() && from < begin + size_) raise(Status::bad_argument, "out: overlaps an input");
  }

 private:
  size_t size_;
  pybind11::object object_;
  std::optional<WriteView> view_;
};

// Ascending 64-bit positions into `limit` items, count + 1 of them.
class OffsetsIn {
 public:
  OffsetsIn(const pybind11::handle& object, size_t limit) : view_(object, "offsets") {
    if (view_.item_size() != 8 || view_.size() == 0)
      raise(Status::bad_argument, "offsets: expected at least one 64-bit item, found " + std::to_string(view_.size()) + " bytes of " +
                                      std::to_string(view_.item_size()) + "-byte items");
    if (reinterpret_cast<uintptr_t>(view_.data()) % 8 != 0) raise(Status::bad_argument, "offsets: expected 8-byte alignment");
    const uint64_t* at = data();
    for (size_t i = 0; i < count(); ++i) {
      if (at[i] > at[i + 1])
        raise(Status::bad_argument, "offsets: expected ascending positions, found " + std::to_string(at[i]) + " before " +
                                        std::to_string(at[i + 1]) + " at index " + std::to_string(i));
    }
    if (at[count()] > limit)
      raise(Status::bad_argument, "offsets: the last one is " + std::to_string(at[count()]) + ", the input ends at " + std::to_string(limit));
  }

  const uint64_t* data() const { return reinterpret_cast<const uint64_t*>(view_.data()); }
  size_t count() const { return view_.size() / 8 - 1; }

 private:
  ReadView view_;
};

// Whole items of `size` bytes.
inline size_t item_count(const ReadView& view, size_t size, const char* name) {
  if (view.size() % size != 0)
    raise(Status::bad_argument, std::string(name) + ": expected a multiple of " + std::to_string(size) + " bytes, found " + std::to_string(view.size()));
  return view.size() / size;
}

}  // namespace zg::py
