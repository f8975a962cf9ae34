// BN254 by itself: field laws, inversion, group laws, the subgroup test on every part of the twist's order, bilinearity.
// The numbers are compared with another implementation in tests/precompiles.
#include <vector>

#include "check.hpp"
#include "common/digest.hpp"
#include "curve/bn254_pairing.hpp"

using namespace zg;
using namespace zg::bn254;

namespace {

uint64_t g_seed = 20240917;
uint64_t next() {
  g_seed ^= g_seed << 13;
  g_seed ^= g_seed >> 7;
  g_seed ^= g_seed << 17;
  return g_seed;
}
U256 random256() { return {next(), next(), next(), next()}; }
Fq random_fq() {
  uint8_t bytes[32];
  random256().to_be(bytes);
  return field::from_be_reduced<FqParams>(bytes);
}
Fq2 random_fq2() { return {random_fq(), random_fq()}; }
Fq12 random_fq12() {
  return {{random_fq2(), random_fq2(), random_fq2()}, {random_fq2(), random_fq2(), random_fq2()}};
}
const U256 kP{FqParams::kModulus[0], FqParams::kModulus[1], FqParams::kModulus[2], FqParams::kModulus[3]};
const U256 kR{FrParams::kModulus[0], FrParams::kModulus[1], FrParams::kModulus[2], FrParams::kModulus[3]};

U256 plain(const Fq& a) {
  U256 r;
  field::from_mont(a, r.w);
  return r;
}

void test_field() {
  std::vector<Fq> values;
  for (int i = 0; i < 60; ++i) values.push_back(random_fq());
  for (const U256& edge : {U256(0), U256(1), U256(2), kP - U256(1), kP - U256(2), U256(UINT64_MAX), U256(1) << 253})
    values.push_back(field::to_mont<FqParams>(edge.w));
  for (const Fq& a : values) {
    CHECK(field::to_mont<FqParams>(plain(a).w) == a);
    CHECK(a - a == Fq::zero());
    CHECK(a + (-a) == Fq::zero());
    CHECK(a * Fq::one() == a);
    const Fq inverse = inverse_var(a);
    if (a.is_zero()) {
      CHECK(inverse.is_zero());
    } else {
      CHECK(a * inverse == Fq::one());
      const U256 minus_two = kP - U256(2);
      CHECK(field::power_var(a, minus_two.w, 4) == inverse);
    }
    Fq root;
    CHECK(square_root_var(square(a), root));
    CHECK(root == a || root == -a);
    for (const Fq& b : values) {
      CHECK(plain(a * b) == mul_mod(plain(a), plain(b), kP));
      CHECK(plain(a + b) == add_mod(plain(a), plain(b), kP));
      CHECK(a - b == a + (-b));
    }
  }
  uint8_t bytes[32];
  Fq out = Fq::one();
  kP.to_be(bytes);
  CHECK(!field::from_be(bytes, out) && out == Fq::one());
  CHECK(field::from_be_reduced<FqParams>(bytes).is_zero());
  U256::max().to_be(bytes);
  CHECK(!field::from_be(bytes, out));
  CHECK(plain(field::from_be_reduced<FqParams>(bytes)) == U256::max() % kP);
  const U256 below = kP - U256(1);
  below.to_be(bytes);
  CHECK(field::from_be(bytes, out) && out == -Fq::one());
}

void test_tower() {
  const Fq2 xi = {field::from_u64<FqParams>(9), Fq::one()};
  for (int i = 0; i < 20; ++i) {
    const Fq2 a = random_fq2(), b = random_fq2();
    CHECK(times_xi(a) == a * xi);
    CHECK(square(a) == a * a);
    CHECK(a * inverse_var(a) == Fq2::one());
    CHECK((a + b) * (a - b) == square(a) - square(b));
    const Fq12 f = random_fq12(), g = random_fq12();
    CHECK(square(f) == f * f);
    CHECK(f * g == g * f);
    CHECK((f * inverse_var(f)).is_one());
    CHECK(times_line(f, a, b, a + b) == f * Fq12({{a, Fq2::zero(), Fq2::zero()}, {b, a + b, Fq2::zero()}}));
    CHECK(frobenius(f) * frobenius(g) == frobenius(f * g));
    CHECK(frobenius(frobenius(f)) == frobenius_square(f));
    Fq12 all = f;
    for (int j = 0; j < 6; ++j) all = frobenius_square(all);
    CHECK(all == f);
    // Into the cyclotomic subgroup: (p^6 - 1)(p^2 + 1).
    Fq12 m = conjugate(f) * inverse_var(f);
    m = frobenius_square(m) * m;
    CHECK(cyclotomic_square(m) == m * m);
    CHECK((m * conjugate(m)).is_one());
  }
  // The p-power map really is a power: compare with exponentiation in Fq2.
  const Fq2 a = random_fq2();
  Fq2 power = Fq2::one();
  for (int i = 255; i >= 0; --i) {
    power = square(power);
    if (kP.bit(static_cast<unsigned>(i))) power = power * a;
  }
  CHECK(power == conjugate(a));
}

void test_groups() {
  const G1Affine g1 = G1Affine::generator();
  const G2Affine g2 = G2Affine::generator();
  CHECK(is_on_curve(g1) && is_on_twist(g2) && is_in_subgroup_var(g2));
  CHECK(multiply_var(g1, kR).is_infinity());
  CHECK(multiply_var(g2, kR).is_infinity());
  CHECK(to_affine_var(multiply_var(g1, kR - U256(1))) == -g1);
  for (unsigned k = 0; k < 300; ++k) {
    G1 sum = G1::infinity();
    for (unsigned i = 0; i < k; ++i) sum = add_var(sum, g1);
    CHECK(to_affine_var(sum) == to_affine_var(multiply_var(g1, U256(k))));
  }
  for (int i = 0; i < 20; ++i) {
    const U256 a = random256(), b = random256();
    const G1 pa = multiply_var(g1, a), pb = multiply_var(g1, b);
    CHECK(to_affine_var(add_var(pa, pb)) == to_affine_var(multiply_var(g1, add_mod(a, b, kR))));
    CHECK(to_affine_var(add_var(pa, pa)) == to_affine_var(double_var(pa)));
    CHECK(add_var(pa, G1{pa.x, -pa.y, pa.z}).is_infinity());
    CHECK(to_affine_var(add_var(pa, to_affine_var(pa))) == to_affine_var(double_var(pa)));
    CHECK(to_affine_var(add_var(G1::infinity(), pa)) == to_affine_var(pa));
    CHECK(to_affine_var(multiply_var(to_affine_var(pa), b)) == to_affine_var(multiply_var(g1, mul_mod(a, b, kR))));
    const G2 qa = multiply_var(g2, a), qb = multiply_var(g2, b);
    CHECK(to_affine_var(add_var(qa, qb)) == to_affine_var(multiply_var(g2, add_mod(a, b, kR))));
    CHECK(is_in_subgroup_var(to_affine_var(qa)));
    uint8_t bytes[128];
    encode_g2(to_affine_var(qa), bytes);
    G2Affine back;
    CHECK(decode_g2(bytes, back) && back == to_affine_var(qa));
    bytes[127] ^= 1;
    CHECK(!decode_g2(bytes, back));
  }
}

// Square root in Fq2 by the norm; false when there is none.
bool root2(const Fq2& a, Fq2& out) {
  Fq n;
  if (!square_root_var(square(a.c0) + square(a.c1), n)) return false;
  const Fq half = inverse_var(twice(Fq::one()));
  for (const Fq& s : {n, -n}) {
    Fq x;
    if (!square_root_var((a.c0 + s) * half, x) || x.is_zero()) continue;
    out = {x, a.c1 * half * inverse_var(x)};
    if (square(out) == a) return true;
  }
  return false;
}

// The order of the twist is r times the cofactor 2 p - r = 10069 * 5864401 * 1875725156269 * (a prime of 178 bits). One
// point of each prime order must fail the test: that proves it (see bn254_g2.hpp).
void test_subgroup() {
  const U256 cofactor = kP - kR + kP;
  const U256 small[3] = {U256(10069), U256(5864401), U256(1875725156269u)};
  U256 large = cofactor;
  for (const U256& prime : small) {
    CHECK((large % prime).is_zero());
    large = large / prime;
  }
  int outside = 0, found[4] = {};
  for (int i = 0; i < 40 || found[0] * found[1] * found[2] * found[3] == 0; ++i) {
    G2Affine q;
    q.x = random_fq2();
    if (!root2(square(q.x) * q.x + Fq2::from_limbs(kTwistB), q.y)) continue;
    CHECK(is_on_twist(q));
    outside += is_in_subgroup_var(q) ? 0 : 1;
    const G2 cleared = multiply_var(q, cofactor);
    CHECK(is_in_subgroup_var(to_affine_var(cleared)));
    CHECK(is_in_subgroup_var(to_affine_var(cleared)) == multiply_var(to_affine_var(cleared), kR).is_infinity());
    const G2Affine without_r = to_affine_var(multiply_var(q, kR));
    CHECK(multiply_var(without_r, cofactor).is_infinity());
    for (int j = 0; j < 4; ++j) {
      const U256 prime = j < 3 ? small[j] : large;
      const G2Affine part = to_affine_var(multiply_var(without_r, cofactor / prime));
      if (part.is_infinity()) continue;
      CHECK(multiply_var(part, prime).is_infinity());
      CHECK(!is_in_subgroup_var(part));
      ++found[j];
    }
  }
  CHECK(outside > 0);
}

void test_pairing() {
  const G1Affine g1 = G1Affine::generator();
  const G2Affine g2 = G2Affine::generator();
  CHECK(pairing_product_is_one_var(nullptr, 0));
  const PairingInput single{g1, g2};
  CHECK(!pairing_product_is_one_var(&single, 1));
  const PairingInput opposite[2] = {{g1, g2}, {-g1, g2}};
  CHECK(pairing_product_is_one_var(opposite, 2));
  const PairingInput infinite[2] = {{G1Affine::infinity(), g2}, {g1, G2Affine::infinity()}};
  CHECK(pairing_product_is_one_var(infinite, 2));
  for (int i = 0; i < 8; ++i) {
    const U256 a = random256(), b = random256();
    const PairingInput inputs[3] = {{to_affine_var(multiply_var(g1, a)), to_affine_var(multiply_var(g2, b))},
                                    {-to_affine_var(multiply_var(g1, mul_mod(a, b, kR))), g2},
                                    {G1Affine::infinity(), g2}};
    CHECK(pairing_product_is_one_var(inputs, 3));
    PairingInput wrong[2] = {inputs[0], inputs[1]};
    wrong[1].p = to_affine_var(add_var(G1::from(wrong[1].p), g1));
    CHECK(!pairing_product_is_one_var(wrong, 2));
    // The pairing value has order r.
    const Fq12 e = final_exponentiation_var(miller_loop_var(&inputs[0], 1));
    Fq12 power = Fq12::one();
    for (int bit = 255; bit >= 0; --bit) {
      power = square(power);
      if (kR.bit(static_cast<unsigned>(bit))) power = power * e;
    }
    CHECK(power.is_one() && !e.is_one());
  }
}

}  // namespace

int main() {
  test_field();
  test_tower();
  test_groups();
  test_subgroup();
  test_pairing();
  return check_report();
}
