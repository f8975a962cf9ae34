#include <algorithm>
#include <atomic>
#include <bit>
#include <cstring>

#include "common/backend.hpp"
#include "common/block.hpp"
#include "common/cpu.hpp"
#include "common/parallel.hpp"
#include "erasure/gf65536/api.hpp"

namespace zg::gf65536 {

namespace {

// Two data shards and two parity shards, over a length that ends inside every vector: 3·a + 2·b and 2·a + 3·b follow from the
// definition. Then a row through the transform's butterflies and back.
bool self_test(const void* opaque) {
  const Table& table = *static_cast<const Table*>(opaque);
  constexpr size_t kSize = 3 * 128 + 6;
  std::vector<uint8_t> a(kSize), b(kSize), p(kSize), q(kSize);
  for (size_t i = 0; i < kSize; ++i) a[i] = static_cast<uint8_t>(7 * i + 1), b[i] = static_cast<uint8_t>(i * i + 131);
  const uint16_t matrix[] = {3, 2, 2, 3};
  std::vector<uint8_t> factors(4 * table.factor_size_bytes);
  table.expand(matrix, 4, factors.data());
  const uint8_t* inputs[] = {a.data(), b.data()};
  uint8_t* outputs[] = {p.data(), q.data()};
  table.product(factors.data(), 2, 2, inputs, outputs, 0, kSize);
  const auto word = [](const std::vector<uint8_t>& from, size_t at) { return static_cast<uint16_t>(from[at] | from[at + 1] << 8); };
  for (size_t i = 0; i < kSize; i += 2) {
    const uint16_t two_a = multiply(2, word(a, i)), two_b = multiply(2, word(b, i));
    if (word(p, i) != (two_a ^ word(a, i) ^ two_b) || word(q, i) != (two_a ^ two_b ^ word(b, i))) return false;
  }
  if (table.forward == nullptr) return true;
  alignas(64) uint8_t x[kRowUnit], y[kRowUnit];
  table.split(x, a.data(), kRowUnit);
  table.split(y, b.data(), kRowUnit);
  table.forward(x, y, kRowUnit, factors.data() + table.factor_size_bytes);
  table.join(x, x, kRowUnit);
  for (size_t i = 0; i < kRowUnit; i += 2)
    if ((x[i] | x[i + 1] << 8) != (word(a, i) ^ multiply(2, word(b, i)))) return false;
  return true;
}

KernelBackends& kernel() {
  static KernelBackends backends("gf65536",
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

constexpr size_t round_up(size_t size, size_t unit) { return (size + unit - 1) / unit * unit; }

// What the rows of a column block may take, so that they stay in the second-level cache.
constexpr size_t kScratchSizeBytes = size_t{512} << 10;
constexpr size_t kWidthMin = 256, kWidthMax = 1024;
// Bytes multiplied in about 50 microseconds.
constexpr size_t kGrainWork = size_t{1} << 20;

// Where a piece's results go: into the outputs, or against what was found there.
struct Sink {
  uint8_t* const* outputs;
  const uint8_t* const* found;
  std::atomic<bool>* good;

  bool wanted() const { return good == nullptr || good->load(std::memory_order_relaxed); }
  void compare(size_t row, size_t at, const uint8_t* made, size_t count) const {
    if (std::memcmp(found[row] + at, made, count) != 0) good->store(false, std::memory_order_relaxed);
  }
};

// A matrix product over a piece, in blocks whose inputs stay in cache while all rows are made.
bool multiply_piece(const Plan& plan, const uint8_t* const* inputs, const Sink& sink, size_t begin, size_t end) {
  const size_t block = std::max<size_t>(512, kScratchSizeBytes / 2 / plan.columns / kRowUnit * kRowUnit);
  if (sink.found == nullptr) {
    for (size_t at = begin; at < end; at += block)
      plan.table->product(plan.factors.data(), plan.rows, plan.columns, inputs, sink.outputs, at, std::min(end, at + block));
    return true;
  }
  const size_t widest = std::min(block, end - begin);
  const Block scratch(plan.rows * widest + 1);
  if (scratch.data() == nullptr) return false;
  std::vector<const uint8_t*> from(plan.columns);
  std::vector<uint8_t*> to(plan.rows);
  for (size_t r = 0; r < plan.rows; ++r) to[r] = scratch.data() + r * widest;
  for (size_t at = begin; at < end && sink.wanted(); at += block) {
    const size_t count = std::min(block, end - at);
    for (size_t c = 0; c < plan.columns; ++c) from[c] = inputs[c] + at;
    plan.table->product(plan.factors.data(), plan.rows, plan.columns, from.data(), to.data(), 0, count);
    for (size_t r = 0; r < plan.rows; ++r) sink.compare(r, at, to[r], count);
  }
  return true;
}

// One column block of all shards through the transform.
class Column {
 public:
  Column(const Plan& plan, uint8_t* rows, size_t width) : plan_(plan), table_(*plan.table), rows_(rows), full_width_(width) {}

  // Rows of scratch that a plan takes: its own and two to pass through.
  static size_t rows(const Plan& plan) {
    if (plan.kind == Plan::Kind::erasure) return (size_t{1} << plan.log_points) + 2;
    const unsigned log = coefficient_log(plan);
    const bool one_block = plan.targets[plan.order.front()] >> log == plan.targets[plan.order.back()] >> log;
    return ((one_block ? size_t{1} : size_t{2}) << log) + 2;
  }
  static unsigned coefficient_log(const Plan& plan) { return static_cast<unsigned>(std::bit_width(plan.columns - 1)); }

  void run(const uint8_t* const* inputs, const Sink& sink, size_t at, size_t count) {
    at_ = at, count_ = count, width_ = round_up(count, kRowUnit);
    passing_ = rows_ + (rows(plan_) - 2) * full_width_;
    const Transform transform(*plan_.steps, width_);
    if (plan_.kind == Plan::Kind::evaluation) {
      evaluate(transform, inputs, sink);
    } else {
      fill_erasures(transform, inputs, sink);
    }
  }

 private:
  void load(uint8_t* row, const uint8_t* shard) {
    if (count_ == width_) return table_.split(row, shard + at_, width_);
    std::memcpy(passing_, shard + at_, count_);
    std::memset(passing_ + count_, 0, width_ - count_);
    table_.split(row, passing_, width_);
  }

  void store(const Sink& sink, size_t row, const uint8_t* from) {
    if (sink.found == nullptr && count_ == width_) return table_.join(sink.outputs[row] + at_, from, width_);
    table_.join(passing_, from, width_);
    if (sink.found == nullptr) {
      std::memcpy(sink.outputs[row] + at_, passing_, count_);
    } else {
      sink.compare(row, at_, passing_, count_);
    }
  }

  void evaluate(const Transform& transform, const uint8_t* const* inputs, const Sink& sink) {
    const unsigned log = coefficient_log(plan_);
    const size_t count = size_t{1} << log, k = plan_.columns;
    for (size_t i = 0; i < k; ++i) load(rows_ + i * width_, inputs[i]);
    std::memset(rows_ + k * width_, 0, (count - k) * width_);
    transform.inverse_truncated(rows_, log, 0, k);
    for (size_t i = 0; i < plan_.rows;) {
      const auto block_of = [&](size_t index) { return size_t{plan_.targets[plan_.order[index]]} >> log; };
      const size_t block = block_of(i);
      size_t end = i;
      while (end < plan_.rows && block_of(end) == block) ++end;
      const auto place = [&](size_t index) { return plan_.targets[plan_.order[index]] & (count - 1); };
      // The coefficients are needed once for each block; the last one may have them.
      uint8_t* values = end == plan_.rows ? rows_ : rows_ + count * width_;
      if (values != rows_) std::memcpy(values, rows_, count * width_);
      transform.forward(values, log, block << log, place(i), place(end - 1) + 1);
      for (; i < end; ++i) store(sink, plan_.order[i], values + place(i) * width_);
    }
  }

  // The product of the polynomial and the locator of all other points is known everywhere; at those points its derivative is
  // the polynomial's value times the locator's derivative.
  void fill_erasures(const Transform& transform, const uint8_t* const* inputs, const Sink& sink) {
    const size_t points = size_t{1} << plan_.log_points, factor_size = table_.factor_size_bytes;
    std::memset(rows_, 0, points * width_);
    size_t hi = 0;
    for (size_t i = 0; i < plan_.columns; ++i) {
      uint8_t* row = rows_ + plan_.sources[i] * width_;
      load(row, inputs[i]);
      table_.scale(row, row, width_, plan_.factors.data() + i * factor_size);
      hi = std::max<size_t>(hi, plan_.sources[i] + size_t{1});
    }
    transform.inverse(rows_, plan_.log_points, 0, hi);
    transform.add_derivative(rows_, plan_.log_points);
    transform.forward(rows_, plan_.log_points, 0, plan_.targets[plan_.order.front()], plan_.targets[plan_.order.back()] + size_t{1});
    uint8_t* scaled = passing_ + full_width_;
    for (const uint32_t r : plan_.order) {
      if (plan_.given[r] < plan_.columns) {
        load(scaled, inputs[plan_.given[r]]);
      } else {
        table_.scale(scaled, rows_ + plan_.targets[r] * width_, width_, plan_.factors.data() + (plan_.columns + r) * factor_size);
      }
      store(sink, r, scaled);
    }
  }

  const Plan& plan_;
  const Table& table_;
  uint8_t *rows_, *passing_ = nullptr;
  size_t full_width_, width_ = 0, at_ = 0, count_ = 0;
};

Outcome<bool> run(const Plan& plan, const uint8_t* const* inputs, const Sink& sink, size_t size) {
  if (size % 2 != 0) return Failure{Status::bad_argument, "shards: expected whole 16-bit words, found " + std::to_string(size) + " bytes"};
  if (plan.rows == 0 || size == 0) return true;
  std::atomic<bool> enough{true};
  if (plan.kind == Plan::Kind::matrix) {
    const size_t units = round_up(size, kRowUnit) / kRowUnit;
    const size_t grain = std::max<size_t>(1, kGrainWork / kRowUnit / (plan.rows * plan.columns));
    parallel_for(units, grain, [&](size_t begin, size_t end) {
      if (!multiply_piece(plan, inputs, sink, begin * kRowUnit, std::min(size, end * kRowUnit))) enough.store(false);
    });
  } else {
    const size_t rows = Column::rows(plan);
    const size_t width = std::min(round_up(size, kRowUnit), std::clamp(round_up(kScratchSizeBytes / rows, kRowUnit), kWidthMin, kWidthMax));
    const size_t columns = round_up(size, width) / width;
    const size_t grain = std::max<size_t>(1, kGrainWork / (rows * width * (plan.log_points + 1)));
    parallel_for(columns, grain, [&](size_t begin, size_t end) {
      const Block scratch(rows * width);
      if (scratch.data() == nullptr) return enough.store(false);
      Column column(plan, scratch.data(), width);
      for (size_t i = begin; i < end && sink.wanted(); ++i) column.run(inputs, sink, i * width, std::min(width, size - i * width));
    });
  }
  if (!enough.load()) return Failure{Status::out_of_capacity, "shards: no memory for the rows of a transform"};
  return true;
}

}  // namespace

Outcome<const Table*> backend(std::string_view name) {
  const Outcome<const void*> found = kernel().named(name);
  if (!found.ok()) return found.failure();
  return static_cast<const Table*>(*found);
}

Outcome<bool> apply(const Plan& plan, const uint8_t* const* inputs, uint8_t* const* outputs, size_t size) {
  return run(plan, inputs, Sink{outputs, nullptr, nullptr}, size);
}

Outcome<bool> agrees(const Plan& plan, const uint8_t* const* inputs, const uint8_t* const* found, size_t size) {
  std::atomic<bool> good{true};
  const Outcome<bool> done = run(plan, inputs, Sink{nullptr, found, &good}, size);
  if (!done.ok()) return done.failure();
  return good.load();
}

}  // namespace zg::gf65536
