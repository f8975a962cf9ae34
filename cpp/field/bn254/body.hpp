// Device bodies of the fields of BN254: products in words of 32 bits, which is what a GPU multiplies, and batches over them.
#pragma once

#include "field/bn254_constants.hpp"
#include "grid/body.hpp"

// Host compilers have another spelling, and unroll by themselves.
#if defined(__CUDACC__) || defined(__CUDACC_RTC__)
#define ZG_UNROLL _Pragma("unroll")
#else
#define ZG_UNROLL
#endif

namespace zg::bn254::device {

// An element below the prime, least significant word first; Montgomery base 2^256, so the same bytes as field::Element.
struct Number {
  uint32_t l[8];
};

template <class P>
ZG_HD constexpr uint32_t modulus_word(int i) {
  return static_cast<uint32_t>(P::kModulus[i / 2] >> (32 * (i % 2)));
}

ZG_HD Number load(const grid::View<const uint64_t>& from, size_t word) {
  Number r;
ZG_UNROLL
  for (int i = 0; i < 4; ++i) {
    const uint64_t w = from[word + static_cast<size_t>(i)];
    r.l[2 * i] = static_cast<uint32_t>(w);
    r.l[2 * i + 1] = static_cast<uint32_t>(w >> 32);
  }
  return r;
}
ZG_HD Number load(const grid::View<uint64_t>& from, size_t word) { return load(grid::View<const uint64_t>{from.data, from.size}, word); }

ZG_HD void store(const grid::View<uint64_t>& to, size_t word, const Number& a) {
ZG_UNROLL
  for (int i = 0; i < 4; ++i) to[word + static_cast<size_t>(i)] = a.l[2 * i] | static_cast<uint64_t>(a.l[2 * i + 1]) << 32;
}

template <class P>
ZG_HD Number one() {
  Number r;
ZG_UNROLL
  for (int i = 0; i < 8; ++i) r.l[i] = static_cast<uint32_t>(P::kOne[i / 2] >> (32 * (i % 2)));
  return r;
}

ZG_HD bool is_zero(const Number& a) {
  uint32_t any = 0;
ZG_UNROLL
  for (int i = 0; i < 8; ++i) any |= a.l[i];
  return any == 0;
}

// a - p where a >= p, else a; a below 2 p.
template <class P>
ZG_HD Number reduced(const Number& a) {
  Number less;
  uint64_t borrow = 0;
ZG_UNROLL
  for (int i = 0; i < 8; ++i) {
    const uint64_t difference = static_cast<uint64_t>(a.l[i]) - modulus_word<P>(i) - borrow;
    less.l[i] = static_cast<uint32_t>(difference);
    borrow = difference >> 63;
  }
  Number r;
ZG_UNROLL
  for (int i = 0; i < 8; ++i) r.l[i] = borrow != 0 ? a.l[i] : less.l[i];
  return r;
}

template <class P>
ZG_HD Number add(const Number& a, const Number& b) {
  Number sum;
  uint64_t carry = 0;
ZG_UNROLL
  for (int i = 0; i < 8; ++i) {
    carry += static_cast<uint64_t>(a.l[i]) + b.l[i];
    sum.l[i] = static_cast<uint32_t>(carry);
    carry >>= 32;
  }
  return reduced<P>(sum);
}

template <class P>
ZG_HD Number sub(const Number& a, const Number& b) {
  Number r;
  uint64_t borrow = 0;
ZG_UNROLL
  for (int i = 0; i < 8; ++i) {
    const uint64_t difference = static_cast<uint64_t>(a.l[i]) - b.l[i] - borrow;
    r.l[i] = static_cast<uint32_t>(difference);
    borrow = difference >> 63;
  }
  const uint32_t mask = 0u - static_cast<uint32_t>(borrow);
  uint64_t carry = 0;
ZG_UNROLL
  for (int i = 0; i < 8; ++i) {
    carry += static_cast<uint64_t>(r.l[i]) + (modulus_word<P>(i) & mask);
    r.l[i] = static_cast<uint32_t>(carry);
    carry >>= 32;
  }
  return r;
}

// a b / 2^256, word by word [Koc, Acar, Kaliski 1996].
template <class P>
ZG_HD Number mul(const Number& a, const Number& b) {
  constexpr uint32_t kNegInverse = static_cast<uint32_t>(P::kNegInverse);
  uint32_t t[9];
ZG_UNROLL
  for (int i = 0; i < 9; ++i) t[i] = 0;
ZG_UNROLL
  for (int i = 0; i < 8; ++i) {
    uint64_t carry = 0;
ZG_UNROLL
    for (int j = 0; j < 8; ++j) {
      carry += static_cast<uint64_t>(a.l[j]) * b.l[i] + t[j];
      t[j] = static_cast<uint32_t>(carry);
      carry >>= 32;
    }
    const uint64_t top = carry + t[8];
    const uint32_t m = t[0] * kNegInverse;
    carry = (static_cast<uint64_t>(m) * modulus_word<P>(0) + t[0]) >> 32;
ZG_UNROLL
    for (int j = 1; j < 8; ++j) {
      carry += static_cast<uint64_t>(m) * modulus_word<P>(j) + t[j];
      t[j - 1] = static_cast<uint32_t>(carry);
      carry >>= 32;
    }
    carry += top;
    t[7] = static_cast<uint32_t>(carry);
    t[8] = static_cast<uint32_t>(carry >> 32);
  }
  Number r;
ZG_UNROLL
  for (int i = 0; i < 8; ++i) r.l[i] = t[i];
  return reduced<P>(r);
}

// a^(p - 2): the inverse of a Montgomery form.
template <class P>
ZG_HD Number inverse(const Number& a) {
  Number r = a;
  for (int bit = 252; bit >= 0; --bit) {
    // p is odd: p - 2 differs from p in the lowest word alone, unless that is 1 (never here: both primes end beyond 2).
    const uint64_t word = P::kModulus[bit / 64] - (bit < 64 ? 2 : 0);
    r = mul<P>(r, r);
    if ((word >> (bit % 64)) & 1) r = mul<P>(r, a);
  }
  return r;
}

enum class Operation : unsigned { add, sub, mul, scale };

// out[i] = a[i] op b[i]; `scale`: by b[0]. Any width, any number of blocks.
template <class P>
struct ElementwiseBody {
  template <class Grid>
  ZG_HD void operator()(Grid& grid, Operation operation, uint64_t count, grid::View<const uint64_t> a, grid::View<const uint64_t> b,
                        grid::View<uint64_t> out) const {
    const uint64_t step = uint64_t{grid.width()} * grid.blocks();
    for (uint64_t i = uint64_t{grid.width()} * grid.block() + grid.thread(); i < count; i += step) {
      const Number x = load(a, 4 * i), y = load(b, operation == Operation::scale ? 0 : 4 * i);
      Number r;
      if (operation == Operation::add) {
        r = add<P>(x, y);
      } else if (operation == Operation::sub) {
        r = sub<P>(x, y);
      } else {
        r = mul<P>(x, y);
      }
      store(out, 4 * i, r);
    }
  }
};

// out[i] = 1 / a[i] of Montgomery forms, zero for zero. Each lane shares one inversion among its elements; `out` holds the
// products so far meanwhile and is not `a`.
template <class P>
struct InverseBody {
  template <class Grid>
  ZG_HD void operator()(Grid& grid, uint64_t count, grid::View<const uint64_t> a, grid::View<uint64_t> out) const {
    const uint64_t step = uint64_t{grid.width()} * grid.blocks(), begin = uint64_t{grid.width()} * grid.block() + grid.thread();
    if (begin >= count) return;
    Number product = one<P>();
    uint64_t end = begin;
    for (; end < count; end += step) {
      store(out, 4 * end, product);
      const Number value = load(a, 4 * end);
      if (!is_zero(value)) product = mul<P>(product, value);
    }
    product = inverse<P>(product);
    for (uint64_t i = end; i != begin;) {
      i -= step;
      const Number value = load(a, 4 * i);
      if (is_zero(value)) {
        store(out, 4 * i, value);
        continue;
      }
      store(out, 4 * i, mul<P>(product, load(out, 4 * i)));
      product = mul<P>(product, value);
    }
  }
};

}  // namespace zg::bn254::device
