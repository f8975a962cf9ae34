#include "state/trie/walk.hpp"

namespace zg::state {

namespace {

// Goes down one node from `link` whose path begins at `depth`: the child on the way to `key`, or kNoNode at the end.
Link step(const NodeStore& store, Link link, const uint8_t* key, size_t& depth) {
  if (is_leaf(link)) return kNoNode;
  if (is_extension(link)) {
    const ExtensionCell& node = store.extension(link);
    if (common_until(node.key, key, depth, node.to) != node.to) return kNoNode;
    depth = node.to;
    return node.child;
  }
  return store.branch(link).child(nibble_at(key, depth++));
}

}  // namespace

Bytes trie_value(const NodeStore& store, Link root, const uint8_t key[32]) {
  size_t depth = 0;
  Link link = root;
  while (link != kNoNode && !is_leaf(link)) link = step(store, link, key, depth);
  if (link == kNoNode) return {nullptr, 0};
  const LeafView leaf = store.leaf(link);
  return std::memcmp(leaf.key, key, 32) == 0 ? leaf.value : Bytes{nullptr, 0};
}

std::vector<std::vector<uint8_t>> trie_proof(const NodeStore& store, Link root, const uint8_t key[32]) {
  std::vector<std::vector<uint8_t>> nodes;
  size_t depth = 0;
  for (Link link = root; link != kNoNode;) {
    std::vector<uint8_t> node(store.encoded_size_max(link));
    node.resize(store.encode(link, depth, node.data()));
    if (node.size() >= 32 || nodes.empty()) nodes.push_back(std::move(node));
    link = step(store, link, key, depth);
  }
  return nodes;
}

void trie_nodes(const NodeStore& store, Link root, std::vector<Link>& out) {
  if (root == kNoNode) return;
  out.push_back(root);
  if (is_extension(root)) {
    trie_nodes(store, store.extension(root).child, out);
  } else if (is_branch(root)) {
    const BranchView node = store.branch(root);
    for (int i = 0; i < std::popcount(*node.mask); ++i) trie_nodes(store, node.children[i], out);
  }
}

}  // namespace zg::state
