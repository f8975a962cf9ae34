// The hot arithmetic of the stack machine on U256: the same values as common/u256.hpp, with carry chains that the compiler
// does not find by itself and short cuts for small operands.
#pragma once

#include "common/u256.hpp"

namespace zg::evm::word {

#if defined(__x86_64__)
inline void add(U256& a, const U256& b) {  // a += b
  __asm__("addq %4, %0\n\tadcq %5, %1\n\tadcq %6, %2\n\tadcq %7, %3"
          : "+r"(a.w[0]), "+r"(a.w[1]), "+r"(a.w[2]), "+r"(a.w[3])
          : "rm"(b.w[0]), "rm"(b.w[1]), "rm"(b.w[2]), "rm"(b.w[3])
          : "cc");
}
inline void sub(U256& a, const U256& b) {  // a -= b
  __asm__("subq %4, %0\n\tsbbq %5, %1\n\tsbbq %6, %2\n\tsbbq %7, %3"
          : "+r"(a.w[0]), "+r"(a.w[1]), "+r"(a.w[2]), "+r"(a.w[3])
          : "rm"(b.w[0]), "rm"(b.w[1]), "rm"(b.w[2]), "rm"(b.w[3])
          : "cc");
}
inline bool less(const U256& a, const U256& b) {
  uint64_t t = a.w[0];
  bool borrow;
  __asm__("subq %2, %0\n\tmovq %3, %0\n\tsbbq %4, %0\n\tmovq %5, %0\n\tsbbq %6, %0\n\tmovq %7, %0\n\tsbbq %8, %0"
          : "+&r"(t), "=@ccc"(borrow)
          : "rm"(b.w[0]), "rm"(a.w[1]), "rm"(b.w[1]), "rm"(a.w[2]), "rm"(b.w[2]), "rm"(a.w[3]), "rm"(b.w[3])
          : "cc");
  return borrow;
}
#else
inline void add(U256& a, const U256& b) { a += b; }
inline void sub(U256& a, const U256& b) { a -= b; }
inline bool less(const U256& a, const U256& b) { return a < b; }
#endif

inline U256 mul(const U256& a, const U256& b) {
  using Wide = unsigned __int128;
  if ((a.w[1] | a.w[2] | a.w[3] | b.w[1] | b.w[2] | b.w[3]) == 0) {
    const Wide p = static_cast<Wide>(a.w[0]) * b.w[0];
    return {static_cast<uint64_t>(p), static_cast<uint64_t>(p >> 64), 0, 0};
  }
  const Wide p00 = static_cast<Wide>(a.w[0]) * b.w[0];
  const Wide p01 = static_cast<Wide>(a.w[0]) * b.w[1], p10 = static_cast<Wide>(a.w[1]) * b.w[0];
  const Wide p02 = static_cast<Wide>(a.w[0]) * b.w[2], p11 = static_cast<Wide>(a.w[1]) * b.w[1], p20 = static_cast<Wide>(a.w[2]) * b.w[0];
  Wide column1 = (p00 >> 64) + static_cast<uint64_t>(p01) + static_cast<uint64_t>(p10);
  Wide column2 = (column1 >> 64) + (p01 >> 64) + (p10 >> 64) + static_cast<uint64_t>(p02) + static_cast<uint64_t>(p11) + static_cast<uint64_t>(p20);
  const uint64_t column3 = static_cast<uint64_t>(column2 >> 64) + static_cast<uint64_t>(p02 >> 64) + static_cast<uint64_t>(p11 >> 64) +
                           static_cast<uint64_t>(p20 >> 64) + a.w[0] * b.w[3] + a.w[1] * b.w[2] + a.w[2] * b.w[1] + a.w[3] * b.w[0];
  return {static_cast<uint64_t>(p00), static_cast<uint64_t>(column1), static_cast<uint64_t>(column2), column3};
}

inline bool negative(const U256& a) { return (a.w[3] >> 63) != 0; }

inline bool signed_less(const U256& a, const U256& b) {
  if (negative(a) != negative(b)) return negative(a);
  return less(a, b);
}

inline U256 shift_left(const U256& value, const U256& by) {
  return by.fits_u64() && by.w[0] < 256 ? value << static_cast<unsigned>(by.w[0]) : U256();
}
inline U256 shift_right(const U256& value, const U256& by) {
  if (!by.fits_u64() || by.w[0] >= 256) return {};
  const unsigned n = static_cast<unsigned>(by.w[0]), bits = n % 64;
  if (n < 64) {
    if (bits == 0) return value;
    return {value.w[0] >> bits | value.w[1] << (64 - bits), value.w[1] >> bits | value.w[2] << (64 - bits),
            value.w[2] >> bits | value.w[3] << (64 - bits), value.w[3] >> bits};
  }
  return value >> n;
}
inline U256 shift_right_signed(const U256& value, const U256& by) {
  if (!negative(value)) return shift_right(value, by);
  return ~shift_right(~value, by);
}

inline U256 divide_signed(const U256& a, const U256& b) {
  const U256 q = (negative(a) ? -a : a) / (negative(b) ? -b : b);
  return negative(a) != negative(b) ? -q : q;
}
inline U256 remainder_signed(const U256& a, const U256& b) {
  const U256 r = (negative(a) ? -a : a) % (negative(b) ? -b : b);
  return negative(a) ? -r : r;
}

inline U256 sign_extend(const U256& byte_index, const U256& value) {
  if (!byte_index.fits_u64() || byte_index.w[0] >= 31) return value;
  const unsigned bits = static_cast<unsigned>(byte_index.w[0]) * 8 + 8;
  const U256 mask = (U256(1) << bits) - U256(1);
  return value.bit(bits - 1) ? value | ~mask : value & mask;
}

inline U256 byte_at(const U256& index, const U256& value) {
  if (!index.fits_u64() || index.w[0] >= 32) return {};
  const unsigned from_low = 31 - static_cast<unsigned>(index.w[0]);
  return U256(value.w[from_low / 8] >> (from_low % 8 * 8) & 0xff);
}

inline Address to_address(const U256& a) {
  Address out;
  store_be32(out.b, static_cast<uint32_t>(a.w[2]));
  store_be64(out.b + 4, a.w[1]);
  store_be64(out.b + 12, a.w[0]);
  return out;
}
inline U256 from_address(const Address& a) { return {load_be64(a.b + 12), load_be64(a.b + 4), load_be32(a.b), 0}; }

}  // namespace zg::evm::word
