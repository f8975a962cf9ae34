// What a backend of the Fr transforms is. Apart from api.hpp so that ISA files need no host header.
#pragma once

#include "common/bytes.hpp"

namespace zg::ntt {

inline constexpr unsigned kPassLogMax = 11;
inline constexpr size_t kElementWords = 4;

// One transform of each of many vectors of n = 2^log_size elements: element k of vector v lies step · k + pitch · v elements
// after the first. Elements are four words below the prime, any fixed multiple of the value they stand for: products are only
// with factors, and factors carry their own form.
//
// out[i] = post[i] · Σ_k root^(i k) · pre[k] · twist[k] · in[k], for each vector. `out` may be `in` with the same strides.
struct Pass {
  unsigned log_size;  // 0 … kPassLogMax
  const void* roots;  // n factors: entry m + j is (the 2m-th root)^j, j < m, for m = 1, 2, 4 … n / 2; entry 0 is not read
  const void* pre;    // n factors, the same for all vectors, or null
  const void* post;   // likewise
  const uint64_t* twist;  // in the backend's packed form, a factor an element, or null
  size_t twist_step, twist_pitch;
  const uint64_t* in;
  size_t in_step, in_pitch;
  uint64_t* out;
  size_t out_step, out_pitch;
};

// Single-threaded, allocation-free.
struct Table {
  size_t lanes;                // vectors worked on together
  size_t factor_size_bytes;    // of an entry of roots, pre and post; they are aligned to 8
  size_t scratch_size_bytes;   // for one element of the vectors in lanes
  // Both forms of a factor, from the Montgomery form of mont.hpp. May not overlap.
  void (*factors)(const uint64_t* montgomery, size_t count, void* out);
  void (*twists)(const uint64_t* montgomery, size_t count, uint64_t* out);
  // Vectors first … first + count - 1. scratch: scratch_size_bytes << log_size, aligned to 64.
  void (*pass)(const Pass& pass, size_t first, size_t count, void* scratch);
};

extern const Table scalar;
extern const Table avx512;
extern const Table emu;

}  // namespace zg::ntt
