#include "evm/host/bridge.hpp"

#include <algorithm>
#include <cstring>
#include <string>

#include "common/endian.hpp"

namespace zg::evm {

const Address kBridgeAddress{{0x54, 0xeb, 0xf7, 0x0b, 0x91, 0xfe, 0x29, 0xfd, 0xf6, 0xf5, 0xc6, 0xcf, 0x72, 0x69, 0x83, 0xdd, 0xf0, 0xde, 0x07, 0x50}};

namespace {

constexpr size_t kOffsetSize = 4, kMessageSize = 105, kAbiMessageSize = 6 * 32;
constexpr uint8_t kParkSelector[4] = {0x7c, 0x31, 0xc3, 0x0f};

Failure malformed(std::string text) { return {Status::bad_encoding, "bridge request: " + std::move(text)}; }

}  // namespace

Outcome<std::vector<BridgeMessage>> decode_bridge_messages(Bytes ssz) {
  if (ssz.size < kOffsetSize || std::memcmp(ssz.data, kNoBridgeMessages, kOffsetSize) != 0)
    return malformed("expected the offset 4 at its start");
  const size_t size = ssz.size - kOffsetSize;
  if (size % kMessageSize != 0) return malformed("expected 105 bytes a message, found " + std::to_string(size) + " in all");
  if (size / kMessageSize > kBridgeMessagesMax)
    return malformed("expected at most " + std::to_string(kBridgeMessagesMax) + " messages, found " + std::to_string(size / kMessageSize));
  std::vector<BridgeMessage> messages(size / kMessageSize);
  const uint8_t* at = ssz.data + kOffsetSize;
  for (BridgeMessage& m : messages) {
    m.source_chain = load_le64(at);
    m.target_chain = load_le64(at + 8);
    m.nonce = load_le64(at + 16);
    m.local_token = fixed_from<20>(at + 24);
    m.recipient = fixed_from<20>(at + 44);
    m.amount = U256::from_be(at + 64);
    m.mode = at[96];
    m.source_block = load_le64(at + 97);
    if (m.mode > 1) return malformed("expected the mode 0 or 1, found " + std::to_string(m.mode));
    at += kMessageSize;
  }
  return messages;
}

std::vector<uint8_t> encode_park_call(const std::vector<BridgeMessage>& messages, uint64_t chain_id, const Address& fee_recipient) {
  const auto ours = [&](const BridgeMessage& m) { return m.target_chain == chain_id; };
  const size_t count = static_cast<size_t>(std::count_if(messages.begin(), messages.end(), ours));
  std::vector<uint8_t> out(4 + 64 + count * kAbiMessageSize);
  std::memcpy(out.data(), kParkSelector, 4);
  uint8_t* at = out.data() + 4;
  const auto number = [&](const U256& value) { value.to_be(at), at += 32; };
  const auto address = [&](const Address& value) { std::memcpy(at + 12, value.b, 20), at += 32; };
  number(U256(32));
  number(U256(count));
  for (const BridgeMessage& m : messages) {
    if (!ours(m)) continue;
    number(U256(m.source_chain));
    number(U256(m.nonce));
    address(m.local_token);
    address(m.recipient);
    number(m.amount);
    address(fee_recipient);
  }
  return out;
}

}  // namespace zg::evm
