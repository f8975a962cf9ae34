#include "merkle/append/api.hpp"

#include <algorithm>
#include <bit>
#include <cstring>
#include <string>
#include <unordered_set>

#include "common/endian.hpp"
#include "hash/keccak256/api.hpp"

namespace zg::merkle {

namespace {

Hash32 hash_pair(const Hash32& left, const Hash32& right) {
  uint8_t both[64];
  std::memcpy(both, left.b, 32);
  std::memcpy(both + 32, right.b, 32);
  return keccak256::hash({both, 64});
}

uint64_t align(uint64_t position, unsigned height) { return ((position + (uint64_t{1} << height) - 1) >> height) << height; }

// Height of the tree over `length` leaves.
unsigned tree_height(uint64_t length) { return static_cast<unsigned>(std::bit_width(length - 1)); }

std::vector<uint8_t> node_key(unsigned height, uint64_t index) {
  std::vector<uint8_t> key(10);
  key[0] = 'n';
  key[1] = static_cast<uint8_t>(height);
  store_be64(&key[2], index);
  return key;
}

std::vector<uint8_t> submission_key(uint64_t number) {
  std::vector<uint8_t> key(9);
  key[0] = 's';
  store_be64(&key[1], number);
  return key;
}

std::vector<uint8_t> submission_value(const FlowTree::Submission& submission) {
  std::vector<uint8_t> value(48);
  store_be64(&value[0], submission.start);
  store_be64(&value[8], submission.length);
  std::memcpy(&value[16], submission.flow_root.b, 32);
  return value;
}

Failure corrupt(const std::string& what) { return {Status::bad_encoding, "flow rows: " + what}; }

}  // namespace

Outcome<Placement> place(uint64_t length, const unsigned* heights, size_t count) {
  if (length == 0 || length > kFlowSectorsMax)
    return Failure{Status::bad_argument, "length: expected at least 1 and at most 2^56, found " + std::to_string(length)};
  if (count == 0) return Failure{Status::bad_argument, "heights: expected one or more"};
  uint64_t sectors = 0;
  for (size_t i = 0; i < count; ++i) {
    if (heights[i] > 56) return Failure{Status::bad_argument, "heights: expected one or more from 0 to 56, found " + std::to_string(heights[i])};
    if (i != 0 && heights[i] >= heights[i - 1])
      return Failure{Status::bad_argument, "heights: expected descending ones, found " + std::to_string(heights[i]) + " after " + std::to_string(heights[i - 1])};
    sectors += uint64_t{1} << heights[i];
  }
  // A submission lies inside one segment or begins with one.
  const uint64_t start = align(length, heights[0]);
  if (start % kSegmentSectors != 0 && start / kSegmentSectors != (start + sectors - 1) / kSegmentSectors)
    length = align(start, kSegmentHeight);
  Placement out;
  for (size_t i = 0; i < count; ++i) {
    const uint64_t position = align(length, heights[i]);
    out.positions.push_back(position);
    length = position + (uint64_t{1} << heights[i]);
  }
  if (length > kFlowSectorsMax)
    return Failure{Status::bad_argument, "heights: the flow would grow to " + std::to_string(length) + " sectors, beyond 2^56"};
  out.length = length;
  return out;
}

FlowTree::FlowTree() { nodes_[slot(0, 0)] = Hash32{}; }

bool FlowTree::is_boundary(uint64_t length) const {
  if (length == 1) return true;
  const auto found = std::lower_bound(submissions_.begin(), submissions_.end(), length,
                                      [](const Submission& submission, uint64_t wanted) { return submission.length < wanted; });
  return found != submissions_.end() && found->length == length;
}

const Hash32* FlowTree::kept(unsigned height, uint64_t index) const {
  const auto found = nodes_.find(slot(height, index));
  return found == nodes_.end() ? nullptr : &found->second;
}

// A node all of whose sectors are in the flow. Below segments it may have to be hashed from the submitted nodes under it.
std::optional<Hash32> FlowTree::complete(unsigned height, uint64_t index) const {
  if (const Hash32* root = kept(height, index)) return *root;
  if (height == 0 || height >= kSegmentHeight) return std::nullopt;
  if (const auto found = partial_.find(slot(height, index)); found != partial_.end()) return found->second;
  const std::optional<Hash32> left = complete(height - 1, 2 * index);
  if (!left) return std::nullopt;
  const std::optional<Hash32> right = complete(height - 1, 2 * index + 1);
  if (!right) return std::nullopt;
  return hash_pair(*left, *right);
}

// A node of the tree at `length`: only the right edge is not complete.
std::optional<Hash32> FlowTree::node_at(unsigned height, uint64_t index, uint64_t length) const {
  const uint64_t begin = index << height, end = (index + 1) << height;
  if (begin >= length) return zero_root(height);
  if (end <= length) return complete(height, index);
  const std::optional<Hash32> left = node_at(height - 1, 2 * index, length);
  if (!left) return std::nullopt;
  const std::optional<Hash32> right = node_at(height - 1, 2 * index + 1, length);
  if (!right) return std::nullopt;
  return hash_pair(*left, *right);
}

void FlowTree::keep(unsigned height, uint64_t index, const Hash32& root) {
  if (!nodes_.emplace(slot(height, index), root).second) return;
  rows_.push_back({node_key(height, index), {root.b, root.b + 32}, false});
}

// False when a neighbour to the left is not there: a broken invariant, or rows that lied.
bool FlowTree::append(unsigned height, uint64_t position, const Hash32& root) {
  uint64_t index = position >> height;
  keep(height, index, root);
  Hash32 running = root;
  for (; index % 2 == 1; index /= 2) {
    const std::optional<Hash32> left = complete(height, index - 1);
    if (!left) return false;
    running = hash_pair(*left, running);
    ++height;
    if (height < kSegmentHeight) {
      partial_[slot(height, index / 2)] = running;
    } else {
      keep(height, index / 2, running);
    }
  }
  if (height >= kSegmentHeight) partial_.clear();
  return true;
}

Outcome<FlowTree::Submission> FlowTree::submit(const Node* nodes, size_t count) {
  std::vector<unsigned> heights(count);
  for (size_t i = 0; i < count; ++i) heights[i] = nodes[i].height;
  const Outcome<Placement> placed = place(length(), heights.data(), count);
  if (!placed.ok()) return placed.failure();
  uint64_t at = length();
  for (size_t i = 0; i < count; ++i) {
    // What alignment skips, in the largest pieces that lie on their own size.
    while (at < placed->positions[i]) {
      const unsigned height = std::min(static_cast<unsigned>(std::countr_zero(at)), static_cast<unsigned>(std::bit_width(placed->positions[i] - at) - 1));
      if (!append(height, at, zero_root(height))) return Failure{Status::internal, "flow: a complete node is missing"};
      at += uint64_t{1} << height;
    }
    if (!append(heights[i], at, nodes[i].root)) return Failure{Status::internal, "flow: a complete node is missing"};
    at += uint64_t{1} << heights[i];
  }
  const std::optional<Hash32> root = node_at(tree_height(at), 0, at);
  if (!root) return Failure{Status::internal, "flow: a complete node is missing"};
  submissions_.push_back({placed->positions[0], at, *root});
  rows_.push_back({submission_key(submissions_.size() - 1), submission_value(submissions_.back()), false});
  return submissions_.back();
}

Outcome<size_t> FlowTree::revert(uint64_t length) {
  if (!is_boundary(length)) return Failure{Status::bad_argument, "length: no submission ended at " + std::to_string(length)};
  size_t dropped = 0;
  for (; !submissions_.empty() && submissions_.back().length > length; ++dropped) {
    submissions_.pop_back();
    rows_.push_back({submission_key(submissions_.size()), {}, true});
  }
  if (dropped == 0) return dropped;
  for (auto node = nodes_.begin(); node != nodes_.end();) {
    const unsigned height = node->first & 63;
    const uint64_t index = node->first >> 6;
    if (((index + 1) << height) <= length) {
      ++node;
      continue;
    }
    rows_.push_back({node_key(height, index), {}, true});
    node = nodes_.erase(node);
  }
  partial_.clear();
  return dropped;
}

Outcome<Hash32> FlowTree::root_at(uint64_t length) const {
  if (length == 1) return Hash32{};
  const auto found = std::lower_bound(submissions_.begin(), submissions_.end(), length,
                                      [](const Submission& submission, uint64_t wanted) { return submission.length < wanted; });
  if (found == submissions_.end() || found->length != length)
    return Failure{Status::bad_argument, "length: no submission ended at " + std::to_string(length)};
  return found->flow_root;
}

std::optional<FlowTree::Known> FlowTree::known(uint64_t sector) const {
  if (sector >= length()) return std::nullopt;
  for (unsigned height = 0; height <= 56; ++height) {
    if (const Hash32* root = kept(height, sector >> height)) return Known{height, sector >> height, *root};
  }
  return std::nullopt;
}

Outcome<size_t> FlowTree::fill_segments(uint64_t first, const Hash32* roots, size_t count) {
  struct Block {
    unsigned height;  // above segments
    uint64_t index;
    std::vector<Hash32> nodes;
  };
  if (count > kFlowSectorsMax >> kSegmentHeight || first > kFlowSectorsMax >> kSegmentHeight)
    return Failure{Status::bad_argument, "first: expected a segment of the flow, found " + std::to_string(first)};
  std::vector<Block> blocks;
  for (size_t done = 0; done < count;) {
    const uint64_t at = first + done;
    unsigned height = static_cast<unsigned>(std::bit_width(count - done) - 1);
    if (at != 0) height = std::min(height, static_cast<unsigned>(std::countr_zero(at)));
    const Hash32* root = kept(kSegmentHeight + height, at >> height);
    while (root == nullptr && height != 0) {
      --height;
      root = kept(kSegmentHeight + height, at >> height);
    }
    if (root == nullptr)
      return Failure{Status::bad_argument, "segments: " + std::to_string(at) + " is in no node of the flow that the given roots complete"};
    const size_t leaf_count = size_t{1} << height;
    std::vector<Hash32> nodes(roots + done, roots + done + leaf_count);
    nodes.reserve(2 * leaf_count);
    for (size_t i = 0; i + 1 < nodes.size(); i += 2) nodes.push_back(hash_pair(nodes[i], nodes[i + 1]));
    if (nodes.back() != *root)
      return Failure{Status::bad_encoding, "segments: roots from " + std::to_string(at) + " on do not lead to the node that the log has"};
    blocks.push_back({height, at >> height, std::move(nodes)});
    done += leaf_count;
  }
  for (const Block& block : blocks) {
    size_t at = 0;
    for (unsigned level = 0; level <= block.height; ++level) {
      const size_t width = size_t{1} << (block.height - level);
      for (size_t i = 0; i < width; ++i) keep(kSegmentHeight + level, (block.index << (block.height - level)) + i, block.nodes[at + i]);
      at += width;
    }
  }
  return count;
}

Outcome<size_t> FlowTree::fill_proof(uint64_t segment, const Hash32& root, const Hash32* siblings, const uint8_t* path, size_t depth) {
  const std::optional<Known> lowest = segment > kFlowSectorsMax >> kSegmentHeight ? std::nullopt : known(segment << kSegmentHeight);
  if (!lowest) return Failure{Status::bad_argument, "segment: " + std::to_string(segment) + " is beyond the flow"};
  if (lowest->height < kSegmentHeight) return size_t{0};
  struct Pending {
    unsigned height;
    uint64_t index;
    Hash32 root;
  };
  std::vector<Pending> pending;
  uint64_t index = segment;
  unsigned height = kSegmentHeight;
  Hash32 running = root;
  for (size_t level = 0; height != lowest->height; ++level) {
    if (level == depth) return Failure{Status::bad_argument, "siblings: they end below the node that the log has"};
    if ((path[level] != 0) != (index % 2 == 0)) return Failure{Status::bad_encoding, "path: leads elsewhere than to the segment"};
    pending.push_back({height, index, running});
    pending.push_back({height, index ^ 1, siblings[level]});
    running = path[level] != 0 ? hash_pair(running, siblings[level]) : hash_pair(siblings[level], running);
    ++height;
    index /= 2;
  }
  if (running != lowest->root) return Failure{Status::bad_encoding, "siblings: they do not lead to the node that the log has"};
  for (const Pending& node : pending) keep(node.height, node.index, node.root);
  return pending.size();
}

Outcome<std::optional<FlowTree::Proof>> FlowTree::prove(unsigned height, uint64_t index, uint64_t length, const uint8_t* inner,
                                                        unsigned inner_height) const {
  if (!is_boundary(length)) return Failure{Status::bad_argument, "length: no submission ended at " + std::to_string(length)};
  if (height > kSegmentHeight || index > kFlowSectorsMax >> height || ((index + 1) << height) > length)
    return Failure{Status::bad_argument, "index: the flow of " + std::to_string(length) + " sectors does not hold node " + std::to_string(index) +
                                             " of height " + std::to_string(height)};
  const std::optional<Known> lowest = known(index << height);
  if (!lowest) return Failure{Status::internal, "flow: a submitted node is missing"};
  const bool is_inside = lowest->height > height;
  if (is_inside && (lowest->height > kSegmentHeight)) return std::optional<Proof>{};
  if (is_inside) {
    if (inner == nullptr || inner_height != lowest->height)
      return Failure{Status::bad_argument, "data: expected the bytes of the " + std::to_string(size_t{1} << lowest->height) + " sectors that the log has a root for"};
    if (fixed_from<32>(inner + 32 * (tree_size(size_t{1} << inner_height) - 1)) != lowest->root)
      return Failure{Status::bad_encoding, "data: its root is not the one that the log has"};
  }
  // Node `i` of the known node's tree, `level` levels above the leaves.
  auto inside = [&](unsigned level, uint64_t i) {
    size_t at = 0;
    for (unsigned below = 0; below < level; ++below) at += size_t{1} << (lowest->height - below);
    const uint64_t first = lowest->index << (lowest->height - level);
    return fixed_from<32>(inner + 32 * (at + (i - first)));
  };
  Proof proof;
  if (is_inside) {
    proof.leaf = inside(height, index);
  } else {
    const std::optional<Hash32> leaf = complete(height, index);
    if (!leaf) return std::optional<Proof>{};
    proof.leaf = *leaf;
  }
  const unsigned top = tree_height(length);
  for (unsigned level = height; level < top; ++level, index /= 2) {
    proof.path.push_back(index % 2 == 0);
    if (is_inside && level < lowest->height) {
      proof.siblings.push_back(inside(level, index ^ 1));
      continue;
    }
    const std::optional<Hash32> sibling = node_at(level, index ^ 1, length);
    if (!sibling) return std::optional<Proof>{};
    proof.siblings.push_back(*sibling);
  }
  proof.root = *root_at(length);
  return std::optional<Proof>{std::move(proof)};
}

std::vector<FlowTree::Row> FlowTree::take_rows() {
  std::vector<Row> rows;
  rows.swap(rows_);
  return rows;
}

Outcome<size_t> FlowTree::load_row(Bytes key, Bytes value) {
  if (key.size == 10 && key.data[0] == 'n' && value.size == 32) {
    const unsigned height = key.data[1];
    const uint64_t index = load_be64(key.data + 2);
    if (height > 56 || index >= kFlowSectorsMax >> height) return corrupt("a node of height " + std::to_string(height) + " at " + std::to_string(index));
    if (!nodes_.emplace(slot(height, index), fixed_from<32>(value.data)).second) return corrupt("the same node twice");
    return size_t{1};
  }
  if (key.size == 9 && key.data[0] == 's' && value.size == 48) {
    const uint64_t number = load_be64(key.data + 1);
    const Submission submission = {load_be64(value.data), load_be64(value.data + 8), fixed_from<32>(value.data + 16)};
    if (!loading_.emplace(number, submission).second) return corrupt("the same submission twice");
    return size_t{1};
  }
  return corrupt("a key of " + std::to_string(key.size) + " bytes with a value of " + std::to_string(value.size));
}

Outcome<size_t> FlowTree::finish_load() {
  for (uint64_t number = 0; number < loading_.size(); ++number) {
    const auto found = loading_.find(number);
    if (found == loading_.end()) return corrupt("submission " + std::to_string(number) + " is missing");
    submissions_.push_back(found->second);
  }
  loading_.clear();
  uint64_t before = 1;
  for (const Submission& submission : submissions_) {
    if (submission.start < before || submission.length <= submission.start || submission.length > kFlowSectorsMax)
      return corrupt("submissions do not follow one another at " + std::to_string(before));
    before = submission.length;
  }
  std::unordered_set<uint64_t> segments;  // that consist of smaller nodes
  for (const auto& [key, node] : nodes_) {
    const unsigned height = key & 63;
    const uint64_t index = key >> 6;
    if ((index + 1) << height > before) return corrupt("a node beyond the end of the flow");
    if (height < kSegmentHeight) {
      segments.insert(index >> (kSegmentHeight - height));
      continue;
    }
    // From segments up, whoever has a complete parent has a sibling and that parent, too.
    if ((index / 2 + 1) << (height + 1) > before) continue;
    const Hash32* sibling = kept(height, index ^ 1);
    const Hash32* parent = kept(height + 1, index / 2);
    if (sibling == nullptr || parent == nullptr) return corrupt("a node of height " + std::to_string(height) + " has no sibling or no parent");
    if (index % 2 == 0 && hash_pair(node, *sibling) != *parent) return corrupt("a node of height " + std::to_string(height + 1) + " is not its children's");
  }
  for (const uint64_t segment : segments) {
    if ((segment + 1) << kSegmentHeight > before) continue;
    const std::optional<Hash32> left = complete(kSegmentHeight - 1, 2 * segment), right = complete(kSegmentHeight - 1, 2 * segment + 1);
    const Hash32* root = kept(kSegmentHeight, segment);
    if (!left || !right || root == nullptr || hash_pair(*left, *right) != *root) return corrupt("segment " + std::to_string(segment) + " is not its nodes'");
  }
  const std::optional<Hash32> found = node_at(tree_height(before), 0, before);
  if (!found) return corrupt("a node of the tree is missing");
  if (*found != root())
    return corrupt("the nodes do not lead to the root " + to_hex(as_bytes(root())));
  return submissions_.size();
}

}  // namespace zg::merkle
