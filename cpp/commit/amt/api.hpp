// Commitments of 0G DA: one G1 point a blob, and a proof of each encoded row against it (AMT).
//
// f is the polynomial of an encoded blob (erasure/rs_fr), tau the secret of the setup, S its shift. C = [f(tau)], C_high =
// [tau^S f(tau)]. Per coset c and depth D, node rho holds the rows congruent to rho modulo 2^D; a node has a commitment and a
// quotient, and the proof of row i is the sibling of each of its ancestors. Public data only.
//
// Prover [1]: quotients come from sums of blocks of f's coefficients over plain powers of tau, the same for all cosets, and group
// transforms; 9.5 N terms a blob instead of 36 N. Verifier: all pairing equations of a batch under random weights, one Miller
// loop a distinct G2 point; a batch that fails is judged slice by slice.
// Source: docs/protocol/da.md §§1.8–1.13. [1] §1.13.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "commit/amt/table.hpp"
#include "common/digest.hpp"
#include "common/status.hpp"
#include "curve/bn254_g2.hpp"
#include "curve/msm/api.hpp"
#include "erasure/rs_fr/api.hpp"

namespace zg::amt {

using bn254::Fr;
using bn254::G1Affine;
using bn254::G2Affine;
using rs_fr::Geometry;
using rs_fr::kCosets;

inline constexpr size_t kPointSize = 64, kPointSizeCompressed = 32;

// The prover's backend of that name, an empty name for the active one; device_unavailable as in keccak256::backend.
Outcome<const Table*> backend(std::string_view name);

// ---- public parameters

// The G2 points V(D, rho), depth by depth.
inline constexpr size_t nodes_before(unsigned depth) { return (size_t{1} << depth) - 2; }
inline constexpr size_t node_count(unsigned log_rows) { return nodes_before(log_rows + 1); }

// Immutable; shared between threads. Parts that a role does not need may be empty.
struct Setup {
  Geometry geometry;
  bool insecure;                        // somebody knows tau
  std::vector<G1Affine> powers;         // tau^n, n < N / 2 (prover)
  std::vector<G1Affine> high;           // tau^(S + n), n < N (prover)
  std::vector<G1Affine> lagrange[kCosets];   // L_c(j R + i) at i C + j (prover and verifier)
  std::vector<G2Affine> vanishing[kCosets];  // V_c(D, rho) at nodes_before(D) + rho (verifier)
  G2Affine g2, high_g2;                 // [1], [tau^S]

