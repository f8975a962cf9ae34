// The lock policy: work that may take longer than about two microseconds releases the interpreter lock.
#pragma once

#include <pybind11/pybind11.h>

#include <optional>

namespace zg::py {

// Inputs up to this many bytes are hashed faster than the lock changes hands.
inline constexpr size_t kGilKeptSizeBytes = 2048;

// Releases the lock for its lifetime when `size_bytes` is above the threshold.
class ReleaseAbove {
 public:
  explicit ReleaseAbove(size_t size_bytes) {
    if (size_bytes > kGilKeptSizeBytes) release_.emplace();
  }

 private:
  std::optional<pybind11::gil_scoped_release> release_;
};

}  // namespace zg::py
