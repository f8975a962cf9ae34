// Modular exponentiation of numbers of any size. Source: EIP-198; costs of EIP-2565.
//
// An odd modulus works in Montgomery form; a power of two by truncated products; any other modulus 2^k q by both and the
// Chinese remainder theorem (C. K. Koc, "Montgomery reduction with even modulus", 1994). A short exponent is not worth either
// form: products are divided at once. Exponents go through a sliding window. Numbers of up to four words have unrolled
// arithmetic: with little gas a step, they are the worst case.
#include <algorithm>
#include <bit>

#include "common/divide.hpp"
#include "common/endian.hpp"
#include "common/u256.hpp"
#include "evm/precompiles/contracts.hpp"

namespace zg::evm::precompiles {

namespace {

using Limbs = std::vector<uint64_t>;  // least significant first; sizes as each function says
using Wide = unsigned __int128;

struct Lengths {
  U256 base, exponent, modulus;
};
Lengths read_lengths(Bytes input) {
  uint8_t bytes[96];
  read_padded(input, 0, sizeof bytes, bytes);
  return {U256::from_be(bytes), U256::from_be(bytes + 32), U256::from_be(bytes + 64)};
}

// Longer operands than this cost more than 2^46 gas, longer exponents more than 2^57; they are called unaffordable so that no
// size ever overflows.
constexpr uint64_t kLengthMax = uint64_t{1} << 27, kExponentMax = uint64_t{1} << 56;

uint64_t cost(Bytes input) {
  const Lengths n = read_lengths(input);
  const U256& longest = n.base > n.modulus ? n.base : n.modulus;
  if (longest.is_zero()) return 200;  // no words, no work, whatever the exponent claims to be
  if (longest > U256(kLengthMax) || n.exponent > U256(kExponentMax)) return UINT64_MAX;
  const uint64_t word_count = (longest.w[0] + 7) / 8;
  // The bits below the leading one of the exponent's first 32 bytes, plus eight for each further byte.
  const size_t head_size = static_cast<size_t>(std::min<uint64_t>(n.exponent.w[0], 32));
  uint8_t head[32];
  read_padded(input, static_cast<size_t>(96 + n.base.w[0]), head_size, head);
  const unsigned head_bits = U256::from_be_short(head, head_size).bit_count();
  uint64_t steps = head_bits == 0 ? 0 : head_bits - 1;
  if (n.exponent.w[0] > 32) steps += 8 * (n.exponent.w[0] - 32);
  const U256 price = U256(std::max<uint64_t>(steps, 1)) * U256(word_count * word_count) / U256(3);
  return std::max<uint64_t>(200, price.saturated_u64());
}

// `size` big-endian bytes at `from`, zeros beyond the input's end, as limbs without leading zeros (zero: no limbs).
Limbs read_number(Bytes input, uint64_t from, uint64_t size) {
  while (size > 0 && from < input.size && input.data[from] == 0) ++from, --size;
  if (from >= input.size) return {};
  Limbs limbs((size + 7) / 8, 0);
  const uint64_t have = std::min<uint64_t>(size, input.size - from);
  for (uint64_t i = 0; i < have; ++i) {
    const uint64_t place = size - 1 - i;
    limbs[place / 8] |= static_cast<uint64_t>(input.data[from + i]) << (8 * (place % 8));
  }
  return limbs;
}

// The exponent as the bytes that are there, leading zeros skipped, and the zero bytes that follow them.
struct Exponent {
  const uint8_t* bytes;
  uint64_t present, size;

  uint64_t bit_count() const { return size == 0 ? 0 : 8 * size - static_cast<uint64_t>(std::countl_zero(bytes[0])); }
  bool bit(uint64_t i) const {
    const uint64_t place = size - 1 - i / 8;
    return place < present && (bytes[place] >> (i % 8) & 1) != 0;
  }
};
Exponent read_exponent(Bytes input, uint64_t from, uint64_t size) {
  while (size > 0 && from < input.size && input.data[from] == 0) ++from, --size;
  if (from >= input.size) return {nullptr, 0, 0};
  return {input.data + from, std::min<uint64_t>(size, input.size - from), size};
}

void trim(Limbs& a) {
  while (!a.empty() && a.back() == 0) a.pop_back();
}

// A modulus shifted up until its highest bit is set, and the reciprocal of its top.
struct Divisor {
  unsigned shift;
  Limbs d;
  uint64_t reciprocal;

