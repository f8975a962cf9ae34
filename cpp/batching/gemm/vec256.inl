// Sixteen floats in two registers: vec512.inl's vocabulary.

struct Sixteen {
  struct V {
    __m256 a, b;
  };

  static V zero() { return {_mm256_setzero_ps(), _mm256_setzero_ps()}; }
  static V set(float x) { return {_mm256_set1_ps(x), _mm256_set1_ps(x)}; }
  static V load(const float* from) { return {_mm256_loadu_ps(from), _mm256_loadu_ps(from + 8)}; }
  static void store(float* to, V v) {
    _mm256_storeu_ps(to, v.a);
    _mm256_storeu_ps(to + 8, v.b);
  }
  static V add(V x, V y) { return {_mm256_add_ps(x.a, y.a), _mm256_add_ps(x.b, y.b)}; }
  static V sub(V x, V y) { return {_mm256_sub_ps(x.a, y.a), _mm256_sub_ps(x.b, y.b)}; }
  static V mul(V x, V y) { return {_mm256_mul_ps(x.a, y.a), _mm256_mul_ps(x.b, y.b)}; }
  static V div(V x, V y) { return {_mm256_div_ps(x.a, y.a), _mm256_div_ps(x.b, y.b)}; }
  static V max(V x, V y) { return {_mm256_max_ps(x.a, y.a), _mm256_max_ps(x.b, y.b)}; }
  static V min(V x, V y) { return {_mm256_min_ps(x.a, y.a), _mm256_min_ps(x.b, y.b)}; }
  static V abs(V v) {
    const __m256 mask = _mm256_castsi256_ps(_mm256_set1_epi32(0x7fffffff));
    return {_mm256_and_ps(v.a, mask), _mm256_and_ps(v.b, mask)};
  }
  static V sign(V v, V of) {
    const __m256 mask = _mm256_set1_ps(-0.0f);
    return {_mm256_or_ps(v.a, _mm256_and_ps(of.a, mask)), _mm256_or_ps(v.b, _mm256_and_ps(of.b, mask))};
  }
  static __m256 power_of(__m256 x) { return _mm256_castsi256_ps(_mm256_slli_epi32(_mm256_add_epi32(_mm256_cvtps_epi32(x), _mm256_set1_epi32(127)), 23)); }
  static V power(V v) { return {power_of(v.a), power_of(v.b)}; }
  static V first_else(V v, size_t count, float other) {
    const __m256i lanes = _mm256_set_epi32(7, 6, 5, 4, 3, 2, 1, 0), limit = _mm256_set1_epi32(static_cast<int>(count));
    const __m256 low = _mm256_castsi256_ps(_mm256_cmpgt_epi32(limit, lanes));
    const __m256 high = _mm256_castsi256_ps(_mm256_cmpgt_epi32(limit, _mm256_add_epi32(lanes, _mm256_set1_epi32(8))));
    const __m256 rest = _mm256_set1_ps(other);
    return {_mm256_blendv_ps(rest, v.a, low), _mm256_blendv_ps(rest, v.b, high)};
  }
  static V first(V v, size_t count) { return first_else(v, count, 0.0f); }

  static float fold(V v) {
    const __m256 x = _mm256_add_ps(v.a, v.b);
    __m128 c = _mm_add_ps(_mm256_castps256_ps128(x), _mm256_extractf128_ps(x, 1));
    c = _mm_add_ps(c, _mm_movehl_ps(c, c));
    return _mm_cvtss_f32(_mm_add_ss(c, _mm_shuffle_ps(c, c, 1)));
  }
  static float largest(V v) {
    const __m256 x = _mm256_max_ps(v.a, v.b);
    __m128 c = _mm_max_ps(_mm256_castps256_ps128(x), _mm256_extractf128_ps(x, 1));
    c = _mm_max_ps(c, _mm_movehl_ps(c, c));
    return _mm_cvtss_f32(_mm_max_ss(c, _mm_shuffle_ps(c, c, 1)));
  }

  // Without F16C, which AVX2 does not promise: sign, then exponent and mantissa moved up and scaled by 2^112, which is exact and
  // takes small halves along; infinities come out as large numbers, and no weight is one.
  static __m256 half_of(const uint8_t* from) {
    const __m256i bits = _mm256_cvtepu16_epi32(_mm_loadu_si128(reinterpret_cast<const __m128i*>(from)));
    const __m256i sign = _mm256_slli_epi32(_mm256_and_si256(bits, _mm256_set1_epi32(0x8000)), 16);
    const __m256i rest = _mm256_slli_epi32(_mm256_and_si256(bits, _mm256_set1_epi32(0x7fff)), 13);
    const __m256 scaled = _mm256_mul_ps(_mm256_castsi256_ps(rest), _mm256_castsi256_ps(_mm256_set1_epi32((127 + 112) << 23)));
    return _mm256_or_ps(scaled, _mm256_castsi256_ps(sign));
  }
  static V half(const uint8_t* from) { return {half_of(from), half_of(from + 16)}; }
  static __m256 bf16_of(const uint8_t* from) {
    return _mm256_castsi256_ps(_mm256_slli_epi32(_mm256_cvtepu16_epi32(_mm_loadu_si128(reinterpret_cast<const __m128i*>(from))), 16));
  }
  static V bf16(const uint8_t* from) { return {bf16_of(from), bf16_of(from + 16)}; }
  static __m256i rounded(__m256 x) {
    const __m256i bits = _mm256_castps_si256(x), odd = _mm256_and_si256(_mm256_srli_epi32(bits, 16), _mm256_set1_epi32(1));
    return _mm256_srli_epi32(_mm256_add_epi32(_mm256_add_epi32(bits, _mm256_set1_epi32(0x7fff)), odd), 16);
  }
  static void store_bf16(uint16_t* to, V v) {
    const __m256i both = _mm256_permute4x64_epi64(_mm256_packus_epi32(rounded(v.a), rounded(v.b)), 0xd8);
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(to), both);
  }

  static __m256 twice_of(const float* from) {
    const __m256i order = _mm256_set_epi32(3, 3, 2, 2, 1, 1, 0, 0);
    return _mm256_permutevar8x32_ps(_mm256_castps128_ps256(_mm_loadu_ps(from)), order);
  }
  static V twice(const float* from) { return {twice_of(from), twice_of(from + 4)}; }
  static V swapped(V v) { return {_mm256_permute_ps(v.a, 0xb1), _mm256_permute_ps(v.b, 0xb1)}; }
  static V even_negated(V v) {
    const __m256 mask = _mm256_castsi256_ps(_mm256_set1_epi64x(int64_t{0x80000000}));
    return {_mm256_xor_ps(v.a, mask), _mm256_xor_ps(v.b, mask)};
  }
};
