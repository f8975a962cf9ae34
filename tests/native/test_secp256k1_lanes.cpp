// The lane fields and the lane group of secp256k1 against 256-bit integers: borders, representatives above p, largest limbs,
// eight different lanes at a time. The exhaustive walk is over small multiples of the generator: every entry of the base table.
#include <cstring>
#include <vector>

#include "check.hpp"
#include "common/cpu.hpp"
#include "common/u256.hpp"

#if defined(__x86_64__)

#include <immintrin.h>
#if defined(__clang__)
#pragma clang attribute push(__attribute__((target("avx512f,avx512bw,avx512dq,avx512vl,avx512ifma,bmi2"))), apply_to = function)
#else
// False alarms inside GCC 12's own intrinsics header.
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"
#pragma GCC diagnostic ignored "-Wuninitialized"
#pragma GCC push_options
#pragma GCC target("avx512f,avx512bw,avx512dq,avx512vl,avx512ifma,bmi2")
#endif

#include "curve/secp256k1.hpp"

namespace {

using namespace zg::secp256k1;
using zg::U256;

uint64_t g_seed = 77;

uint64_t next() {
  g_seed ^= g_seed << 13;
  g_seed ^= g_seed >> 7;
  g_seed ^= g_seed << 17;
  return g_seed;
}

const U256 kPrimeInteger{0xfffffffefffffc2f, ~0ull, ~0ull, ~0ull};
const U256 kOrderInteger{0xbfd25e8cd0364141, 0xbaaedce6af48a03b, 0xfffffffffffffffe, ~0ull};

// Borders of both fields, of limbs and of words; the rest random.
U256 pick() {
  const U256 one{1, 0, 0, 0};
  const U256 borders[] = {{0, 0, 0, 0},          one,
                          {2, 0, 0, 0},          kPrimeInteger,
                          kPrimeInteger - one,   kPrimeInteger + one,
                          kOrderInteger,         kOrderInteger - one,
                          kOrderInteger + one,   {~0ull, ~0ull, ~0ull, ~0ull},
                          {~0ull, 0, 0, 0},      {0, 0, 0, ~0ull},
                          {kMask52, 0, 0, 0},    {kFold256, 0, 0, 0},
                          kPrimeInteger >> 1,    kOrderInteger >> 1};
  const uint64_t choice = next() % (2 * std::size(borders));
  if (choice < std::size(borders)) return borders[choice];
  return U256{next(), next(), next(), next()} >> static_cast<unsigned>(next() % 8 == 0 ? next() % 256 : 0);
}

struct Eight {
  U256 value[8];

