// Device entry points of mixing; one thread a nonce, and one thread a seal of a load.
#include "grid/device.cuh"
#include "pora/mix/body.hpp"

extern "C" __global__ void zg_pora_scratchpads(const uint64_t* seeds, uint64_t count, uint64_t* pads, uint64_t* recall_seeds) {
  zg::grid::DeviceGrid grid;
  zg::pora::ScratchpadBody{}(grid, zg::grid::View<const uint64_t>{seeds, 8 * count}, zg::grid::View<uint64_t>{pads, 2048 * count},
                             zg::grid::View<uint64_t>{recall_seeds, 4 * count});
}

extern "C" __global__ void zg_pora_qualities(const uint64_t* loads, const uint64_t* pads, const uint64_t* seeds, uint64_t count,
                                             uint64_t* qualities) {
  zg::grid::DeviceGrid grid;
  zg::pora::QualityBody{}(grid, zg::grid::View<const uint64_t>{loads, 32768 * count}, zg::grid::View<const uint64_t>{pads, 2048 * count},
                          zg::grid::View<const uint64_t>{seeds, 8 * count}, zg::grid::View<uint64_t>{qualities, 256 * count});
}
