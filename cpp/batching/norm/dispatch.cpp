#include <cstring>

#include "batching/norm/api.hpp"
#include "common/backend.hpp"
#include "common/cpu.hpp"

namespace zg::batching {

namespace {

// One row of 64 through every operation, against the definition.
bool self_test(const void* opaque) {
  const NormTable& table = *static_cast<const NormTable*>(opaque);
  constexpr size_t kWidth = 64;
  float outs[2][6][kWidth];
  const NormTable* tables[] = {&table, &scalar_norm};
  for (size_t which = 0; which < 2; ++which) {
    const NormTable& t = *tables[which];
    float x[kWidth], weight[kWidth], bias[kWidth];
    for (size_t i = 0; i < kWidth; ++i) {
      x[i] = static_cast<float>(static_cast<int>(i * 37 % 64) - 32) / 7.0f;
      weight[i] = static_cast<float>(i % 5) - 1.7f;
      bias[i] = static_cast<float>(i % 3) * 0.3f;
    }
    auto& out = outs[which];
    t.rms_norm(x, weight, 1e-5f, kWidth, out[0]);
    t.layer_norm(x, weight, bias, 1e-12f, kWidth, out[1]);
    for (size_t k = 2; k < 6; ++k) std::memcpy(out[k], x, sizeof x);
    t.swiglu(out[2], weight, kWidth);
    t.gelu(out[3], kWidth);
    t.rope(out[4], 2, 32, weight, 16, false);
    t.rope(out[5], 1, 64, bias, 32, true);
    t.add(out[5], x, kWidth);
  }
  return std::memcmp(outs[0], outs[1], sizeof outs[0]) == 0;
}

KernelBackends& kernel() {
  static KernelBackends backends("norm",
                                 {
#if defined(__x86_64__)
                                     {"avx512", kCpuAvx512, &avx512_norm},
                                     {"avx2", kCpuAvx2, &avx2_norm},
#endif
                                     {"scalar", 0, &scalar_norm},
#if defined(ZG_EMU)
                                     {"emu", 0, &emu_norm},
#endif
                                 },
                                 self_test);
  return backends;
}

[[maybe_unused]] KernelBackends& g_registered = kernel();

}  // namespace

Outcome<const NormTable*> norm_backend(std::string_view name) {
  const auto found = kernel().named(name);
  if (!found.ok()) return found.failure();
  return static_cast<const NormTable*>(*found);
}

}  // namespace zg::batching
