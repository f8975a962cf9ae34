// The vocabulary of lanes.inl for eight 64-bit lanes of AVX-512 (F, BW, VL).
#define ZG_PLANE_OPERANDS                                                                                                      \
  : [b0] "+v"(b0), [b1] "+v"(b1), [b2] "+v"(b2), [b3] "+v"(b3), [b4] "+v"(b4), [t0] "=&v"(t0), [t1] "=&v"(t1)                  \
  : [d0] "v"(d0), [d1] "v"(d1), [d2] "v"(d2), [d3] "v"(d3), [d4] "v"(d4), [r0] "i"(R0), [r1] "i"(R1), [r2] "i"(R2), [r3] "i"(R3), \
    [r4] "i"(R4)

struct Eight {
  using V = __m512i;
  static constexpr int kWidth = 8;
  static constexpr bool kOwnPlane = true;

  static inline __attribute__((always_inline)) V xor2(V a, V b) { return _mm512_xor_si512(a, b); }
  template <int N>
  static inline __attribute__((always_inline)) V rotl(V a) {
    return N == 0 ? a : _mm512_rol_epi64(a, N);
  }
  static inline __attribute__((always_inline)) V broadcast(uint64_t a) { return _mm512_set1_epi64(static_cast<long long>(a)); }
  static inline __attribute__((always_inline)) V keep(V a, unsigned lanes) {
    return _mm512_maskz_mov_epi64(static_cast<__mmask8>(lanes), a);
  }

