// Extension and recovery as passes over rows and columns, in the lanes of field/ntt; two tables that differ in those.
//
// Coefficient n C + m of f is entry (n, m) of an R × C matrix, and X(c, i, j)^(n C + m) = (k_c^C w^(C i))^n · (k_c w^i)^m · zeta^(j m)
// with zeta = w^R. So values on a coset are: columns by w^C, weighed by k_c^(C n); twists (k_c w^i)^m; rows by zeta. The inverse
// on coset 0 is rows, twists, columns with the inverse roots.
#include <algorithm>
#include <cstring>

#include "common/block.hpp"
#include "erasure/rs_fr/api.hpp"
#include "erasure/rs_fr/plan.hpp"
#include "field/bn254/api.hpp"

namespace zg::rs_fr {

namespace {

using ntt::Pass;

const uint64_t* data_or_null(const std::vector<uint64_t>& factors) { return factors.empty() ? nullptr : factors.data(); }

Pass row_pass(const Plan& plan, const std::vector<uint64_t>& roots, const uint64_t* twists, const uint64_t* in, uint64_t* out) {
  const size_t columns = plan.geometry.columns();
  return Pass{plan.geometry.log_columns, roots.data(), nullptr, nullptr, twists, 1, columns, in, 1, columns, out, 1, columns};
}

Pass column_pass(const Plan& plan, const std::vector<uint64_t>& roots, const void* pre, const void* post, const uint64_t* twists, const uint64_t* in, uint64_t* out) {
  const size_t columns = plan.geometry.columns();
  return Pass{plan.geometry.log_rows, roots.data(), pre, post, twists, columns, 1, in, columns, 1, out, columns, 1};
}

// From the coefficients to the rows of a coset.
void evaluate_coset(const Plan& p, size_t coset, const uint64_t* coefficients, uint64_t* matrix, const ntt::Around& done) {
  const Geometry& shape = p.geometry;
  const CosetFactors& factors = p.forward(coset);
  uint64_t* rows = matrix + kCellSize / 8 * shape.cells() * coset;
  ntt::run(p.table, column_pass(p, p.column_roots, data_or_null(factors.weights), nullptr, nullptr, coefficients, rows), shape.columns());
  ntt::run(p.table, row_pass(p, p.row_roots, factors.twists.data(), rows, rows), shape.rows(), {},
           [&](size_t first, size_t count) { done(shape.rows() * coset + first, count); });
}

template <const ntt::Table& kTransforms>
void extend(Geometry shape, uint64_t* matrix, uint64_t* coefficients, const ntt::Around& fill, const ntt::Around& done) {
  const std::shared_ptr<const Plan> kept = plan_for(kTransforms, shape);
  const Plan& p = *kept;
  ntt::run(p.table, row_pass(p, p.row_roots_inverse, nullptr, matrix, coefficients), shape.rows(), [&](size_t first, size_t count) {
    if (fill) fill(first, count);
    done(first, count);
  });
  ntt::run(p.table, column_pass(p, p.column_roots_inverse, nullptr, nullptr, p.inverse_twists().data(), coefficients, coefficients), shape.columns());
  for (size_t coset = 1; coset < kCosets; ++coset) evaluate_coset(p, coset, coefficients, matrix, done);
}

template <const ntt::Table& kTransforms>
void evaluate(Geometry shape, uint64_t* coefficients, uint64_t* matrix, const ntt::Around& done) {
  const std::shared_ptr<const Plan> kept = plan_for(kTransforms, shape);
  for (size_t coset = 0; coset < kCosets; ++coset) evaluate_coset(*kept, coset, coefficients, matrix, done);
}

// The coefficients from R rows, any. For each column, F the polynomial of degree below R and E = F Z of degree below 4 R: known on
// all 4R-th roots, being zero where F is not known. Modulo Y^R - κ_c, κ_c the R-th power of the y of coset c, E is what
// interpolates coset c; so on the coset s, where Y^R = σ, it is a sum of those interpolants with weights λ_c(σ). There E / Z = F.
template <const ntt::Table& kTransforms>
Outcome<bool> solve(Geometry geometry, const std::vector<uint32_t>& used, const std::vector<const uint8_t*>& rows, uint64_t* coefficients) {
  const std::shared_ptr<const Plan> kept = plan_for(kTransforms, geometry);
  const Plan& plan = *kept;
  const size_t row_count = geometry.rows(), size = kCellSize * geometry.cells();
  const Outcome<Locator> locator = make_locator(plan.table, geometry, used);
  if (!locator.ok()) return locator.failure();
  const auto fields = bn254::batch::backend("");
  if (!fields.ok()) return fields.failure();
  const Block parts(size);
  if (parts.data() == nullptr) return no_memory(size);
  const Fr shift = shift_element();
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
    const std::vector<uint64_t> post = ntt::pass_factors(
        plan.table, ntt::powers(shift * power(down, geometry.columns()), row_count, per_row * coset_weight(geometry, c)));
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

}  // namespace

const Table scalar = {pack_rows, extend<ntt::scalar>, evaluate<ntt::scalar>, solve<ntt::scalar>};
#if defined(__x86_64__)
const Table avx512 = {pack_rows, extend<ntt::avx512>, evaluate<ntt::avx512>, solve<ntt::avx512>};
#endif

}  // namespace zg::rs_fr
