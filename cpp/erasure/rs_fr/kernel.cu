// Device entry points of the DA code: a block a row or a column, any number of blocks, any width. Cells and factors are four
// words; block memory is 32 << log_columns bytes for rows, 32 << log_rows for columns, twice that for recover_columns.
#include "erasure/rs_fr/body.hpp"
#include "grid/device.cuh"

using zg::rs_fr::device::Shape;
using Words = zg::rs_fr::device::Words;
using Constants = zg::rs_fr::device::Constants;
using Numbers = zg::grid::View<const uint32_t>;

namespace {

__device__ __forceinline__ uint64_t factor_words(const Shape& shape) { return 4 * zg::rs_fr::device::factors_size(shape); }
__device__ __forceinline__ uint64_t cell_words(const Shape& shape) { return 4 * shape.rows() * shape.columns(); }
__device__ __forceinline__ uint64_t recovery_words(const Shape& shape) { return 4 * zg::rs_fr::device::kRecoveryTables * shape.rows(); }

}  // namespace

extern "C" __global__ void zg_rs_fr_pack(unsigned log_rows, unsigned log_columns, const uint8_t* data, uint64_t size, uint64_t* cells) {
  zg::grid::DeviceGrid grid;
  const Shape shape{log_rows, log_columns};
  zg::rs_fr::device::PackBody{}(grid, shape, zg::grid::View<const uint8_t>{data, size}, Words{cells, cell_words(shape)});
}

extern "C" __global__ void zg_rs_fr_invert_rows(unsigned log_rows, unsigned log_columns, const uint64_t* factors, const uint64_t* cells, uint64_t* out) {
  zg::grid::DeviceGrid grid;
  const Shape shape{log_rows, log_columns};
  zg::rs_fr::device::InvertRowsBody{}(grid, shape, Constants{factors, factor_words(shape)}, Constants{cells, cell_words(shape)},
                                      Words{out, cell_words(shape)});
}

extern "C" __global__ void zg_rs_fr_columns(unsigned log_rows, unsigned log_columns, unsigned from_rows, unsigned cosets, const uint64_t* factors,
                                            uint64_t* coefficients, uint64_t* matrix) {
  zg::grid::DeviceGrid grid;
  const Shape shape{log_rows, log_columns};
  zg::rs_fr::device::ColumnsBody{}(grid, shape, from_rows != 0, cosets, Constants{factors, factor_words(shape)}, Words{coefficients, cell_words(shape)},
                                   Words{matrix, 3 * cell_words(shape)});
}

extern "C" __global__ void zg_rs_fr_rows(unsigned log_rows, unsigned log_columns, unsigned cosets, const uint64_t* factors, uint64_t* matrix) {
  zg::grid::DeviceGrid grid;
  const Shape shape{log_rows, log_columns};
  zg::rs_fr::device::RowsBody{}(grid, shape, cosets, Constants{factors, factor_words(shape)}, Words{matrix, 3 * cell_words(shape)});
}

extern "C" __global__ void zg_rs_fr_recover_rows(unsigned log_rows, unsigned log_columns, const uint64_t* factors, const uint64_t* recovery,
                                                 const uint32_t* used, uint64_t* parts) {
  zg::grid::DeviceGrid grid;
  const Shape shape{log_rows, log_columns};
  zg::rs_fr::device::RecoverRowsBody{}(grid, shape, Constants{factors, factor_words(shape)}, Constants{recovery, recovery_words(shape)},
                                       Numbers{used, shape.rows()}, Words{parts, cell_words(shape)});
}

extern "C" __global__ void zg_rs_fr_recover_columns(unsigned log_rows, unsigned log_columns, const uint64_t* factors, const uint64_t* recovery,
                                                    const uint32_t* place, const uint64_t* parts, uint64_t* coefficients) {
  zg::grid::DeviceGrid grid;
  const Shape shape{log_rows, log_columns};
  zg::rs_fr::device::RecoverColumnsBody{}(grid, shape, Constants{factors, factor_words(shape)}, Constants{recovery, recovery_words(shape)},
                                          Numbers{place, 3 * shape.rows()}, Constants{parts, cell_words(shape)},
                                          Words{coefficients, cell_words(shape)});
}
