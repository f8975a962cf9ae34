#include "check.hpp"
#include "common/digest.hpp"
#include "common/u256.hpp"
#include "hash/keccak256/api.hpp"

using zg::U256;

int main() {
  uint64_t seed = 42;
  auto next = [&] {
    seed ^= seed << 13;
    seed ^= seed >> 7;
    seed ^= seed << 17;
    return seed;
  };
  auto random = [&] {
    U256 r{next(), next(), next(), next()};
    return r >> static_cast<unsigned>(next() % 256);
  };
  for (int i = 0; i < 20000; ++i) {
    const U256 a = random(), b = random(), m = random();
    U256 q, r;
    zg::divide(a, b, q, r);
    if (!b.is_zero()) {
      CHECK(r < b);
      CHECK(q * b + r == a);
    } else {
      CHECK(q.is_zero() && r.is_zero());
    }
    CHECK(a - b + b == a);
    if (!m.is_zero()) {
      CHECK(zg::mul_mod(a, b, m) < m);
      CHECK(zg::mul_mod(a % m, b % m, m) == zg::mul_mod(a, b, m));
      CHECK(zg::add_mod(a, b, m) == zg::add_mod(a % m, b % m, m));
    }
    CHECK(*zg::parse_u256(zg::to_decimal(a)) == a);
  }
  // Numerators of eight words, and words that make quotient digits too large or overflow.
  const uint64_t edges[] = {0, 1, 2, UINT64_MAX, UINT64_MAX - 1, uint64_t{1} << 63, (uint64_t{1} << 63) - 1, (uint64_t{1} << 63) + 1, uint64_t{1} << 32};
  auto word = [&] { return next() % 4 == 0 ? next() : edges[next() % 9]; };
  for (int i = 0; i < 200000; ++i) {
    uint64_t numerator[8], quotient[8], product[12] = {};
    const size_t words = next() % 9;
    for (size_t k = 0; k < 8; ++k) numerator[k] = k < words ? word() : 0;
    U256 d{word(), word(), word(), word()}, r;
    for (size_t k = 3; k > next() % 4; --k) d.w[k] = 0;
    // the top of the numerator like the divisor's: digits of 2^64 - 1
    if (i % 3 == 0 && words >= 4) numerator[words - 1] = d.w[3], numerator[words - 2] = d.w[2], numerator[words - 3] = d.w[1];
    zg::divide_wide(numerator, d, quotient, r);
    if (d.is_zero()) {
      for (uint64_t q : quotient) CHECK(q == 0);
      CHECK(r.is_zero());
      continue;
    }
    CHECK(r < d);
    for (size_t a = 0; a < 8; ++a) {
      unsigned __int128 carry = 0;
      for (size_t b = 0; b < 4; ++b) {
        carry += static_cast<unsigned __int128>(quotient[a]) * d.w[b] + product[a + b];
        product[a + b] = static_cast<uint64_t>(carry);
        carry >>= 64;
      }
      product[a + 4] = static_cast<uint64_t>(carry);
    }
    unsigned __int128 carry = 0;
    for (size_t k = 0; k < 12; ++k) {
      carry += static_cast<unsigned __int128>(product[k]) + (k < 4 ? r.w[k] : 0);
      CHECK(static_cast<uint64_t>(carry) == (k < 8 ? numerator[k] : 0));
      carry >>= 64;
    }
  }
  const zg::Hash32 empty = zg::keccak256::hash({nullptr, 0});
  CHECK(zg::to_hex(zg::as_bytes(empty)) == "c5d2460186f7233c927e7db2dcc703c0e500b653ca82273b7bfad8045d85a470");
  return check_report();
}
