// The vocabulary of lanes.inl for four 64-bit lanes of AVX2.
struct Four {
  using V = __m256i;
  static constexpr int kWidth = 4;
  static constexpr bool kOwnPlane = false;

  static inline __attribute__((always_inline)) V xor2(V a, V b) { return _mm256_xor_si256(a, b); }
  static inline __attribute__((always_inline)) V parity(V a, V b, V c, V d, V e) {
    return xor2(xor2(xor2(a, b), xor2(c, d)), e);
  }
  static inline __attribute__((always_inline)) V chi(V a, V b, V c) { return _mm256_xor_si256(a, _mm256_andnot_si256(b, c)); }
  template <int N>
  static inline __attribute__((always_inline)) V rotl(V a) {
    if (N == 0) return a;
    if (N == 8) {
      return _mm256_shuffle_epi8(a, _mm256_set_epi8(14, 13, 12, 11, 10, 9, 8, 15, 6, 5, 4, 3, 2, 1, 0, 7, 14, 13, 12, 11, 10, 9, 8, 15,
                                                    6, 5, 4, 3, 2, 1, 0, 7));
    }
    if (N == 56) {
      return _mm256_shuffle_epi8(a, _mm256_set_epi8(8, 15, 14, 13, 12, 11, 10, 9, 0, 7, 6, 5, 4, 3, 2, 1, 8, 15, 14, 13, 12, 11, 10, 9,
                                                    0, 7, 6, 5, 4, 3, 2, 1));
    }
    return _mm256_or_si256(_mm256_slli_epi64(a, N), _mm256_srli_epi64(a, 64 - N));
  }
  static inline __attribute__((always_inline)) V broadcast(uint64_t a) { return _mm256_set1_epi64x(static_cast<long long>(a)); }
  static inline __attribute__((always_inline)) V keep(V a, unsigned lanes) {
    const V bits = _mm256_set_epi64x(8, 4, 2, 1);
    return _mm256_and_si256(a, _mm256_cmpeq_epi64(_mm256_and_si256(broadcast(lanes), bits), bits));
  }

  static inline __attribute__((always_inline)) void transpose(V r0, V r1, V r2, V r3, V* out) {
    const V a0 = _mm256_unpacklo_epi64(r0, r1), a1 = _mm256_unpackhi_epi64(r0, r1);
    const V a2 = _mm256_unpacklo_epi64(r2, r3), a3 = _mm256_unpackhi_epi64(r2, r3);
    out[0] = _mm256_permute2x128_si256(a0, a2, 0x20);
    out[1] = _mm256_permute2x128_si256(a1, a3, 0x20);
    out[2] = _mm256_permute2x128_si256(a0, a2, 0x31);
    out[3] = _mm256_permute2x128_si256(a1, a3, 0x31);
  }
  static inline __attribute__((always_inline)) V load(const uint8_t* from) {
    return _mm256_loadu_si256(reinterpret_cast<const __m256i*>(from));
  }
  static inline __attribute__((always_inline)) void load_64(const uint8_t* const* rows, V* out) {
    transpose(load(rows[0]), load(rows[1]), load(rows[2]), load(rows[3]), out);
    transpose(load(rows[0] + 32), load(rows[1] + 32), load(rows[2] + 32), load(rows[3] + 32), out + 4);
  }
  static inline __attribute__((always_inline)) void load_pairs(const uint8_t* const* lefts, const uint8_t* const* rights, V* out) {
    transpose(load(lefts[0]), load(lefts[1]), load(lefts[2]), load(lefts[3]), out);
    transpose(load(rights[0]), load(rights[1]), load(rights[2]), load(rights[3]), out + 4);
  }
  static inline __attribute__((always_inline)) V load_word(const uint8_t* const* rows, int at) {
    long long w[4];
    for (int i = 0; i < 4; ++i) __builtin_memcpy(&w[i], rows[i] + at, 8);
    return _mm256_set_epi64x(w[3], w[2], w[1], w[0]);
  }
  static inline __attribute__((always_inline)) void store_digests(const V* d, uint8_t* const* outs) {
    V rows[4];
    transpose(d[0], d[1], d[2], d[3], rows);
    for (int i = 0; i < 4; ++i) _mm256_storeu_si256(reinterpret_cast<__m256i*>(outs[i]), rows[i]);
  }
  static inline __attribute__((always_inline)) void copy_tail(uint8_t* to, const uint8_t* from, size_t size) {
    __builtin_memset(to, 0, 136);
    if (size != 0) __builtin_memcpy(to, from, size);
    to[size] = 0x01;
    to[135] |= 0x80;
  }
};
