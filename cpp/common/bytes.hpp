// Plain views and fixed-size byte strings.
//
// The only zerog header that ISA files (avx2.cpp, avx512.cpp) and device bodies may include: it needs nothing but
// fixed-width integers, defines no non-trivial inline function, and so cannot leak wrong instructions through the linker.
// Operators and conveniences for host code are in digest.hpp.
#pragma once

#ifdef __CUDACC_RTC__
#include <cuda/std/cstddef>
#include <cuda/std/cstdint>
#else
#include <stddef.h>
#include <stdint.h>
#endif

namespace zg {

// A borrowed, read-only run of bytes. `data` may be null only when `size` is zero.
struct Bytes {
  const uint8_t* data;
  size_t size;
};

// A borrowed, writable run of bytes.
struct MutBytes {
  uint8_t* data;
  size_t size;
};

// N bytes by value, in wire order.
template <size_t N>
struct Fixed {
  uint8_t b[N];
};

using Address = Fixed<20>;
using Hash32 = Fixed<32>;

}  // namespace zg
