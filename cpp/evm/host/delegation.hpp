// EIP-7702 delegation designators, and the addresses of created contracts.
#pragma once

#include <optional>

#include "evm/host/block_state.hpp"

namespace zg::evm {

inline constexpr size_t kDelegationSize = 23;

// The address that the code 0xef0100 ‖ address points to.
inline std::optional<Address> parse_delegation(Bytes code) {
  if (code.size != kDelegationSize || code.data[0] != 0xef || code.data[1] != 0x01 || code.data[2] != 0x00) return std::nullopt;
  return fixed_from<20>(code.data + 3);
}

// Where the account's calls go instead, from Prague on.
inline std::optional<Address> delegation_of(BlockState& state, const Rules& rules, AccountEntry& account) {
  if (rules.fork < Fork::prague || !account.now.has_code()) return std::nullopt;
  return parse_delegation(as_bytes(*state.code_of(account)));
}

Address create_address(const Address& sender, uint64_t nonce);
Address create2_address(const Address& sender, const U256& salt, Bytes init_code);

}  // namespace zg::evm
