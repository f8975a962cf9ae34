// Factors of a geometry and of a recovery.
#include "erasure/rs_fr/plan.hpp"

#include <list>
#include <string>

namespace zg::rs_fr {

namespace {

constexpr size_t kPlansMax = 4;  // geometries and backends in use at once; 128 N bytes each

// y_g = g_4R^e, g_4R of order 4 R: every fourth for coset 0, those between for coset 2, and so on.
size_t y_exponent(Geometry geometry, size_t g) {
  constexpr size_t kOffset[kCosets] = {0, 2, 1};
  return 4 * (g % geometry.rows()) + kOffset[g / geometry.rows()];
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

}  // namespace

Plan::Plan(const ntt::Table& with, Geometry shape)
    : table(with),
      geometry(shape),
      root(ntt::root_of_unity(shape.log_rows + shape.log_columns)),
      row_roots(ntt::pass_roots(with, shape.log_columns, power(root, shape.rows()))),
      column_roots(ntt::pass_roots(with, shape.log_rows, power(root, shape.columns()))),
      row_roots_inverse(ntt::pass_roots(with, shape.log_columns, inverse_var(power(root, shape.rows())))),
      column_roots_inverse(ntt::pass_roots(with, shape.log_rows, inverse_var(power(root, shape.columns())))) {}

const CosetFactors& Plan::forward(size_t index) const {
  std::call_once(forward_once_[index], [&] {
    const Fr k = coset(index);
    if (index != 0) forward_[index].weights = ntt::pass_factors(table, ntt::powers(power(k, geometry.columns()), geometry.rows()));
    forward_[index].twists =
        ntt::pass_twists(table, std::vector<Fr>(geometry.rows(), Fr::one()), ntt::powers(root, geometry.rows(), k), geometry.columns());
  });
  return forward_[index];
}

const std::vector<uint64_t>& Plan::inverse_twists() const {
  std::call_once(inverse_once_, [&] {
    const Fr scale = inverse_var(field::from_u64<bn254::FrParams>(geometry.cells()));
    inverse_twists_ =
        ntt::pass_twists(table, std::vector<Fr>(geometry.rows(), scale), ntt::powers(inverse_var(root), geometry.rows()), geometry.columns());
  });
  return inverse_twists_;
}

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

Fr coset_weight(Geometry geometry, size_t coset) {
  const Fr kappa = power(ntt::root_of_unity(2), y_exponent(geometry, geometry.rows() * coset));
  return fourth_root_weight(power(shift_element(), geometry.rows()), kappa);
}

std::vector<uint64_t> device_factors(Geometry geometry) {
  const Plan plan(ntt::scalar, geometry);
  const size_t rows = geometry.rows(), columns = geometry.columns();
  const Fr back = inverse_var(plan.root), scale = inverse_var(field::from_u64<bn254::FrParams>(geometry.cells()));
  std::vector<uint64_t> out;
  const auto put = [&](const std::vector<uint64_t>& factors) { out.insert(out.end(), factors.begin(), factors.end()); };
  const auto put_powers = [&](const Fr& base, size_t count, const Fr& first) {
    put(ntt::pass_factors(ntt::scalar, ntt::powers(base, count, first)));
  };
  put(plan.row_roots);
  put(plan.row_roots_inverse);
  put_powers(plan.root, columns, Fr::one());
  put_powers(back, columns, Fr::one());
  for (size_t coset = 1; coset < kCosets; ++coset) put_powers(plan.coset(coset), columns, Fr::one());
  for (size_t coset = 1; coset < kCosets; ++coset) put_powers(inverse_var(plan.coset(coset)), columns, Fr::one());
  put(plan.column_roots);
  put(plan.column_roots_inverse);
  put_powers(power(plan.root, columns), rows, Fr::one());
  put_powers(power(back, columns), rows, scale);
  for (size_t coset = 1; coset < kCosets; ++coset) put_powers(power(plan.coset(coset), columns), rows, Fr::one());
  return out;
}

Outcome<std::vector<uint64_t>> device_recovery(Geometry geometry, const std::vector<uint32_t>& used) {
  const Outcome<Locator> locator = make_locator(ntt::scalar, geometry, used);
  if (!locator.ok()) return locator.failure();
  const size_t rows = geometry.rows();
  // Rows and columns go back without their 1 / C and 1 / R; the inverse powers of w carry 1 / (R C) once, so R is owed.
  const Fr owed = field::from_u64<bn254::FrParams>(rows), per_row = inverse_var(owed), shift = shift_element();
  std::vector<uint64_t> out;
  const auto put = [&](const std::vector<Fr>& values) {
    const std::vector<uint64_t> factors = ntt::pass_factors(ntt::scalar, values);
    out.insert(out.end(), factors.begin(), factors.end());
  };
  std::vector<Fr> firsts;
  for (const uint32_t g : used) firsts.push_back(locator->at_used[g] * owed);
  put(firsts);
  for (size_t coset = 0; coset < kCosets; ++coset) {
    const Fr k = coset == 0 ? Fr::one() : ntt::root_of_unity(geometry.log_rows + geometry.log_columns + static_cast<unsigned>(coset));
    put(ntt::powers(shift * inverse_var(power(k, geometry.columns())), rows, per_row * coset_weight(geometry, coset)));
  }
  put(locator->on_shift);
  put(ntt::powers(inverse_var(shift), rows, per_row));
  return out;
}

Failure no_memory(size_t size) { return {Status::out_of_capacity, "no memory for " + std::to_string(size) + " bytes"}; }

}  // namespace zg::rs_fr
