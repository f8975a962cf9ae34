#include <cstring>
#include <vector>

#include "common/backend.hpp"
#include "common/cpu.hpp"
#include "common/endian.hpp"
#include "common/parallel.hpp"
#include "hash/keccak256/api.hpp"
#include "pora/seal/api.hpp"

namespace zg::pora {

namespace {

// Two seals of zeros under masks of ones: word by word as the definition says, and back.
bool self_test(const void* opaque) {
  const SealTable& table = *static_cast<const SealTable*>(opaque);
  std::vector<uint8_t> data(2 * kSealSize), masks(64, 1);
  table.seal(data.data(), masks.data(), 2);
  uint8_t mask[32];
  std::memset(mask, 1, 32);
  for (size_t at = 0; at < kSealSize; at += 32) {
    if (std::memcmp(&data[at], mask, 32) != 0 || std::memcmp(&data[kSealSize + at], mask, 32) != 0) return false;
    keccak256::scalar.hash_one({mask, 32}, mask);
  }
  table.unseal(data.data(), masks.data(), 2);
  for (const uint8_t byte : data)
    if (byte != 0) return false;
  return true;
}

KernelBackends& kernel() {
  static KernelBackends backends("pora_seal",
                                 {
#if defined(__x86_64__)
                                     {"avx512", kCpuAvx512, &seal_avx512},
                                     {"avx2", kCpuAvx2, &seal_avx2},
#endif
                                     {"scalar", 0, &seal_scalar},
#if defined(ZG_EMU)
                                     {"emu", 0, &seal_emu},
#endif
                                 },
                                 self_test);
  return backends;
}

[[maybe_unused]] KernelBackends& g_registered = kernel();

}  // namespace

Outcome<const SealTable*> seal_backend(std::string_view name) {
  const Outcome<const void*> found = kernel().named(name);
  if (!found.ok()) return found.failure();
  return static_cast<const SealTable*>(*found);
}

void seal_masks(const Hash32& miner_id, const uint8_t* contexts, size_t context_stride, uint64_t first_sector, size_t count, uint8_t* masks) {
  std::vector<uint8_t> inputs(96 * count);
  std::vector<uint64_t> offsets(count + 1);
  for (size_t i = 0; i < count; ++i) {
    uint8_t* input = &inputs[96 * i];
    std::memcpy(input, miner_id.b, 32);
    std::memcpy(input + 32, contexts + context_stride * i, 32);
    store_be64(input + 88, first_sector + kSealSectors * i);
    offsets[i + 1] = 96 * (i + 1);
  }
  keccak256::hash_many(inputs.data(), offsets.data(), count, masks);
}

void seal_many(const SealTable& table, uint8_t* data, const uint8_t* masks, size_t count) {
  parallel_for(count, 8, [&](size_t begin, size_t end) { table.seal(data + kSealSize * begin, masks + 32 * begin, end - begin); });
}

void unseal_many(const SealTable& table, uint8_t* data, const uint8_t* masks, size_t count) {
  parallel_for(count, 8, [&](size_t begin, size_t end) { table.unseal(data + kSealSize * begin, masks + 32 * begin, end - begin); });
}

}  // namespace zg::pora
