// keccak256's four lanes with what BLAKE2b adds; included after hash/keccak256/vec256.inl.
struct Narrow : Four {
  static inline __attribute__((always_inline)) V add(V a, V b) { return _mm256_add_epi64(a, b); }
  template <int N>
  static inline __attribute__((always_inline)) V rotr(V a) {
    if constexpr (N == 32) return _mm256_shuffle_epi32(a, 0xb1);
    if constexpr (N == 24) {
      return _mm256_shuffle_epi8(a, _mm256_set_epi8(10, 9, 8, 15, 14, 13, 12, 11, 2, 1, 0, 7, 6, 5, 4, 3, 10, 9, 8, 15, 14, 13, 12, 11,
                                                    2, 1, 0, 7, 6, 5, 4, 3));
    }
    if constexpr (N == 16) {
      return _mm256_shuffle_epi8(a, _mm256_set_epi8(9, 8, 15, 14, 13, 12, 11, 10, 1, 0, 7, 6, 5, 4, 3, 2, 9, 8, 15, 14, 13, 12, 11, 10,
                                                    1, 0, 7, 6, 5, 4, 3, 2));
    }
    if constexpr (N == 63) return _mm256_or_si256(_mm256_srli_epi64(a, 63), _mm256_add_epi64(a, a));
    return _mm256_or_si256(_mm256_srli_epi64(a, N), _mm256_slli_epi64(a, 64 - N));
  }
  static inline __attribute__((always_inline)) V blend(V a, V b, unsigned lanes) {
    const V bits = _mm256_set_epi64x(8, 4, 2, 1);
    return _mm256_blendv_epi8(a, b, _mm256_cmpeq_epi64(_mm256_and_si256(broadcast(lanes), bits), bits));
  }
  static inline __attribute__((always_inline)) V load_lanes(const uint64_t* words) {
    return _mm256_loadu_si256(reinterpret_cast<const __m256i*>(words));
  }
  static inline __attribute__((always_inline)) void store_64(const V* words, uint8_t* const* outs) {
    for (int half = 0; half < 8; half += 4) {
      V rows[4];
      transpose(words[half], words[half + 1], words[half + 2], words[half + 3], rows);
      for (int i = 0; i < 4; ++i) _mm256_storeu_si256(reinterpret_cast<__m256i*>(outs[i] + 8 * half), rows[i]);
    }
  }
};