  bool can_prove() const { return !powers.empty() && !high.empty() && !lagrange[0].empty(); }
  bool can_verify() const { return !lagrange[0].empty() && !vanishing[0].empty(); }
};
using SetupPtr = std::shared_ptr<const Setup>;

// A setup of our own from a known tau: anybody who knows tau can prove anything. For devnets and tests.
//
// In: tau: plain words below r, none of the evaluation points (bad_argument); shift: S.
// Cost: 4.5 N fixed-base multiples and 3 · 2 R in G2, on all threads.
Outcome<SetupPtr> dev_setup(const msm::Table& table, Geometry geometry, const uint64_t tau[4], uint64_t shift);

// The files: formats of docs/protocol/da.md §1.10 and one of our own for powers.
//
// verify: "amt-verify-coset…", canonical uncompressed; powers: "ZGPW" ‖ u8 log N ‖ u8 insecure ‖ u64 N / 2 points ‖ N points, each
// 64 bytes canonical uncompressed.
std::vector<uint8_t> verify_file(const Setup& setup, size_t coset);
std::vector<uint8_t> powers_file(const Setup& setup);

// A setup from those files' bytes; powers may be empty (verifier only: insecure is then unknown and false). Every point is checked
// to be on its curve (G2: in the group) and no infinity, every size exactly.
// Returns bad_encoding naming the file and what is wrong.
// Cost: 5.5 N curve equations and 6 R subgroup checks, on all threads.
Outcome<SetupPtr> load_setup(Geometry geometry, const Bytes verify[kCosets], Bytes powers);

// What a ceremony publishes of tau, as much as a setup is made of.
struct Ceremony {
  Geometry geometry;
  std::vector<G1Affine> low, high;  // tau^n and tau^(S + n), n < N
  std::vector<G2Affine> steps;      // tau^(C j), j < R
  G2Affine tau_g2, high_g2;         // [tau], [tau^S]; tau_g2 is infinity where the files do not tell it
};

// The "power-tau-…" file: canonical compressed (vec G1, vec G2, vec G1 high, G2 high), or its variant that begins with "ptau" and
// holds coordinates in Montgomery form. Every point used is checked to be on its curve, not infinity, and in G2 in the group; of
// the N points of G2 those of Ceremony are used.
// Returns bad_encoding naming the part and the point.
// Cost: 2 N square roots (compressed) or curve equations, on all threads.
Outcome<Ceremony> decode_power_tau(Bytes file, Geometry geometry);

// The same from pieces of a "challenge" file of Perpetual Powers of Tau, all uncompressed big-endian (EIP-197's order in G2).
struct Challenge {
  Bytes low, high;            // 64 N bytes each: powers 0 … N - 1 and S … S + N - 1
  Bytes steps;                // 128 R bytes: powers C j in G2
  Bytes tau_g2, high_g2;      // 128 bytes each
};
Outcome<Ceremony> decode_challenge(const Challenge& pieces, Geometry geometry);

// Whether all of it belongs to one tau: powers are consecutive, steps are the powers they say, high is low times tau^S. Random
// weights from `seed`, which the maker of the points cannot know; error probability 2^-126.
// Returns bad_encoding naming the equation that fails.
// Cost: five sums of N terms under 128-bit weights, R short multiples in G2, four pairing products.
Outcome<bool> check(const msm::Table& table, const Ceremony& ceremony, const Hash32& seed);

// A setup with all its parts, not labelled insecure: group transforms over the powers.
// Cost: 3 · N (1 + log N / 2) multiples of points of G1, 3 R log R / 2 in G2, on all threads: minutes in the network's geometry.
SetupPtr setup_of(const msm::Table& table, const Ceremony& ceremony);

// A setup from the three prover's files "amt-prove-coset…": those that begin with "bamt" (Montgomery coordinates) or the canonical
// uncompressed ones. The prover here uses powers and not quotients, so powers are transformed back from the bases and checked as a
// ceremony's; of the quotients `kProverSpots` random ones a coset are checked against basis and vanishing points.
// Returns bad_encoding naming what is wrong.
// Cost: 2 N log N / 2 multiples of points, a ceremony's check.
inline constexpr size_t kProverSpots = 64;
Outcome<SetupPtr> setup_of_provers(const msm::Table& table, Geometry geometry, const Bytes files[kCosets], const Hash32& seed);

// ---- proving

// Commitments and proofs of a blob. Immutable.
struct Proof {
  Geometry geometry;
  G1Affine commitment, high;
  std::vector<G1Affine> nodes[kCosets];      // C(D, rho) at nodes_before(D) + rho
  std::vector<G1Affine> quotients[kCosets];  // Q(D, rho)
};

// The proof of an encoded blob that has its coefficients.
// Returns bad_argument for a setup of another geometry or without the prover's parts, or an encoding without coefficients.
// Cost: about 9.5 N terms of sums and 34 R multiples of points, on all threads.
Outcome<Proof> prove(const Table& table, const Setup& setup, const rs_fr::Encoded& encoded);

// One part of that work alone, its result dropped: for benchmarks, which time it (the core has no clocks).
enum class Part { rows, blocks, quotients, high };  // 3 N terms; 5.5 N; blocks and the group transforms; N
Outcome<bool> prove_part(const Table& table, const Setup& setup, const rs_fr::Encoded& encoded, Part part);

// Only the commitment, [f(tau)]: N terms.
Outcome<G1Affine> commit(const Table& table, const Setup& setup, const rs_fr::Encoded& encoded);

// ---- slices

// One row with its proofs, as the wire carries it.
struct Slice {
  uint64_t index, amt_index, row_index, leaf_index;
  G1Affine commitment, high;
  std::vector<uint8_t> row;  // 32 C bytes
  std::vector<G1Affine> siblings;  // per depth: node commitment, quotient
  Hash32 blob_roots[kCosets];
  std::vector<Hash32> path;
  Hash32 row_root;
};

size_t slice_size(Geometry geometry);
size_t light_slice_size(Geometry geometry);

Slice slice_of(const Proof& proof, const rs_fr::Encoded& encoded, size_t index);
void encode_slice(const Slice& slice, Geometry geometry, uint8_t* out);        // slice_size bytes
void encode_light_slice(const Slice& slice, Geometry geometry, uint8_t* out);  // light_slice_size bytes; the row goes elsewhere

// Strict: exact sizes and counts, coordinates below q, points on the curve, the flags that belong to them, scalars below r.
// bad_encoding names the field.
Outcome<Slice> decode_slice(Bytes bytes, Geometry geometry);
Outcome<Slice> decode_light_slice(Bytes bytes, Geometry geometry, Bytes row);

// 64 bytes little-endian x ‖ y, no flags; infinity is zeros.
void encode_commitment(const G1Affine& point, uint8_t out[64]);
Outcome<G1Affine> decode_commitment(const uint8_t bytes[64]);

// ---- verifying

// What is wrong with a slice; the first in this order counts.
enum class Verdict : uint8_t {
  ok,
  wrong_index,        // its indices differ among themselves
  wrong_commitment,   // it is for another commitment
  wrong_row_length,
  index_out_of_range,
  wrong_local_index,
  bad_node_proof,     // (a) a sibling's quotient does not fit its commitment
  bad_sum,            // (b) siblings and row do not add up to the commitment
  bad_low_degree,     // (c) C_high
  bad_data_root,      // blob roots do not lead to the data root
  bad_path_length,
  bad_row_root,
  bad_path,
};
const char* verdict_name(Verdict verdict);

// A slice and what it must be a slice of.
struct Claim {
  const Slice* slice;
  G1Affine commitment;
  Hash32 data_root;
};

// One verdict a claim. `seed`: 32 bytes the sender of slices cannot know, from the system's randomness.
// Returns bad_argument for a setup of another geometry or without the verifier's parts.
// Cost: a sum of C terms and 3 · log R short multiples a claim; 11 pairings a batch more or less; a batch with a false slice
// costs all of it once more a slice.
Outcome<std::vector<Verdict>> verify(const msm::Table& table, const Setup& setup, const std::vector<Claim>& claims, const Hash32& seed);

}  // namespace zg::amt
