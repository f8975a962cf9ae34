// Reading one key of a trie: its value, or the proof of it. Internal to state/.
#pragma once

#include <vector>

#include "state/trie/nodes.hpp"

namespace zg::state {

// The value of a key; null data when it is absent. Borrowed from the store.
Bytes trie_value(const NodeStore& store, Link root, const uint8_t key[32]);

// The encodings from the root to the key or to where its absence shows, without those that lie inside their parent. Nodes
// under `root` must be hashed. Empty for an empty trie.
std::vector<std::vector<uint8_t>> trie_proof(const NodeStore& store, Link root, const uint8_t key[32]);

// Appends every node under `root`, itself included.
void trie_nodes(const NodeStore& store, Link root, std::vector<Link>& out);

}  // namespace zg::state