  // One plane in place: b := rotl(b ^ d), then chi, result X where b[X + 2 Y] was (the place that lanes.inl names). Written
  // out because the state, D and two spare registers are exactly the 32 there are: GCC 12 spills where clang does not.
  template <int Y, int R0, int R1, int R2, int R3, int R4>
  static inline __attribute__((always_inline)) void plane(V& b0, V& b1, V& b2, V& b3, V& b4, V d0, V d1, V d2, V d3, V d4) {
    V t0, t1;
    if constexpr (Y == 0) {
      asm(
          "vpxorq %[d0], %[b0], %[b0]\n"
          "vpxorq %[d1], %[b1], %[b1]\n"
          "vpxorq %[d2], %[b2], %[b2]\n"
          "vpxorq %[d3], %[b3], %[b3]\n"
          "vpxorq %[d4], %[b4], %[b4]\n"
          "vprolq %[r1], %[b1], %[b1]\n"
          "vprolq %[r2], %[b2], %[b2]\n"
          "vprolq %[r3], %[b3], %[b3]\n"
          "vprolq %[r4], %[b4], %[b4]\n"
          "vmovdqa64 %[b0], %[t0]\n"
          "vmovdqa64 %[b1], %[t1]\n"
          "vpternlogq $0xd2, %[b2], %[b1], %[b0]\n"
          "vpternlogq $0xd2, %[b3], %[b2], %[b1]\n"
          "vpternlogq $0xd2, %[b4], %[b3], %[b2]\n"
          "vpternlogq $0xd2, %[t0], %[b4], %[b3]\n"
          "vpternlogq $0xd2, %[t1], %[t0], %[b4]\n"
          ZG_PLANE_OPERANDS);
    } else if constexpr (Y == 1) {
      asm(
          "vpxorq %[d0], %[b0], %[b0]\n"
          "vpxorq %[d1], %[b1], %[b1]\n"
          "vpxorq %[d2], %[b2], %[b2]\n"
          "vpxorq %[d3], %[b3], %[b3]\n"
          "vpxorq %[d4], %[b4], %[b4]\n"
          "vprolq %[r0], %[b0], %[b0]\n"
          "vprolq %[r1], %[b1], %[b1]\n"
          "vprolq %[r2], %[b2], %[b2]\n"
          "vprolq %[r3], %[b3], %[b3]\n"
          "vprolq %[r4], %[b4], %[b4]\n"
          "vmovdqa64 %[b4], %[t0]\n"
          "vmovdqa64 %[b3], %[t1]\n"
          "vpternlogq $0x9c, %[b3], %[b2], %[b4]\n"
          "vpternlogq $0x9c, %[b2], %[b1], %[b3]\n"
          "vpternlogq $0x9c, %[b1], %[b0], %[b2]\n"
          "vpternlogq $0x9c, %[b0], %[t0], %[b1]\n"
          "vpternlogq $0x9c, %[t0], %[t1], %[b0]\n"
          ZG_PLANE_OPERANDS);
    } else if constexpr (Y == 2) {
      asm(
          "vpxorq %[d0], %[b0], %[b0]\n"
          "vpxorq %[d1], %[b1], %[b1]\n"
          "vpxorq %[d2], %[b2], %[b2]\n"
          "vpxorq %[d3], %[b3], %[b3]\n"
          "vpxorq %[d4], %[b4], %[b4]\n"
          "vprolq %[r0], %[b0], %[b0]\n"
          "vprolq %[r1], %[b1], %[b1]\n"
          "vprolq %[r2], %[b2], %[b2]\n"
          "vprolq %[r3], %[b3], %[b3]\n"
          "vprolq %[r4], %[b4], %[b4]\n"
          "vmovdqa64 %[b0], %[t0]\n"
          "vpternlogq $0xd2, %[b2], %[b1], %[t0]\n"
          "vmovdqa64 %[b1], %[t1]\n"
          "vpternlogq $0xd2, %[b3], %[b2], %[t1]\n"
          "vpternlogq $0xd2, %[b4], %[b3], %[b2]\n"
          "vpternlogq $0xd2, %[b0], %[b4], %[b3]\n"
          "vpternlogq $0xd2, %[b1], %[b0], %[b4]\n"
          "vmovdqa64 %[b2], %[b1]\n"
          "vmovdqa64 %[b3], %[b2]\n"
          "vmovdqa64 %[b4], %[b3]\n"
          "vmovdqa64 %[t0], %[b4]\n"
          "vmovdqa64 %[t1], %[b0]\n"
          ZG_PLANE_OPERANDS);
    } else if constexpr (Y == 3) {
      asm(
          "vpxorq %[d0], %[b0], %[b0]\n"
          "vpxorq %[d1], %[b1], %[b1]\n"
          "vpxorq %[d2], %[b2], %[b2]\n"
          "vpxorq %[d3], %[b3], %[b3]\n"
          "vpxorq %[d4], %[b4], %[b4]\n"
          "vprolq %[r0], %[b0], %[b0]\n"
          "vprolq %[r1], %[b1], %[b1]\n"
          "vprolq %[r2], %[b2], %[b2]\n"
          "vprolq %[r3], %[b3], %[b3]\n"
          "vprolq %[r4], %[b4], %[b4]\n"
          "vmovdqa64 %[b0], %[t0]\n"
          "vpternlogq $0xd2, %[b2], %[b1], %[t0]\n"
          "vmovdqa64 %[b1], %[t1]\n"
          "vpternlogq $0xd2, %[b3], %[b2], %[t1]\n"
          "vpternlogq $0xd2, %[b4], %[b3], %[b2]\n"
          "vpternlogq $0xd2, %[b0], %[b4], %[b3]\n"
          "vpternlogq $0xd2, %[b1], %[b0], %[b4]\n"
          "vmovdqa64 %[b4], %[b0]\n"
          "vmovdqa64 %[b3], %[b4]\n"
          "vmovdqa64 %[b2], %[b3]\n"
          "vmovdqa64 %[t1], %[b2]\n"
          "vmovdqa64 %[t0], %[b1]\n"
          ZG_PLANE_OPERANDS);
    } else {
      asm(
          "vpxorq %[d0], %[b0], %[b0]\n"
          "vpxorq %[d1], %[b1], %[b1]\n"
          "vpxorq %[d2], %[b2], %[b2]\n"
          "vpxorq %[d3], %[b3], %[b3]\n"
          "vpxorq %[d4], %[b4], %[b4]\n"
          "vprolq %[r0], %[b0], %[b0]\n"
          "vprolq %[r1], %[b1], %[b1]\n"
          "vprolq %[r2], %[b2], %[b2]\n"
          "vprolq %[r3], %[b3], %[b3]\n"
          "vprolq %[r4], %[b4], %[b4]\n"
          "vmovdqa64 %[b0], %[t0]\n"
          "vpternlogq $0xd2, %[b2], %[b1], %[t0]\n"
          "vmovdqa64 %[b1], %[t1]\n"
          "vpternlogq $0xd2, %[b3], %[b2], %[t1]\n"
          "vpternlogq $0xd2, %[b4], %[b3], %[b2]\n"
          "vpternlogq $0xd2, %[b0], %[b4], %[b3]\n"
          "vpternlogq $0xd2, %[b1], %[b0], %[b4]\n"
          "vmovdqa64 %[b2], %[b0]\n"
          "vmovdqa64 %[b3], %[b1]\n"
          "vmovdqa64 %[b4], %[b2]\n"
          "vmovdqa64 %[t0], %[b3]\n"
          "vmovdqa64 %[t1], %[b4]\n"
          ZG_PLANE_OPERANDS);
    }
  }

