// What a backend of the G1 sums is. Apart from api.hpp so that ISA files need no host header.
#pragma once

#include "common/bytes.hpp"

namespace zg::msm {

inline constexpr size_t kPointWords = 8;               // x, y: Montgomery forms (mont.hpp); infinity is zeros
inline constexpr uint32_t kNegate = uint32_t{1} << 31;  // on an index: take the negative of that point
inline constexpr size_t kBatchMax = 1024;              // additions that share one inversion

// Called back by a backend, so that ISA files instantiate nothing of the host's.
struct Callbacks {
  // Inverts eight elements of Fq in place; none is zero.
  void (*invert_eight)(uint64_t* elements);
  // out = ±a ± b where the chord fails: infinity, equal points, opposite points.
  void (*add_special)(const uint64_t* a, bool negate_a, const uint64_t* b, bool negate_b, uint64_t* out);
};

// One sum a pair: out[to[k]] = left[a[k]] + right[b[k]], indices in points, with kNegate on a and b.
struct Pairs {
  const uint64_t* left;
  const uint32_t* a;
  const uint64_t* right;
  const uint32_t* b;
  uint64_t* out;
  const uint32_t* to;
};

struct Sum;  // api.hpp

// Single-threaded, allocation-free. `out` may be `left` or `right` when no pair reads what another writes.
struct Table {
  void (*add)(const Pairs& pairs, size_t count, const Callbacks& back, void* scratch);
  // out[to[k]] = 2 left[a[k]]; b and right are not read.
  void (*twice)(const Pairs& pairs, size_t count, const Callbacks& back, void* scratch);
  // Whole sums and whole ladders, as sums() and multiply_each() say, where a backend does not go by rounds; else null. These may
  // allocate and take threads. `out`: a point a sum.
  void (*sums)(const Sum* wanted, size_t count, uint64_t* out);
  void (*multiply_each)(uint64_t* points, const uint64_t* scalars, size_t count);
};

inline constexpr size_t kScratchSizeBytes = (kBatchMax / 8) * 5 * 64;  // aligned to 64

extern const Table scalar;
extern const Table avx512;
extern const Table emu;

}  // namespace zg::msm
