#include "common/u256.hpp"

namespace zg {

namespace {

// Knuth's algorithm D on 32-bit-free 64-bit limbs: n >= 2 limbs of divisor, normalised in place.
void divide_limbs(const uint64_t* numerator, int numerator_limbs, const uint64_t* divisor, int n, uint64_t* quotient, uint64_t* remainder) {
  uint64_t u[9], v[4];
  const int shift = std::countl_zero(divisor[n - 1]);
  for (int i = n - 1; i >= 0; --i) {
    v[i] = divisor[i] << shift;
    if (shift != 0 && i > 0) v[i] |= divisor[i - 1] >> (64 - shift);
  }
  u[numerator_limbs] = shift != 0 ? numerator[numerator_limbs - 1] >> (64 - shift) : 0;
  for (int i = numerator_limbs - 1; i >= 0; --i) {
    u[i] = numerator[i] << shift;
    if (shift != 0 && i > 0) u[i] |= numerator[i - 1] >> (64 - shift);
  }
  for (int j = numerator_limbs - n; j >= 0; --j) {
    const unsigned __int128 top = static_cast<unsigned __int128>(u[j + n]) << 64 | u[j + n - 1];
    unsigned __int128 digit, rest;
    if (u[j + n] >= v[n - 1]) {
      digit = UINT64_MAX;
      rest = top - digit * v[n - 1];
    } else {
      uint64_t q, r;
#if defined(__x86_64__)
      __asm__("divq %4" : "=a"(q), "=d"(r) : "0"(u[j + n - 1]), "1"(u[j + n]), "r"(v[n - 1]) : "cc");
#else
      q = static_cast<uint64_t>(top / v[n - 1]);
      r = static_cast<uint64_t>(top % v[n - 1]);
#endif
      digit = q;
      rest = r;
    }
    while ((rest >> 64) == 0 && digit * v[n - 2] > (rest << 64 | u[j + n - 2])) {
      --digit;
      rest += v[n - 1];
    }
    uint64_t borrow = 0;
    unsigned __int128 carry = 0;
    for (int i = 0; i < n; ++i) {
      carry += static_cast<unsigned __int128>(static_cast<uint64_t>(digit)) * v[i];
      const unsigned __int128 t = static_cast<unsigned __int128>(u[i + j]) - static_cast<uint64_t>(carry) - borrow;
      u[i + j] = static_cast<uint64_t>(t);
      borrow = static_cast<uint64_t>(t >> 64) & 1;
      carry >>= 64;
    }
    const unsigned __int128 t = static_cast<unsigned __int128>(u[j + n]) - static_cast<uint64_t>(carry) - borrow;
    u[j + n] = static_cast<uint64_t>(t);
    if (static_cast<uint64_t>(t >> 64) & 1) {
      --digit;
      unsigned __int128 sum = 0;
      for (int i = 0; i < n; ++i) {
        sum += static_cast<unsigned __int128>(u[i + j]) + v[i];
        u[i + j] = static_cast<uint64_t>(sum);
        sum >>= 64;
      }
      u[j + n] += static_cast<uint64_t>(sum);
    }
    if (quotient != nullptr) quotient[j] = static_cast<uint64_t>(digit);
  }
  for (int i = 0; i < n; ++i) {
    remainder[i] = u[i] >> shift;
    if (shift != 0) remainder[i] |= u[i + 1] << (64 - shift);
  }
}

}  // namespace

void divide_wide(const uint64_t numerator[8], const U256& divisor, uint64_t quotient[8], U256& remainder) {
  uint64_t scratch[8];
  if (quotient == nullptr) quotient = scratch;
  std::memset(quotient, 0, 64);
  remainder = U256();
  int n = 4;
  while (n > 0 && divisor.w[n - 1] == 0) --n;
  int m = 8;
  while (m > 0 && numerator[m - 1] == 0) --m;
  if (n == 0 || m == 0) return;
  if (m < n) {
    for (int i = 0; i < m; ++i) remainder.w[i] = numerator[i];
    return;
  }
  if (n == 1) {
    unsigned __int128 rest = 0;
    for (int i = m - 1; i >= 0; --i) {
      rest = rest << 64 | numerator[i];
      quotient[i] = static_cast<uint64_t>(rest / divisor.w[0]);
      rest %= divisor.w[0];
    }
    remainder.w[0] = static_cast<uint64_t>(rest);
    return;
  }
  divide_limbs(numerator, m, divisor.w, n, quotient, remainder.w);
}

void divide(const U256& a, const U256& b, U256& quotient, U256& remainder) {
  if (a.fits_u64() && b.fits_u64()) {
    quotient = b.w[0] != 0 ? U256(a.w[0] / b.w[0]) : U256();
    remainder = b.w[0] != 0 ? U256(a.w[0] % b.w[0]) : U256();
    return;
  }
  const uint64_t wide[8] = {a.w[0], a.w[1], a.w[2], a.w[3], 0, 0, 0, 0};
  uint64_t q[8];
  U256 r;
  divide_wide(wide, b, q, r);
  quotient = {q[0], q[1], q[2], q[3]};
  remainder = r;
}

U256 add_mod(const U256& a, const U256& b, const U256& modulus) {
  U256 sum;
  const bool carry = add_carry(a, b, sum);
  const uint64_t wide[8] = {sum.w[0], sum.w[1], sum.w[2], sum.w[3], carry, 0, 0, 0};
  U256 r;
  divide_wide(wide, modulus, nullptr, r);
  return r;
}

U256 mul_mod(const U256& a, const U256& b, const U256& modulus) {
  uint64_t wide[8];
  mul_full(a, b, wide);
  U256 r;
  divide_wide(wide, modulus, nullptr, r);
  return r;
}

U256 pow_wrapping(U256 base, U256 exponent) {
  U256 result(1);
  const unsigned bits = exponent.bit_count();
  for (unsigned i = 0; i < bits; ++i) {
    if (exponent.bit(i)) result = result * base;
    base = base * base;
  }
  return result;
}

std::string to_decimal(const U256& value) {
  if (value.is_zero()) return "0";
  std::string out;
  U256 rest = value;
  while (!rest.is_zero()) {
    U256 quotient, digits;
    divide(rest, U256(10'000'000'000'000'000'000u), quotient, digits);
    std::string part = std::to_string(digits.w[0]);
    if (!quotient.is_zero()) part.insert(0, 19 - part.size(), '0');
    out.insert(0, part);
    rest = quotient;
  }
  return out;
}

std::optional<U256> parse_u256(std::string_view text) {
  if (text.empty()) return std::nullopt;
  U256 value;
  if (text.size() > 2 && text[0] == '0' && (text[1] == 'x' || text[1] == 'X')) {
    text.remove_prefix(2);
    for (char c : text) {
      unsigned digit;
      if (c >= '0' && c <= '9') digit = static_cast<unsigned>(c - '0');
      else if (c >= 'a' && c <= 'f') digit = static_cast<unsigned>(c - 'a' + 10);
      else if (c >= 'A' && c <= 'F') digit = static_cast<unsigned>(c - 'A' + 10);
      else return std::nullopt;
      if ((value.w[3] >> 60) != 0) return std::nullopt;
      value = (value << 4) | U256(digit);
    }
    return value;
  }
  for (char c : text) {
    if (c < '0' || c > '9') return std::nullopt;
    uint64_t wide[8];
    mul_full(value, U256(10), wide);
    if (wide[4] != 0) return std::nullopt;
    const U256 times10{wide[0], wide[1], wide[2], wide[3]};
    if (add_carry(times10, U256(static_cast<uint64_t>(c - '0')), value)) return std::nullopt;
  }
  return value;
}

}  // namespace zg
