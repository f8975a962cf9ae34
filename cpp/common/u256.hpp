// 256-bit unsigned integers modulo 2^256: four 64-bit limbs, least significant first.
//
// The word of the EVM, and the balance and fee type of the chain. All operations are plain inline code; division by zero
// gives zero, as the EVM wants.
#pragma once

#include <bit>
#include <cstdint>
#include <cstring>
#include <optional>
#include <string>
#include <string_view>

#include "common/bytes.hpp"
#include "common/endian.hpp"

namespace zg {

struct U256 {
  uint64_t w[4];

  constexpr U256() : w{0, 0, 0, 0} {}
  constexpr U256(uint64_t low) : w{low, 0, 0, 0} {}
  constexpr U256(uint64_t w0, uint64_t w1, uint64_t w2, uint64_t w3) : w{w0, w1, w2, w3} {}

  constexpr bool is_zero() const { return (w[0] | w[1] | w[2] | w[3]) == 0; }
  constexpr explicit operator bool() const { return !is_zero(); }
  constexpr bool fits_u64() const { return (w[1] | w[2] | w[3]) == 0; }
  // The value, or 2^64 - 1 when it does not fit.
  constexpr uint64_t saturated_u64() const { return fits_u64() ? w[0] : UINT64_MAX; }
  constexpr bool bit(unsigned i) const { return (w[i / 64] >> (i % 64)) & 1; }
  // Position of the highest set bit plus one; 0 for zero.
  constexpr unsigned bit_count() const {
    for (int i = 3; i >= 0; --i)
      if (w[i] != 0) return static_cast<unsigned>(64 * i + 64 - std::countl_zero(w[i]));
    return 0;
  }
  constexpr unsigned byte_count() const { return (bit_count() + 7) / 8; }

