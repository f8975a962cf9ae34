#include "state/trie/batch.hpp"

#include <algorithm>
#include <atomic>

#include "common/endian.hpp"
#include "common/parallel.hpp"

namespace zg::state {

void sort_items(std::vector<TrieItem>& items) {
  if (items.size() < 64) {
    std::sort(items.begin(), items.end(), [](const TrieItem& a, const TrieItem& b) { return std::memcmp(a.key, b.key, 32) < 0; });
    return;
  }
  // Items are large: order their first eight key bytes, then move each once.
  struct Entry {
    uint64_t prefix;
    uint32_t index;
  };
  std::vector<Entry> order(items.size());
  for (size_t i = 0; i < items.size(); ++i) order[i] = {load_be64(items[i].key), static_cast<uint32_t>(i)};
  std::sort(order.begin(), order.end(), [&](const Entry& a, const Entry& b) {
    if (a.prefix != b.prefix) return a.prefix < b.prefix;
    return std::memcmp(items[a.index].key, items[b.index].key, 32) < 0;
  });
  std::vector<TrieItem> sorted(items.size());
  for (size_t i = 0; i < items.size(); ++i) sorted[i] = items[order[i].index];
  items.swap(sorted);
}

// What one thread of a batch works with: the recursion over the trie, spare cells, and its share of the bookkeeping.
class Batch::Lane {
 public:
  explicit Lane(NodeStore& store) : store_(store) {}

  Link apply(Link link, const TrieItem* items, size_t count, size_t depth) {
    if (count == 0) return link;
    if (depth == kWarmDepth && count >= kWarmMin) warm(link, items, count, depth);
    if (link == kNoNode) return build_without_deletes(items, count, depth);
    if (is_leaf(link)) return apply_to_leaf(link, items, count, depth);
    if (is_extension(link)) return apply_to_extension(link, items, count, depth);
    return apply_to_branch(link, items, count, depth);
  }

  // Joins the children of a new branch at `depth`; `key` has the nibbles that lead there. `before` is the branch that it
  // replaces at the same place, whose references hold for children that stayed; kNoNode when there was none.
  Link finish_branch(const Link children[16], Link before, const uint8_t* key, size_t depth) {
    uint16_t mask = 0;
    for (unsigned nibble = 0; nibble < 16; ++nibble)
      if (children[nibble] != kNoNode) mask = static_cast<uint16_t>(mask | 1u << nibble);
    const unsigned count = static_cast<unsigned>(std::popcount(mask));
    if (count == 0) return kNoNode;
    if (count == 1) {
      const unsigned nibble = static_cast<unsigned>(std::countr_zero(mask));
      uint8_t path[32];
      std::memcpy(path, key, 32);
      uint8_t& pair = path[depth / 2];
      pair = static_cast<uint8_t>(depth % 2 == 0 ? nibble << 4 | (pair & 15) : (pair & 0xf0) | nibble);
      return join(path, depth, depth + 1, children[nibble]);
    }
    const Link link = make(NodeStore::branch_kind(count));
    const BranchView node = store_.branch(link);
    *node.mask = mask;
    BranchView old{};
    if (before != kNoNode) old = store_.branch(before);
    unsigned position = 0;
    for (unsigned nibble = 0; nibble < 16; ++nibble) {
      const Link child = children[nibble];
      if (child == kNoNode) continue;
      node.children[position] = child;
      if (before != kNoNode && old.child(nibble) == child) {
        const unsigned from = old.position(nibble);
        node.sizes[position] = old.sizes[from];
        std::memcpy(node.refs[position], old.refs[from], 32);
      } else {
        add_task(depth + 1, {child, node.refs[position], &node.sizes[position]});
      }
      ++position;
    }
    return link;
  }

  // A path [from, to) of `key` in front of `child`.
  Link join(const uint8_t* key, size_t from, size_t to, Link child) {
    if (child == kNoNode || from == to || is_leaf(child)) return child;
    if (is_extension(child)) {
      retire(child);
      const ExtensionCell& lower = store_.extension(child);
      return make_extension(lower.key, lower.to, lower.child);
    }
    return make_extension(key, to, child);
  }

