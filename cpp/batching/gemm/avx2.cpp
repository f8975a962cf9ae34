#include <immintrin.h>

#include "batching/gemm/table.hpp"

namespace zg::batching {

namespace {

#include "batching/gemm/vec256.inl"

#include "batching/gemm/lanes.inl"

inline __m256i four(const int8_t* x) { return _mm256_set1_epi32(*reinterpret_cast<const int32_t*>(x)); }

struct Dots {
  // Packed as they lie; 16 columns are two registers, and eight unpacked pairs would be all there are.
  struct Int4 {
    const uint8_t* group;
    explicit Int4(const uint8_t* from) : group(from) {}
  };
  struct Int8 {
    const uint8_t* group;
    explicit Int8(const uint8_t* from) : group(from) {}
  };

  static __m256i load(const uint8_t* from) { return _mm256_loadu_si256(reinterpret_cast<const __m256i*>(from)); }

  // Sums of pairs stay below 15 · 127 · 2, so eight of them fit 16 bits.
  static Sixteen::V dot(const Int4& weights, const int8_t* x) {
    const __m256i mask = _mm256_set1_epi8(15), ones = _mm256_set1_epi16(1);
    __m256i a = _mm256_setzero_si256(), b = _mm256_setzero_si256();
    for (size_t p = 0; p < 4; ++p) {
      const __m256i left = load(weights.group + 64 * p), right = load(weights.group + 64 * p + 32), low = four(x + 4 * p), high = four(x + 16 + 4 * p);
      a = _mm256_add_epi16(a, _mm256_maddubs_epi16(_mm256_and_si256(left, mask), low));
      a = _mm256_add_epi16(a, _mm256_maddubs_epi16(_mm256_and_si256(_mm256_srli_epi16(left, 4), mask), high));
      b = _mm256_add_epi16(b, _mm256_maddubs_epi16(_mm256_and_si256(right, mask), low));
      b = _mm256_add_epi16(b, _mm256_maddubs_epi16(_mm256_and_si256(_mm256_srli_epi16(right, 4), mask), high));
    }
    return {_mm256_cvtepi32_ps(_mm256_madd_epi16(a, ones)), _mm256_cvtepi32_ps(_mm256_madd_epi16(b, ones))};
  }

  // |w| · (x with w's sign): pairs stay below 128 · 127 · 2, inside 16 bits.
  static __m256i signed_dot(__m256i w, __m256i x) {
    w = _mm256_xor_si256(w, _mm256_set1_epi8(-128));
    return _mm256_madd_epi16(_mm256_maddubs_epi16(_mm256_abs_epi8(w), _mm256_sign_epi8(x, w)), _mm256_set1_epi16(1));
  }
  static Sixteen::V dot(const Int8& weights, const int8_t* x, int32_t /*total*/) {
    __m256i a = _mm256_setzero_si256(), b = _mm256_setzero_si256();
    for (size_t p = 0; p < 8; ++p) {
      const __m256i values = four(x + 4 * p);
      a = _mm256_add_epi32(a, signed_dot(load(weights.group + 64 * p), values));
      b = _mm256_add_epi32(b, signed_dot(load(weights.group + 64 * p + 32), values));
    }
    return {_mm256_cvtepi32_ps(a), _mm256_cvtepi32_ps(b)};
  }

  static int32_t put(Sixteen::V a, Sixteen::V b, int8_t* to) {
    const __m256i p = _mm256_cvtps_epi32(a.a), q = _mm256_cvtps_epi32(a.b), r = _mm256_cvtps_epi32(b.a), s = _mm256_cvtps_epi32(b.b);
    const __m256i bytes = _mm256_packs_epi16(_mm256_packs_epi32(p, q), _mm256_packs_epi32(r, s));
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(to), _mm256_permutevar8x32_epi32(bytes, _mm256_set_epi32(7, 3, 6, 2, 5, 1, 4, 0)));
    const __m256i sums = _mm256_add_epi32(_mm256_add_epi32(p, q), _mm256_add_epi32(r, s));
    __m128i sum = _mm_add_epi32(_mm256_castsi256_si128(sums), _mm256_extracti128_si256(sums, 1));
    sum = _mm_add_epi32(sum, _mm_shuffle_epi32(sum, 0x4e));
    return _mm_cvtsi128_si32(_mm_add_epi32(sum, _mm_shuffle_epi32(sum, 0xb1)));
  }
};

template <size_t kRows>
void rows_int4(const uint8_t* tile, size_t groups, const Rows& in, size_t first, float* out, size_t stride, bool add) {
  using S = Sixteen;
  S::V totals[kRows];
  for (size_t r = 0; r < kRows; ++r) totals[r] = S::zero();
  const int8_t* quants = in.quants + first * groups * kGroup;
  const float *scales = in.scales + first * groups, *sums = in.sums + first * groups;
  for (size_t g = 0; g < groups; ++g, tile += kInt4GroupSize) {
    const Dots::Int4 weights(tile);
    const S::V steps = S::half(tile + 256), lows = S::half(tile + 288);
    for (size_t r = 0; r < kRows; ++r) {
      const S::V dots = Dots::dot(weights, quants + (r * groups + g) * kGroup);
      totals[r] = S::add(totals[r], S::mul(dots, S::mul(steps, S::set(scales[r * groups + g]))));
      totals[r] = S::add(totals[r], S::mul(lows, S::set(sums[r * groups + g])));
    }
  }
  for (size_t r = 0; r < kRows; ++r) {
    float* to = out + stride * (first + r);
    S::store(to, add ? S::add(S::load(to), totals[r]) : totals[r]);
  }
}

template <size_t kRows>
void rows_int8(const uint8_t* tile, size_t groups, const Rows& in, size_t first, float* out, size_t stride, bool add) {
  using S = Sixteen;
  S::V totals[kRows];
  for (size_t r = 0; r < kRows; ++r) totals[r] = S::zero();
  const int8_t* quants = in.quants + first * groups * kGroup;
  const float* scales = in.scales + first * groups;
  const int32_t* counts = in.totals + first * groups;
  for (size_t g = 0; g < groups; ++g, tile += kInt8GroupSize) {
    const Dots::Int8 weights(tile);
    const S::V steps = S::half(tile + 512);
    for (size_t r = 0; r < kRows; ++r) {
      const S::V dots = Dots::dot(weights, quants + (r * groups + g) * kGroup, counts[r * groups + g]);
      totals[r] = S::add(totals[r], S::mul(dots, S::mul(steps, S::set(scales[r * groups + g]))));
    }
  }
  for (size_t r = 0; r < kRows; ++r) {
    float* to = out + stride * (first + r);
    S::store(to, add ? S::add(S::load(to), totals[r]) : totals[r]);
  }
}

struct Blocks {
  static constexpr size_t kRowsMax = 4;

  template <size_t kRows>
  static void rows(Format format, const uint8_t* tile, size_t depth, const Rows& in, size_t first, float* out, size_t stride, bool add) {
    switch (format) {
      case Format::int4: return rows_int4<kRows>(tile, depth / kGroup, in, first, out, stride, add);
      case Format::int8: return rows_int8<kRows>(tile, depth / kGroup, in, first, out, stride, add);
      default: return rows_floats<kRows>(format, tile, depth, in, first, out, stride, add);
    }
  }
};

}  // namespace

const Table avx2_gemm = {quantise_lanes<Dots>, product_lanes<Blocks>, largest_lanes};

}  // namespace zg::batching
