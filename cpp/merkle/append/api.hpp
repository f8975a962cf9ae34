// The flow of 0G storage: one append-only array of sectors over all files, and its tree.
//
// A submission appends aligned subtrees of which only the root is known; what alignment skips are sectors of zeros. The tree
// keeps the submitted nodes, every node above them that is complete from segments (2^10 sectors) up, and what is filled in
// below large nodes once the bytes are there. The right edge is filled with roots of zeros, so the root at any earlier
// length can be told from the same nodes. Memory: about 70 bytes for each kept node; nothing grows with the sectors that a
// node claims, only with nodes.
//
// Nothing is filled in that does not hash to a node which the log committed to. One thread at a time.
// Source: docs/protocol/storage.md, the flow; "0gfoundation/0g-storage-contracts: contracts/dataFlow/FlowTreeLib.sol".
#pragma once

#include <optional>
#include <unordered_map>
#include <vector>

#include "common/digest.hpp"
#include "common/status.hpp"
#include "merkle/tree/api.hpp"

namespace zg::merkle {

inline constexpr uint64_t kFlowSectorsMax = uint64_t{1} << 56;

struct Placement {
  std::vector<uint64_t> positions;  // first sector of each node
  uint64_t length;                  // of the flow afterwards
};

// Where nodes of these heights go in a flow of `length` sectors. bad_argument: a length of zero, no heights, heights that do
// not descend or exceed 56, or a flow beyond kFlowSectorsMax.
Outcome<Placement> place(uint64_t length, const unsigned* heights, size_t count);

class FlowTree {
 public:
  struct Node {
    unsigned height;
    Hash32 root;
  };
  struct Submission {
    uint64_t start;
    uint64_t length;  // of the flow after it
    Hash32 flow_root;
  };
  // The lowest node above a sector whose root is kept.
  struct Known {
    unsigned height;
    uint64_t index;
    Hash32 root;
  };
  struct Proof {
    Hash32 leaf;
    std::vector<Hash32> siblings;  // bottom up
    std::vector<uint8_t> path;     // 1 where the running node is the left child
    Hash32 root;
  };
  // A change for a key-value store: to be applied in order, together or not at all.
  struct Row {
    std::vector<uint8_t> key;
    std::vector<uint8_t> value;
    bool is_erased;
  };

  // A flow of one sector, the dummy, whose leaf is 32 zero bytes.
  FlowTree();

  uint64_t length() const { return submissions_.empty() ? 1 : submissions_.back().length; }
  Hash32 root() const { return submissions_.empty() ? Hash32{} : submissions_.back().flow_root; }
  const std::vector<Submission>& submissions() const { return submissions_; }

  // Places and appends the nodes of one submission; its number is the count of those before. bad_argument as `place`.
  // Cost: a few hashes for each level of the tree.
  Outcome<Submission> submit(const Node* nodes, size_t count);

  // Drops the submissions after the one that ended at `length` (1: all of them), with everything filled in for them.
  // bad_argument when none ended there. Cost: a walk over all kept nodes.
  Outcome<size_t> revert(uint64_t length);

  // Root of the tree at the end of an earlier submission, or of the dummy alone; bad_argument for other lengths.
  Outcome<Hash32> root_at(uint64_t length) const;

  // Nothing when the flow is not that long.
  std::optional<Known> known(uint64_t sector) const;

  // Roots of `count` segments from `first` on, to be kept below the nodes that cover them; each of those must be covered
  // completely. Nothing is kept when anything differs: bad_encoding then, bad_argument when a segment is in no kept node.
  Outcome<size_t> fill_segments(uint64_t first, const Hash32* roots, size_t count);

  // One segment's root with the siblings of its file proof, as far up as the node that covers it; surplus siblings are not
  // looked at. Errors as fill_segments. Does nothing for segments whose files are smaller than a segment.
  Outcome<size_t> fill_proof(uint64_t segment, const Hash32& root, const Hash32* siblings, const uint8_t* path, size_t depth);

  // The proof of node `index` at `height` (0: a sector, 4: a seal) in the tree at `length`.
  //
  // In:  inner: when known(first sector).height is above `height`, the tree of that known node as build_tree writes it over
  //      2^known.height leaves; else null.
  // Returns: nothing when a node on the way is not known yet (bytes of its neighbours are missing); bad_argument when the
  // flow at that length does not hold the whole node or no submission ended there; bad_encoding when `inner` is the tree
  // of something else.
  Outcome<std::optional<Proof>> prove(unsigned height, uint64_t index, uint64_t length, const uint8_t* inner, unsigned inner_height) const;

  // Changes since the last call, or since the beginning: keys begin with 'n' (height, index: a node) or 's' (number: a
  // submission), numbers big-endian.
  std::vector<Row> take_rows();

  // Rows as take_rows gave them, in any order, into a tree without submissions; then finish_load. bad_encoding for rows of
  // another form, or rows that contradict one another.
  Outcome<size_t> load_row(Bytes key, Bytes value);
  Outcome<size_t> finish_load();

  size_t node_count() const { return nodes_.size(); }

 private:
  static uint64_t slot(unsigned height, uint64_t index) { return index << 6 | height; }
  struct SlotHash {
    size_t operator()(uint64_t key) const {
      key *= 0x9e3779b97f4a7c15;
      return key ^ key >> 32;
    }
  };
  using Nodes = std::unordered_map<uint64_t, Hash32, SlotHash>;

  bool is_boundary(uint64_t length) const;
  const Hash32* kept(unsigned height, uint64_t index) const;
  std::optional<Hash32> complete(unsigned height, uint64_t index) const;
  std::optional<Hash32> node_at(unsigned height, uint64_t index, uint64_t length) const;
  void keep(unsigned height, uint64_t index, const Hash32& root);
  bool append(unsigned height, uint64_t position, const Hash32& root);

  Nodes nodes_;    // submitted nodes and gaps of any height, everything known from segments up
  Nodes partial_;  // complete nodes between them inside the segment at the end
  std::vector<Submission> submissions_;
  std::unordered_map<uint64_t, Submission> loading_;  // rows come in any order
  std::vector<Row> rows_;
};

}  // namespace zg::merkle
