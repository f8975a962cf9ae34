// Device entry points of sealing; one thread a seal, and one thread a word of 32 bytes.
#include "grid/device.cuh"
#include "pora/seal/body.hpp"

extern "C" __global__ void zg_pora_seal(const uint64_t* masks, uint64_t count, uint64_t* words) {
  zg::grid::DeviceGrid grid;
  zg::pora::SealBody{}(grid, zg::grid::View<const uint64_t>{masks, 4 * count}, zg::grid::View<uint64_t>{words, 512 * count});
}

extern "C" __global__ void zg_pora_unseal(const uint64_t* masks, uint64_t count, const uint64_t* sealed, uint64_t* out) {
  zg::grid::DeviceGrid grid;
  zg::pora::UnsealBody{}(grid, zg::grid::View<const uint64_t>{masks, 4 * count}, zg::grid::View<const uint64_t>{sealed, 512 * count},
                         zg::grid::View<uint64_t>{out, 512 * count});
}
