// Signing leaves no trace of the key, and gives what plain multiplication gives.
//
// The function that signs is a template. Here it runs over a field that writes down every operation and over a word type that
// converts to nothing: code that branched on a digit of the key or used one as an index would not compile, and the written
// steps must be the same for every key.
#include <cstring>
#include <vector>

#if __has_include(<valgrind/memcheck.h>)
#include <valgrind/memcheck.h>
#else
#define VALGRIND_MAKE_MEM_UNDEFINED(at, size) (void)0
#define VALGRIND_MAKE_MEM_DEFINED(at, size) (void)0
#endif

#include "check.hpp"
#include "hash/keccak256/api.hpp"
#include "sig/bls_bn254/api.hpp"
#include "sig/bls_bn254/secret.hpp"
#include "sig/bls_bn254/wire.hpp"
#if defined(ZG_EMU)
#include "grid/host_fibers.hpp"
#include "grid/host_threads.hpp"
#include "sig/bls_bn254/body.hpp"
#endif

using namespace zg;
using namespace zg::bn254;

namespace traced {

std::vector<char> g_steps;

// A word of the key. No conversion to bool, to an integer or to an index exists.
class Word {
 public:
  explicit Word(uint64_t value) : value_(value) {}
  friend Word operator^(const Word& a, uint64_t b) { return note(Word(a.value_ ^ b)); }
  friend Word operator-(const Word& a, uint64_t b) { return note(Word(a.value_ - b)); }
  friend Word operator>>(const Word& a, int b) { return note(Word(a.value_ >> b)); }
  friend class Mask;

 private:
  static Word note(Word w) {
    g_steps.push_back('w');
    return w;
  }
  uint64_t value_;
};

class Mask {
 public:
  explicit Mask(const Word& bit) : value_(0 - bit.value_) {}
  uint64_t for_choose() const { return value_; }

 private:
  uint64_t value_;
};
Mask spread(const Word& bit) { return Mask(bit); }

struct Field {
  Fq v;
  static Field zero() { return {Fq::zero()}; }
  static Field one() { return {Fq::one()}; }
};
Field note(char step, const Fq& v) {
  g_steps.push_back(step);
  return {v};
}
Field operator+(const Field& a, const Field& b) { return note('+', a.v + b.v); }
Field operator-(const Field& a, const Field& b) { return note('-', a.v - b.v); }
Field operator*(const Field& a, const Field& b) { return note('*', a.v * b.v); }
Field choose(const Mask& mask, const Field& a, const Field& b) {
  return note('?', bls_bn254::secret::choose(mask.for_choose(), a.v, b.v));
}

}  // namespace traced

