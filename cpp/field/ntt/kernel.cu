// Device entry point of a pass of Fr transforms: a block a vector, (32 << log_size) bytes of block memory. Null for no factors;
// `size` arguments are in elements.
#include "field/ntt/body.hpp"
#include "grid/device.cuh"

extern "C" __global__ void zg_ntt_pass(unsigned log_size, uint64_t first, uint64_t count, const uint64_t* roots, const uint64_t* pre,
                                       const uint64_t* post, const uint64_t* twist, uint64_t twist_step, uint64_t twist_pitch,
                                       uint64_t twist_size, const uint64_t* in, uint64_t in_step, uint64_t in_pitch, uint64_t in_size,
                                       uint64_t* out, uint64_t out_step, uint64_t out_pitch, uint64_t out_size) {
  zg::grid::DeviceGrid grid;
  const zg::ntt::PassShape shape{log_size,   first,       count,   pre != nullptr, post != nullptr, twist != nullptr,
                                 twist_step, twist_pitch, in_step, in_pitch,       out_step,        out_pitch};
  const size_t words = size_t{4} << log_size;
  using In = zg::grid::View<const uint64_t>;
  zg::ntt::PassBody{}(grid, shape, In{roots, words}, In{pre, words}, In{post, words}, In{twist, 4 * twist_size}, In{in, 4 * in_size},
                      zg::grid::View<uint64_t>{out, 4 * out_size});
}
