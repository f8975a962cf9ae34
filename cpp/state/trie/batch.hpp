// One set of updates over any number of tries of one NodeStore: the structure first, then all new nodes hashed together,
// deepest first.
//
// Nothing that existed before is changed. keep() makes the updates final and tells which old nodes nobody needs once the old
// roots are forgotten; drop() forgets the updates instead. Several batches may be in the works on one store at a time, each
// on one thread, as long as the nodes under the roots they start from stay.
#pragma once

#include <vector>

#include "common/digest.hpp"
#include "state/trie/nodes.hpp"

namespace zg::state {

// One key of an update. Items are sorted by key, keys differ.
struct TrieItem {
  uint8_t key[32];
  const uint8_t* value;  // borrowed until the batch's update returns
  uint32_t size;         // of the value; 0 deletes the key
  Link leaf;             // internal: an existing leaf with this key and value; kNoNode from callers
};

// Sorts by key.
void sort_items(std::vector<TrieItem>& items);

class Batch {
 public:
  explicit Batch(NodeStore& store);
  ~Batch();  // drops what was neither kept nor dropped
  Batch(const Batch&) = delete;
  Batch& operator=(const Batch&) = delete;

  // The trie under `root` with `items` applied: its new root, kNoNode when it is empty, `root` itself when nothing changed.
  // A root from an earlier update() of this batch must have been hashed before it is updated again.
  // If it is a new node, hash() will write its hash to `root_hash`, which must stay in place until then.
  Link update(Link root, const TrieItem* items, size_t count, Hash32* root_hash);

  // Hashes every new node since the last call.
  void hash();

  // Ends the batch: appends the nodes that the new roots replaced to `retired` …
  void keep(std::vector<Link>& retired);
  // … or gives back every node it made.
  void drop();

 private:
  class Lane;
  struct Task {
    Link link;
    uint8_t* ref;
    uint8_t* size;
  };

  Lane& lane(size_t index);

  NodeStore& store_;
  std::vector<std::unique_ptr<Lane>> lanes_;
  uint8_t root_size_ = 0;  // roots are always hashed: their size says nothing
};

}  // namespace zg::state
