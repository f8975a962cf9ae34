#include "common/backend.hpp"
#include "common/cpu.hpp"
#include "commit/amt/api.hpp"

namespace zg::amt {

namespace {

// Two levels with known multiples of the generator, a doubling and a cancellation among them: trees and quotients as their
// definitions have them.
bool self_test(const void* opaque) {
  const Table& table = *static_cast<const Table*>(opaque);
  const Geometry shape{2, 1};
  constexpr unsigned kDepth = 2;
  const auto point = [](const Fr& k) {
    uint64_t words[4];
    field::from_mont(k, words);
    return to_affine_var(multiply_var(G1Affine::generator(), U256(words[0], words[1], words[2], words[3])));
  };
  const auto number = [](uint64_t k) { return field::from_u64<bn254::FrParams>(k); };
  const Fr known[6] = {number(7), number(9), number(7), number(3), -number(9), number(3)};
  std::vector<G1Affine> nodes, blocks;
  for (const Fr& k : known) nodes.push_back(point(k));
  blocks = nodes;
  table.nodes(kDepth, nodes);
  if (!(nodes[0] == point(known[2] + known[4]) && nodes[1] == point(known[3] + known[5]))) return false;
  table.blocks(kDepth, blocks);
  const Fr sums[6] = {known[0] + known[2], known[1] + known[4], known[2], known[3], known[4], known[5]};
  if (!(blocks[0] == point(sums[0]) && blocks[1] == point(sums[1]))) return false;
  const std::vector<G1Affine> found = table.quotients(shape, blocks);
  for (size_t coset = 0; coset < kCosets; ++coset) {
    for (unsigned depth = 1; depth <= kDepth; ++depth) {
      const uint64_t size = uint64_t{1} << depth, m = shape.cells() >> depth;
      const Fr k = coset == 0 ? Fr::one() : ntt::root_of_unity(3 + static_cast<unsigned>(coset));
      for (uint64_t rho = 0; rho < size; ++rho) {
        Fr sum = Fr::zero();
        for (uint64_t b = 0; b < size; ++b) {
          const uint64_t turn = rho * (b + 1), weight = m * b;
          sum = sum + field::power_var(ntt::root_of_unity(depth), &turn, 1) * field::power_var(k, &weight, 1) * sums[nodes_before(depth) + b];
        }
        if (!(found[coset * 6 + nodes_before(depth) + rho] == point(sum * inverse_var(number(size))))) return false;
      }
    }
  }
  return true;
}

KernelBackends& kernel() {
  static KernelBackends backends("amt",
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

Outcome<const Table*> backend(std::string_view name) {
  auto found = kernel().named(name);
  if (!found.ok()) return found.failure();
  return static_cast<const Table*>(*found);
}

}  // namespace zg::amt
