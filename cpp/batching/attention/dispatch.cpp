#include <cstring>
#include <vector>

#include "batching/attention/api.hpp"
#include "common/backend.hpp"
#include "common/cpu.hpp"

namespace zg::batching {

namespace {

// Three heads over 37 positions (two full pages and a part), against the definition.
bool self_test(const void* opaque) {
  const AttentionTable& table = *static_cast<const AttentionTable*>(opaque);
  constexpr size_t kSize = 32, kHeads = 3, kLength = 37, kPages = 3;
  alignas(64) float scratch[kPages * kPagePositions * kHeads];
  float outs[2][kHeads * kSize];
  std::vector<uint16_t> pages[2];
  const AttentionTable* tables[] = {&table, &scalar_attention};
  for (size_t which = 0; which < 2; ++which) {
    uint32_t state = 7;
    const auto random = [&] { return state = state * 1664525u + 1013904223u, static_cast<float>(state >> 16) / 16384.0f - 2.0f; };
    pages[which].resize(kPages * page_values(kSize));
    const uint16_t* shares[kPages];
    for (size_t p = 0; p < kPages; ++p) shares[p] = pages[which].data() + p * page_values(kSize);
    for (size_t at = 0; at < kLength; ++at) {
      float key[kSize], value[kSize];
      for (float& x : key) x = random();
      for (float& x : value) x = random();
      tables[which]->store(key, value, kSize, pages[which].data() + at / kPagePositions * page_values(kSize), at % kPagePositions);
    }
    float queries[kHeads * kSize];
    for (float& x : queries) x = random();
    tables[which]->attend(queries, kHeads, kSize, shares, kLength, 0.177f, scratch, outs[which]);
  }
  return pages[0] == pages[1] && std::memcmp(outs[0], outs[1], sizeof outs[0]) == 0;
}

KernelBackends& kernel() {
  static KernelBackends backends("attention",
                                 {
#if defined(__x86_64__)
                                     {"avx512", kCpuAvx512, &avx512_attention},
                                     {"avx2", kCpuAvx2, &avx2_attention},
#endif
                                     {"scalar", 0, &scalar_attention},
#if defined(ZG_EMU)
                                     {"emu", 0, &emu_attention},
#endif
                                 },
                                 self_test);
  return backends;
}

[[maybe_unused]] KernelBackends& g_registered = kernel();

}  // namespace

Outcome<const AttentionTable*> attention_backend(std::string_view name) {
  const auto found = kernel().named(name);
  if (!found.ok()) return found.failure();
  return static_cast<const AttentionTable*>(*found);
}

}  // namespace zg::batching
