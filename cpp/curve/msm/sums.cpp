// Pippenger's method. A sum is cut into windows of c bits; of one window, points with the same digit go to one bucket; buckets
// are added up as trees, then weighed by running sums that many windows and ranges of buckets take in lockstep.
#include <algorithm>
#include <cstring>

#include "common/parallel.hpp"
#include "curve/msm/api.hpp"
#include "curve/msm/rounds.hpp"

namespace zg::msm {

namespace {

using bn254::G1;

constexpr unsigned kScalarBits = 255;     // 254 and the sign
constexpr unsigned kWindowMax = 15;
constexpr size_t kTileSize = 8192;        // additions of the first round kept together: the points fit the second-level cache
constexpr size_t kLanesWanted = 512;      // running sums in lockstep
constexpr unsigned kRangeLog = 7;         // buckets of one running sum, at most

// Signed digits without carries: (k + Σ_w 2^(c - 1 + c w)) has the unsigned digits digit_w + 2^(c - 1).
struct Windows {
  unsigned bits, count;
  uint64_t offset[6] = {};

  explicit Windows(unsigned c) : bits(c), count((kScalarBits + c - 1) / c) {
    for (unsigned w = 0; w < count; ++w) {
      const unsigned bit = c - 1 + c * w;
      offset[bit / 64] |= uint64_t{1} << (bit % 64);
    }
  }
  size_t buckets() const { return size_t{1} << (bits - 1); }

  int digit(const uint64_t* scalar, unsigned window) const {
    uint64_t sum[6];
    field::Wide carry = 0;
    for (int i = 0; i < 5; ++i) {
      carry += static_cast<field::Wide>(offset[i]) + (i < 4 ? scalar[i] : 0);
      sum[i] = static_cast<uint64_t>(carry);
      carry >>= 64;
    }
    sum[5] = 0;
    const unsigned at = bits * window, word = at / 64, shift = at % 64;
    const uint64_t low = sum[word] >> shift | (shift != 0 ? sum[word + 1] << (64 - shift) : 0);
    return static_cast<int>(low & ((uint64_t{1} << bits) - 1)) - static_cast<int>(uint64_t{1} << (bits - 1));
  }
};

unsigned window_for(size_t count) {
  unsigned best = 2;
  double least = 1e300;
  for (unsigned c = 2; c <= kWindowMax; ++c) {
    const double cost = static_cast<double>((kScalarBits + c - 1) / c) * (static_cast<double>(count) + static_cast<double>(size_t{1} << c) * 0.6);
    if (cost < least) least = cost, best = c;
  }
  return best;
}

// The bucket sums of one window of one sum.
class Buckets {
 public:
  explicit Buckets(Rounds& rounds) : rounds_(rounds) {}

  // put(bucket, point) for each bucket that is not empty.
  template <class Put>
  void run(const Sum& sum, const Windows& windows, unsigned window, const Put& put) {
    const size_t buckets = windows.buckets();
    starts_.assign(buckets + 2, 0);
    digits_.resize(sum.count);
    for (size_t i = 0; i < sum.count; ++i) {
      digits_[i] = windows.digit(sum.scalars + 4 * i, window);
      ++starts_[static_cast<size_t>(std::abs(digits_[i])) + 1];
    }
    // Digit 0 is sorted in front and left there.
    for (size_t d = 0; d <= buckets; ++d) starts_[d + 1] += starts_[d];
    entries_.resize(sum.count);
    next_.assign(starts_.begin(), starts_.end() - 1);
    for (size_t i = 0; i < sum.count; ++i)
      entries_[next_[static_cast<size_t>(std::abs(digits_[i]))]++] = static_cast<uint32_t>(i) | (digits_[i] < 0 ? kNegate : 0);
    for (size_t from = 1; from <= buckets;) {
      size_t to = from + 1;
      while (to <= buckets && starts_[to + 1] - starts_[from] <= 2 * kTileSize) ++to;
      tile(sum.bases, from, to, put);
      from = to;
    }
  }

 private:
  // Digits from … to - 1: neighbours of a bucket are added until one is left.
  template <class Put>
  void tile(const G1Affine* bases, size_t from, size_t to, const Put& put) {
    sizes_.clear();
    for (size_t d = from; d < to; ++d) sizes_.push_back(starts_[d + 1] - starts_[d]);
    const size_t total = starts_[to] - starts_[from];
    if (total == 0) return;
    for (auto& points : points_)
      if (points.size() < total) points.resize(total);
    const uint64_t* in = words(bases);
    order_.assign(entries_.begin() + static_cast<std::ptrdiff_t>(starts_[from]), entries_.begin() + static_cast<std::ptrdiff_t>(starts_[to]));
    const G1Affine* left = nullptr;
    for (int side = 0; left == nullptr; side ^= 1) {
      G1Affine* out = points_[side].data();
      a_.clear(), b_.clear(), to_.clear();
      uint32_t at = 0, made = 0, largest = 0;
      for (uint32_t& size : sizes_) {
        uint32_t k = 0;
        for (; k + 2 <= size; k += 2) {
          a_.push_back(order_[at + k]);
          b_.push_back(order_[at + k + 1]);
          to_.push_back(made++);
        }
        if (k < size) {
          const uint32_t index = order_[at + k];
          std::memcpy(out + made, in + kPointWords * (index & ~kNegate), sizeof *out);
          if (index & kNegate) out[made] = -out[made];
          ++made;
        }
        at += size;
        size = (size + 1) / 2;
        largest = std::max(largest, size);
      }
      rounds_.add({in, a_.data(), in, b_.data(), words(out), to_.data()}, a_.size());
      in = words(out);
      order_.resize(made);
      for (uint32_t i = 0; i < made; ++i) order_[i] = i;
      if (largest <= 1) left = out;
    }
    size_t at = 0;
    for (size_t d = from; d < to; ++d)
      if (sizes_[d - from] != 0) put(d - 1, left[at++]);
  }

