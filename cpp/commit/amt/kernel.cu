// Device entry points of the AMT prover: projective points of sixteen 64-bit words, scalars of four, any launch shape;
// `multiples` is eight points for each lane of the launch. Affine forms: zg_amt_normalize.
#include "commit/amt/body.hpp"
#include "grid/device.cuh"

namespace {

namespace body = zg::amt::device;

__device__ __forceinline__ zg::grid::View<uint64_t> room(const zg::grid::DeviceGrid& grid, uint64_t* multiples) {
  return {multiples, uint64_t{8} * body::kSize * grid.width() * grid.blocks()};
}

}  // namespace

extern "C" __global__ void zg_amt_tree(unsigned log_rows, unsigned trees, unsigned blocks, uint64_t* points) {
  zg::grid::DeviceGrid grid;
  body::TreeBody{}(grid, log_rows, trees, blocks != 0, body::Words{points, body::kSize * body::places(log_rows) * trees});
}

extern "C" __global__ void zg_amt_twist(unsigned log_rows, const uint64_t* blocks, const uint64_t* twists, uint64_t* multiples, uint64_t* out) {
  zg::grid::DeviceGrid grid;
  const uint64_t count = body::places(log_rows);
  body::TwistBody{}(grid, log_rows, body::Constants{blocks, body::kSize * count}, body::Constants{twists, 4 * body::kCosetCount * count},
                    room(grid, multiples), body::Words{out, body::kSize * body::kCosetCount * count});
}

extern "C" __global__ void zg_amt_butterflies(unsigned log_rows, unsigned layer, const uint64_t* roots, uint64_t* multiples, uint64_t* points) {
  zg::grid::DeviceGrid grid;
  const uint64_t count = body::kCosetCount * body::places(log_rows);
  body::ButterflyBody{}(grid, log_rows, layer, body::Constants{roots, uint64_t{4} << layer}, room(grid, multiples), body::Words{points, body::kSize * count});
}

extern "C" __global__ void zg_amt_normalize(uint64_t count, const uint64_t* points, uint64_t* out, uint64_t* before) {
  zg::grid::DeviceGrid grid;
  zg::curve::device::NormalizeBody<body::Point>{}(grid, count, body::Constants{points, body::kSize * count}, body::Words{out, 8 * count},
                                                  body::Words{before, 4 * count});
}
