#include "evm/precompiles/api.hpp"
#include "evm/precompiles/contracts.hpp"

namespace zg::evm::precompiles {

namespace {

// Indexed by address minus one.
const Contract* const kContracts[] = {
    &kEcrecover,    &kSha256,  &kRipemd160,       &kIdentity,  &kModexp,   &kBn254Add, &kBn254Mul,
    &kBn254Pairing, &kBlake2f, &kPointEvaluation, &kBlsG1Add,  &kBlsG1Msm, &kBlsG2Add, &kBlsG2Msm,
    &kBlsPairing,   &kBlsMapFpToG1, &kBlsMapFp2ToG2,
};
static_assert(sizeof(kContracts) / sizeof(kContracts[0]) == 0x11);

// The number of a precompile address; 0 for anything else.
uint64_t number_of(const Address& address, const Rules& rules) {
  for (int i = 0; i < 19; ++i)
    if (address.b[i] != 0) return 0;
  return address.b[19] <= last_precompile(rules.fork) ? address.b[19] : 0;
}

}  // namespace

uint64_t last_precompile(Fork fork) { return fork >= Fork::prague ? 0x11 : 0x0a; }

bool is_precompile(const Address& address, const Rules& rules) { return number_of(address, rules) != 0; }

PrecompileResult run(const Address& address, Bytes input, uint64_t gas, const Rules& rules) {
  const uint64_t number = number_of(address, rules);
  if (number == 0) return {true, 0, {}};
  const Contract& contract = *kContracts[number - 1];
  PrecompileResult result;
  result.gas_used = gas;
  const uint64_t cost = contract.cost(input);
  if (cost > gas || cost == UINT64_MAX) return result;
  if (!contract.run(input, result.output)) {
    result.output.clear();
    return result;
  }
  result.success = true;
  result.gas_used = cost;
  return result;
}

}  // namespace zg::evm::precompiles
