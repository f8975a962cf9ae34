// Extension and recovery as passes over rows and columns.
//
// Coefficient n C + m of f is entry (n, m) of an R × C matrix, and X(c, i, j)^(n C + m) = (k_c^C w^(C i))^n · (k_c w^i)^m · zeta^(j m)
// with zeta = w^R. So values on a coset are: columns by w^C, weighed by k_c^(C n); twists (k_c w^i)^m; rows by zeta. The inverse
// on coset 0 is rows, twists, columns with the inverse roots.
#include <algorithm>
#include <cstring>
#include <list>
#include <mutex>
#include <string>

#include "common/parallel.hpp"
#include "erasure/rs_fr/api.hpp"
#include "field/bn254/api.hpp"

namespace zg::rs_fr {

namespace {

using bn254::Fr;
using ntt::Pass;

constexpr size_t kPlansMax = 4;  // geometries and backends in use at once; 128 N bytes each

Fr power(const Fr& base, uint64_t exponent) { return field::power_var(base, &exponent, 1); }

// The factors of one coset, made when first used.
struct CosetFactors {
  std::vector<uint64_t> weights;  // k^(C n) for columns; none for k = 1
  std::vector<uint64_t> twists;
};

// The factors of one geometry in one backend's form.
class Plan {
 public:
  Plan(const ntt::Table& with, Geometry shape)
      : table(with),
        geometry(shape),
        root(ntt::root_of_unity(shape.log_rows + shape.log_columns)),
        row_roots(ntt::pass_roots(with, shape.log_columns, power(root, shape.rows()))),
        column_roots(ntt::pass_roots(with, shape.log_rows, power(root, shape.columns()))),
        row_roots_inverse(ntt::pass_roots(with, shape.log_columns, inverse_var(power(root, shape.rows())))),
        column_roots_inverse(ntt::pass_roots(with, shape.log_rows, inverse_var(power(root, shape.columns())))) {}

  // k_c.
  Fr coset(size_t index) const {
    if (index == 0) return Fr::one();
    return ntt::root_of_unity(geometry.log_rows + geometry.log_columns + static_cast<unsigned>(index));
  }

  const CosetFactors& forward(size_t index) const {
    std::call_once(forward_once_[index], [&] {
      const Fr k = coset(index);
      if (index != 0) forward_[index].weights = ntt::pass_factors(table, ntt::powers(power(k, geometry.columns()), geometry.rows()));
      forward_[index].twists =
          ntt::pass_twists(table, std::vector<Fr>(geometry.rows(), Fr::one()), ntt::powers(root, geometry.rows(), k), geometry.columns());
    });
    return forward_[index];
  }

  // w^(-i m) / N.
  const std::vector<uint64_t>& inverse_twists() const {
    std::call_once(inverse_once_, [&] {
      const Fr scale = inverse_var(field::from_u64<bn254::FrParams>(geometry.cells()));
      inverse_twists_ =
          ntt::pass_twists(table, std::vector<Fr>(geometry.rows(), scale), ntt::powers(inverse_var(root), geometry.rows()), geometry.columns());
    });
    return inverse_twists_;
  }

  const ntt::Table& table;
  const Geometry geometry;
  const Fr root;  // w
  const std::vector<uint64_t> row_roots, column_roots, row_roots_inverse, column_roots_inverse;

