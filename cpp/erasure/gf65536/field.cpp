#include "erasure/gf65536/field.hpp"

#include "erasure/gf65536/table.hpp"

namespace zg::gf65536 {

namespace {

constexpr size_t kElements = 65536;

struct Logarithms {
  std::vector<uint16_t> log, exp;
  Logarithms() : log(kElements), exp(kOrder) {
    unsigned value = 1;
    for (unsigned i = 0; i < kOrder; ++i) {
      exp[i] = static_cast<uint16_t>(value);
      log[value] = static_cast<uint16_t>(i);
      value = value << 1 ^ (value >> 15) * kPolynomial;
    }
  }
};

const Logarithms& logarithms() {
  static const Logarithms tables;
  return tables;
}

// In place; its own inverse but for a factor of the size.
void walsh_hadamard(std::vector<uint64_t>& a) {
  for (size_t half = 1; half < a.size(); half *= 2) {
    for (size_t at = 0; at < a.size(); at += 2 * half) {
      for (size_t i = at; i < at + half; ++i) {
        const uint64_t x = a[i], y = a[i + half];
        a[i] = x + y;
        a[i + half] = x - y;
      }
    }
  }
}

Constants make_constants() {
  // images[j][b] = s_j(2^b); s_(j+1)(x) = s_j(x) · (s_j(x) + s_j(2^j)). slope[j] is the coefficient of x in s_j, its derivative.
  std::array<std::array<uint16_t, 16>, 16> images{};
  std::array<uint16_t, 16> slope{};
  for (unsigned b = 0; b < 16; ++b) images[0][b] = static_cast<uint16_t>(1u << b);
  slope[0] = 1;
  for (unsigned j = 0; j + 1 < 16; ++j) {
    for (unsigned b = 0; b < 16; ++b) images[j + 1][b] = multiply(images[j][b], images[j][b] ^ images[j][j]);
    slope[j + 1] = multiply(slope[j], images[j][j]);
  }
  Constants out{std::vector<uint16_t>(kElements), std::vector<uint16_t>(kElements)};
  out.weights[0] = 1;
  for (unsigned j = 0; j < 16; ++j) {
    const unsigned inverse = kOrder - logarithm(images[j][j]);
    const uint16_t weight = multiply(slope[j], power(inverse));
    for (size_t i = 0; i < size_t{1} << j; ++i) out.weights[i | size_t{1} << j] = multiply(out.weights[i], weight);
    for (size_t block = 0; block < kElements; block += size_t{2} << j) {
      uint16_t value = 0;
      for (unsigned b = j + 1; b < 16; ++b)
        if (block >> b & 1) value ^= images[j][b];
      out.twiddles[block + (size_t{1} << j)] = multiply(value, power(inverse));
    }
  }
  return out;
}

}  // namespace

uint16_t multiply(uint16_t a, uint16_t b) {
  const Logarithms& t = logarithms();
  return a == 0 || b == 0 ? uint16_t{0} : t.exp[(unsigned{t.log[a]} + t.log[b]) % kOrder];
}

uint16_t power(uint64_t exponent) { return logarithms().exp[exponent % kOrder]; }

unsigned logarithm(uint16_t a) { return logarithms().log[a]; }

std::vector<uint16_t> log_products(const std::vector<bool>& members) {
  // Everything modulo 2^64: the sums, below 2^32, times the size, at most 2^16, are exact at the end.
  const Logarithms& t = logarithms();
  std::vector<uint64_t> logs(members.size()), sums(members.size());
  for (size_t i = 0; i < members.size(); ++i) logs[i] = t.log[i], sums[i] = members[i];
  walsh_hadamard(logs);
  walsh_hadamard(sums);
  for (size_t i = 0; i < sums.size(); ++i) sums[i] *= logs[i];
  walsh_hadamard(sums);
  std::vector<uint16_t> out(sums.size());
  for (size_t i = 0; i < sums.size(); ++i) out[i] = static_cast<uint16_t>(sums[i] / sums.size() % kOrder);
  return out;
}

const Constants& constants() {
  static const Constants made = make_constants();
  return made;
}

}  // namespace zg::gf65536
