#include <algorithm>
#include <cstring>
#include <list>
#include <mutex>
#include <string>

#include "common/backend.hpp"
#include "common/block.hpp"
#include "common/cpu.hpp"
#include "common/parallel.hpp"
#include "field/ntt/api.hpp"

namespace zg::ntt {

namespace {

using bn254::Fr;

Fr power(const Fr& base, uint64_t exponent) { return field::power_var(base, &exponent, 1); }

// The transform of (1, 2, 3, 4, 5, 6, 7, 8) by its definition, through strides that the lanes like and through others.
bool self_test(const void* opaque) {
  const Table& table = *static_cast<const Table*>(opaque);
  constexpr size_t kSize = 8, kVectors = 9;
  uint64_t values[kVectors * kSize * kElementWords] = {};
  for (size_t v = 0; v < kVectors; ++v)
    for (size_t k = 0; k < kSize; ++k) values[kElementWords * (kSize * v + k)] = (v + 1) * (k + 1);
  if (!transform(table, values, kVectors, 3, Direction::forward, nullptr).ok()) return false;
  const Fr root = root_of_unity(3);
  for (size_t v = 0; v < kVectors; ++v) {
    for (size_t i = 0; i < kSize; ++i) {
      Fr sum = Fr::zero();
      for (size_t k = 0; k < kSize; ++k) sum = sum + field::from_u64<bn254::FrParams>((v + 1) * (k + 1)) * power(root, i * k);
      uint64_t words[4];
      field::from_mont(sum, words);
      if (std::memcmp(words, values + kElementWords * (kSize * v + i), sizeof words) != 0) return false;
    }
  }
  return true;
}

KernelBackends& kernel() {
  static KernelBackends backends("ntt",
                                 {
#if defined(__x86_64__)
                                     {"avx512", kCpuAvx512 | kCpuIfma | kCpuBmi2Adx, &avx512},
#endif
                                     {"scalar", 0, &scalar},
#if defined(ZG_EMU)
                                     {"emu", 0, &emu},
#endif
                                 },
                                 self_test);
  return backends;
}

[[maybe_unused]] KernelBackends& g_registered = kernel();

// Everything a transform of one size, direction and coset needs.
struct Plan {
  const Table* table;
  unsigned log_size;
  Direction direction;
  Fr shift;
  bool matrix;
  unsigned log_rows = 0, log_columns = 0;            // of the matrix; rows are what the first pass transforms along
  std::vector<uint64_t> roots, pre, post;            // of the only pass, or of the first pass; post belongs to the last pass
  std::vector<uint64_t> row_roots, twists;           // of the second pass

  size_t size_bytes() const { return 8 * (roots.size() + pre.size() + post.size() + row_roots.size() + twists.size()); }
};

const uint64_t* data_or_null(const std::vector<uint64_t>& values) { return values.empty() ? nullptr : values.data(); }

// Element a · columns + b goes to i + rows · j: columns by root^columns, factors root^(i b), rows by root^rows. On a coset the
// input is weighed by shift^(a · columns) and shift^b, the output of the inverse by shift^-(i + rows · j) / n.
std::shared_ptr<const Plan> make_plan(const Table& table, unsigned log_size, Direction direction, const Fr& shift, bool matrix) {
  auto plan = std::make_shared<Plan>(Plan{&table, log_size, direction, shift, matrix, 0, 0, {}, {}, {}, {}, {}});
  const bool inverse = direction == Direction::inverse, coset = shift != Fr::one();
  const Fr root = inverse ? inverse_var(root_of_unity(log_size)) : root_of_unity(log_size);
  const Fr weight = inverse && coset ? inverse_var(shift) : shift;
  const Fr scale = inverse ? inverse_var(field::from_u64<bn254::FrParams>(uint64_t{1} << log_size)) : Fr::one();
  const size_t n = size_t{1} << log_size;
  if (!matrix) {
    plan->roots = pass_roots(table, log_size, root);
    if (inverse) plan->post = pass_factors(table, powers(weight, n, scale));
    if (!inverse && coset) plan->pre = pass_factors(table, powers(weight, n));
    return plan;
  }
  plan->log_rows = (log_size + 1) / 2;
  plan->log_columns = log_size - plan->log_rows;
  const size_t rows = size_t{1} << plan->log_rows, columns = size_t{1} << plan->log_columns;
  plan->roots = pass_roots(table, plan->log_rows, power(root, columns));
  plan->row_roots = pass_roots(table, plan->log_columns, power(root, rows));
  if (coset && !inverse) {
    plan->pre = pass_factors(table, powers(power(weight, columns), rows));
    plan->twists = pass_twists(table, std::vector<Fr>(rows, scale), powers(root, rows, weight), columns);
  } else {
    plan->twists = pass_twists(table, powers(inverse ? weight : Fr::one(), rows, scale), powers(root, rows), columns);
    if (coset) plan->post = pass_factors(table, powers(power(weight, rows), columns));
  }
  return plan;
}

// The plans used last, as many as fit.
class PlanCache {
 public:
  std::shared_ptr<const Plan> get(const Table& table, unsigned log_size, Direction direction, const Fr& shift, bool matrix) {
    {
      std::lock_guard lock(mutex_);
      for (auto at = plans_.begin(); at != plans_.end(); ++at) {
        const Plan& plan = **at;
        if (plan.table != &table || plan.log_size != log_size || plan.direction != direction || plan.matrix != matrix || plan.shift != shift) continue;
        plans_.splice(plans_.begin(), plans_, at);
        return plans_.front();
      }
    }
    auto plan = make_plan(table, log_size, direction, shift, matrix);
    std::lock_guard lock(mutex_);
    size_bytes_ += plan->size_bytes();
    plans_.push_front(plan);
    while (size_bytes_ > kPlansSizeBytesMax) {
      size_bytes_ -= plans_.back()->size_bytes();
      plans_.pop_back();
    }
    return plan;
  }

