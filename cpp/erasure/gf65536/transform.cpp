#include "erasure/gf65536/transform.hpp"

#include <map>
#include <mutex>

#include "erasure/gf65536/field.hpp"

namespace zg::gf65536 {

std::shared_ptr<const Steps> steps(const Table& table, unsigned log_points) {
  static std::mutex mutex;
  static std::map<const Table*, std::shared_ptr<const Steps>> kept;
  const std::lock_guard lock(mutex);
  std::shared_ptr<const Steps>& found = kept[&table];
  if (found != nullptr && found->log_points >= log_points) return found;
  const Constants& of = constants();
  const size_t points = size_t{1} << log_points;
  std::vector<uint16_t> inverses(points);
  for (size_t i = 0; i < points; ++i) inverses[i] = power(kOrder - logarithm(of.weights[i]));
  auto made = std::make_shared<Steps>();
  made->table = &table;
  made->log_points = log_points;
  const auto expand = [&](const std::vector<uint16_t>& from, std::vector<uint8_t>& to) {
    to.resize(points * table.factor_size_bytes);
    table.expand(from.data(), points, to.data());
  };
  expand(of.twiddles, made->twiddles);
  expand(of.weights, made->weights);
  expand(inverses, made->inverse_weights);
  found = made;
  return found;
}

void Transform::forward(uint8_t* rows, unsigned log, size_t base, size_t first, size_t lo, size_t hi) const {
  if (log == 0 || first >= hi || first + (size_t{1} << log) <= lo) return;
  if (log == 1) return table_.forward(rows, rows + width_, width_, steps_.twiddle(base, 0));
  const size_t quarter = size_t{1} << (log - 2);
  table_.forward4(rows, quarter * width_, steps_.twiddle(base, log - 1), steps_.twiddle(base, log - 2), steps_.twiddle(base + 2 * quarter, log - 2));
  for (size_t part = 0; part < 4; ++part)
    forward(rows + part * quarter * width_, log - 2, base + part * quarter, first + part * quarter, lo, hi);
}

void Transform::inverse(uint8_t* rows, unsigned log, size_t base, size_t hi) const {
  if (log == 0 || hi == 0) return;
  if (log == 1) return table_.inverse(rows, rows + width_, width_, steps_.twiddle(base, 0));
  const size_t quarter = size_t{1} << (log - 2);
  for (size_t part = 0; part < 4; ++part) {
    const size_t begin = part * quarter;
    inverse(rows + begin * width_, log - 2, base + begin, hi > begin ? hi - begin : 0);
  }
  table_.inverse4(rows, quarter * width_, steps_.twiddle(base, log - 1), steps_.twiddle(base, log - 2), steps_.twiddle(base + 2 * quarter, log - 2));
}

// The upper half of the coefficients, d1, and the lower, d0, give the lower half of the values by g0 = d0 + w · d1 and the upper
// by g1 = g0 + d1. Of every pair (d0, d1), (g0, g1) two are known, which is enough for the two halves one after the other.
void Transform::inverse_truncated(uint8_t* rows, unsigned log, size_t base, size_t known) const {
  const size_t count = size_t{1} << log, half = count / 2;
  if (known == 0) return;
  if (known == count) return inverse(rows, log, base, count);
  const uint8_t* factor = steps_.twiddle(base, log - 1);
  uint8_t* upper = rows + half * width_;
  if (known >= half) {
    inverse(rows, log - 1, base, half);
    table_.add(rows + known * width_, rows + (known - half) * width_, (count - known) * width_);
    inverse_truncated(upper, log - 1, base + half, known - half);
    table_.inverse(rows, upper, half * width_, factor);
    return;
  }
  if (factor != nullptr) table_.add_scaled(rows + known * width_, upper + known * width_, (half - known) * width_, factor);
  inverse_truncated(rows, log - 1, base, known);
  if (factor != nullptr) table_.add_scaled(rows, upper, half * width_, factor);
}

// X_i' is the sum over the bits j of i of c_j · X_(i - 2^j). With coefficient i weighted by the product of the c_j of its bits
// the constants are all one, and the derivative is sums of runs of rows.
void Transform::add_derivative(uint8_t* rows, unsigned log) const {
  const size_t count = size_t{1} << log, factor_size = table_.factor_size_bytes;
  for (size_t i = 1; i < count; ++i) table_.scale(rows + i * width_, rows + i * width_, width_, steps_.weights.data() + i * factor_size);
  for (size_t i = 1; i < count; ++i) {
    const size_t run = i & (~i + 1);
    table_.add(rows + (i - run) * width_, rows + i * width_, run * width_);
  }
  for (size_t i = 1; i < count; ++i) table_.scale(rows + i * width_, rows + i * width_, width_, steps_.inverse_weights.data() + i * factor_size);
}

}  // namespace zg::gf65536
