#include "field/bn254/table.hpp"
#include "field/bn254_fq.hpp"
#include "field/bn254_fr.hpp"

namespace zg::bn254::batch {

namespace {

template <class P>
struct Scalar {
  using E = field::Element<P>;

  static E load(const uint64_t* from, size_t i) { return E::from_limbs(from + kElementWords * i); }
  static void store(uint64_t* to, size_t i, const E& a) {
    for (size_t w = 0; w < kElementWords; ++w) to[kElementWords * i + w] = a.l[w];
  }

  static void add(const uint64_t* a, const uint64_t* b, uint64_t* out, size_t count) {
    for (size_t i = 0; i < count; ++i) store(out, i, load(a, i) + load(b, i));
  }
  static void sub(const uint64_t* a, const uint64_t* b, uint64_t* out, size_t count) {
    for (size_t i = 0; i < count; ++i) store(out, i, load(a, i) - load(b, i));
  }
  static void mul(const uint64_t* a, const uint64_t* b, uint64_t* out, size_t count) {
    for (size_t i = 0; i < count; ++i) store(out, i, load(a, i) * load(b, i));
  }
  static void square_all(const uint64_t* a, uint64_t* out, size_t count) { mul(a, a, out, count); }
  static void scale(const uint64_t* a, const uint64_t* c, uint64_t* out, size_t count) {
    const E factor = load(c, 0);
    for (size_t i = 0; i < count; ++i) store(out, i, load(a, i) * factor);
  }

  // Montgomery's trick: one inversion for a block, three products an element.
  static void inverse(const uint64_t* a, uint64_t* out, size_t count, InvertEight /*invert*/) {
    constexpr size_t kBlock = 256;
    E before[kBlock];
    for (size_t at = 0; at < count; at += kBlock) {
      const size_t size = count - at < kBlock ? count - at : kBlock;
      E product = E::one();
      for (size_t i = 0; i < size; ++i) {
        before[i] = product;
        const E value = load(a, at + i);
        if (!value.is_zero()) product = product * value;
      }
      product = field::inverse_var(product);
      for (size_t i = size; i-- > 0;) {
        const E value = load(a, at + i);
        if (value.is_zero()) {
          store(out, at + i, value);
          continue;
        }
        store(out, at + i, product * before[i]);
        product = product * value;
      }
    }
  }

  static size_t unreduced(const uint64_t* a, size_t count) {
    for (size_t i = 0; i < count; ++i)
      if (!field::is_reduced<P>(a + kElementWords * i)) return i;
    return count;
  }

  static constexpr Operations operations() { return {add, sub, mul, square_all, scale, inverse, unreduced}; }
};

}  // namespace

const Table scalar = {Scalar<FqParams>::operations(), Scalar<FrParams>::operations()};

}  // namespace zg::bn254::batch
