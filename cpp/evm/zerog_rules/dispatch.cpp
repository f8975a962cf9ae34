#include "common/endian.hpp"
#include "evm/zerog_rules/contracts.hpp"

namespace zg::evm::zerog_rules {

namespace {

// So dear that a call of an unknown method runs out of gas.
constexpr uint64_t kUnknownMethodGas = 1000000000;

const Method* find(const MethodTable& table, uint32_t selector) {
  for (size_t i = 0; i < table.count; ++i)
    if (table.methods[i].selector == selector) return &table.methods[i];
  return nullptr;
}

}  // namespace

bool is_stateful(const Address& address, const Rules& rules) {
  return rules.zerog_precompiles && (address == kDaSigners || address == kWrappedBase);
}

bool begins_epoch(uint64_t block_number, const Rules& rules) {
  return rules.zerog_precompiles && rules.da_signers_version == 2 && block_number > 0 && block_number % rules.da_epoch_blocks == 0;
}

StatefulResult run(const Address& address, Bytes input, uint64_t gas, bool read_only, const Address& caller, StatefulHost& host,
                   const Rules& rules) {
  StatefulResult result;
  result.gas_used = gas;
  if (input.size < 4) {
    result.error = "input shorter than a selector";
    return result;
  }
  const MethodTable& signers = rules.da_signers_version == 2 ? kDaSignersV2Methods : kDaSignersMethods;
  const Method* method = find(address == kDaSigners ? signers : kWrappedBaseMethods, load_be32(input.data));
  const uint64_t price = method != nullptr ? method->gas : kUnknownMethodGas;
  if (price > gas) {
    result.error = "out of gas";
    return result;
  }
  if (method == nullptr || (method->writes && read_only)) {
    result.outcome = StatefulOutcome::revert;
    result.gas_used = price;
    result.error = method == nullptr ? "unknown method" : "writing method in a read-only frame";
    return result;
  }
  if (!read_only && !host.has_code(address)) {
    const uint8_t marker = 0x01;  // keeps state clearing away from an account that holds storage only
    host.set_code(address, {&marker, 1});
  }
  Call call{AbiReader({input.data + 4, input.size - 4}), caller, host, rules, {}};
  const Ending ending = method->run(call);
  switch (ending.kind) {
    case Ending::done:
      result.outcome = StatefulOutcome::success;
      result.gas_used = price;
      result.output = std::move(call.output);
      break;
    case Ending::malformed:
      result.outcome = StatefulOutcome::revert;
      result.gas_used = price;
      result.error = ending.rule;
      break;
    case Ending::broken: result.error = ending.rule; break;
  }
  return result;
}

}  // namespace zg::evm::zerog_rules
