#include <algorithm>
#include <cstdio>
#include <cstring>

#include "common/backend.hpp"
#include "common/cpu.hpp"
#include "common/parallel.hpp"
#include "hash/keccak256/api.hpp"

namespace zg::keccak256 {

namespace {

// Inputs of 0, 3 and 200 bytes, byte i = i + 1; the digests are of the oracle in tests/oracle/keccak256.py.
constexpr size_t kKnownSizes[3] = {0, 3, 200};
constexpr uint8_t kKnownDigests[96] = {
    0xc5, 0xd2, 0x46, 0x01, 0x86, 0xf7, 0x23, 0x3c, 0x92, 0x7e, 0x7d, 0xb2, 0xdc, 0xc7, 0x03, 0xc0,
    0xe5, 0x00, 0xb6, 0x53, 0xca, 0x82, 0x27, 0x3b, 0x7b, 0xfa, 0xd8, 0x04, 0x5d, 0x85, 0xa4, 0x70,
    0xf1, 0x88, 0x5e, 0xda, 0x54, 0xb7, 0xa0, 0x53, 0x31, 0x8c, 0xd4, 0x1e, 0x20, 0x93, 0x22, 0x0d,
    0xab, 0x15, 0xd6, 0x53, 0x81, 0xb1, 0x15, 0x7a, 0x36, 0x33, 0xa8, 0x3b, 0xfd, 0x5c, 0x92, 0x39,
    0x45, 0x00, 0x65, 0xcf, 0xe4, 0x57, 0x55, 0x26, 0x12, 0x76, 0xaf, 0xd8, 0xf2, 0x52, 0x00, 0x1b,
    0x8f, 0x8d, 0x90, 0x46, 0x81, 0xb8, 0x2b, 0x92, 0x88, 0x1d, 0x34, 0x60, 0xf7, 0x7f, 0x25, 0x86};
// keccak256 of 64 zero bytes.
constexpr uint8_t kKnownPair[32] = {0xad, 0x32, 0x28, 0xb6, 0x76, 0xf7, 0xd3, 0xcd, 0x42, 0x84, 0xa5, 0x44, 0x3f, 0x17, 0xf1, 0x96,
    0x2b, 0x36, 0xe4, 0x91, 0xb3, 0x0a, 0x40, 0xb2, 0x40, 0x58, 0x49, 0xe5, 0x97, 0xba, 0x5f, 0xb5};

bool self_test(const void* opaque) {
  const Table& table = *static_cast<const Table*>(opaque);
  uint8_t input[200], digests[3 * 32];
  for (size_t i = 0; i < sizeof input; ++i) input[i] = static_cast<uint8_t>(i + 1);
  Bytes views[3];
  for (size_t i = 0; i < 3; ++i) {
    views[i] = {input, kKnownSizes[i]};
    table.hash_one(views[i], digests + 32 * i);
  }
  if (std::memcmp(digests, kKnownDigests, sizeof digests) != 0) return false;
  std::memset(digests, 0, sizeof digests);
  table.hash_views(views, 3, digests);
  if (std::memcmp(digests, kKnownDigests, sizeof digests) != 0) return false;
  const uint8_t zeros[128] = {};
  table.hash_64(zeros, 2, digests);
  const uint8_t* half = zeros;
  uint8_t* out = digests + 64;
  table.hash_pairs(&half, &half, &out, 1);
  for (size_t i = 0; i < 3; ++i)
    if (std::memcmp(digests + 32 * i, kKnownPair, 32) != 0) return false;
  return true;
}

KernelBackends& kernel() {
  static KernelBackends backends("keccak256",
                                 {
#if defined(__x86_64__)
                                     {"avx512", kCpuAvx512 | kCpuBmi2Adx, &avx512},
                                     {"avx2", kCpuAvx2 | kCpuBmi2Adx, &avx2},
#endif
                                     {"scalar", 0, &scalar},
#if defined(ZG_EMU)
                                     {"emu", 0, &emu},
#endif
                                 },
                                 self_test);
  return backends;
}

// Before main, so that backend_report() lists the kernel even when nothing was hashed yet.
[[maybe_unused]] KernelBackends& g_registered = kernel();

const Table& active() {
  static const Table& table = [] () -> const Table& {
    const Outcome<const void*> choice = kernel().active();
    if (choice.ok()) return *static_cast<const Table*>(*choice);
    std::fprintf(stderr, "zerog: %s; keccak256 runs on scalar\n", choice.failure().message.c_str());
    return scalar;
  }();
  return table;
}

// About 50 microseconds of one core: a piece worth the hand-over to another thread.
constexpr size_t kGrain64 = 1024;
constexpr size_t kGrainBlocks = 1024;

}  // namespace

Outcome<const Table*> backend(std::string_view name) {
  const Outcome<const void*> found = kernel().named(name);
  if (!found.ok()) return found.failure();
  return static_cast<const Table*>(*found);
}

void hash(Bytes input, uint8_t digest[32]) { active().hash_one(input, digest); }

void hash_many(const Table& table, const Bytes* inputs, size_t count, uint8_t* digests) {
  if (count < 2) {
    if (count == 1) table.hash_one(inputs[0], digests);
    return;
  }
  size_t blocks = count;
  for (size_t i = 0; i < count; ++i) blocks += inputs[i].size / kRateSize;
  const size_t grain = std::max<size_t>(1, kGrainBlocks * count / blocks);
  parallel_for(count, grain, [&](size_t begin, size_t end) { table.hash_views(inputs + begin, end - begin, digests + 32 * begin); });
}

namespace {

// count inputs of which view_of(i) tells the place, cut into pieces of about kGrainBlocks blocks.
template <class ViewOf>
void hash_viewed(const Table& table, size_t count, size_t blocks, uint8_t* digests, const ViewOf& view_of) {
  const size_t grain = std::max<size_t>(1, kGrainBlocks * count / std::max<size_t>(1, blocks));
  parallel_for(count, grain, [&](size_t begin, size_t end) {
    constexpr size_t kViews = 1024;
    Bytes views[kViews];
    while (begin < end) {
      const size_t chunk = std::min(kViews, end - begin);
      for (size_t i = 0; i < chunk; ++i) views[i] = view_of(begin + i);
      if (chunk == 1) {
        table.hash_one(views[0], digests + 32 * begin);
      } else {
        table.hash_views(views, chunk, digests + 32 * begin);
      }
      begin += chunk;
    }
  });
}

}  // namespace

void hash_many(const Table& table, const uint8_t* data, const uint64_t* offsets, size_t count, uint8_t* digests) {
  if (count == 0) return;
  hash_viewed(table, count, count + (offsets[count] - offsets[0]) / kRateSize, digests,
              [&](size_t i) { return Bytes{data + offsets[i], offsets[i + 1] - offsets[i]}; });
}

void hash_many_fixed(const Table& table, const uint8_t* data, size_t size, size_t count, uint8_t* digests) {
  if (size == 64) return hash_many_64(table, data, count, digests);
  hash_viewed(table, count, count * (1 + size / kRateSize), digests, [&](size_t i) { return Bytes{data + size * i, size}; });
}

void hash_many_64(const Table& table, const uint8_t* data, size_t count, uint8_t* digests) {
  parallel_for(count, kGrain64, [&](size_t begin, size_t end) { table.hash_64(data + 64 * begin, end - begin, digests + 32 * begin); });
}

void hash_many(const Bytes* inputs, size_t count, uint8_t* digests) { hash_many(active(), inputs, count, digests); }

void hash_many(const uint8_t* data, const uint64_t* offsets, size_t count, uint8_t* digests) {
  hash_many(active(), data, offsets, count, digests);
}

void hash_many_64(const uint8_t* data, size_t count, uint8_t* digests) { hash_many_64(active(), data, count, digests); }

void hash_pairs(const uint8_t* const* lefts, const uint8_t* const* rights, uint8_t* const* outs, size_t count) {
  const Table& table = active();
  parallel_for(count, kGrain64, [&](size_t begin, size_t end) { table.hash_pairs(lefts + begin, rights + begin, outs + begin, end - begin); });
}

}  // namespace zg::keccak256
