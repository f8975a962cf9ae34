// Scratchpads and qualities over the vocabularies of keccak256 and blake2b; included after both and their lanes.inl.

// One nonce a lane: the running 64 bytes stay in registers as words, every step writes them out.
template <class L>
void scratchpads_lanes(const uint8_t* seeds, size_t count, uint8_t* pads, uint8_t* recall_seeds) {
  constexpr size_t kWidth = L::kWidth;
  constexpr size_t kPad = 16384;
  uint8_t bin[64];
  for (size_t first = 0; first < count; first += kWidth) {
    const size_t lanes = count - first < kWidth ? count - first : kWidth;
    const uint8_t* rows[kWidth];
    for (size_t i = 0; i < kWidth; ++i) rows[i] = seeds + 64 * (first + (i < lanes ? i : lanes - 1));
    typename L::V d[8], a[25];
    L::load_64(rows, d);
    for (size_t at = 0; at < kPad; at += 64) {
      for (int half = 0; half < 8; half += 4) {
        for (int w = 0; w < 8; ++w) a[w] = d[w];
        digest_64<L>(a);
        for (int w = 0; w < 4; ++w) d[half + w] = a[w];
      }
      uint8_t* outs[kWidth];
      for (size_t i = 0; i < kWidth; ++i) outs[i] = i < lanes ? pads + kPad * (first + i) + at : bin;
      L::store_64(d, outs);
    }
    for (int w = 0; w < 8; ++w) a[w] = d[w];
    digest_64<L>(a);
    uint8_t* outs[kWidth];
    for (size_t i = 0; i < kWidth; ++i) outs[i] = i < lanes ? recall_seeds + 32 * (first + i) : bin;
    L::store_digests(a, outs);
  }
}

// One seal a lane; the seals of a group share their quarter of the scratchpad, so its words are broadcast.
template <class L>
void qualities_lanes(const uint8_t* load, const uint8_t* pad, const uint8_t* seed, uint8_t* qualities) {
  constexpr size_t kWidth = L::kWidth;
  constexpr size_t kSeal = 4096, kSeals = 64, kQuarters = 4, kBlock = 128;
  uint64_t seed_words[8];
  __builtin_memcpy(seed_words, seed, 64);
  for (size_t quarter = 0; quarter < kQuarters; ++quarter) {
    for (size_t first = quarter; first < kSeals; first += kQuarters * kWidth) {
      alignas(64) uint64_t numbers[kWidth];
      const uint8_t* seals[kWidth];
      uint8_t* outs[kWidth];
      for (size_t i = 0; i < kWidth; ++i) {
        const size_t seal = first + kQuarters * i;
        numbers[i] = static_cast<uint64_t>(seal) << 56;  // the last of 32 big-endian bytes
        seals[i] = load + kSeal * seal;
        outs[i] = qualities + 32 * seal;
      }
      typename L::V h[8], m[16];
      blake_start<L>(h);
      for (int w = 0; w < 16; ++w) m[w] = L::broadcast(w >= 4 && w < 12 ? seed_words[w - 4] : 0);
      m[3] = L::load_lanes(numbers);
      blake_compress<L>(h, m, L::broadcast(kBlock), L::broadcast(0));
      for (size_t at = 0; at < kSeal; at += kBlock) {
        const uint8_t* rows[kWidth];
        for (size_t i = 0; i < kWidth; ++i) rows[i] = seals[i] + at;
        L::load_64(rows, m);
        for (size_t i = 0; i < kWidth; ++i) rows[i] += 64;
        L::load_64(rows, m + 8);
        uint64_t words[16];
        __builtin_memcpy(words, pad + kSeal * quarter + at, kBlock);
        for (int w = 0; w < 16; ++w) m[w] = L::xor2(m[w], L::broadcast(words[w]));
        const bool is_last = at + kBlock == kSeal;
        blake_compress<L>(h, m, L::broadcast(2 * kBlock + at), L::broadcast(is_last ? ~uint64_t{0} : 0));
      }
      L::store_digests(h, outs);
    }
  }
}
