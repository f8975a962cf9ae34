#include <immintrin.h>

#include "batching/sample/table.hpp"

namespace zg::batching::sample {

namespace {

#define ZG_LANE static inline __attribute__((always_inline))
struct Eight {
  using V = __m256;
  using I = __m256i;
  using M = __m256i;
  static constexpr size_t kWidth = 8;

  ZG_LANE V splat(float a) { return _mm256_set1_ps(a); }
  ZG_LANE V load(const float* from) { return _mm256_loadu_ps(from); }
  ZG_LANE void store(float* to, V a) { _mm256_storeu_ps(to, a); }
  ZG_LANE V sub(V a, V b) { return _mm256_sub_ps(a, b); }
  ZG_LANE V mul(V a, V b) { return _mm256_mul_ps(a, b); }
  ZG_LANE V add(V a, V b) { return _mm256_add_ps(a, b); }
  ZG_LANE V larger(V a, V b) { return _mm256_max_ps(a, b); }
  ZG_LANE I bits(V a) { return _mm256_castps_si256(a); }
  ZG_LANE V as_float(I a) { return _mm256_castsi256_ps(a); }
  ZG_LANE I add_i(I a, I b) { return _mm256_add_epi32(a, b); }
  ZG_LANE I add_i(I a, int b) { return _mm256_add_epi32(a, _mm256_set1_epi32(b)); }
  ZG_LANE I shift_exponent(I a) { return _mm256_slli_epi32(a, 23); }
  ZG_LANE I truncate(V a) { return _mm256_cvttps_epi32(a); }
  ZG_LANE void store_i(uint32_t* to, I a) { _mm256_storeu_si256(reinterpret_cast<__m256i*>(to), a); }
  ZG_LANE M no_mass() { return _mm256_setzero_si256(); }
  ZG_LANE M add_mass(M sum, I weights) {
    const I even = _mm256_and_si256(weights, _mm256_set1_epi64x(0xffffffff)), odd = _mm256_srli_epi64(weights, 32);
    return _mm256_add_epi64(sum, _mm256_add_epi64(even, odd));
  }
  ZG_LANE uint64_t mass_of(M sum) {
    uint64_t lanes[4];
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(lanes), sum);
    return lanes[0] + lanes[1] + lanes[2] + lanes[3];
  }
  ZG_LANE uint32_t at_least(V a, V least) { return static_cast<uint32_t>(_mm256_movemask_ps(_mm256_cmp_ps(a, least, _CMP_GE_OQ))); }
  ZG_LANE V keep(V a, uint32_t allowed) {
    const I lane = _mm256_setr_epi32(1, 2, 4, 8, 16, 32, 64, 128);
    const I is_kept = _mm256_cmpeq_epi32(_mm256_and_si256(_mm256_set1_epi32(static_cast<int>(allowed)), lane), lane);
    return _mm256_blendv_ps(_mm256_set1_ps(-__builtin_huge_valf()), a, _mm256_castsi256_ps(is_kept));
  }
};

#include "batching/sample/lanes.inl"

}  // namespace

const Table avx2 = {peak_lanes<Eight>, mass_lanes<Eight>, weigh_lanes<Eight>, select_lanes<Eight>, mask_lanes<Eight>, nullptr};

}  // namespace zg::batching::sample
