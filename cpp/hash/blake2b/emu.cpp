// The device body on the fibers grid, as a backend: tests only. A fault of the body stops the process with its sentence.
#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <vector>

#include "grid/host_fibers.hpp"
#include "hash/blake2b/body.hpp"
#include "hash/blake2b/table.hpp"

namespace zg::blake2b {

namespace {

void hash_views(const Bytes* inputs, size_t count, uint8_t* digests) {
  if (count == 0) return;
  static std::atomic<uint64_t> seed{0};
  constexpr unsigned kWidth = 16;
  std::vector<uint8_t> data;
  std::vector<uint64_t> offsets{0}, out(8 * count);
  for (size_t i = 0; i < count; ++i) {
    if (inputs[i].size != 0) data.insert(data.end(), inputs[i].data, inputs[i].data + inputs[i].size);
    offsets.push_back(data.size());
  }
  std::memset(out.data(), grid::kUnwrittenByte, 64 * count);
  const grid::Launch launch{static_cast<unsigned>((count + kWidth - 1) / kWidth), kWidth, 0, seed.fetch_add(1)};
  const grid::Report report = grid::run_on_fibers(launch, [&](auto& grid) {
    HashRaggedBody{}(grid, grid::View<const uint8_t>{data.data(), data.size()}, grid::View<const uint64_t>{offsets.data(), offsets.size()},
                     grid::View<uint64_t>{out.data(), out.size()});
  });
  if (!report.ok) {
    std::fprintf(stderr, "zerog: blake2b on emu: %s\n", report.message.c_str());
    std::abort();
  }
  std::memcpy(digests, out.data(), 64 * count);
}

}  // namespace

const Table emu = {hash_views};

}  // namespace zg::blake2b
