// Inputs of precompiles from strangers: whatever the bytes, an answer within the gas; twice the same; the price alone decides
// between success and out of gas.
#include <cstdlib>

#include "common/digest.hpp"
#include "evm/precompiles/api.hpp"

using namespace zg;
using namespace zg::evm;

namespace {
void require(bool condition) {
  if (!condition) std::abort();
}
}  // namespace

// First byte: the address. Second: the fork. The rest: the input.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size < 2) return 0;
  Address address{};
  address.b[19] = static_cast<uint8_t>(data[0] % 0x12);
  Rules rules;
  rules.fork = data[1] & 1 ? Fork::prague : Fork::cancun;
  const Bytes input{data + 2, size - 2};
  constexpr uint64_t kGas = 2000000;
  const auto result = precompiles::run(address, input, kGas, rules);
  require(result.gas_used <= kGas);
  if (!precompiles::is_precompile(address, rules)) {
    require(result.success && result.gas_used == 0 && result.output.empty());
    return 0;
  }
  if (!result.success) {
    require(result.gas_used == kGas && result.output.empty());
    return 0;
  }
  const auto exact = precompiles::run(address, input, result.gas_used, rules);
  require(exact.success && exact.gas_used == result.gas_used && exact.output == result.output);
  if (result.gas_used > 0) {
    const auto short_of_one = precompiles::run(address, input, result.gas_used - 1, rules);
    require(!short_of_one.success && short_of_one.gas_used == result.gas_used - 1 && short_of_one.output.empty());
  }
  return 0;
}
