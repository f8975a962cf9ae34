// Setups from a ceremony's points: transforms over the groups take powers to bases and back.
//
// With x = tau / k: L(t) = 1 / N Σ_n x^n w^(-t n), so a basis is an inverse transform of the powers times k^-n. With K = 2^D,
// X = x^(N / K) and u a K-th root of unity, V = (X^K - 1) / (X - u) = Σ_b X^(K - 1 - b) u^b, a transform over G2.
#include <cstring>

#include "commit/amt/codec.hpp"
#include "commit/amt/files.hpp"
#include "commit/amt/weights.hpp"
#include "curve/bn254_pairing.hpp"

namespace zg::amt {

namespace {

using bn254::G2;

constexpr char kMontgomeryMagic[4] = {'b', 'a', 'm', 't'};
constexpr size_t kButterflies = size_t{1} << 15;  // multiplied at once: points, factors and indices stay in a few MiB

uint64_t* words(std::vector<G1Affine>& points) { return reinterpret_cast<uint64_t*>(points.data()); }

void put_scalar(std::vector<uint64_t>& scalars, const Fr& value) {
  uint64_t plain[4];
  field::from_mont(value, plain);
  scalars.insert(scalars.end(), plain, plain + 4);
}

template <class Point>
void reorder(std::vector<Point>& values, unsigned log_size) {
  for (size_t i = 0; i < values.size(); ++i)
    if (const size_t other = reversed(i, log_size); other > i) std::swap(values[i], values[other]);
}

Fr root(unsigned log_size, bool inverse) {
  const Fr w = ntt::root_of_unity(log_size);
  return inverse ? inverse_var(w) : w;
}

// values[k] -> Σ_n values[n] w^(k n), natural order; with 1 / w when `inverse`, unscaled. Decimation in time.
void transform(const msm::Table& table, std::vector<G1Affine>& values, unsigned log_size, bool inverse) {
  reorder(values, log_size);
  for (unsigned layer = 0; layer < log_size; ++layer) {
    const size_t half = size_t{1} << layer;
    const auto roots = ntt::powers(root(layer + 1, inverse), half);
    for (size_t first = 0; first < values.size() / 2; first += kButterflies) {
      const size_t end = std::min(values.size() / 2, first + kButterflies);
      std::vector<G1Affine> highs;
      std::vector<uint64_t> factors;
      std::vector<uint32_t> low, high, own;
      for (size_t k = first; k < end; ++k) {
        const size_t j = k % half, at = 2 * (k - j) + j;
        low.push_back(static_cast<uint32_t>(at));
        high.push_back(static_cast<uint32_t>(at + half));
        own.push_back(static_cast<uint32_t>(k - first));
        highs.push_back(values[at + half]);
        put_scalar(factors, roots[j]);
      }
      if (layer != 0) multiply_each(table, highs, factors);
      std::vector<uint32_t> negative(own);
      for (uint32_t& index : negative) index |= msm::kNegate;
      msm::add_pairs(table, {words(values), low.data(), words(highs), negative.data(), words(values), high.data()}, low.size());
      msm::add_pairs(table, {words(values), low.data(), words(highs), own.data(), words(values), low.data()}, low.size());
    }
  }
}

G2 times(const G2& p, const Fr& factor) {
  uint64_t k[4];
  field::from_mont(factor, k);
  return multiply_var(to_affine_var(p), U256(k[0], k[1], k[2], k[3]));
}

G2 negative(const G2& p) { return {p.x, -p.y, p.z}; }

// The same over G2, for short transforms.
std::vector<G2Affine> transform_g2(std::vector<G2> values, unsigned log_size, bool inverse) {
  reorder(values, log_size);
  for (unsigned layer = 0; layer < log_size; ++layer) {
    const size_t half = size_t{1} << layer;
    const auto roots = ntt::powers(root(layer + 1, inverse), half);
    parallel_for(values.size() / 2, 4, [&](size_t begin, size_t end) {
      for (size_t k = begin; k < end; ++k) {
        const size_t j = k % half, at = 2 * (k - j) + j;
        const G2 low = values[at], high = j == 0 ? values[at + half] : times(values[at + half], roots[j]);
        values[at] = add_var(low, high);
        values[at + half] = add_var(low, negative(high));
      }
    });
  }
  std::vector<G2Affine> out(values.size());
  for (size_t i = 0; i < out.size(); ++i) out[i] = to_affine_var(values[i]);
  return out;
}

// From t = j R + i to i C + j.
std::vector<G1Affine> by_rows(const Geometry& shape, const std::vector<G1Affine>& values) {
  std::vector<G1Affine> out(values.size());
  for (size_t i = 0; i < shape.rows(); ++i)
    for (size_t j = 0; j < shape.columns(); ++j) out[i * shape.columns() + j] = values[j * shape.rows() + i];
  return out;
}

std::vector<G1Affine> by_columns(const Geometry& shape, const std::vector<G1Affine>& values) {
  std::vector<G1Affine> out(values.size());
  for (size_t i = 0; i < shape.rows(); ++i)
    for (size_t j = 0; j < shape.columns(); ++j) out[j * shape.rows() + i] = values[i * shape.columns() + j];
  return out;
}

std::vector<G1Affine> basis_of(const msm::Table& table, const Ceremony& given, size_t coset) {
  const Geometry& shape = given.geometry;
  const unsigned log_cells = shape.log_rows + shape.log_columns;
  std::vector<G1Affine> values = given.low;
  const Fr first = inverse_var(field::from_u64<bn254::FrParams>(shape.cells()));
  std::vector<uint64_t> factors;
  factors.reserve(4 * shape.cells());
  for (const Fr& factor : ntt::powers(inverse_var(coset_factor(shape, coset)), shape.cells(), first)) put_scalar(factors, factor);
  multiply_each(table, values, factors);
  transform(table, values, log_cells, true);
  return by_rows(shape, values);
}

std::vector<G2Affine> vanishing_of(const Ceremony& given, size_t coset) {
  const Geometry& shape = given.geometry;
  const auto twists = ntt::powers(inverse_var(power(coset_factor(shape, coset), shape.columns())), shape.rows());
  std::vector<G2> steps(shape.rows());
  parallel_for(shape.rows(), 8, [&](size_t begin, size_t end) {
    for (size_t j = begin; j < end; ++j) steps[j] = times(G2::from(given.steps[j]), twists[j]);
  });
  std::vector<G2Affine> out;
  for (unsigned depth = 1; depth <= shape.log_rows; ++depth) {
    const size_t size = size_t{1} << depth, stride = shape.rows() / size;
    std::vector<G2> values(size);
    for (size_t b = 0; b < size; ++b) values[b] = steps[(size - 1 - b) * stride];
    const auto made = transform_g2(std::move(values), depth, false);
    out.insert(out.end(), made.begin(), made.end());
  }
  return out;
}

// The inverse, from the deepest vanishing points of coset 0.
std::vector<G2Affine> steps_of(const Geometry& shape, const std::vector<G2Affine>& vanishing) {
  std::vector<G2> values;
  const Fr scale = inverse_var(field::from_u64<bn254::FrParams>(shape.rows()));
  for (size_t rho = 0; rho < shape.rows(); ++rho) values.push_back(times(G2::from(vanishing[nodes_before(shape.log_rows) + rho]), scale));
  auto found = transform_g2(std::move(values), shape.log_rows, true);
  std::reverse(found.begin(), found.end());
  return found;
}

// ---- prover's files

struct ProverFile {
  std::vector<G1Affine> basis, high;  // row by row
  std::vector<G2Affine> vanishing;
  G2Affine g2, high_g2;
};

// Where the arrays of a prover's file begin; its points are read by `g1` and `g2`.
class ProverReader {
 public:
  ProverReader(Bytes bytes, const Geometry& shape, size_t coset)
      : in_(bytes), shape_(shape), name_("prover's parameters of coset " + std::to_string(coset)) {
    montgomery_ = bytes.size >= sizeof kMontgomeryMagic && std::memcmp(bytes.data, kMontgomeryMagic, sizeof kMontgomeryMagic) == 0;
  }

