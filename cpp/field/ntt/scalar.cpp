#include "field/bn254_fr.hpp"
#include "field/ntt/table.hpp"

namespace zg::ntt {

namespace {

using bn254::Fr;

void copy_factors(const uint64_t* montgomery, size_t count, void* out) {
  auto* to = static_cast<uint64_t*>(out);
  for (size_t i = 0; i < kElementWords * count; ++i) to[i] = montgomery[i];
}

void copy_twists(const uint64_t* montgomery, size_t count, uint64_t* out) { copy_factors(montgomery, count, out); }

size_t reversed(size_t index, unsigned bits) {
  size_t out = 0;
  for (unsigned i = 0; i < bits; ++i) out |= (index >> i & 1) << (bits - 1 - i);
  return out;
}

void one_vector(const Pass& pass, size_t vector, Fr* values) {
  const size_t n = size_t{1} << pass.log_size;
  const auto *roots = static_cast<const Fr*>(pass.roots), *pre = static_cast<const Fr*>(pass.pre), *post = static_cast<const Fr*>(pass.post);
  for (size_t k = 0; k < n; ++k) {
    Fr value = Fr::from_limbs(pass.in + kElementWords * (pass.in_step * k + pass.in_pitch * vector));
    if (pass.twist != nullptr) value = value * Fr::from_limbs(pass.twist + kElementWords * (pass.twist_step * k + pass.twist_pitch * vector));
    if (pre != nullptr) value = value * pre[k];
    values[reversed(k, pass.log_size)] = value;
  }
  for (size_t half = 1; half < n; half *= 2) {
    for (size_t block = 0; block < n; block += 2 * half) {
      for (size_t j = 0; j < half; ++j) {
        Fr &low = values[block + j], &high = values[block + half + j];
        const Fr turned = j == 0 ? high : high * roots[half + j];
        high = low - turned;
        low = low + turned;
      }
    }
  }
  for (size_t k = 0; k < n; ++k) {
    const Fr value = post == nullptr ? values[k] : values[k] * post[k];
    uint64_t* to = pass.out + kElementWords * (pass.out_step * k + pass.out_pitch * vector);
    for (size_t w = 0; w < kElementWords; ++w) to[w] = value.l[w];
  }
}

void run_pass(const Pass& pass, size_t first, size_t count, void* scratch) {
  for (size_t v = first; v < first + count; ++v) one_vector(pass, v, static_cast<Fr*>(scratch));
}

}  // namespace

const Table scalar = {1, sizeof(Fr), sizeof(Fr), copy_factors, copy_twists, run_pass};

}  // namespace zg::ntt
