#include <cstring>
#include <vector>

#include "batching/gemm/api.hpp"
#include "common/backend.hpp"
#include "common/cpu.hpp"
#include "common/parallel.hpp"

namespace zg::batching {

namespace {

// Two tiles over two groups, three rows: every format against the definition.
bool self_test(const void* opaque) {
  const Table& table = *static_cast<const Table*>(opaque);
  constexpr size_t kDepth = 64, kColumns = 32, kCount = 3;
  float x[kCount * kDepth], scales[kCount * 2], sums[kCount * 2], known_scales[kCount * 2], known_sums[kCount * 2];
  int32_t totals[kCount * 2], known_totals[kCount * 2];
  int8_t quants[kCount * kDepth], known_quants[kCount * kDepth];
  uint32_t state = 1;
  const auto random = [&] { return state = state * 1664525u + 1013904223u, state >> 8; };
  for (float& value : x) value = static_cast<float>(static_cast<int>(random() % 2001) - 1000) / 64.0f;
  for (size_t r = 0; r < kCount; ++r) {
    table.quantise(x + kDepth * r, kDepth, quants + kDepth * r, scales + 2 * r, sums + 2 * r, totals + 2 * r);
    scalar_gemm.quantise(x + kDepth * r, kDepth, known_quants + kDepth * r, known_scales + 2 * r, known_sums + 2 * r, known_totals + 2 * r);
  }
  if (std::memcmp(quants, known_quants, sizeof quants) != 0 || std::memcmp(scales, known_scales, sizeof scales) != 0 ||
      std::memcmp(sums, known_sums, sizeof sums) != 0 || std::memcmp(totals, known_totals, sizeof totals) != 0)
    return false;
  const Rows rows{quants, scales, sums, totals, x, kCount};
  for (const Format format : {Format::int4, Format::int8, Format::f32}) {
    std::vector<uint8_t> memory(kColumns * kDepth * 4 + 64);
    uint8_t* tiles = memory.data() + (64 - reinterpret_cast<uintptr_t>(memory.data()) % 64) % 64;
    if (format == Format::f32) {
      for (size_t i = 0; i < kColumns * kDepth; ++i) {
        const float value = static_cast<float>(random() % 100) - 50.0f;
        std::memcpy(tiles + 4 * i, &value, 4);
      }
    } else {
      // Scales between 1 and 2: the top byte of each half is 0x3c to 0x3f.
      const size_t group = format == Format::int4 ? kInt4GroupSize : kInt8GroupSize, values = format == Format::int4 ? 256 : 512;
      for (size_t i = 0; i < group * 4; ++i) tiles[i] = static_cast<uint8_t>(i % group >= values && i % 2 == 1 ? 0x3c + random() % 4 : random());
    }
    float out[kCount * kColumns], known[kCount * kColumns];
    table.product(format, tiles, 2, kDepth, rows, out, kColumns, false);
    scalar_gemm.product(format, tiles, 2, kDepth, rows, known, kColumns, false);
    if (std::memcmp(out, known, sizeof out) != 0) return false;
  }
  return true;
}

KernelBackends& kernel() {
  static KernelBackends backends("gemm",
                                 {
#if defined(__x86_64__)
                                     {"avx512", kCpuAvx512 | kCpuVnni, &avx512_gemm},
                                     {"avx2", kCpuAvx2, &avx2_gemm},
#endif
                                     {"scalar", 0, &scalar_gemm},
#if defined(ZG_EMU)
                                     {"emu", 0, &emu_gemm},
#endif
                                 },
                                 self_test);
  return backends;
}

[[maybe_unused]] KernelBackends& g_registered = kernel();

}  // namespace

std::optional<Failure> multiply(const Table& table, TensorType type, Bytes data, size_t columns, size_t depth, const float* x, size_t rows, std::vector<float>& out) {
  Shelf shelf;
  const auto packed = pack(type, data, columns, depth, shelf);
  if (!packed.ok()) return packed.failure();
  const size_t groups = rows * depth / kGroup, stride = packed->tile_count() * kTileColumns;
  std::vector<int8_t> quants(rows * depth);
  std::vector<float> scales(groups), sums(groups), padded(rows * stride);
  std::vector<int32_t> totals(groups);
  table.quantise(x, rows * depth, quants.data(), scales.data(), sums.data(), totals.data());
  parallel_for(packed->tile_count(), 4, [&](size_t begin, size_t end) {
    const Rows input{quants.data(), scales.data(), sums.data(), totals.data(), x, rows};
    table.product(packed->format, packed->tile(begin), end - begin, depth, input, padded.data() + kTileColumns * begin, stride, false);
  });
  out.resize(rows * columns);
  for (size_t r = 0; r < rows; ++r) std::memcpy(out.data() + columns * r, padded.data() + stride * r, columns * sizeof(float));
  return std::nullopt;
}

Outcome<const Table*> gemm_backend(std::string_view name) {
  const auto found = kernel().named(name);
  if (!found.ok()) return found.failure();
  return static_cast<const Table*>(*found);
}

}  // namespace zg::batching