  void add_task(size_t depth, const Task& task) {
    if (levels.size() <= depth) levels.resize(depth + 1);
    levels[depth].push_back(task);
  }

  void retire(Link link) { retired.push_back(link); }

  void return_spares() {
    for (size_t kind = 0; kind < kNodeKinds; ++kind) {
      if (spares_[kind].empty()) continue;
      store_.pool(static_cast<NodeKind>(kind)).give(spares_[kind].data(), spares_[kind].size());
      spares_[kind].clear();
    }
  }

  std::vector<Link> created, retired;
  std::vector<std::vector<Task>> levels;  // new nodes by the depth at which their path begins

 private:
  static constexpr size_t kSpares = 64;
  static constexpr size_t kWarmDepth = 1;
  static constexpr size_t kWarmMin = 16;

  // Walks all items down together, level by level, so that the cache misses of one level overlap; the update that follows
  // finds its nodes in the cache.
  void warm(Link link, const TrieItem* items, size_t count, size_t depth) {
    struct Front {
      uint32_t item;
      Link link;
      uint32_t depth;
    };
    std::vector<Front> front;
    front.reserve(count);
    for (size_t i = 0; i < count; ++i) front.push_back({static_cast<uint32_t>(i), link, static_cast<uint32_t>(depth)});
    while (!front.empty()) {
      size_t kept = 0;
      Link last = kNoNode;
      for (const Front& at : front) {
        if (is_leaf(at.link) || at.link == kNoNode) continue;
        Front next = at;
        if (is_extension(at.link)) {
          const ExtensionCell& node = store_.extension(at.link);
          next.link = node.child;
          next.depth = node.to;
        } else {
          next.link = store_.branch(at.link).child(nibble_at(items[at.item].key, at.depth));
          ++next.depth;
        }
        if (next.link != last) store_.prefetch(next.link);
        last = next.link;
        front[kept++] = next;
      }
      front.resize(kept);
    }
  }

  Link make(NodeKind kind) {
    std::vector<uint32_t>& spares = spares_[static_cast<size_t>(kind)];
    if (spares.empty()) {
      store_.pool(kind).take(take_next_[static_cast<size_t>(kind)], spares);
      take_next_[static_cast<size_t>(kind)] = kSpares;
    }
    const Link link = static_cast<Link>(kind) << 28 | spares.back();
    spares.pop_back();
    created.push_back(link);
    return link;
  }

  Link make_extension(const uint8_t* key, size_t to, Link child) {
    const Link link = make(NodeKind::extension);
    ExtensionCell& node = store_.extension(link);
    std::memcpy(node.key, key, 32);
    node.to = static_cast<uint8_t>(to);
    node.child = child;
    add_task(to, {child, node.ref, &node.size});
    return link;
  }

  Link leaf_of(const TrieItem& item) {
    if (item.leaf != kNoNode) return item.leaf;
    const Link link = make(NodeStore::leaf_kind(item.size));
    store_.fill_leaf(link, item.key, {item.value, item.size});
    return link;
  }

  // A new subtree of items none of which is a delete.
  Link build(const TrieItem* items, size_t count, size_t depth) {
    if (count == 1) return leaf_of(items[0]);
    const size_t shared = common_until(items[0].key, items[count - 1].key, depth, kKeyNibbles);
    Link children[16] = {};
    for (size_t begin = 0, end; begin < count; begin = end) {
      const unsigned nibble = nibble_at(items[begin].key, shared);
      end = group_end(items, begin, count, shared, nibble);
      children[nibble] = build(items + begin, end - begin, shared + 1);
    }
    return join(items[0].key, depth, shared, finish_branch(children, kNoNode, items[0].key, shared));
  }

  Link build_without_deletes(const TrieItem* items, size_t count, size_t depth) {
    size_t kept = 0;
    while (kept < count && items[kept].size != 0) ++kept;
    if (kept == count) return build(items, count, depth);
    std::vector<TrieItem> inserts;
    std::copy_if(items, items + count, std::back_inserter(inserts), [](const TrieItem& item) { return item.size != 0; });
    return inserts.empty() ? kNoNode : build(inserts.data(), inserts.size(), depth);
  }

