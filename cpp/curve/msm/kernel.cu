// Device entry points of sums in G1: affine points of eight 64-bit words, projective ones of sixteen, scalars of four; `size`
// arguments in items, any launch shape. Rounds: add, twice. Whole sums: windows, finish, sum, normalize; ladders: multiply.
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

extern "C" __global__ void zg_msm_windows(uint64_t sums, unsigned bits, unsigned windows, uint64_t terms_max, const uint64_t* plan, const uint64_t* bases,
                                          uint64_t bases_size, const uint64_t* scalars, uint64_t scalars_size, const uint64_t* offset, uint64_t* out) {
  zg::grid::DeviceGrid grid;
  using Words = zg::grid::View<const uint64_t>;
  const zg::msm::device::WindowShape shape{sums, bits, windows, terms_max};
  zg::msm::device::WindowsBody{}(grid, shape, Words{plan, zg::msm::device::kPlanWords * sums}, Words{bases, 8 * bases_size}, Words{scalars, 4 * scalars_size},
                                 Words{offset, 5}, zg::grid::View<uint64_t>{out, 16 * sums * windows});
}

extern "C" __global__ void zg_msm_finish(uint64_t sums, unsigned bits, unsigned windows, const uint64_t* in, uint64_t* out) {
  zg::grid::DeviceGrid grid;
  const zg::msm::device::WindowShape shape{sums, bits, windows, 0};
  zg::msm::device::FinishBody{}(grid, shape, zg::grid::View<const uint64_t>{in, 16 * sums * windows}, zg::grid::View<uint64_t>{out, 16 * sums});
}

extern "C" __global__ void zg_msm_sum(uint64_t sums, const uint32_t* from, const uint64_t* points, uint64_t points_size, uint64_t* out) {
  zg::grid::DeviceGrid grid;
  zg::curve::device::SumBody<zg::msm::device::Point, false>{}(grid, sums, zg::grid::View<const uint32_t>{from, sums + 1},
                                                              zg::grid::View<const uint64_t>{points, 16 * points_size},
                                                              zg::grid::View<uint64_t>{out, 16 * sums});
}

extern "C" __global__ void zg_msm_multiply(uint64_t count, const uint64_t* points, const uint64_t* scalars, uint64_t* multiples, uint64_t* out) {
  zg::grid::DeviceGrid grid;
  using Words = zg::grid::View<const uint64_t>;
  const uint64_t room = uint64_t{8} * 16 * grid.width() * grid.blocks();
  zg::msm::device::MultiplyBody{}(grid, count, Words{points, 8 * count}, Words{scalars, 4 * count}, zg::grid::View<uint64_t>{multiples, room},
                                  zg::grid::View<uint64_t>{out, 16 * count});
}

extern "C" __global__ void zg_msm_normalize(uint64_t count, const uint64_t* points, uint64_t* out, uint64_t* before) {
  zg::grid::DeviceGrid grid;
  zg::curve::device::NormalizeBody<zg::msm::device::Point>{}(grid, count, zg::grid::View<const uint64_t>{points, 16 * count},
                                                             zg::grid::View<uint64_t>{out, 8 * count}, zg::grid::View<uint64_t>{before, 4 * count});
}
