#include <immintrin.h>

#include "erasure/gf256/table.hpp"

namespace zg::gf256 {

namespace {

#include "erasure/gf256/lanes.inl"

// A product by a constant is linear over bits: one 8×8 bit matrix for each byte, in one instruction (GFNI). GFNI's own
// multiplication is of no use: it is fixed to another polynomial.
struct Affine {
  using Vec = __m512i;
  using Split = __m512i;
  using Factor = __m512i;
  static constexpr size_t kLanesSize = 64;
  static constexpr size_t kFactorSize = 8;
  static constexpr size_t kRowsMax = 6;
  template <size_t kRows>
  static constexpr size_t width() {
    return kRows <= 4 ? 4 : 2;
  }

  // Byte 7 - i of the operand is row i: which bits of the input make bit i of the output.
  static void expand(uint8_t coefficient, uint8_t* to) {
    for (unsigned i = 0; i < 8; ++i) to[i] = 0;
    for (unsigned j = 0; j < 8; ++j) {
      const uint8_t column = times(coefficient, static_cast<uint8_t>(1u << j));
      for (unsigned i = 0; i < 8; ++i) to[7 - i] = static_cast<uint8_t>(to[7 - i] | (column >> i & 1) << j);
    }
  }
  static Factor factor(const uint8_t* from) { return _mm512_set1_epi64(*reinterpret_cast<const long long*>(from)); }
  static Split split(Vec a) { return a; }
  static Vec product(Split a, Factor f) { return _mm512_gf2p8affine_epi64_epi8(a, f, 0); }
  static Vec sum(Vec a, Vec b, Vec c) { return _mm512_ternarylogic_epi64(a, b, c, 0x96); }
  static Vec zero() { return _mm512_setzero_si512(); }
  static Vec load(const uint8_t* from) { return _mm512_loadu_si512(from); }
  static void store(uint8_t* to, Vec a) { _mm512_storeu_si512(to, a); }
  static void stream(uint8_t* to, Vec a) { _mm512_stream_si512(reinterpret_cast<__m512i*>(to), a); }
  static Vec load_tail(const uint8_t* from, size_t count) { return _mm512_maskz_loadu_epi8((__mmask64{1} << count) - 1, from); }
  static void store_tail(uint8_t* to, Vec a, size_t count) { _mm512_mask_storeu_epi8(to, (__mmask64{1} << count) - 1, a); }
};

}  // namespace

const Table avx512 = {Affine::kFactorSize, Affine::kRowsMax, expand_lanes<Affine>, product_lanes<Affine>};

}  // namespace zg::gf256
