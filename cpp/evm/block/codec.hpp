// Headers, withdrawals, receipts and whole blocks between values and RLP. Strict on the way in.
#pragma once

#include <vector>

#include "common/status.hpp"
#include "evm/types.hpp"

namespace zg::evm {

// keccak256(rlp([])): the ommers hash of every header here.
extern const Hash32 kEmptyOmmersHash;

std::vector<uint8_t> encode_header(const Header& header);
// Cancun form (20 fields) or Prague form (21).
Outcome<Header> decode_header(Bytes rlp);
Hash32 header_hash(const Header& header);

std::vector<uint8_t> encode_withdrawal(const Withdrawal& withdrawal);

// Type byte (types 1 to 4) ‖ rlp([status, cumulative gas, bloom, logs]).
std::vector<uint8_t> encode_receipt(const Receipt& receipt);

// rlp([header, [transactions], [], [withdrawals]]), and behind that, as 0G's nodes have it, [slashings] when there are any or a
// bridge request follows (then an empty string stands for none), and the bridge request. A block without either is Ethereum's.
// A typed transaction is a string in the list, a legacy one a list. `transactions` are in their wire form.
std::vector<uint8_t> encode_block(Bytes header_rlp, const std::vector<Bytes>& transactions, const ConsensusInputs& inputs);

// A block as it came in. The transactions are views into `rlp`, in wire form.
struct DecodedBlock {
  Header header;
  Bytes header_rlp;
  std::vector<Bytes> transactions;
  ConsensusInputs inputs;
};
Outcome<DecodedBlock> decode_block(Bytes rlp);

// The transaction list alone, as encode_block writes it.
std::vector<uint8_t> encode_transaction_list(const std::vector<Bytes>& transactions);

}  // namespace zg::evm
