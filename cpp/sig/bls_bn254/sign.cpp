#include "field/bn254_constants.hpp"
#include "hash/keccak256/api.hpp"
#include "sig/bls_bn254/api.hpp"
#include "sig/bls_bn254/secret.hpp"

namespace zg::bls_bn254 {

using namespace zg::bn254;

namespace {

// The key as windows of four bits; wiped at the end of its life.
class Digits {
 public:
  // False unless 0 < secret < r; that answer is the only thing that depends on the key.
  bool read(const uint8_t secret[32]) {
    uint64_t borrow = 0, any = 0;
    for (int i = 0; i < 32; ++i) {
      const uint64_t byte = secret[31 - i], order = FrParams::kModulus[i / 8] >> (8 * (i % 8)) & 0xff;
      borrow = (byte - order - borrow) >> 63;
      any |= byte;
      nibbles[2 * i] = byte & 15;
      nibbles[2 * i + 1] = byte >> 4;
    }
    return (borrow & (0 - any) >> 63) != 0;
  }
  Digits() = default;
  Digits(const Digits&) = delete;
  Digits& operator=(const Digits&) = delete;
  ~Digits() {
    volatile uint64_t* at = nibbles;
    for (int i = 0; i < secret::kWindows; ++i) at[i] = 0;
  }
  uint64_t nibbles[secret::kWindows];
};

// Constants times three: of the curve and of the twist.
Fq curve_b3() {
  const Fq b = Fq::from_limbs(kThree);
  return b + b + b;
}
Fq2 twist_b3() {
  const Fq2 b = Fq2::from_limbs(kTwistB);
  return b + b + b;
}

template <class Affine, class F>
Affine multiply_affine(const Digits& digits, const Affine& p, const F& b3) {
  const auto product = secret::multiply(secret::Projective<F>{p.x, p.y, F::one()}, digits.nibbles, b3);
  const F k = secret::invert(product.z);
  return {product.x * k, product.y * k};
}

}  // namespace

G1Affine map_to_g1(const Hash32& digest) {
  G1Affine p{field::from_be_reduced<FqParams>(digest.b), Fq::zero()};
  const Fq three = Fq::from_limbs(kThree);
  while (!square_root_var(square(p.x) * p.x + three, p.y)) p.x = p.x + Fq::one();
  return p;
}

Status sign(const uint8_t secret[32], const Hash32& digest, uint8_t signature[64]) {
  Digits digits;
  if (!digits.read(secret)) return Status::bad_argument;
  encode_g1(multiply_affine(digits, map_to_g1(digest), curve_b3()), signature);
  return Status::ok;
}

Status public_keys(const uint8_t secret[32], uint8_t key1[64], uint8_t key2[128]) {
  Digits digits;
  if (!digits.read(secret)) return Status::bad_argument;
  encode_g1(multiply_affine(digits, G1Affine::generator(), curve_b3()), key1);
  encode_g2(multiply_affine(digits, G2Affine::generator(), twist_b3()), key2);
  return Status::ok;
}

}  // namespace zg::bls_bn254
