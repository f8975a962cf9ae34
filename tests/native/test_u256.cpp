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
  const zg::Hash32 empty = zg::keccak256::hash({nullptr, 0});
  CHECK(zg::to_hex(zg::as_bytes(empty)) == "c5d2460186f7233c927e7db2dcc703c0e500b653ca82273b7bfad8045d85a470");
  return check_report();
}
