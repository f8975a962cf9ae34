#include <immintrin.h>

#include "batching/gemm/table.hpp"

namespace zg::batching {

namespace {

#include "batching/gemm/vec512.inl"

#include "batching/gemm/lanes.inl"

// sums += bytes of w (unsigned) · the four bytes at x (signed), for each of 16 columns. Written as text: the flags of this file
// do not promise VNNI, the table's `needs` does; and the four bytes come by the instruction's own broadcast.
inline __m512i dot4(__m512i sums, __m512i w, const int8_t* x) {
  __asm__("vpdpbusd %2%{1to16%}, %1, %0" : "+v"(sums) : "v"(w), "m"(*reinterpret_cast<const int32_t*>(x)));
  return sums;
}

struct Dots {
  static constexpr size_t kRowsMax = 8;

  struct Int4 {
    __m512i w[8];
    explicit Int4(const uint8_t* group) {
      const __m512i mask = _mm512_set1_epi8(15);
      for (size_t p = 0; p < 4; ++p) {
        const __m512i both = _mm512_loadu_si512(group + 64 * p);
        w[p] = _mm512_and_si512(both, mask);
        w[p + 4] = _mm512_and_si512(_mm512_srli_epi16(both, 4), mask);
      }
    }
  };
  struct Int8 {
    __m512i w[8];
    explicit Int8(const uint8_t* group) {
      for (size_t p = 0; p < 8; ++p) w[p] = _mm512_loadu_si512(group + 64 * p);
    }
  };

  // Two chains: one of eight steps would wait for itself.
  static __m512i sum(const __m512i* w, const int8_t* x, __m512i start) {
    __m512i a = start, b = _mm512_setzero_si512();
    for (size_t p = 0; p < 8; p += 2) {
      a = dot4(a, w[p], x + 4 * p);
      b = dot4(b, w[p + 1], x + 4 * p + 4);
    }
    return _mm512_add_epi32(a, b);
  }
  static __m512 dot(const Int4& weights, const int8_t* x) { return _mm512_cvtepi32_ps(sum(weights.w, x, _mm512_setzero_si512())); }
  static __m512 dot(const Int8& weights, const int8_t* x, int32_t total) {
    return _mm512_cvtepi32_ps(sum(weights.w, x, _mm512_set1_epi32(-128 * total)));
  }

  static int32_t put(__m512 a, __m512 b, int8_t* to) {
    const __m512i p = _mm512_cvtps_epi32(a), q = _mm512_cvtps_epi32(b);
    _mm_storeu_si128(reinterpret_cast<__m128i*>(to), _mm512_cvtepi32_epi8(p));
    _mm_storeu_si128(reinterpret_cast<__m128i*>(to + 16), _mm512_cvtepi32_epi8(q));
    return _mm512_reduce_add_epi32(_mm512_add_epi32(p, q));
  }
};

}  // namespace

const Table avx512_gemm = {quantise_lanes<Dots>, product_lanes<Dots>, largest_lanes};

}  // namespace zg::batching