  explicit Divisor(const Limbs& m) : shift(static_cast<unsigned>(std::countl_zero(m.back()))), d(m) {
    for (size_t i = d.size(); i-- > 0;) d[i] = m[i] << shift | (i > 0 ? m[i - 1] >> 1 >> (63 - shift) : 0);
    reciprocal = d.size() == 1 ? divide_words::reciprocal_2by1(d[0]) : divide_words::reciprocal_3by2(d[d.size() - 1], d[d.size() - 2]);
  }

  // u[0, size) mod d, left in the lowest words; the top words are less than d.
  void reduce(uint64_t* u, size_t size) const {
    const size_t n = d.size();
    if (n == 1) {
      uint64_t rest = u[size - 1];
      for (size_t j = size - 1; j-- > 0;) divide_words::quotient_2by1(rest, u[j], d[0], reciprocal);
      u[0] = rest;
      return;
    }
    for (size_t j = size - n; j-- > 0;) divide_words::next_digit(u + j, d.data(), n, reciprocal);
  }
};

// a mod m in place; m has no leading zero limb and at least one limb. The result has m's size.
void reduce(Limbs& a, const Limbs& m) {
  const size_t n = m.size();
  if (a.size() < n) {
    a.resize(n, 0);
    return;
  }
  const Divisor divisor(m);
  const unsigned shift = divisor.shift;
  a.push_back(0);
  for (size_t i = a.size(); i-- > 0;) a[i] = a[i] << shift | (i > 0 ? a[i - 1] >> 1 >> (63 - shift) : 0);
  // The word on top is what the shift pushed out: less than the divisor's.
  divisor.reduce(a.data(), a.size());
  a.resize(n);
  for (size_t i = 0; i < n; ++i) a[i] = a[i] >> shift | (i + 1 < n ? a[i + 1] << 1 << (63 - shift) : 0);
}

// 1 / a mod 2^64 for odd a: Newton from five right bits.
uint64_t inverse_limb(uint64_t a) {
  uint64_t x = (3 * a) ^ 2;
  for (int i = 0; i < 4; ++i) x *= 2 - a * x;
  return x;
}

// Products modulo an odd number in Montgomery form. N > 0 fixes the size; N = 0 takes it from the modulus.
template <size_t N>
class OddRing {
 public:
  explicit OddRing(const Limbs& modulus)
      : m_(modulus), n_(N > 0 ? N : modulus.size()), negative_inverse_(0 - inverse_limb(modulus[0])), t_(n_ + 2) {}

  size_t size() const { return n_; }

  // r = a b / 2^(64 n) mod m, fully reduced; r may be a or b.
  void multiply(uint64_t* r, const uint64_t* a, const uint64_t* b) {
    const size_t n = N > 0 ? N : n_;
    const uint64_t* m = m_.data();
    uint64_t fixed[N > 0 ? N + 2 : 1];
    uint64_t* t = N > 0 ? fixed : t_.data();
    std::memset(t, 0, (n + 2) * 8);
    for (size_t i = 0; i < n; ++i) {
      // t += a b[i], then t += m k with k chosen to clear the lowest limb, and a shift by one limb: in one pass.
      const uint64_t bi = b[i];
      Wide p = static_cast<Wide>(a[0]) * bi + t[0];
      const uint64_t k = static_cast<uint64_t>(p) * negative_inverse_;
      Wide q = static_cast<Wide>(k) * m[0] + static_cast<uint64_t>(p);
      uint64_t p_carry = static_cast<uint64_t>(p >> 64), q_carry = static_cast<uint64_t>(q >> 64);
      for (size_t j = 1; j < n; ++j) {
        p = static_cast<Wide>(a[j]) * bi + t[j] + p_carry;
        p_carry = static_cast<uint64_t>(p >> 64);
        q = static_cast<Wide>(k) * m[j] + static_cast<uint64_t>(p) + q_carry;
        q_carry = static_cast<uint64_t>(q >> 64);
        t[j - 1] = static_cast<uint64_t>(q);
      }
      const Wide last = static_cast<Wide>(t[n]) + p_carry + q_carry;
      t[n - 1] = static_cast<uint64_t>(last);
      t[n] = static_cast<uint64_t>(last >> 64);
    }
    uint64_t borrow = 0;
    for (size_t i = 0; i < n; ++i) {
      const Wide d = static_cast<Wide>(t[i]) - m[i] - borrow;
      r[i] = static_cast<uint64_t>(d);
      borrow = static_cast<uint64_t>(d >> 64) & 1;
    }
    if (borrow > t[n]) std::memcpy(r, t, n * 8);
  }

