// Trees and proofs: every backend against plain definitions written here, shapes around powers of two, guilty proofs named.
#include <algorithm>
#include <cstring>
#include <random>
#include <vector>

#include "check.hpp"
#include "common/parallel.hpp"
#include "grid/host_fibers.hpp"
#include "grid/host_threads.hpp"
#include "hash/keccak256/api.hpp"
#include "merkle/proof/api.hpp"
#include "merkle/proof/body.hpp"
#include "merkle/tree/body.hpp"

using namespace zg;

namespace {

const char* const kNames[] = {"scalar", "avx2", "avx512", "emu"};

Hash32 parent(const Hash32& left, const Hash32& right) {
  uint8_t both[64];
  std::memcpy(both, left.b, 32);
  std::memcpy(both + 32, right.b, 32);
  return keccak256::hash({both, 64});
}

// The recursive definition: the left subtree takes the largest power of two below the count.
Hash32 plain_root(const Hash32* leaves, size_t count) {
  if (count == 1) return leaves[0];
  size_t left = 1;
  while (2 * left < count) left *= 2;
  return parent(plain_root(leaves, left), plain_root(leaves + left, count - left));
}

std::vector<Hash32> random_leaves(std::mt19937_64& random, size_t count) {
  std::vector<Hash32> leaves(count);
  for (Hash32& leaf : leaves)
    for (uint8_t& byte : leaf.b) byte = static_cast<uint8_t>(random());
  return leaves;
}

void trees(const merkle::Table& table, std::mt19937_64& random) {
  std::vector<Hash32> all, wanted;
  std::vector<uint64_t> offsets{0};
  for (size_t count : {0, 1, 2, 3, 4, 5, 7, 8, 9, 15, 16, 17, 31, 33, 64, 65, 100, 0, 127, 128, 129, 300}) {
    const std::vector<Hash32> leaves = random_leaves(random, count);
    all.insert(all.end(), leaves.begin(), leaves.end());
    offsets.push_back(all.size());
    if (count == 0) {
      wanted.push_back(Hash32{});
      continue;
    }
    wanted.push_back(plain_root(leaves.data(), count));
    std::vector<uint8_t> nodes(32 * merkle::tree_size(count));
    merkle::build_tree(table, leaves[0].b, count, nodes.data());
    CHECK(std::memcmp(nodes.data() + nodes.size() - 32, wanted.back().b, 32) == 0);
    for (size_t index = 0; index < count; ++index) {
      const size_t depth = merkle::proof_depth(count, index);
      std::vector<uint8_t> siblings(32 * depth), path(depth);
      merkle::make_proof(nodes.data(), count, index, siblings.data(), path.data());
      const auto position = merkle::path_position(path.data(), depth, count);
      CHECK(position.ok() && *position == index);
      const uint64_t bounds[2] = {0, depth};
      uint8_t ok = 2;
      merkle::verify_many(table, leaves[index].b, siblings.data(), path.data(), bounds, 1, wanted.back().b, 32, &ok);
      CHECK(ok == 1);
    }
  }
  std::vector<Hash32> roots(wanted.size());
  merkle::tree_roots(table, all[0].b, offsets.data(), wanted.size(), roots[0].b);
  for (size_t t = 0; t < wanted.size(); ++t) CHECK(roots[t] == wanted[t]);
  merkle::tree_roots(table, nullptr, offsets.data(), 0, nullptr);
}

void files(const merkle::Table& table, std::mt19937_64& random, bool slow) {
  std::vector<uint8_t> data((slow ? 5 : 20) * merkle::kSegmentSize / 4 + 1000);
  for (uint8_t& byte : data) byte = static_cast<uint8_t>(random());
  std::vector<size_t> sizes{1, 255, 256, 257, 511, 512, 513, 2047, 2048, 2049, 4097, 65537, 262143, 262144, 262145};
  if (!slow) sizes.insert(sizes.end(), {300000, 524288, 786432, 1048576, 1048577, data.size()});
  for (size_t size : sizes) {
    const auto found = merkle::file_tree(table, {data.data(), size});
    CHECK(found.ok());
    const merkle::FileLayout& layout = found->layout;
    std::vector<Hash32> leaves;
    for (uint64_t i = 0; i < layout.sectors_padded; ++i) {
      uint8_t sector[256] = {};
      if (256 * i < size) std::memcpy(sector, data.data() + 256 * i, std::min<size_t>(256, size - 256 * i));
      leaves.push_back(keccak256::hash({sector, 256}));
    }
    CHECK(found->root == plain_root(leaves.data(), leaves.size()));
    CHECK(found->segment_roots.size() == layout.segments_padded);
    for (uint64_t s = 0; s < layout.segments_padded; ++s) {
      const size_t first = s * merkle::kSegmentSectors;
      const size_t count = std::min<size_t>(merkle::kSegmentSectors, leaves.size() - first);
      CHECK(found->segment_roots[s] == plain_root(leaves.data() + first, count));
      const size_t begin = std::min(size, s * merkle::kSegmentSize), end = std::min(size, (s + 1) * merkle::kSegmentSize);
      const auto alone = merkle::segment_root(table, {data.data() + begin, end - begin}, count);
      CHECK(alone.ok() && *alone == found->segment_roots[s]);
    }
    Hash32 fold{};
    for (size_t n = layout.nodes.size(); n-- != 0;) {
      const auto& node = layout.nodes[n];
      const Hash32 root = plain_root(leaves.data() + node.first_sector, size_t{1} << node.height);
      CHECK(found->node_roots[n] == root);
      fold = n + 1 == layout.nodes.size() ? root : parent(root, fold);
    }
    CHECK(fold == found->root);
  }
  CHECK(!merkle::file_tree(table, {data.data(), 0}).ok());
  CHECK(!merkle::segment_root(table, {data.data(), 257}, 1).ok());
  CHECK(!merkle::segment_root(table, {data.data(), 1}, 0).ok());
  CHECK(!merkle::segment_root(table, {data.data(), 1}, 1025).ok());
}

// All good, then one bad at each position and in each part of a proof.
void blame(const merkle::Table& table, std::mt19937_64& random, bool slow) {
  const size_t count = slow ? 5 : 41;
  const std::vector<Hash32> tree_leaves = random_leaves(random, 77);
  std::vector<uint8_t> nodes(32 * merkle::tree_size(tree_leaves.size()));
  merkle::build_tree(table, tree_leaves[0].b, tree_leaves.size(), nodes.data());
  std::vector<uint8_t> leaves, siblings, path, roots;
  std::vector<uint64_t> offsets{0};
  for (size_t i = 0; i < count; ++i) {
    const size_t index = i == 0 ? 76 : random() % 77;  // leaf 76 has the shortest path
    const size_t depth = merkle::proof_depth(77, index);
    siblings.resize(32 * (offsets.back() + depth));
    path.resize(offsets.back() + depth);
    merkle::make_proof(nodes.data(), 77, index, siblings.data() + 32 * offsets.back(), path.data() + offsets.back());
    offsets.push_back(path.size());
    leaves.insert(leaves.end(), tree_leaves[index].b, tree_leaves[index].b + 32);
    roots.insert(roots.end(), nodes.end() - 32, nodes.end());
  }
  std::vector<uint8_t> ok(count);
  auto guilty = [&] {
    merkle::verify_many(table, leaves.data(), siblings.data(), path.data(), offsets.data(), count, roots.data(), 32, ok.data());
    std::vector<size_t> out;
    for (size_t i = 0; i < count; ++i)
      if (ok[i] == 0) out.push_back(i);
    return out;
  };
  CHECK(guilty().empty());
  for (size_t i = 0; i < count; ++i) {
    const std::vector<size_t> only{i};
    const size_t entry = offsets[i] + random() % (offsets[i + 1] - offsets[i]);
    uint8_t& leaf_byte = leaves[32 * i + random() % 32];
    leaf_byte ^= 1;
    CHECK(guilty() == only);
    leaf_byte ^= 1;
    CHECK(guilty().empty());
    siblings[32 * entry + 5] ^= 0x80;
    CHECK(guilty() == only);
    siblings[32 * entry + 5] ^= 0x80;
    path[entry] ^= 1;
    CHECK(guilty() == only);
    path[entry] ^= 1;
    roots[32 * i + 31] ^= 1;
    CHECK(guilty() == only);
    roots[32 * i + 31] ^= 1;
  }
  for (uint8_t& byte : roots) byte ^= 0xff;
  CHECK(guilty().size() == count);
  merkle::verify_many(table, nullptr, nullptr, nullptr, offsets.data(), 0, nullptr, 32, nullptr);

  // The device body gives the same roots on both host grids.
  std::vector<uint64_t> leaf_words(4 * count), sibling_words(siblings.size() / 8), folded(4 * count), wanted(4 * count);
  std::memcpy(leaf_words.data(), leaves.data(), leaves.size());
  std::memcpy(sibling_words.data(), siblings.data(), siblings.size());
  merkle::fold_many(table, leaves.data(), siblings.data(), path.data(), offsets.data(), count, reinterpret_cast<uint8_t*>(wanted.data()));
  auto body = [&](auto& grid) {
    merkle::FoldBody{}(grid, grid::View<const uint64_t>{leaf_words.data(), leaf_words.size()},
                       grid::View<const uint64_t>{sibling_words.data(), sibling_words.size()},
                       grid::View<const uint8_t>{path.data(), path.size()}, grid::View<const uint64_t>{offsets.data(), offsets.size()},
                       grid::View<uint64_t>{folded.data(), folded.size()});
  };
  CHECK(grid::run_on_fibers({3, 16, 0, 5}, body).ok);
  CHECK(folded == wanted);
  std::fill(folded.begin(), folded.end(), 0);
  CHECK(grid::run_on_threads({6, 8, 0, 0}, body).ok);
  CHECK(folded == wanted);
}

void segments(const merkle::Table& table, std::mt19937_64& random) {
  const uint64_t size = 10485883;  // 41 segments with data, 44 in the tree
  std::vector<Hash32> roots = random_leaves(random, 44);
  for (size_t i = 41; i < 44; ++i) roots[i] = merkle::zero_root(10);
  std::vector<uint8_t> nodes(32 * merkle::tree_size(44));
  merkle::build_tree(table, roots[0].b, 44, nodes.data());
  const Hash32 top = fixed_from<32>(nodes.data() + nodes.size() - 32);
  std::vector<std::vector<uint8_t>> lemmas(44), paths(44);
  std::vector<merkle::SegmentProof> proofs;
  for (size_t i = 0; i < 44; ++i) {
    const size_t depth = merkle::proof_depth(44, i);
    lemmas[i].resize(32 * (depth + 2));
    paths[i].resize(depth);
    std::memcpy(lemmas[i].data(), roots[i].b, 32);
    merkle::make_proof(nodes.data(), 44, i, lemmas[i].data() + 32, paths[i].data());
    std::memcpy(lemmas[i].data() + 32 * (depth + 1), top.b, 32);
    proofs.push_back({as_bytes(lemmas[i]), as_bytes(paths[i]), i, size, top, roots[i]});
  }
  std::vector<merkle::ProofFault> faults(44);
  auto verify = [&] { merkle::verify_segments(table, proofs.data(), proofs.size(), faults.data()); };
  auto only = [&](size_t index, merkle::ProofFault fault) {
    verify();
    for (size_t i = 0; i < faults.size(); ++i)
      if (faults[i] != (i == index ? fault : merkle::ProofFault::none)) return false;
    return true;
  };
  using enum merkle::ProofFault;
  CHECK(only(0, none));
  const auto saved = proofs;
  proofs[3].segment_index = 4;
  CHECK(only(3, position));
  proofs = saved;
  proofs[5].segment_root.b[0] ^= 1;
  CHECK(only(5, leaf));
  proofs = saved;
  proofs[6].file_root.b[0] ^= 1;
  CHECK(only(6, root));
  proofs = saved;
  lemmas[7][40] ^= 1;
  CHECK(only(7, fold));
  lemmas[7][40] ^= 1;
  proofs[8].path.size -= 1;
  CHECK(only(8, shape));
  proofs = saved;
  proofs[9].lemma.size -= 1;
  CHECK(only(9, shape));
  proofs = saved;
  proofs[10].file_size_bytes = 0;
  CHECK(only(10, shape));
  proofs = saved;
  proofs[11].file_size_bytes = uint64_t{1} << 40;
  CHECK(only(11, position));
  proofs = saved;
  // Segment 40 is the last with data; its right sibling at the lowest level is all zeros.
  lemmas[40][33] ^= 1;
  CHECK(only(40, zero_padding));
  lemmas[40][33] ^= 1;
  CHECK(only(0, none));
  const std::vector<uint8_t> deep(200, 1), hashes(32 * 202);
  proofs[0].path = as_bytes(deep);
  proofs[0].lemma = as_bytes(hashes);
  CHECK(only(0, shape));
  // One segment: the lemma is the root alone.
  const merkle::SegmentProof single{as_bytes(roots[0]), {nullptr, 0}, 0, 1000, roots[0], roots[0]};
  merkle::ProofFault fault = shape;
  merkle::verify_segments(table, &single, 1, &fault);
  CHECK(fault == none);
  merkle::verify_segments(table, nullptr, 0, nullptr);
}

// The segment body under the race checker's grid.
void subtree_body_on_threads(std::mt19937_64& random) {
  std::vector<uint64_t> words(2 * 32 * 16), roots(8), wanted(8);
  for (uint64_t& word : words) word = random();
  const merkle::Table& table = **merkle::backend("scalar");
  std::vector<uint8_t> scratch(32 * 16);
  table.subtrees(reinterpret_cast<const uint8_t*>(words.data()), 4, 2, scratch.data(), reinterpret_cast<uint8_t*>(wanted.data()));
  auto body = [&](auto& grid) {
    merkle::SubtreeBody{}(grid, 4, grid::View<const uint64_t>{words.data(), words.size()}, grid::View<uint64_t>{roots.data(), roots.size()});
  };
  for (unsigned width : {1, 3, 8, 16, 20}) {
    std::fill(roots.begin(), roots.end(), 0);
    CHECK(grid::run_on_threads({2, width, grid::shared_size<uint64_t>(4 * 16), 0}, body).ok);
    CHECK(roots == wanted);
    for (uint64_t seed = 0; seed < 5; ++seed) {
      std::fill(roots.begin(), roots.end(), 0);
      CHECK(grid::run_on_fibers({2, width, grid::shared_size<uint64_t>(4 * 16), seed}, body).ok);
      CHECK(roots == wanted);
    }
  }
}

}  // namespace

