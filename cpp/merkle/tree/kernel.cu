// Device entry point of storage segments; one block a subtree, (4 << height) * 8 bytes of dynamic shared memory.
#include "grid/device.cuh"
#include "merkle/tree/body.hpp"

extern "C" __global__ void zg_merkle_subtrees(const uint64_t* words, unsigned height, uint64_t* roots) {
  zg::grid::DeviceGrid grid;
  const uint64_t count = gridDim.x;
  zg::merkle::SubtreeBody{}(grid, height, zg::grid::View<const uint64_t>{words, (count << height) * 32},
                            zg::grid::View<uint64_t>{roots, 4 * count});
}
