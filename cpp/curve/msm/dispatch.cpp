#include <cstring>

#include "common/backend.hpp"
#include "common/cpu.hpp"
#include "common/parallel.hpp"
#include "curve/msm/api.hpp"
#include "curve/msm/rounds.hpp"

namespace zg::msm {

namespace {

using bn254::Fq;
using bn254::G1;

void invert_eight(uint64_t* elements) {
  Fq before[8], product = Fq::one();
  for (size_t i = 0; i < 8; ++i) {
    before[i] = product;
    product = product * Fq::from_limbs(elements + 4 * i);
  }
  product = inverse_var(product);
  for (size_t i = 8; i-- > 0;) {
    const Fq value = Fq::from_limbs(elements + 4 * i), found = product * before[i];
    product = product * value;
    std::memcpy(elements + 4 * i, found.l, sizeof found.l);
  }
}

void add_special(const uint64_t* a_words, bool negate_a, const uint64_t* b_words, bool negate_b, uint64_t* out) {
  G1Affine a, b;
  std::memcpy(&a, a_words, sizeof a);
  std::memcpy(&b, b_words, sizeof b);
  if (negate_a) a = -a;
  if (negate_b) b = -b;
  const G1Affine sum = b.is_infinity() ? a : a.is_infinity() ? b : to_affine_var(add_var(G1::from(a), b));
  std::memcpy(out, &sum, sizeof sum);
}

// Nine sums and doublings against the Jacobian formulas, infinity, equal and opposite points among them.
bool self_test(const void* opaque) {
  const Table& table = *static_cast<const Table*>(opaque);
  constexpr uint32_t kPoints = 9;
  std::vector<G1Affine> points(kPoints, G1Affine::infinity()), found(2 * kPoints);
  for (uint32_t i = 1; i < kPoints; ++i) points[i] = to_affine_var(multiply_var(G1Affine::generator(), U256(i * 0x9e3779b97f4a7c15u)));
  uint32_t a[kPoints], b[kPoints], to[kPoints];
  for (uint32_t i = 0; i < kPoints; ++i) {
    a[i] = i;
    b[i] = i < 3 ? i : i == 3 ? 3 | kNegate : i == 4 ? 0 : (i + 1) % kPoints | (i % 2 == 0 ? kNegate : 0);
    to[i] = kPoints - 1 - i;
  }
  Rounds rounds(table);
  rounds.add({words(points), a, words(points), b, words(found), to}, kPoints);
  rounds.twice({words(points), a, nullptr, nullptr, words(found) + kPointWords * kPoints, to}, kPoints);
  for (uint32_t i = 0; i < kPoints; ++i) {
    const G1Affine right = b[i] & kNegate ? -points[b[i] & ~kNegate] : points[b[i]];
    if (!(found[to[i]] == to_affine_var(add_var(G1::from(points[i]), right)))) return false;
    if (!(found[kPoints + to[i]] == to_affine_var(double_var(G1::from(points[i]))))) return false;
  }
  if (table.sums == nullptr) return true;
  std::vector<uint64_t> scalars(4 * kPoints, 0);
  G1 sum = G1::infinity();
  for (uint32_t i = 0; i < kPoints; ++i) {
    scalars[4 * i] = i * 0x9e3779b97f4a7c15u;
    scalars[4 * i + 3] = i;
    sum = add_var(sum, multiply_var(points[i], U256(scalars[4 * i], 0, 0, i)));
  }
  std::vector<G1Affine> each = points;
  multiply_each(table, each, scalars);
  for (uint32_t i = 0; i < kPoints; ++i)
    if (!(each[i] == to_affine_var(multiply_var(points[i], U256(scalars[4 * i], 0, 0, i))))) return false;
  return msm::sums(table, {{points.data(), scalars.data(), kPoints}})[0] == to_affine_var(sum);
}

KernelBackends& kernel() {
  static KernelBackends backends("msm",
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

}  // namespace

const Callbacks kCallbacks = {invert_eight, add_special};

Outcome<const Table*> backend(std::string_view name) {
  auto found = kernel().named(name);
  if (!found.ok()) return found.failure();
  return static_cast<const Table*>(*found);
}

void add_pairs(const Table& table, const Pairs& pairs, size_t count) {
  parallel_for(count, kBatchMax, [&](size_t begin, size_t end) {
    Rounds rounds(table);
    rounds.add({pairs.left, pairs.a + begin, pairs.right, pairs.b + begin, pairs.out, pairs.to + begin}, end - begin);
  });
}

}  // namespace zg::msm
