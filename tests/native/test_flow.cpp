// The flow tree against one that holds every leaf: random submissions, proofs at every earlier length, reverts, rows.
#include <algorithm>
#include <cstring>
#include <map>
#include <random>
#include <vector>

#include "check.hpp"
#include "hash/keccak256/api.hpp"
#include "merkle/append/api.hpp"
#include "merkle/proof/api.hpp"

using namespace zg;
using merkle::FlowTree;

namespace {

Hash32 parent(const Hash32& left, const Hash32& right) {
  uint8_t both[64];
  std::memcpy(both, left.b, 32);
  std::memcpy(both + 32, right.b, 32);
  return keccak256::hash({both, 64});
}

// Root over `count` leaves from `first` on, zero sectors beyond the end; count is a power of two.
Hash32 plain_root(const std::vector<Hash32>& leaves, size_t length, size_t first, size_t count) {
  if (first >= length) return merkle::zero_root(static_cast<unsigned>(__builtin_ctzll(count)));
  if (count == 1) return leaves[first];
  return parent(plain_root(leaves, length, first, count / 2), plain_root(leaves, length, first + count / 2, count / 2));
}

Hash32 plain_flow_root(const std::vector<Hash32>& leaves, size_t length) {
  size_t size = 1;
  while (size < length) size *= 2;
  return plain_root(leaves, length, 0, size);
}

using Rows = std::map<std::vector<uint8_t>, std::vector<uint8_t>>;

void store(FlowTree& tree, Rows& rows) {
  for (FlowTree::Row& row : tree.take_rows()) {
    if (row.is_erased) {
      CHECK(rows.erase(row.key) == 1);
    } else {
      CHECK(rows.emplace(row.key, row.value).second);
    }
  }
}

struct World {
  FlowTree tree;
  std::vector<Hash32> leaves{Hash32{}};
  std::vector<size_t> lengths{1};
  Rows rows;

  void submit(std::mt19937_64& random) {
    const uint64_t bound = random() % 4 == 0 ? 600000 : 3000;
    const uint64_t size = 1 + random() % bound;
    const merkle::FileLayout layout = *merkle::file_layout(size);
    std::vector<unsigned> heights;
    for (const auto& node : layout.nodes) heights.push_back(node.height);
    const merkle::Placement placed = *merkle::place(leaves.size(), heights.data(), heights.size());
    leaves.resize(placed.length, merkle::zero_root(0));
    std::vector<FlowTree::Node> nodes;
    for (size_t i = 0; i < heights.size(); ++i) {
      const size_t count = size_t{1} << heights[i];
      for (size_t k = 0; k < count; ++k) {
        for (uint8_t& byte : leaves[placed.positions[i] + k].b) byte = static_cast<uint8_t>(random());
      }
      nodes.push_back({heights[i], plain_root(leaves, leaves.size(), placed.positions[i], count)});
    }
    const auto done = tree.submit(nodes.data(), nodes.size());
    CHECK(done.ok() && done->start == placed.positions[0] && done->length == leaves.size());
    CHECK(tree.root() == plain_flow_root(leaves, leaves.size()));
    lengths.push_back(leaves.size());
  }

  void fill(std::mt19937_64& random) {
    const size_t sector = random() % leaves.size();
    const auto lowest = tree.known(sector);
    CHECK(lowest.has_value());
    if (lowest->height <= merkle::kSegmentHeight) return;
    const size_t count = size_t{1} << (lowest->height - merkle::kSegmentHeight);
    const uint64_t first = lowest->index * count;
    std::vector<Hash32> roots;
    for (size_t i = 0; i < count; ++i) roots.push_back(plain_root(leaves, leaves.size(), (first + i) * 1024, 1024));
    std::vector<Hash32> wrong = roots;
    wrong[random() % count].b[5] ^= 1;
    const size_t before = tree.node_count();
    CHECK(!tree.fill_segments(first, wrong.data(), count).ok());
    CHECK(!tree.fill_segments(first, roots.data(), count - 1).ok());
    CHECK(tree.node_count() == before);
    const auto filled = tree.fill_segments(first, roots.data(), count);
    CHECK(filled.ok() && *filled == count);
  }

  void prove(std::mt19937_64& random) {
    const size_t length = lengths[random() % lengths.size()];
    const size_t sector = random() % length;
    const auto lowest = tree.known(sector);
    std::vector<uint8_t> inner;
    if (lowest->height != 0 && lowest->height <= merkle::kSegmentHeight) {
      const size_t count = size_t{1} << lowest->height;
      inner.resize(32 * merkle::tree_size(count));
      merkle::build_tree(**merkle::backend("scalar"), leaves[lowest->index << lowest->height].b, count, inner.data());
      inner[3] ^= 1;  // a leaf; the root stays, so this lie shows in the proof alone
      inner[inner.size() - 1] ^= 1;
      CHECK(!tree.prove(0, sector, length, inner.data(), lowest->height).ok());
      inner[3] ^= 1;
      inner[inner.size() - 1] ^= 1;
      CHECK(!tree.prove(0, sector, length, nullptr, 0).ok());
    }
    const auto proof = tree.prove(0, sector, length, inner.empty() ? nullptr : inner.data(), lowest->height);
    CHECK(proof.ok());
    if (!proof.ok() || !*proof) return;
    Hash32 running = (*proof)->leaf;
    CHECK(running == leaves[sector]);
    for (size_t i = 0; i < (*proof)->siblings.size(); ++i) {
      CHECK(((*proof)->path[i] != 0) == ((sector >> i) % 2 == 0));
      running = (*proof)->path[i] != 0 ? parent(running, (*proof)->siblings[i]) : parent((*proof)->siblings[i], running);
    }
    CHECK(running == (*proof)->root);
    CHECK(running == plain_flow_root(leaves, length));
  }

  void revert(std::mt19937_64& random) {
    const size_t kept = random() % lengths.size();
    const auto dropped = tree.revert(lengths[kept]);
    CHECK(dropped.ok() && *dropped == lengths.size() - 1 - kept);
    lengths.resize(kept + 1);
    leaves.resize(lengths.back());
    CHECK(tree.root() == (kept == 0 ? Hash32{} : plain_flow_root(leaves, leaves.size())));
  }

  void restart() {
    store(tree, rows);
    FlowTree loaded;
    for (const auto& [key, value] : rows) CHECK(loaded.load_row(as_bytes(key), as_bytes(value)).ok());
    CHECK(loaded.finish_load().ok());
    CHECK(loaded.root() == tree.root() && loaded.length() == tree.length() && loaded.node_count() == tree.node_count());
    tree = std::move(loaded);
  }
};

}  // namespace

int main() {
  std::mt19937_64 random(7);
  for (int life = 0; life < 4; ++life) {
    World world;
    for (int step = 0; step < 30; ++step) {
      world.submit(random);
      if (random() % 3 == 0) world.fill(random);
      store(world.tree, world.rows);
      if (random() % 8 == 0) world.revert(random);
      store(world.tree, world.rows);
      if (random() % 6 == 0) world.restart();
      if (random() % 4 == 0) world.prove(random);
    }
  }
  FlowTree tree;
  const FlowTree::Node wide = {56, Hash32{}};
  CHECK(!tree.submit(&wide, 1).ok());
  CHECK(!tree.submit(nullptr, 0).ok());
  CHECK(!tree.revert(2).ok());
  CHECK(!tree.known(1).has_value());
  CHECK(!tree.prove(0, UINT64_MAX, 1, nullptr, 0).ok());
  CHECK(!tree.fill_segments(UINT64_MAX, nullptr, 1).ok());
  return check_report();
}
