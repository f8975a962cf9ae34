#include <immintrin.h>

#include "erasure/gf65536/table.hpp"

namespace zg::gf65536 {

namespace {

#include "erasure/gf65536/lanes.inl"

// A product by a constant is a 16×16 bit matrix: four 8×8 ones from low and high bytes to low and high bytes (GFNI).
struct Affine {
  using Vec = __m512i;
  using Ready = Planes<Affine>;
  struct Factor {
    Vec low_low, high_low, low_high, high_high;  // from, to
  };
  static constexpr size_t kLanesSize = 64;
  static constexpr size_t kFactorSize = 32;

  // Byte 7 - i of a matrix is row i: which bits of the input make bit i of the output.
  static void expand(const uint16_t* images, uint8_t* to) {
    for (unsigned i = 0; i < 8; ++i) {
      unsigned rows[4] = {};
      for (unsigned j = 0; j < 8; ++j) {
        rows[0] |= (images[j] >> i & 1u) << j;
        rows[1] |= (images[8 + j] >> i & 1u) << j;
        rows[2] |= (images[j] >> (8 + i) & 1u) << j;
        rows[3] |= (images[8 + j] >> (8 + i) & 1u) << j;
      }
      for (unsigned part = 0; part < 4; ++part) to[8 * part + 7 - i] = static_cast<uint8_t>(rows[part]);
    }
  }
  static Vec broadcast(const uint8_t* from) { return _mm512_set1_epi64(*reinterpret_cast<const long long*>(from)); }
  static Factor factor(const uint8_t* from) { return {broadcast(from), broadcast(from + 8), broadcast(from + 16), broadcast(from + 24)}; }
  static Ready ready(const Planes<Affine>& a) { return a; }
  static void add_product(Planes<Affine>& sum, const Ready& a, const Factor& f) {
    sum.low = _mm512_ternarylogic_epi64(sum.low, _mm512_gf2p8affine_epi64_epi8(a.low, f.low_low, 0),
                                        _mm512_gf2p8affine_epi64_epi8(a.high, f.high_low, 0), 0x96);
    sum.high = _mm512_ternarylogic_epi64(sum.high, _mm512_gf2p8affine_epi64_epi8(a.low, f.low_high, 0),
                                         _mm512_gf2p8affine_epi64_epi8(a.high, f.high_high, 0), 0x96);
  }
  static Vec add(Vec a, Vec b) { return _mm512_xor_si512(a, b); }
  static Vec zero() { return _mm512_setzero_si512(); }
  static Vec load(const uint8_t* from) { return _mm512_loadu_si512(from); }
  static void store(uint8_t* to, Vec a) { _mm512_storeu_si512(to, a); }
  static Planes<Affine> split(Vec a, Vec b) {
    const Vec mask = _mm512_set1_epi16(255);
    return {_mm512_packus_epi16(_mm512_and_si512(a, mask), _mm512_and_si512(b, mask)),
            _mm512_packus_epi16(_mm512_srli_epi16(a, 8), _mm512_srli_epi16(b, 8))};
  }
  static Vec join_low(const Planes<Affine>& a) { return _mm512_unpacklo_epi8(a.low, a.high); }
  static Vec join_high(const Planes<Affine>& a) { return _mm512_unpackhi_epi8(a.low, a.high); }
};

}  // namespace

const Table avx512 = {Affine::kFactorSize,       expand_lanes<Affine>,     product_lanes<Affine>,
                      split_lanes<Affine>,       join_lanes<Affine>,       add_lanes<Affine>,
                      scale_lanes<Affine>,       add_scaled_lanes<Affine>, forward_lanes<Affine>,
                      inverse_lanes<Affine>,     both_layers_lanes<Affine, false>, both_layers_lanes<Affine, true>};

}  // namespace zg::gf65536
