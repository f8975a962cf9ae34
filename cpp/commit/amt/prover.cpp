// The prover of docs/protocol/da.md §1.13.
//
// With m = N / 2^D, u = w^(rho m) and y = k_c^m u the quotient of node (D, rho) is u / 2^D · [f mod (x^m - y)](tau), and the remainder is
// Σ_b y^b P(D, b), P(D, b) = Σ_{n < m} f[n + b m] tau^n. So Q(D, rho) = Σ_b u^(b + 1) · k_c^(m b) / 2^D · P(D, b): twist, rotate by one
// (u has order 2^D), transform over the group.
#include <cstring>

#include "commit/amt/api.hpp"

namespace zg::amt {

namespace {

using msm::Sum;

Fr power(const Fr& base, uint64_t exponent) { return field::power_var(base, &exponent, 1); }

size_t node(unsigned depth, size_t rho) { return nodes_before(depth) + rho; }

const uint64_t* as_words(const std::vector<G1Affine>& points) { return reinterpret_cast<const uint64_t*>(points.data()); }
uint64_t* as_words(std::vector<G1Affine>& points) { return reinterpret_cast<uint64_t*>(points.data()); }

// A round of additions being put together.
struct Round {
  std::vector<uint32_t> a, b, to;
  void pair(size_t left, size_t right, size_t out, bool negate = false) {
    a.push_back(static_cast<uint32_t>(left));
    b.push_back(static_cast<uint32_t>(right) | (negate ? msm::kNegate : 0));
    to.push_back(static_cast<uint32_t>(out));
  }
  void run(const msm::Table& table, const std::vector<G1Affine>& left, const std::vector<G1Affine>& right, std::vector<G1Affine>& out) {
    msm::add_pairs(table, {as_words(left), a.data(), as_words(right), b.data(), as_words(out), to.data()}, a.size());
  }
};

void put_scalar(std::vector<uint64_t>& scalars, const Fr& value) {
  uint64_t words[4];
  field::from_mont(value, words);
  scalars.insert(scalars.end(), words, words + 4);
}

// C(D, rho) for all nodes of one coset.
std::vector<G1Affine> node_commitments(const msm::Table& table, const Setup& setup, const rs_fr::Encoded& encoded, size_t coset) {
  const Geometry& shape = setup.geometry;
  std::vector<Sum> rows;
  for (size_t i = 0; i < shape.rows(); ++i) {
    const auto* values = reinterpret_cast<const uint64_t*>(encoded.row(coset * shape.rows() + i));
    rows.push_back({setup.lagrange[coset].data() + i * shape.columns(), values, shape.columns()});
  }
  std::vector<G1Affine> nodes(node_count(shape.log_rows));
  const auto leaves = sums(table, rows);
  std::copy(leaves.begin(), leaves.end(), nodes.begin() + static_cast<std::ptrdiff_t>(nodes_before(shape.log_rows)));
  for (unsigned depth = shape.log_rows - 1; depth >= 1; --depth) {
    Round round;
    for (size_t rho = 0; rho < size_t{1} << depth; ++rho) round.pair(node(depth + 1, rho), node(depth + 1, rho + (size_t{1} << depth)), node(depth, rho));
    round.run(table, nodes, nodes, nodes);
  }
  return nodes;
}

// P(D, b) for all depths.
std::vector<G1Affine> block_sums(const msm::Table& table, const Setup& setup, const uint64_t* coefficients) {
  const Geometry& shape = setup.geometry;
  const unsigned deepest = shape.log_rows;
  std::vector<Sum> wanted;
  for (size_t b = 0; b < shape.rows(); ++b) wanted.push_back({setup.powers.data(), coefficients + 4 * b * shape.columns(), shape.columns()});
  for (unsigned depth = deepest - 1; depth >= 1; --depth) {
    const size_t half = shape.cells() >> (depth + 1);
    for (size_t b = 0; b < size_t{1} << depth; ++b) wanted.push_back({setup.powers.data() + half, coefficients + 4 * (2 * b + 1) * half, half});
  }
  const auto found = sums(table, wanted);
  std::vector<G1Affine> blocks(node_count(deepest));
  std::copy(found.begin(), found.begin() + static_cast<std::ptrdiff_t>(shape.rows()), blocks.begin() + static_cast<std::ptrdiff_t>(nodes_before(deepest)));
  size_t upper = shape.rows();
  for (unsigned depth = deepest - 1; depth >= 1; --depth) {
    Round round;
    for (size_t b = 0; b < size_t{1} << depth; ++b) round.pair(node(depth + 1, 2 * b), upper + b, node(depth, b));
    round.run(table, blocks, found, blocks);
    upper += size_t{1} << depth;
  }
  return blocks;
}

size_t reversed(size_t value, unsigned bits) {
  size_t out = 0;
  for (unsigned i = 0; i < bits; ++i) out |= (value >> i & 1) << (bits - 1 - i);
  return out;
}

// Q(D, rho) of all cosets, one coset's nodes after the other's.
std::vector<G1Affine> quotients(const msm::Table& table, const Geometry& shape, const std::vector<G1Affine>& blocks) {
  const unsigned deepest = shape.log_rows, log_cells = shape.log_rows + shape.log_columns;
  const size_t per_coset = blocks.size();
  std::vector<G1Affine> values;
  std::vector<uint64_t> twists;
  for (size_t coset = 0; coset < kCosets; ++coset) {
    const Fr k = coset == 0 ? Fr::one() : ntt::root_of_unity(log_cells + static_cast<unsigned>(coset));
    for (unsigned depth = 1; depth <= deepest; ++depth) {
      const size_t size = size_t{1} << depth;
      const Fr step = power(k, shape.cells() >> depth);
      Fr twist = inverse_var(field::from_u64<bn254::FrParams>(size));
      for (size_t b = 0; b < size; ++b) {
        values.push_back(blocks[node(depth, b)]);
        put_scalar(twists, twist);
        twist = twist * step;
      }
    }
  }
  multiply_each(table, values, twists);
  std::vector<G1Affine> ordered(values.size());
  for (size_t coset = 0; coset < kCosets; ++coset) {
    for (unsigned depth = 1; depth <= deepest; ++depth) {
      const size_t base = coset * per_coset + nodes_before(depth), size = size_t{1} << depth;
      for (size_t b = 0; b < size; ++b) ordered[base + reversed((b + 1) % size, depth)] = values[base + b];
    }
  }
  // Decimation in time, the same layer of all transforms at once.
  for (unsigned layer = 0; layer < deepest; ++layer) {
    const size_t half = size_t{1} << layer;
    const auto roots = ntt::powers(ntt::root_of_unity(layer + 1), half);
    std::vector<size_t> lows;
    std::vector<G1Affine> highs, plain;
    std::vector<uint64_t> factors;
    for (size_t coset = 0; coset < kCosets; ++coset) {
      for (unsigned depth = layer + 1; depth <= deepest; ++depth) {
        const size_t base = coset * per_coset + nodes_before(depth), size = size_t{1} << depth;
        for (size_t at = base; at < base + size; at += 2 * half) {
          for (size_t j = 0; j < half; ++j) {
            lows.push_back(at + j);
            highs.push_back(ordered[at + j + half]);
            if (j != 0) {
              plain.push_back(ordered[at + j + half]);
              put_scalar(factors, roots[j]);
            }
          }
        }
      }
    }
    multiply_each(table, plain, factors);
    size_t next = 0;
    for (size_t i = 0; i < highs.size(); ++i)
      if (i % half != 0) highs[i] = plain[next++];
    Round plus, minus;
    for (size_t i = 0; i < lows.size(); ++i) {
      plus.pair(lows[i], i, lows[i]);
      minus.pair(lows[i], i, lows[i] + half, true);
    }
    minus.run(table, ordered, highs, ordered);
    plus.run(table, ordered, highs, ordered);
  }
  return ordered;
}

Outcome<bool> fits(const Setup& setup, const rs_fr::Encoded& encoded) {
  const Geometry &a = setup.geometry, &b = encoded.geometry();
  if (a.log_rows != b.log_rows || a.log_columns != b.log_columns)
    return Failure{Status::bad_argument, "setup: expected one of " + std::to_string(b.rows()) + " x " + std::to_string(b.columns()) + " cells, found " +
                                             std::to_string(a.rows()) + " x " + std::to_string(a.columns())};
  if (!setup.can_prove()) return Failure{Status::bad_argument, "setup: expected the powers of a prover, found only the verifier's part"};
  return true;
}

}  // namespace

Outcome<Proof> prove(const msm::Table& table, const Setup& setup, const rs_fr::Encoded& encoded) {
  if (auto fit = fits(setup, encoded); !fit.ok()) return fit.failure();
  if (encoded.coefficients() == nullptr) return Failure{Status::bad_argument, "encoded: expected one that kept its coefficients"};
  const Geometry& shape = setup.geometry;
  Proof proof{shape, {}, {}, {}, {}};
  for (size_t coset = 0; coset < kCosets; ++coset) proof.nodes[coset] = node_commitments(table, setup, encoded, coset);
  proof.commitment = to_affine_var(add_var(bn254::G1::from(proof.nodes[0][0]), proof.nodes[0][1]));
  const auto all = quotients(table, shape, block_sums(table, setup, encoded.coefficients()));
  const size_t per_coset = node_count(shape.log_rows);
  for (size_t coset = 0; coset < kCosets; ++coset) {
    const auto from = all.begin() + static_cast<std::ptrdiff_t>(coset * per_coset);
    proof.quotients[coset].assign(from, from + static_cast<std::ptrdiff_t>(per_coset));
  }
  proof.high = sums(table, {{setup.high.data(), encoded.coefficients(), shape.cells()}})[0];
  return proof;
}

Outcome<bool> prove_part(const msm::Table& table, const Setup& setup, const rs_fr::Encoded& encoded, Part part) {
  if (auto fit = fits(setup, encoded); !fit.ok()) return fit.failure();
  if (encoded.coefficients() == nullptr) return Failure{Status::bad_argument, "encoded: expected one that kept its coefficients"};
  switch (part) {
    case Part::rows:
      for (size_t coset = 0; coset < kCosets; ++coset) node_commitments(table, setup, encoded, coset);
      break;
    case Part::blocks: block_sums(table, setup, encoded.coefficients()); break;
    case Part::quotients: quotients(table, setup.geometry, block_sums(table, setup, encoded.coefficients())); break;
    case Part::high: sums(table, {{setup.high.data(), encoded.coefficients(), setup.geometry.cells()}}); break;
  }
  return true;
}

Outcome<G1Affine> commit(const msm::Table& table, const Setup& setup, const rs_fr::Encoded& encoded) {
  if (auto fit = fits(setup, encoded); !fit.ok()) return fit.failure();
  // Bases and cells both lie row after row.
  return sums(table, {{setup.lagrange[0].data(), reinterpret_cast<const uint64_t*>(encoded.matrix()), setup.geometry.cells()}})[0];
}

}  // namespace zg::amt
