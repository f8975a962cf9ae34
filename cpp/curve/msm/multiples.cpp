// Many ladders in lockstep: each step is one round of additions over all of them.
#include <algorithm>
#include <cstring>

#include "common/parallel.hpp"
#include "curve/msm/api.hpp"
#include "curve/msm/rounds.hpp"

namespace zg::msm {

namespace {

using bn254::G1;

constexpr size_t kTogether = 512;        // ladders of one thread in lockstep
constexpr size_t kTooFew = 24;           // fewer ladders than this share an inversion at a loss: each goes alone, without any
constexpr unsigned kLadderBits = 4;
constexpr unsigned kLadderDigits = 64;   // scalars are below 2^254: no carry leaves the last digit
constexpr unsigned kFixedBits = 12;
constexpr unsigned kFixedWindows = 22;   // 264 bits
constexpr size_t kFixedDigits = size_t{1} << (kFixedBits - 1);

// Digits from -2^(bits - 1) to 2^(bits - 1) - 1, lowest first.
void signed_digits(const uint64_t* scalar, unsigned bits, unsigned count, int* out) {
  int carry = 0;
  const int full = 1 << bits;
  for (unsigned w = 0; w < count; ++w) {
    const unsigned at = bits * w, word = at / 64, shift = at % 64;
    uint64_t low = word < 4 ? scalar[word] >> shift : 0;
    if (shift + bits > 64 && word + 1 < 4) low |= scalar[word + 1] << (64 - shift);
    int digit = static_cast<int>(low & static_cast<uint64_t>(full - 1)) + carry;
    carry = digit >= full / 2 ? 1 : 0;
    out[w] = digit - full * carry;
  }
}

void ladders(Rounds& rounds, G1Affine* points, const uint64_t* scalars, size_t count) {
  constexpr unsigned kMultiples = 1u << (kLadderBits - 1);
  std::vector<G1Affine> table(kMultiples * count), sum(count, G1Affine::infinity());
  std::vector<uint32_t> a(count), b(count), to(count), same(count);
  std::vector<int> digits(kLadderDigits * count);
  unsigned length = 1;  // digits of the longest scalar: weights of 128 bits take half of them
  for (size_t i = 0; i < count; ++i) {
    table[i] = points[i];
    same[i] = static_cast<uint32_t>(i);
    int* own = digits.data() + kLadderDigits * i;
    signed_digits(scalars + 4 * i, kLadderBits, kLadderDigits, own);
    for (unsigned w = length; w < kLadderDigits; ++w)
      if (own[w] != 0) length = w + 1;
  }
  for (unsigned m = 2; m <= kMultiples; ++m) {
    uint64_t* out = words(table.data() + (m - 1) * count);
    if (m % 2 == 0) {
      rounds.twice({words(table.data() + (m / 2 - 1) * count), same.data(), nullptr, nullptr, out, same.data()}, count);
    } else {
      rounds.add({words(table.data() + (m - 2) * count), same.data(), words(table), same.data(), out, same.data()}, count);
    }
  }
  for (unsigned w = length; w-- > 0;) {
    if (w + 1 != length)
      for (unsigned i = 0; i < kLadderBits; ++i) rounds.twice({words(sum), same.data(), nullptr, nullptr, words(sum), same.data()}, count);
    size_t pairs = 0;
    for (size_t i = 0; i < count; ++i) {
      const int digit = digits[kLadderDigits * i + w];
      if (digit == 0) continue;
      a[pairs] = to[pairs] = static_cast<uint32_t>(i);
      b[pairs++] = static_cast<uint32_t>(static_cast<size_t>(std::abs(digit) - 1) * count + i) | (digit < 0 ? kNegate : 0);
    }
    rounds.add({words(sum), a.data(), words(table), b.data(), words(sum), to.data()}, pairs);
  }
  std::copy(sum.begin(), sum.end(), points);
}

}  // namespace

void multiply_each(const Table& table, std::vector<G1Affine>& points, const std::vector<uint64_t>& scalars) {
  if (table.multiply_each != nullptr) return table.multiply_each(words(points), scalars.data(), points.size());
  if (points.size() < kTooFew) {
    for (size_t i = 0; i < points.size(); ++i) {
      const uint64_t* k = scalars.data() + 4 * i;
      points[i] = to_affine_var(multiply_var(points[i], U256(k[0], k[1], k[2], k[3])));
    }
    return;
  }
  parallel_for((points.size() + kTogether - 1) / kTogether, 1, [&](size_t begin, size_t end) {
    Rounds rounds(table);
    for (size_t k = begin; k < end; ++k) {
      const size_t at = k * kTogether;
      ladders(rounds, points.data() + at, scalars.data() + 4 * at, std::min(kTogether, points.size() - at));
    }
  });
}

FixedBase::FixedBase(const Table& table, const G1Affine& base) : table_(table), multiples_(kFixedWindows * kFixedDigits) {
  G1 power = G1::from(base);
  std::vector<G1Affine> starts;
  for (unsigned w = 0; w < kFixedWindows; ++w) {
    starts.push_back(to_affine_var(power));
    for (unsigned i = 0; i < kFixedBits; ++i) power = double_var(power);
  }
  parallel_for(kFixedWindows, 1, [&](size_t begin, size_t end) {
    Rounds rounds(table_);
    std::vector<uint32_t> a(kFixedDigits), b(kFixedDigits), to(kFixedDigits);
    for (size_t w = begin; w < end; ++w) {
      // 1 … m give m + 1 … 2 m by adding m.
      G1Affine* at = multiples_.data() + w * kFixedDigits;
      at[0] = starts[w];
      for (uint32_t m = 1; m < kFixedDigits; m *= 2) {
        for (uint32_t k = 0; k < m; ++k) a[k] = k, b[k] = m - 1, to[k] = m + k;
        rounds.add({words(at), a.data(), words(at), b.data(), words(at), to.data()}, m);
      }
    }
  });
}

void FixedBase::multiply(const uint64_t* scalars, size_t count, G1Affine* out) const {
  parallel_for(count, kBatchMax, [&](size_t begin, size_t end) {
    Rounds rounds(table_);
    std::vector<uint32_t> a, b, to;
    std::vector<int> digits;
    for (size_t from = begin; from < end; from += kBatchMax) {
      const size_t size = std::min(kBatchMax, end - from);
      digits.resize(kFixedWindows * size);
      for (size_t i = 0; i < size; ++i) signed_digits(scalars + 4 * (from + i), kFixedBits, kFixedWindows, digits.data() + kFixedWindows * i);
      std::fill(out + from, out + from + size, G1Affine::infinity());
      for (unsigned w = 0; w < kFixedWindows; ++w) {
        a.clear(), b.clear(), to.clear();
        for (size_t i = 0; i < size; ++i) {
          const int digit = digits[kFixedWindows * i + w];
          if (digit == 0) continue;
          a.push_back(static_cast<uint32_t>(i));
          to.push_back(static_cast<uint32_t>(i));
          b.push_back(static_cast<uint32_t>(w * kFixedDigits + static_cast<size_t>(std::abs(digit)) - 1) | (digit < 0 ? kNegate : 0));
        }
        rounds.add({words(out + from), a.data(), words(multiples_.data()), b.data(), words(out + from), to.data()}, a.size());
      }
    }
  });
}

}  // namespace zg::msm
