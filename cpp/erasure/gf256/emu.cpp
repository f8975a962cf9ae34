// The device body on the fibers grid, as a backend: tests only. A fault of the body stops the process with its sentence.
#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <vector>

#include "erasure/gf256/body.hpp"
#include "erasure/gf256/table.hpp"
#include "grid/host_fibers.hpp"

namespace zg::gf256 {

namespace {

void expand(const uint8_t* matrix, size_t rows, size_t columns, uint8_t* expanded) { std::memcpy(expanded, matrix, rows * columns); }

void product(const uint8_t* matrix, size_t rows, size_t columns, const uint8_t* const* inputs, uint8_t* const* outputs, size_t begin,
             size_t end, bool /*stream*/) {
  static std::atomic<uint64_t> seed{0};
  const size_t size = end - begin, words = (size + 7) / 8;
  if (size == 0 || rows == 0) return;
  std::vector<uint64_t> in(columns * words), out(rows * words);
  for (size_t c = 0; c < columns; ++c) std::memcpy(in.data() + words * c, inputs[c] + begin, size);
  std::memset(out.data(), grid::kUnwrittenByte, 8 * out.size());
  const grid::Launch launch{2, 24, 0, seed.fetch_add(1)};
  const grid::Report report = grid::run_on_fibers(launch, [&](auto& grid) {
    ProductBody{}(grid, static_cast<unsigned>(rows), static_cast<unsigned>(columns), words,
                  grid::View<const uint8_t>{matrix, rows * columns}, grid::View<const uint64_t>{in.data(), in.size()},
                  grid::View<uint64_t>{out.data(), out.size()});
  });
  if (!report.ok) {
    std::fprintf(stderr, "zerog: gf256 on emu: %s\n", report.message.c_str());
    std::abort();
  }
  for (size_t r = 0; r < rows; ++r) std::memcpy(outputs[r] + begin, out.data() + words * r, size);
}

}  // namespace

const Table emu = {1, 8, expand, product};

}  // namespace zg::gf256
