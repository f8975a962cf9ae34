// What a GF(2^16) backend is. Apart from api.hpp so that ISA files need no host header.
#pragma once

#include "common/bytes.hpp"

namespace zg::gf65536 {

// x^16 + x^5 + x^3 + x^2 + 1; the field's other name is 0x1002D, and 2 generates its units.
inline constexpr unsigned kPolynomial = 0x1002d;

// The transform's rows are multiples of this many bytes.
inline constexpr size_t kRowUnit = 128;

// Single-threaded, allocation-free. A factor is a coefficient in the backend's own form. Shards are little-endian 16-bit words
// and need no alignment; the transform's rows are words in the order that suits the backend, aligned to 64 bytes, their sizes
// multiples of kRowUnit.
struct Table {
  size_t factor_size_bytes;

  void (*expand)(const uint16_t* coefficients, size_t count, uint8_t* factors);

  // outputs[r] = sum over c of factors[r · columns + c] · inputs[c], for the bytes begin <= at < end, both even. Outputs lie
  // apart from inputs and from each other.
  void (*product)(const uint8_t* factors, size_t rows, size_t columns, const uint8_t* const* inputs, uint8_t* const* outputs,
                  size_t begin, size_t end);

  // The rest is null in a backend without the transform.
  void (*split)(uint8_t* row, const uint8_t* words, size_t size);
  void (*join)(uint8_t* words, const uint8_t* row, size_t size);

  // x += y.
  void (*add)(uint8_t* x, const uint8_t* y, size_t size);
  // x = factor · y; x may be y.
  void (*scale)(uint8_t* x, const uint8_t* y, size_t size, const uint8_t* factor);
  // x += factor · y.
  void (*add_scaled)(uint8_t* x, const uint8_t* y, size_t size, const uint8_t* factor);
  // Forward: x += factor · y, then y += x. Inverse: the same undone. A null factor is zero.
  void (*forward)(uint8_t* x, uint8_t* y, size_t size, const uint8_t* factor);
  void (*inverse)(uint8_t* x, uint8_t* y, size_t size, const uint8_t* factor);
  // Two layers on four quarters x, x + size, …: (0, 2) and (1, 3) by `top`, (0, 1) by `left`, (2, 3) by `right`; the inverse
  // in reverse. `top` and `left` are null together.
  void (*forward4)(uint8_t* x, size_t size, const uint8_t* top, const uint8_t* left, const uint8_t* right);
  void (*inverse4)(uint8_t* x, size_t size, const uint8_t* top, const uint8_t* left, const uint8_t* right);
};

extern const Table scalar;
extern const Table avx2;
extern const Table avx512;
extern const Table emu;

}  // namespace zg::gf65536
