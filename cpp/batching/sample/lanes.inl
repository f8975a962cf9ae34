// One row of logits, written once over a vocabulary L of kWidth lanes (weight.inl's, and load, add_mass, mass_of, above,
// tail handling by a padded copy). Included inside an anonymous namespace of each backend, after its vocabulary.

#define ZG_WEIGHT static inline __attribute__((always_inline))
#include "batching/sample/weight.inl"

constexpr float kMinus = -__builtin_huge_valf();

// A full vector at `at`, or what is left of the row followed by minus infinity.
template <class L>
static inline __attribute__((always_inline)) typename L::V load_some(const float* logits, size_t count, size_t at) {
  if (at + L::kWidth <= count) return L::load(logits + at);
  float tail[L::kWidth];
  for (size_t i = 0; i < L::kWidth; ++i) tail[i] = at + i < count ? logits[at + i] : kMinus;
  return L::load(tail);
}

template <class L>
void peak_lanes(const float* logits, size_t count, float* value, uint32_t* index) {
  typename L::V best = L::splat(kMinus);
  for (size_t at = 0; at < count; at += L::kWidth) best = L::larger(load_some<L>(logits, count, at), best);
  float lanes[L::kWidth], highest = kMinus;
  L::store(lanes, best);
  for (size_t i = 0; i < L::kWidth; ++i)
    if (lanes[i] > highest) highest = lanes[i];
  *value = highest;
  *index = ~uint32_t{0};
  if (!(highest > kMinus)) return;
  for (size_t at = 0; at < count; at += L::kWidth) {
    const uint32_t hits = L::at_least(load_some<L>(logits, count, at), L::splat(highest));
    if (hits == 0) continue;
    *index = static_cast<uint32_t>(at) + static_cast<uint32_t>(__builtin_ctz(hits));
    return;
  }
}

template <class L>
uint64_t mass_lanes(const float* logits, size_t count, float highest, float scale) {
  typename L::M sum = L::no_mass();
  const typename L::V top = L::splat(highest), factor = L::splat(scale);
  for (size_t at = 0; at < count; at += L::kWidth) sum = L::add_mass(sum, weight<L>(load_some<L>(logits, count, at), top, factor));
  return L::mass_of(sum);
}

template <class L>
uint64_t weigh_lanes(const float* logits, size_t count, float highest, float scale, uint32_t* weights) {
  typename L::M sum = L::no_mass();
  const typename L::V top = L::splat(highest), factor = L::splat(scale);
  size_t at = 0;
  for (; at + L::kWidth <= count; at += L::kWidth) {
    const typename L::I here = weight<L>(L::load(logits + at), top, factor);
    L::store_i(weights + at, here);
    sum = L::add_mass(sum, here);
  }
  if (at < count) {
    const typename L::I here = weight<L>(load_some<L>(logits, count, at), top, factor);
    uint32_t tail[L::kWidth];
    L::store_i(tail, here);
    for (size_t i = 0; at + i < count; ++i) weights[at + i] = tail[i];
    sum = L::add_mass(sum, here);
  }
  return L::mass_of(sum);
}

template <class L>
size_t select_lanes(const float* logits, size_t count, float threshold, uint32_t* indexes) {
  size_t found = 0;
  const typename L::V least = L::splat(threshold);
  for (size_t at = 0; at < count; at += L::kWidth) {
    uint32_t hits = L::at_least(load_some<L>(logits, count, at), least);
    if (count - at < L::kWidth) hits &= (uint32_t{1} << (count - at)) - 1;
    for (; hits != 0; hits &= hits - 1) indexes[found++] = static_cast<uint32_t>(at) + static_cast<uint32_t>(__builtin_ctz(hits));
  }
  return found;
}

template <class L>
void mask_lanes(float* logits, size_t count, const uint32_t* allowed) {
  size_t at = 0;
  for (; at + L::kWidth <= count; at += L::kWidth) L::store(logits + at, L::keep(L::load(logits + at), allowed[at / 32] >> (at % 32)));
  for (; at < count; ++at)
    if ((allowed[at / 32] >> (at % 32) & 1) == 0) logits[at] = kMinus;
}
