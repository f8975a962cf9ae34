#include <algorithm>

#include "sig/bls_bn254/table.hpp"

namespace zg::bls_bn254 {

namespace {

using bn254::G1;
using bn254::G1Affine;
using bn254::G2;
using bn254::G2Affine;

template <class Sum, class Affine>
Affine sum(const std::vector<Affine>& points) {
  Sum total = Sum::infinity();
  for (const Affine& point : points) total = add_var(total, point);
  return to_affine_var(total);
}

// Buckets of equal digits, window after window (Pippenger 1976).
template <class Sum, class Affine>
Affine weighted(const Affine* points, const uint64_t* weights, size_t count) {
  const unsigned width = count < 16 ? 2 : count < 128 ? 4 : count < 1024 ? 6 : 8;
  std::vector<Sum> buckets(size_t{1} << width);
  Sum total = Sum::infinity();
  for (unsigned window = (kWeightBits + width - 1) / width; window-- > 0;) {
    for (unsigned i = 0; i < width; ++i) total = double_var(total);
    std::fill(buckets.begin(), buckets.end(), Sum::infinity());
    const unsigned at = window * width, word = at / 64, shift = at % 64;
    for (size_t i = 0; i < count; ++i) {
      uint64_t bits = weights[2 * i + word] >> shift;
      if (word == 0 && shift != 0) bits |= weights[2 * i + 1] << (64 - shift);
      const size_t digit = static_cast<size_t>(bits) & (buckets.size() - 1);
      if (digit != 0) buckets[digit] = add_var(buckets[digit], points[i]);
    }
    Sum running = Sum::infinity();  // of the buckets from the top, so bucket d is counted d times
    for (size_t digit = buckets.size() - 1; digit > 0; --digit) {
      running = add_var(running, buckets[digit]);
      total = add_var(total, running);
    }
  }
  return to_affine_var(total);
}

template <class Sum, class Affine>
std::vector<Affine> weigh(const std::vector<Affine>& points, const std::vector<uint64_t>& weights, const std::vector<uint32_t>& from) {
  std::vector<Affine> out;
  for (size_t s = 0; s + 1 < from.size(); ++s) out.push_back(weighted<Sum>(points.data() + from[s], weights.data() + 2 * from[s], from[s + 1] - from[s]));
  return out;
}

}  // namespace

const Table scalar = {sum<G1, G1Affine>, sum<G2, G2Affine>, weigh<G1, G1Affine>, weigh<G2, G2Affine>};

}  // namespace zg::bls_bn254
