#include "merkle/tree/table.hpp"

namespace zg::merkle {

namespace {

void sectors(const uint8_t* data, size_t count, uint8_t* digests) {
  for (size_t i = 0; i < count; ++i) keccak256::scalar.hash_one({data + kSectorSize * i, kSectorSize}, digests + 32 * i);
}

void subtrees(const uint8_t* data, unsigned height, size_t count, uint8_t* scratch, uint8_t* roots) {
  const size_t leaf_count = size_t{1} << height;
  for (size_t i = 0; i < count; ++i) {
    sectors(data + i * leaf_count * kSectorSize, leaf_count, scratch);
    for (size_t width = leaf_count / 2; width != 0; width /= 2) keccak256::scalar.hash_64(scratch, width, scratch);
    __builtin_memcpy(roots + 32 * i, scratch, 32);
  }
}

}  // namespace

const Table scalar = {sectors, subtrees, &keccak256::scalar};

}  // namespace zg::merkle