namespace {

uint64_t g_seed = 0x9e3779b97f4a7c15;
uint64_t next() {
  g_seed ^= g_seed << 13;
  g_seed ^= g_seed >> 7;
  g_seed ^= g_seed << 17;
  return g_seed;
}
const U256 kOrder{FrParams::kModulus[0], FrParams::kModulus[1], FrParams::kModulus[2], FrParams::kModulus[3]};

std::vector<U256> keys() {
  std::vector<U256> out{U256(1), U256(2), U256(15), U256(16), U256(17), kOrder - U256(1), kOrder - U256(2), U256(1) << 253, U256(UINT64_MAX)};
  for (int i = 0; i < 12; ++i) out.push_back(U256{next(), next(), next(), next()} % kOrder);
  return out;
}

Hash32 digest_of(uint8_t n) { return keccak256::hash(Bytes{&n, 1}); }

G1Affine traced_multiply(const G1Affine& p, const U256& key) {
  using Word = traced::Word;
  auto nibble = [&](int i) { return Word(key.w[i / 16] >> (4 * (i % 16)) & 15); };
  // clang-format off
  const Word digits[bls_bn254::secret::kWindows] = {
      nibble(0), nibble(1), nibble(2), nibble(3), nibble(4), nibble(5), nibble(6), nibble(7), nibble(8), nibble(9), nibble(10),
      nibble(11), nibble(12), nibble(13), nibble(14), nibble(15), nibble(16), nibble(17), nibble(18), nibble(19), nibble(20),
      nibble(21), nibble(22), nibble(23), nibble(24), nibble(25), nibble(26), nibble(27), nibble(28), nibble(29), nibble(30),
      nibble(31), nibble(32), nibble(33), nibble(34), nibble(35), nibble(36), nibble(37), nibble(38), nibble(39), nibble(40),
      nibble(41), nibble(42), nibble(43), nibble(44), nibble(45), nibble(46), nibble(47), nibble(48), nibble(49), nibble(50),
      nibble(51), nibble(52), nibble(53), nibble(54), nibble(55), nibble(56), nibble(57), nibble(58), nibble(59), nibble(60),
      nibble(61), nibble(62), nibble(63)};
  // clang-format on
  const Fq three = Fq::from_limbs(kThree);
  traced::g_steps.clear();
  const bls_bn254::secret::Projective<traced::Field> start{{p.x}, {p.y}, traced::Field::one()};
  const auto product = bls_bn254::secret::multiply(start, digits, traced::Field{three + three + three});
  const traced::Field k = bls_bn254::secret::invert_by_power(product.z);
  return {(product.x * k).v, (product.y * k).v};
}

void test_same_steps_for_every_key() {
  const G1Affine h = bls_bn254::map_to_g1(digest_of(1));
  std::vector<char> first;
  for (const U256& key : keys()) {
    const G1Affine product = traced_multiply(h, key);
    CHECK(product == to_affine_var(multiply_var(h, key)));
    if (first.empty()) first = traced::g_steps;
    CHECK(traced::g_steps == first);
  }
  CHECK(first.size() > 64 * (4 * 20 + 16 * 3));  // windows were really walked
}

// The machine code of it, with the real field and words: under valgrind every digit is undefined memory, so a jump or an address
// that depended on one would be an error of this program. Elsewhere it only compares results.
template <class Affine, class F>
void check_machine_code(const Affine& p, const F& b, const U256& key) {
  uint64_t digits[bls_bn254::secret::kWindows];
  for (int i = 0; i < bls_bn254::secret::kWindows; ++i) digits[i] = key.w[i / 16] >> (4 * (i % 16)) & 15;
  VALGRIND_MAKE_MEM_UNDEFINED(digits, sizeof digits);
  const auto product = bls_bn254::secret::multiply(bls_bn254::secret::Projective<F>{p.x, p.y, F::one()}, digits, b + b + b);
  const F k = bls_bn254::secret::invert(product.z);
  Affine found{product.x * k, product.y * k};
  VALGRIND_MAKE_MEM_DEFINED(&found, sizeof found);
  CHECK(found == to_affine_var(multiply_var(p, key)));
}

void test_machine_code() {
  const U256 some[] = {U256(1), kOrder - U256(1), U256{next(), next(), next(), next()} % kOrder};
  for (const U256& key : some) {
    check_machine_code(bls_bn254::map_to_g1(digest_of(1)), Fq::from_limbs(kThree), key);
    check_machine_code(G2Affine::generator(), Fq2::from_limbs(kTwistB), key);
  }
}

void test_signatures_and_keys() {
  for (const U256& key : keys()) {
    uint8_t secret[32], signature[64], key1[64], key2[128], plain[128];
    key.to_be(secret);
    const Hash32 digest = digest_of(static_cast<uint8_t>(key.w[0]));
    CHECK(bls_bn254::sign(secret, digest, signature) == Status::ok);
    encode_g1(to_affine_var(multiply_var(bls_bn254::map_to_g1(digest), key)), plain);
    CHECK(std::memcmp(signature, plain, 64) == 0);
    CHECK(bls_bn254::public_keys(secret, key1, key2) == Status::ok);
    encode_g1(to_affine_var(multiply_var(G1Affine::generator(), key)), plain);
    CHECK(std::memcmp(key1, plain, 64) == 0);
    encode_g2(to_affine_var(multiply_var(G2Affine::generator(), key)), plain);
    CHECK(std::memcmp(key2, plain, 128) == 0);
    CHECK(bls_bn254::verify(digest, signature, key2));
    CHECK(!bls_bn254::verify(digest_of(static_cast<uint8_t>(key.w[0] + 1)), signature, key2));
  }
  for (const U256& bad : {U256(0), kOrder, kOrder + U256(1), U256::max()}) {
    uint8_t secret[32], out[128];
    bad.to_be(secret);
    CHECK(bls_bn254::sign(secret, digest_of(0), out) == Status::bad_argument);
    CHECK(bls_bn254::public_keys(secret, out, out) == Status::bad_argument);
  }
}

// A point of the twist that is not in the group: its keys are refused everywhere.
void test_keys_outside_the_group() {
  G2Affine p{{Fq::zero(), Fq::one()}, Fq2::zero()};
  for (bool found = false; !found;) {
    p.x.c0 = p.x.c0 + Fq::one();
    const Fq2 right = square(p.x) * p.x + Fq2::from_limbs(kTwistB);
    // A root in Fq2 by its norm: y.c0^2 = (c0 + sqrt(c0^2 + c1^2)) / 2.
    Fq norm, c0;
    if (!square_root_var(square(right.c0) + square(right.c1), norm)) continue;
    const Fq half = inverse_var(Fq::one() + Fq::one());
    for (const Fq& n : {norm, -norm})
      if (!found && square_root_var((right.c0 + n) * half, c0) && !c0.is_zero()) {
        p.y = {c0, right.c1 * inverse_var(c0 + c0)};
        found = is_on_twist(p) && !p.is_infinity();
      }
  }
  CHECK(is_on_twist(p) && !is_in_subgroup_var(p));
  uint8_t key[128], signature[64], secret[32], wire[128], out[128], ok = 1;
  encode_g2(p, key);
  U256(5).to_be(secret);
  CHECK(bls_bn254::sign(secret, digest_of(3), signature) == Status::ok);
  CHECK(!bls_bn254::accepts_g2(key));
  CHECK(!bls_bn254::verify(digest_of(3), signature, key));
  CHECK(!bls_bn254::verify_aggregate(bls_bn254::scalar, digest_of(3), signature, key, 1));
  bls_bn254::verify_many(bls_bn254::scalar, digest_of(3).b, signature, key, 1, false, &ok);
  CHECK(ok == 0);
  CHECK(!bls_bn254::encode_flagged_g2(key, wire));
  // Its wire form, made by hand: little-endian, both choices of the flag.
  const int order[4] = {1, 0, 3, 2};
  for (int i = 0; i < 4; ++i)
    for (int j = 0; j < 32; ++j) wire[32 * i + j] = key[32 * order[i] + 31 - j];
  CHECK(!bls_bn254::decode_flagged_g2(wire, out));
  wire[127] |= 0x80;
  CHECK(!bls_bn254::decode_flagged_g2(wire, out));
}

#if defined(ZG_EMU)
template <class Affine>
std::vector<Affine> points_of_all_kinds() {
  std::vector<Affine> out;
  for (uint64_t k = 1; k < 10; ++k) out.push_back(to_affine_var(multiply_var(Affine::generator(), U256(next()))));
  out[3] = out[2];
  out[5] = -out[4];
  out[7] = Affine::infinity();
  return out;
}

// The bodies of the sums, in several orders and with a thread a lane, against the scalar table: every kind of point, an empty sum,
// more lanes than points.
template <class F, class Affine>
void bodies_agree(Affine (*sum)(const std::vector<Affine>&),
                  std::vector<Affine> (*weigh)(const std::vector<Affine>&, const std::vector<uint64_t>&, const std::vector<uint32_t>&)) {
  namespace xyzz = curve::device;
  using grid::View;
  const std::vector<Affine> points = points_of_all_kinds<Affine>();
  std::vector<uint64_t> weights, affine(xyzz::kAffineWords<F> * points.size());
  for (size_t i = 0; i < 2 * points.size(); ++i) weights.push_back(next());
  weights[6] = weights[4], weights[7] = weights[5];
  weights[16] = weights[17] = 0;
  std::memcpy(affine.data(), points.data(), 8 * affine.size());
  const std::vector<uint32_t> from{0, 4, 4, 9};
  const auto view = [](const std::vector<uint64_t>& v) { return View<const uint64_t>{v.data(), v.size()}; };
  const auto target = [](std::vector<uint64_t>& v) { return View<uint64_t>{v.data(), v.size()}; };
  for (uint64_t seed = 0; seed < 4; ++seed) {
    const unsigned width = static_cast<unsigned>(seed == 3 ? 3 : 1 + 5 * seed);
    const auto run = [&](size_t memory, const auto& body) {
      const grid::Launch launch{2, width, memory, seed};
      CHECK((seed == 3 ? grid::run_on_threads(launch, body) : grid::run_on_fibers(launch, body)).ok);
    };
    const auto flat = [&](const std::vector<uint64_t>& in) {
      std::vector<Affine> out(in.size() / xyzz::kPointWords<F>);
      std::vector<uint64_t> made(in.size() / 2, 0x5a5a), before(in.size() / 4, 0x5a5a);
      run(0, [&](auto& grid) { xyzz::NormalizeBody<F>{}(grid, out.size(), view(in), target(made), target(before)); });
      std::memcpy(out.data(), made.data(), 8 * made.size());
      return out;
    };
    const size_t memory = grid::shared_size<uint64_t>(xyzz::kPointWords<F> * width);
    const View<const uint32_t> bounds{from.data(), from.size()};
    std::vector<uint64_t> weighed(xyzz::kPointWords<F> * points.size(), 0x5a5a), sums(xyzz::kPointWords<F> * 3, 0x5a5a), plain = sums;
    run(0, [&](auto& grid) { bls_bn254::device::WeighBody<F>{}(grid, points.size(), view(affine), view(weights), target(weighed)); });
    run(memory, [&](auto& grid) { xyzz::SumBody<F, false>{}(grid, 3, bounds, view(weighed), target(sums)); });
    CHECK(flat(sums) == weigh(points, weights, from));
    run(memory, [&](auto& grid) { xyzz::SumBody<F, true>{}(grid, 3, bounds, view(affine), target(plain)); });
    const auto found = flat(plain);
    for (size_t s = 0; s < found.size(); ++s) CHECK(found[s] == sum({points.begin() + from[s], points.begin() + from[s + 1]}));
  }
}
#endif

}  // namespace

int main() {
  test_same_steps_for_every_key();
  test_machine_code();
  test_signatures_and_keys();
  test_keys_outside_the_group();
#if defined(ZG_EMU)
  const bls_bn254::Table& table = bls_bn254::scalar;
  bodies_agree<curve::device::Base>(table.sum_g1, table.weigh_g1);
  bodies_agree<curve::device::Quadratic>(table.sum_g2, table.weigh_g2);
#endif
  return check_report();
}