  // Column parity of five words.
  static inline __attribute__((always_inline)) V parity(V a0, V a1, V a2, V a3, V a4) {
    V c;
    asm("vmovdqa64 %[a0], %[c]\n"
        "vpternlogq $0x96, %[a1], %[a2], %[c]\n"
        "vpternlogq $0x96, %[a3], %[a4], %[c]\n"
        : [c] "=&v"(c)
        : [a0] "v"(a0), [a1] "v"(a1), [a2] "v"(a2), [a3] "v"(a3), [a4] "v"(a4));
    return c;
  }

  // d[x] = c[x - 1] ^ rotl(c[x + 1], 1).
  static inline __attribute__((always_inline)) void sums(V c0, V c1, V c2, V c3, V c4, V* d) {
    V t, u;
    asm("vprolq $1, %[c1], %[u]\n"
        "vpxorq %[u], %[c4], %[t]\n"
        "vprolq $1, %[c3], %[u]\n"
        "vpxorq %[u], %[c1], %[c1]\n"
        "vprolq $1, %[c0], %[u]\n"
        "vpxorq %[u], %[c3], %[c3]\n"
        "vprolq $1, %[c2], %[u]\n"
        "vpxorq %[u], %[c0], %[c0]\n"
        "vprolq $1, %[c4], %[u]\n"
        "vpxorq %[u], %[c2], %[c2]\n"
        : [c0] "+v"(c0), [c1] "+v"(c1), [c2] "+v"(c2), [c3] "+v"(c3), [t] "=&v"(t), [u] "=&v"(u)
        : [c4] "v"(c4));
    d[0] = t;
    d[1] = c0;
    d[2] = c1;
    d[3] = c2;
    d[4] = c3;
  }

  static inline __attribute__((always_inline)) void transpose(const V* r, V* out) {
    const V a0 = _mm512_unpacklo_epi64(r[0], r[1]), a1 = _mm512_unpackhi_epi64(r[0], r[1]);
    const V a2 = _mm512_unpacklo_epi64(r[2], r[3]), a3 = _mm512_unpackhi_epi64(r[2], r[3]);
    const V a4 = _mm512_unpacklo_epi64(r[4], r[5]), a5 = _mm512_unpackhi_epi64(r[4], r[5]);
    const V a6 = _mm512_unpacklo_epi64(r[6], r[7]), a7 = _mm512_unpackhi_epi64(r[6], r[7]);
    const V b0 = _mm512_shuffle_i64x2(a0, a2, 0x88), b1 = _mm512_shuffle_i64x2(a1, a3, 0x88);
    const V b2 = _mm512_shuffle_i64x2(a0, a2, 0xdd), b3 = _mm512_shuffle_i64x2(a1, a3, 0xdd);
    const V b4 = _mm512_shuffle_i64x2(a4, a6, 0x88), b5 = _mm512_shuffle_i64x2(a5, a7, 0x88);
    const V b6 = _mm512_shuffle_i64x2(a4, a6, 0xdd), b7 = _mm512_shuffle_i64x2(a5, a7, 0xdd);
    out[0] = _mm512_shuffle_i64x2(b0, b4, 0x88);
    out[1] = _mm512_shuffle_i64x2(b1, b5, 0x88);
    out[2] = _mm512_shuffle_i64x2(b2, b6, 0x88);
    out[3] = _mm512_shuffle_i64x2(b3, b7, 0x88);
    out[4] = _mm512_shuffle_i64x2(b0, b4, 0xdd);
    out[5] = _mm512_shuffle_i64x2(b1, b5, 0xdd);
    out[6] = _mm512_shuffle_i64x2(b2, b6, 0xdd);
    out[7] = _mm512_shuffle_i64x2(b3, b7, 0xdd);
  }

