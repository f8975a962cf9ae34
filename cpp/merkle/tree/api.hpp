// Binary keccak trees: levels of one tree or of many at once, and the file tree of 0G storage.
//
// A node is keccak256(left ‖ right), leaves and nodes without prefix. Neighbours pair up; an odd last node is carried up
// unhashed. Source: docs/protocol/storage.md, file trees; "0gfoundation/0g-storage-client: core/flow.go" for the padding.
#pragma once

#include <string_view>
#include <vector>

#include "common/digest.hpp"
#include "common/status.hpp"
#include "merkle/tree/table.hpp"

namespace zg::merkle {

// The backend of that name, an empty name for the active one; device_unavailable as in keccak256::backend.
Outcome<const Table*> backend(std::string_view name);

// ---- trees over given leaves

// Nodes of all levels of a tree, leaves included: what build_tree writes. 0 for no leaves.
size_t tree_size(size_t leaf_count);

// nodes = the levels of the tree one after the other, leaves first, root last; a carried node appears on both levels.
//
// Out: nodes: 32 * tree_size(leaf_count) bytes.
// In:  leaves: 32 * leaf_count bytes; may be `nodes` itself. leaf_count >= 1.
void build_tree(const Table& table, const uint8_t* leaves, size_t leaf_count, uint8_t* nodes);

// Many trees at once, each level of all of them as one batch: tree t has the leaves offsets[t] … offsets[t + 1] - 1.
//
// Out: roots: 32 * tree_count bytes; a tree without leaves gives 32 zero bytes.
// In:  offsets: tree_count + 1 ascending leaf positions, checked by the caller.
void tree_roots(const Table& table, const uint8_t* leaves, const uint64_t* offsets, size_t tree_count, uint8_t* roots);

// ---- files of 0G storage

// Root of 2^height sectors of zero bytes; height <= 63.
const Hash32& zero_root(unsigned height);

// Sizes that follow from a file's length alone.
struct FileLayout {
  struct Node {
    unsigned height;
    uint64_t first_sector;
  };
  uint64_t size_bytes;
  uint64_t sectors;         // that carry data
  uint64_t sectors_padded;  // leaves of the tree
  uint64_t segments;        // that carry data
  uint64_t segments_padded; // leaves of the proof tree
  std::vector<Node> nodes;  // of the submission, heights descending
};

// size_bytes in 1 … 2^56; bad_argument otherwise (an empty file has no tree).
Outcome<FileLayout> file_layout(uint64_t size_bytes);

struct FileTree {
  FileLayout layout;
  std::vector<Hash32> segment_roots;  // segments_padded of them
  std::vector<Hash32> node_roots;     // one for each layout.nodes
  Hash32 root;
  Hash32 identity;  // keccak256 of the node roots in a row: what the contract emits
};

// One pass over the bytes, segments on all threads, each reduced inside the second-level cache.
Outcome<FileTree> file_tree(const Table& table, Bytes data);

// Leaf digests of the sectors of `data`, the last one filled with zeros: ceil(size / 256) digests.
void hash_sectors(const Table& table, Bytes data, uint8_t* digests);

// roots[i] = root of the full segment at data + kSegmentSize * i, segments on all threads.
void segment_roots(const Table& table, const uint8_t* data, size_t count, uint8_t* roots);

// Root of one segment of a file: the tree over `leaf_count` leaves of which the first carry `data` and the rest are zero
// sectors. Returns bad_argument when data is longer than the leaves, or the leaves more than a segment's or none.
Outcome<Hash32> segment_root(const Table& table, Bytes data, size_t leaf_count);

}  // namespace zg::merkle
