// What a backend of the DA code is: the passes between bytes, cells and coefficients. Host files only; the lanes are those of
// field/ntt, the device's own passes are body.hpp.
#pragma once

#include <vector>

#include "common/bytes.hpp"
#include "common/status.hpp"
#include "field/ntt/api.hpp"

namespace zg::rs_fr {

struct Geometry;

struct Table {
  // As pack_rows.
  void (*pack)(Bytes data, Geometry geometry, size_t first, size_t count, uint8_t* cells);

  // From the cells of coset 0, the first third of `matrix`, to the coefficients and the other thirds. `fill(first, count)` writes
  // rows of cells before they are read (may be empty), `done(first, count)` sees rows of the matrix when they stay as they are.
  void (*extend)(Geometry geometry, uint64_t* matrix, uint64_t* coefficients, const ntt::Around& fill, const ntt::Around& done);

  // From the coefficients to all three cosets.
  void (*evaluate)(Geometry geometry, uint64_t* coefficients, uint64_t* matrix, const ntt::Around& done);

  // The coefficients from R different rows: used[k] the number of rows[k], ascending. out_of_capacity without memory.
  Outcome<bool> (*solve)(Geometry geometry, const std::vector<uint32_t>& used, const std::vector<const uint8_t*>& rows, uint64_t* coefficients);
};

extern const Table scalar;
extern const Table avx512;
extern const Table emu;

}  // namespace zg::rs_fr
