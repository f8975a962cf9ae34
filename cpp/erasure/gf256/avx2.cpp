#include <immintrin.h>

#include "erasure/gf256/table.hpp"

namespace zg::gf256 {

namespace {

#include "erasure/gf256/lanes.inl"

// A product is two shuffles: c·x = c·(low nibble) + c·(high nibble · 16). Source: Plank, Greenan, Miller, FAST'13.
struct Nibbles {
  using Vec = __m256i;
  struct Split {
    __m256i low, high;
  };
  struct Factor {
    __m256i low, high;
  };
  static constexpr size_t kLanesSize = 32;
  static constexpr size_t kFactorSize = 32;
  static constexpr size_t kRowsMax = 4;
  template <size_t kRows>
  static constexpr size_t width() {
    return kRows <= 2 ? 2 : 1;
  }

  static void expand(uint8_t coefficient, uint8_t* to) {
    for (unsigned nibble = 0; nibble < 16; ++nibble) {
      to[nibble] = times(coefficient, static_cast<uint8_t>(nibble));
      to[16 + nibble] = times(coefficient, static_cast<uint8_t>(nibble << 4));
    }
  }
  static Factor factor(const uint8_t* from) {
    return {_mm256_broadcastsi128_si256(_mm_loadu_si128(reinterpret_cast<const __m128i*>(from))),
            _mm256_broadcastsi128_si256(_mm_loadu_si128(reinterpret_cast<const __m128i*>(from + 16)))};
  }
  static Split split(Vec a) {
    const __m256i mask = _mm256_set1_epi8(15);
    return {_mm256_and_si256(a, mask), _mm256_and_si256(_mm256_srli_epi16(a, 4), mask)};
  }
  static Vec product(Split a, Factor f) { return _mm256_xor_si256(_mm256_shuffle_epi8(f.low, a.low), _mm256_shuffle_epi8(f.high, a.high)); }
  static Vec sum(Vec a, Vec b, Vec c) { return _mm256_xor_si256(_mm256_xor_si256(a, b), c); }
  static Vec zero() { return _mm256_setzero_si256(); }
  static Vec load(const uint8_t* from) { return _mm256_loadu_si256(reinterpret_cast<const __m256i*>(from)); }
  static void store(uint8_t* to, Vec a) { _mm256_storeu_si256(reinterpret_cast<__m256i*>(to), a); }
  static void stream(uint8_t* to, Vec a) { _mm256_stream_si256(reinterpret_cast<__m256i*>(to), a); }
  static Vec load_tail(const uint8_t* from, size_t count) {
    alignas(32) uint8_t bytes[32] = {};
    for (size_t i = 0; i < count; ++i) bytes[i] = from[i];
    return load(bytes);
  }
  static void store_tail(uint8_t* to, Vec a, size_t count) {
    alignas(32) uint8_t bytes[32];
    store(bytes, a);
    for (size_t i = 0; i < count; ++i) to[i] = bytes[i];
  }
};

}  // namespace

const Table avx2 = {Nibbles::kFactorSize, Nibbles::kRowsMax, expand_lanes<Nibbles>, product_lanes<Nibbles>};

}  // namespace zg::gf256