int main() {
  std::mt19937_64 random(11);
  set_thread_count(4);
  int present = 0;
  for (const char* name : kNames) {
#if defined(__SANITIZE_THREAD__)
    // A fiber costs this sanitizer a millisecond; it sees the bodies on the threads grid below.
    if (name == kNames[3]) continue;
#endif
    const auto table = merkle::backend(name);
    if (!table.ok()) {
      std::printf("skipped %s: %s\n", name, table.failure().message.c_str());
      continue;
    }
    ++present;
    trees(**table, random);
    files(**table, random, name == kNames[3]);
    blame(**table, random, name == kNames[3]);
    segments(**table, random);
  }
  CHECK(present >= 1);
  CHECK(!merkle::backend("sse9").ok());
  CHECK(to_hex(as_bytes(merkle::zero_root(12))) == "6e250d9abdbbb3993fce08de0395cdb56f0483e67d8762a798de011f6a50866a");
  const uint8_t path[3] = {1, 1, 1};
  CHECK(!merkle::path_position(path, 3, 4).ok());
  CHECK(!merkle::path_position(path, 1, 4).ok());
  CHECK(!merkle::path_position(path, 0, 0).ok());
  CHECK(!merkle::path_position(path, 3, UINT64_MAX).ok());
  subtree_body_on_threads(random);
  return check_report();
}
