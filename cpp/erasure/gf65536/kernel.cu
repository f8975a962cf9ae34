// Device entry point of the GF(2^16) matrix product: shards as rows of `words` 8-byte words, any launch shape.
#include "erasure/gf65536/body.hpp"
#include "grid/device.cuh"

extern "C" __global__ void zg_gf65536_product(const uint16_t* matrix, unsigned rows, unsigned columns, uint64_t words, const uint64_t* inputs,
                                              uint64_t* outputs) {
  zg::grid::DeviceGrid grid;
  zg::gf65536::ProductBody{}(grid, rows, columns, words, zg::grid::View<const uint16_t>{matrix, size_t{rows} * columns},
                             zg::grid::View<const uint64_t>{inputs, columns * words}, zg::grid::View<uint64_t>{outputs, rows * words});
}
