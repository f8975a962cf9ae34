// Jacobian formulas for curves y^2 = x^3 + b, written once for G1 and G2 over their coordinate fields.
//
// Source: Explicit-Formulas Database, dbl-2009-l, add-2007-bl and madd-2007-bl; the exceptional cases are told apart here.
#pragma once

#include "common/u256.hpp"

namespace zg::curve {

template <class Point>
inline Point jacobian_double(const Point& p) {
  if (p.is_infinity()) return p;
  const auto a = square(p.x), b = square(p.y), c = square(b);
  const auto d = twice(square(p.x + b) - a - c);
  const auto e = twice(a) + a;
  const auto x = square(e) - twice(d);
  const auto z = twice(p.y * p.z);
  return {x, e * (d - x) - twice(twice(twice(c))), z};
}

template <class Point>
inline Point jacobian_add(const Point& p, const Point& q) {
  if (p.is_infinity()) return q;
  if (q.is_infinity()) return p;
  const auto z1z1 = square(p.z), z2z2 = square(q.z);
  const auto u1 = p.x * z2z2, u2 = q.x * z1z1;
  const auto s1 = p.y * q.z * z2z2, s2 = q.y * p.z * z1z1;
  const auto h = u2 - u1, r = twice(s2 - s1);
  if (h.is_zero()) return r.is_zero() ? jacobian_double(p) : Point::infinity();
  const auto i = square(twice(h)), j = h * i, v = u1 * i;
  const auto x = square(r) - j - twice(v);
  return {x, r * (v - x) - twice(s1 * j), (square(p.z + q.z) - z1z1 - z2z2) * h};
}

template <class Point, class Affine>
inline Point jacobian_add_affine(const Point& p, const Affine& q) {
  if (q.is_infinity()) return p;
  if (p.is_infinity()) return Point::from(q);
  const auto z1z1 = square(p.z);
  const auto h = q.x * z1z1 - p.x, r = twice(q.y * p.z * z1z1 - p.y);
  if (h.is_zero()) return r.is_zero() ? jacobian_double(p) : Point::infinity();
  const auto hh = square(h), i = twice(twice(hh)), j = h * i, v = p.x * i;
  const auto x = square(r) - j - twice(v);
  return {x, r * (v - x) - twice(p.y * j), square(p.z + h) - z1z1 - hh};
}

// k * p by signed windows of four bits, the eight odd and even multiples 1 … 8 in a table.
template <class Point, class Affine>
inline Point multiply_window_var(const Affine& p, const U256& k) {
  if (p.is_infinity() || k.is_zero()) return Point::infinity();
  int8_t digits[65];
  int carry = 0;
  for (int i = 0; i < 64; ++i) {
    int digit = static_cast<int>((k.w[i / 16] >> (4 * (i % 16))) & 15) + carry;
    carry = digit > 8 ? 1 : 0;
    digits[i] = static_cast<int8_t>(digit - 16 * carry);
  }
  digits[64] = static_cast<int8_t>(carry);
  Point table[8];
  table[0] = Point::from(p);
  for (int i = 1; i < 8; ++i) table[i] = i % 2 == 1 ? jacobian_double(table[i / 2]) : jacobian_add_affine(table[i - 1], p);
  Point sum = Point::infinity();
  for (int i = 64; i >= 0; --i) {
    if (!sum.is_infinity())
      for (int j = 0; j < 4; ++j) sum = jacobian_double(sum);
    const int digit = digits[i];
    if (digit == 0) continue;
    Point entry = table[(digit < 0 ? -digit : digit) - 1];
    if (digit < 0) entry.y = -entry.y;
    sum = jacobian_add(sum, entry);
  }
  return sum;
}

}  // namespace zg::curve
