// The DA code on every backend: extension as evaluation of one polynomial, recovery, padding, trees, refusals.
#include <algorithm>
#include <cstring>
#include <numeric>
#include <random>
#include <vector>

#include "check.hpp"
#include "common/parallel.hpp"
#include "erasure/rs_fr/api.hpp"
#if defined(ZG_EMU)
#include "erasure/rs_fr/body.hpp"
#include "grid/host_fibers.hpp"
#include "grid/host_threads.hpp"
#endif

using namespace zg;
using bn254::Fr;

namespace {

std::vector<uint8_t> random_bytes(size_t size, std::mt19937_64& random) {
  std::vector<uint8_t> out(size);
  for (uint8_t& byte : out) byte = static_cast<uint8_t>(random());
  return out;
}

Fr power(const Fr& base, uint64_t exponent) { return field::power_var(base, &exponent, 1); }

// Cell (c, i, j) from the coefficients, by Horner's rule.
void check_cells(const rs_fr::Encoded& made, std::mt19937_64& random) {
  const rs_fr::Geometry g = made.geometry();
  const unsigned log = g.log_rows + g.log_columns;
  for (int tries = 0; tries < 24; ++tries) {
    const size_t row = random() % g.rows_encoded(), j = random() % g.columns(), coset = row / g.rows();
    const Fr k = coset == 0 ? Fr::one() : ntt::root_of_unity(log + static_cast<unsigned>(coset));
    const Fr x = k * power(ntt::root_of_unity(log), j * g.rows() + row % g.rows());
    Fr sum = Fr::zero();
    for (size_t n = g.cells(); n-- > 0;) sum = sum * x + Fr::from_limbs(made.coefficients() + 4 * n);
    CHECK(std::memcmp(sum.l, made.row(row) + 32 * j, 32) == 0);
  }
}

std::vector<const uint8_t*> rows_of(const rs_fr::Encoded& made, const std::vector<uint32_t>& indices) {
  std::vector<const uint8_t*> out;
  for (const uint32_t index : indices) out.push_back(made.row(index));
  return out;
}

void check_tree(const rs_fr::Encoded& made) {
  const rs_fr::Geometry g = made.geometry();
  Hash32 roots[3] = {made.blob_root(0), made.blob_root(1), made.blob_root(2)};
  CHECK(rs_fr::data_root(roots) == made.data_root());
  for (size_t row = 0; row < g.rows_encoded(); row += 1 + g.rows() / 3) {
    const auto proof = made.row_proof(row);
    CHECK(rs_fr::verify_row(g, row, made.row(row), proof, roots, made.data_root()));
    auto wrong = proof;
    wrong[row % wrong.size()].b[3] ^= 1;
    CHECK(!rs_fr::verify_row(g, row, made.row(row), wrong, roots, made.data_root()));
    const size_t sublines = g.row_size() / rs_fr::kSublineSize;
    for (size_t s = 0; s < sublines; ++s) {
      const auto path = made.subline_proof(row, s);
      CHECK(path.ok() && rs_fr::verify_subline(g, row, s, made.row(row) + rs_fr::kSublineSize * s, *path, roots, made.data_root()));
    }
    CHECK(!made.subline_proof(row, sublines).ok());
  }
  CHECK(!rs_fr::verify_row(g, g.rows_encoded(), made.row(0), made.row_proof(0), roots, made.data_root()));
}

void codes(const rs_fr::Backends& with, std::mt19937_64& random, bool slow) {
  std::vector<std::pair<size_t, size_t>> shapes{{2, 2}, {4, 4}, {8, 4}, {4, 8}, {16, 32}};
  if (!slow) shapes.insert(shapes.end(), {{64, 32}, {32, 128}, {128, 8}});
  for (const auto& [rows, columns] : shapes) {
    const rs_fr::Geometry g = *rs_fr::geometry(rows, columns);
    const std::vector<uint8_t> data = random_bytes(random() % (g.data_size_max() + 1), random);
    const auto made = rs_fr::encode(with, as_bytes(data), g, true);
    CHECK(made.ok());
    check_cells(**made, random);
    check_tree(**made);
    CHECK(*(*made)->data() == data);
    std::vector<uint32_t> order(g.rows_encoded());
    std::iota(order.begin(), order.end(), 0u);
    for (int tries = 0; tries < 4; ++tries) {
      std::shuffle(order.begin(), order.end(), random);
      std::vector<uint32_t> present(order.begin(), order.begin() + static_cast<long>(rows));
      if (tries == 3) std::iota(present.begin(), present.end(), static_cast<uint32_t>(2 * rows));
      const auto back = rs_fr::recover(with, present, rows_of(**made, present), g, true);
      CHECK(back.ok() && (*back)->data_root() == (*made)->data_root());
      CHECK(std::memcmp((*back)->matrix(), (*made)->matrix(), g.encoded_size()) == 0);
      CHECK(std::memcmp((*back)->coefficients(), (*made)->coefficients(), 32 * g.cells()) == 0);
    }
    // One row too many, and it is wrong.
    std::vector<uint32_t> present(order.begin(), order.begin() + static_cast<long>(rows) + 1);
    auto pointers = rows_of(**made, present);
    std::vector<uint8_t> dirty(pointers[1], pointers[1] + g.row_size());
    dirty[random() % dirty.size() / 32 * 32] ^= 4;
    pointers[1] = dirty.data();
    CHECK(rs_fr::recover(with, present, pointers, g, false).failure().status == Status::bad_encoding);
    std::memset(dirty.data(), 0xff, 32);
    CHECK(rs_fr::recover(with, present, pointers, g, false).failure().status == Status::bad_encoding);
    present[0] = present[1];
    CHECK(rs_fr::recover(with, present, pointers, g, false).failure().status == Status::bad_argument);
    present.resize(rows - 1);
    pointers.resize(rows - 1);
    CHECK(rs_fr::recover(with, present, pointers, g, false).failure().status == Status::bad_argument);
  }
}

void padding(std::mt19937_64& random) {
  const rs_fr::Backends with = *rs_fr::backends("");
  const rs_fr::Geometry g = *rs_fr::geometry(4, 8);
  for (size_t size = 0; size <= g.data_size_max(); size += 1 + size / 40) {
    const std::vector<uint8_t> data = random_bytes(size, random);
    const auto made = rs_fr::encode(with, as_bytes(data), g, false);
    CHECK(made.ok() && *(*made)->data() == data && (*made)->coefficients() == nullptr);
  }
  CHECK(rs_fr::encode(with, as_bytes(std::vector<uint8_t>(g.data_size_max() + 1)), g, false).failure().status == Status::bad_argument);
  for (const auto& [rows, columns] : {std::pair<size_t, size_t>{0, 8}, {1, 8}, {8, 1}, {3, 8}, {2048, 8}, {8, 2048}}) CHECK(!rs_fr::geometry(rows, columns).ok());
}

#if defined(ZG_EMU)
// Every body on fibers in several orders and with a thread a lane: the same words as the scalar passes. Widths that do not divide
// rows or columns, more blocks than rows.
void bodies(std::mt19937_64& random) {
  namespace device = rs_fr::device;
  using Constants = grid::View<const uint64_t>;
  using Words = grid::View<uint64_t>;
  const rs_fr::Geometry g = *rs_fr::geometry(8, 4);
  const device::Shape shape{g.log_rows, g.log_columns};
  const std::vector<uint8_t> data = random_bytes(g.data_size_max() - 5, random);
  const auto made = rs_fr::encode(*rs_fr::backends("scalar"), as_bytes(data), g, true);
  const auto* matrix = reinterpret_cast<const uint64_t*>((*made)->matrix());
  const size_t words = 4 * g.cells();
  const std::vector<uint64_t> wanted(matrix, matrix + 3 * words), polynomial((*made)->coefficients(), (*made)->coefficients() + words);
  const std::vector<uint64_t> factors = rs_fr::device_factors(g);
  CHECK(factors.size() == 4 * device::factors_size(shape));
  const std::vector<uint32_t> used{1, 3, 8, 9, 13, 17, 22, 23};
  const std::vector<uint64_t> recovery = *rs_fr::device_recovery(g, used);
  CHECK(recovery.size() == 4 * device::kRecoveryTables * g.rows());
  const size_t row_memory = grid::shared_size<uint64_t>(4 * g.columns()), column_memory = grid::shared_size<uint64_t>(4 * g.rows());
  for (uint64_t seed = 0; seed < 5; ++seed) {
    const auto run = [&](size_t memory, const auto& body) {
      const grid::Launch launch{static_cast<unsigned>(2 + 5 * (seed % 2)), static_cast<unsigned>(3 + seed), memory, seed};
      CHECK((seed == 4 ? grid::run_on_threads(launch, body) : grid::run_on_fibers(launch, body)).ok);
    };
    std::vector<uint64_t> found(3 * words, 0x5a5a), coefficients(words, 0x5a5a);
    const Constants tables{factors.data(), factors.size()};
    run(0, [&](auto& grid) { device::PackBody{}(grid, shape, {data.data(), data.size()}, {found.data(), words}); });
    run(row_memory, [&](auto& grid) { device::InvertRowsBody{}(grid, shape, tables, {found.data(), words}, {coefficients.data(), words}); });
    run(column_memory, [&](auto& grid) { device::ColumnsBody{}(grid, shape, true, 0b110, tables, {coefficients.data(), words}, {found.data(), 3 * words}); });
    run(row_memory, [&](auto& grid) { device::RowsBody{}(grid, shape, 0b110, tables, {found.data(), 3 * words}); });
    CHECK(found == wanted);
    CHECK(coefficients == polynomial);

    std::vector<uint64_t> parts;
    std::vector<uint32_t> place(g.rows_encoded(), device::kAbsent);
    for (const uint32_t row : used) {
      place[row] = static_cast<uint32_t>(parts.size() / (4 * g.columns()));
      parts.insert(parts.end(), matrix + 4 * g.columns() * row, matrix + 4 * g.columns() * (row + 1));
    }
    std::fill(found.begin(), found.end(), 0x5a5a);
    std::fill(coefficients.begin(), coefficients.end(), 0x5a5a);
    const Constants more{recovery.data(), recovery.size()};
    run(row_memory, [&](auto& grid) { device::RecoverRowsBody{}(grid, shape, tables, more, {used.data(), used.size()}, {parts.data(), words}); });
    run(2 * column_memory, [&](auto& grid) {
      device::RecoverColumnsBody{}(grid, shape, tables, more, {place.data(), place.size()}, {parts.data(), words}, {coefficients.data(), words});
    });
    CHECK(coefficients == polynomial);
    run(column_memory, [&](auto& grid) { device::ColumnsBody{}(grid, shape, false, 0b111, tables, {coefficients.data(), words}, {found.data(), 3 * words}); });
    run(row_memory, [&](auto& grid) { device::RowsBody{}(grid, shape, 0b111, tables, {found.data(), 3 * words}); });
    CHECK(found == wanted);
  }
  // A view that is a word short is named, not read beyond.
  std::vector<uint64_t> coefficients(words);
  const auto report = grid::run_on_fibers({1, 4, row_memory, 0}, [&](auto& grid) {
    device::InvertRowsBody{}(grid, shape, Constants{factors.data(), factors.size()}, Constants{matrix, words - 1}, Words{coefficients.data(), words});
  });
  CHECK(!report.ok && report.message.find("outside a view") != std::string::npos);
}
#endif

}  // namespace

int main() {
  std::mt19937_64 random(20'261'122);
  for (const char* name : {"scalar", "avx512", "emu"}) {
    const auto with = rs_fr::backends(name);
    if (!with.ok()) continue;
    for (const unsigned threads : {1u, 3u}) {
      set_thread_count(threads);
      codes(*with, random, std::string_view(name) == "emu");
    }
  }
  padding(random);
#if defined(ZG_EMU)
  bodies(random);
#endif
  return check_report();
}
