// Device entry point of BLAKE2b; one thread an input.
#include "grid/device.cuh"
#include "hash/blake2b/body.hpp"

extern "C" __global__ void zg_blake2b_hash_ragged(const uint8_t* data, uint64_t size, const uint64_t* offsets, uint64_t count,
                                                  uint64_t* digests) {
  zg::grid::DeviceGrid grid;
  zg::blake2b::HashRaggedBody{}(grid, zg::grid::View<const uint8_t>{data, size}, zg::grid::View<const uint64_t>{offsets, count + 1},
                                zg::grid::View<uint64_t>{digests, 8 * count});
}
