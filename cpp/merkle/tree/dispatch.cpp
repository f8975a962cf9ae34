#include <algorithm>
#include <bit>
#include <cstring>

#include "common/backend.hpp"
#include "common/cpu.hpp"
#include "common/parallel.hpp"
#include "hash/keccak256/api.hpp"
#include "merkle/tree/api.hpp"

namespace zg::merkle {

namespace {

// The root of one zero sector and of four: both are in every storage network's contracts.
constexpr uint8_t kZeroRoots[2][32] = {
    {0xd3, 0x97, 0xb3, 0xb0, 0x43, 0xd8, 0x7f, 0xcd, 0x6f, 0xad, 0x12, 0x91, 0xff, 0x0b, 0xfd, 0x16,
     0x40, 0x1c, 0x27, 0x48, 0x96, 0xd8, 0xc6, 0x3a, 0x92, 0x37, 0x27, 0xf0, 0x77, 0xb8, 0xe0, 0xb5},
    {0xa1, 0x52, 0x02, 0x64, 0xae, 0x93, 0xca, 0xc6, 0x19, 0xe2, 0x2e, 0x87, 0x18, 0xfc, 0x4f, 0xa7,
     0xeb, 0xdd, 0x23, 0xf4, 0x93, 0xca, 0xd6, 0x02, 0x43, 0x4d, 0x2a, 0x58, 0xff, 0x48, 0x68, 0xfb}};

bool self_test(const void* opaque) {
  const Table& table = *static_cast<const Table*>(opaque);
  const std::vector<uint8_t> zeros(4 * kSectorSize);
  uint8_t scratch[128], digests[3 * 32], root[32];
  table.sectors(zeros.data(), 3, digests);
  for (size_t i = 0; i < 3; ++i)
    if (std::memcmp(digests + 32 * i, kZeroRoots[0], 32) != 0) return false;
  table.subtrees(zeros.data(), 2, 1, scratch, root);
  return std::memcmp(root, kZeroRoots[1], 32) == 0;
}

KernelBackends& kernel() {
  static KernelBackends backends("merkle_tree",
                                 {
#if defined(__x86_64__)
                                     {"avx512", kCpuAvx512 | kCpuBmi2Adx, &avx512},
                                     {"avx2", kCpuAvx2 | kCpuBmi2Adx, &avx2},
#endif
                                     {"scalar", 0, &scalar},
#if defined(ZG_EMU)
                                     {"emu", 0, &emu},
#endif
                                 },
                                 self_test);
  return backends;
}

[[maybe_unused]] KernelBackends& g_registered = kernel();

// About 50 microseconds of one core.
constexpr size_t kGrainPairs = 1024;
constexpr size_t kGrainSectors = 256;

// One level: pairs of `count` nodes to `out`, the odd one carried. Returns the nodes of the new level.
size_t reduce_level(const Table& table, const uint8_t* nodes, size_t count, uint8_t* out) {
  const size_t pairs = count / 2;
  parallel_for(pairs, kGrainPairs,
               [&](size_t begin, size_t end) { table.keccak->hash_64(nodes + 64 * begin, end - begin, out + 32 * begin); });
  if (count % 2 != 0) std::memcpy(out + 32 * pairs, nodes + 64 * pairs, 32);
  return pairs + count % 2;
}

// Root of `count` nodes, reduced in place on this thread.
void reduce_in_place(const Table& table, uint8_t* nodes, size_t count) {
  while (count > 1) {
    const size_t pairs = count / 2;
    table.keccak->hash_64(nodes, pairs, nodes);
    if (count % 2 != 0) std::memmove(nodes + 32 * pairs, nodes + 64 * pairs, 32);
    count = pairs + count % 2;
  }
}

}  // namespace

Outcome<const Table*> backend(std::string_view name) {
  const Outcome<const void*> found = kernel().named(name);
  if (!found.ok()) return found.failure();
  return static_cast<const Table*>(*found);
}

size_t tree_size(size_t leaf_count) {
  if (leaf_count == 0) return 0;
  size_t total = leaf_count;
  for (size_t count = leaf_count; count > 1;) {
    count = (count + 1) / 2;
    total += count;
  }
  return total;
}

void build_tree(const Table& table, const uint8_t* leaves, size_t leaf_count, uint8_t* nodes) {
  if (leaf_count == 0) return;
  if (leaves != nodes) std::memcpy(nodes, leaves, 32 * leaf_count);
  for (size_t count = leaf_count; count > 1;) {
    uint8_t* next = nodes + 32 * count;
    count = reduce_level(table, nodes, count, next);
    nodes = next;
  }
}

void tree_roots(const Table& table, const uint8_t* leaves, const uint64_t* offsets, size_t tree_count, uint8_t* roots) {
  // Pieces of whole trees; inside a piece all trees go up together, pairs of every tree in one list.
  const uint64_t leaf_count = offsets[tree_count] - offsets[0];
  const size_t grain = leaf_count == 0 ? tree_count : std::max<size_t>(1, kGrainPairs * tree_count / leaf_count);
  parallel_for(tree_count, grain, [&](size_t begin, size_t end) {
    if (end - begin == 1 && offsets[end] - offsets[begin] >= 2 * kGrainPairs) {
      const size_t count = offsets[end] - offsets[begin];
      std::vector<uint8_t> level(32 * ((count + 1) / 2));
      const size_t next = reduce_level(table, leaves + 32 * offsets[begin], count, level.data());
      reduce_in_place(table, level.data(), next);
      std::memcpy(roots + 32 * begin, level.data(), 32);
      return;
    }
    std::vector<uint8_t> nodes(32 * (offsets[end] - offsets[begin]));
    if (!nodes.empty()) std::memcpy(nodes.data(), leaves + 32 * offsets[begin], nodes.size());
    std::vector<size_t> counts(end - begin);
    size_t tallest = 0;
    for (size_t t = begin; t < end; ++t) {
      counts[t - begin] = offsets[t + 1] - offsets[t];
      tallest = std::max(tallest, counts[t - begin]);
    }
    std::vector<const uint8_t*> lefts, rights;
    std::vector<uint8_t*> outs;
    while (tallest > 1) {
      lefts.clear();
      rights.clear();
      outs.clear();
      for (size_t t = begin; t < end; ++t) {
        uint8_t* tree = nodes.data() + 32 * (offsets[t] - offsets[begin]);
        // Node i replaces node 2i: a pair's output lies on inputs that this batch has read already, or on its own.
        for (size_t i = 0; i < counts[t - begin] / 2; ++i) {
          lefts.push_back(tree + 64 * i);
          rights.push_back(tree + 64 * i + 32);
          outs.push_back(tree + 32 * i);
        }
      }
      table.keccak->hash_pairs(lefts.data(), rights.data(), outs.data(), outs.size());
      for (size_t t = begin; t < end; ++t) {
        size_t& count = counts[t - begin];
        if (count % 2 != 0 && count > 1) {
          uint8_t* tree = nodes.data() + 32 * (offsets[t] - offsets[begin]);
          std::memmove(tree + 32 * (count / 2), tree + 32 * (count - 1), 32);
        }
        count = (count + 1) / 2;
      }
      tallest = (tallest + 1) / 2;
    }
    for (size_t t = begin; t < end; ++t) {
      if (offsets[t + 1] == offsets[t]) {
        std::memset(roots + 32 * t, 0, 32);
      } else {
        std::memcpy(roots + 32 * t, nodes.data() + 32 * (offsets[t] - offsets[begin]), 32);
      }
    }
  });
}

const Hash32& zero_root(unsigned height) {
  struct ZeroRoots {
    Hash32 at[64];
    ZeroRoots() {
      const uint8_t zeros[kSectorSize] = {};
      keccak256::scalar.hash_one({zeros, sizeof zeros}, at[0].b);
      for (unsigned h = 1; h < 64; ++h) {
        uint8_t both[64];
        std::memcpy(both, at[h - 1].b, 32);
        std::memcpy(both + 32, at[h - 1].b, 32);
        keccak256::scalar.hash_one({both, 64}, at[h].b);
      }
    }
  };
  static const ZeroRoots roots;
  return roots.at[height & 63];
}

Outcome<FileLayout> file_layout(uint64_t size_bytes) {
  if (size_bytes == 0) return Failure{Status::bad_argument, "size_bytes: an empty file has no tree, expected at least 1"};
  if (size_bytes > uint64_t{1} << 56) return Failure{Status::bad_argument, "size_bytes: expected at most 2^56, found " + std::to_string(size_bytes)};
  FileLayout layout{};
  layout.size_bytes = size_bytes;
  layout.sectors = (size_bytes + kSectorSize - 1) / kSectorSize;
  const uint64_t power = std::bit_ceil(layout.sectors);
  const uint64_t multiple = power >= 16 ? power / 16 : 1;
  layout.sectors_padded = (layout.sectors + multiple - 1) / multiple * multiple;
  layout.segments = (size_bytes + kSegmentSize - 1) / kSegmentSize;
  layout.segments_padded = (layout.sectors_padded + kSegmentSectors - 1) / kSegmentSectors;
  uint64_t placed = 0;
  for (uint64_t part = power; placed < layout.sectors_padded; part /= 2) {
    if (layout.sectors_padded - placed < part) continue;
    layout.nodes.push_back({static_cast<unsigned>(std::countr_zero(part)), placed});
    placed += part;
  }
  return layout;
}

void hash_sectors(const Table& table, Bytes data, uint8_t* digests) {
  const size_t whole = data.size / kSectorSize;
  parallel_for(whole, kGrainSectors,
               [&](size_t begin, size_t end) { table.sectors(data.data + kSectorSize * begin, end - begin, digests + 32 * begin); });
  if (const size_t rest = data.size % kSectorSize; rest != 0) {
    uint8_t last[kSectorSize] = {};
    std::memcpy(last, data.data + kSectorSize * whole, rest);
    table.sectors(last, 1, digests + 32 * whole);
  }
}

void segment_roots(const Table& table, const uint8_t* data, size_t count, uint8_t* roots) {
  parallel_for(count, 1, [&](size_t begin, size_t end) {
    alignas(64) uint8_t scratch[32 * kSegmentSectors];
    table.subtrees(data + kSegmentSize * begin, kSegmentHeight, end - begin, scratch, roots + 32 * begin);
  });
}

namespace {

// Leaf digests of a segment's data, zero sectors up to leaf_count.
std::vector<uint8_t> segment_leaves(const Table& table, Bytes data, size_t leaf_count) {
  std::vector<uint8_t> leaves(32 * leaf_count);
  const size_t carrying = (data.size + kSectorSize - 1) / kSectorSize;
  hash_sectors(table, data, leaves.data());
  for (size_t i = carrying; i < leaf_count; ++i) std::memcpy(leaves.data() + 32 * i, zero_root(0).b, 32);
  return leaves;
}

}  // namespace

Outcome<Hash32> segment_root(const Table& table, Bytes data, size_t leaf_count) {
  if (leaf_count == 0 || leaf_count > kSegmentSectors)
    return Failure{Status::bad_argument, "leaf_count: expected 1 to 1024, found " + std::to_string(leaf_count)};
  if (data.size > leaf_count * kSectorSize)
    return Failure{Status::bad_argument, "data: expected at most " + std::to_string(leaf_count * kSectorSize) + " bytes, found " + std::to_string(data.size)};
  std::vector<uint8_t> leaves = segment_leaves(table, data, leaf_count);
  reduce_in_place(table, leaves.data(), leaf_count);
  return fixed_from<32>(leaves.data());
}

Outcome<FileTree> file_tree(const Table& table, Bytes data) {
  Outcome<FileLayout> layout = file_layout(data.size);
  if (!layout.ok()) return layout.failure();
  FileTree tree;
  tree.layout = std::move(*layout);
  const size_t segments = tree.layout.segments_padded;
  tree.segment_roots.assign(segments, zero_root(kSegmentHeight));

  // Segments full of data, on all threads.
  const size_t whole = data.size / kSegmentSize;
  uint8_t* roots = whole == 0 ? nullptr : tree.segment_roots[0].b;
  segment_roots(table, data.data, whole, roots);

  // The segment where the data ends, and the last one when it has fewer leaves; both may be the same, or absent.
  const size_t last = segments - 1;
  const size_t last_leaves = (tree.layout.sectors_padded - 1) % kSegmentSectors + 1;
  std::vector<uint8_t> last_nodes;  // the tree of the last segment, for submission nodes below a segment
  for (size_t s = whole; s < segments; ++s) {
    const size_t leaf_count = s == last ? last_leaves : kSegmentSectors;
    const size_t begin = std::min<size_t>(data.size, s * kSegmentSize);
    const size_t end = std::min<size_t>(data.size, (s + 1) * kSegmentSize);
    if (begin == end && leaf_count == kSegmentSectors) continue;  // a zero segment, set above
    const std::vector<uint8_t> leaves = segment_leaves(table, {data.data + begin, end - begin}, leaf_count);
    std::vector<uint8_t> nodes(32 * tree_size(leaf_count));
    build_tree(table, leaves.data(), leaf_count, nodes.data());
    std::memcpy(tree.segment_roots[s].b, nodes.data() + nodes.size() - 32, 32);
    if (s == last) last_nodes = std::move(nodes);
  }

  std::vector<uint8_t> top(32 * tree_size(segments));
  build_tree(table, tree.segment_roots[0].b, segments, top.data());
  tree.root = fixed_from<32>(top.data() + top.size() - 32);

  // An aligned node is a node of the tree above the segments, or of the last segment's.
  auto pick = [](const std::vector<uint8_t>& nodes, size_t leaf_count, unsigned level, size_t index) {
    size_t start = 0;
    for (; level != 0; --level) {
      start += leaf_count;
      leaf_count = (leaf_count + 1) / 2;
    }
    return fixed_from<32>(nodes.data() + 32 * (start + index));
  };
  std::vector<uint8_t> row;
  for (const FileLayout::Node& node : tree.layout.nodes) {
    const Hash32 root = node.height >= kSegmentHeight
                            ? pick(top, segments, node.height - kSegmentHeight, node.first_sector >> node.height)
                            : pick(last_nodes, last_leaves, node.height, (node.first_sector % kSegmentSectors) >> node.height);
    tree.node_roots.push_back(root);
    row.insert(row.end(), root.b, root.b + 32);
  }
  tree.identity = keccak256::hash(as_bytes(row));
  return tree;
}

}  // namespace zg::merkle
