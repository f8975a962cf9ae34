// keccak256's eight lanes with what BLAKE2b adds; included after hash/keccak256/vec512.inl.
struct Wide : Eight {
  static inline __attribute__((always_inline)) V add(V a, V b) { return _mm512_add_epi64(a, b); }
  template <int N>
  static inline __attribute__((always_inline)) V rotr(V a) {
    return _mm512_ror_epi64(a, N);
  }
  static inline __attribute__((always_inline)) V blend(V a, V b, unsigned lanes) {
    return _mm512_mask_mov_epi64(a, static_cast<__mmask8>(lanes), b);
  }
  static inline __attribute__((always_inline)) V load_lanes(const uint64_t* words) { return _mm512_loadu_si512(words); }
  static inline __attribute__((always_inline)) void store_64(const V* words, uint8_t* const* outs) {
    V rows[8];
    transpose(words, rows);
    for (int i = 0; i < 8; ++i) _mm512_storeu_si512(outs[i], rows[i]);
  }
};
