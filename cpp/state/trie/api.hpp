// The hexary Merkle Patricia trie of Ethereum: roots of lists and of sorted pairs, proofs and their verification.
//
// The tries of the world state live in state/accounts; `trie/nodes.hpp` and `trie/batch.hpp` have what Trie and they are made of.
// Source: Ethereum Yellow Paper, appendix D.
#pragma once

#include <memory>
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

// What a proof shows about a key.
enum class Proved : uint8_t {
  nothing,  // it is not a proof for this root and key
  absent,
  present,
};

// Checks the nodes from the root down that lead to `key` (already hashed where the trie hashes its keys), any length up to
// 256 bytes: every node must be canonical and of the hash that its parent names, none may be left over. On `present`, `value`
// borrows from `nodes`. An empty trie is proved by no node, or by the encoding of the empty string.
//
// Safe for bytes of any origin. Cost: one hash a node; no allocation.
Proved verify_proof(const Hash32& root, Bytes key, const Bytes* nodes, size_t count, Bytes& value);

// One trie over 32-byte keys, all in memory, with cached hashes.
//
// Changes come in batches: the tree is restructured once, then all new nodes are hashed together, deepest first, on all
// threads. One thread at a time.
class Trie {
 public:
  Trie();
  ~Trie();
  Trie(Trie&&) noexcept;
  Trie& operator=(Trie&&) noexcept;

  struct Item {
    Hash32 key;
    Bytes value;  // empty: delete
  };

  // Applies the items in order (the last one for a key counts) and returns the new root hash. Nothing may be staged.
  Hash32 update(const std::vector<Item>& items);
  // The same, but reversible: root() stays until commit(); discard() undoes.
  Hash32 stage(const std::vector<Item>& items);
  void commit();
  void discard();
  bool staged() const;

  Hash32 root() const;
  // Empty when the key is absent. Borrowed until the next change.
  Bytes get(const Hash32& key) const;
  // Root first; see verify_proof.
  std::vector<std::vector<uint8_t>> prove(const Hash32& key) const;
  // Bytes of all nodes, spare room included.
  size_t memory_bytes() const;

 private:
  struct Body;
  std::unique_ptr<Body> body_;
};

}  // namespace zg::state
