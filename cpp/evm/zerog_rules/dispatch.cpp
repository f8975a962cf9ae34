// Until the contracts of 0G are here: a call to one of their addresses fails.
#include "evm/zerog_rules/api.hpp"

namespace zg::evm::zerog_rules {

bool is_stateful(const Address& address, const Rules& rules) {
  return rules.zerog_precompiles && (address == kDaSigners || address == kWrappedBase);
}

StatefulResult run(const Address&, Bytes, uint64_t gas, bool, const Address&, StatefulHost&, const Rules&) {
  return {StatefulOutcome::failure, gas, {}, "not built in"};
}

}  // namespace zg::evm::zerog_rules
