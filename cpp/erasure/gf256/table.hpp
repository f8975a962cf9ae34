// What a GF(2^8) matrix backend is. Apart from api.hpp so that ISA files need no host header.
#pragma once

#include "common/bytes.hpp"

namespace zg::gf256 {

// x^8 + x^4 + x^3 + x^2 + 1; the field's other name is 0x11D.
inline constexpr unsigned kPolynomial = 0x11d;

// Single-threaded, allocation-free.
struct Table {
  // Bytes that one coefficient takes in the backend's own form.
  size_t coefficient_size_bytes;

  // Outputs that share one pass over the inputs.
  size_t rows_a_pass;

  // Writes a matrix (rows × columns coefficients, row-major) in the form that `product` reads.
  void (*expand)(const uint8_t* matrix, size_t rows, size_t columns, uint8_t* expanded);

  // outputs[r][at] = sum over c of matrix[r][c] · inputs[c][at] for begin <= at < end. Outputs lie apart from inputs and from
  // each other; no alignment is needed. `stream`: the results are too many for the cache, write past it where possible.
  void (*product)(const uint8_t* expanded, size_t rows, size_t columns, const uint8_t* const* inputs, uint8_t* const* outputs,
                  size_t begin, size_t end, bool stream);
};

extern const Table scalar;
extern const Table avx2;
extern const Table avx512;
extern const Table emu;

}  // namespace zg::gf256
