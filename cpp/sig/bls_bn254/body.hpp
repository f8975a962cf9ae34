// Device bodies of verification: multiples by random weights of 128 bits in both groups, a lane a point. The sums over them, and
// those of an aggregate's signatures and keys, are curve/xyzz.hpp's; pairings stay on the host.
#pragma once

#include "curve/xyzz.hpp"

namespace zg::bls_bn254::device {

namespace xyzz = curve::device;

inline constexpr unsigned kBits = 128;

// out[i] = weights[i] points[i], not yet affine; weights are two words each. One doubling in the code: the addition that would
// double says so.
template <class F>
struct WeighBody {
  template <class Grid>
  ZG_HD void operator()(Grid& grid, uint64_t count, xyzz::Constants points, xyzz::Constants weights, xyzz::Words out) const {
    const uint64_t stride = uint64_t{grid.width()} * grid.blocks();
    for (uint64_t i = uint64_t{grid.width()} * grid.block() + grid.thread(); i < count; i += stride) {
      const uint64_t at = xyzz::kPointWords<F> * i;
      xyzz::set_infinity<F>(out, at);
      for (unsigned step = 0; step < 2 * kBits; ++step) {
        bool doubles = step % 2 == 0;
        if (!doubles) {
          const unsigned bit = kBits - 1 - step / 2;
          if ((weights[2 * i + bit / 64] >> (bit % 64) & 1) == 0) continue;
          doubles = !xyzz::add_affine<F>(out, at, points, xyzz::kAffineWords<F> * i, false);
        }
        if (doubles) xyzz::twice<F>(out, at);
      }
    }
  }
};

}  // namespace zg::bls_bn254::device
