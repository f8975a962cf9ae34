#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cstring>
#include <list>
#include <map>
#include <mutex>
#include <numeric>
#include <optional>
#include <string>
#include <tuple>
#include <utility>

#include "common/backend.hpp"
#include "common/cpu.hpp"
#include "common/parallel.hpp"
#include "erasure/gf256/api.hpp"

namespace zg::gf256 {

namespace {

struct Logarithms {
  uint8_t log[256], exp[510];
  Logarithms() {
    unsigned power = 1;
    log[0] = 0;  // never asked for
    for (unsigned i = 0; i < 255; ++i) {
      exp[i] = exp[i + 255] = static_cast<uint8_t>(power);
      log[power] = static_cast<uint8_t>(i);
      power = power << 1 ^ (power >> 7) * kPolynomial;
    }
  }
};

const Logarithms& logarithms() {
  static const Logarithms tables;
  return tables;
}

// Row r: the values at targets[r] of the polynomials that are 1 at one source and 0 at the others.
std::vector<uint8_t> lagrange_matrix(const std::vector<uint16_t>& sources, const std::vector<uint16_t>& targets) {
  const Logarithms& t = logarithms();
  const size_t k = sources.size();
  std::vector<unsigned> denominators(k);  // logarithms of the products of differences
  for (size_t i = 0; i < k; ++i) {
    unsigned sum = 0;
    for (size_t j = 0; j < k; ++j)
      if (j != i) sum += t.log[sources[i] ^ sources[j]];
    denominators[i] = sum % 255;
  }
  std::vector<uint8_t> matrix(targets.size() * k);
  for (size_t r = 0; r < targets.size(); ++r) {
    uint8_t* row = matrix.data() + r * k;
    unsigned all = 0;
    size_t same = k;
    for (size_t j = 0; j < k; ++j) {
      if (sources[j] == targets[r]) same = j;
      all += t.log[sources[j] ^ targets[r]];
    }
    if (same != k) {
      row[same] = 1;
      continue;
    }
    all %= 255;
    for (size_t i = 0; i < k; ++i) row[i] = t.exp[(all + 510 - t.log[sources[i] ^ targets[r]] - denominators[i]) % 255];
  }
  return matrix;
}

std::shared_ptr<const Plan> make_plan(const Table& table, const std::vector<uint16_t>& sources, const std::vector<uint16_t>& targets) {
  auto plan = std::make_shared<Plan>();
  plan->table = &table;
  plan->rows = targets.size();
  plan->columns = sources.size();
  plan->matrix = lagrange_matrix(sources, targets);
  plan->expanded.reset(new uint8_t[plan->matrix.size() * table.coefficient_size_bytes + 1]);
  table.expand(plan->matrix.data(), plan->rows, plan->columns, plan->expanded.get());
  return plan;
}

// Two data shards and two parity shards, over a length that ends inside every vector: 3·a + 2·b and 2·a + 3·b follow from the
// definition.
bool self_test(const void* opaque) {
  const Table& table = *static_cast<const Table*>(opaque);
  constexpr size_t kSize = 3 * 64 + 5;
  std::vector<uint8_t> a(kSize), b(kSize), p(kSize), q(kSize);
  for (size_t i = 0; i < kSize; ++i) a[i] = static_cast<uint8_t>(7 * i + 1), b[i] = static_cast<uint8_t>(i * i + 131);
  const auto plan = make_plan(table, {0, 1}, {2, 3});
  const uint8_t* inputs[] = {a.data(), b.data()};
  uint8_t* outputs[] = {p.data(), q.data()};
  table.product(plan->expanded.get(), 2, 2, inputs, outputs, 0, kSize, false);
  for (size_t i = 0; i < kSize; ++i) {
    const uint8_t two_a = multiply(2, a[i]), two_b = multiply(2, b[i]);
    if (p[i] != (two_a ^ a[i] ^ two_b) || q[i] != (two_a ^ two_b ^ b[i])) return false;
  }
  return true;
}

KernelBackends& kernel() {
  static KernelBackends backends("gf256",
                                 {
#if defined(__x86_64__)
                                     {"avx512", kCpuAvx512 | kCpuGfni | kCpuBmi2Adx, &avx512},
                                     {"avx2", kCpuAvx2 | kCpuBmi2Adx, &avx2},
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

// The plans used last. A stream that repairs after one dead node asks for the same plan with every block.
class PlanCache {
 public:
  using Key = std::tuple<const Table*, std::vector<uint16_t>, std::vector<uint16_t>>;

  std::shared_ptr<const Plan> get(const Table& table, const std::vector<uint16_t>& sources, const std::vector<uint16_t>& targets) {
    Key key{&table, sources, targets};
    {
      const std::lock_guard lock(mutex_);
      if (const auto found = index_.find(key); found != index_.end()) {
        used_.splice(used_.begin(), used_, found->second);
        return found->second->plan;
      }
    }
    auto made = make_plan(table, sources, targets);
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
  static constexpr size_t kSizeBytesMax = size_t{4} << 20, kPlansMax = 256;

  static size_t size_bytes(const Plan& plan) { return plan.matrix.size() * (1 + plan.table->coefficient_size_bytes); }

  std::mutex mutex_;
  std::list<Entry> used_;  // most recent first
  std::map<Key, std::list<Entry>::iterator> index_;
  size_t size_bytes_ = 0;
};

// Half of the last-level cache: beyond it results are gone before anyone reads them.
size_t stream_size_bytes() {
  static const size_t size = [] {
    const long found = sysconf(_SC_LEVEL3_CACHE_SIZE);
    return found > 0 ? static_cast<size_t>(found) / 2 : size_t{16} << 20;
  }();
  return size;
}

// Pieces begin on cache lines; one takes about 60 microseconds of a core's vectors.
constexpr size_t kLineSize = 64;
constexpr size_t kGrainWork = size_t{16} << 20;
// What the inputs of one block may take when they are read once for each pass.
constexpr size_t kBlockSizeBytes = size_t{256} << 10;

size_t round_up(size_t size) { return (size + kLineSize - 1) / kLineSize * kLineSize; }

// Calls body(begin, end) for pieces of a shard, on all threads.
template <class Body>
void for_pieces(const Plan& plan, size_t size, const Body& body) {
  const size_t lines = (size + kLineSize - 1) / kLineSize;
  const size_t grain = std::max<size_t>(1, kGrainWork / (kLineSize * std::max<size_t>(1, plan.rows * plan.columns)));
  parallel_for(lines, grain, [&](size_t begin, size_t end) { body(begin * kLineSize, std::min(size, end * kLineSize)); });
}

std::optional<Failure> code_fault(size_t data_shards, size_t parity_shards) {
  if (data_shards >= 1 && parity_shards >= 1 && data_shards < kShardsMax && parity_shards <= kShardsMax - data_shards) return std::nullopt;
  return Failure{Status::bad_argument, "shards: expected at least 1 of data and 1 of parity, at most 256 in all, found " +
                                           std::to_string(data_shards) + " and " + std::to_string(parity_shards)};
}

size_t block_size(const Plan& plan) { return std::max<size_t>(8 * kLineSize, round_up(kBlockSizeBytes / plan.columns)); }

}  // namespace

Outcome<const Table*> backend(std::string_view name) {
  const Outcome<const void*> found = kernel().named(name);
  if (!found.ok()) return found.failure();
  return static_cast<const Table*>(*found);
}

uint8_t multiply(uint8_t a, uint8_t b) {
  const Logarithms& t = logarithms();
  return a == 0 || b == 0 ? uint8_t{0} : t.exp[t.log[a] + t.log[b]];
}

Outcome<std::shared_ptr<const Plan>> plan(const Table& table, const std::vector<uint16_t>& sources, const std::vector<uint16_t>& targets) {
  if (sources.empty()) return Failure{Status::bad_argument, "shards: expected at least one to work from, found none"};
  bool seen[kShardsMax] = {};
  for (const auto* numbers : {&sources, &targets}) {
    for (const uint16_t number : *numbers) {
      if (number >= kShardsMax)
        return Failure{Status::bad_argument, "shard number: expected at most " + std::to_string(kShardsMax - 1) + ", found " + std::to_string(number)};
      if (numbers != &sources) continue;
      if (seen[number]) return Failure{Status::bad_argument, "shard number: " + std::to_string(number) + " is given twice"};
      seen[number] = true;
    }
  }
  static PlanCache cache;
  return cache.get(table, sources, targets);
}

Outcome<std::shared_ptr<const Plan>> encoding(const Table& table, size_t data_shards, size_t parity_shards) {
  if (auto fault = code_fault(data_shards, parity_shards)) return *fault;
  std::vector<uint16_t> sources(data_shards), targets(parity_shards);
  std::iota(sources.begin(), sources.end(), uint16_t{0});
  std::iota(targets.begin(), targets.end(), static_cast<uint16_t>(data_shards));
  return plan(table, sources, targets);
}

Outcome<std::shared_ptr<const Plan>> recovery(const Table& table, size_t data_shards, size_t parity_shards, std::vector<uint16_t> present,
                                              const std::vector<uint16_t>& wanted) {
  if (auto fault = code_fault(data_shards, parity_shards)) return *fault;
  const size_t shards = data_shards + parity_shards;
  for (const auto* numbers : {&std::as_const(present), &wanted}) {
    bool seen[kShardsMax] = {};
    for (const uint16_t number : *numbers) {
      const char* name = numbers == &wanted ? "wanted" : "present";
      if (number >= shards)
        return Failure{Status::bad_argument, std::string(name) + ": expected shard numbers below " + std::to_string(shards) + ", found " + std::to_string(number)};
      if (seen[number]) return Failure{Status::bad_argument, std::string(name) + ": shard " + std::to_string(number) + " is given twice"};
      seen[number] = true;
    }
  }
  if (present.size() < data_shards)
    return Failure{Status::bad_argument, "present: expected at least " + std::to_string(data_shards) + " shards, found " + std::to_string(present.size())};
  present.resize(data_shards);
  return plan(table, present, wanted);
}

void apply(const Plan& plan, const uint8_t* const* inputs, uint8_t* const* outputs, size_t size) {
  const bool stream = (plan.rows + plan.columns) * size > stream_size_bytes();
  const bool one_pass = plan.rows <= plan.table->rows_a_pass && plan.table->rows_a_pass > 1;
  // Shards a power of two apart fall on the same few cache lines. When a block is read often, a copy without that pays.
  const bool gather = plan.rows > 3 * plan.table->rows_a_pass && plan.columns > 8;
  for_pieces(plan, size, [&](size_t begin, size_t end) {
    const size_t block = one_pass ? end - begin : std::min(round_up(end - begin), block_size(plan));
    if (!gather) {
      for (size_t at = begin; at < end; at += block)
        plan.table->product(plan.expanded.get(), plan.rows, plan.columns, inputs, outputs, at, std::min(end, at + block), stream);
      return;
    }
    const size_t pitch = block + kLineSize;
    std::vector<uint8_t> scratch(plan.columns * pitch + kLineSize);
    uint8_t* first = scratch.data() + (kLineSize - reinterpret_cast<uintptr_t>(scratch.data()) % kLineSize) % kLineSize;
    std::vector<const uint8_t*> from(plan.columns);
    std::vector<uint8_t*> to(plan.rows);
    for (size_t c = 0; c < plan.columns; ++c) from[c] = first + c * pitch;
    for (size_t at = begin; at < end; at += block) {
      const size_t count = std::min(end - at, block);
      for (size_t c = 0; c < plan.columns; ++c) std::memcpy(first + c * pitch, inputs[c] + at, count);
      for (size_t r = 0; r < plan.rows; ++r) to[r] = outputs[r] + at;
      plan.table->product(plan.expanded.get(), plan.rows, plan.columns, from.data(), to.data(), 0, count, stream);
    }
  });
}

bool agrees(const Plan& plan, const uint8_t* const* inputs, const uint8_t* const* found, size_t size) {
  std::atomic<bool> good{true};
  for_pieces(plan, size, [&](size_t begin, size_t end) {
    const size_t block = std::min(round_up(end - begin), block_size(plan));
    std::vector<uint8_t> scratch(plan.rows * block);
    std::vector<const uint8_t*> from(plan.columns);
    std::vector<uint8_t*> to(plan.rows);
    for (size_t r = 0; r < plan.rows; ++r) to[r] = scratch.data() + r * block;
    for (size_t at = begin; at < end && good.load(std::memory_order_relaxed); at += block) {
      const size_t count = std::min(end - at, block);
      for (size_t c = 0; c < plan.columns; ++c) from[c] = inputs[c] + at;
      plan.table->product(plan.expanded.get(), plan.rows, plan.columns, from.data(), to.data(), 0, count, false);
      for (size_t r = 0; r < plan.rows; ++r)
        if (std::memcmp(to[r], found[r] + at, count) != 0) good.store(false, std::memory_order_relaxed);
    }
  });
  return good.load();
}

}  // namespace zg::gf256
