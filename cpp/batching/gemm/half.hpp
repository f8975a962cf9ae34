// Floats that are the same on every machine: 16-bit ones as bits, and operations that a compiler may not fuse into others. For host
// code (compiled without contraction) and device bodies.
#pragma once

#include "grid/body.hpp"

namespace zg::batching {

ZG_HD float float_of(uint32_t bits) {
  union {
    uint32_t u;
    float f;
  } both{bits};
  return both.f;
}

ZG_HD uint32_t bits_of(float value) {
  union {
    float f;
    uint32_t u;
  } both{value};
  return both.u;
}

#if defined(__CUDA_ARCH__)
ZG_HD float plus(float a, float b) { return __fadd_rn(a, b); }
ZG_HD float times(float a, float b) { return __fmul_rn(a, b); }
ZG_HD float over(float a, float b) { return __fdiv_rn(a, b); }
ZG_HD float root(float a) { return __fsqrt_rn(a); }
#else
ZG_HD float plus(float a, float b) { return a + b; }
ZG_HD float times(float a, float b) { return a * b; }
ZG_HD float over(float a, float b) { return a / b; }
ZG_HD float root(float a) { return __builtin_sqrtf(a); }
#endif
ZG_HD float minus(float a, float b) { return plus(a, -b); }
ZG_HD float magnitude(float a) { return float_of(bits_of(a) & 0x7fffffffu); }
// Nearest integer, ties to even; |a| below 2^22.
ZG_HD float rounded(float a) { return minus(plus(a, 12582912.0f), 12582912.0f); }

// IEEE half precision, exactly.
ZG_HD float float_of_half(uint16_t half) {
  const uint32_t sign = (half & 0x8000u) << 16, exponent = half >> 10 & 31, mantissa = half & 1023u;
  if (exponent == 31) return float_of(sign | 0x7f800000u | mantissa << 13);
  if (exponent != 0) return float_of(sign | (exponent + 112) << 23 | mantissa << 13);
  const float small = static_cast<float>(mantissa) * 5.9604644775390625e-8f;  // 2^-24
  return sign ? -small : small;
}

ZG_HD float float_of_bf16(uint16_t value) { return float_of(uint32_t{value} << 16); }

// Nearest, ties to even; finite values.
ZG_HD uint16_t bf16_of(float value) {
  const uint32_t bits = bits_of(value);
  return static_cast<uint16_t>((bits + 0x7fffu + (bits >> 16 & 1u)) >> 16);
}

}  // namespace zg::batching