  // base 2^(64 n) mod m, for a base of any size.
  Limbs enter(const Limbs& base) const {
    Limbs a(n_, 0);
    a.insert(a.end(), base.begin(), base.end());
    reduce(a, m_);
    return a;
  }
  Limbs leave(const Limbs& a) {
    Limbs one(n_, 0), r(n_);
    one[0] = 1;
    multiply(r.data(), a.data(), one.data());
    return r;
  }

 private:
  const Limbs& m_;
  size_t n_;
  uint64_t negative_inverse_;
  Limbs t_;
};

// r = a b mod 2^(64 n); r must not overlap.
void multiply_low(uint64_t* r, const uint64_t* a, const uint64_t* b, size_t n) {
  std::memset(r, 0, n * 8);
  for (size_t i = 0; i < n; ++i) {
    uint64_t carry = 0;
    for (size_t j = 0; i + j < n; ++j) {
      const Wide p = static_cast<Wide>(a[j]) * b[i] + r[i + j] + carry;
      r[i + j] = static_cast<uint64_t>(p);
      carry = static_cast<uint64_t>(p >> 64);
    }
  }
}

// Products modulo 2^(64 n); bits above the real power of two are cut off by the caller at the end.
template <size_t N>
class BinaryRing {
 public:
  explicit BinaryRing(size_t n) : n_(N > 0 ? N : n), t_(n_) {}
  size_t size() const { return n_; }
  void multiply(uint64_t* r, const uint64_t* a, const uint64_t* b) {
    const size_t n = N > 0 ? N : n_;
    uint64_t fixed[N > 0 ? N : 1];
    uint64_t* t = N > 0 ? fixed : t_.data();
    multiply_low(t, a, b, n);
    std::memcpy(r, t, n * 8);
  }
  Limbs enter(const Limbs& base) const {
    Limbs a = base;
    a.resize(n_, 0);
    return a;
  }
  Limbs leave(const Limbs& a) { return a; }

 private:
  size_t n_;
  Limbs t_;
};

// Products modulo any number, divided at once: nothing to enter or leave, so short exponents are cheapest here. Values are modulo
// the shifted modulus, a multiple of the real one; the caller reduces at the end.
class PlainRing {
 public:
  explicit PlainRing(const Limbs& modulus) : divisor_(modulus), t_(2 * modulus.size() + 1) {}
  size_t size() const { return divisor_.d.size(); }

  void multiply(uint64_t* r, const uint64_t* a, const uint64_t* b) {
    const size_t n = size();
    uint64_t* const t = t_.data();
    if (a == b) square(a);
    else product(a, b);
    t[2 * n] = 0;
    divisor_.reduce(t, 2 * n + 1);
    std::memcpy(r, t, n * 8);
  }
  Limbs enter(const Limbs& base) const {
    Limbs a = base;
    reduce(a, divisor_.d);
    return a;
  }
  Limbs leave(const Limbs& a) { return a; }

 private:
  void product(const uint64_t* a, const uint64_t* b) {
    const size_t n = size();
    uint64_t* const t = t_.data();
    std::memset(t, 0, n * 8);
    for (size_t i = 0; i < n; ++i) t[i + n] = add_multiple(t + i, a, n, b[i]);
  }
  void square(const uint64_t* a) {
    const size_t n = size();
    uint64_t* const t = t_.data();
    std::memset(t, 0, 2 * n * 8);
    for (size_t i = 0; i + 1 < n; ++i) t[i + n] = add_multiple(t + 2 * i + 1, a + i + 1, n - i - 1, a[i]);
    uint64_t carry = 0, top = 0;
    for (size_t i = 0; i < n; ++i) {
      // twice the products of different limbs, and the square of one
      const Wide p = static_cast<Wide>(a[i]) * a[i];
      const uint64_t low = t[2 * i] << 1 | top, high = t[2 * i + 1] << 1 | t[2 * i] >> 63;
      top = t[2 * i + 1] >> 63;
      const Wide x = static_cast<Wide>(low) + static_cast<uint64_t>(p) + carry;
      const Wide y = static_cast<Wide>(high) + static_cast<uint64_t>(p >> 64) + static_cast<uint64_t>(x >> 64);
      t[2 * i] = static_cast<uint64_t>(x);
      t[2 * i + 1] = static_cast<uint64_t>(y);
      carry = static_cast<uint64_t>(y >> 64);
    }
  }
  // t[0, n) += a[0, n) b; returns the carry.
  static uint64_t add_multiple(uint64_t* t, const uint64_t* a, size_t n, uint64_t b) {
    uint64_t carry = 0;
    for (size_t j = 0; j < n; ++j) {
      const Wide p = static_cast<Wide>(a[j]) * b + t[j] + carry;
      t[j] = static_cast<uint64_t>(p);
      carry = static_cast<uint64_t>(p >> 64);
    }
    return carry;
  }

