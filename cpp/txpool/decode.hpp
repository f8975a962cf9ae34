// Transactions of types 0 to 4 between wire bytes and evm::Transaction: strict decoding, encoding, hashes, and recovery of
// senders and EIP-7702 authorities in one batch.
//
// What is here needs no state: a decoded transaction is well-formed and its signature values are in range, nothing more.
// Whether it may enter the pool or a block is for pool.hpp and evm/block to say.
#pragma once

#include <string>
#include <vector>

#include "common/status.hpp"
#include "evm/types.hpp"

namespace zg::txpool {

// The most bytes of one transaction on the wire (chain.md §10.5).
inline constexpr size_t kTransactionSizeMax = 128 * 1024;

// Decodes one transaction in its block form: an RLP list (type 0) or type byte ‖ RLP list (types 1 to 4).
//
// Strict: canonical RLP, no trailing bytes, integers without leading zeros and within their widths, r and s in
// [1, n - 1], s at most n / 2, y parity 0 or 1, legacy v 27, 28 or EIP-155. The network form of a blob transaction (with
// sidecar) is refused by name.
//
// Returns: the transaction with `hash` set; `sender` and the authorities are not recovered.
// bad_encoding with geth's text otherwise.
Outcome<evm::Transaction> decode_transaction(Bytes raw);

// One item of decode_many: a transaction, or why there is none.
struct Decoded {
  evm::Transaction transaction;
  std::string error;  // empty when the transaction stands
  bool ok() const { return error.empty(); }
};

// Decodes `count` transactions on all cores and recovers every sender and every authority in one batch each.
//
// Returns: one entry an input, in order; an input whose sender cannot be recovered has the error "invalid sender"; an
// authority that cannot be recovered is left empty (EIP-7702 skips it at execution).
// Cost: dominated by one signature recovery a transaction.
std::vector<Decoded> decode_many(const Bytes* raws, size_t count);

// Recovers the senders (and authorities) of transactions that came from decode_transaction, in one batch.
// Out: ok[i] is 1 where the sender was recovered; the transaction's `sender` is then set.
void recover_senders(evm::Transaction* const* transactions, size_t count, uint8_t* ok);

// keccak256 of what the sender signed.
Hash32 signing_hash(const evm::Transaction& tx);

// keccak256 of what the authority of an EIP-7702 entry signed: 0x05 ‖ rlp([chain id, address, nonce]).
Hash32 authorization_hash(const evm::Authorization& authorization);

// 0 or 1: which of the two points the signature means. For legacy `v` of any accepted form.
uint8_t y_parity_of(const evm::Transaction& tx);

// The wire bytes, the inverse of decode_transaction.
std::vector<uint8_t> encode_transaction(const evm::Transaction& tx);

}  // namespace zg::txpool
