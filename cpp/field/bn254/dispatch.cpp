#include <algorithm>
#include <atomic>
#include <cstring>

#include "common/backend.hpp"
#include "common/cpu.hpp"
#include "common/parallel.hpp"
#include "field/bn254/api.hpp"
#include "field/bn254_fq.hpp"
#include "field/bn254_fr.hpp"

namespace zg::bn254::batch {

namespace {

constexpr uint64_t kOneWords[kElementWords] = {1, 0, 0, 0};

template <class E>
void invert_eight(uint64_t* elements) {
  E before[8], product = E::one();
  for (size_t i = 0; i < 8; ++i) {
    before[i] = product;
    product = product * E::from_limbs(elements + kElementWords * i);
  }
  product = inverse_var(product);
  for (size_t i = 8; i-- > 0;) {
    const E value = E::from_limbs(elements + kElementWords * i), found = product * before[i];
    product = product * value;
    std::memcpy(elements + kElementWords * i, found.l, sizeof found.l);
  }
}

// Nine elements near the ends of the field through every operation, against mont.hpp.
template <class P>
bool operations_agree(const Operations& ops, InvertEight invert) {
  using E = field::Element<P>;
  constexpr size_t kCount = 9;
  uint64_t a[kElementWords * kCount], b[kElementWords * kCount], out[5][kElementWords * kCount];
  for (size_t i = 0; i < kCount; ++i) {
    const E x = i == 0 ? E::zero() : i % 2 == 0 ? -field::from_u64<P>(i) : field::from_u64<P>(i * 0x9e3779b97f4a7c15u);
    const E y = i == 1 ? E::zero() : -x * x - E::one();
    std::memcpy(a + kElementWords * i, x.l, sizeof x.l);
    std::memcpy(b + kElementWords * i, y.l, sizeof y.l);
  }
  ops.add(a, b, out[0], kCount);
  ops.sub(a, b, out[1], kCount);
  ops.mul(a, b, out[2], kCount);
  ops.inverse(a, out[3], kCount, invert);
  ops.square(a, out[4], kCount);
  for (size_t i = 0; i < kCount; ++i) {
    const E x = E::from_limbs(a + kElementWords * i), y = E::from_limbs(b + kElementWords * i);
    const E wanted[5] = {x + y, x - y, x * y, x.is_zero() ? x : field::inverse_var(x), x * x};
    for (size_t k = 0; k < 5; ++k)
      if (std::memcmp(wanted[k].l, out[k] + kElementWords * i, sizeof x.l) != 0) return false;
  }
  if (ops.unreduced(a, kCount) != kCount) return false;
  std::memcpy(a + kElementWords * 8, P::kModulus, sizeof P::kModulus);
  return ops.unreduced(a, kCount) == 8;
}

bool self_test(const void* opaque) {
  const Table& table = *static_cast<const Table*>(opaque);
  return operations_agree<FqParams>(table.fq, invert_eight<Fq>) && operations_agree<FrParams>(table.fr, invert_eight<Fr>);
}

KernelBackends& kernel() {
  static KernelBackends backends("bn254_field",
                                 {
#if defined(__x86_64__)
                                     {"avx512", kCpuAvx512 | kCpuIfma | kCpuBmi2Adx, &avx512},
#endif
                                     {"scalar", 0, &scalar},
#if defined(ZG_EMU)
                                     {"emu", 0, &emu},
#endif
                                 },
                                 self_test);
  return backends;
}

[[maybe_unused]] KernelBackends& g_registered = kernel();

// Several tens of microseconds of one core; a whole number of lanes and of blocks of one inversion.
constexpr size_t kGrain = 4096;

struct Chosen {
  const Operations& ops;
  const uint64_t* square_of_base;  // 2^512 mod p
  InvertEight invert;
};

Chosen chosen(const Table& table, Field field) {
  if (field == Field::fq) return {table.fq, FqParams::kSquare, invert_eight<Fq>};
  return {table.fr, FrParams::kSquare, invert_eight<Fr>};
}

// body(first word, count) over pieces of the batch.
template <class Body>
void for_pieces(size_t count, const Body& body) {
  parallel_for((count + kGrain - 1) / kGrain, 1, [&](size_t begin, size_t end) {
    for (size_t piece = begin; piece < end; ++piece) body(kElementWords * kGrain * piece, std::min(kGrain, count - kGrain * piece));
  });
}

}  // namespace

Outcome<const Table*> backend(std::string_view name) {
  const Outcome<const void*> found = kernel().named(name);
  if (!found.ok()) return found.failure();
  return static_cast<const Table*>(*found);
}

size_t unreduced(const Table& table, Field field, const uint64_t* a, size_t count) {
  std::atomic<size_t> first{count};
  const Operations& ops = chosen(table, field).ops;
  for_pieces(count, [&](size_t at, size_t size) {
    const size_t found = ops.unreduced(a + at, size), index = at / kElementWords + found;
    if (found == size) return;
    size_t known = first.load();
    while (index < known && !first.compare_exchange_weak(known, index)) {
    }
  });
  return first.load();
}

void add(const Table& table, Field field, const uint64_t* a, const uint64_t* b, uint64_t* out, size_t count) {
  for_pieces(count, [&](size_t at, size_t size) { chosen(table, field).ops.add(a + at, b + at, out + at, size); });
}

void sub(const Table& table, Field field, const uint64_t* a, const uint64_t* b, uint64_t* out, size_t count) {
  for_pieces(count, [&](size_t at, size_t size) { chosen(table, field).ops.sub(a + at, b + at, out + at, size); });
}

void mul_mont(const Table& table, Field field, const uint64_t* a, const uint64_t* b, uint64_t* out, size_t count) {
  for_pieces(count, [&](size_t at, size_t size) { chosen(table, field).ops.mul(a + at, b + at, out + at, size); });
}

void square_mont(const Table& table, Field field, const uint64_t* a, uint64_t* out, size_t count) {
  for_pieces(count, [&](size_t at, size_t size) { chosen(table, field).ops.square(a + at, out + at, size); });
}

void inverse_mont(const Table& table, Field field, const uint64_t* a, uint64_t* out, size_t count) {
  const Chosen with = chosen(table, field);
  for_pieces(count, [&](size_t at, size_t size) { with.ops.inverse(a + at, out + at, size, with.invert); });
}

void mul(const Table& table, Field field, const uint64_t* a, const uint64_t* b, uint64_t* out, size_t count) {
  const Chosen with = chosen(table, field);
  for_pieces(count, [&](size_t at, size_t size) {
    with.ops.mul(a + at, b + at, out + at, size);
    with.ops.scale(out + at, with.square_of_base, out + at, size);
  });
}

void square(const Table& table, Field field, const uint64_t* a, uint64_t* out, size_t count) { mul(table, field, a, a, out, count); }

void inverse(const Table& table, Field field, const uint64_t* a, uint64_t* out, size_t count) {
  const Chosen with = chosen(table, field);
  for_pieces(count, [&](size_t at, size_t size) {
    with.ops.inverse(a + at, out + at, size, with.invert);  // 2^512 / a
    with.ops.scale(out + at, kOneWords, out + at, size);
    with.ops.scale(out + at, kOneWords, out + at, size);
  });
}

void to_mont(const Table& table, Field field, const uint64_t* a, uint64_t* out, size_t count) {
  const Chosen with = chosen(table, field);
  for_pieces(count, [&](size_t at, size_t size) { with.ops.scale(a + at, with.square_of_base, out + at, size); });
}

void from_mont(const Table& table, Field field, const uint64_t* a, uint64_t* out, size_t count) {
  const Chosen with = chosen(table, field);
  for_pieces(count, [&](size_t at, size_t size) { with.ops.scale(a + at, kOneWords, out + at, size); });
}

}  // namespace zg::bn254::batch
