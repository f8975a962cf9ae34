// The device bodies on the fibers grid, as a backend: tests only. A fault of a body stops the process with its sentence.
#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <vector>

#include "grid/host_fibers.hpp"
#include "pora/mix/body.hpp"
#include "pora/mix/table.hpp"

namespace zg::pora {

namespace {

template <class Body>
void launch(size_t lanes, const Body& body) {
  static std::atomic<uint64_t> seed{0};
  constexpr unsigned kWidth = 16;
  const grid::Launch shape{static_cast<unsigned>((lanes + kWidth - 1) / kWidth), kWidth, 0, seed.fetch_add(1)};
  const grid::Report report = grid::run_on_fibers(shape, body);
  if (report.ok) return;
  std::fprintf(stderr, "zerog: pora_mix on emu: %s\n", report.message.c_str());
  std::abort();
}

std::vector<uint64_t> words_of(const uint8_t* from, size_t count) {
  std::vector<uint64_t> out(count);
  std::memcpy(out.data(), from, 8 * count);
  return out;
}

std::vector<uint64_t> unwritten(size_t count) {
  std::vector<uint64_t> out(count);
  std::memset(out.data(), grid::kUnwrittenByte, 8 * count);
  return out;
}

grid::View<const uint64_t> view(const std::vector<uint64_t>& words) { return {words.data(), words.size()}; }
grid::View<uint64_t> target(std::vector<uint64_t>& words) { return {words.data(), words.size()}; }

void scratchpads(const uint8_t* seeds, size_t count, uint8_t* pads, uint8_t* recall_seeds) {
  if (count == 0) return;
  const std::vector<uint64_t> in = words_of(seeds, 8 * count);
  std::vector<uint64_t> out = unwritten(2048 * count), recall = unwritten(4 * count);
  launch(count, [&](auto& grid) { ScratchpadBody{}(grid, view(in), target(out), target(recall)); });
  std::memcpy(pads, out.data(), kPadSize * count);
  std::memcpy(recall_seeds, recall.data(), 32 * count);
}

void qualities(const uint8_t* load, const uint8_t* pad, const uint8_t* seed, uint8_t* out) {
  const std::vector<uint64_t> loads = words_of(load, kLoadSize / 8), pads = words_of(pad, kPadSize / 8), seeds = words_of(seed, 8);
  std::vector<uint64_t> found = unwritten(4 * kLoadSeals);
  launch(kLoadSeals, [&](auto& grid) { QualityBody{}(grid, view(loads), view(pads), view(seeds), target(found)); });
  std::memcpy(out, found.data(), 32 * kLoadSeals);
}

}  // namespace

const MixTable mix_emu = {scratchpads, qualities};

}  // namespace zg::pora
