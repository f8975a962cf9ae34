#include "common/backend.hpp"
#include "sig/bls_bn254/api.hpp"

namespace zg::bls_bn254 {

namespace {

using namespace zg::bn254;

// Sums of multiples of the generators that are known: a repetition, a cancellation, infinity; and two weighted sums, one empty.
template <class Affine, class MultiplyVar>
bool sums_hold(Affine (*sum)(const std::vector<Affine>&),
               std::vector<Affine> (*weigh)(const std::vector<Affine>&, const std::vector<uint64_t>&, const std::vector<uint32_t>&), const MultiplyVar& multiple) {
  const Affine seven = multiple(U256(7)), infinity = Affine::infinity();
  const std::vector<Affine> points{seven, seven, infinity, -seven, multiple(U256(12))};
  if (!(sum(points) == multiple(U256(19)))) return false;
  if (!(sum({seven, -seven}) == infinity)) return false;
  const std::vector<uint64_t> weights{3, 1, UINT64_MAX, 0, 5, 5, 4, 1, 1, UINT64_MAX};
  const std::vector<Affine> found = weigh(points, weights, {0, 4, 4, 5});
  // 7 (3 + 2^64 + 2^64 - 1 - 4 - 2^64) = 7 (2^64 - 2).
  return found.size() == 3 && found[0] == multiple((U256(1) << 64) * U256(7) - U256(14)) && found[1] == infinity &&
         found[2] == multiple(((U256(UINT64_MAX) << 64) + U256(1)) * U256(12));
}

bool self_test(const void* opaque) {
  const Table& table = *static_cast<const Table*>(opaque);
  return sums_hold(table.sum_g1, table.weigh_g1, [](const U256& k) { return to_affine_var(multiply_var(G1Affine::generator(), k)); }) &&
         sums_hold(table.sum_g2, table.weigh_g2, [](const U256& k) { return to_affine_var(multiply_var(G2Affine::generator(), k)); });
}

KernelBackends& kernel() {
  static KernelBackends backends("bls_bn254",
                                 {
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

Outcome<const Table*> backend(std::string_view name) {
  auto found = kernel().named(name);
  if (!found.ok()) return found.failure();
  return static_cast<const Table*>(*found);
}

}  // namespace zg::bls_bn254
