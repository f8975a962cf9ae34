// 0G's bridge between chains: what consensus brings from other chains, and the call that parks it here (chain.md §3.5).
#pragma once

#include <vector>

#include "common/status.hpp"
#include "evm/types.hpp"

namespace zg::evm {

extern const Address kBridgeAddress;
inline constexpr uint8_t kBridgeRequestType = 0xf0;  // EIP-7685; the last of a block's requests
inline constexpr size_t kBridgeMessagesMax = 48;     // a block
inline constexpr uint8_t kNoBridgeMessages[4] = {4, 0, 0, 0};

struct BridgeMessage {
  uint64_t source_chain = 0, target_chain = 0, nonce = 0;
  Address local_token{}, recipient{};
  U256 amount;
  uint8_t mode = 0;  // 0: lock and release, 1: mint and burn
  uint64_t source_block = 0;
};

// SSZ container of one list of messages, without the request's type byte: offset 4, then 105 bytes a message.
// Returns: bad_encoding when it is not that, has an unknown mode or too many messages.
Outcome<std::vector<BridgeMessage>> decode_bridge_messages(Bytes ssz);

// Calldata of parkRemoteMessages((uint64,uint64,address,address,uint256,address)[]): source chain, nonce, token, recipient,
// amount, fee recipient. Messages for other chains are left out, as 0G's nodes do.
std::vector<uint8_t> encode_park_call(const std::vector<BridgeMessage>& messages, uint64_t chain_id, const Address& fee_recipient);

}  // namespace zg::evm
