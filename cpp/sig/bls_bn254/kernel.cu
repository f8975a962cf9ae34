// Device entry points of BLS verification. A point of G1 is 8 words affine and 16 projective, one of G2 is 16 and 32; weights are
// two words. Any launch shape; block memory of the sums: a projective point a lane. Sums in G2 are no entry points: they do not fit
// the registers yet.
#include "grid/device.cuh"
#include "sig/bls_bn254/body.hpp"

namespace {

namespace xyzz = zg::curve::device;
using From = zg::grid::View<const uint32_t>;

template <class F, bool kFromAffine>
__device__ __forceinline__ void sum(uint64_t sums, const uint32_t* from, const uint64_t* points, uint64_t points_size, uint64_t* out) {
  zg::grid::DeviceGrid grid;
  const uint64_t words = kFromAffine ? xyzz::kAffineWords<F> : xyzz::kPointWords<F>;
  xyzz::SumBody<F, kFromAffine>{}(grid, sums, From{from, sums + 1}, xyzz::Constants{points, words * points_size},
                                  xyzz::Words{out, xyzz::kPointWords<F> * sums});
}

template <class F>
__device__ __forceinline__ void weigh(uint64_t count, const uint64_t* points, const uint64_t* weights, uint64_t* out) {
  zg::grid::DeviceGrid grid;
  zg::bls_bn254::device::WeighBody<F>{}(grid, count, xyzz::Constants{points, xyzz::kAffineWords<F> * count}, xyzz::Constants{weights, 2 * count},
                                        xyzz::Words{out, xyzz::kPointWords<F> * count});
}

template <class F>
__device__ __forceinline__ void normalize(uint64_t count, const uint64_t* points, uint64_t* out, uint64_t* before) {
  zg::grid::DeviceGrid grid;
  xyzz::NormalizeBody<F>{}(grid, count, xyzz::Constants{points, xyzz::kPointWords<F> * count}, xyzz::Words{out, xyzz::kAffineWords<F> * count},
                           xyzz::Words{before, F::kWords * count});
}

}  // namespace

extern "C" __global__ void zg_bls_sum_g1(uint64_t sums, const uint32_t* from, const uint64_t* points, uint64_t points_size, uint64_t* out) {
  sum<xyzz::Base, true>(sums, from, points, points_size, out);
}

extern "C" __global__ void zg_bls_fold_g1(uint64_t sums, const uint32_t* from, const uint64_t* points, uint64_t points_size, uint64_t* out) {
  sum<xyzz::Base, false>(sums, from, points, points_size, out);
}

extern "C" __global__ void zg_bls_weigh_g1(uint64_t count, const uint64_t* points, const uint64_t* weights, uint64_t* out) {
  weigh<xyzz::Base>(count, points, weights, out);
}

extern "C" __global__ void zg_bls_normalize_g1(uint64_t count, const uint64_t* points, uint64_t* out, uint64_t* before) {
  normalize<xyzz::Base>(count, points, out, before);
}

extern "C" __global__ void zg_bls_weigh_g2(uint64_t count, const uint64_t* points, const uint64_t* weights, uint64_t* out) {
  weigh<xyzz::Quadratic>(count, points, weights, out);
}

extern "C" __global__ void zg_bls_normalize_g2(uint64_t count, const uint64_t* points, uint64_t* out, uint64_t* before) {
  normalize<xyzz::Quadratic>(count, points, out, before);
}