  Divisor divisor_;
  Limbs t_;
};

// base^exponent in the ring, plain limbs. The exponent is not zero.
template <class Ring>
Limbs power(Ring& ring, const Limbs& base, const Exponent& exponent) {
  const size_t n = ring.size();
  const uint64_t bits = exponent.bit_count();
  const unsigned window = bits <= 8 ? 1 : bits <= 64 ? 3 : bits <= 512 ? 4 : 5;
  // Odd powers base, base^3, ….
  const Limbs first = ring.enter(base);
  Limbs table(n << (window - 1)), r(n);
  std::copy(first.begin(), first.end(), table.begin());
  if (window > 1) {
    Limbs squared(n);
    ring.multiply(squared.data(), first.data(), first.data());
    for (size_t i = 1; i < size_t{1} << (window - 1); ++i) ring.multiply(&table[i * n], &table[(i - 1) * n], squared.data());
  }
  bool started = false;
  for (uint64_t i = bits; i > 0;) {
    if (!exponent.bit(i - 1)) {
      ring.multiply(r.data(), r.data(), r.data());
      --i;
      continue;
    }
    // The longest window from here that ends in a one.
    uint64_t size = std::min<uint64_t>(window, i);
    while (!exponent.bit(i - size)) --size;
    size_t value = 0;
    for (uint64_t j = 1; j <= size; ++j) value = value << 1 | (exponent.bit(i - j) ? 1 : 0);
    const uint64_t* entry = &table[(value >> 1) * n];
    if (started) {
      for (uint64_t j = 0; j < size; ++j) ring.multiply(r.data(), r.data(), r.data());
      ring.multiply(r.data(), r.data(), entry);
    } else {
      std::memcpy(r.data(), entry, n * 8);
      started = true;
    }
    i -= size;
  }
  return ring.leave(r);
}

Limbs power_odd(const Limbs& base, const Exponent& exponent, const Limbs& modulus) {
  auto with = [&](auto ring) { return power(ring, base, exponent); };
  switch (modulus.size()) {
    case 1: return with(OddRing<1>(modulus));
    case 2: return with(OddRing<2>(modulus));
    case 3: return with(OddRing<3>(modulus));
    case 4: return with(OddRing<4>(modulus));
    default: return with(OddRing<0>(modulus));
  }
}

// base^exponent mod 2^k.
Limbs power_binary(const Limbs& base, const Exponent& exponent, uint64_t k) {
  const size_t n = static_cast<size_t>((k + 63) / 64);
  auto with = [&](auto ring) { return power(ring, base, exponent); };
  Limbs r;
  switch (n) {
    case 1: r = with(BinaryRing<1>(n)); break;
    case 2: r = with(BinaryRing<2>(n)); break;
    case 3: r = with(BinaryRing<3>(n)); break;
    case 4: r = with(BinaryRing<4>(n)); break;
    default: r = with(BinaryRing<0>(n));
  }
  if (k % 64 != 0) r.back() &= (uint64_t{1} << (k % 64)) - 1;
  return r;
}

// 1 / q mod 2^(64 n) for odd q: Newton, doubling the right limbs.
Limbs inverse_binary(const Limbs& q, size_t n) {
  Limbs x(n, 0), t(n), u(n), d(q);
  d.resize(n, 0);
  x[0] = inverse_limb(d[0]);
  for (size_t right = 1; right < n; right *= 2) {
    const size_t m = std::min(2 * right, n);
    multiply_low(t.data(), d.data(), x.data(), m);  // t = 2 - d x
    uint64_t carry = 1;
    for (size_t i = 0; i < m; ++i) {
      const Wide w = static_cast<Wide>(~t[i]) + carry + (i == 0 ? 2 : 0);
      t[i] = static_cast<uint64_t>(w);
      carry = static_cast<uint64_t>(w >> 64);
    }
    multiply_low(u.data(), x.data(), t.data(), m);
    std::copy(u.begin(), u.begin() + static_cast<ptrdiff_t>(m), x.begin());
  }
  return x;
}

// Up to so many bits of exponent entering and leaving another form costs more than it saves, unless the form is unrolled.
constexpr uint64_t kPlainBits = 16;
constexpr size_t kOddWordsUnrolled = 4;

// base^exponent mod m for m > 1 (trimmed) and a non-zero exponent.
Limbs power_mod(const Limbs& base, const Exponent& exponent, const Limbs& m) {
  size_t zero_limbs = 0;
  while (m[zero_limbs] == 0) ++zero_limbs;
  const unsigned zero_bits = static_cast<unsigned>(std::countr_zero(m[zero_limbs]));
  const uint64_t k = 64 * zero_limbs + zero_bits;
  if (exponent.bit_count() <= kPlainBits && (k != 0 || m.size() > kOddWordsUnrolled)) {
    PlainRing ring(m);
    Limbs r = power(ring, base, exponent);
    reduce(r, m);
    return r;
  }
  if (k == 0) return power_odd(base, exponent, m);

  Limbs q(m.begin() + static_cast<ptrdiff_t>(zero_limbs), m.end());  // m = 2^k q
  if (zero_bits > 0)
    for (size_t i = 0; i < q.size(); ++i) q[i] = q[i] >> zero_bits | (i + 1 < q.size() ? q[i + 1] << (64 - zero_bits) : 0);
  trim(q);
  Limbs low = power_binary(base, exponent, k);
  if (q.size() == 1 && q[0] == 1) return low;
  const Limbs high = power_odd(base, exponent, q);
  // high + q ((low - high) / q mod 2^k).
  const size_t n = low.size();
  uint64_t borrow = 0;
  for (size_t i = 0; i < n; ++i) {
    const Wide d = static_cast<Wide>(low[i]) - (i < high.size() ? high[i] : 0) - borrow;
    low[i] = static_cast<uint64_t>(d);
    borrow = static_cast<uint64_t>(d >> 64) & 1;
  }
  Limbs factor(n);
  multiply_low(factor.data(), low.data(), inverse_binary(q, n).data(), n);
  if (k % 64 != 0) factor.back() &= (uint64_t{1} << (k % 64)) - 1;
  Limbs r = high;
  r.resize(q.size() + n, 0);
  for (size_t i = 0; i < n; ++i) {
    uint64_t carry = 0;
    for (size_t j = 0; j < q.size(); ++j) {
      const Wide p = static_cast<Wide>(q[j]) * factor[i] + r[i + j] + carry;
      r[i + j] = static_cast<uint64_t>(p);
      carry = static_cast<uint64_t>(p >> 64);
    }
    for (size_t j = i + q.size(); carry != 0; ++j) {
      r[j] += carry;
      carry = r[j] < carry ? 1 : 0;
    }
  }
  return r;
}

bool run(Bytes input, Output& out) {
  const Lengths n = read_lengths(input);
  if (n.base.is_zero() && n.modulus.is_zero()) return true;
  // The cost has bounded the three; places beyond the input read as zero.
  const uint64_t base_size = n.base.w[0], modulus_size = n.modulus.w[0], exponent_size = n.exponent.w[0];
  out.assign(static_cast<size_t>(modulus_size), 0);
  const uint64_t exponent_at = 96 + base_size, modulus_at = exponent_at + exponent_size;
  Limbs modulus = read_number(input, modulus_at, modulus_size);
  trim(modulus);
  if (modulus.empty() || (modulus.size() == 1 && modulus[0] == 1)) return true;
  Limbs base = read_number(input, 96, base_size);
  trim(base);
  const Exponent exponent = read_exponent(input, exponent_at, exponent_size);
  Limbs result;
  if (exponent.size == 0)
    result = {1};
  else if (!base.empty())
    result = power_mod(base, exponent, modulus);
  for (size_t i = 0; i < result.size(); ++i)
    for (size_t j = 0; j < 8; ++j)
      if (const size_t place = 8 * i + j; place < out.size()) out[out.size() - 1 - place] = static_cast<uint8_t>(result[i] >> (8 * j));
  return true;
}

}  // namespace

const Contract kModexp{cost, run};

}  // namespace zg::evm::precompiles
