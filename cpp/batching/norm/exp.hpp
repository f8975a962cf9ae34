// exp() in plain operations that every backend repeats in this order; relative error below 2e-7 between -87 and 88, outside
// the argument is clamped. For host code and device bodies; the vector text of the same is in lanes.inl.
#pragma once

#include "batching/gemm/half.hpp"
#include "batching/norm/exp_terms.hpp"

namespace zg::batching {

ZG_HD float exp_plain(float x) {
  x = x > kExpLow ? x : kExpLow;
  x = x < kExpHigh ? x : kExpHigh;
  const float power = minus(plus(times(x, kLog2E), kRounder), kRounder);
  float rest = minus(x, times(power, kLn2High));
  rest = minus(rest, times(power, kLn2Low));
  float y = 1.9875691500e-4f;
  y = plus(times(y, rest), 1.3981999507e-3f);
  y = plus(times(y, rest), 8.3334519073e-3f);
  y = plus(times(y, rest), 4.1665795894e-2f);
  y = plus(times(y, rest), 1.6666665459e-1f);
  y = plus(times(y, rest), 5.0000001201e-1f);
  y = plus(plus(times(y, times(rest, rest)), rest), 1.0f);
  return times(y, float_of(static_cast<uint32_t>(static_cast<int32_t>(power) + 127) << 23));
}

}  // namespace zg::batching
