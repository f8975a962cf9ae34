// Point evaluation of a blob commitment. Source: EIP-4844, "Point evaluation precompile".
#include <blst.h>
#include <blst_aux.h>

#include "evm/precompiles/contracts.hpp"

namespace zg::evm::precompiles {

namespace {

// tau * G2 of the KZG ceremony for EIP-4844, compressed: element 1 of g2_monomial in the published trusted setup
// (consensus-specs presets/mainnet/trusted_setups/trusted_setup_4096.json), also a constant of the executable Ethereum
// specification. The differential test and public proof vectors hold it to account.
constexpr uint8_t kTauG2[96] = {
    0xb5, 0xbf, 0xd7, 0xdd, 0x8c, 0xde, 0xb1, 0x28, 0x84, 0x3b, 0xc2, 0x87, 0x23, 0x0a, 0xf3, 0x89, 0x26, 0x18, 0x70, 0x75,
    0xcb, 0xfb, 0xef, 0xa8, 0x10, 0x09, 0xa2, 0xce, 0x61, 0x5a, 0xc5, 0x3d, 0x29, 0x14, 0xe5, 0x87, 0x0c, 0xb4, 0x52, 0xd2,
    0xaf, 0xaa, 0xab, 0x24, 0xf3, 0x49, 0x9f, 0x72, 0x18, 0x5c, 0xbf, 0xee, 0x53, 0x49, 0x27, 0x14, 0x73, 0x44, 0x29, 0xb7,
    0xb3, 0x86, 0x08, 0xe2, 0x39, 0x26, 0xc9, 0x11, 0xcc, 0xec, 0xea, 0xc9, 0xa3, 0x68, 0x51, 0x47, 0x7b, 0xa4, 0xc6, 0x0b,
    0x08, 0x70, 0x41, 0xde, 0x62, 0x10, 0x00, 0xed, 0xc9, 0x8e, 0xda, 0xda, 0x20, 0xc1, 0xde, 0xf2};

// 4096 field elements a blob and the order of the scalar field: what a valid proof returns.
constexpr uint8_t kAnswer[64] = {
    0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x10, 0x00,
    0x73, 0xed, 0xa7, 0x53, 0x29, 0x9d, 0x7d, 0x48, 0x33, 0x39, 0xd8, 0x08, 0x09, 0xa1, 0xd8, 0x05,
    0x53, 0xbd, 0xa4, 0x02, 0xff, 0xfe, 0x5b, 0xfe, 0xff, 0xff, 0xff, 0xff, 0x00, 0x00, 0x00, 0x01};

bool decode_scalar(const uint8_t bytes[32], blst_scalar& out) {
  if (std::memcmp(bytes, kAnswer + 32, 32) >= 0) return false;
  blst_scalar_from_bendian(&out, bytes);
  return true;
}

// A compressed point of the group; infinity is one.
bool decode_point(const uint8_t bytes[48], blst_p1_affine& out) {
  return blst_p1_uncompress(&out, bytes) == BLST_SUCCESS && blst_p1_affine_in_g1(&out);
}

// e(C - y G1, G2) = e(W, (tau - z) G2), as e(C - y G1 + z W, G2) * e(-W, tau G2) = 1: both arguments in G2 are fixed.
bool proof_holds(const blst_p1_affine& commitment, const blst_scalar& z, const blst_scalar& y, const blst_p1_affine& proof) {
  static const blst_p2_affine tau_g2 = [] {
    blst_p2_affine point;
    blst_p2_uncompress(&point, kTauG2);
    return point;
  }();
  blst_p1 left, term;
  blst_p1_mult(&left, blst_p1_generator(), y.b, 255);
  blst_p1_cneg(&left, true);
  blst_p1_add_or_double_affine(&left, &left, &commitment);
  blst_p1_from_affine(&term, &proof);
  blst_p1_mult(&term, &term, z.b, 255);
  blst_p1_add_or_double(&left, &left, &term);
  blst_p1_from_affine(&term, &proof);
  blst_p1_cneg(&term, true);

  blst_p1_affine left_affine, right_affine;
  blst_p1_to_affine(&left_affine, &left);
  blst_p1_to_affine(&right_affine, &term);
  blst_fp12 product = *blst_fp12_one(), factor;
  if (!blst_p1_affine_is_inf(&left_affine)) {
    blst_miller_loop(&factor, blst_p2_affine_generator(), &left_affine);
    blst_fp12_mul(&product, &product, &factor);
  }
  if (!blst_p1_affine_is_inf(&right_affine)) {
    blst_miller_loop(&factor, &tau_g2, &right_affine);
    blst_fp12_mul(&product, &product, &factor);
  }
  blst_final_exp(&product, &product);
  return blst_fp12_is_one(&product);
}

uint64_t cost(Bytes) { return 50000; }

// Input: versioned hash 32, z 32, y 32, commitment 48, proof 48.
bool run(Bytes input, Output& out) {
  if (input.size != 192) return false;
  const uint8_t* commitment_bytes = input.data + 96;
  uint8_t hash[32];
  blst_sha256(hash, commitment_bytes, 48);
  hash[0] = 0x01;
  if (std::memcmp(hash, input.data, 32) != 0) return false;
  blst_scalar z, y;
  blst_p1_affine commitment, proof;
  if (!decode_scalar(input.data + 32, z) || !decode_scalar(input.data + 64, y) || !decode_point(commitment_bytes, commitment) ||
      !decode_point(input.data + 144, proof) || !proof_holds(commitment, z, y, proof))
    return false;
  out.assign(kAnswer, kAnswer + sizeof kAnswer);
  return true;
}

}  // namespace

const Contract kPointEvaluation{cost, run};

}  // namespace zg::evm::precompiles
