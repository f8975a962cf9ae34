// Sealing over the keccak256 vocabulary, one seal a lane; included after it and its lanes.inl.

// Digest words a[0..3] of inputs of 32 bytes whose words are a[0..3].
template <class L>
ZG_INLINE void digest_32(typename L::V* a) {
  a[4] = L::broadcast(1);
  for (int i = 5; i < 25; ++i) a[i] = L::broadcast(0);
  a[16] = L::broadcast(uint64_t{1} << 63);
  permute_last<L>(a);
}

// `kIsSeal`: the next mask comes from what was written, else from what was read.
template <class L, bool kIsSeal>
void seal_lanes(uint8_t* data, const uint8_t* masks, size_t count) {
  constexpr size_t kWidth = L::kWidth;
  constexpr size_t kSeal = 4096;
  uint8_t spare[64];
  for (size_t first = 0; first < count; first += kWidth) {
    const size_t lanes = count - first < kWidth ? count - first : kWidth;
    // Spare lanes read the last seal and write into a bin.
    uint8_t starts[kWidth][64];
    const uint8_t* rows[kWidth];
    for (size_t i = 0; i < kWidth; ++i) {
      __builtin_memcpy(starts[i], masks + 32 * (first + (i < lanes ? i : lanes - 1)), 32);
      __builtin_memset(starts[i] + 32, 0, 32);
      rows[i] = starts[i];
    }
    typename L::V a[25], pair[8];
    L::load_64(rows, a);
    for (size_t at = 0; at < kSeal; at += 64) {
      uint8_t* outs[kWidth];
      for (size_t i = 0; i < kWidth; ++i) {
        uint8_t* row = data + kSeal * (first + (i < lanes ? i : lanes - 1)) + at;
        rows[i] = row;
        outs[i] = i < lanes ? row : spare;
      }
      L::load_64(rows, pair);
      for (int word = 0; word < 8; word += 4) {
        for (int w = 0; w < 4; ++w) {
          const typename L::V given = pair[word + w];
          pair[word + w] = L::xor2(given, a[w]);
          a[w] = kIsSeal ? pair[word + w] : given;
        }
        digest_32<L>(a);
      }
      L::store_64(pair, outs);
    }
  }
}
