// Verification of slices in batches: equations of all slices under random weights, one pairing product, and blame when it fails.
#include <cstring>
#include <map>
#include <mutex>

#include "commit/amt/api.hpp"
#include "commit/amt/weights.hpp"
#include "common/parallel.hpp"
#include "curve/bn254_pairing.hpp"

namespace zg::amt {

namespace {

using bn254::G1;
using bn254::PairingInput;
using msm::Sum;

constexpr size_t kPairingGrain = 16;  // Miller loops that share their squarings

// The equation e(left, g2) = e(right, at).
struct Equation {
  G1Affine left, right;
  const G2Affine* at;
};

struct Less {
  bool operator()(const Equation& a, const Equation& b) const {
    if (a.at != b.at) return a.at < b.at;
    return std::memcmp(&a, &b, 2 * sizeof(G1Affine)) < 0;
  }
};

bool product_is_one(const std::vector<PairingInput>& inputs) {
  bn254::Fq12 product = bn254::Fq12::one();
  std::mutex mutex;
  parallel_for(inputs.size(), kPairingGrain, [&](size_t begin, size_t end) {
    const bn254::Fq12 part = miller_loop_var(inputs.data() + begin, end - begin);
    std::lock_guard lock(mutex);
    product = product * part;
  });
  return final_exponentiation_var(product).is_one();
}

// All equations at once, with error probability 2^-127.
bool all_hold(const msm::Table& table, const G2Affine& g2, const std::vector<Equation>& equations, Weights& weights) {
  // Slices of a blob share their siblings: one equation stands for its repetitions.
  std::map<Equation, bool, Less> distinct;
  for (const Equation& equation : equations) distinct.emplace(equation, true);
  std::vector<G1Affine> lefts, rights;
  std::vector<const G2Affine*> ats;
  std::vector<uint64_t> scalars;
  for (const auto& [equation, unused] : distinct) {
    lefts.push_back(equation.left);
    rights.push_back(equation.right);
    ats.push_back(equation.at);
    weights.next(scalars);
  }
  const G1Affine left = sums(table, {{lefts.data(), scalars.data(), lefts.size()}})[0];
  multiply_each(table, rights, scalars);
  std::vector<PairingInput> inputs{{-left, g2}};
  for (size_t i = 0; i < rights.size();) {
    G1 sum = G1::infinity();
    const size_t first = i;
    for (; i < rights.size() && ats[i] == ats[first]; ++i) sum = add_var(sum, rights[i]);
    inputs.push_back({to_affine_var(sum), *ats[first]});
  }
  return product_is_one(inputs);
}

void node_equations(const Setup& setup, const Slice& slice, std::vector<Equation>& out) {
  const Geometry& shape = setup.geometry;
  const size_t coset = slice.index / shape.rows(), local = slice.index % shape.rows();
  for (unsigned depth = 1; depth <= shape.log_rows; ++depth) {
    const size_t rho = (local & ((size_t{1} << depth) - 1)) ^ (size_t{1} << (depth - 1));
    out.push_back({slice.siblings[2 * depth - 2], slice.siblings[2 * depth - 1], &setup.vanishing[coset][nodes_before(depth) + rho]});
  }
}

Equation degree_equation(const Setup& setup, const Slice& slice) { return {slice.high, slice.commitment, &setup.high_g2}; }

// What needs neither points nor hashes.
Verdict check_shape(const Geometry& shape, const Claim& claim) {
  const Slice& slice = *claim.slice;
  if (slice.index != slice.amt_index || slice.index != slice.leaf_index) return Verdict::wrong_index;
  if (!(slice.commitment == claim.commitment)) return Verdict::wrong_commitment;
  if (slice.row.size() != shape.row_size()) return Verdict::wrong_row_length;
  if (slice.index >= shape.rows_encoded()) return Verdict::index_out_of_range;
  if (slice.row_index != slice.index % shape.rows()) return Verdict::wrong_local_index;
  if (slice.siblings.size() != 2 * shape.log_rows) return Verdict::bad_node_proof;
  return Verdict::ok;
}

Verdict check_tree(const merkle::Table& trees, const Geometry& shape, const Claim& claim) {
  const Slice& slice = *claim.slice;
  if (rs_fr::data_root(slice.blob_roots) != claim.data_root) return Verdict::bad_data_root;
  if (slice.path.size() != shape.log_rows) return Verdict::bad_path_length;
  if (rs_fr::row_root(trees, slice.row.data(), shape) != slice.row_root) return Verdict::bad_row_root;
  return rs_fr::verify_row(shape, slice.index, slice.row.data(), slice.path, slice.blob_roots, claim.data_root) ? Verdict::ok : Verdict::bad_path;
}

bool adds_up(const Slice& slice, const G1Affine& row_commitment) {
  G1 sum = G1::from(row_commitment);
  for (size_t i = 0; i < slice.siblings.size(); i += 2) sum = add_var(sum, slice.siblings[i]);
  return to_affine_var(sum) == slice.commitment;
}

}  // namespace

const char* verdict_name(Verdict verdict) {
  switch (verdict) {
    case Verdict::ok: return "ok";
    case Verdict::wrong_index: return "wrong-index";
    case Verdict::wrong_commitment: return "wrong-commitment";
    case Verdict::wrong_row_length: return "wrong-row-length";
    case Verdict::index_out_of_range: return "index-out-of-range";
    case Verdict::wrong_local_index: return "wrong-local-index";
    case Verdict::bad_node_proof: return "bad-node-proof";
    case Verdict::bad_sum: return "bad-sum";
    case Verdict::bad_low_degree: return "bad-low-degree";
    case Verdict::bad_data_root: return "bad-data-root";
    case Verdict::bad_path_length: return "bad-path-length";
    case Verdict::bad_row_root: return "bad-row-root";
    case Verdict::bad_path: return "bad-path";
  }
  return "unknown";
}

Outcome<std::vector<Verdict>> verify(const msm::Table& table, const Setup& setup, const std::vector<Claim>& claims, const Hash32& seed) {
  if (!setup.can_verify()) return Failure{Status::bad_argument, "setup: expected the verifier's part"};
  const Geometry& shape = setup.geometry;
  const auto trees = merkle::backend("");
  if (!trees.ok()) return trees.failure();
  std::vector<Verdict> verdicts;
  std::vector<size_t> left;  // claims that may still be right
  for (size_t i = 0; i < claims.size(); ++i) {
    verdicts.push_back(check_shape(shape, claims[i]));
    if (verdicts[i] == Verdict::ok) left.push_back(i);
  }
  std::vector<Sum> rows;
  std::vector<std::vector<uint64_t>> cells(left.size());  // aligned
  std::vector<Equation> equations;
  for (size_t k = 0; k < left.size(); ++k) {
    const Slice& slice = *claims[left[k]].slice;
    cells[k].resize(slice.row.size() / 8);
    std::memcpy(cells[k].data(), slice.row.data(), slice.row.size());
    const size_t coset = slice.index / shape.rows(), local = slice.index % shape.rows();
    rows.push_back({setup.lagrange[coset].data() + local * shape.columns(), cells[k].data(), shape.columns()});
    node_equations(setup, slice, equations);
    equations.push_back(degree_equation(setup, slice));
  }
  Weights weights(seed);
  const auto commitments = sums(table, rows);
  const bool pairings = left.empty() || all_hold(table, setup.g2, equations, weights);
  for (size_t k = 0; k < left.size(); ++k) {
    const Slice& slice = *claims[left[k]].slice;
    Verdict& verdict = verdicts[left[k]];
    if (!pairings) {
      std::vector<Equation> own;
      node_equations(setup, slice, own);
      if (!all_hold(table, setup.g2, own, weights)) {
        verdict = Verdict::bad_node_proof;
        continue;
      }
    }
    if (!adds_up(slice, commitments[k])) {
      verdict = Verdict::bad_sum;
    } else if (!pairings && !all_hold(table, setup.g2, {degree_equation(setup, slice)}, weights)) {
      verdict = Verdict::bad_low_degree;
    } else {
      verdict = check_tree(**trees, shape, claims[left[k]]);
    }
  }
  return verdicts;
}

}  // namespace zg::amt
