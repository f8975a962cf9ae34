// The hexary Merkle Patricia trie of Ethereum: roots of lists and of sorted pairs, proofs and their verification.
//
// The tries of the world state live in state/accounts; `trie/tree.hpp` has what both are made of.
// Source: Ethereum Yellow Paper, appendix D.
#pragma once

#include <optional>
#include <vector>

#include "common/digest.hpp"
#include "common/status.hpp"

namespace zg::state {

// Root of the trie that maps rlp(i) to items[i]: transactions, receipts, withdrawals. No item is empty.
//
// Cost: all nodes hashed in batches, on all threads for long lists; one small allocation an item.
Hash32 ordered_root(const Bytes* items, size_t count);

// Root of the trie that maps keys[i] to values[i]. Keys ascend strictly (bytewise) and are at most 256 bytes long, one may be
// a prefix of another; no value is empty. The caller has checked this.
Hash32 sorted_root(const Bytes* keys, const Bytes* values, size_t count);

}  // namespace zg::state
