// Small rules that the host's pipeline and the device body share.
#pragma once

#include "grid/body.hpp"

namespace zg::batching::sample {

// The weight of the highest logit.
inline constexpr double kWeightOne = 1073741824.0;  // 2^30

// The least weight that min_p leaves: at least min_p of the largest, which is 2^30.
ZG_HD uint32_t least_weight(float min_p) {
  const double product = static_cast<double>(min_p) * kWeightOne;
  const uint32_t whole = static_cast<uint32_t>(product);
  return static_cast<double>(whole) < product ? whole + 1 : whole;
}

// The mass that top_p asks for: at least 1, at most all.
ZG_HD uint64_t share_of(float top_p, uint64_t mass) {
  const double product = static_cast<double>(top_p) * static_cast<double>(mass);
  uint64_t whole = static_cast<uint64_t>(product);
  if (static_cast<double>(whole) < product) ++whole;
  if (whole == 0) whole = 1;
  return whole < mass ? whole : mass;
}

ZG_HD float penalised(float logit, uint32_t generated, float repetition, float frequency, float presence) {
  logit = logit > 0.0f ? logit / repetition : logit * repetition;
  if (generated == 0) return logit;
#if defined(__CUDA_ARCH__)
  return __fsub_rn(__fsub_rn(logit, __fmul_rn(frequency, static_cast<float>(generated))), presence);
#else
  return (logit - frequency * static_cast<float>(generated)) - presence;  // rounded one by one: -ffp-contract=off
#endif
}

template <class AnyRow>
ZG_HD bool has_penalties(const AnyRow& row) {
  return row.repetition != 1.0f || row.frequency != 0.0f || row.presence != 0.0f;
}

// `log_mass`: the logarithm of the mass at temperature 1, in units of the highest weight.
ZG_HD float logprob_of(float logit, float highest, double log_mass) {
  return static_cast<float>(static_cast<double>(logit) - static_cast<double>(highest) - log_mass);
}

}  // namespace zg::batching::sample
