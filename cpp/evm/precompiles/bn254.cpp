// Addition, multiplication and the pairing check on BN254. Source: EIP-196, EIP-197; costs of EIP-1108.
#include "common/u256.hpp"
#include "curve/bn254_pairing.hpp"
#include "evm/precompiles/contracts.hpp"

namespace zg::evm::precompiles {

using namespace zg::bn254;

namespace {

uint64_t add_cost(Bytes) { return 150; }
bool add(Bytes input, Output& out) {
  uint8_t bytes[128];
  read_padded(input, 0, sizeof bytes, bytes);
  G1Affine a, b;
  if (!decode_g1(bytes, a) || !decode_g1(bytes + 64, b)) return false;
  out.resize(64);
  encode_g1(to_affine_var(add_var(G1::from(a), b)), out.data());
  return true;
}

uint64_t mul_cost(Bytes) { return 6000; }
bool mul(Bytes input, Output& out) {
  uint8_t bytes[96];
  read_padded(input, 0, sizeof bytes, bytes);
  G1Affine p;
  if (!decode_g1(bytes, p)) return false;
  out.resize(64);
  encode_g1(to_affine_var(multiply_var(p, U256::from_be(bytes + 64))), out.data());
  return true;
}

constexpr size_t kPairSize = 192;
uint64_t pairing_cost(Bytes input) { return 45000 + 34000 * static_cast<uint64_t>(input.size / kPairSize); }
bool pairing(Bytes input, Output& out) {
  if (input.size % kPairSize != 0) return false;
  std::vector<PairingInput> pairs(input.size / kPairSize);
  for (size_t i = 0; i < pairs.size(); ++i) {
    const uint8_t* bytes = input.data + i * kPairSize;
    if (!decode_g1(bytes, pairs[i].p) || !decode_g2(bytes + 64, pairs[i].q) || !is_in_subgroup_var(pairs[i].q)) return false;
  }
  out.assign(32, 0);
  out[31] = pairing_product_is_one_var(pairs.data(), pairs.size()) ? 1 : 0;
  return true;
}

}  // namespace

const Contract kBn254Add{add_cost, add};
const Contract kBn254Mul{mul_cost, mul};
const Contract kBn254Pairing{pairing_cost, pairing};

}  // namespace zg::evm::precompiles
