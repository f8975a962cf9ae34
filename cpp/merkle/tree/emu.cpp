// The device bodies on the fibers grid, as a backend: tests only. A fault of a body stops the process with its sentence.
#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <vector>

#include "grid/host_fibers.hpp"
#include "merkle/tree/body.hpp"
#include "merkle/tree/table.hpp"

namespace zg::merkle {

namespace {

void subtrees(const uint8_t* data, unsigned height, size_t count, uint8_t* /*scratch*/, uint8_t* roots) {
  if (count == 0) return;
  static std::atomic<uint64_t> seed{0};
  std::vector<uint64_t> words((count * 32) << height), out(4 * count);
  std::memcpy(words.data(), data, 8 * words.size());
  std::memset(out.data(), grid::kUnwrittenByte, 32 * count);
  const grid::Launch launch{static_cast<unsigned>(count), 24, grid::shared_size<uint64_t>(size_t{4} << height), seed.fetch_add(1)};
  const grid::Report report = grid::run_on_fibers(launch, [&](auto& grid) {
    SubtreeBody{}(grid, height, grid::View<const uint64_t>{words.data(), words.size()}, grid::View<uint64_t>{out.data(), out.size()});
  });
  if (!report.ok) {
    std::fprintf(stderr, "zerog: merkle_tree on emu: %s\n", report.message.c_str());
    std::abort();
  }
  std::memcpy(roots, out.data(), 32 * count);
}

void sectors(const uint8_t* data, size_t count, uint8_t* digests) { subtrees(data, 0, count, nullptr, digests); }

}  // namespace

const Table emu = {sectors, subtrees, &keccak256::emu};

}  // namespace zg::merkle
