// The device bodies on the fibers grid, as a backend: tests only. A fault of a body stops the process with its sentence.
#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <vector>

#include "grid/host_fibers.hpp"
#include "pora/seal/body.hpp"
#include "pora/seal/table.hpp"

namespace zg::pora {

namespace {

template <class Body>
void launch(size_t lanes, const Body& body) {
  static std::atomic<uint64_t> seed{0};
  constexpr unsigned kWidth = 16;
  const grid::Launch shape{static_cast<unsigned>((lanes + kWidth - 1) / kWidth), kWidth, 0, seed.fetch_add(1)};
  const grid::Report report = grid::run_on_fibers(shape, body);
  if (report.ok) return;
  std::fprintf(stderr, "zerog: pora_seal on emu: %s\n", report.message.c_str());
  std::abort();
}

std::vector<uint64_t> words_of(const uint8_t* from, size_t count) {
  std::vector<uint64_t> out(count);
  std::memcpy(out.data(), from, 8 * count);
  return out;
}

void seal(uint8_t* data, const uint8_t* masks, size_t count) {
  if (count == 0) return;
  std::vector<uint64_t> words = words_of(data, 512 * count);
  const std::vector<uint64_t> first = words_of(masks, 4 * count);
  launch(count, [&](auto& grid) {
    SealBody{}(grid, grid::View<const uint64_t>{first.data(), first.size()}, grid::View<uint64_t>{words.data(), words.size()});
  });
  std::memcpy(data, words.data(), kSealSize * count);
}

void unseal(uint8_t* data, const uint8_t* masks, size_t count) {
  if (count == 0) return;
  const std::vector<uint64_t> sealed = words_of(data, 512 * count), first = words_of(masks, 4 * count);
  std::vector<uint64_t> out(512 * count);
  std::memset(out.data(), grid::kUnwrittenByte, kSealSize * count);
  launch(128 * count, [&](auto& grid) {
    UnsealBody{}(grid, grid::View<const uint64_t>{first.data(), first.size()}, grid::View<const uint64_t>{sealed.data(), sealed.size()},
                 grid::View<uint64_t>{out.data(), out.size()});
  });
  std::memcpy(data, out.data(), kSealSize * count);
}

}  // namespace

const SealTable seal_emu = {seal, unseal};

}  // namespace zg::pora
