// Device bodies of the DA code: a block takes one row or one column at a time through block memory, and a column through all
// transforms that it needs.
//
// A blob is three launches: rows of coset 0 back, columns back and out to the other cosets, rows of those. Recovery is the used
// rows back, columns through both transforms of the quotient (codec.cpp), then columns and rows as before. Cells are plain
// values of four words, factors Montgomery forms; factors that only differ by a power of w are put together from two short
// tables, because a product is cheaper than fetching 32 bytes.
#pragma once

#include "field/ntt/body.hpp"

namespace zg::rs_fr::device {

namespace fr = bn254::device;
using P = bn254::FrParams;
using Words = grid::View<uint64_t>;
using Constants = grid::View<const uint64_t>;

inline constexpr unsigned kCosetCount = 3;
inline constexpr uint32_t kAbsent = 0xffffffff;

struct Shape {
  unsigned log_rows, log_columns;

  ZG_HD uint64_t rows() const { return uint64_t{1} << log_rows; }
  ZG_HD uint64_t columns() const { return uint64_t{1} << log_columns; }
};

// The tables of a geometry, one behind the other: eight of C factors, then six of R. `root` tables are as Pass has them.
enum RowTable : unsigned { kRowRoots, kRowRootsInverse, kFine, kFineInverse, kSteps, kStepsInverse = kSteps + 2, kRowTables = kStepsInverse + 2 };
enum ColumnTable : unsigned { kColumnRoots, kColumnRootsInverse, kCoarse, kCoarseInverse, kWeights, kColumnTables = kWeights + 2 };
// kFine: w^k. kSteps: k_c^m of cosets 1 and 2. kCoarse: w^(C i); its inverse carries 1 / N. kWeights: k_c^(C n) of cosets 1 and 2.

inline constexpr uint64_t factors_size(Shape shape) {
  return (uint64_t{kRowTables} << shape.log_columns) + (uint64_t{kColumnTables} << shape.log_rows);
}

ZG_HD Constants row_table(const Constants& factors, const Shape& shape, unsigned which) {
  return factors.part(4 * which * shape.columns(), 4 * shape.columns());
}
ZG_HD Constants column_table(const Constants& factors, const Shape& shape, unsigned which) {
  return factors.part(4 * (kRowTables * shape.columns() + which * shape.rows()), 4 * shape.rows());
}

// Of one recovery: the factor of each used row, then R factors behind the inverse of each coset's columns, 1 / Z on the shifted
// coset, and those behind the last inverse.
inline constexpr unsigned kRecoveryTables = 1 + kCosetCount + 2;

// w^(i m), i < R and m < C, or with the inverse tables w^(-i m) / N.
ZG_HD fr::Number power_of_root(const Constants& fine, const Constants& coarse, const Shape& shape, uint64_t i, uint64_t m) {
  const uint64_t exponent = i * m;
  return fr::mul<P>(fr::load(coarse, 4 * (exponent >> shape.log_columns)), fr::load(fine, 4 * (exponent & (shape.columns() - 1))));
}

// Cells of padded data: symbol s is 31 bytes from data[31 s], zeros behind the data, its length in the last bytes of the last.
struct PackBody {
  template <class Grid>
  ZG_HD void operator()(Grid& grid, const Shape& shape, grid::View<const uint8_t> data, Words cells) const {
    const uint64_t count = shape.rows() * shape.columns(), step = uint64_t{grid.width()} * grid.blocks();
    for (uint64_t s = uint64_t{grid.width()} * grid.block() + grid.thread(); s < count; s += step) {
      uint64_t words[4] = {0, 0, 0, 0};
ZG_UNROLL
      for (unsigned k = 0; k < 31; ++k) {
        const uint64_t at = 31 * s + k;
        if (at < data.size) words[k / 8] |= uint64_t{data[at]} << (8 * (k % 8));
      }
      if (s + 1 == count) words[3] |= static_cast<uint64_t>(data.size) << 24;
ZG_UNROLL
      for (unsigned k = 0; k < 4; ++k) cells[4 * s + k] = words[k];
    }
  }
};

// Rows of coset 0 through the inverse transform, unscaled. Block memory: shared_size<uint64_t>(4 C).
struct InvertRowsBody {
  template <class Grid>
  ZG_HD void operator()(Grid& grid, const Shape& shape, Constants factors, Constants cells, Words out) const {
    const uint64_t columns = shape.columns();
    const Words values = grid.template shared<uint64_t>(4 * columns);
    for (uint64_t row = grid.block(); row < shape.rows(); row += grid.blocks()) {
      for (uint64_t k = grid.thread(); k < columns; k += grid.width())
        fr::store(values, 4 * ntt::reversed(k, shape.log_columns), fr::load(cells, 4 * (columns * row + k)));
      grid.sync();
      ntt::butterflies(grid, values, row_table(factors, shape, kRowRootsInverse), shape.log_columns);
      for (uint64_t k = grid.thread(); k < columns; k += grid.width()) fr::store(out, 4 * (columns * row + k), fr::load(values, 4 * k));
      grid.sync();
    }
  }
};

// Columns: with `from_rows` what InvertRowsBody left becomes coefficients, in place; then each coset whose bit is set gets its
// column of the matrix, to be finished by RowsBody. Block memory: shared_size<uint64_t>(4 R).
struct ColumnsBody {
  template <class Grid>
  ZG_HD void operator()(Grid& grid, const Shape& shape, bool from_rows, unsigned cosets, Constants factors, Words coefficients, Words matrix) const {
    const uint64_t rows = shape.rows(), columns = shape.columns();
    const Words values = grid.template shared<uint64_t>(4 * rows);
    for (uint64_t m = grid.block(); m < columns; m += grid.blocks()) {
      if (from_rows) {
        const Constants fine = row_table(factors, shape, kFineInverse), coarse = column_table(factors, shape, kCoarseInverse);
        for (uint64_t i = grid.thread(); i < rows; i += grid.width()) {
          const fr::Number value = fr::load(coefficients, 4 * (columns * i + m));
          fr::store(values, 4 * ntt::reversed(i, shape.log_rows), fr::mul<P>(value, power_of_root(fine, coarse, shape, i, m)));
        }
        grid.sync();
        ntt::butterflies(grid, values, column_table(factors, shape, kColumnRootsInverse), shape.log_rows);
        for (uint64_t n = grid.thread(); n < rows; n += grid.width()) fr::store(coefficients, 4 * (columns * n + m), fr::load(values, 4 * n));
        grid.sync();
      }
      for (unsigned coset = 0; coset < kCosetCount; ++coset) {
        if ((cosets >> coset & 1) == 0) continue;
        for (uint64_t n = grid.thread(); n < rows; n += grid.width()) {
          fr::Number value = fr::load(coefficients, 4 * (columns * n + m));
          if (coset != 0) value = fr::mul<P>(value, fr::load(column_table(factors, shape, kWeights + coset - 1), 4 * n));
          fr::store(values, 4 * ntt::reversed(n, shape.log_rows), value);
        }
        grid.sync();
        ntt::butterflies(grid, values, column_table(factors, shape, kColumnRoots), shape.log_rows);
        for (uint64_t i = grid.thread(); i < rows; i += grid.width())
          fr::store(matrix, 4 * (columns * (rows * coset + i) + m), fr::load(values, 4 * i));
        grid.sync();
      }
    }
  }
};

// Rows of the cosets whose bits are set, in place, from what ColumnsBody left to cells. Block memory: shared_size<uint64_t>(4 C).
struct RowsBody {
  template <class Grid>
  ZG_HD void operator()(Grid& grid, const Shape& shape, unsigned cosets, Constants factors, Words matrix) const {
    const uint64_t columns = shape.columns();
    const Words values = grid.template shared<uint64_t>(4 * columns);
    const Constants fine = row_table(factors, shape, kFine), coarse = column_table(factors, shape, kCoarse);
    for (uint64_t row = grid.block(); row < kCosetCount * shape.rows(); row += grid.blocks()) {
      const auto coset = static_cast<unsigned>(row >> shape.log_rows);
      if ((cosets >> coset & 1) == 0) continue;
      const uint64_t i = row & (shape.rows() - 1);
      for (uint64_t m = grid.thread(); m < columns; m += grid.width()) {
        fr::Number twist = power_of_root(fine, coarse, shape, i, m);
        if (coset != 0) twist = fr::mul<P>(twist, fr::load(row_table(factors, shape, kSteps + coset - 1), 4 * m));
        fr::store(values, 4 * ntt::reversed(m, shape.log_columns), fr::mul<P>(fr::load(matrix, 4 * (columns * row + m)), twist));
      }
      grid.sync();
      ntt::butterflies(grid, values, row_table(factors, shape, kRowRoots), shape.log_columns);
      for (uint64_t j = grid.thread(); j < columns; j += grid.width()) fr::store(matrix, 4 * (columns * row + j), fr::load(values, 4 * j));
      grid.sync();
    }
  }
};

// R used rows, in place: row k has the number used[k]. Back along the row, then the factors of its place and its own.
// Block memory: shared_size<uint64_t>(4 C).
struct RecoverRowsBody {
  template <class Grid>
  ZG_HD void operator()(Grid& grid, const Shape& shape, Constants factors, Constants recovery, grid::View<const uint32_t> used, Words parts) const {
    const uint64_t columns = shape.columns();
    const Words values = grid.template shared<uint64_t>(4 * columns);
    const Constants fine = row_table(factors, shape, kFineInverse), coarse = column_table(factors, shape, kCoarseInverse);
    for (uint64_t k = grid.block(); k < shape.rows(); k += grid.blocks()) {
      const uint64_t number = used[k], i = number & (shape.rows() - 1);
      const auto coset = static_cast<unsigned>(number >> shape.log_rows);
      for (uint64_t j = grid.thread(); j < columns; j += grid.width())
        fr::store(values, 4 * ntt::reversed(j, shape.log_columns), fr::load(parts, 4 * (columns * k + j)));
      grid.sync();
      ntt::butterflies(grid, values, row_table(factors, shape, kRowRootsInverse), shape.log_columns);
      const fr::Number own = fr::load(recovery, 4 * k);
      for (uint64_t m = grid.thread(); m < columns; m += grid.width()) {
        fr::Number twist = fr::mul<P>(own, power_of_root(fine, coarse, shape, i, m));
        if (coset != 0) twist = fr::mul<P>(twist, fr::load(row_table(factors, shape, kStepsInverse + coset - 1), 4 * m));
        fr::store(parts, 4 * (columns * k + m), fr::mul<P>(fr::load(values, 4 * m), twist));
      }
      grid.sync();
    }
  }
};

// The coefficients from those rows: place[number] is k or kAbsent. Block memory: twice shared_size<uint64_t>(4 R).
struct RecoverColumnsBody {
  template <class Grid>
  ZG_HD void operator()(Grid& grid, const Shape& shape, Constants factors, Constants recovery, grid::View<const uint32_t> place, Constants parts,
                        Words coefficients) const {
    const uint64_t rows = shape.rows(), columns = shape.columns();
    const Words values = grid.template shared<uint64_t>(4 * rows), sum = grid.template shared<uint64_t>(4 * rows);
    const Constants back = column_table(factors, shape, kColumnRootsInverse);
    const auto table = [&](unsigned which) { return recovery.part(4 * which * rows, 4 * rows); };
    for (uint64_t m = grid.block(); m < columns; m += grid.blocks()) {
      for (unsigned coset = 0; coset < kCosetCount; ++coset) {
        for (uint64_t i = grid.thread(); i < rows; i += grid.width()) {
          const uint32_t k = place[rows * coset + i];
          fr::store(values, 4 * ntt::reversed(i, shape.log_rows), k == kAbsent ? fr::Number{} : fr::load(parts, 4 * (columns * k + m)));
        }
        grid.sync();
        ntt::butterflies(grid, values, back, shape.log_rows);
        for (uint64_t n = grid.thread(); n < rows; n += grid.width()) {
          const fr::Number value = fr::mul<P>(fr::load(values, 4 * n), fr::load(table(1 + coset), 4 * n));
          fr::store(sum, 4 * n, coset == 0 ? value : fr::add<P>(value, fr::load(sum, 4 * n)));
        }
        grid.sync();
      }
      for (uint64_t n = grid.thread(); n < rows; n += grid.width()) fr::store(values, 4 * ntt::reversed(n, shape.log_rows), fr::load(sum, 4 * n));
      grid.sync();
      ntt::butterflies(grid, values, column_table(factors, shape, kColumnRoots), shape.log_rows);
      for (uint64_t k = grid.thread(); k < rows; k += grid.width())
        fr::store(sum, 4 * ntt::reversed(k, shape.log_rows), fr::mul<P>(fr::load(values, 4 * k), fr::load(table(1 + kCosetCount), 4 * k)));
      grid.sync();
      ntt::butterflies(grid, sum, back, shape.log_rows);
      for (uint64_t n = grid.thread(); n < rows; n += grid.width())
        fr::store(coefficients, 4 * (columns * n + m), fr::mul<P>(fr::load(sum, 4 * n), fr::load(table(2 + kCosetCount), 4 * n)));
      grid.sync();
    }
  }
};

}  // namespace zg::rs_fr::device