  Rounds& rounds_;
  std::vector<uint32_t> starts_, next_, entries_, order_, sizes_, a_, b_, to_;
  std::vector<int> digits_;
  std::vector<G1Affine> points_[2];
};

// Windows first … first + count - 1 of all windows of all sums, sum by sum: Σ digit · bucket of each.
void weigh_windows(Rounds& rounds, const std::vector<Sum>& wanted, size_t sum_first, const Windows& windows, size_t first, size_t count, G1* out) {
  const unsigned range_log = std::min(kRangeLog, windows.bits - 1);
  const size_t length = size_t{1} << range_log, ranges = windows.buckets() / length, lanes = count * ranges;
  std::vector<G1Affine> buckets(length * lanes, G1Affine::infinity());
  Buckets maker(rounds);
  for (size_t k = 0; k < count; ++k) {
    const size_t unit = first + k;
    maker.run(wanted[sum_first + unit / windows.count], windows, static_cast<unsigned>(unit % windows.count), [&](size_t bucket, const G1Affine& point) {
      buckets[(bucket % length) * lanes + k * ranges + bucket / length] = point;
    });
  }
  // running = B_l + … + B_last, total = Σ running: bucket l of a range counts l + 1 times.
  std::vector<G1Affine> running(buckets.end() - static_cast<std::ptrdiff_t>(lanes), buckets.end()), total = running;
  std::vector<uint32_t> same(lanes);
  for (size_t i = 0; i < lanes; ++i) same[i] = static_cast<uint32_t>(i);
  for (size_t l = length - 1; l-- > 0;) {
    rounds.add({words(running), same.data(), words(buckets.data() + l * lanes), same.data(), words(running), same.data()}, lanes);
    rounds.add({words(total), same.data(), words(running), same.data(), words(total), same.data()}, lanes);
  }
  // Range r stands for digits above r · length: its points count r · length times more.
  for (size_t k = 0; k < count; ++k) {
    G1 behind = G1::infinity(), above = G1::infinity(), weighed = G1::infinity();
    for (size_t r = ranges; r-- > 0;) {
      const size_t lane = k * ranges + r;
      weighed = add_var(weighed, total[lane]);
      if (r == 0) break;
      behind = add_var(behind, running[lane]);
      above = add_var(above, behind);
    }
    for (unsigned i = 0; i < range_log; ++i) above = double_var(above);
    out[k] = add_var(weighed, above);
  }
}

// Sums of one length.
void run(const Table& table, const std::vector<Sum>& wanted, size_t first, size_t count, G1Affine* out) {
  const Windows windows(window_for(wanted[first].count));
  const size_t units = count * windows.count;
  const size_t ranges = windows.buckets() >> std::min(kRangeLog, windows.bits - 1);
  const size_t together = std::max<size_t>(1, kLanesWanted / ranges);
  std::vector<G1> parts(units);
  parallel_for((units + together - 1) / together, 1, [&](size_t begin, size_t end) {
    Rounds rounds(table);
    for (size_t k = begin; k < end; ++k) {
      const size_t at = k * together;
      weigh_windows(rounds, wanted, first, windows, at, std::min(together, units - at), parts.data() + at);
    }
  });
  parallel_for(count, 4, [&](size_t begin, size_t end) {
    for (size_t s = begin; s < end; ++s) {
      G1 sum = G1::infinity();
      for (unsigned w = windows.count; w-- > 0;) {
        for (unsigned i = 0; i < windows.bits; ++i) sum = double_var(sum);
        sum = add_var(sum, parts[s * windows.count + w]);
      }
      out[s] = to_affine_var(sum);
    }
  });
}

}  // namespace

std::vector<G1Affine> sums(const Table& table, const std::vector<Sum>& wanted) {
  std::vector<G1Affine> out(wanted.size(), G1Affine::infinity());
  if (table.sums != nullptr) {
    table.sums(wanted.data(), wanted.size(), words(out));
    return out;
  }
  for (size_t first = 0; first < wanted.size();) {
    size_t end = first + 1;
    while (end < wanted.size() && wanted[end].count == wanted[first].count) ++end;
    if (wanted[first].count != 0) run(table, wanted, first, end - first, out.data() + first);
    first = end;
  }
  return out;
}

}  // namespace zg::msm