  static U256 max() { return {UINT64_MAX, UINT64_MAX, UINT64_MAX, UINT64_MAX}; }
  static U256 from_be(const uint8_t* p) { return {load_be64(p + 24), load_be64(p + 16), load_be64(p + 8), load_be64(p)}; }
  // Big-endian bytes of any size up to 32; the caller has checked the size.
  static U256 from_be_short(const uint8_t* p, size_t size) {
    uint8_t full[32] = {};
    std::memcpy(full + 32 - size, p, size);
    return from_be(full);
  }
  void to_be(uint8_t* p) const {
    store_be64(p, w[3]);
    store_be64(p + 8, w[2]);
    store_be64(p + 16, w[1]);
    store_be64(p + 24, w[0]);
  }
  Hash32 to_hash() const {
    Hash32 h;
    to_be(h.b);
    return h;
  }
};

constexpr bool operator==(const U256& a, const U256& b) {
  return ((a.w[0] ^ b.w[0]) | (a.w[1] ^ b.w[1]) | (a.w[2] ^ b.w[2]) | (a.w[3] ^ b.w[3])) == 0;
}
constexpr bool operator!=(const U256& a, const U256& b) { return !(a == b); }
inline bool operator<(const U256& a, const U256& b) {
  unsigned long long unused;
  unsigned borrow = 0;
  borrow = __builtin_sub_overflow(a.w[0], b.w[0], &unused);
  for (int i = 1; i < 4; ++i) {
    const unsigned __int128 t = static_cast<unsigned __int128>(a.w[i]) - b.w[i] - borrow;
    borrow = static_cast<unsigned>(t >> 64) & 1;
  }
  return borrow != 0;
}
inline bool operator>(const U256& a, const U256& b) { return b < a; }
inline bool operator<=(const U256& a, const U256& b) { return !(b < a); }
inline bool operator>=(const U256& a, const U256& b) { return !(a < b); }

// out = a + b mod 2^256; returns the carry.
inline bool add_carry(const U256& a, const U256& b, U256& out) {
  unsigned __int128 t = 0;
  for (int i = 0; i < 4; ++i) {
    t += static_cast<unsigned __int128>(a.w[i]) + b.w[i];
    out.w[i] = static_cast<uint64_t>(t);
    t >>= 64;
  }
  return t != 0;
}
// out = a - b mod 2^256; returns the borrow.
inline bool sub_borrow(const U256& a, const U256& b, U256& out) {
  uint64_t borrow = 0;
  for (int i = 0; i < 4; ++i) {
    const unsigned __int128 t = static_cast<unsigned __int128>(a.w[i]) - b.w[i] - borrow;
    out.w[i] = static_cast<uint64_t>(t);
    borrow = static_cast<uint64_t>(t >> 64) & 1;
  }
  return borrow != 0;
}
inline U256 operator+(const U256& a, const U256& b) {
  U256 out;
  add_carry(a, b, out);
  return out;
}
inline U256 operator-(const U256& a, const U256& b) {
  U256 out;
  sub_borrow(a, b, out);
  return out;
}
inline U256& operator+=(U256& a, const U256& b) { return a = a + b; }
inline U256& operator-=(U256& a, const U256& b) { return a = a - b; }
inline U256 operator~(const U256& a) { return {~a.w[0], ~a.w[1], ~a.w[2], ~a.w[3]}; }
inline U256 operator-(const U256& a) { return ~a + U256(1); }
inline U256 operator&(const U256& a, const U256& b) { return {a.w[0] & b.w[0], a.w[1] & b.w[1], a.w[2] & b.w[2], a.w[3] & b.w[3]}; }
inline U256 operator|(const U256& a, const U256& b) { return {a.w[0] | b.w[0], a.w[1] | b.w[1], a.w[2] | b.w[2], a.w[3] | b.w[3]}; }
inline U256 operator^(const U256& a, const U256& b) { return {a.w[0] ^ b.w[0], a.w[1] ^ b.w[1], a.w[2] ^ b.w[2], a.w[3] ^ b.w[3]}; }

inline U256 operator*(const U256& a, const U256& b) {
  using Wide = unsigned __int128;
  const auto wide = [](uint64_t x, uint64_t y) { return static_cast<Wide>(x) * y; };
  const auto low = [](Wide x) { return static_cast<uint64_t>(x); };
  const auto high = [](Wide x) { return static_cast<uint64_t>(x >> 64); };
  const Wide p0 = wide(a.w[0], b.w[0]);
  const Wide p1 = wide(a.w[1], b.w[0]) + high(p0);
  const Wide p2 = wide(a.w[2], b.w[0]) + high(p1);
  const uint64_t p3 = a.w[3] * b.w[0] + high(p2);
  const Wide q1 = wide(a.w[0], b.w[1]) + low(p1);
  const Wide q2 = wide(a.w[1], b.w[1]) + low(p2) + high(q1);
  const uint64_t q3 = a.w[2] * b.w[1] + p3 + high(q2);
  const Wide r2 = wide(a.w[0], b.w[2]) + low(q2);
  const uint64_t r3 = a.w[1] * b.w[2] + q3 + high(r2);
  return {low(p0), low(q1), low(r2), a.w[0] * b.w[3] + r3};
}

// Full 512-bit product, least significant limb first.
inline void mul_full(const U256& a, const U256& b, uint64_t out[8]) {
  uint64_t t[8];
#pragma GCC unroll 4
  for (int i = 0; i < 4; ++i) {
    uint64_t carry = 0;
#pragma GCC unroll 4
    for (int j = 0; j < 4; ++j) {
      const unsigned __int128 p = static_cast<unsigned __int128>(a.w[j]) * b.w[i] + (i == 0 ? 0 : t[i + j]) + carry;
      t[i + j] = static_cast<uint64_t>(p);
      carry = static_cast<uint64_t>(p >> 64);
    }
    t[i + 4] = carry;
  }
  std::memcpy(out, t, 64);
}

inline U256 operator<<(const U256& a, unsigned n) {
  if (n >= 256) return {};
  U256 r;
  const unsigned words = n / 64, bits = n % 64;
  for (unsigned i = 4; i-- > words;) {
    r.w[i] = a.w[i - words] << bits;
    if (bits != 0 && i > words) r.w[i] |= a.w[i - words - 1] >> (64 - bits);
  }
  return r;
}
inline U256 operator>>(const U256& a, unsigned n) {
  if (n >= 256) return {};
  U256 r;
  const unsigned words = n / 64, bits = n % 64;
  for (unsigned i = 0; i + words < 4; ++i) {
    r.w[i] = a.w[i + words] >> bits;
    if (bits != 0 && i + words + 1 < 4) r.w[i] |= a.w[i + words + 1] << (64 - bits);
  }
  return r;
}

// Quotient and remainder of a numerator of up to eight limbs by a 256-bit divisor (Knuth, algorithm D, with a reciprocal). A zero divisor
// gives zero for both. `quotient` has eight limbs and may be null.
void divide_wide(const uint64_t numerator[8], const U256& divisor, uint64_t quotient[8], U256& remainder);

// Quotient and remainder; zero divisor gives zero for both.
void divide(const U256& a, const U256& b, U256& quotient, U256& remainder);
inline U256 operator/(const U256& a, const U256& b) {
  U256 q, r;
  divide(a, b, q, r);
  return q;
}
inline U256 operator%(const U256& a, const U256& b) {
  U256 q, r;
  divide(a, b, q, r);
  return r;
}
U256 add_mod(const U256& a, const U256& b, const U256& modulus);
U256 mul_mod(const U256& a, const U256& b, const U256& modulus);
U256 pow_wrapping(U256 base, U256 exponent);

std::string to_decimal(const U256& value);
// Decimal digits only, or hex with 0x; nullopt when malformed or above 2^256 - 1.
std::optional<U256> parse_u256(std::string_view text);

}  // namespace zg
