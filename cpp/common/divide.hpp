// Division of long numbers by a precomputed reciprocal of the divisor's top words.
//
// Source: N. Möller, T. Granlund, "Improved division by invariant integers", IEEE Transactions on Computers 60 (2011):
// algorithms 4 (2 by 1), 5 (3 by 2) and 6 (the reciprocal). Divisors are normalised: the highest bit of the top word is set.
#pragma once

#include <cstddef>
#include <cstdint>

namespace zg::divide_words {

using Wide = unsigned __int128;

inline Wide join(uint64_t high, uint64_t low) { return static_cast<Wide>(high) << 64 | low; }
inline uint64_t high_of(Wide a) { return static_cast<uint64_t>(a >> 64); }

// floor((2^128 - 1) / d) - 2^64.
inline uint64_t reciprocal_2by1(uint64_t d) {
#if defined(__x86_64__)
  uint64_t quotient, rest;
  __asm__("divq %4" : "=a"(quotient), "=d"(rest) : "0"(UINT64_MAX), "1"(~d), "r"(d) : "cc");
  return quotient;
#else
  return static_cast<uint64_t>(join(~d, UINT64_MAX) / d);
#endif
}

// floor((2^192 - 1) / (d1 : d0)) - 2^64.
inline uint64_t reciprocal_3by2(uint64_t d1, uint64_t d0) {
  uint64_t v = reciprocal_2by1(d1);
  uint64_t p = d1 * v + d0;
  if (p < d0) {
    --v;
    if (p >= d1) {
      --v;
      p -= d1;
    }
    p -= d1;
  }
  const Wide t = static_cast<Wide>(v) * d0;
  p += high_of(t);
  if (p < high_of(t)) {
    --v;
    if (join(p, static_cast<uint64_t>(t)) >= join(d1, d0)) --v;
  }
  return v;
}

// (u1 : u0) / d with u1 < d; the remainder replaces u1.
inline uint64_t quotient_2by1(uint64_t& u1, uint64_t u0, uint64_t d, uint64_t v) {
  const Wide q = static_cast<Wide>(v) * u1 + join(u1, u0);
  uint64_t q1 = high_of(q) + 1;
  uint64_t r = u0 - q1 * d;
  if (r > static_cast<uint64_t>(q)) {
    --q1;
    r += d;
  }
  if (r >= d) [[unlikely]] {
    ++q1;
    r -= d;
  }
  u1 = r;
  return q1;
}

// (u2 : u1 : u0) / (d1 : d0) with (u2 : u1) < (d1 : d0); the remainder replaces (u2 : u1).
inline uint64_t quotient_3by2(uint64_t& u2, uint64_t& u1, uint64_t u0, uint64_t d1, uint64_t d0, uint64_t v) {
  const Wide d = join(d1, d0);
  const Wide q = static_cast<Wide>(v) * u2 + join(u2, u1);
  uint64_t q1 = high_of(q);
  Wide r = join(u1 - q1 * d1, u0) - static_cast<Wide>(d0) * q1 - d;
  ++q1;
  if (high_of(r) >= static_cast<uint64_t>(q)) {
    --q1;
    r += d;
  }
  if (r >= d) [[unlikely]] {
    ++q1;
    r -= d;
  }
  u2 = high_of(r);
  u1 = static_cast<uint64_t>(r);
  return q1;
}

// u[0, n) -= q d[0, n); returns what is left to take from the word above.
inline uint64_t subtract_multiple(uint64_t* u, const uint64_t* d, size_t n, uint64_t q) {
  uint64_t carry = 0;
  for (size_t i = 0; i < n; ++i) {
    const Wide p = static_cast<Wide>(q) * d[i] + carry;
    const uint64_t low = static_cast<uint64_t>(p), before = u[i];
    u[i] = before - low;
    carry = high_of(p) + (before < low ? 1 : 0);
  }
  return carry;
}

// u[0, n) += d[0, n); returns the carry.
inline uint64_t add_back(uint64_t* u, const uint64_t* d, size_t n) {
  uint64_t carry = 0;
  for (size_t i = 0; i < n; ++i) {
    const Wide sum = static_cast<Wide>(u[i]) + d[i] + carry;
    u[i] = static_cast<uint64_t>(sum);
    carry = high_of(sum);
  }
  return carry;
}

// One digit: u[0, n] holds (remainder so far : next word), smaller than d 2^64; u[0, n) becomes the remainder, u[n] is spent.
// n >= 2. Returns the digit.
inline uint64_t next_digit(uint64_t* u, const uint64_t* d, size_t n, uint64_t v) {
  const uint64_t d1 = d[n - 1], d0 = d[n - 2];
  uint64_t q;
  if (u[n] == d1 && u[n - 1] == d0) [[unlikely]] {
    q = UINT64_MAX;
    u[n] -= subtract_multiple(u, d, n, q);  // the digit is never too large here
    return q;
  }
  uint64_t u2 = u[n], u1 = u[n - 1];
  q = quotient_3by2(u2, u1, u[n - 2], d1, d0, v);
  if (n == 2) {
    u[1] = u2;
    u[0] = u1;
    return q;
  }
  // (u2 : u1) stands above the n - 2 words that are still untouched.
  const uint64_t carry = subtract_multiple(u, d, n - 2, q);
  const Wide top = join(u2, u1);
  const Wide rest = top - carry;
  u[n - 1] = high_of(rest);
  u[n - 2] = static_cast<uint64_t>(rest);
  if (top < carry) [[unlikely]] {
    --q;
    add_back(u, d, n);
  }
  return q;
}

}  // namespace zg::divide_words
