// Device entry points of keccak256; compiled at run time for the card (primitives/device.py) or ahead of time by nvcc.
#include "grid/device.cuh"
#include "hash/keccak256/body.hpp"

extern "C" __global__ void zg_keccak256_hash_64(const uint64_t* words, uint64_t count, uint64_t* digests) {
  zg::grid::DeviceGrid grid;
  zg::keccak256::Hash64Body{}(grid, zg::grid::View<const uint64_t>{words, 8 * count}, zg::grid::View<uint64_t>{digests, 4 * count});
}

extern "C" __global__ void zg_keccak256_hash_ragged(const uint8_t* data, uint64_t size, const uint64_t* offsets, uint64_t count,
                                                    uint64_t* digests) {
  zg::grid::DeviceGrid grid;
  zg::keccak256::HashRaggedBody{}(grid, zg::grid::View<const uint8_t>{data, size}, zg::grid::View<const uint64_t>{offsets, count + 1},
                                  zg::grid::View<uint64_t>{digests, 4 * count});
}
