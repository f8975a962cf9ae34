// The port between execution and whatever holds the state: what can be read, and what a block changed.
//
// evm/host reads through Reader and hands back Changes; state/ implements Reader and applies Changes.
#pragma once

#include <memory>
#include <vector>

#include "common/digest.hpp"
#include "common/u256.hpp"

namespace zg::state {

inline constexpr Hash32 kEmptyCodeHash{{0xc5, 0xd2, 0x46, 0x01, 0x86, 0xf7, 0x23, 0x3c, 0x92, 0x7e, 0x7d, 0xb2, 0xdc, 0xc7, 0x03, 0xc0,
                                        0xe5, 0x00, 0xb6, 0x53, 0xca, 0x82, 0x27, 0x3b, 0x7b, 0xfa, 0xd8, 0x04, 0x5d, 0x85, 0xa4, 0x70}};
inline constexpr Hash32 kEmptyTrieRoot{{0x56, 0xe8, 0x1f, 0x17, 0x1b, 0xcc, 0x55, 0xa6, 0xff, 0x83, 0x45, 0xe6, 0x92, 0xc0, 0xf8, 0x6e,
                                        0x5b, 0x48, 0xe0, 0x1b, 0x99, 0x6c, 0xad, 0xc0, 0x01, 0x62, 0x2f, 0xb5, 0xe3, 0x63, 0xb4, 0x21}};

struct Account {
  uint64_t nonce = 0;
  U256 balance;
  Hash32 code_hash = kEmptyCodeHash;

  bool has_code() const { return code_hash != kEmptyCodeHash; }
  bool is_empty() const { return nonce == 0 && balance.is_zero() && !has_code(); }
};
inline bool operator==(const Account& a, const Account& b) {
  return a.nonce == b.nonce && a.balance == b.balance && a.code_hash == b.code_hash;
}

using Code = std::vector<uint8_t>;
using CodePtr = std::shared_ptr<const Code>;

// Read access to one state. Implementations are safe for concurrent readers.
class Reader {
 public:
  virtual ~Reader() = default;
  // False when the account does not exist; `out` is then untouched.
  virtual bool account(const Address& address, Account& out) const = 0;
  // Zero when the slot or the account does not exist.
  virtual U256 storage(const Address& address, const U256& slot) const = 0;
  // True when the account has at least one non-zero slot (EIP-7610 collisions).
  virtual bool has_storage(const Address& address) const = 0;
  // Null for an unknown hash; an empty code for kEmptyCodeHash.
  virtual CodePtr code(const Hash32& code_hash) const = 0;
  // Zero when unknown or not among the last 256.
  virtual Hash32 block_hash(uint64_t number) const = 0;
};

struct SlotChange {
  U256 slot, before, after;
};

struct AccountChange {
  Address address;
  bool existed = false, exists = false;  // before and after
  Account before, after;                 // meaningful when existed / exists
  bool storage_cleared = false;          // every slot not listed in `slots` became zero too
  std::vector<SlotChange> slots;         // only slots with before != after
};

struct NewCode {
  Hash32 code_hash;
  CodePtr code;
};

// Everything that a block changed: one entry an address that differs from before, in ascending order of address, slots
// ascending.
struct Changes {
  std::vector<AccountChange> accounts;
  std::vector<NewCode> codes;
};

}  // namespace zg::state
