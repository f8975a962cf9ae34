// The prover of docs/protocol/da.md §1.13.
//
// With m = N / 2^D, u = w^(rho m) and y = k_c^m u the quotient of node (D, rho) is u / 2^D · [f mod (x^m - y)](tau), and the remainder is
// Σ_b y^b P(D, b), P(D, b) = Σ_{n < m} f[n + b m] tau^n. So Q(D, rho) = Σ_b u^(b + 1) · k_c^(m b) / 2^D · P(D, b): twist, rotate by one
// (u has order 2^D), transform over the group.
#include <cstring>

#include "commit/amt/api.hpp"
#include "commit/amt/quotients.hpp"

namespace zg::amt {

namespace {

using msm::Sum;

Fr power(const Fr& base, uint64_t exponent) { return field::power_var(base, &exponent, 1); }

size_t node(unsigned depth, size_t rho) { return nodes_before(depth) + rho; }

// C(D, rho) for all nodes of one coset.
std::vector<G1Affine> node_commitments(const Table& table, const Setup& setup, const rs_fr::Encoded& encoded, size_t coset) {
  const Geometry& shape = setup.geometry;
  std::vector<Sum> rows;
  for (size_t i = 0; i < shape.rows(); ++i) {
    const auto* values = reinterpret_cast<const uint64_t*>(encoded.row(coset * shape.rows() + i));
    rows.push_back({setup.lagrange[coset].data() + i * shape.columns(), values, shape.columns()});
  }
  std::vector<G1Affine> nodes(node_count(shape.log_rows));
  const auto leaves = sums(*table.sums, rows);
  std::copy(leaves.begin(), leaves.end(), nodes.begin() + static_cast<std::ptrdiff_t>(nodes_before(shape.log_rows)));
  table.nodes(shape.log_rows, nodes);
  return nodes;
}

// P(D, b) for all depths.
std::vector<G1Affine> block_sums(const Table& table, const Setup& setup, const uint64_t* coefficients) {
  const Geometry& shape = setup.geometry;
  const unsigned deepest = shape.log_rows;
  std::vector<Sum> wanted;
  for (size_t b = 0; b < shape.rows(); ++b) wanted.push_back({setup.powers.data(), coefficients + 4 * b * shape.columns(), shape.columns()});
  for (unsigned depth = deepest - 1; depth >= 1; --depth) {
    const size_t half = shape.cells() >> (depth + 1);
    for (size_t b = 0; b < size_t{1} << depth; ++b) wanted.push_back({setup.powers.data() + half, coefficients + 4 * (2 * b + 1) * half, half});
  }
  const auto found = sums(*table.sums, wanted);
  std::vector<G1Affine> blocks(node_count(deepest));
  std::copy(found.begin(), found.begin() + static_cast<std::ptrdiff_t>(shape.rows()), blocks.begin() + static_cast<std::ptrdiff_t>(nodes_before(deepest)));
  size_t upper = shape.rows();
  for (unsigned depth = deepest - 1; depth >= 1; --depth)
    for (size_t b = 0; b < size_t{1} << depth; ++b) blocks[node(depth, b)] = found[upper++];
  table.blocks(deepest, blocks);
  return blocks;
}

}  // namespace

std::vector<uint64_t> quotient_twists(Geometry shape) {
  std::vector<uint64_t> twists;
  for (size_t coset = 0; coset < kCosets; ++coset) {
    const Fr k = coset == 0 ? Fr::one() : ntt::root_of_unity(shape.log_rows + shape.log_columns + static_cast<unsigned>(coset));
    for (unsigned depth = 1; depth <= shape.log_rows; ++depth) {
      const size_t size = size_t{1} << depth;
      const Fr step = power(k, shape.cells() >> depth);
      Fr twist = inverse_var(field::from_u64<bn254::FrParams>(size));
      for (size_t b = 0; b < size; ++b) {
        put_scalar(twists, twist);
        twist = twist * step;
      }
    }
  }
  return twists;
}

namespace {

Outcome<bool> fits(const Setup& setup, const rs_fr::Encoded& encoded) {
  const Geometry &a = setup.geometry, &b = encoded.geometry();
  if (a.log_rows != b.log_rows || a.log_columns != b.log_columns)
    return Failure{Status::bad_argument, "setup: expected one of " + std::to_string(b.rows()) + " x " + std::to_string(b.columns()) + " cells, found " +
                                             std::to_string(a.rows()) + " x " + std::to_string(a.columns())};
  if (!setup.can_prove()) return Failure{Status::bad_argument, "setup: expected the powers of a prover, found only the verifier's part"};
  return true;
}

}  // namespace

Outcome<Proof> prove(const Table& table, const Setup& setup, const rs_fr::Encoded& encoded) {
  if (auto fit = fits(setup, encoded); !fit.ok()) return fit.failure();
  if (encoded.coefficients() == nullptr) return Failure{Status::bad_argument, "encoded: expected one that kept its coefficients"};
  const Geometry& shape = setup.geometry;
  Proof proof{shape, {}, {}, {}, {}};
  for (size_t coset = 0; coset < kCosets; ++coset) proof.nodes[coset] = node_commitments(table, setup, encoded, coset);
  proof.commitment = to_affine_var(add_var(bn254::G1::from(proof.nodes[0][0]), proof.nodes[0][1]));
  const auto all = table.quotients(shape, block_sums(table, setup, encoded.coefficients()));
  const size_t per_coset = node_count(shape.log_rows);
  for (size_t coset = 0; coset < kCosets; ++coset) {
    const auto from = all.begin() + static_cast<std::ptrdiff_t>(coset * per_coset);
    proof.quotients[coset].assign(from, from + static_cast<std::ptrdiff_t>(per_coset));
  }
  proof.high = sums(*table.sums, {{setup.high.data(), encoded.coefficients(), shape.cells()}})[0];
  return proof;
}

Outcome<bool> prove_part(const Table& table, const Setup& setup, const rs_fr::Encoded& encoded, Part part) {
  if (auto fit = fits(setup, encoded); !fit.ok()) return fit.failure();
  if (encoded.coefficients() == nullptr) return Failure{Status::bad_argument, "encoded: expected one that kept its coefficients"};
  switch (part) {
    case Part::rows:
      for (size_t coset = 0; coset < kCosets; ++coset) node_commitments(table, setup, encoded, coset);
      break;
    case Part::blocks: block_sums(table, setup, encoded.coefficients()); break;
    case Part::quotients: table.quotients(setup.geometry, block_sums(table, setup, encoded.coefficients())); break;
    case Part::high: sums(*table.sums, {{setup.high.data(), encoded.coefficients(), setup.geometry.cells()}}); break;
  }
  return true;
}

Outcome<G1Affine> commit(const Table& table, const Setup& setup, const rs_fr::Encoded& encoded) {
  if (auto fit = fits(setup, encoded); !fit.ok()) return fit.failure();
  // Bases and cells both lie row after row.
  return sums(*table.sums, {{setup.lagrange[0].data(), reinterpret_cast<const uint64_t*>(encoded.matrix()), setup.geometry.cells()}})[0];
}

}  // namespace zg::amt