  static inline __attribute__((always_inline)) void load_64(const uint8_t* const* rows, V* out) {
    V r[8];
    for (int i = 0; i < 8; ++i) r[i] = _mm512_loadu_si512(rows[i]);
    transpose(r, out);
  }
  static inline __attribute__((always_inline)) void load_pairs(const uint8_t* const* lefts, const uint8_t* const* rights, V* out) {
    V r[8];
    for (int i = 0; i < 8; ++i) {
      const __m256i low = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(lefts[i]));
      r[i] = _mm512_inserti64x4(_mm512_castsi256_si512(low), _mm256_loadu_si256(reinterpret_cast<const __m256i*>(rights[i])), 1);
    }
    transpose(r, out);
  }
  static inline __attribute__((always_inline)) V load_word(const uint8_t* const* rows, int at) {
    long long w[8];
    for (int i = 0; i < 8; ++i) __builtin_memcpy(&w[i], rows[i] + at, 8);
    return _mm512_set_epi64(w[7], w[6], w[5], w[4], w[3], w[2], w[1], w[0]);
  }
  static inline __attribute__((always_inline)) void store_digests(const V* d, uint8_t* const* outs) {
    const V even01 = _mm512_unpacklo_epi64(d[0], d[1]), odd01 = _mm512_unpackhi_epi64(d[0], d[1]);
    const V even23 = _mm512_unpacklo_epi64(d[2], d[3]), odd23 = _mm512_unpackhi_epi64(d[2], d[3]);
    const V low = _mm512_set_epi64(11, 10, 3, 2, 9, 8, 1, 0), high = _mm512_set_epi64(15, 14, 7, 6, 13, 12, 5, 4);
    const V r02 = _mm512_permutex2var_epi64(even01, low, even23), r46 = _mm512_permutex2var_epi64(even01, high, even23);
    const V r13 = _mm512_permutex2var_epi64(odd01, low, odd23), r57 = _mm512_permutex2var_epi64(odd01, high, odd23);
    store_halves(r02, outs[0], outs[2]);
    store_halves(r13, outs[1], outs[3]);
    store_halves(r46, outs[4], outs[6]);
    store_halves(r57, outs[5], outs[7]);
  }
  static inline __attribute__((always_inline)) void store_halves(V v, uint8_t* low, uint8_t* high) {
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(low), _mm512_castsi512_si256(v));
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(high), _mm512_extracti64x4_epi64(v, 1));
  }

  // Whole-vector stores, so that the loads of the transposition are forwarded from them. Masked-out bytes are not read.
  static inline __attribute__((always_inline)) void copy_tail(uint8_t* to, const uint8_t* from, size_t size) {
    for (size_t at = 0; at < 192; at += 64) {
      const uint64_t below = size >= at + 64 ? ~uint64_t{0} : size <= at ? 0 : ~uint64_t{0} >> (64 - (size - at));
      const uint64_t pad = size - at < 64 ? uint64_t{1} << (size - at) : 0;
      V v = _mm512_maskz_loadu_epi8(below, size > at ? from + at : to);  // an empty mask reads nothing, from wherever
      v = _mm512_mask_mov_epi8(v, pad, _mm512_set1_epi8(1));
      if (at == 128) v = _mm512_xor_si512(v, _mm512_zextsi128_si512(_mm_set_epi64x(0, static_cast<long long>(uint64_t{1} << 63))));
      _mm512_store_si512(to + at, v);
    }
  }
};
