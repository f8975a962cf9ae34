// The row operations on sixteen lanes, written once over Sixteen. Included inside the namespace of an ISA file.

// 1 / sqrt(x): two roundings, as the definition has them.
inline float inverse_root(float x) { return 1.0f / _mm_cvtss_f32(_mm_sqrt_ss(_mm_set_ss(x))); }

inline void rms_norm(const float* x, const float* weight, float epsilon, size_t width, float* out) {
  using S = Sixteen;
  S::V sums = S::zero();
  for (size_t i = 0; i < width; i += 16) sums = S::add(sums, S::mul(S::load(x + i), S::load(x + i)));
  const S::V factor = S::set(inverse_root(S::fold(sums) / static_cast<float>(width) + epsilon));
  for (size_t i = 0; i < width; i += 16) S::store(out + i, S::mul(S::mul(S::load(x + i), factor), S::load(weight + i)));
}

inline void layer_norm(const float* x, const float* weight, const float* bias, float epsilon, size_t width, float* out) {
  using S = Sixteen;
  S::V sums = S::zero();
  for (size_t i = 0; i < width; i += 16) sums = S::add(sums, S::load(x + i));
  const S::V mean = S::set(S::fold(sums) / static_cast<float>(width));
  sums = S::zero();
  for (size_t i = 0; i < width; i += 16) {
    const S::V apart = S::sub(S::load(x + i), mean);
    sums = S::add(sums, S::mul(apart, apart));
  }
  const S::V factor = S::set(inverse_root(S::fold(sums) / static_cast<float>(width) + epsilon));
  for (size_t i = 0; i < width; i += 16)
    S::store(out + i, S::add(S::mul(S::mul(S::sub(S::load(x + i), mean), factor), S::load(weight + i)), S::load(bias + i)));
}

inline void swiglu(float* gate, const float* up, size_t count) {
  using S = Sixteen;
  for (size_t i = 0; i < count; i += 16) {
    const S::V g = S::load(gate + i), below = S::add(S::set(1.0f), exp_lanes(S::sub(S::zero(), g)));
    S::store(gate + i, S::mul(S::div(g, below), S::load(up + i)));
  }
}

inline void gelu(float* x, size_t count) {
  using S = Sixteen;
  for (size_t i = 0; i < count; i += 16) {
    const S::V v = S::load(x + i), z = S::mul(S::abs(v), S::set(0.70710678f));
    const S::V t = S::div(S::set(1.0f), S::add(S::set(1.0f), S::mul(S::set(0.3275911f), z)));
    S::V y = S::add(S::mul(S::set(1.061405429f), t), S::set(-1.453152027f));
    y = S::add(S::mul(y, t), S::set(1.421413741f));
    y = S::add(S::mul(y, t), S::set(-0.284496736f));
    y = S::add(S::mul(y, t), S::set(0.254829592f));
    const S::V erf = S::sub(S::set(1.0f), S::mul(S::mul(y, t), exp_lanes(S::sub(S::zero(), S::mul(z, z)))));
    S::store(x + i, S::mul(S::mul(v, S::set(0.5f)), S::add(S::set(1.0f), S::sign(S::abs(erf), v))));
  }
}

inline void add(float* x, const float* y, size_t count) {
  using S = Sixteen;
  for (size_t i = 0; i < count; i += 16) S::store(x + i, S::add(S::load(x + i), S::load(y + i)));
}

inline void rope(float* x, size_t heads, size_t head_size, const float* turns, size_t pairs, bool halves) {
  using S = Sixteen;
  const float *cosines = turns, *sines = turns + pairs;
  for (size_t h = 0; h < heads; ++h, x += head_size) {
    if (halves) {
      for (size_t i = 0; i < pairs; i += 16) {
        const S::V a = S::load(x + i), b = S::load(x + pairs + i), c = S::load(cosines + i), s = S::load(sines + i);
        S::store(x + i, S::sub(S::mul(a, c), S::mul(b, s)));
        S::store(x + pairs + i, S::add(S::mul(b, c), S::mul(a, s)));
      }
    } else {
      for (size_t i = 0; i < pairs; i += 8) {
        const S::V v = S::load(x + 2 * i), c = S::twice(cosines + i), s = S::even_negated(S::twice(sines + i));
        S::store(x + 2 * i, S::add(S::mul(v, c), S::mul(S::swapped(v), s)));
      }
    }
  }
}
