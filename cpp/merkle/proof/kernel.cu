// Device entry point of proof folding; one thread a proof.
#include "grid/device.cuh"
#include "merkle/proof/body.hpp"

extern "C" __global__ void zg_merkle_fold(const uint64_t* leaves, const uint64_t* siblings, const uint8_t* path, uint64_t entries,
                                          const uint64_t* offsets, uint64_t count, uint64_t* roots) {
  zg::grid::DeviceGrid grid;
  zg::merkle::FoldBody{}(grid, zg::grid::View<const uint64_t>{leaves, 4 * count}, zg::grid::View<const uint64_t>{siblings, 4 * entries},
                         zg::grid::View<const uint8_t>{path, entries}, zg::grid::View<const uint64_t>{offsets, count + 1},
                         zg::grid::View<uint64_t>{roots, 4 * count});
}
