// Proofs from strangers: any nodes, with true hashes put where the input leaves a mark so that deep nodes are reached. What is
// shown lies inside the nodes, a node more or less is no proof any more, and no read may leave them.
#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <vector>

#include "hash/keccak256/api.hpp"
#include "state/reader.hpp"
#include "state/trie/api.hpp"

using namespace zg;

namespace {

void require(bool condition) {
  if (!condition) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size < 2) return 0;
  const size_t key_size = std::min<size_t>(data[0] % 40, size - 2);
  const size_t wanted = data[1] % 8;
  const Bytes key{data + 2, key_size};
  data += 2 + key_size;
  size -= 2 + key_size;
  std::vector<std::vector<uint8_t>> nodes;
  for (size_t i = 0; i < wanted; ++i) {
    const size_t piece = i + 1 == wanted ? size : std::min<size_t>(size, size == 0 ? 0 : data[0] * 3u);
    nodes.emplace_back(data, data + piece);
    data += piece;
    size -= piece;
  }
  // A run 0xa0 0xee … in a node stands for the hash of the next one.
  for (size_t i = nodes.size(); i-- > 1;) {
    const Hash32 hash = keccak256::hash(as_bytes(nodes[i]));
    std::vector<uint8_t>& parent = nodes[i - 1];
    for (size_t at = 0; at + 33 <= parent.size(); ++at)
      if (parent[at] == 0xa0 && parent[at + 1] == 0xee) std::memcpy(parent.data() + at + 1, hash.b, 32);
  }
  const Hash32 root = nodes.empty() ? state::kEmptyTrieRoot : keccak256::hash(as_bytes(nodes[0]));
  std::vector<Bytes> views;
  for (const auto& node : nodes) views.push_back(as_bytes(node));
  Bytes value{};
  const state::Proved proved = state::verify_proof(root, key, views.data(), views.size(), value);
  if (proved == state::Proved::present) {
    require(value.size != 0);
    bool inside = false;
    for (const Bytes& view : views) inside |= value.data >= view.data && value.data + value.size <= view.data + view.size;
    require(inside);
  } else {
    require(value.size == 0);
  }
  // One node more or less is no proof any more; the empty trie alone has two forms.
  if (proved != state::Proved::nothing && !views.empty() && root != state::kEmptyTrieRoot) {
    require(state::verify_proof(root, key, views.data(), views.size() - 1, value) == state::Proved::nothing);
    views.push_back(views[0]);
    require(state::verify_proof(root, key, views.data(), views.size(), value) == state::Proved::nothing);
  }
  return 0;
}
