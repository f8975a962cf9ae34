// What a device body may touch: a Grid, Views and the host/device marker. Nothing else of the library or the standard one.
//
// A body is a functor with `template <class Grid> ZG_HD void operator()(Grid& grid, views…) const`. Grid offers
//   thread() width()   index of this lane in its block, lanes in a block
//   block() blocks()   index of this block, blocks in the grid
//   sync()             barrier of the block: all lanes reach it or none does
//   shared<T>(count)   a View of block memory, the same for all lanes when they ask in the same order; contents undefined
// The same text runs on a GPU (device.cuh), on fibers (host_fibers.hpp) and on threads (host_threads.hpp). Bodies do not
// allocate, recurse, throw or call virtually; sizes are parameters, so that tests run tiny grids.
#pragma once

#include "common/bytes.hpp"

#if defined(__CUDACC__) || defined(__CUDACC_RTC__)
#define ZG_HD __host__ __device__ __forceinline__
#define ZG_APART static __host__ __device__ __noinline__
#define ZG_TABLE static __device__ __constant__ const
#else
#define ZG_HD inline
#define ZG_APART inline
#define ZG_TABLE inline constexpr
#include <cstdio>
#include <stdexcept>
#endif

namespace zg::grid {

#if !defined(__CUDACC__) && !defined(__CUDACC_RTC__)
// A broken rule of a body, found by a host grid; the grid adds block and lane.
struct BodyFault : std::runtime_error {
  using std::runtime_error::runtime_error;
};

[[noreturn]] inline void out_of_range(size_t index, size_t size) {
  char text[96];
  std::snprintf(text, sizeof text, "index %zu is outside a view of %zu items", index, size);
  throw BodyFault(text);
}
#endif

// A borrowed array. On a host every access is checked; on a device it is a pointer.
template <class T>
struct View {
  T* data;
  size_t size;

  ZG_HD T& operator[](size_t index) const {
#if !defined(__CUDACC__) && !defined(__CUDACC_RTC__)
    if (index >= size) out_of_range(index, size);
#endif
    return data[index];
  }
  // `count` items from `first` on.
  ZG_HD View part(size_t first, size_t count) const {
#if !defined(__CUDACC__) && !defined(__CUDACC_RTC__)
    if (first > size || count > size - first) out_of_range(first + count, size);
#endif
    return {data + first, count};
  }
};

// Bytes of block memory that `count` items take; what a launch adds up for its shared<T>() calls.
template <class T>
constexpr size_t shared_size(size_t count) {
  return (count * sizeof(T) + 15) / 16 * 16;
}

}  // namespace zg::grid