 private:
  mutable std::once_flag forward_once_[kCosets], inverse_once_;
  mutable CosetFactors forward_[kCosets];
  mutable std::vector<uint64_t> inverse_twists_;
};

std::shared_ptr<const Plan> plan_for(const ntt::Table& table, Geometry geometry) {
  static std::mutex mutex;
  static std::list<std::shared_ptr<const Plan>> plans;  // used last comes first
  std::lock_guard lock(mutex);
  for (auto at = plans.begin(); at != plans.end(); ++at) {
    if (&(*at)->table != &table || (*at)->geometry.log_rows != geometry.log_rows || (*at)->geometry.log_columns != geometry.log_columns) continue;
    plans.splice(plans.begin(), plans, at);
    return plans.front();
  }
  plans.push_front(std::make_shared<const Plan>(table, geometry));
  if (plans.size() > kPlansMax) plans.pop_back();
  return plans.front();
}

const uint64_t* data_or_null(const std::vector<uint64_t>& factors) { return factors.empty() ? nullptr : factors.data(); }

Pass row_pass(const Plan& plan, const std::vector<uint64_t>& roots, const uint64_t* twists, const uint64_t* in, uint64_t* out) {
  const size_t columns = plan.geometry.columns();
  return Pass{plan.geometry.log_columns, roots.data(), nullptr, nullptr, twists, 1, columns, in, 1, columns, out, 1, columns};
}

Pass column_pass(const Plan& plan, const std::vector<uint64_t>& roots, const void* pre, const void* post, const uint64_t* twists, const uint64_t* in, uint64_t* out) {
  const size_t columns = plan.geometry.columns();
  return Pass{plan.geometry.log_rows, roots.data(), pre, post, twists, columns, 1, in, columns, 1, out, columns, 1};
}

Failure no_memory(size_t size) { return {Status::out_of_capacity, "no memory for " + std::to_string(size) + " bytes"}; }

}  // namespace

Encoded::Encoded(Geometry geometry, bool with_coefficients)
    : geometry_(geometry),
      matrix_(geometry.encoded_size()),
      coefficients_(with_coefficients ? std::make_unique<Block>(kCellSize * geometry.cells()) : nullptr),
      trees_(kCosets * 32 * merkle::tree_size(geometry.rows())) {}

// Fills an Encoded step by step.
class Maker {
 public:
  Maker(const Backends& with, Geometry geometry, bool keep_coefficients)
      : with_(with), geometry_(geometry), plan_(plan_for(*with.transforms, geometry)), made_(std::make_shared<Encoded>(geometry, keep_coefficients)) {
    if (!keep_coefficients) own_coefficients_ = std::make_unique<Block>(kCellSize * geometry.cells());
  }

  bool has_memory() const { return made_->matrix_.data() != nullptr && coefficients() != nullptr; }
  size_t memory_size() const { return geometry_.encoded_size() + kCellSize * geometry_.cells(); }
  const Plan& plan() const { return *plan_; }
  uint8_t* cells() const { return made_->matrix_.data(); }
  uint64_t* coefficients() const { return made_->coefficients_ != nullptr ? made_->coefficients_->words() : own_coefficients_->words(); }

  // From the cells of coset 0 to the coefficients; hashes those rows on the way. `fill(first row, count)` writes them.
  void invert(const ntt::Around& fill) {
    const Plan& p = *plan_;
    ntt::run(p.table, row_pass(p, p.row_roots_inverse, nullptr, made_->matrix_.words(), coefficients()), geometry_.rows(), [&](size_t first, size_t count) {
      if (fill) fill(first, count);
      hash_rows(first, count);
    });
    ntt::run(p.table, column_pass(p, p.column_roots_inverse, nullptr, nullptr, p.inverse_twists().data(), coefficients(), coefficients()), geometry_.columns());
  }

  // From the coefficients to the rows of a coset, hashed.
  void evaluate(size_t coset) {
    const Plan& p = *plan_;
    const CosetFactors& factors = p.forward(coset);
    uint64_t* rows = made_->matrix_.words() + kCellSize / 8 * geometry_.cells() * coset;
    ntt::run(p.table, column_pass(p, p.column_roots, data_or_null(factors.weights), nullptr, nullptr, coefficients(), rows), geometry_.columns());
    ntt::run(p.table, row_pass(p, p.row_roots, factors.twists.data(), rows, rows), geometry_.rows(), {},
             [&](size_t first, size_t count) { hash_rows(geometry_.rows() * coset + first, count); });
  }

  EncodedPtr finish() {
    const size_t rows = geometry_.rows(), nodes = merkle::tree_size(rows);
    for (size_t c = 0; c < kCosets; ++c) {
      uint8_t* tree = made_->trees_.data() + 32 * nodes * c;
      merkle::build_tree(*with_.trees, tree, rows, tree);
      made_->blob_roots_[c] = fixed_from<32>(tree + 32 * (nodes - 1));
    }
    made_->data_root_ = data_root(made_->blob_roots_);
    return made_;
  }

