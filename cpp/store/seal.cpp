#include "store/seal.hpp"

#include "common/parallel.hpp"

#include <blake3.h>

#include <atomic>
#include <charconv>
#include <cstring>

namespace zg::store {

namespace {

constexpr size_t kGrainRows = 1024;

}  // namespace

void seal_of(std::string_view family, Bytes key, Bytes value, uint8_t seal[kSealBytes]) {
  char size[24];
  size[0] = 0;
  char* end = std::to_chars(size + 1, size + sizeof size - 1, key.size).ptr;
  *end++ = 0;
  blake3_hasher hasher;
  blake3_hasher_init(&hasher);
  blake3_hasher_update(&hasher, family.data(), family.size());
  blake3_hasher_update(&hasher, size, static_cast<size_t>(end - size));
  blake3_hasher_update(&hasher, key.data, key.size);
  blake3_hasher_update(&hasher, value.data, value.size);
  blake3_hasher_finalize(&hasher, seal, kSealBytes);
}

std::optional<size_t> first_broken(std::string_view family, const std::vector<SealedRow>& rows) {
  std::atomic<size_t> broken{rows.size()};
  parallel_for(rows.size(), kGrainRows, [&](size_t begin, size_t end) {
    for (size_t i = begin; i < end; ++i) {
      const SealedRow& row = rows[i];
      uint8_t seal[kSealBytes];
      bool fits = row.stored.size >= kSealBytes;
      if (fits) {
        seal_of(family, row.key, Bytes{row.stored.data + kSealBytes, row.stored.size - kSealBytes}, seal);
        fits = std::memcmp(seal, row.stored.data, kSealBytes) == 0;
      }
      if (fits) continue;
      size_t seen = broken.load();
      while (i < seen && !broken.compare_exchange_weak(seen, i)) {
      }
      return;
    }
  });
  if (broken == rows.size()) return std::nullopt;
  return broken.load();
}

}  // namespace zg::store
