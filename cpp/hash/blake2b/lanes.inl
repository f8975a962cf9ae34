// BLAKE2b's compression, written once over a vocabulary L of parallel states: V, kWidth, add, xor2, rotr<N>, broadcast,
// blend(a, b, lanes) (b where the bit is set), load_lanes(words), load_64(rows, out) and store_64(words, outs) (transposed).
// Included inside an anonymous namespace of each backend, after its vocabulary.

#ifndef ZG_INLINE
#define ZG_INLINE static inline __attribute__((always_inline))
#endif

constexpr uint64_t kBlakeIv[8] = {0x6a09e667f3bcc908, 0xbb67ae8584caa73b, 0x3c6ef372fe94f82b, 0xa54ff53a5f1d36f1,
                                  0x510e527fade682d1, 0x9b05688c2b3e6c1f, 0x1f83d9abfb41bd6b, 0x5be0cd19137e2179};
// Digest of 64 bytes, no key, sequential mode.
constexpr uint64_t kBlakeParameters = 0x01010040;

constexpr int kSigma[10][16] = {{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15}, {14, 10, 4, 8, 9, 15, 13, 6, 1, 12, 0, 2, 11, 7, 5, 3},
                                {11, 8, 12, 0, 5, 2, 15, 13, 10, 14, 3, 6, 7, 1, 9, 4}, {7, 9, 3, 1, 13, 12, 11, 14, 2, 6, 5, 10, 4, 0, 15, 8},
                                {9, 0, 5, 7, 2, 4, 10, 15, 14, 1, 11, 12, 6, 8, 3, 13}, {2, 12, 6, 10, 0, 11, 8, 3, 4, 13, 7, 5, 15, 14, 1, 9},
                                {12, 5, 1, 15, 14, 13, 4, 10, 0, 7, 6, 3, 9, 2, 8, 11}, {13, 11, 7, 14, 12, 1, 3, 9, 5, 0, 15, 4, 8, 6, 2, 10},
                                {6, 15, 14, 9, 11, 3, 0, 8, 12, 2, 13, 7, 1, 4, 10, 5}, {10, 2, 8, 4, 7, 6, 1, 5, 15, 11, 9, 14, 3, 12, 13, 0}};

template <class L, int A, int B, int C, int D>
ZG_INLINE void blake_mix(typename L::V* v, typename L::V x, typename L::V y) {
  v[A] = L::add(L::add(v[A], v[B]), x);
  v[D] = L::template rotr<32>(L::xor2(v[D], v[A]));
  v[C] = L::add(v[C], v[D]);
  v[B] = L::template rotr<24>(L::xor2(v[B], v[C]));
  v[A] = L::add(L::add(v[A], v[B]), y);
  v[D] = L::template rotr<16>(L::xor2(v[D], v[A]));
  v[C] = L::add(v[C], v[D]);
  v[B] = L::template rotr<63>(L::xor2(v[B], v[C]));
}

template <class L, int R>
ZG_INLINE void blake_round(typename L::V* v, const typename L::V* m) {
  constexpr const int* s = kSigma[R % 10];
  blake_mix<L, 0, 4, 8, 12>(v, m[s[0]], m[s[1]]);
  blake_mix<L, 1, 5, 9, 13>(v, m[s[2]], m[s[3]]);
  blake_mix<L, 2, 6, 10, 14>(v, m[s[4]], m[s[5]]);
  blake_mix<L, 3, 7, 11, 15>(v, m[s[6]], m[s[7]]);
  blake_mix<L, 0, 5, 10, 15>(v, m[s[8]], m[s[9]]);
  blake_mix<L, 1, 6, 11, 12>(v, m[s[10]], m[s[11]]);
  blake_mix<L, 2, 7, 8, 13>(v, m[s[12]], m[s[13]]);
  blake_mix<L, 3, 4, 9, 14>(v, m[s[14]], m[s[15]]);
}

