#include "curve/bn254_pairing.hpp"

#include <vector>

namespace zg::bn254 {

namespace {

// A line through points of the twist, evaluated at (xP, yP) in G1 as  yP r0 + xP r1 w + r2 w^3.
struct Line {
  Fq2 r0, r1, r2;
};

// Homogeneous projective (x / z, y / z).
struct Running {
  Fq2 x, y, z;
};

// Half of an element: (a + p) / 2 for odd limbs, a / 2 for even ones.
Fq half(const Fq& a) {
  Fq r;
  field::Wide w = 0;
  const uint64_t mask = 0 - (a.l[0] & 1);
  for (int i = 0; i < 4; ++i) {
    w += static_cast<field::Wide>(a.l[i]) + (FqParams::kModulus[i] & mask);
    r.l[i] = static_cast<uint64_t>(w);
    w >>= 64;
  }
  for (int i = 0; i < 4; ++i) r.l[i] = r.l[i] >> 1 | (i < 3 ? r.l[i + 1] : static_cast<uint64_t>(w)) << 63;
  return r;
}
Fq2 half(const Fq2& a) { return {half(a.c0), half(a.c1)}; }
Fq2 thrice(const Fq2& a) { return twice(a) + a; }

// t = 2 t; the tangent at the old t.
Line double_step(Running& t) {
  const Fq2 a = half(t.x * t.y), b = square(t.y), c = square(t.z);
  const Fq2 e = thrice(c) * Fq2::from_limbs(kTwistB), f = thrice(e);
  const Fq2 g = half(b + f), h = square(t.y + t.z) - b - c;
  const Line line{-h, thrice(square(t.x)), e - b};
  t = {a * (b - f), square(g) - thrice(square(e)), b * h};
  return line;
}

// t = t + q; the line through both. t and q are multiples of one point of order r by different factors below r, so they
// never coincide.
Line add_step(Running& t, const G2Affine& q) {
  const Fq2 o = t.y - q.y * t.z, l = t.x - q.x * t.z;
  const Fq2 c = square(o), d = square(l), e = l * d, f = t.z * c, g = t.x * d;
  const Fq2 h = e + f - twice(g);
  const Line line{l, -o, q.x * o - l * q.y};
  t = {l * h, (g - h) * o - e * t.y, t.z * e};
  return line;
}

Fq12 power_x(const Fq12& a) {
  const Fq12 inverse = conjugate(a);
  Fq12 r = a;
  for (int i = kXDigits - 2; i >= 0; --i) {
    r = cyclotomic_square(r);
    if (kXNaf[i] > 0) r = r * a;
    if (kXNaf[i] < 0) r = r * inverse;
  }
  return r;
}

}  // namespace

Fq12 miller_loop_var(const PairingInput* inputs, size_t count) {
  struct Pair {
    G1Affine p;
    G2Affine q, minus_q;
    Running t;
  };
  std::vector<Pair> pairs;
  pairs.reserve(count);
  for (size_t i = 0; i < count; ++i) {
    const auto& [p, q] = inputs[i];
    if (p.is_infinity() || q.is_infinity()) continue;
    pairs.push_back({p, q, -q, {q.x, q.y, Fq2::one()}});
  }
  Fq12 f = Fq12::one();
  auto absorb = [&f](const Line& line, const G1Affine& p) { f = times_line(f, line.r0 * p.y, line.r1 * p.x, line.r2); };
  for (int i = kLoopDigits - 2; i >= 0; --i) {
    if (i != kLoopDigits - 2) f = square(f);
    for (Pair& pair : pairs) {
      absorb(double_step(pair.t), pair.p);
      if (kLoop[i] != 0) absorb(add_step(pair.t, kLoop[i] > 0 ? pair.q : pair.minus_q), pair.p);
    }
  }
  for (Pair& pair : pairs) {
    const G2Affine q1 = psi(pair.q);
    absorb(add_step(pair.t, q1), pair.p);
    absorb(add_step(pair.t, -psi(q1)), pair.p);
  }
  return f;
}

Fq12 final_exponentiation_var(const Fq12& f) {
  // The easy part, (p^6 - 1)(p^2 + 1).
  Fq12 m = conjugate(f) * inverse_var(f);
  m = frobenius_square(m) * m;
  // The hard part: a multiple of (p^4 - p^2 + 1) / r as a short sum of powers of p with coefficients in x.
  Fq12 t0 = cyclotomic_square(conjugate(power_x(m)));  // -2x
  Fq12 t1 = t0 * cyclotomic_square(t0);                // -6x
  Fq12 t2 = conjugate(power_x(t1));                    // 6x^2
  Fq12 t3 = conjugate(t1);                             // 6x
  t1 = t2 * t3;                                        // 6x^2 + 6x
  t3 = cyclotomic_square(t2);                          // 12x^2
  Fq12 t4 = t1 * power_x(t3);                          // 12x^3 + 6x^2 + 6x
  t3 = t0 * t4;                                        // 12x^3 + 6x^2 + 4x
  t0 = m * (t2 * t4);
  t0 = t0 * frobenius(t3);
  t0 = t0 * frobenius_square(t4);
  return t0 * frobenius(frobenius_square(conjugate(m) * t3));
}

bool pairing_product_is_one_var(const PairingInput* inputs, size_t count) {
  return final_exponentiation_var(miller_loop_var(inputs, count)).is_one();
}

}  // namespace zg::bn254
