// Where the stateful precompiles keep things: logical keys, and byte strings spread over storage slots.
#pragma once

#include <vector>

#include "evm/zerog_rules/api.hpp"

namespace zg::evm::zerog_rules {

// Logical keys of DASigners: keccak256 of a prefix byte and the parts, numbers as eight big-endian bytes.
Hash32 signer_key(const Address& signer);                         // 00
Hash32 quorum_key(uint64_t epoch, uint64_t quorum_id);            // 01
Hash32 registration_key(uint64_t epoch, const Address& signer);   // 02
Hash32 votes_key(uint64_t epoch, const Address& signer);          // 03
Hash32 quorum_count_key(uint64_t epoch);                          // 04
Hash32 epoch_number_key();                                        // 05
Hash32 epoch_block_key(uint64_t epoch);                           // 06
Hash32 registered_count_key(uint64_t epoch);                      // 07
Hash32 registered_signer_key(uint64_t epoch, uint64_t index);     // 08
// And of the wrapped base.
Hash32 supply_key(const Address& minter);  // 00

// Where the parts of a byte string under a logical key are: its length in length_slot = keccak256(key), chunk i of 32 bytes
// (right-padded) in keccak256(length_slot ‖ be64(i)).
Hash32 length_slot(const Hash32& key);
std::vector<Hash32> chunk_slots(const Hash32& length_slot, uint64_t first, size_t count);

// A byte string of one account. A shorter value leaves stale chunks behind; readers stop at the length.
class ByteString {
 public:
  ByteString(StatefulHost& host, const Address& account, const Hash32& key);

  uint64_t size() const { return size_; }
  // Bytes [from, from + count), which must lie within size().
  std::vector<uint8_t> read(uint64_t from, size_t count) const;
  // All of it; empty when the length is beyond anything these contracts store (a foreign genesis), which no value decodes from.
  std::vector<uint8_t> read() const { return size_ > kSizeMax ? std::vector<uint8_t>{} : read(0, static_cast<size_t>(size_)); }
  void write(Bytes value);

 private:
  static constexpr uint64_t kSizeMax = uint64_t{1} << 20;
  StatefulHost& host_;
  Address account_;
  Hash32 length_slot_;
  uint64_t size_;
};

}  // namespace zg::evm::zerog_rules
