// Device entry points of the rounds of G1: points of eight 64-bit words, `size` arguments in points, any launch shape.
#include "curve/msm/body.hpp"
#include "grid/device.cuh"

extern "C" __global__ void zg_msm_add(uint64_t count, const uint64_t* left, uint64_t left_size, const uint32_t* a, const uint64_t* right,
                                      uint64_t right_size, const uint32_t* b, uint64_t* out, uint64_t out_size, const uint32_t* to, uint64_t* before) {
  zg::grid::DeviceGrid grid;
  using Points = zg::grid::View<const uint64_t>;
  using Indices = zg::grid::View<const uint32_t>;
  zg::msm::device::AddBody{}(grid, count, Points{left, 8 * left_size}, Indices{a, count}, Points{right, 8 * right_size}, Indices{b, count},
                             zg::grid::View<uint64_t>{out, 8 * out_size}, Indices{to, count}, zg::grid::View<uint64_t>{before, 4 * count});
}

extern "C" __global__ void zg_msm_twice(uint64_t count, const uint64_t* left, uint64_t left_size, const uint32_t* a, uint64_t* out, uint64_t out_size,
                                        const uint32_t* to, uint64_t* before) {
  zg::grid::DeviceGrid grid;
  using Points = zg::grid::View<const uint64_t>;
  using Indices = zg::grid::View<const uint32_t>;
  zg::msm::device::TwiceBody{}(grid, count, Points{left, 8 * left_size}, Indices{a, count}, zg::grid::View<uint64_t>{out, 8 * out_size},
                               Indices{to, count}, zg::grid::View<uint64_t>{before, 4 * count});
}