  static Eight picked() {
    Eight out;
    for (U256& v : out.value) v = pick();
    return out;
  }
  Limbs lanes() const {
    uint64_t words[4][8];
    for (int lane = 0; lane < 8; ++lane)
      for (int k = 0; k < 4; ++k) words[k][lane] = value[lane].w[k];
    return load_words(words);
  }
  static Eight from(const Limbs& limbs) {
    uint64_t words[4][8];
    store_words(words, limbs);
    Eight out;
    for (int lane = 0; lane < 8; ++lane) out.value[lane] = U256{words[0][lane], words[1][lane], words[2][lane], words[3][lane]};
    return out;
  }
};

// Adds p in alternating lanes where the number is small enough to stay below 2^257: another representative of the same element.
Fe other_representative(const Fe& a) {
  const Limbs more = ripple(add(a, splat(kPrime)));
  return select(0x55, more, a);
}

template <class Expected>
void check_lanes(const Fe& found, const Expected& expected) {
  const Eight lanes = Eight::from(canonical(found));
  for (int lane = 0; lane < 8; ++lane) CHECK(lanes.value[lane] == expected(lane));
}

U256 modulo(const U256& a, const U256& m) { return zg::mul_mod(a, U256{1, 0, 0, 0}, m); }
U256 negative(const U256& a, const U256& m) { return modulo(m - modulo(a, m), m); }

void check_field() {
  for (int round = 0; round < 4000; ++round) {
    const Eight a = Eight::picked(), b = Eight::picked();
    const Fe x = round % 2 == 0 ? a.lanes() : other_representative(a.lanes()), y = b.lanes();
    const U256& p = kPrimeInteger;
    const Fe low = a.lanes();  // below 2^256, so it may be subtracted
    const auto product = [&](int i) { return zg::mul_mod(a.value[i], b.value[i], p); };
    const auto square = [&](int i) { return zg::mul_mod(a.value[i], a.value[i], p); };
    const auto twice = [&](const U256& v) { return zg::add_mod(v, v, p); };
    check_lanes(x, [&](int i) { return modulo(a.value[i], p); });
    check_lanes(mul(x, y), product);
    check_lanes(sqr(x), square);
    check_lanes(reduce_doubled(mul_columns(x, y)), [&](int i) { return twice(product(i)); });
    check_lanes(reduce_tripled(sqr_columns(x)), [&](int i) { return zg::add_mod(twice(square(i)), square(i), p); });
    check_lanes(carry(bias(4) + x - y - y),
                [&](int i) { return zg::add_mod(modulo(a.value[i], p), negative(twice(b.value[i]), p), p); });
    check_lanes(reduce(sqr_columns(y) + (bias(4) - low - low - y)),
                [&](int i) { return zg::add_mod(zg::mul_mod(b.value[i], b.value[i], p), negative(zg::add_mod(twice(a.value[i]), b.value[i], p), p), p); });
    check_lanes(reduce_wide(subtract<2>(mul_columns(x, y), sqr_columns(x))),
                [&](int i) { return zg::add_mod(product(i), negative(twice(square(i)), p), p); });
    check_lanes(reduce_wide(subtract<1>(sqr_columns(y), mul_columns(x, y))),
                [&](int i) { return zg::add_mod(zg::mul_mod(b.value[i], b.value[i], p), negative(product(i), p), p); });
    const unsigned same = equal(x, y);
    for (int i = 0; i < 8; ++i) CHECK((same >> i & 1) == (modulo(a.value[i], p) == modulo(b.value[i], p) ? 1u : 0u));
    CHECK(equal(x, other_representative(a.lanes())) == 0xff);
    if (round % 16 != 0) continue;
    const U256 zero{0, 0, 0, 0}, one{1, 0, 0, 0};
    check_lanes(mul(inverse(x), x), [&](int i) { return modulo(a.value[i], p) == zero ? zero : one; });
    Fe first = sqr(x), second = sqr(y);
    root_candidates(first, second);
    check_lanes(sqr(first), square);
    check_lanes(sqr(second), [&](int i) { return zg::mul_mod(b.value[i], b.value[i], p); });
  }
}

void check_order() {
  const U256& n = kOrderInteger;
  const Limbs one = {{splat(1), splat(0), splat(0), splat(0), splat(0)}};
  for (int round = 0; round < 2000; ++round) {
    const Eight a = Eight::picked(), b = Eight::picked();
    const Limbs am = order_mul(a.lanes(), splat(kOrder.r2));  // Montgomery form of a
    const Eight product = Eight::from(order_canonical(order_mul(am, b.lanes())));
    const Limbs ac = order_canonical(order_mul(am, one)), bc = order_canonical(order_mul(order_mul(b.lanes(), splat(kOrder.r2)), one));
    const Eight sum = Eight::from(order_add(ac, bc)), half = Eight::from(order_half(ac)), minus = Eight::from(order_minus(ac));
    for (int i = 0; i < 8; ++i) {
      CHECK(product.value[i] == zg::mul_mod(a.value[i], b.value[i], n));
      CHECK(sum.value[i] == zg::add_mod(a.value[i], b.value[i], n));
      CHECK(zg::add_mod(half.value[i], half.value[i], n) == modulo(a.value[i], n));
      CHECK(minus.value[i] + modulo(a.value[i], n) == n);
    }
    if (round % 16 != 0) continue;
    const Eight unit = Eight::from(order_canonical(order_mul(order_inverse(am), ac)));
    for (int i = 0; i < 8; ++i) {
      const bool zero = modulo(a.value[i], n) == U256{0, 0, 0, 0};
      CHECK(unit.value[i] == (zero ? U256{0, 0, 0, 0} : U256{1, 0, 0, 0}));
    }
  }
}

void check_transpose() {
  V rows[8];
  alignas(64) uint64_t cell[8];
  for (uint64_t r = 0; r < 8; ++r) {
    for (uint64_t c = 0; c < 8; ++c) cell[c] = 8 * r + c;
    rows[r] = _mm512_load_si512(cell);
  }
  transpose8(rows);
  for (uint64_t r = 0; r < 8; ++r) {
    _mm512_store_si512(cell, rows[r]);
    for (uint64_t c = 0; c < 8; ++c) CHECK(cell[c] == 8 * c + r);
  }
}

// y² = x³ + 7 for all entries, and entry i + 1 - entry i = 2G: together with entry 0 = G that fixes every entry.
void check_base_table() {
  build_base();
  Point twice{splat(kGeneratorX), splat(kGeneratorY), splat(kOne)};
  double_point(twice);
  const V lanes = _mm512_set_epi64(7, 6, 5, 4, 3, 2, 1, 0);
  Fe x, y;
  load_base(splat(0), x, y);
  CHECK(equal(x, splat(kGeneratorX)) == 0xff && equal(y, splat(kGeneratorY)) == 0xff);
  const Fe zi = inverse(twice.z), zi2 = sqr(zi);
  const Fe dx = mul(twice.x, zi2), dy = mul(twice.y, mul(zi2, zi));
  for (uint64_t i = 0; i + 1 < kBaseOdds; i += 8) {
    load_base(add(lanes, splat(i)), x, y);
    CHECK(equal(sqr(y), reduce(mul_columns(sqr(x), x) + loose(splat(kSeven)))) == 0xff);
    Fe next_x, next_y;
    const V after = _mm512_min_epu64(add(lanes, splat(i + 1)), splat(kBaseOdds - 1));
    load_base(after, next_x, next_y);
    Point p{x, y, splat(kOne)};
    add_affine(p, dx, dy, 0, p.z);
    const Fe zz = sqr(p.z);
    const unsigned same = equal(mul(next_x, zz), p.x) & equal(mul(next_y, mul(zz, p.z)), p.y);
    CHECK((same | (i + 8 == kBaseOdds ? 0x80u : 0u)) == 0xff);
  }
}

// u1 G + u2 (k G) for all small u1, u2, k in and around 0 against the table of small multiples, where exceptional sums abound:
// a lane answers rightly or says Z = 0.
void check_small_multiples() {
  constexpr int kMax = 12;
  Eight xs[kMax * kMax + kMax + 1], ys[kMax * kMax + kMax + 1];
  for (int m = 1; m <= kMax * kMax + kMax; ++m) {
    // m G by adding G's from entry tables: m odd is an entry, m even is the double of m / 2.
    Fe x, y;
    if (m % 2 == 1) {
      load_base(splat(static_cast<uint64_t>(m / 2)), x, y);
    } else {
      Point p{xs[m / 2].lanes(), ys[m / 2].lanes(), splat(kOne)};
      double_point(p);
      const Fe zi = inverse(p.z), zi2 = sqr(zi);
      x = mul(p.x, zi2);
      y = mul(p.y, mul(zi2, zi));
    }
    xs[m] = Eight::from(canonical(x));
    ys[m] = Eight::from(canonical(y));
  }
  int answered = 0;
  for (int k = 1; k <= kMax; ++k) {
    for (int u2 = 0; u2 <= kMax; ++u2) {
      for (int first = 0; first <= kMax; first += 8) {
        Eight u1;
        for (int lane = 0; lane < 8; ++lane) u1.value[lane] = U256{static_cast<uint64_t>(first + lane), 0, 0, 0};
        const Limbs factor = {{splat(static_cast<uint64_t>(u2)), splat(0), splat(0), splat(0), splat(0)}};
        const Point sum = multiply(u1.lanes(), factor, xs[k].lanes(), ys[k].lanes());
        const Fe zi = inverse(sum.z), zi2 = sqr(zi);
        const Eight x = Eight::from(canonical(mul(sum.x, zi2))), y = Eight::from(canonical(mul(sum.y, mul(zi2, zi))));
        const unsigned undecided = is_zero(canonical(sum.z));
        for (int lane = 0; lane < 8; ++lane) {
          const int m = first + lane + u2 * k;
          if (first + lane > kMax || m > kMax * kMax + kMax) continue;
          if (m == 0) {
            CHECK((undecided >> lane & 1) == 1);
            continue;
          }
          if ((undecided >> lane & 1) == 1) continue;
          ++answered;
          CHECK(x.value[lane] == xs[m].value[0] && y.value[lane] == ys[m].value[0]);
        }
      }
    }
  }
  CHECK(answered > kMax * kMax * kMax / 2);
}

void check_all() {
  check_transpose();
  check_field();
  check_order();
  check_base_table();
  check_small_multiples();
}

}  // namespace

#if defined(__clang__)
#pragma clang attribute pop
#else
#pragma GCC pop_options
#endif

int main() {
  const uint32_t needs = zg::kCpuAvx512 | zg::kCpuIfma | zg::kCpuBmi2Adx;
  if ((zg::cpu_features() & needs) != needs) {
    std::printf("skipped: needs %s\n", zg::cpu_feature_names(needs & ~zg::cpu_features()).c_str());
    return 0;
  }
  check_all();
  return check_report();
}

#else

int main() {
  std::printf("skipped: not x86-64\n");
  return 0;
}

#endif
