// The device body on the fibers grid, as a backend: tests only. A fault of the body stops the process with its sentence.
#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <vector>

#include "erasure/gf65536/body.hpp"
#include "erasure/gf65536/table.hpp"
#include "grid/host_fibers.hpp"

namespace zg::gf65536 {

namespace {

void expand(const uint16_t* coefficients, size_t count, uint8_t* factors) {
  if (count != 0) std::memcpy(factors, coefficients, 2 * count);
}

void product(const uint8_t* factors, size_t rows, size_t columns, const uint8_t* const* inputs, uint8_t* const* outputs, size_t begin,
             size_t end) {
  static std::atomic<uint64_t> seed{0};
  const size_t size = end - begin, words = (size + 7) / 8;
  if (size == 0 || rows == 0) return;
  std::vector<uint16_t> matrix(rows * columns);
  std::memcpy(matrix.data(), factors, 2 * matrix.size());
  std::vector<uint64_t> in(columns * words), out(rows * words);
  for (size_t c = 0; c < columns; ++c) std::memcpy(in.data() + words * c, inputs[c] + begin, size);
  std::memset(out.data(), grid::kUnwrittenByte, 8 * out.size());
  const grid::Launch launch{2, 24, 0, seed.fetch_add(1)};
  const grid::Report report = grid::run_on_fibers(launch, [&](auto& grid) {
    ProductBody{}(grid, static_cast<unsigned>(rows), static_cast<unsigned>(columns), words,
                  grid::View<const uint16_t>{matrix.data(), matrix.size()}, grid::View<const uint64_t>{in.data(), in.size()},
                  grid::View<uint64_t>{out.data(), out.size()});
  });
  if (!report.ok) {
    std::fprintf(stderr, "zerog: gf65536 on emu: %s\n", report.message.c_str());
    std::abort();
  }
  for (size_t r = 0; r < rows; ++r) std::memcpy(outputs[r] + begin, out.data() + words * r, size);
}

}  // namespace

const Table emu = {2, expand, product, nullptr, nullptr, nullptr, nullptr, nullptr, nullptr, nullptr, nullptr, nullptr};

}  // namespace zg::gf65536
