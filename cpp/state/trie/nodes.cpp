#include "state/trie/nodes.hpp"

namespace zg::state {

namespace {

// Leaves of the four small kinds: key, size, value.
constexpr size_t kLeafHeader = 33;
constexpr size_t kLeafRoom[4] = {7, 39, 87, 111};

// Leaves with a longer value keep it on the heap.
struct LargeLeafCell {
  uint8_t key[32];
  uint8_t* value;
  size_t size;
};

constexpr size_t kCellBytes[kNodeKinds] = {
    8,
    sizeof(BranchCell<2>),
    sizeof(BranchCell<4>),
    sizeof(BranchCell<8>),
    sizeof(BranchCell<12>),
    sizeof(BranchCell<16>),
    kLeafHeader + kLeafRoom[0],
    kLeafHeader + kLeafRoom[1],
    kLeafHeader + kLeafRoom[2],
    kLeafHeader + kLeafRoom[3],
    sizeof(LargeLeafCell),
    sizeof(ExtensionCell),
};
static_assert(sizeof(BranchCell<2>) == 76 && sizeof(BranchCell<16>) == 596 && sizeof(ExtensionCell) == 72);

}  // namespace

NodeStore::NodeStore() {
  for (size_t kind = 0; kind < kNodeKinds; ++kind) {
    // A large leaf that was never filled must not look as if it owned a value.
    pools_[kind] = std::make_unique<Pool>(kCellBytes[kind], kind == static_cast<size_t>(NodeKind::leaf_large));
  }
}

NodeStore::~NodeStore() {
  // Cells on the free list have a null value (release, fill_leaf), all others own theirs.
  const Pool& large = *pools_[static_cast<size_t>(NodeKind::leaf_large)];
  for (uint32_t i = 0; i < large.end(); ++i) std::free(reinterpret_cast<LargeLeafCell*>(large.at(i))->value);
}

LeafView NodeStore::leaf(Link link) const {
  const uint8_t* cell = at(link);
  if (kind_of(link) == NodeKind::leaf_large) {
    const auto* large = reinterpret_cast<const LargeLeafCell*>(cell);
    return {large->key, {large->value, large->size}};
  }
  return {cell, {cell + kLeafHeader, cell[32]}};
}

NodeKind NodeStore::branch_kind(unsigned children) {
  if (children <= 2) return NodeKind::branch2;
  if (children <= 4) return NodeKind::branch4;
  if (children <= 8) return NodeKind::branch8;
  return children <= 12 ? NodeKind::branch12 : NodeKind::branch16;
}

NodeKind NodeStore::leaf_kind(size_t value_size) {
  if (value_size <= kLeafRoom[0]) return NodeKind::leaf7;
  if (value_size <= kLeafRoom[1]) return NodeKind::leaf39;
  if (value_size <= kLeafRoom[2]) return NodeKind::leaf87;
  return value_size <= kLeafRoom[3] ? NodeKind::leaf111 : NodeKind::leaf_large;
}

void NodeStore::fill_leaf(Link link, const uint8_t* key, Bytes value) {
  uint8_t* cell = at(link);
  std::memcpy(cell, key, 32);
  if (kind_of(link) == NodeKind::leaf_large) {
    auto* large = reinterpret_cast<LargeLeafCell*>(cell);
    large->value = static_cast<uint8_t*>(std::malloc(value.size));
    if (large->value == nullptr) throw std::bad_alloc();
    large->size = value.size;
    std::memcpy(large->value, value.data, value.size);
    return;
  }
  cell[32] = static_cast<uint8_t>(value.size);
  std::memcpy(cell + kLeafHeader, value.data, value.size);
}

void NodeStore::release(const std::vector<Link>& links) {
  std::array<std::vector<uint32_t>, kNodeKinds> by_kind;
  for (const Link link : links) {
    if (kind_of(link) == NodeKind::leaf_large) {
      auto* large = reinterpret_cast<LargeLeafCell*>(at(link));
      std::free(large->value);
      large->value = nullptr;
    }
    by_kind[link >> 28].push_back(link & Pool::kIndexMax);
  }
  for (size_t kind = 1; kind < kNodeKinds; ++kind)
    if (!by_kind[kind].empty()) pools_[kind]->give(by_kind[kind].data(), by_kind[kind].size());
}

size_t NodeStore::node_bytes(Link link) const {
  return kCellBytes[link >> 28] + (kind_of(link) == NodeKind::leaf_large ? leaf(link).value.size : 0);
}

size_t NodeStore::encoded_size_max(Link link) const {
  if (is_branch(link)) return branch_size_max(0);
  if (is_extension(link)) return kExtensionOverheadMax + 40;
  return leaf_size_max(kKeyNibbles, leaf(link).value.size);
}

size_t NodeStore::encode(Link link, size_t depth, uint8_t* out) const {
  if (is_branch(link)) {
    const BranchView node = branch(link);
    return put_branch(out, *node.mask, node.refs, node.sizes, {nullptr, 0});
  }
  if (is_extension(link)) {
    const ExtensionCell& node = extension(link);
    return put_extension(out, node.key, depth, node.to, node.ref, node.size);
  }
  const LeafView node = leaf(link);
  return put_leaf(out, node.key, depth, kKeyNibbles, node.value);
}

size_t NodeStore::memory_bytes() const {
  size_t total = 0;
  for (const auto& pool : pools_) total += pool->memory_bytes();
  return total;
}

}  // namespace zg::state
