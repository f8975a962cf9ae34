#include <cstring>
#include <vector>

#include "common/backend.hpp"
#include "common/cpu.hpp"
#include "common/parallel.hpp"
#include "hash/blake2b/api.hpp"
#include "hash/keccak256/api.hpp"
#include "pora/mix/api.hpp"

namespace zg::pora {

namespace {

// A scratchpad and a load against plain keccak256 and BLAKE2b.
bool self_test(const void* opaque) {
  const MixTable& table = *static_cast<const MixTable*>(opaque);
  uint8_t seed[kPadSeedSize], d[64], recall[32];
  for (size_t i = 0; i < sizeof seed; ++i) d[i] = seed[i] = static_cast<uint8_t>(3 * i);
  std::vector<uint8_t> pad(kPadSize), load(kLoadSize), qualities(32 * kLoadSeals);
  table.scratchpads(seed, 1, pad.data(), recall);
  for (size_t at = 0; at < kPadSize; at += 64) {
    uint8_t half[32];
    keccak256::scalar.hash_one({d, 64}, half);
    std::memcpy(d, half, 32);
    keccak256::scalar.hash_one({d, 64}, half);
    std::memcpy(d + 32, half, 32);
    if (std::memcmp(&pad[at], d, 64) != 0) return false;
  }
  uint8_t wanted[64];
  keccak256::scalar.hash_one({d, 64}, wanted);
  if (std::memcmp(recall, wanted, 32) != 0) return false;
  for (size_t i = 0; i < load.size(); ++i) load[i] = static_cast<uint8_t>(i / 4096 + i);
  table.qualities(load.data(), pad.data(), seed, qualities.data());
  for (size_t seal = 0; seal < kLoadSeals; seal += 21) {
    std::vector<uint8_t> input(128 + 4096);
    input[31] = static_cast<uint8_t>(seal);
    std::memcpy(&input[32], seed, 64);
    for (size_t i = 0; i < 4096; ++i) input[128 + i] = static_cast<uint8_t>(load[4096 * seal + i] ^ pad[4096 * (seal % 4) + i]);
    const Bytes view = {input.data(), input.size()};
    blake2b::scalar.hash_views(&view, 1, wanted);
    if (std::memcmp(&qualities[32 * seal], wanted, 32) != 0) return false;
  }
  return true;
}

KernelBackends& kernel() {
  static KernelBackends backends("pora_mix",
                                 {
#if defined(__x86_64__)
                                     {"avx512", kCpuAvx512, &mix_avx512},
#endif
                                     {"scalar", 0, &mix_scalar},
#if defined(ZG_EMU)
                                     {"emu", 0, &mix_emu},
#endif
                                 },
                                 self_test);
  return backends;
}

[[maybe_unused]] KernelBackends& g_registered = kernel();

}  // namespace

Outcome<const MixTable*> mix_backend(std::string_view name) {
  const Outcome<const void*> found = kernel().named(name);
  if (!found.ok()) return found.failure();
  return static_cast<const MixTable*>(*found);
}

Outcome<size_t> pad_seeds(const Hash32& miner_id, const uint8_t* nonces, size_t count, const Hash32& subtask, const Hash32& range_digest,
                          uint8_t* seeds) {
  const Outcome<const blake2b::Table*> table = blake2b::backend("");
  if (!table.ok()) return table.failure();
  std::vector<uint8_t> inputs(128 * count);
  for (size_t i = 0; i < count; ++i) {
    uint8_t* input = &inputs[128 * i];
    std::memcpy(input, miner_id.b, 32);
    std::memcpy(input + 32, nonces + 32 * i, 32);
    std::memcpy(input + 64, subtask.b, 32);
    std::memcpy(input + 96, range_digest.b, 32);
  }
  blake2b::hash_many_fixed(**table, inputs.data(), 128, count, seeds);
  return count;
}

void scratchpads_many(const MixTable& table, const uint8_t* seeds, size_t count, uint8_t* pads, uint8_t* recall_seeds) {
  parallel_for(count, 8, [&](size_t begin, size_t end) {
    table.scratchpads(seeds + kPadSeedSize * begin, end - begin, pads + kPadSize * begin, recall_seeds + 32 * begin);
  });
}

void qualities_many(const MixTable& table, const uint8_t* const* loads, const uint8_t* const* pads, const uint8_t* const* seeds,
                    size_t count, uint8_t* qualities) {
  parallel_for(count, 1, [&](size_t begin, size_t end) {
    for (size_t i = begin; i < end; ++i) table.qualities(loads[i], pads[i], seeds[i], qualities + 32 * kLoadSeals * i);
  });
}

}  // namespace zg::pora