  Link apply_to_leaf(Link link, const TrieItem* items, size_t count, size_t depth) {
    const LeafView leaf = store_.leaf(link);
    if (count == 1 && std::memcmp(items[0].key, leaf.key, 32) == 0) {
      if (same_value(items[0], leaf)) return link;
      retire(link);
      return items[0].size == 0 ? kNoNode : leaf_of(items[0]);
    }
    std::vector<TrieItem> merged;
    merged.reserve(count + 1);
    bool placed = false;
    const auto place_leaf = [&] {
      TrieItem item{{}, leaf.value.data, static_cast<uint32_t>(leaf.value.size), link};
      std::memcpy(item.key, leaf.key, 32);
      merged.push_back(item);
      placed = true;
    };
    for (size_t i = 0; i < count; ++i) {
      const int order = std::memcmp(leaf.key, items[i].key, 32);
      if (order < 0 && !placed) place_leaf();
      if (order == 0) {
        if (same_value(items[i], leaf)) {
          place_leaf();
          continue;
        }
        retire(link);
        placed = true;
      }
      if (items[i].size != 0) merged.push_back(items[i]);
    }
    if (!placed) place_leaf();
    return merged.empty() ? kNoNode : build(merged.data(), merged.size(), depth);
  }

  Link apply_to_extension(Link link, const TrieItem* items, size_t count, size_t depth) {
    const ExtensionCell& node = store_.extension(link);
    // The items under the whole path are a run; what lies around it matters only if it inserts.
    size_t split = node.to;
    size_t begin = 0, end = 0;
    for (size_t i = 0; i < count; ++i) {
      const size_t shared = common_until(items[i].key, node.key, depth, node.to);
      if (shared == node.to) {
        if (end == begin) begin = i;
        end = i + 1;
      } else if (items[i].size != 0) {
        split = std::min(split, shared);
      }
    }
    if (split == node.to) {
      const Link child = apply(node.child, items + begin, end - begin, node.to);
      if (child == node.child) return link;
      retire(link);
      return join(node.key, depth, node.to, child);
    }
    retire(link);
    Link children[16] = {};
    const unsigned own = nibble_at(node.key, split);
    children[own] = split + 1 == node.to ? node.child : make_extension(node.key, node.to, node.child);
    for (begin = 0; begin < count; begin = end) {
      end = begin + 1;
      // Deletes that leave the path before the split hit nothing.
      if (common_until(items[begin].key, node.key, depth, split) != split) continue;
      const unsigned nibble = nibble_at(items[begin].key, split);
      while (end < count && common_until(items[end].key, node.key, depth, split) == split && nibble_at(items[end].key, split) == nibble) ++end;
      children[nibble] = apply(children[nibble], items + begin, end - begin, split + 1);
    }
    return join(node.key, depth, split, finish_branch(children, kNoNode, node.key, split));
  }

  Link apply_to_branch(Link link, const TrieItem* items, size_t count, size_t depth) {
    const BranchView node = store_.branch(link);
    Link children[16] = {};
    for (unsigned nibble = 0, position = 0; nibble < 16; ++nibble)
      if ((*node.mask >> nibble & 1) != 0) children[nibble] = node.children[position++];
    size_t ends[16] = {};
    uint16_t touched = 0;
    for (size_t begin = 0, end; begin < count; begin = end) {
      const unsigned nibble = nibble_at(items[begin].key, depth);
      end = group_end(items, begin, count, depth, nibble);
      ends[nibble] = end;
      touched = static_cast<uint16_t>(touched | 1u << nibble);
    }
    bool changed = false;
    size_t begin = 0;
    for (unsigned nibble = 0; nibble < 16; ++nibble) {
      if ((touched >> nibble & 1) == 0) continue;
      const Link child = apply(children[nibble], items + begin, ends[nibble] - begin, depth + 1);
      begin = ends[nibble];
      changed |= child != children[nibble];
      children[nibble] = child;
    }
    if (!changed) return link;
    retire(link);
    return finish_branch(children, link, items[0].key, depth);
  }

