#include "evm/zerog_rules/signature.hpp"

#include <cstring>

#include "hash/keccak256/api.hpp"
#include "sig/bls_bn254/api.hpp"

namespace zg::evm::zerog_rules {

using namespace zg::bn254;

namespace {

Fq read_fq(const U256& value) {
  uint8_t bytes[32];
  value.to_be(bytes);
  return field::from_be_reduced<FqParams>(bytes);
}

}  // namespace

G1Affine registration_point(const Address& signer, uint64_t chain_id) {
  static constexpr char kDomain[] = "0G_BN254_Pubkey_Registration";
  constexpr size_t kDomainSize = sizeof kDomain - 1;
  uint8_t message[20 + 32 + kDomainSize];
  std::memcpy(message, signer.b, 20);
  U256(chain_id).to_be(message + 20);
  std::memcpy(message + 52, kDomain, kDomainSize);
  return bls_bn254::map_to_g1(keccak256::hash(Bytes{message, sizeof message}));
}

G1Affine epoch_point(const Address& signer, uint64_t epoch, uint64_t chain_id) {
  uint8_t message[20 + 8 + 32];
  std::memcpy(message, signer.b, 20);
  store_be64(message + 20, epoch);
  U256(chain_id).to_be(message + 28);
  return bls_bn254::map_to_g1(keccak256::hash(Bytes{message, sizeof message}));
}

bool read_point(const G1Words& words, G1Affine& out) {
  out = {read_fq(words.x), read_fq(words.y)};
  return is_on_curve(out);
}

bool read_point(const G2Words& words, G2Affine& out) {
  out = {{read_fq(words.x[0]), read_fq(words.x[1])}, {read_fq(words.y[0]), read_fq(words.y[1])}};
  return is_on_twist(out) && is_in_subgroup_var(out);
}

bool signature_holds(const SignerDetail& signer, const G1Affine& hash, const G1Words& signature) {
  G1Affine sig, pk1;
  G2Affine pk2;
  if (!read_point(signature, sig) || !read_point(signer.pk_g1, pk1) || !read_point(signer.pk_g2, pk2)) return false;
  uint8_t text[3 * 64 + 128];
  encode_g1(hash, text);
  encode_g1(sig, text + 64);
  encode_g1(pk1, text + 128);
  field::to_be(pk2.x.c0, text + 192);
  field::to_be(pk2.x.c1, text + 224);
  field::to_be(pk2.y.c0, text + 256);
  field::to_be(pk2.y.c1, text + 288);
  // Modulo r or not makes no difference to a multiple of a point of order r.
  const U256 gamma = U256::from_be(keccak256::hash(Bytes{text, sizeof text}).b);
  const PairingInput inputs[2] = {
      {to_affine_var(add_var(multiply_var(pk1, gamma), sig)), -G2Affine::generator()},
      {to_affine_var(add_var(multiply_var(G1Affine::generator(), gamma), hash)), pk2},
  };
  return pairing_product_is_one_var(inputs, 2);
}

}  // namespace zg::evm::zerog_rules
