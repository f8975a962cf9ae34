// exp.hpp's exp_plain on sixteen lanes: the same operations in the same order.

inline Sixteen::V exp_lanes(Sixteen::V x) {
  using S = Sixteen;
  x = S::min(S::max(x, S::set(kExpLow)), S::set(kExpHigh));
  const S::V power = S::sub(S::add(S::mul(x, S::set(kLog2E)), S::set(kRounder)), S::set(kRounder));
  S::V rest = S::sub(x, S::mul(power, S::set(kLn2High)));
  rest = S::sub(rest, S::mul(power, S::set(kLn2Low)));
  S::V y = S::set(1.9875691500e-4f);
  y = S::add(S::mul(y, rest), S::set(1.3981999507e-3f));
  y = S::add(S::mul(y, rest), S::set(8.3334519073e-3f));
  y = S::add(S::mul(y, rest), S::set(4.1665795894e-2f));
  y = S::add(S::mul(y, rest), S::set(1.6666665459e-1f));
  y = S::add(S::mul(y, rest), S::set(5.0000001201e-1f));
  y = S::add(S::add(S::mul(y, S::mul(rest, rest)), rest), S::set(1.0f));
  return S::mul(y, S::power(power));
}
