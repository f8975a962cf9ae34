// Eight lanes of the group of secp256k1, y² = x³ + 7, for ISA files with AVX-512 IFMA: u1 G + u2 P with public scalars.
//
// One row of 128 doublings serves both products: the scalars are split by the endomorphism and written in signed odd digits
// (field/secp256k1_fn.hpp), so every lane adds at the same places and no digit is zero. Exceptional additions (equal or opposite
// points) and infinity leave Z = 0 for good, since every later Z is a multiple: who gets Z = 0 must compute that lane otherwise.
// Formulas: Jacobian coordinates for a = 0, doubling 3M + 4S, mixed addition 8M + 3S; docs/kernels/ecdsa.md.
#pragma once

#include "field/secp256k1_fn.hpp"
#include "field/secp256k1_fp.hpp"

namespace zg::secp256k1 {
namespace {

constexpr int kWindow = 4;         // digits of u2 P: 33 windows of 4 bits, 8 odd multiples per lane
constexpr int kWindows = 33;
constexpr int kBaseWindow = 13;    // digits of u1 G: 10 windows of 13 bits, 4096 odd multiples for everybody
constexpr int kBaseWindows = 10;
constexpr int kOdds = 1 << (kWindow - 1);
constexpr int kBaseOdds = 1 << (kBaseWindow - 1);

// β: (β x, y) = λ (x, y).
constexpr Constant kBeta = {{0x96c28719501ee, 0x7512f58995c13, 0xc3434e99cf049, 0x7106e64479ea, 0x7ae96a2b657c}};
constexpr Constant kGeneratorX = {{0x2815b16f81798, 0xdb2dce28d959f, 0xe870b07029bfc, 0xbbac55a06295c, 0x79be667ef9dc}};
constexpr Constant kGeneratorY = {{0x7d08ffb10d4b8, 0x48a68554199c4, 0xe1108a8fd17b4, 0xc4655da4fbfc0, 0x483ada7726a3}};

struct Point {  // Jacobian: (X / Z^2, Y / Z^3)
  Fe x, y, z;
};

// Odd multiples P, 3P, … of each lane's point, all over one common Z, and the x of their images under λ.
struct OddTable {
  Fe x[kOdds], lambda_x[kOdds], y[kOdds];
};

// (2 i + 1) G, affine, x ‖ y as little-endian words: one cache line an entry.
alignas(64) uint64_t g_base[kBaseOdds][8];

inline __attribute__((noinline)) void double_point(Point& p) {
  const Fe b = reduce_doubled(sqr_columns(p.y));           // 2Y²
  const Fe m = reduce_tripled(sqr_columns(p.x));           // 3X²
  const Fe s = reduce_doubled(mul_columns(p.x, b));        // 4XY²
  p.z = reduce_doubled(mul_columns(p.y, p.z));
  p.x = reduce(sqr_columns(m) + (bias(4) - s - s));
  const Fe d = carry(bias(2) + s - p.x);
  p.y = reduce_wide(subtract<2>(mul_columns(m, d), sqr_columns(b)));  // m d - 8Y⁴
}

// p += (x2, ±y2), minus where `negative`; az is Z of p on the curve where (x2, y2) lies. Returns H, with Z' = Z H.
ZG_LANES Fe add_affine(Point& p, const Fe& x2, const Fe& y2, __mmask8 negative, const Fe& az) {
  const Fe zz = sqr(az);
  const Fe zzz = mul(zz, az);
  const Fe h = reduce(mul_columns(x2, zz) + (bias(2) - p.x));
  // i = ±(±S2 - Y1): the sign is taken out here and put back into d.
  Loose y1 = bias(2) - p.y;
#pragma GCC unroll 5
  for (int k = 0; k < 5; ++k) y1.l[k] = _mm512_mask_mov_epi64(y1.l[k], negative, p.y.l[k]);
  const Fe i = reduce(mul_columns(y2, zzz) + y1);
  const Fe hh = sqr(h);
  const Fe hhh = mul(hh, h);
  const Fe t = mul(p.x, hh);
  p.z = mul(p.z, h);
  p.x = reduce(sqr_columns(i) + (bias(4) - hhh - t - t));
  const Limbs difference = sub(t, p.x);
  Loose d = bias(2) + difference;
#pragma GCC unroll 5
  for (int k = 0; k < 5; ++k) d.l[k] = _mm512_mask_sub_epi64(d.l[k], negative, splat(2 * kPrime.l[k]), difference.l[k]);
  p.y = reduce_wide(subtract<1>(mul_columns(i, carry(d)), mul_columns(hhh, p.y)));
  return h;
}

inline __attribute__((noinline)) void add_from_table(Point& p, const Fe* xs, const Fe* ys, V digit) {
  // A digit of the bits d stands for 2d + 1 - 2^window: its sign is the top bit, its index the rest, complemented if negative.
  const V index = _mm512_and_si512(_mm512_mask_xor_epi64(digit, _mm512_testn_epi64_mask(digit, splat(kOdds)), digit, splat(kOdds - 1)), splat(kOdds - 1));
  const __mmask8 negative = _mm512_testn_epi64_mask(digit, splat(kOdds));
  Fe x = xs[0], y = ys[0];
#pragma GCC unroll 8
  for (int k = 1; k < kOdds; ++k) {
    const __mmask8 here = _mm512_cmpeq_epi64_mask(index, splat(static_cast<uint64_t>(k)));
    x = select(here, xs[k], x);
    y = select(here, ys[k], y);
  }
  add_affine(p, x, y, negative, p.z);
}

// Each lane's entry of g_base.
ZG_LANES void load_base(V index, Fe& x, Fe& y) {
  alignas(64) uint64_t at[8];
  _mm512_store_si512(at, index);
  V rows[8];
#pragma GCC unroll 8
  for (int lane = 0; lane < 8; ++lane) rows[lane] = _mm512_load_si512(g_base[at[lane]]);
  transpose8(rows);
  x = unpack(rows[0], rows[1], rows[2], rows[3]);
  y = unpack(rows[4], rows[5], rows[6], rows[7]);
}

// `z_factor`: Z of the table's curve against the true one.
inline __attribute__((noinline)) void add_from_base(Point& p, V digit, bool lambda, const Fe& z_factor) {
  const __mmask8 negative = _mm512_testn_epi64_mask(digit, splat(kBaseOdds));
  const V index = _mm512_and_si512(_mm512_mask_xor_epi64(digit, negative, digit, splat(kBaseOdds - 1)), splat(kBaseOdds - 1));
  Fe x, y;
  load_base(index, x, y);
  if (lambda) x = mul(x, splat(kBeta));
  add_affine(p, x, y, negative, mul(p.z, z_factor));
}

// Fills the table for the affine point (x, y). Returns the common Z.
inline __attribute__((noinline)) Fe build_table(OddTable& table, const Fe& x, const Fe& y) {
  // On the isomorphic curve where 2P = (D.x, D.y) is affine, P is (x C², y C³) with C the Z of 2P.
  Point d{x, y, splat(kOne)};
  double_point(d);
  const Fe cc = sqr(d.z);
  Point p{mul(x, cc), mul(y, mul(cc, d.z)), splat(kOne)};
  Fe ratio[kOdds];
  table.x[0] = p.x;
  table.y[0] = p.y;
  for (int i = 1; i < kOdds; ++i) {
    ratio[i] = add_affine(p, d.x, d.y, 0, p.z);
    table.x[i] = p.x;
    table.y[i] = p.y;
  }
  table.lambda_x[kOdds - 1] = mul(table.x[kOdds - 1], splat(kBeta));
  Fe f = ratio[kOdds - 1];
  for (int i = kOdds - 2; i >= 0; --i) {
    const Fe ff = sqr(f);
    table.x[i] = mul(table.x[i], ff);
    table.y[i] = mul(table.y[i], mul(ff, f));
    table.lambda_x[i] = mul(table.x[i], splat(kBeta));
    if (i != 0) f = mul(f, ratio[i]);
  }
  return mul(p.z, d.z);
}

// u1 G + u2 (x, y) for u1, u2 at most n; Z is 0 where the sum is infinity or an addition was exceptional.
inline __attribute__((noinline)) Point multiply(const Limbs& u1, const Limbs& u2, const Fe& x, const Fe& y) {
  OddTable table;
  const Fe z_factor = build_table(table, x, y);
  const Digits base = split_digits(u1, kOffset130), own = split_digits(u2, kOffset132);
  // The top digit's bits are 0 or 1 (v < 2^129), so it is -15 or -13: the two largest entries, negative.
  const __mmask8 top = _mm512_test_epi64_mask(window(own.v[0], kWindow * (kWindows - 1), kWindow), splat(1));
  Point p{select(top, table.x[kOdds - 2], table.x[kOdds - 1]), {}, splat(kOne)};
  p.y = carry(bias(2) - select(top, table.y[kOdds - 2], table.y[kOdds - 1]));
  add_from_table(p, table.lambda_x, table.y, window(own.v[1], kWindow * (kWindows - 1), kWindow));
  for (int position = kWindow * (kWindows - 1) - 1; position >= 0; --position) {
    double_point(p);
    if (position % kWindow == 0) {
      add_from_table(p, table.x, table.y, window(own.v[0], position, kWindow));
      add_from_table(p, table.lambda_x, table.y, window(own.v[1], position, kWindow));
    }
    if (position % kBaseWindow == 0 && position < kBaseWindow * kBaseWindows) {
      add_from_base(p, window(base.v[0], position, kBaseWindow), false, z_factor);
      add_from_base(p, window(base.v[1], position, kBaseWindow), true, z_factor);
    }
  }
  p.z = mul(p.z, z_factor);
  return p;
}

// Writes canonical coordinates of eight consecutive odd multiples from `first` on.
inline __attribute__((noinline)) void store_base(int first, int count, const Fe& x, const Fe& y) {
  uint64_t xs[4][8], ys[4][8];
  store_words(xs, canonical(x));
  store_words(ys, canonical(y));
  for (int lane = 0; lane < count; ++lane) {
    for (int k = 0; k < 4; ++k) {
      g_base[first + lane][k] = xs[k][lane];
      g_base[first + lane][4 + k] = ys[k][lane];
    }
  }
}

// Fills g_base. Each round doubles it: from G … (2m - 1) G, by adding 2m G to every entry, to (4m - 1) G, with one inversion
// for all slopes of the round.
inline __attribute__((noinline)) void build_base() {
  OddTable table;
  Point d{splat(kGeneratorX), splat(kGeneratorY), splat(kOne)};
  const Fe zi = inverse(build_table(table, d.x, d.y));
  const Fe zi2 = sqr(zi), zi3 = mul(zi2, zi);
  for (int i = 0; i < kOdds; ++i) store_base(i, 1, mul(table.x[i], zi2), mul(table.y[i], zi3));
  for (int doubled = 1; doubled < 2 * kOdds; doubled *= 2) double_point(d);
  Fe before[kBaseOdds / 2 / 8];
  for (int m = kOdds; m < kBaseOdds; m *= 2, double_point(d)) {
    const Fe di = inverse(d.z), di2 = sqr(di);
    const Fe dx = mul(d.x, di2), dy = mul(d.y, mul(di2, di));
    Fe product = splat(kOne), x, y;
    const V lanes = _mm512_set_epi64(7, 6, 5, 4, 3, 2, 1, 0);
    for (int i = 0; i < m / 8; ++i) {
      load_base(add(lanes, splat(static_cast<uint64_t>(8 * i))), x, y);
      before[i] = product;
      product = mul(product, carry(bias(2) + dx - x));
    }
    Fe rest = inverse(product);
    for (int i = m / 8 - 1; i >= 0; --i) {
      load_base(add(lanes, splat(static_cast<uint64_t>(8 * i))), x, y);
      const Fe slope = mul(mul(rest, before[i]), carry(bias(2) + dy - y));
      rest = mul(rest, carry(bias(2) + dx - x));
      const Fe x3 = reduce(sqr_columns(slope) + (bias(4) - x - dx));
      store_base(m + 8 * i, 8, x3, reduce(mul_columns(slope, carry(bias(2) + x - x3)) + (bias(2) - y)));
    }
  }
}

}  // namespace
}  // namespace zg::secp256k1
