// Sectors and subtrees over the keccak256 vocabulary; included in an anonymous namespace after it and its lanes.inl.

// Digests of kWidth sectors of 256 bytes: two permutations, padding as constants.
template <class L>
ZG_INLINE void digest_sectors(const uint8_t* const* rows, typename L::V* a) {
  constexpr size_t kWidth = L::kWidth;
  const uint8_t* at[kWidth];
  // Sectors lie in a row mostly: fetch those of the turn after next across page borders, where the hardware stops.
  for (size_t i = 0; i < kWidth; ++i)
    for (size_t line = 0; line < 256; line += 64) __builtin_prefetch(rows[i] + 2 * 256 * kWidth + line);
  L::load_64(rows, a);
  for (size_t i = 0; i < kWidth; ++i) at[i] = rows[i] + 64;
  L::load_64(at, a + 8);
  typename L::V late[16];
  for (size_t i = 0; i < kWidth; ++i) at[i] = rows[i] + 128;
  L::load_64(at, late);
  for (size_t i = 0; i < kWidth; ++i) at[i] = rows[i] + 192;
  L::load_64(at, late + 8);
  a[16] = late[0];
#pragma GCC unroll 25
  for (int w = 17; w < 25; ++w) a[w] = L::broadcast(0);
  permute<L>(a);
#pragma GCC unroll 25
  for (int w = 0; w < 15; ++w) a[w] = L::xor2(a[w], late[w + 1]);
  a[15] = L::xor2(a[15], L::broadcast(1));
  a[16] = L::xor2(a[16], L::broadcast(uint64_t{1} << 63));
  permute_last<L>(a);
}

template <class L>
void sectors_lanes(const uint8_t* data, size_t count, uint8_t* digests) {
  constexpr size_t kWidth = L::kWidth;
  typename L::V a[25];
  const uint8_t* rows[kWidth];
  for (; count >= kWidth; count -= kWidth) {
    for (size_t i = 0; i < kWidth; ++i) rows[i] = data + 256 * i;
    digest_sectors<L>(rows, a);
    store_row<L>(a, digests);
    data += 256 * kWidth;
    digests += 32 * kWidth;
  }
  if (count == 0) return;
  uint8_t bin[32];
  uint8_t* outs[kWidth];
  for (size_t i = 0; i < kWidth; ++i) {
    rows[i] = data + 256 * (i < count ? i : count - 1);
    outs[i] = i < count ? digests + 32 * i : bin;
  }
  digest_sectors<L>(rows, a);
  L::store_digests(a, outs);
}

template <class L>
void subtrees_lanes(const uint8_t* data, unsigned height, size_t count, uint8_t* scratch, uint8_t* roots) {
  const size_t leaf_count = size_t{1} << height;
  for (size_t i = 0; i < count; ++i) {
    sectors_lanes<L>(data, leaf_count, scratch);
    for (size_t width = leaf_count / 2; width != 0; width /= 2) hash_64_lanes<L>(scratch, width, scratch);
    __builtin_memcpy(roots + 32 * i, scratch, 32);
    data += leaf_count * 256;
  }
}
