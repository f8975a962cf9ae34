#include <cstring>

#include "erasure/gf65536/table.hpp"

namespace zg::gf65536 {

namespace {

// A factor is the products of the sixteen values of each of a word's four nibbles.
struct Factor {
  uint16_t at[4][16];
};

void expand(const uint16_t* coefficients, size_t count, uint8_t* factors) {
  for (size_t i = 0; i < count; ++i) {
    Factor f{};
    unsigned image = coefficients[i];
    for (unsigned bit = 0; bit < 16; ++bit) {
      const unsigned one = 1u << bit % 4;
      for (unsigned value = 0; value < one; ++value) f.at[bit / 4][value | one] = static_cast<uint16_t>(f.at[bit / 4][value] ^ image);
      image = image << 1 ^ (image >> 15) * kPolynomial;
    }
    std::memcpy(factors + i * sizeof f, &f, sizeof f);
  }
}

Factor factor_at(const uint8_t* factor) {
  Factor f;
  std::memcpy(&f, factor, sizeof f);
  return f;
}

unsigned get(const uint8_t* at) { return at[0] | static_cast<unsigned>(at[1]) << 8; }
void put(uint8_t* at, unsigned word) {
  at[0] = static_cast<uint8_t>(word);
  at[1] = static_cast<uint8_t>(word >> 8);
}
unsigned times(const Factor& f, unsigned a) {
  return f.at[0][a & 15] ^ f.at[1][a >> 4 & 15] ^ f.at[2][a >> 8 & 15] ^ unsigned{f.at[3][a >> 12]};
}

void add(uint8_t* x, const uint8_t* y, size_t size) {
  for (size_t at = 0; at < size; ++at) x[at] = static_cast<uint8_t>(x[at] ^ y[at]);
}

void scale(uint8_t* x, const uint8_t* y, size_t size, const uint8_t* factor) {
  const Factor f = factor_at(factor);
  for (size_t at = 0; at < size; at += 2) put(x + at, times(f, get(y + at)));
}

void add_scaled(uint8_t* x, const uint8_t* y, size_t size, const uint8_t* factor) {
  const Factor f = factor_at(factor);
  for (size_t at = 0; at < size; at += 2) put(x + at, get(x + at) ^ times(f, get(y + at)));
}

void product(const uint8_t* factors, size_t rows, size_t columns, const uint8_t* const* inputs, uint8_t* const* outputs, size_t begin,
             size_t end) {
  for (size_t r = 0; r < rows; ++r) {
    for (size_t at = begin; at < end; ++at) outputs[r][at] = 0;
    for (size_t c = 0; c < columns; ++c) add_scaled(outputs[r] + begin, inputs[c] + begin, end - begin, factors + (r * columns + c) * sizeof(Factor));
  }
}

void copy(uint8_t* to, const uint8_t* from, size_t size) { std::memcpy(to, from, size); }

void forward(uint8_t* x, uint8_t* y, size_t size, const uint8_t* factor) {
  if (factor != nullptr) add_scaled(x, y, size, factor);
  add(y, x, size);
}

void inverse(uint8_t* x, uint8_t* y, size_t size, const uint8_t* factor) {
  add(y, x, size);
  if (factor != nullptr) add_scaled(x, y, size, factor);
}

void forward4(uint8_t* x, size_t size, const uint8_t* top, const uint8_t* left, const uint8_t* right) {
  forward(x, x + 2 * size, 2 * size, top);
  forward(x, x + size, size, left);
  forward(x + 2 * size, x + 3 * size, size, right);
}

void inverse4(uint8_t* x, size_t size, const uint8_t* top, const uint8_t* left, const uint8_t* right) {
  inverse(x + 2 * size, x + 3 * size, size, right);
  inverse(x, x + size, size, left);
  inverse(x, x + 2 * size, 2 * size, top);
}

}  // namespace

const Table scalar = {sizeof(Factor), expand, product, copy, copy, add, scale, add_scaled, forward, inverse, forward4, inverse4};

}  // namespace zg::gf65536