  static bool same_value(const TrieItem& item, const LeafView& leaf) {
    return item.size == leaf.value.size && std::memcmp(item.value, leaf.value.data, item.size) == 0;
  }

  static size_t group_end(const TrieItem* items, size_t begin, size_t count, size_t depth, unsigned nibble) {
    size_t end = begin + 1;
    while (end < count && nibble_at(items[end].key, depth) == nibble) ++end;
    return end;
  }

  NodeStore& store_;
  std::array<std::vector<uint32_t>, kNodeKinds> spares_;
  std::array<size_t, kNodeKinds> take_next_ = [] {
    std::array<size_t, kNodeKinds> first;
    first.fill(1);  // tiny updates leave no spares behind
    return first;
  }();
};

Batch::Batch(NodeStore& store) : store_(store) { lane(0); }

Batch::~Batch() { drop(); }

Batch::Lane& Batch::lane(size_t index) {
  while (lanes_.size() <= index) lanes_.push_back(std::make_unique<Lane>(store_));
  return *lanes_[index];
}

Link Batch::update(Link root, const TrieItem* items, size_t count, Hash32* root_hash) {
  constexpr size_t kParallelMin = 2048;
  Link link;
  if (count < kParallelMin || thread_count() == 1 || (root != kNoNode && !is_branch(root))) {
    link = lanes_[0]->apply(root, items, count, 0);
  } else {
    // The sixteen subtrees under the root are independent.
    Link before[16] = {}, children[16];
    if (root != kNoNode)
      for (unsigned nibble = 0; nibble < 16; ++nibble) before[nibble] = store_.branch(root).child(nibble);
    size_t begins[17];
    for (size_t nibble = 0, i = 0; nibble <= 16; ++nibble) {
      while (i < count && nibble_at(items[i].key, 0) < nibble) ++i;
      begins[nibble] = i;
    }
    lane(16);
    parallel_for(16, 1, [&](size_t begin, size_t end) {
      for (size_t nibble = begin; nibble < end; ++nibble)
        children[nibble] = lanes_[1 + nibble]->apply(before[nibble], items + begins[nibble], begins[nibble + 1] - begins[nibble], 1);
    });
    if (std::equal(children, children + 16, before)) return root;
    if (root != kNoNode) lanes_[0]->retire(root);
    link = lanes_[0]->finish_branch(children, root, items[0].key, 0);
  }
  if (link != root && link != kNoNode) lanes_[0]->add_task(0, {link, root_hash->b, &root_size_});
  return link;
}

void Batch::hash() {
  size_t depths = 0;
  for (const auto& lane : lanes_) depths = std::max(depths, lane->levels.size());
  std::vector<Task> level;
  for (size_t depth = depths; depth-- > 0;) {
    level.clear();
    for (const auto& lane : lanes_) {
      if (depth >= lane->levels.size()) continue;
      level.insert(level.end(), lane->levels[depth].begin(), lane->levels[depth].end());
      lane->levels[depth].clear();
    }
    parallel_for(level.size(), 256, [&](size_t begin, size_t end) {
      hash_nodes(
          begin, end, depth == 0, [&](size_t i) { return store_.encoded_size_max(level[i].link); },
          [&](size_t i, uint8_t* out) { return store_.encode(level[i].link, depth, out); },
          [&](size_t i, const uint8_t* ref, size_t size) {
            std::memcpy(level[i].ref, ref, size);
            if (depth != 0) *level[i].size = static_cast<uint8_t>(size);
          });
    });
  }
}

void Batch::keep(std::vector<Link>& retired) {
  for (const auto& lane : lanes_) {
    retired.insert(retired.end(), lane->retired.begin(), lane->retired.end());
    lane->retired.clear();
    lane->created.clear();
    lane->return_spares();
  }
}

void Batch::drop() {
  for (const auto& lane : lanes_) {
    store_.release(lane->created);
    lane->created.clear();
    lane->retired.clear();
    lane->return_spares();
    for (auto& level : lane->levels) level.clear();
  }
}

}  // namespace zg::state
