// Processor features, read once, as named bits.
#pragma once

#include <cstdint>
#include <string>

namespace zg {

enum CpuFeature : uint32_t {
  kCpuAvx2 = 1u << 0,
  kCpuBmi2Adx = 1u << 1,
  kCpuAvx512 = 1u << 2,  // F, BW, DQ and VL together
  kCpuIfma = 1u << 3,
  kCpuVbmi = 1u << 4,
  kCpuGfni = 1u << 5,
  kCpuVnni = 1u << 6,
  kCpuShaNi = 1u << 7,
  kCpuVaes = 1u << 8,
};

// Bits of the features that this processor and operating system offer.
uint32_t cpu_features();

// "avx2 bmi2+adx avx512", in bit order; "none" when empty.
std::string cpu_feature_names(uint32_t features);

}  // namespace zg
