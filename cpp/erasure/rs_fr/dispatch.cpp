#include <cstring>

#include "common/backend.hpp"
#include "common/cpu.hpp"
#include "erasure/rs_fr/api.hpp"

namespace zg::rs_fr {

namespace {

// A matrix of 4 × 2 cells, its first coset 1 … 8: f as the definition has it, at every cell; then the same from the last rows.
bool self_test(const void* opaque) {
  const Table& table = *static_cast<const Table*>(opaque);
  const Geometry shape{2, 1};
  constexpr size_t kCells = 8;
  uint64_t matrix[4 * kCosets * kCells] = {}, coefficients[4 * kCells], again[4 * kCells];
  for (size_t i = 0; i < kCells; ++i) matrix[4 * i] = i + 1;
  table.extend(shape, matrix, coefficients, {}, [](size_t, size_t) {});
  for (size_t g = 0; g < shape.rows_encoded(); ++g) {
    for (size_t j = 0; j < shape.columns(); ++j) {
      const size_t coset = g / shape.rows();
      const uint64_t exponent = j * shape.rows() + g % shape.rows();
      const bn254::Fr k = coset == 0 ? bn254::Fr::one() : ntt::root_of_unity(3 + static_cast<unsigned>(coset));
      const bn254::Fr x = k * field::power_var(ntt::root_of_unity(3), &exponent, 1);
      bn254::Fr sum = bn254::Fr::zero();
      for (size_t n = kCells; n-- > 0;) sum = sum * x + bn254::Fr::from_limbs(coefficients + 4 * n);
      if (std::memcmp(sum.l, matrix + 4 * (shape.columns() * g + j), sizeof sum.l) != 0) return false;
    }
  }
  std::vector<const uint8_t*> rows;
  for (size_t g = 8; g < 12; ++g) rows.push_back(reinterpret_cast<const uint8_t*>(matrix + 4 * shape.columns() * g));
  return table.solve(shape, {8, 9, 10, 11}, rows, again).ok() && std::memcmp(again, coefficients, sizeof again) == 0;
}

KernelBackends& kernel() {
  static KernelBackends backends("rs_fr",
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

Outcome<Backends> backends(std::string_view name) {
  const auto code = kernel().named(name);
  if (!code.ok()) return code.failure();
  const auto trees = merkle::backend("");
  if (!trees.ok()) return trees.failure();
  return Backends{static_cast<const Table*>(*code), *trees};
}

}  // namespace zg::rs_fr