template <class L>
ZG_INLINE void blake_start(typename L::V* h) {
  for (int i = 0; i < 8; ++i) h[i] = L::broadcast(kBlakeIv[i]);
  h[0] = L::xor2(h[0], L::broadcast(kBlakeParameters));
}

// One block of 16 words; `counted` bytes so far, `last` all ones in the last block, else zero.
template <class L>
ZG_INLINE void blake_compress(typename L::V* h, const typename L::V* m, typename L::V counted, typename L::V last) {
  typename L::V v[16];
  for (int i = 0; i < 8; ++i) v[i] = h[i];
  for (int i = 0; i < 8; ++i) v[8 + i] = L::broadcast(kBlakeIv[i]);
  v[12] = L::xor2(v[12], counted);
  v[14] = L::xor2(v[14], last);
  blake_round<L, 0>(v, m);
  blake_round<L, 1>(v, m);
  blake_round<L, 2>(v, m);
  blake_round<L, 3>(v, m);
  blake_round<L, 4>(v, m);
  blake_round<L, 5>(v, m);
  blake_round<L, 6>(v, m);
  blake_round<L, 7>(v, m);
  blake_round<L, 8>(v, m);
  blake_round<L, 9>(v, m);
  blake_round<L, 10>(v, m);
  blake_round<L, 11>(v, m);
  for (int i = 0; i < 8; ++i) h[i] = L::xor2(h[i], L::xor2(v[i], v[8 + i]));
}

// Groups of kWidth inputs, each lane at its own length; lanes that are done keep their state.
template <class L>
void blake_views_lanes(const Bytes* inputs, size_t count, uint8_t* digests) {
  constexpr size_t kWidth = L::kWidth;
  constexpr size_t kBlock = 128;
  alignas(64) uint8_t tails[kWidth][kBlock];
  uint8_t bin[64];
  for (size_t first = 0; first < count; first += kWidth) {
    const size_t lanes = count - first < kWidth ? count - first : kWidth;
    size_t blocks[kWidth] = {}, tallest = 0;
    uint8_t* outs[kWidth];
    for (size_t i = 0; i < kWidth; ++i) {
      outs[i] = bin;
      if (i >= lanes) continue;
      const size_t size = inputs[first + i].size;
      blocks[i] = size == 0 ? 1 : (size + kBlock - 1) / kBlock;
      if (blocks[i] > tallest) tallest = blocks[i];
      outs[i] = digests + 64 * (first + i);
    }
    typename L::V h[8];
    blake_start<L>(h);
    for (size_t b = 0; b < tallest; ++b) {
      alignas(64) uint64_t counted[kWidth] = {}, last[kWidth] = {};
      const uint8_t *low[kWidth], *high[kWidth];
      unsigned active = 0;
      for (size_t i = 0; i < kWidth; ++i) {
        low[i] = tails[i];
        if (b < blocks[i]) {
          active |= 1u << i;
          const Bytes& input = inputs[first + i];
          const size_t left = input.size - b * kBlock;
          if (left >= kBlock) {
            low[i] = input.data + b * kBlock;
            counted[i] = (b + 1) * kBlock;
          } else {
            __builtin_memset(tails[i], 0, kBlock);
            if (left != 0) __builtin_memcpy(tails[i], input.data + b * kBlock, left);
            counted[i] = input.size;
          }
          if (b + 1 == blocks[i]) last[i] = ~uint64_t{0};
        } else {
          __builtin_memset(tails[i], 0, kBlock);
        }
        high[i] = low[i] + 64;
      }
      typename L::V m[16], next[8];
      L::load_64(low, m);
      L::load_64(high, m + 8);
      for (int i = 0; i < 8; ++i) next[i] = h[i];
      blake_compress<L>(next, m, L::load_lanes(counted), L::load_lanes(last));
      for (int i = 0; i < 8; ++i) h[i] = L::blend(h[i], next[i], active);
    }
    L::store_64(h, outs);
  }
}
