// The device bodies on the fibers grid, as a backend: tests only. A fault of a body stops the process with its sentence.
#include <algorithm>
#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "erasure/rs_fr/api.hpp"
#include "erasure/rs_fr/body.hpp"
#include "erasure/rs_fr/plan.hpp"
#include "grid/host_fibers.hpp"

namespace zg::rs_fr {

namespace {

using device::Shape;
using Constants = grid::View<const uint64_t>;
using Words = grid::View<uint64_t>;

template <class Body>
void launch(size_t shared_size_bytes, const Body& body) {
  static std::atomic<uint64_t> seed{0};
  const grid::Report report = grid::run_on_fibers({3, 12, shared_size_bytes, seed.fetch_add(1)}, body);
  if (report.ok) return;
  std::fprintf(stderr, "zerog: rs_fr on emu: %s\n", report.message.c_str());
  std::abort();
}

Shape shape_of(Geometry geometry) { return {geometry.log_rows, geometry.log_columns}; }
size_t cell_words(Geometry geometry) { return kCellSize / 8 * geometry.cells(); }
size_t row_memory(Geometry geometry) { return grid::shared_size<uint64_t>(4 * geometry.columns()); }
size_t column_memory(Geometry geometry) { return grid::shared_size<uint64_t>(4 * geometry.rows()); }
Constants constants(const std::vector<uint64_t>& words) { return {words.data(), words.size()}; }
grid::View<const uint32_t> numbers(const std::vector<uint32_t>& items) { return {items.data(), items.size()}; }

void unwrite(uint64_t* words, size_t count) { std::memset(words, grid::kUnwrittenByte, 8 * count); }

// The whole matrix at once: a device packs cell by cell.
void pack(Bytes data, Geometry geometry, size_t first, size_t count, uint8_t* cells) {
  std::vector<uint64_t> packed(cell_words(geometry));
  unwrite(packed.data(), packed.size());
  launch(0, [&](auto& grid) {
    device::PackBody{}(grid, shape_of(geometry), grid::View<const uint8_t>{data.data, data.size}, Words{packed.data(), packed.size()});
  });
  std::memcpy(cells + geometry.row_size() * first, reinterpret_cast<const uint8_t*>(packed.data()) + geometry.row_size() * first, geometry.row_size() * count);
}

void columns_and_rows(Geometry geometry, bool from_rows, unsigned cosets, const std::vector<uint64_t>& factors, uint64_t* coefficients, uint64_t* matrix) {
  const size_t words = cell_words(geometry);
  const Words all{matrix, kCosets * words};
  for (unsigned coset = 0; coset < kCosets; ++coset)
    if ((cosets >> coset & 1) != 0) unwrite(matrix + words * coset, words);
  launch(column_memory(geometry), [&](auto& grid) {
    device::ColumnsBody{}(grid, shape_of(geometry), from_rows, cosets, constants(factors), Words{coefficients, words}, all);
  });
  launch(row_memory(geometry), [&](auto& grid) { device::RowsBody{}(grid, shape_of(geometry), cosets, constants(factors), all); });
}

void extend(Geometry geometry, uint64_t* matrix, uint64_t* coefficients, const ntt::Around& fill, const ntt::Around& done) {
  const std::vector<uint64_t> factors = device_factors(geometry);
  if (fill) fill(0, geometry.rows());
  unwrite(coefficients, cell_words(geometry));
  launch(row_memory(geometry), [&](auto& grid) {
    device::InvertRowsBody{}(grid, shape_of(geometry), constants(factors), Constants{matrix, cell_words(geometry)}, Words{coefficients, cell_words(geometry)});
  });
  columns_and_rows(geometry, true, 0b110, factors, coefficients, matrix);
  done(0, geometry.rows_encoded());
}

void evaluate(Geometry geometry, uint64_t* coefficients, uint64_t* matrix, const ntt::Around& done) {
  columns_and_rows(geometry, false, 0b111, device_factors(geometry), coefficients, matrix);
  done(0, geometry.rows_encoded());
}

Outcome<bool> solve(Geometry geometry, const std::vector<uint32_t>& used, const std::vector<const uint8_t*>& rows, uint64_t* coefficients) {
  const std::vector<uint64_t> factors = device_factors(geometry);
  const auto recovery = device_recovery(geometry, used);
  if (!recovery.ok()) return recovery.failure();
  std::vector<uint64_t> parts(cell_words(geometry));
  std::vector<uint32_t> place(geometry.rows_encoded(), device::kAbsent);
  for (size_t k = 0; k < used.size(); ++k) {
    std::memcpy(reinterpret_cast<uint8_t*>(parts.data()) + geometry.row_size() * k, rows[k], geometry.row_size());
    place[used[k]] = static_cast<uint32_t>(k);
  }
  launch(row_memory(geometry), [&](auto& grid) {
    device::RecoverRowsBody{}(grid, shape_of(geometry), constants(factors), constants(*recovery), numbers(used), Words{parts.data(), parts.size()});
  });
  unwrite(coefficients, cell_words(geometry));
  launch(2 * column_memory(geometry), [&](auto& grid) {
    device::RecoverColumnsBody{}(grid, shape_of(geometry), constants(factors), constants(*recovery), numbers(place), constants(parts),
                                 Words{coefficients, cell_words(geometry)});
  });
  return true;
}

}  // namespace

const Table emu = {pack, extend, evaluate, solve};

}  // namespace zg::rs_fr
