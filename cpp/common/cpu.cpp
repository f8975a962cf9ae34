#include "common/cpu.hpp"

#if defined(__x86_64__)
#include <cpuid.h>
#endif

namespace zg {

namespace {

uint32_t read_features() {
  uint32_t bits = 0;
#if defined(__x86_64__)
  __builtin_cpu_init();
  if (__builtin_cpu_supports("avx2")) bits |= kCpuAvx2;
  // Clang 14 does not know the names adx, sha and vaes: leaf 7, subleaf 0.
  unsigned eax = 0, ebx = 0, ecx = 0, edx = 0;
  if (__get_cpuid_count(7, 0, &eax, &ebx, &ecx, &edx) == 0) ebx = ecx = 0;
  if (__builtin_cpu_supports("bmi") && __builtin_cpu_supports("bmi2") && (ebx >> 19 & 1) != 0) bits |= kCpuBmi2Adx;
  if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512dq") &&
      __builtin_cpu_supports("avx512vl")) {
    bits |= kCpuAvx512;
  }
  if (__builtin_cpu_supports("avx512ifma")) bits |= kCpuIfma;
  if (__builtin_cpu_supports("avx512vbmi")) bits |= kCpuVbmi;
  if (__builtin_cpu_supports("gfni")) bits |= kCpuGfni;
  if (__builtin_cpu_supports("avx512vnni")) bits |= kCpuVnni;
  if ((ebx >> 29 & 1) != 0) bits |= kCpuShaNi;
  if (__builtin_cpu_supports("avx2") && (ecx >> 9 & 1) != 0) bits |= kCpuVaes;
#endif
  return bits;
}

constexpr struct {
  uint32_t bit;
  const char* name;
} kNames[] = {
    {kCpuAvx2, "avx2"}, {kCpuBmi2Adx, "bmi2+adx"}, {kCpuAvx512, "avx512"}, {kCpuIfma, "ifma"},   {kCpuVbmi, "vbmi"},
    {kCpuGfni, "gfni"}, {kCpuVnni, "vnni"},        {kCpuShaNi, "sha-ni"},  {kCpuVaes, "vaes"},
};

}  // namespace

uint32_t cpu_features() {
  static const uint32_t bits = read_features();
  return bits;
}

std::string cpu_feature_names(uint32_t features) {
  std::string out;
  for (const auto& entry : kNames) {
    if (!(features & entry.bit)) continue;
    if (!out.empty()) out += ' ';
    out += entry.name;
  }
  return out.empty() ? "none" : out;
}

}  // namespace zg
