#include "evm/host/delegation.hpp"

#include "hash/keccak256/api.hpp"

namespace zg::evm {

Address create_address(const Address& sender, uint64_t nonce) {
  // rlp([sender, nonce]): at most 1 + 21 + 9 bytes, so the list header is one byte.
  uint8_t encoded[32];
  size_t size = 1;
  encoded[size++] = 0x80 + 20;
  std::memcpy(encoded + size, sender.b, 20);
  size += 20;
  if (nonce == 0) {
    encoded[size++] = 0x80;
  } else if (nonce < 0x80) {
    encoded[size++] = static_cast<uint8_t>(nonce);
  } else {
    const unsigned bytes = U256(nonce).byte_count();
    encoded[size++] = static_cast<uint8_t>(0x80 + bytes);
    for (unsigned i = bytes; i-- > 0;) encoded[size++] = static_cast<uint8_t>(nonce >> (8 * i));
  }
  encoded[0] = static_cast<uint8_t>(0xc0 + size - 1);
  const Hash32 hash = keccak256::hash(Bytes{encoded, size});
  return fixed_from<20>(hash.b + 12);
}

Address create2_address(const Address& sender, const U256& salt, Bytes init_code) {
  uint8_t preimage[85];
  preimage[0] = 0xff;
  std::memcpy(preimage + 1, sender.b, 20);
  salt.to_be(preimage + 21);
  keccak256::hash(init_code, preimage + 53);
  const Hash32 hash = keccak256::hash(Bytes{preimage, sizeof preimage});
  return fixed_from<20>(hash.b + 12);
}

}  // namespace zg::evm
