// BLS signatures over BN254 as data availability uses them: signatures and one public key in G1, the other key in G2.
//
// A signature is sk * h with h = map_to_g1(digest); pk1 = sk * G1, pk2 = sk * G2. Points come and go in wire order of EIP-196
// and EIP-197: G1 as x ‖ y, G2 as x.c1 ‖ x.c0 ‖ y.c1 ‖ y.c0, 32 big-endian bytes a number, zeros for infinity; other orders
// are wire.hpp's. A point is accepted when its numbers are below the modulus, it lies on its curve, in its group, and is not
// infinity. Sums of keys prove something only of keys whose owners proved that they hold the secret (DASigners demands it).
// Source: docs/protocol/da.md; D. Boneh, B. Lynn, H. Shacham, "Short signatures from the Weil pairing", 2001.
#pragma once

#include <string_view>

#include "common/bytes.hpp"
#include "common/status.hpp"
#include "curve/bn254_pairing.hpp"
#include "sig/bls_bn254/table.hpp"

namespace zg::bls_bn254 {

// x = digest mod p, then the first x, x + 1, … with x^3 + 3 a square; y = (x^3 + 3)^((p + 1) / 4) as it comes out.
bn254::G1Affine map_to_g1(const Hash32& digest);

// Where secrets enter. Time and memory accesses do not depend on the key, only on the digest (secret.hpp); copies of the key
// are overwritten before return. `secret` is 32 big-endian bytes.
//
// Returns: bad_argument unless 0 < secret < r.
Status sign(const uint8_t secret[32], const Hash32& digest, uint8_t signature[64]);
Status public_keys(const uint8_t secret[32], uint8_t key1[64], uint8_t key2[128]);

// True when the point is accepted (above).
bool accepts_g1(const uint8_t point[64]);
bool accepts_g2(const uint8_t point[128]);

// The backend of that name for the sums of verification, an empty name for the active one; device_unavailable as in
// keccak256::backend.
Outcome<const Table*> backend(std::string_view name);

// The sum of points that are on their curve; infinity is possible. bad_encoding names in `first_bad` the first that is not a
// point. G2: the group of every single one is not tested (40 us each); whoever uses the sum tests that.
Status sum_g1(const Table& table, const uint8_t* points, size_t count, uint8_t sum[64], size_t& first_bad);
Status sum_g2(const Table& table, const uint8_t* points, size_t count, uint8_t sum[128], size_t& first_bad);

// e(h, pk2) = e(signature, G2) with both points accepted; else false.
bool verify(const Hash32& digest, const uint8_t signature[64], const uint8_t key2[128]);

// Signatures of `count` signers on one digest, as a whole: the sums of signatures and of keys verify as one pair.
// False too when a sum is not accepted. Cost: two additions a signer and one pairing product.
bool verify_aggregate(const Table& table, const Hash32& digest, const uint8_t* signatures, const uint8_t* keys2, size_t count);

// A verdict on each of `count` triples: ok[i] is what verify would say, but for a chance below 2^-127 of passing a bad one.
//
// One pairing product of all with weights of 128 bits drawn from everything given (nobody can choose a signature knowing its
// weight); when it fails, halves are tried, so k bad ones cost about 2 k log2(count / k) products. Triples of one digest share
// a Miller loop. `keys_in_group` spares the group test of every key: only for keys that a registration has tested.
void verify_many(const Table& table, const uint8_t* digests32, const uint8_t* signatures64, const uint8_t* keys128, size_t count,
                 bool keys_in_group, uint8_t* ok);

// What the contracts check: with gamma in Fr (32 big-endian bytes, taken modulo r),
// e(signature + gamma pk1, -G2) e(h + gamma G1, pk2) = 1: the signature holds and both keys have one secret.
bool verify_bound(const uint8_t hash_point[64], const uint8_t signature[64], const uint8_t key1[64], const uint8_t key2[128],
                  const uint8_t gamma[32]);

}  // namespace zg::bls_bn254
