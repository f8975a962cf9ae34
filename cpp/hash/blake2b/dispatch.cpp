#include <algorithm>
#include <cstring>

#include "common/backend.hpp"
#include "common/cpu.hpp"
#include "common/parallel.hpp"
#include "hash/blake2b/api.hpp"

namespace zg::blake2b {

namespace {

// "abc" (RFC 7693, appendix A) and the bytes 0 to 199 (the Python standard library).
constexpr uint8_t kKnown[2][64] = {
    {0xba, 0x80, 0xa5, 0x3f, 0x98, 0x1c, 0x4d, 0x0d, 0x6a, 0x27, 0x97, 0xb6, 0x9f, 0x12, 0xf6, 0xe9,
     0x4c, 0x21, 0x2f, 0x14, 0x68, 0x5a, 0xc4, 0xb7, 0x4b, 0x12, 0xbb, 0x6f, 0xdb, 0xff, 0xa2, 0xd1,
     0x7d, 0x87, 0xc5, 0x39, 0x2a, 0xab, 0x79, 0x2d, 0xc2, 0x52, 0xd5, 0xde, 0x45, 0x33, 0xcc, 0x95,
     0x18, 0xd3, 0x8a, 0xa8, 0xdb, 0xf1, 0x92, 0x5a, 0xb9, 0x23, 0x86, 0xed, 0xd4, 0x00, 0x99, 0x23},
    {0xfb, 0x3c, 0x1f, 0x0f, 0x56, 0xa5, 0x6f, 0x8e, 0x31, 0x6f, 0xdf, 0x5d, 0x85, 0x3c, 0x8c, 0x87,
     0x2c, 0x39, 0x63, 0x5d, 0x08, 0x36, 0x34, 0xc3, 0x90, 0x4f, 0xc3, 0xac, 0x07, 0xd1, 0xb5, 0x78,
     0xe8, 0x5f, 0xf0, 0xe4, 0x80, 0xe9, 0x2d, 0x44, 0xad, 0xe3, 0x3b, 0x62, 0xe8, 0x93, 0xee, 0x32,
     0x34, 0x3e, 0x79, 0xdd, 0xf6, 0xef, 0x29, 0x2e, 0x89, 0xb5, 0x82, 0xd3, 0x12, 0x50, 0x23, 0x14}};

bool self_test(const void* opaque) {
  const Table& table = *static_cast<const Table*>(opaque);
  uint8_t input[200], digests[3 * 64];
  for (size_t i = 0; i < sizeof input; ++i) input[i] = static_cast<uint8_t>(i);
  const uint8_t abc[3] = {'a', 'b', 'c'};
  const Bytes views[3] = {{abc, 3}, {input, 200}, {abc, 3}};
  table.hash_views(views, 3, digests);
  return std::memcmp(digests, kKnown, 128) == 0 && std::memcmp(digests + 128, kKnown, 64) == 0;
}

KernelBackends& kernel() {
  static KernelBackends backends("blake2b",
                                 {
#if defined(__x86_64__)
                                     {"avx512", kCpuAvx512, &avx512},
                                     {"avx2", kCpuAvx2, &avx2},
#endif
                                     {"scalar", 0, &scalar},
#if defined(ZG_EMU)
                                     {"emu", 0, &emu},
#endif
                                 },
                                 self_test);
  return backends;
}

[[maybe_unused]] KernelBackends& g_registered = kernel();

// About 50 microseconds of one core.
constexpr size_t kGrainBlocks = 256;

template <class ViewOf>
void hash_viewed(const Table& table, size_t count, size_t blocks, uint8_t* digests, const ViewOf& view_of) {
  const size_t grain = std::max<size_t>(8, kGrainBlocks * count / std::max<size_t>(1, blocks));
  parallel_for(count, grain, [&](size_t begin, size_t end) {
    constexpr size_t kViews = 64;
    Bytes views[kViews];
    while (begin < end) {
      const size_t chunk = std::min(kViews, end - begin);
      for (size_t i = 0; i < chunk; ++i) views[i] = view_of(begin + i);
      table.hash_views(views, chunk, digests + kDigestSize * begin);
      begin += chunk;
    }
  });
}

}  // namespace

Outcome<const Table*> backend(std::string_view name) {
  const Outcome<const void*> found = kernel().named(name);
  if (!found.ok()) return found.failure();
  return static_cast<const Table*>(*found);
}

void hash_many(const Table& table, const uint8_t* data, const uint64_t* offsets, size_t count, uint8_t* digests) {
  if (count == 0) return;
  hash_viewed(table, count, count + (offsets[count] - offsets[0]) / kBlockSize, digests,
              [&](size_t i) { return Bytes{data + offsets[i], offsets[i + 1] - offsets[i]}; });
}

void hash_many_fixed(const Table& table, const uint8_t* data, size_t size, size_t count, uint8_t* digests) {
  hash_viewed(table, count, count * (1 + size / kBlockSize), digests, [&](size_t i) { return Bytes{data + size * i, size}; });
}

}  // namespace zg::blake2b
