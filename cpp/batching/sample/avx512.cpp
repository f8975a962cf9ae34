#include <immintrin.h>

#include "batching/sample/table.hpp"

namespace zg::batching::sample {

namespace {

#define ZG_LANE static inline __attribute__((always_inline))
struct Sixteen {
  using V = __m512;
  using I = __m512i;
  using M = __m512i;
  static constexpr size_t kWidth = 16;

  ZG_LANE V splat(float a) { return _mm512_set1_ps(a); }
  ZG_LANE V load(const float* from) { return _mm512_loadu_ps(from); }
  ZG_LANE void store(float* to, V a) { _mm512_storeu_ps(to, a); }
  ZG_LANE V sub(V a, V b) { return _mm512_sub_ps(a, b); }
  ZG_LANE V mul(V a, V b) { return _mm512_mul_ps(a, b); }
  ZG_LANE V add(V a, V b) { return _mm512_add_ps(a, b); }
  ZG_LANE V larger(V a, V b) { return _mm512_max_ps(a, b); }
  ZG_LANE I bits(V a) { return _mm512_castps_si512(a); }
  ZG_LANE V as_float(I a) { return _mm512_castsi512_ps(a); }
  ZG_LANE I add_i(I a, I b) { return _mm512_add_epi32(a, b); }
  ZG_LANE I add_i(I a, int b) { return _mm512_add_epi32(a, _mm512_set1_epi32(b)); }
  ZG_LANE I shift_exponent(I a) { return _mm512_slli_epi32(a, 23); }
  ZG_LANE I truncate(V a) { return _mm512_cvttps_epi32(a); }
  ZG_LANE void store_i(uint32_t* to, I a) { _mm512_storeu_si512(to, a); }
  ZG_LANE M no_mass() { return _mm512_setzero_si512(); }
  ZG_LANE M add_mass(M sum, I weights) {
    const I even = _mm512_and_si512(weights, _mm512_set1_epi64(0xffffffff)), odd = _mm512_srli_epi64(weights, 32);
    return _mm512_add_epi64(sum, _mm512_add_epi64(even, odd));
  }
  ZG_LANE uint64_t mass_of(M sum) {
    uint64_t lanes[8], total = 0;
    _mm512_storeu_si512(lanes, sum);
    for (int i = 0; i < 8; ++i) total += lanes[i];
    return total;
  }
  ZG_LANE uint32_t at_least(V a, V least) { return _mm512_cmp_ps_mask(a, least, _CMP_GE_OQ); }
  ZG_LANE V keep(V a, uint32_t allowed) {
    return _mm512_mask_blend_ps(static_cast<__mmask16>(allowed), _mm512_set1_ps(-__builtin_huge_valf()), a);
  }
};

#include "batching/sample/lanes.inl"

}  // namespace

const Table avx512 = {peak_lanes<Sixteen>, mass_lanes<Sixteen>, weigh_lanes<Sixteen>, select_lanes<Sixteen>, mask_lanes<Sixteen>, nullptr};

}  // namespace zg::batching::sample
