// Plans: which shards out of which, by which method, with what constants.
#include <algorithm>
#include <bit>
#include <list>
#include <map>
#include <mutex>
#include <numeric>
#include <string>
#include <tuple>
#include <utility>

#include "erasure/gf65536/api.hpp"

namespace zg::gf65536 {

namespace {

Failure bad(const std::string& message) { return Failure{Status::bad_argument, message}; }

unsigned log_points_for(const std::vector<uint16_t>& sources, const std::vector<uint16_t>& targets) {
  unsigned most = 0;
  for (const auto* numbers : {&sources, &targets})
    for (const uint16_t number : *numbers) most = std::max<unsigned>(most, number);
  return static_cast<unsigned>(std::bit_width(most));
}

std::vector<bool> membership(const std::vector<uint16_t>& numbers, unsigned log_points) {
  std::vector<bool> out(size_t{1} << log_points);
  for (const uint16_t number : numbers) out[number] = true;
  return out;
}

// Row r: the values at targets[r] of the polynomials that are 1 at one source and 0 at the others.
std::vector<uint16_t> coefficients(const std::vector<uint16_t>& sources, const std::vector<uint16_t>& targets) {
  const unsigned log_points = log_points_for(sources, targets);
  const std::vector<bool> given = membership(sources, log_points);
  const std::vector<uint16_t> products = log_products(given);
  const size_t k = sources.size();
  std::vector<uint16_t> matrix(targets.size() * k);
  for (size_t r = 0; r < targets.size(); ++r) {
    const uint16_t target = targets[r];
    for (size_t i = 0; i < k; ++i) {
      const uint16_t source = sources[i];
      if (given[target]) {
        matrix[r * k + i] = source == target ? 1 : 0;
      } else {
        matrix[r * k + i] = power(uint64_t{products[target]} + 2 * kOrder - logarithm(source ^ target) - products[source]);
      }
    }
  }
  return matrix;
}

// Above this many coefficients a plan is never a matrix by itself: the factors would take tens of MiB.
constexpr size_t kAutomaticMatrixMax = size_t{1} << 18;

// Multiply-adds of a matrix that cost as much as the transform, measured; see docs/kernels/gf65536.md.
size_t transform_cost(Plan::Kind kind, size_t sources, unsigned log_points) {
  const unsigned log = kind == Plan::Kind::evaluation ? static_cast<unsigned>(std::bit_width(sources - 1)) : log_points;
  return (kind == Plan::Kind::evaluation ? 1 : 2) * (size_t{1} << log_points) * (log + 1);
}

std::shared_ptr<const Plan> make_plan(const Table& table, const std::vector<uint16_t>& sources, const std::vector<uint16_t>& targets, Method method) {
  auto plan = std::make_shared<Plan>();
  plan->table = &table;
  plan->rows = targets.size();
  plan->columns = sources.size();
  plan->sources = sources;
  plan->targets = targets;
  plan->log_points = log_points_for(sources, targets);
  bool in_order = true;
  for (size_t i = 0; i < sources.size(); ++i) in_order = in_order && sources[i] == i;
  plan->kind = in_order ? Plan::Kind::evaluation : Plan::Kind::erasure;
  const size_t products = plan->rows * plan->columns;
  if (method == Method::automatic) {
    const bool small = products <= kAutomaticMatrixMax && products <= transform_cost(plan->kind, plan->columns, plan->log_points);
    method = table.forward == nullptr || small ? Method::matrix : Method::transform;
  }
  std::vector<uint16_t> factors;
  if (method == Method::matrix) {
    plan->kind = Plan::Kind::matrix;
    factors = coefficients(sources, targets);
  } else {
    plan->steps = steps(table, plan->log_points);
    plan->order.resize(plan->rows);
    std::iota(plan->order.begin(), plan->order.end(), 0u);
    std::stable_sort(plan->order.begin(), plan->order.end(), [&](uint32_t a, uint32_t b) { return targets[a] < targets[b]; });
  }
  if (plan->kind == Plan::Kind::erasure) {
    // The locator is the product over all points that are no sources, so its logarithms are those of all points less the sources'.
    const std::vector<uint16_t> known = log_products(membership(sources, plan->log_points));
    uint64_t all = 0;
    for (size_t i = 1; i < known.size(); ++i) all += logarithm(static_cast<uint16_t>(i));
    all %= kOrder;
    for (const uint16_t source : sources) factors.push_back(power(all + kOrder - known[source]));
    for (const uint16_t target : targets) factors.push_back(power(uint64_t{known[target]} + kOrder - all));
    std::vector<uint32_t> place(known.size(), static_cast<uint32_t>(plan->columns));
    for (size_t i = 0; i < sources.size(); ++i) place[sources[i]] = static_cast<uint32_t>(i);
    for (const uint16_t target : targets) plan->given.push_back(place[target]);
  }
  plan->factors.resize(factors.size() * table.factor_size_bytes);
  if (!factors.empty()) table.expand(factors.data(), factors.size(), plan->factors.data());
  return plan;
}

// The plans used last. A stream that repairs after one dead node asks for the same plan with every block.
class PlanCache {
 public:
  using Key = std::tuple<const Table*, Method, std::vector<uint16_t>, std::vector<uint16_t>>;

