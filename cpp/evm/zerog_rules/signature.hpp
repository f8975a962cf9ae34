// BLS over BN254 as DASigners checks it: hash to G1 by trying, and one pairing product that proves a signature and that both
// public keys share a secret.
#pragma once

#include "curve/bn254_pairing.hpp"
#include "evm/zerog_rules/records.hpp"

namespace zg::evm::zerog_rules {

// keccak256(signer ‖ be32 chain id ‖ "0G_BN254_Pubkey_Registration") and keccak256(signer ‖ be64 epoch ‖ be32 chain id), mapped.
bn254::G1Affine registration_point(const Address& signer, uint64_t chain_id);
bn254::G1Affine epoch_point(const Address& signer, uint64_t epoch, uint64_t chain_id);

// Coordinates taken modulo p, as both public forks do. False when the point is off its curve or, for G2, outside the group.
bool read_point(const G1Words& words, bn254::G1Affine& out);
bool read_point(const G2Words& words, bn254::G2Affine& out);

// gamma = keccak256(hash ‖ signature ‖ pk1 ‖ pk2, pk2 real parts first) mod r; true when
// e(signature + gamma pk1, -G2) e(hash + gamma G1, pk2) = 1. Points that read_point rejects make it false.
bool signature_holds(const SignerDetail& signer, const bn254::G1Affine& hash, const G1Words& signature);

}  // namespace zg::evm::zerog_rules
