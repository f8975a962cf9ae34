// The prover's trees and group transforms as rounds of affine additions and batches of multiples (curve/msm); two tables that
// differ in the sums' backend.
#include "commit/amt/api.hpp"
#include "commit/amt/quotients.hpp"

namespace zg::amt {

namespace {

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

template <const msm::Table& kSums>
void nodes_of(unsigned log_rows, std::vector<G1Affine>& nodes) {
  for (unsigned depth = log_rows - 1; depth >= 1; --depth) {
    Round round;
    for (size_t rho = 0; rho < size_t{1} << depth; ++rho) round.pair(node(depth + 1, rho), node(depth + 1, rho + (size_t{1} << depth)), node(depth, rho));
    round.run(kSums, nodes, nodes, nodes);
  }
}

template <const msm::Table& kSums>
void blocks_of(unsigned log_rows, std::vector<G1Affine>& blocks) {
  for (unsigned depth = log_rows - 1; depth >= 1; --depth) {
    Round round;
    for (size_t b = 0; b < size_t{1} << depth; ++b) round.pair(node(depth, b), node(depth + 1, 2 * b), node(depth, b));
    round.run(kSums, blocks, blocks, blocks);
  }
}

// Q(D, rho) of all cosets, one coset's nodes after the other's.
template <const msm::Table& kSums>
std::vector<G1Affine> quotients_of(Geometry shape, const std::vector<G1Affine>& blocks) {
  const unsigned deepest = shape.log_rows;
  const size_t per_coset = blocks.size();
  std::vector<G1Affine> values;
  for (size_t coset = 0; coset < kCosets; ++coset) values.insert(values.end(), blocks.begin(), blocks.end());
  multiply_each(kSums, values, quotient_twists(shape));
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
    multiply_each(kSums, plain, factors);
    size_t next = 0;
    for (size_t i = 0; i < highs.size(); ++i)
      if (i % half != 0) highs[i] = plain[next++];
    Round plus, minus;
    for (size_t i = 0; i < lows.size(); ++i) {
      plus.pair(lows[i], i, lows[i]);
      minus.pair(lows[i], i, lows[i] + half, true);
    }
    minus.run(kSums, ordered, highs, ordered);
    plus.run(kSums, ordered, highs, ordered);
  }
  return ordered;
}

}  // namespace

const Table scalar = {&msm::scalar, nodes_of<msm::scalar>, blocks_of<msm::scalar>, quotients_of<msm::scalar>};
#if defined(__x86_64__)
const Table avx512 = {&msm::avx512, nodes_of<msm::avx512>, blocks_of<msm::avx512>, quotients_of<msm::avx512>};
#endif

}  // namespace zg::amt