  Outcome<bool> locate() {
    const size_t cells = shape_.cells();
    if (montgomery_) {
      const uint8_t* head = in_.take(6);
      if (head == nullptr || head[4] != shape_.log_rows + shape_.log_columns || head[5] != shape_.log_rows) return fail("another geometry");
      g2_ = in_.take(kG2Size);
      high_g2_ = in_.take(kG2Size);
    }
    basis_ = array(kPointSize, cells);
    if (!montgomery_ && !in_.expect(shape_.log_rows)) return fail("expected quotients of " + std::to_string(shape_.log_rows) + " depths");
    for (unsigned depth = 1; depth <= shape_.log_rows; ++depth) quotients_.push_back(array(kPointSize, cells));
    if (!montgomery_ && !in_.expect(shape_.log_rows)) return fail("expected " + std::to_string(shape_.log_rows) + " depths");
    for (unsigned depth = 1; depth <= shape_.log_rows; ++depth) vanishing_.push_back(array(kG2Size, size_t{1} << depth));
    if (!montgomery_) g2_ = in_.take(kG2Size);
    high_ = array(kPointSize, cells);
    if (!montgomery_) high_g2_ = in_.take(kG2Size);
    if (cut_ || g2_ == nullptr || high_g2_ == nullptr || !in_.done()) return fail("another size than its geometry's");
    return true;
  }

  Outcome<ProverFile> read() {
    ProverFile out;
    if (!get_g2(g2_, out.g2, true) || !get_g2(high_g2_, out.high_g2, true) || !(out.g2 == G2Affine::generator())) return fail("its single points are none");
    if (!points(basis_, out.basis)) return fail("a point of the basis is none");
    if (!points(high_, out.high)) return fail("a point of the high basis is none");
    out.vanishing.resize(node_count(shape_.log_rows));
    for (unsigned depth = 1; depth <= shape_.log_rows; ++depth) {
      const size_t size = size_t{1} << depth;
      const size_t bad = first_bad(size, 16, [&](size_t rho) {
        return g2(vanishing_[depth - 1] + kG2Size * reversed(rho, depth), out.vanishing[nodes_before(depth) + rho]);
      });
      if (bad != size) return fail("the point of node " + std::to_string(bad) + " at depth " + std::to_string(depth) + " is none");
    }
    return out;
  }

