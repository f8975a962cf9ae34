// The nodes of many tries over 32-byte keys in one memory.
//
// Nodes are never changed in their meaning once a batch has hashed them: an update makes new nodes and lets the old ones be, so
// a root stays walkable for as long as nobody gives its nodes back. A parent holds its children's hashes, so encoding a
// branch touches no child. A leaf holds its whole key: moving it up or down changes no leaf.
#pragma once

#include <array>
#include <bit>
#include <cstring>
#include <memory>

#include "common/bytes.hpp"
#include "state/trie/codec.hpp"
#include "state/trie/pool.hpp"

namespace zg::state {

// A node: its kind in the top four bits, its index in the pool of that kind in the others. Zero is "nothing".
using Link = uint32_t;
inline constexpr Link kNoNode = 0;
inline constexpr size_t kKeyNibbles = 64;

enum class NodeKind : uint8_t {
  none,
  branch2,  // by room for children
  branch4,
  branch8,
  branch12,
  branch16,
  leaf7,  // by room for the value
  leaf39,
  leaf87,
  leaf111,
  leaf_large,
  extension,
};
inline constexpr size_t kNodeKinds = 12;

inline NodeKind kind_of(Link link) { return static_cast<NodeKind>(link >> 28); }
inline bool is_branch(Link link) { return (link >> 28) >= 1 && (link >> 28) <= 5; }
inline bool is_leaf(Link link) { return (link >> 28) >= 6 && (link >> 28) <= 10; }
inline bool is_extension(Link link) { return kind_of(link) == NodeKind::extension; }

template <unsigned kRoom>
struct BranchCell {
  uint16_t mask;          // which nibbles have a child
  uint8_t sizes[kRoom];   // packed, ascending by nibble, like the two below
  Link children[kRoom];
  uint8_t refs[kRoom][32];
};

// A branch of any room.
struct BranchView {
  uint16_t* mask;
  uint8_t* sizes;
  Link* children;
  uint8_t (*refs)[32];

  // Position of a nibble's child in the packed arrays.
  unsigned position(unsigned nibble) const {
    return static_cast<unsigned>(std::popcount(static_cast<uint16_t>(*mask & ((1u << nibble) - 1))));
  }
  Link child(unsigned nibble) const { return (*mask >> nibble & 1) != 0 ? children[position(nibble)] : kNoNode; }
};

struct ExtensionCell {
  uint8_t key[32];  // of some leaf below; the path is its nibbles [depth, to)
  uint8_t ref[32];
  Link child;
  uint8_t size;
  uint8_t to;
};

struct LeafView {
  const uint8_t* key;
  Bytes value;
};

class NodeStore {
 public:
  NodeStore();
  ~NodeStore();
  NodeStore(const NodeStore&) = delete;
  NodeStore& operator=(const NodeStore&) = delete;

  BranchView branch(Link link) const {
    uint8_t* cell = at(link);
    switch (kind_of(link)) {
      case NodeKind::branch2: return view<2>(cell);
      case NodeKind::branch4: return view<4>(cell);
      case NodeKind::branch8: return view<8>(cell);
      case NodeKind::branch12: return view<12>(cell);
      default: return view<16>(cell);
    }
  }
  ExtensionCell& extension(Link link) const { return *reinterpret_cast<ExtensionCell*>(at(link)); }
  LeafView leaf(Link link) const;

  // The pool kinds that fit so many children, or so long a value.
  static NodeKind branch_kind(unsigned children);
  static NodeKind leaf_kind(size_t value_size);
  // Fills a fresh leaf cell.
  void fill_leaf(Link link, const uint8_t* key, Bytes value);

  Pool& pool(NodeKind kind) { return *pools_[static_cast<size_t>(kind)]; }
  uint8_t* at(Link link) const { return pools_[link >> 28]->at(link & Pool::kIndexMax); }
  // Asks for the whole node: an update reads all of it.
  void prefetch(Link link) const {
    if (link == kNoNode) return;
    const uint8_t* cell = at(link);
    for (size_t i = 0; i < pools_[link >> 28]->cell_bytes(); i += 64) __builtin_prefetch(cell + i);
  }

  // Gives nodes back for reuse, in any order, duplicates not allowed.
  void release(const std::vector<Link>& links);
  size_t node_bytes(Link link) const;

  // Encoding of a node whose path begins at nibble `depth`; `out` holds encoded_size_max bytes.
  size_t encoded_size_max(Link link) const;
  size_t encode(Link link, size_t depth, uint8_t* out) const;

  size_t memory_bytes() const;

 private:
  template <unsigned kRoom>
  static BranchView view(uint8_t* cell) {
    auto* branch = reinterpret_cast<BranchCell<kRoom>*>(cell);
    return {&branch->mask, branch->sizes, branch->children, branch->refs};
  }

  std::array<std::unique_ptr<Pool>, kNodeKinds> pools_;
};

}  // namespace zg::state
