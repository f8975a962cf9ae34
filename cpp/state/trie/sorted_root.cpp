#include <cassert>
#include <deque>

#include "common/parallel.hpp"
#include "rlp/api.hpp"
#include "state/reader.hpp"
#include "state/trie/api.hpp"
#include "state/trie/codec.hpp"

namespace zg::state {

namespace {

struct BranchNode {
  uint16_t mask = 0;
  uint8_t refs[16][32];  // packed, as put_branch wants them
  uint8_t sizes[16];
  Bytes value{nullptr, 0};
};

// Where a finished reference goes.
struct Target {
  uint8_t* ref;
  uint8_t* size;
};

struct Node {
  enum Kind : uint8_t { leaf, extension, branch } kind;
  size_t item;        // a key with this path
  size_t from, to;    // nibbles of the path
  BranchNode* body;   // branch
  NodeRef* child;     // extension
  Target target;
};

// The shape of the trie over sorted keys, its nodes listed by depth.
class Plan {
 public:
  Plan(const Bytes* keys, const Bytes* values) : keys_(keys), values_(values) {}

  void build(size_t begin, size_t end, size_t depth, Target target) {
    const Bytes& first = keys_[begin];
    if (end - begin == 1) {
      add(depth, {Node::leaf, begin, depth, 2 * first.size, nullptr, nullptr, target});
      return;
    }
    const size_t shared = common_until(first.data, keys_[end - 1].data, depth, 2 * std::min(first.size, keys_[end - 1].size));
    if (shared > depth) {
      NodeRef& child = children_.emplace_back();
      add(depth, {Node::extension, begin, depth, shared, nullptr, &child, target});
      target = {child.bytes, &child.size};
    }
    BranchNode& body = branches_.emplace_back();
    add(shared, {Node::branch, begin, shared, shared, &body, nullptr, target});
    if (2 * first.size == shared) body.value = values_[begin++];
    unsigned position = 0;
    while (begin < end) {
      const unsigned nibble = nibble_at(keys_[begin].data, shared);
      size_t next = begin + 1;
      while (next < end && nibble_at(keys_[next].data, shared) == nibble) ++next;
      body.mask = static_cast<uint16_t>(body.mask | 1u << nibble);
      build(begin, next, shared + 1, {body.refs[position], &body.sizes[position]});
      ++position;
      begin = next;
    }
  }

  void hash() {
    for (size_t depth = levels_.size(); depth-- > 0;) {
      const std::vector<Node>& level = levels_[depth];
      parallel_for(level.size(), 128, [&](size_t begin, size_t end) {
        hash_nodes(
            begin, end, depth == 0, [&](size_t i) { return size_max(level[i]); },
            [&](size_t i, uint8_t* out) { return put(level[i], out); },
            [&](size_t i, const uint8_t* ref, size_t size) {
              std::memcpy(level[i].target.ref, ref, size);
              *level[i].target.size = static_cast<uint8_t>(size);
            });
      });
    }
  }

 private:
  void add(size_t depth, const Node& node) {
    if (levels_.size() <= depth) levels_.resize(depth + 1);
    levels_[depth].push_back(node);
  }

  size_t size_max(const Node& node) const {
    switch (node.kind) {
      case Node::leaf: return leaf_size_max(node.to - node.from, values_[node.item].size);
      case Node::extension: return kExtensionOverheadMax + node.to - node.from;
      case Node::branch: break;
    }
    return branch_size_max(node.body->value.size);
  }

  size_t put(const Node& node, uint8_t* out) const {
    const uint8_t* key = keys_[node.item].data;
    switch (node.kind) {
      case Node::leaf: return put_leaf(out, key, node.from, node.to, values_[node.item]);
      case Node::extension: return put_extension(out, key, node.from, node.to, node.child->bytes, node.child->size);
      case Node::branch: break;
    }
    return put_branch(out, node.body->mask, node.body->refs, node.body->sizes, node.body->value);
  }

  const Bytes* keys_;
  const Bytes* values_;
  std::vector<std::vector<Node>> levels_;
  std::deque<BranchNode> branches_;
  std::deque<NodeRef> children_;
};

}  // namespace

Hash32 sorted_root(const Bytes* keys, const Bytes* values, size_t count) {
  if (count == 0) return kEmptyTrieRoot;
  Hash32 root;
  uint8_t size = 0;
  Plan plan(keys, values);
  plan.build(0, count, 0, {root.b, &size});
  plan.hash();
  return root;
}

Hash32 ordered_root(const Bytes* items, size_t count) {
  // rlp(1) … rlp(127) are the bytes themselves, rlp(0) is 0x80, longer numbers follow in order.
  std::vector<size_t> order;
  order.reserve(count);
  for (size_t i = 1; i < std::min<size_t>(count, 128); ++i) order.push_back(i);
  if (count != 0) order.push_back(0);
  for (size_t i = 128; i < count; ++i) order.push_back(i);
  std::vector<uint8_t> key_bytes(9 * count);
  std::vector<Bytes> keys(count), values(count);
  rlp::Encoder encoder;
  for (size_t i = 0; i < count; ++i) {
    encoder.clear();
    encoder.number(static_cast<uint64_t>(order[i]));
    uint8_t* key = key_bytes.data() + 9 * i;
    std::memcpy(key, encoder.view().data, encoder.size());
    keys[i] = {key, encoder.size()};
    values[i] = items[order[i]];
    assert(values[i].size != 0);
  }
  return sorted_root(keys.data(), values.data(), count);
}

}  // namespace zg::state
