#include <immintrin.h>

#include "erasure/gf65536/table.hpp"

namespace zg::gf65536 {

namespace {

#include "erasure/gf65536/lanes.inl"

// A product is the sum of the products of a word's four nibbles: eight shuffles, four for each plane of the result.
// Source: Plank, Greenan, Miller, FAST'13.
struct Nibbles {
  using Vec = __m256i;
  struct Ready {
    Vec nibble[4];
  };
  struct Factor {
    const uint8_t* tables;  // eight of them do not fit the registers beside the data
  };
  static constexpr size_t kLanesSize = 32;
  static constexpr size_t kFactorSize = 128;

  // Table 2·n: low bytes of the products of nibble n; table 2·n + 1: high bytes.
  static void expand(const uint16_t* images, uint8_t* to) {
    for (unsigned n = 0; n < 4; ++n) {
      for (unsigned value = 0; value < 16; ++value) {
        unsigned sum = 0;
        for (unsigned bit = 0; bit < 4; ++bit)
          if (value >> bit & 1) sum ^= images[4 * n + bit];
        to[32 * n + value] = static_cast<uint8_t>(sum);
        to[32 * n + 16 + value] = static_cast<uint8_t>(sum >> 8);
      }
    }
  }
  static Factor factor(const uint8_t* from) { return {from}; }
  static Ready ready(const Planes<Nibbles>& a) {
    const Vec mask = _mm256_set1_epi8(15);
    return {{_mm256_and_si256(a.low, mask), _mm256_and_si256(_mm256_srli_epi16(a.low, 4), mask), _mm256_and_si256(a.high, mask),
             _mm256_and_si256(_mm256_srli_epi16(a.high, 4), mask)}};
  }
  static Vec table(const Factor& f, unsigned i) {
    return _mm256_broadcastsi128_si256(_mm_loadu_si128(reinterpret_cast<const __m128i*>(f.tables + 16 * i)));
  }
  static void add_product(Planes<Nibbles>& sum, const Ready& a, const Factor& f) {
    for (unsigned n = 0; n < 4; ++n) {
      sum.low = _mm256_xor_si256(sum.low, _mm256_shuffle_epi8(table(f, 2 * n), a.nibble[n]));
      sum.high = _mm256_xor_si256(sum.high, _mm256_shuffle_epi8(table(f, 2 * n + 1), a.nibble[n]));
    }
  }
  static Vec add(Vec a, Vec b) { return _mm256_xor_si256(a, b); }
  static Vec zero() { return _mm256_setzero_si256(); }
  static Vec load(const uint8_t* from) { return _mm256_loadu_si256(reinterpret_cast<const __m256i*>(from)); }
  static void store(uint8_t* to, Vec a) { _mm256_storeu_si256(reinterpret_cast<__m256i*>(to), a); }
  static Planes<Nibbles> split(Vec a, Vec b) {
    const Vec mask = _mm256_set1_epi16(255);
    return {_mm256_packus_epi16(_mm256_and_si256(a, mask), _mm256_and_si256(b, mask)),
            _mm256_packus_epi16(_mm256_srli_epi16(a, 8), _mm256_srli_epi16(b, 8))};
  }
  static Vec join_low(const Planes<Nibbles>& a) { return _mm256_unpacklo_epi8(a.low, a.high); }
  static Vec join_high(const Planes<Nibbles>& a) { return _mm256_unpackhi_epi8(a.low, a.high); }
};

}  // namespace

const Table avx2 = {Nibbles::kFactorSize,       expand_lanes<Nibbles>,     product_lanes<Nibbles>,
                    split_lanes<Nibbles>,       join_lanes<Nibbles>,       add_lanes<Nibbles>,
                    scale_lanes<Nibbles>,       add_scaled_lanes<Nibbles>, forward_lanes<Nibbles>,
                    inverse_lanes<Nibbles>,     both_layers_lanes<Nibbles, false>, both_layers_lanes<Nibbles, true>};

}  // namespace zg::gf65536
