// Division of long numbers: quotient times divisor plus remainder is the numerator, and the remainder is less than the divisor.
// Input: 96 bytes, a numerator of eight words and a divisor of four; what is missing reads as zero.
#include <algorithm>
#include <cstdlib>
#include <cstring>

#include "common/u256.hpp"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace zg;
  uint64_t numerator[8] = {}, quotient[8], words[4] = {};
  std::memcpy(numerator, data, std::min<size_t>(size, 64));
  if (size > 64) std::memcpy(words, data + 64, std::min<size_t>(size - 64, 32));
  const U256 divisor{words[0], words[1], words[2], words[3]};
  U256 remainder;
  divide_wide(numerator, divisor, quotient, remainder);
  if (divisor.is_zero()) {
    if (!remainder.is_zero()) std::abort();
    return 0;
  }
  if (!(remainder < divisor)) std::abort();
  uint64_t sum[12] = {remainder.w[0], remainder.w[1], remainder.w[2], remainder.w[3]};
  for (size_t i = 0; i < 8; ++i) {
    unsigned __int128 carry = 0;
    for (size_t j = 0; i + j < 12; ++j) {
      carry += static_cast<unsigned __int128>(quotient[i]) * (j < 4 ? divisor.w[j] : 0) + sum[i + j];
      sum[i + j] = static_cast<uint64_t>(carry);
      carry >>= 64;
    }
  }
  for (size_t i = 0; i < 12; ++i)
    if (sum[i] != (i < 8 ? numerator[i] : 0)) std::abort();
  const U256 a{numerator[0], numerator[1], numerator[2], numerator[3]}, b{numerator[4], numerator[5], numerator[6], numerator[7]};
  if (add_mod(a, b, divisor) != add_mod(a % divisor, b % divisor, divisor)) std::abort();
  if (mul_mod(a, b, divisor) != mul_mod(b, a % divisor, divisor)) std::abort();
  return 0;
}
