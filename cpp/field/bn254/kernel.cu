// Device entry points of batch arithmetic in the fields of BN254: elements of four 64-bit words, any launch shape.
#include "field/bn254/body.hpp"
#include "grid/device.cuh"

namespace {

template <class P>
__device__ __forceinline__ void elementwise(unsigned operation, uint64_t count, const uint64_t* a, const uint64_t* b, uint64_t* out) {
  zg::grid::DeviceGrid grid;
  const auto chosen = static_cast<zg::bn254::device::Operation>(operation);
  const size_t b_count = chosen == zg::bn254::device::Operation::scale ? 1 : count;
  zg::bn254::device::ElementwiseBody<P>{}(grid, chosen, count, zg::grid::View<const uint64_t>{a, 4 * count},
                                          zg::grid::View<const uint64_t>{b, 4 * b_count}, zg::grid::View<uint64_t>{out, 4 * count});
}

template <class P>
__device__ __forceinline__ void invert(uint64_t count, const uint64_t* a, uint64_t* out) {
  zg::grid::DeviceGrid grid;
  zg::bn254::device::InverseBody<P>{}(grid, count, zg::grid::View<const uint64_t>{a, 4 * count}, zg::grid::View<uint64_t>{out, 4 * count});
}

}  // namespace

extern "C" __global__ void zg_bn254_fq_elementwise(unsigned operation, uint64_t count, const uint64_t* a, const uint64_t* b, uint64_t* out) {
  elementwise<zg::bn254::FqParams>(operation, count, a, b, out);
}

extern "C" __global__ void zg_bn254_fr_elementwise(unsigned operation, uint64_t count, const uint64_t* a, const uint64_t* b, uint64_t* out) {
  elementwise<zg::bn254::FrParams>(operation, count, a, b, out);
}

extern "C" __global__ void zg_bn254_fq_inverse(uint64_t count, const uint64_t* a, uint64_t* out) { invert<zg::bn254::FqParams>(count, a, out); }

extern "C" __global__ void zg_bn254_fr_inverse(uint64_t count, const uint64_t* a, uint64_t* out) { invert<zg::bn254::FrParams>(count, a, out); }