 private:
  void hash_rows(size_t first, size_t count) {
    const size_t nodes = merkle::tree_size(geometry_.rows());
    for (size_t g = first; g < first + count; ++g) {
      const Hash32 root = row_root(*with_.trees, made_->row(g), geometry_);
      std::memcpy(made_->trees_.data() + 32 * (nodes * (g / geometry_.rows()) + g % geometry_.rows()), root.b, 32);
    }
  }

  const Backends with_;
  const Geometry geometry_;
  const std::shared_ptr<const Plan> plan_;
  std::shared_ptr<Encoded> made_;
  std::unique_ptr<Block> own_coefficients_;
};

Outcome<Backends> backends(std::string_view name) {
  const auto transforms = ntt::backend(name);
  if (!transforms.ok()) return transforms.failure();
  const auto trees = merkle::backend("");
  if (!trees.ok()) return trees.failure();
  return Backends{*transforms, *trees};
}

Outcome<EncodedPtr> encode(const Backends& with, Bytes data, Geometry geometry, bool keep_coefficients) {
  if (data.size > geometry.data_size_max())
    return Failure{Status::bad_argument, "data: expected at most " + std::to_string(geometry.data_size_max()) + " bytes, found " + std::to_string(data.size)};
  Maker maker(with, geometry, keep_coefficients);
  if (!maker.has_memory()) return no_memory(maker.memory_size());
  maker.invert([&](size_t first, size_t count) { pack_rows(data, geometry, first, count, maker.cells()); });
  for (size_t c = 1; c < kCosets; ++c) maker.evaluate(c);
  return maker.finish();
}

Outcome<EncodedPtr> extend(const Backends& with, Bytes cells, Geometry geometry, bool keep_coefficients) {
  if (cells.size != kCellSize * geometry.cells())
    return Failure{Status::bad_argument, "cells: expected " + std::to_string(kCellSize * geometry.cells()) + " bytes, found " + std::to_string(cells.size)};
  Maker maker(with, geometry, keep_coefficients);
  if (!maker.has_memory()) return no_memory(maker.memory_size());
  std::memcpy(maker.cells(), cells.data, cells.size);
  const auto fields = bn254::batch::backend("");
  if (!fields.ok()) return fields.failure();
  const size_t bad = unreduced(**fields, bn254::batch::Field::fr, reinterpret_cast<const uint64_t*>(maker.cells()), geometry.cells());
  if (bad != geometry.cells()) return Failure{Status::bad_encoding, "cells: cell " + std::to_string(bad) + " is not below the modulus"};
  maker.invert({});
  for (size_t c = 1; c < kCosets; ++c) maker.evaluate(c);
  return maker.finish();
}

// ---- recovery

namespace {

// What recovery needs of M, the polynomial with the R used y as roots, and of Z = (Y^(4R) - 1) / M, which vanishes at all other
// 4R-th roots of unity.
struct Locator {
  std::vector<Fr> at_used;   // Z(y_g) by row number g; zero for rows that are not used
  std::vector<Fr> on_shift;  // 1 / Z on the coset s · <w^C>
};

// y_g = g_4R^e, g_4R of order 4 R: every fourth for coset 0, those between for coset 2, and so on.
size_t y_exponent(Geometry geometry, size_t g) {
  constexpr size_t kOffset[kCosets] = {0, 2, 1};
  return 4 * (g % geometry.rows()) + kOffset[g / geometry.rows()];
}

Fr shift_element() { return field::from_u64<bn254::FrParams>(5); }  // a generator: no root of unity of order 2^k

Outcome<Locator> make_locator(const ntt::Table& table, Geometry geometry, const std::vector<uint32_t>& used) {
  const size_t rows = geometry.rows(), wide = 4 * rows;
  const unsigned log_wide = geometry.log_rows + 2;
  const std::vector<Fr> roots = ntt::powers(ntt::root_of_unity(log_wide), wide);
  std::vector<Fr> m{Fr::one()};  // M, lowest coefficient first
  for (const uint32_t g : used) {
    const Fr& y = roots[y_exponent(geometry, g)];
    m.push_back(m.back());
    for (size_t k = m.size() - 2; k > 0; --k) m[k] = m[k - 1] - y * m[k];
    m[0] = -(y * m[0]);
  }
  Locator out{std::vector<Fr>(kCosets * rows, Fr::zero()), std::vector<Fr>(rows)};
  // M' on all 4 R roots: transforms take Montgomery forms as they are.
  std::vector<Fr> derivative(wide, Fr::zero());
  for (size_t k = 1; k < m.size(); ++k) derivative[k - 1] = m[k] * field::from_u64<bn254::FrParams>(k);
  if (auto done = ntt::transform(table, derivative.data()->l, 1, log_wide, ntt::Direction::forward, nullptr); !done.ok()) return done.failure();
  const Fr count = field::from_u64<bn254::FrParams>(wide);
  for (const uint32_t g : used) {
    const size_t e = y_exponent(geometry, g);
    out.at_used[g] = count * inverse_var(roots[e] * derivative[e]);
  }
  const Fr shift = shift_element();
  for (size_t k = 0; k < rows; ++k) out.on_shift[k] = m[k];
  out.on_shift[0] = out.on_shift[0] + power(shift, rows) * m[rows];
  if (auto done = ntt::transform(table, out.on_shift.data()->l, 1, geometry.log_rows, ntt::Direction::forward, &shift); !done.ok()) return done.failure();
  const Fr scale = inverse_var(power(shift, wide) - Fr::one());
  for (Fr& value : out.on_shift) value = value * scale;
  return out;
}

// λ(σ) for the polynomial λ of degree 3 that is 1 at κ and 0 at the three other fourth roots of unity.
Fr fourth_root_weight(const Fr& sigma, const Fr& kappa) {
  const Fr quarter = ntt::root_of_unity(2);
  Fr out = inverse_var(field::from_u64<bn254::FrParams>(4) * power(kappa, 3)), other = kappa;
  for (int i = 0; i < 3; ++i) {
    other = other * quarter;
    out = out * (sigma - other);
  }
  return out;
}

// The coefficients from R rows, any. For each column, F the polynomial of degree below R and E = F Z of degree below 4 R: known on
// all 4R-th roots, being zero where F is not known. Modulo Y^R - κ_c, κ_c the R-th power of the y of coset c, E is what
// interpolates coset c; so on the coset s, where Y^R = σ, it is a sum of those interpolants with weights λ_c(σ). There E / Z = F.
Outcome<bool> solve(const Plan& plan, const std::vector<uint32_t>& used, const std::vector<const uint8_t*>& rows, uint64_t* coefficients) {
  const Geometry geometry = plan.geometry;
  const size_t row_count = geometry.rows(), size = kCellSize * geometry.cells();
  const Outcome<Locator> locator = make_locator(plan.table, geometry, used);
  if (!locator.ok()) return locator.failure();
  const auto fields = bn254::batch::backend("");
  if (!fields.ok()) return fields.failure();
  const Block parts(size);
  if (parts.data() == nullptr) return no_memory(size);
  const Fr shift = shift_element(), sigma = power(shift, row_count);
  const Fr per_row = inverse_var(field::from_u64<bn254::FrParams>(row_count)), per_column = inverse_var(field::from_u64<bn254::FrParams>(geometry.columns()));
  std::memset(coefficients, 0, size);
  for (size_t c = 0; c < kCosets; ++c) {
    const bool any = std::any_of(used.begin(), used.end(), [&](uint32_t g) { return g / row_count == c; });
    if (!any) continue;
    std::memset(parts.data(), 0, size);
    std::vector<Fr> firsts(row_count);
    for (size_t i = 0; i < row_count; ++i) firsts[i] = locator->at_used[row_count * c + i] * per_column;
    for (size_t k = 0; k < used.size(); ++k)
      if (used[k] / row_count == c) std::memcpy(parts.data() + geometry.row_size() * (used[k] % row_count), rows[k], geometry.row_size());
    const Fr down = inverse_var(plan.coset(c));
    const std::vector<uint64_t> twists = ntt::pass_twists(plan.table, firsts, ntt::powers(inverse_var(plan.root), row_count, down), geometry.columns());
    const Fr kappa = power(ntt::root_of_unity(2), y_exponent(geometry, row_count * c));
    const std::vector<uint64_t> post = ntt::pass_factors(
        plan.table, ntt::powers(shift * power(down, geometry.columns()), row_count, per_row * fourth_root_weight(sigma, kappa)));
    ntt::run(plan.table, row_pass(plan, plan.row_roots_inverse, nullptr, parts.words(), parts.words()), row_count);
    ntt::run(plan.table, column_pass(plan, plan.column_roots_inverse, nullptr, post.data(), twists.data(), parts.words(), parts.words()), geometry.columns());
    add(**fields, bn254::batch::Field::fr, coefficients, parts.words(), coefficients, geometry.cells());
  }
  const std::vector<uint64_t> divided = ntt::pass_factors(plan.table, locator->on_shift);
  ntt::run(plan.table, column_pass(plan, plan.column_roots, nullptr, divided.data(), nullptr, coefficients, coefficients), geometry.columns());
  const std::vector<uint64_t> post = ntt::pass_factors(plan.table, ntt::powers(inverse_var(shift), row_count, per_row));
  ntt::run(plan.table, column_pass(plan, plan.column_roots_inverse, nullptr, post.data(), nullptr, coefficients, coefficients), geometry.columns());
  return true;
}

std::string number(uint64_t value) { return std::to_string(value); }

}  // namespace

Outcome<EncodedPtr> recover(const Backends& with, const std::vector<uint32_t>& indices, const std::vector<const uint8_t*>& rows, Geometry geometry,
                            bool keep_coefficients) {
  const size_t wanted = geometry.rows();
  if (indices.size() != rows.size() || indices.size() < wanted)
    return Failure{Status::bad_argument, "rows: expected at least " + number(wanted) + " with their numbers, found " + number(indices.size())};
  std::vector<const uint8_t*> by_number(geometry.rows_encoded(), nullptr);
  for (size_t k = 0; k < indices.size(); ++k) {
    if (indices[k] >= by_number.size())
      return Failure{Status::bad_argument, "rows: expected numbers below " + number(by_number.size()) + ", found " + number(indices[k])};
    if (by_number[indices[k]] != nullptr) return Failure{Status::bad_argument, "rows: row " + number(indices[k]) + " is given twice"};
    by_number[indices[k]] = rows[k];
  }
  Maker maker(with, geometry, keep_coefficients);
  if (!maker.has_memory()) return no_memory(maker.memory_size());
  const auto fields = bn254::batch::backend("");
  if (!fields.ok()) return fields.failure();
  std::vector<uint32_t> used;
  std::vector<const uint8_t*> used_rows;
  std::vector<uint64_t> row(geometry.row_size() / 8);
  for (uint32_t g = 0; g < by_number.size(); ++g) {
    if (by_number[g] == nullptr) continue;
    std::memcpy(row.data(), by_number[g], geometry.row_size());
    const size_t bad = unreduced(**fields, bn254::batch::Field::fr, row.data(), geometry.columns());
    if (bad != geometry.columns()) return Failure{Status::bad_encoding, "row " + number(g) + ": cell " + number(bad) + " is not below the modulus"};
    if (used.size() == wanted) continue;
    used.push_back(g);
    used_rows.push_back(by_number[g]);
  }
  if (used.back() < wanted) {
    for (uint32_t g = 0; g < wanted; ++g) std::memcpy(maker.cells() + geometry.row_size() * g, by_number[g], geometry.row_size());
    maker.invert({});
  } else {
    if (auto done = solve(maker.plan(), used, used_rows, maker.coefficients()); !done.ok()) return done.failure();
    maker.evaluate(0);
  }
  for (size_t c = 1; c < kCosets; ++c) maker.evaluate(c);
  for (uint32_t g = 0; g < by_number.size(); ++g)
    if (by_number[g] != nullptr && std::memcmp(by_number[g], maker.cells() + geometry.row_size() * g, geometry.row_size()) != 0)
      return Failure{Status::bad_encoding, "row " + number(g) + " does not belong to the same blob as the rows before it"};
  return maker.finish();
}

}  // namespace zg::rs_fr
