#include "common/u256.hpp"

#include "common/divide.hpp"

namespace zg {

namespace {

// Algorithm D with the divisor's reciprocal: M words by N words, all loops unrolled. quotient[0, M] is written, remainder[0, N) too.
template <int N, int M>
inline void divide_words_of(const uint64_t* numerator, const uint64_t* divisor, uint64_t* quotient, uint64_t* remainder) {
  using namespace divide_words;
  uint64_t u[M + 1], d[N];
  const int shift = std::countl_zero(divisor[N - 1]);
  // high << shift with the bits of the word below; twice so that no shift is by 64.
  const auto joined = [shift](uint64_t high, uint64_t low) { return high << shift | low >> 1 >> (63 - shift); };
#pragma GCC unroll 8
  for (int i = N - 1; i > 0; --i) d[i] = joined(divisor[i], divisor[i - 1]);
  d[0] = divisor[0] << shift;
  u[M] = numerator[M - 1] >> 1 >> (63 - shift);
#pragma GCC unroll 8
  for (int i = M - 1; i > 0; --i) u[i] = joined(numerator[i], numerator[i - 1]);
  u[0] = numerator[0] << shift;
  if constexpr (N == 1) {
    const uint64_t v = reciprocal_2by1(d[0]);
    uint64_t rest = u[M];
#pragma GCC unroll 8
    for (int j = M - 1; j >= 0; --j) quotient[j] = quotient_2by1(rest, u[j], d[0], v);
    remainder[0] = rest >> shift;
  } else {
    const uint64_t v = reciprocal_3by2(d[N - 1], d[N - 2]);
#pragma GCC unroll 8
    for (int j = M - N; j >= 0; --j)
      quotient[j] = u[j + N] == 0 && u[j + N - 1] < d[N - 1] ? 0 : next_digit(u + j, d, N, v);
#pragma GCC unroll 8
    for (int i = 0; i < N; ++i) remainder[i] = u[i] >> shift | (i + 1 < N ? u[i + 1] << 1 << (63 - shift) : 0);
  }
}

template <int M>
void divide_by_any(const uint64_t* numerator, const U256& divisor, uint64_t* quotient, U256& remainder) {
  remainder = U256();
  if (divisor.w[3] != 0) divide_words_of<4, M>(numerator, divisor.w, quotient, remainder.w);
  else if (divisor.w[2] != 0) divide_words_of<3, M>(numerator, divisor.w, quotient, remainder.w);
  else if (divisor.w[1] != 0) divide_words_of<2, M>(numerator, divisor.w, quotient, remainder.w);
  else if (divisor.w[0] != 0) divide_words_of<1, M>(numerator, divisor.w, quotient, remainder.w);
}

}  // namespace

void divide_wide(const uint64_t numerator[8], const U256& divisor, uint64_t quotient[8], U256& remainder) {
  uint64_t scratch[8];
  if (quotient == nullptr) quotient = scratch;
  else std::memset(quotient, 0, 64);
  if ((numerator[5] | numerator[6] | numerator[7]) == 0) divide_by_any<5>(numerator, divisor, quotient, remainder);
  else divide_by_any<8>(numerator, divisor, quotient, remainder);
}

void divide(const U256& a, const U256& b, U256& quotient, U256& remainder) {
  if (a < b) {
    const U256 rest = a;
    quotient = U256();
    remainder = rest;
    return;
  }
  if (a.fits_u64()) {
    const uint64_t x = a.w[0], y = b.w[0];
    quotient = y != 0 ? U256(x / y) : U256();
    remainder = y != 0 ? U256(x % y) : U256();
    return;
  }
  U256 q, r;
  divide_by_any<4>(a.w, b, q.w, r);
  quotient = q;
  remainder = r;
}

U256 add_mod(const U256& a, const U256& b, const U256& modulus) {
  U256 sum;
  if (a < modulus && b < modulus) {
    U256 less;
    const bool carry = add_carry(a, b, sum);
    const bool borrow = sub_borrow(sum, modulus, less);
    return carry || !borrow ? less : sum;
  }
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