  std::shared_ptr<const Plan> get(const Table& table, const std::vector<uint16_t>& sources, const std::vector<uint16_t>& targets, Method method) {
    Key key{&table, method, sources, targets};
    {
      const std::lock_guard lock(mutex_);
      if (const auto found = index_.find(key); found != index_.end()) {
        used_.splice(used_.begin(), used_, found->second);
        return found->second->plan;
      }
    }
    auto made = make_plan(table, sources, targets, method);
    const std::lock_guard lock(mutex_);
    if (index_.contains(key)) return made;  // another thread made it meanwhile
    used_.push_front({std::move(key), made});
    index_.emplace(used_.front().key, used_.begin());
    size_bytes_ += size_bytes(*made);
    while (used_.size() > 1 && (size_bytes_ > kSizeBytesMax || used_.size() > kPlansMax)) {
      size_bytes_ -= size_bytes(*used_.back().plan);
      index_.erase(used_.back().key);
      used_.pop_back();
    }
    return made;
  }

 private:
  struct Entry {
    Key key;
    std::shared_ptr<const Plan> plan;
  };
  static constexpr size_t kSizeBytesMax = size_t{16} << 20, kPlansMax = 256;

  // The numbers are held three times: in the plan, in the list and in the index.
  static size_t size_bytes(const Plan& plan) { return plan.factors.size() + 6 * (plan.rows + plan.columns) + 8 * plan.rows; }

  std::mutex mutex_;
  std::list<Entry> used_;  // most recent first
  std::map<Key, std::list<Entry>::iterator> index_;
  size_t size_bytes_ = 0;
};

Outcome<bool> checked_sources(const std::vector<uint16_t>& sources) {
  if (sources.empty()) return bad("shards: expected at least one to work from, found none");
  std::vector<bool> seen(kShardsMax);
  for (const uint16_t number : sources) {
    if (seen[number]) return bad("shard number: " + std::to_string(number) + " is given twice");
    seen[number] = true;
  }
  return true;
}

bool is_code(size_t data_shards, size_t parity_shards) {
  return data_shards >= 1 && parity_shards >= 1 && data_shards < kShardsMax && parity_shards <= kShardsMax - data_shards;
}

Failure code_fault(size_t data_shards, size_t parity_shards) {
  return bad("shards: expected at least 1 of data and 1 of parity, at most 65536 in all, found " + std::to_string(data_shards) + " and " +
             std::to_string(parity_shards));
}

}  // namespace

Outcome<std::vector<uint16_t>> lagrange(const std::vector<uint16_t>& sources, const std::vector<uint16_t>& targets) {
  if (const auto good = checked_sources(sources); !good.ok()) return good.failure();
  if (targets.size() > kCoefficientsMax / sources.size())
    return bad("coefficients: expected at most " + std::to_string(kCoefficientsMax) + ", found " + std::to_string(sources.size() * targets.size()));
  return coefficients(sources, targets);
}

Outcome<std::shared_ptr<const Plan>> plan(const Table& table, const std::vector<uint16_t>& sources, const std::vector<uint16_t>& targets, Method method) {
  if (const auto good = checked_sources(sources); !good.ok()) return good.failure();
  if (method == Method::transform && table.forward == nullptr) return bad("method: this backend has no transform");
  if ((method == Method::matrix || table.forward == nullptr) && targets.size() > kCoefficientsMax / sources.size())
    return bad("coefficients: expected at most " + std::to_string(kCoefficientsMax) + ", found " + std::to_string(sources.size() * targets.size()));
  static PlanCache cache;
  return cache.get(table, sources, targets, method);
}

Outcome<std::shared_ptr<const Plan>> encoding(const Table& table, size_t data_shards, size_t parity_shards, Method method) {
  if (!is_code(data_shards, parity_shards)) return code_fault(data_shards, parity_shards);
  std::vector<uint16_t> sources(data_shards), targets(parity_shards);
  std::iota(sources.begin(), sources.end(), uint16_t{0});
  std::iota(targets.begin(), targets.end(), static_cast<uint16_t>(data_shards));
  return plan(table, sources, targets, method);
}

Outcome<std::vector<uint16_t>> survivors(size_t data_shards, size_t parity_shards, std::vector<uint16_t> present, const std::vector<uint16_t>& wanted) {
  if (!is_code(data_shards, parity_shards)) return code_fault(data_shards, parity_shards);
  const size_t shards = data_shards + parity_shards;
  for (const auto* numbers : {&std::as_const(present), &wanted}) {
    const std::string name = numbers == &wanted ? "wanted" : "present";
    std::vector<bool> seen(shards);
    for (const uint16_t number : *numbers) {
      if (number >= shards) return bad(name + ": expected shard numbers below " + std::to_string(shards) + ", found " + std::to_string(number));
      if (seen[number]) return bad(name + ": shard " + std::to_string(number) + " is given twice");
      seen[number] = true;
    }
  }
  if (present.size() < data_shards)
    return bad("present: expected at least " + std::to_string(data_shards) + " shards, found " + std::to_string(present.size()));
  present.resize(data_shards);
  return present;
}

Outcome<std::shared_ptr<const Plan>> recovery(const Table& table, size_t data_shards, size_t parity_shards, std::vector<uint16_t> present,
                                              const std::vector<uint16_t>& wanted, Method method) {
  const auto sources = survivors(data_shards, parity_shards, std::move(present), wanted);
  if (!sources.ok()) return sources.failure();
  return plan(table, *sources, wanted, method);
}

}  // namespace zg::gf65536
