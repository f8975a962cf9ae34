// The weight of a logit, over a vocabulary L: V (floats) and I (32-bit integers) with splat, sub, mul, add, larger(a, b)
// (a when a > b, else b: also when a is no number), bits, as_float, add_i, shift_exponent (<< 23), truncate.
//
// exp by Cody and Waite's two-part ln 2 and a polynomial of degree 6; multiplications and additions are rounded one by one, so
// every backend gets the same integers. Sums of integers do not depend on their order. A logit more than 21 below the highest
// (after scaling) weighs nothing: it is never drawn. Included inside a namespace of each user.

template <class L>
ZG_WEIGHT typename L::I weight(typename L::V logit, typename L::V highest, typename L::V scale) {
  using V = typename L::V;
  const V magic = L::splat(12582912.0f);  // 1.5 * 2^23: adding it rounds to a whole number
  const V x = L::larger(L::mul(L::sub(logit, highest), scale), L::splat(-22.0f));
  const V t = L::add(L::mul(x, L::splat(1.44269504f)), magic);
  const V n = L::sub(t, magic);
  const V r = L::sub(L::sub(x, L::mul(n, L::splat(0.693359375f))), L::mul(n, L::splat(-2.12194440e-4f)));
  V p = L::splat(1.9875691500e-4f);
  p = L::add(L::mul(p, r), L::splat(1.3981999507e-3f));
  p = L::add(L::mul(p, r), L::splat(8.3334519073e-3f));
  p = L::add(L::mul(p, r), L::splat(4.1665795894e-2f));
  p = L::add(L::mul(p, r), L::splat(1.6666665459e-1f));
  p = L::add(L::mul(p, r), L::splat(5.0000001201e-1f));
  p = L::add(L::add(L::mul(p, L::mul(r, r)), r), L::splat(1.0f));
  const typename L::I exponent = L::shift_exponent(L::add_i(L::bits(t), 30 - 0x4b400000));
  return L::truncate(L::as_float(L::add_i(L::bits(p), exponent)));
}
