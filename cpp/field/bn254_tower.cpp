#include "field/bn254_tower.hpp"

namespace zg::bn254 {

Fq12 frobenius(const Fq12& a) {
  auto map = [](const Fq2& c, int i) { return conjugate(c) * Fq2::from_limbs(kFrobenius1[i]); };
  return {{conjugate(a.c0.a0), map(a.c0.a1, 2), map(a.c0.a2, 4)}, {map(a.c1.a0, 1), map(a.c1.a1, 3), map(a.c1.a2, 5)}};
}

Fq12 frobenius_square(const Fq12& a) {
  auto map = [](const Fq2& c, int i) { return c * Fq::from_limbs(kFrobenius2[i]); };
  return {{a.c0.a0, map(a.c0.a1, 2), map(a.c0.a2, 4)}, {map(a.c1.a0, 1), map(a.c1.a1, 3), map(a.c1.a2, 5)}};
}

Fq12 cyclotomic_square(const Fq12& a) {
  // The three quadratic extensions (a0, w^3), (a1, w^3) and (a2, w^3) of Fq2 are squared on their own: each gives
  // x^2 + xi y^2 and 2 x y.
  auto pair = [](const Fq2& x, const Fq2& y, Fq2& even, Fq2& odd) {
    const Fq2 xx = square(x), yy = square(y);
    odd = square(x + y) - xx - yy;
    even = times_xi(yy) + xx;
  };
  Fq2 e0, o0, e1, o1, e2, o2;
  pair(a.c0.a0, a.c1.a1, e0, o0);
  pair(a.c1.a0, a.c0.a2, e1, o1);
  pair(a.c0.a1, a.c1.a2, e2, o2);
  o2 = times_xi(o2);
  auto minus = [](const Fq2& t, const Fq2& x) { return twice(t - x) + t; };  // 3 t - 2 x
  auto plus = [](const Fq2& t, const Fq2& x) { return twice(t + x) + t; };   // 3 t + 2 x
  return {{minus(e0, a.c0.a0), minus(e1, a.c0.a1), minus(e2, a.c0.a2)}, {plus(o2, a.c1.a0), plus(o0, a.c1.a1), plus(o1, a.c1.a2)}};
}

}  // namespace zg::bn254