  // e(L(t), g2) = e(q(D, t), V(D, t mod 2^D)) for random t and D, all at once.
  Outcome<bool> check_spots(const ProverFile& file, const Hash32& seed) {
    Weights weights(seed);
    std::vector<bn254::PairingInput> inputs;
    for (size_t spot = 0; spot < kProverSpots; ++spot) {
      std::vector<uint64_t> random;
      weights.next(random);
      weights.next(random);
      const U256 weight(random[0], random[1], 0, 0);
      const size_t at = random[4] % shape_.cells(), i = at / shape_.columns(), j = at % shape_.columns();
      const unsigned depth = 1 + static_cast<unsigned>(random[5] % shape_.log_rows);
      G1Affine quotient;
      if (!g1(quotients_[depth - 1] + kPointSize * file_slot(shape_, i, j), quotient)) return fail("a quotient is no point");
      inputs.push_back({to_affine_var(multiply_var(file.basis[at], weight)), file.g2});
      inputs.push_back({-to_affine_var(multiply_var(quotient, weight)), file.vanishing[nodes_before(depth) + i % (size_t{1} << depth)]});
    }
    if (!bn254::pairing_product_is_one_var(inputs.data(), inputs.size())) return fail("quotients do not fit the basis");
    return true;
  }

  Failure fail(const std::string& what) const { return broken(name_, what); }

 private:
  const uint8_t* array(size_t size, size_t count) {
    if (!montgomery_ && !in_.expect(count)) cut_ = true;
    const uint8_t* at = in_.take(size * count);
    if (at == nullptr) cut_ = true;
    return at;
  }
  bool g1(const uint8_t* at, G1Affine& out) const { return montgomery_ ? get_g1_limbs(at, out) : get_g1(at, out) && !out.is_infinity(); }
  bool g2(const uint8_t* at, G2Affine& out) const { return montgomery_ ? get_g2_limbs(at, out) : get_g2(at, out, true); }
  bool points(const uint8_t* at, std::vector<G1Affine>& out) const {
    out.resize(shape_.cells());
    return first_bad(out.size(), 1024, [&](size_t k) {
             return g1(at + kPointSize * file_slot(shape_, k / shape_.columns(), k % shape_.columns()), out[k]);
           }) == out.size();
  }

  Reader in_;
  const Geometry& shape_;
  std::string name_;
  bool montgomery_, cut_ = false;
  const uint8_t *g2_ = nullptr, *high_g2_ = nullptr, *basis_ = nullptr, *high_ = nullptr;
  std::vector<const uint8_t*> quotients_, vanishing_;
};

}  // namespace

SetupPtr setup_of(const msm::Table& table, const Ceremony& given) {
  auto setup = std::make_shared<Setup>(Setup{given.geometry, false, given.low, given.high, {}, {}, G2Affine::generator(), given.high_g2});
  setup->powers.resize(given.geometry.cells() / 2);
  for (size_t coset = 0; coset < kCosets; ++coset) {
    setup->lagrange[coset] = basis_of(table, given, coset);
    setup->vanishing[coset] = vanishing_of(given, coset);
  }
  return setup;
}

Outcome<SetupPtr> setup_of_provers(const msm::Table& table, Geometry shape, const Bytes files[kCosets], const Hash32& seed) {
  auto setup = std::make_shared<Setup>(Setup{shape, false, {}, {}, {}, {}, G2Affine::generator(), {}});
  Ceremony found{shape, {}, {}, {}, G2Affine::infinity(), G2Affine::infinity()};
  for (size_t coset = 0; coset < kCosets; ++coset) {
    ProverReader reader(files[coset], shape, coset);
    if (auto done = reader.locate(); !done.ok()) return done.failure();
    auto file = reader.read();
    if (!file.ok()) return file.failure();
    if (auto done = reader.check_spots(*file, seed); !done.ok()) return done.failure();
    if (coset == 0) {
      setup->high_g2 = found.high_g2 = file->high_g2;
      found.steps = steps_of(shape, file->vanishing);
      found.low = by_columns(shape, file->basis);
      found.high = by_columns(shape, file->high);
    } else if (!(file->high_g2 == setup->high_g2)) {
      return reader.fail("another shift than that of coset 0");
    }
    setup->lagrange[coset] = std::move(file->basis);
    setup->vanishing[coset] = std::move(file->vanishing);
  }
  const unsigned log_cells = shape.log_rows + shape.log_columns;
  transform(table, found.low, log_cells, false);
  transform(table, found.high, log_cells, false);
  if (auto done = check(table, found, seed); !done.ok()) return done.failure();
  setup->powers = std::move(found.low);
  setup->powers.resize(shape.cells() / 2);
  setup->high = std::move(found.high);
  return SetupPtr(std::move(setup));
}

}  // namespace zg::amt