 private:
  std::mutex mutex_;
  std::list<std::shared_ptr<const Plan>> plans_;
  size_t size_bytes_ = 0;
};

// Vectors shorter than this are never cut; those of one pass are cut when there are too few for the lanes.
constexpr unsigned kCutLogMin = 6;
constexpr size_t kWholeCountMin = 4;
// About 50 microseconds of one core, in butterflies.
constexpr size_t kGrainButterflies = 10'000;

}  // namespace

Outcome<const Table*> backend(std::string_view name) {
  const Outcome<const void*> found = kernel().named(name);
  if (!found.ok()) return found.failure();
  return static_cast<const Table*>(*found);
}

Fr root_of_unity(unsigned log_size) {
  Fr root = Fr::from_limbs(bn254::kFrRoot);
  for (unsigned i = log_size; i < bn254::kFrTwoAdicity; ++i) root = square(root);
  return root;
}

std::vector<uint64_t> pass_factors(const Table& table, const std::vector<Fr>& values) {
  std::vector<uint64_t> out(values.size() * table.factor_size_bytes / 8);
  table.factors(values.data()->l, values.size(), out.data());
  return out;
}

std::vector<uint64_t> pass_roots(const Table& table, unsigned log_size, const Fr& root) {
  const size_t n = size_t{1} << log_size;
  std::vector<Fr> values(n, Fr::one());
  Fr step = root;  // of the last layer; squares of it before
  for (size_t half = n / 2; half >= 1; half /= 2) {
    for (size_t j = 1; j < half; ++j) values[half + j] = values[half + j - 1] * step;
    step = square(step);
  }
  return pass_factors(table, values);
}

std::vector<Fr> powers(const Fr& base, size_t count, Fr first) {
  std::vector<Fr> out(count);
  for (Fr& value : out) {
    value = first;
    first = first * base;
  }
  return out;
}

std::vector<uint64_t> pass_twists(const Table& table, const std::vector<Fr>& firsts, const std::vector<Fr>& steps, size_t columns) {
  std::vector<uint64_t> out(kElementWords * firsts.size() * columns);
  parallel_for(firsts.size(), 4, [&](size_t begin, size_t end) {
    for (size_t i = begin; i < end; ++i) {
      const std::vector<Fr> row = powers(steps[i], columns, firsts[i]);
      table.twists(row.data()->l, columns, out.data() + kElementWords * columns * i);
    }
  });
  return out;
}

Scratch::Scratch(const Table& table, unsigned log_size) : memory_(new uint8_t[(table.scratch_size_bytes << log_size) + 64]) {
  aligned_ = memory_.get() + (64 - reinterpret_cast<uintptr_t>(memory_.get()) % 64) % 64;
}

void run(const Table& table, const Pass& pass, size_t count, const Around& before, const Around& after) {
  const size_t groups = (count + table.lanes - 1) / table.lanes;
  const size_t butterflies = std::max<size_t>(1, (table.lanes * pass.log_size) << pass.log_size >> 1);
  parallel_for(groups, std::max<size_t>(1, kGrainButterflies / butterflies), [&](size_t begin, size_t end) {
    const Scratch scratch(table, pass.log_size);
    for (size_t group = begin; group < end; ++group) {
      const size_t first = group * table.lanes, vectors = std::min(table.lanes, count - first);
      if (before) before(first, vectors);
      table.pass(pass, first, vectors, scratch.data());
      if (after) after(first, vectors);
    }
  });
}

Outcome<bool> transform(const Table& table, uint64_t* values, size_t count, unsigned log_size, Direction direction, const Fr* shift) {
  if (log_size > kLogMax)
    return Failure{Status::bad_argument, "size: expected at most 2^" + std::to_string(kLogMax) + " elements, found 2^" + std::to_string(log_size)};
  if (shift != nullptr && shift->is_zero()) return Failure{Status::bad_argument, "shift: expected an element that is not zero"};
  if (count == 0 || log_size == 0) return true;
  static PlanCache cache;
  const bool matrix = log_size > kPassLogMax || (log_size >= kCutLogMin && count < kWholeCountMin);
  const auto plan = cache.get(table, log_size, direction, shift == nullptr ? Fr::one() : *shift, matrix);
  const size_t n = size_t{1} << log_size;
  if (!matrix) {
    run(table, Pass{log_size, plan->roots.data(), data_or_null(plan->pre), data_or_null(plan->post), nullptr, 0, 0, values, 1, n, values, 1, n}, count);
    return true;
  }
  const size_t rows = size_t{1} << plan->log_rows, columns = size_t{1} << plan->log_columns;
  const Block copy(8 * kElementWords * n);
  if (copy.data() == nullptr) return Failure{Status::out_of_capacity, "no memory for a copy of " + std::to_string(8 * kElementWords * n) + " bytes"};
  for (size_t i = 0; i < count; ++i) {
    uint64_t* vector = values + kElementWords * n * i;
    run(table, Pass{plan->log_rows, plan->roots.data(), data_or_null(plan->pre), nullptr, nullptr, 0, 0, vector, columns, 1, copy.words(), columns, 1}, columns);
    run(table,
        Pass{plan->log_columns, plan->row_roots.data(), nullptr, data_or_null(plan->post), plan->twists.data(), 1, columns, copy.words(), 1, columns,
             vector, rows, 1},
        rows);
  }
  return true;
}

}  // namespace zg::ntt
