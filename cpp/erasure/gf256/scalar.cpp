#include "erasure/gf256/table.hpp"

namespace zg::gf256 {

namespace {

// Products of all pairs: a row of 256 bytes a coefficient, 64 KiB, made at compile time from doublings.
struct Products {
  uint8_t at[256][256];
};

constexpr Products make_products() {
  Products out{};
  for (unsigned a = 0; a < 256; ++a) {
    unsigned power = a;  // a · 2^bit
    for (unsigned bit = 0; bit < 8; ++bit) {
      for (unsigned b = 0; b < (1u << bit); ++b) out.at[a][b | 1u << bit] = static_cast<uint8_t>(out.at[a][b] ^ power);
      power = power << 1 ^ (power >> 7) * kPolynomial;
    }
  }
  return out;
}

constexpr Products kProducts = make_products();

void expand(const uint8_t* matrix, size_t rows, size_t columns, uint8_t* expanded) {
  for (size_t i = 0; i < rows * columns; ++i) expanded[i] = matrix[i];
}

void product(const uint8_t* matrix, size_t rows, size_t columns, const uint8_t* const* inputs, uint8_t* const* outputs, size_t begin,
             size_t end, bool /*stream*/) {
  for (size_t r = 0; r < rows; ++r) {
    uint8_t* out = outputs[r];
    for (size_t at = begin; at < end; ++at) out[at] = 0;
    for (size_t c = 0; c < columns; ++c) {
      const uint8_t* row = kProducts.at[matrix[r * columns + c]];
      const uint8_t* in = inputs[c];
      for (size_t at = begin; at < end; ++at) out[at] = static_cast<uint8_t>(out[at] ^ row[in[at]]);
    }
  }
}

}  // namespace

const Table scalar = {1, 1, expand, product};

}  // namespace zg::gf256
