// What a backend of batch arithmetic in the fields of BN254 is. Apart from api.hpp so that ISA files need no host header.
#pragma once

#include "common/bytes.hpp"

namespace zg::bn254::batch {

inline constexpr size_t kElementWords = 4;

// Inverts eight elements in Montgomery form in place; none is zero. What backends call for the one inversion of a batch.
using InvertEight = void (*)(uint64_t* elements);

// One field. Elements are four words below the prime, least significant first; out may be an input. Single-threaded,
// allocation-free.
struct Operations {
  void (*add)(const uint64_t* a, const uint64_t* b, uint64_t* out, size_t count);
  void (*sub)(const uint64_t* a, const uint64_t* b, uint64_t* out, size_t count);
  // a b / 2^256: the product of Montgomery forms (mont.hpp).
  void (*mul)(const uint64_t* a, const uint64_t* b, uint64_t* out, size_t count);
  // a^2 / 2^256.
  void (*square)(const uint64_t* a, uint64_t* out, size_t count);
  // a c / 2^256 for one c.
  void (*scale)(const uint64_t* a, const uint64_t* c, uint64_t* out, size_t count);
  // 2^512 / a: the inverse of a Montgomery form; zero for zero.
  void (*inverse)(const uint64_t* a, uint64_t* out, size_t count, InvertEight invert);
  // The first index whose words are not below the prime, or count.
  size_t (*unreduced)(const uint64_t* a, size_t count);
};

struct Table {
  Operations fq, fr;
};

extern const Table scalar;
extern const Table avx512;
extern const Table emu;

}  // namespace zg::bn254::batch
