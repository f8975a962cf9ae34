#include "hash/keccak256/api.hpp"
#include "rlp/api.hpp"
#include "state/reader.hpp"
#include "state/trie/api.hpp"
#include "state/trie/codec.hpp"

namespace zg::state {

namespace {

constexpr size_t kKeySizeMax = 256;

// The walk down a proof: where in the key it is, and what the parent names next.
struct Walk {
  const uint8_t* key;
  size_t nibbles;
  size_t depth = 0;
  Proved verdict = Proved::nothing;
  Bytes value{nullptr, 0};
  Bytes next{nullptr, 0};  // a hash of 32 bytes, or a whole inline node
};

// Follows a child reference, which is still one encoded item: a 32-byte string, a list of under 32 bytes, or nothing.
bool follow(Walk& walk, Bytes item) {
  if (item.size == 1 && item.data[0] == 0x80) {
    walk.verdict = Proved::absent;
    return true;
  }
  if (item.data[0] >= 0xc0) {
    if (item.size >= 32) return false;
    walk.next = item;
    return true;
  }
  rlp::Decoder decoder(item);
  const Bytes hash = decoder.bytes();
  if (decoder.failed() || hash.size != 32) return false;
  walk.next = hash;
  return true;
}

bool finish_with(Walk& walk, Bytes value) {
  walk.verdict = value.size == 0 ? Proved::absent : Proved::present;
  walk.value = value;
  return true;
}

bool step_short(Walk& walk, Bytes path_bytes, rlp::Decoder& fields) {
  if (path_bytes.size == 0 || path_bytes.size > kKeySizeMax + 1) return false;
  const unsigned flags = path_bytes.data[0] >> 4;
  if (flags > 3) return false;
  const bool leaf = (flags & 2) != 0;
  const bool odd = (flags & 1) != 0;
  if (!odd && (path_bytes.data[0] & 15) != 0) return false;
  // Nibble i of the path, the flag nibbles skipped.
  const size_t skip = odd ? 1 : 2;
  const size_t length = 2 * path_bytes.size - skip;
  if (!leaf && length == 0) return false;
  size_t shared = 0;
  while (shared < length && walk.depth + shared < walk.nibbles &&
         nibble_at(path_bytes.data, skip + shared) == nibble_at(walk.key, walk.depth + shared))
    ++shared;
  if (leaf) {
    const Bytes value = fields.bytes();
    fields.finish();
    if (fields.failed() || value.size == 0) return false;
    if (shared == length && walk.depth + length == walk.nibbles) return finish_with(walk, value);
    walk.verdict = Proved::absent;
    return true;
  }
  const Bytes child = fields.raw();
  fields.finish();
  if (fields.failed() || (child.size == 1 && child.data[0] == 0x80)) return false;
  if (shared != length) {
    walk.verdict = Proved::absent;
    return true;
  }
  walk.depth += length;
  return follow(walk, child);
}

bool step_branch(Walk& walk, const Bytes first[2], rlp::Decoder& fields) {
  const unsigned wanted = walk.depth < walk.nibbles ? nibble_at(walk.key, walk.depth) : 16;
  Bytes child{nullptr, 0};
  unsigned present = 0;
  for (unsigned nibble = 0; nibble < 16; ++nibble) {
    const Bytes item = nibble < 2 ? first[nibble] : fields.raw();
    if (fields.failed()) return false;
    if (item.size != 1 || item.data[0] != 0x80) ++present;
    if (nibble == wanted) child = item;
  }
  const Bytes value = fields.bytes();
  fields.finish();
  if (fields.failed() || present + (value.size != 0) < 2) return false;
  if (wanted == 16) return finish_with(walk, value);
  ++walk.depth;
  return follow(walk, child);
}

// One node; false when it is not a canonical one.
bool step(Walk& walk, Bytes node) {
  walk.next = {nullptr, 0};
  if (rlp::check_canonical(node) != nullptr) return false;
  rlp::Decoder outer(node);
  rlp::Decoder fields = outer.list();
  const bool list_first = fields.next_is_list();
  const Bytes first[2] = {fields.raw(), fields.raw()};
  if (fields.failed()) return false;
  if (!fields.at_end()) return step_branch(walk, first, fields);
  if (list_first) return false;
  // Two items: read them again as path and value or child.
  rlp::Decoder again_outer(node);
  rlp::Decoder again = again_outer.list();
  const Bytes path = again.bytes();
  return step_short(walk, path, again);
}

}  // namespace

Proved verify_proof(const Hash32& root, Bytes key, const Bytes* nodes, size_t count, Bytes& value) {
  value = {nullptr, 0};
  if (key.size > kKeySizeMax) return Proved::nothing;
  if (root == kEmptyTrieRoot) {
    const bool empty = count == 0 || (count == 1 && nodes[0].size == 1 && nodes[0].data[0] == 0x80);
    return empty ? Proved::absent : Proved::nothing;
  }
  Walk walk{key.data, 2 * key.size, 0, Proved::nothing, {nullptr, 0}, as_bytes(root)};
  size_t used = 0;
  while (walk.verdict == Proved::nothing) {
    Bytes node = walk.next;
    if (node.size == 32) {
      if (used == count) return Proved::nothing;
      node = nodes[used++];
      if (used > 1 && node.size < 32) return Proved::nothing;
      uint8_t hash[32];
      keccak256::hash(node, hash);
      if (std::memcmp(hash, walk.next.data, 32) != 0) return Proved::nothing;
    }
    if (node.size == 0 || !step(walk, node)) return Proved::nothing;
  }
  if (used != count) return Proved::nothing;
  value = walk.value;
  return walk.verdict;
}

}  // namespace zg::state
