// How trie nodes are written: hex-prefix paths, the three node shapes, references to children, and the hashing of many
// nodes at once. Internal to state/trie.
#pragma once

#include <algorithm>
#include <vector>

#include "common/bytes.hpp"
#include "hash/keccak256/api.hpp"

namespace zg::state {

// What a parent holds of a child: its hash (size 32), or its whole encoding when that is shorter than 32 bytes.
struct NodeRef {
  uint8_t bytes[32];
  uint8_t size;
};

inline unsigned nibble_at(const uint8_t* key, size_t position) {
  const uint8_t pair = key[position / 2];
  return position % 2 == 0 ? pair >> 4 : pair & 15;
}

// First nibble position in [from, to) where the keys differ, else `to`.
size_t common_until(const uint8_t* a, const uint8_t* b, size_t from, size_t to);

// Upper bounds of encodings.
inline size_t leaf_size_max(size_t path_nibbles, size_t value_size) { return path_nibbles / 2 + 2 + value_size + 27; }
inline constexpr size_t kExtensionOverheadMax = 64;
inline size_t branch_size_max(size_t value_size) { return 16 * 33 + value_size + 18; }

// Each writes one node at `out` and returns its size. Paths are the nibbles [from, to) of `key`.
size_t put_leaf(uint8_t* out, const uint8_t* key, size_t from, size_t to, Bytes value);
size_t put_extension(uint8_t* out, const uint8_t* key, size_t from, size_t to, const uint8_t* child, size_t child_size);
// `refs` and `sizes` hold the present children in ascending order of their nibble; a null value is an empty one.
size_t put_branch(uint8_t* out, uint16_t mask, const uint8_t (*refs)[32], const uint8_t* sizes, Bytes value);

// Encodes `count` nodes and stores what their parents need.
//
// size_max(i) bounds the encoding of node i, put(i, out) writes it and returns its size, store(i, bytes, size) takes the
// reference: 32 hash bytes, or fewer bytes of an inline encoding. With `always_hash` (roots) nothing is inlined.
template <class SizeMax, class Put, class Store>
void hash_nodes(size_t begin, size_t end, bool always_hash, SizeMax size_max, Put put, Store store) {
  constexpr size_t kNodesMax = 256;
  constexpr size_t kScratchBytes = 160 << 10;  // stays in L2 with the digests
  thread_local std::vector<uint8_t> scratch;
  thread_local std::vector<uint8_t> digests(32 * kNodesMax);
  uint64_t offsets[kNodesMax + 1];
  size_t nodes[kNodesMax];
  size_t filled = 0, used = 0;
  offsets[0] = 0;
  auto flush = [&] {
    keccak256::hash_many(scratch.data(), offsets, filled, digests.data());
    for (size_t i = 0; i < filled; ++i) store(nodes[i], digests.data() + 32 * i, size_t{32});
    filled = used = 0;
  };
  for (size_t i = begin; i < end; ++i) {
    const size_t bound = size_max(i);
    if (filled == kNodesMax || (filled != 0 && used + bound > kScratchBytes)) flush();
    if (scratch.size() < used + bound) scratch.resize(std::max(used + bound, kScratchBytes));
    const size_t size = put(i, scratch.data() + used);
    if (size < 32 && !always_hash) {
      store(i, scratch.data() + used, size);
      continue;
    }
    nodes[filled++] = i;
    used += size;
    offsets[filled] = used;
  }
  if (filled != 0) flush();
}

}  // namespace zg::state
