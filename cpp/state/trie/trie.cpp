#include <algorithm>
#include <cassert>

#include "state/reader.hpp"
#include "state/trie/api.hpp"
#include "state/trie/batch.hpp"
#include "state/trie/walk.hpp"

namespace zg::state {

struct Trie::Body {
  NodeStore store;
  Batch batch{store};
  Link root = kNoNode, next = kNoNode;
  Hash32 root_hash = kEmptyTrieRoot, next_hash{};
  bool staged = false;
};

Trie::Trie() : body_(std::make_unique<Body>()) {}
Trie::~Trie() = default;
Trie::Trie(Trie&&) noexcept = default;
Trie& Trie::operator=(Trie&&) noexcept = default;

Hash32 Trie::stage(const std::vector<Item>& items) {
  assert(!body_->staged);
  std::vector<TrieItem> sorted(items.size());
  bool ascending = true;
  for (size_t i = 0; i < items.size(); ++i) {
    std::memcpy(sorted[i].key, items[i].key.b, 32);
    sorted[i].value = items[i].value.data;
    sorted[i].size = static_cast<uint32_t>(items[i].value.size);
    sorted[i].leaf = kNoNode;
    ascending = ascending && (i == 0 || std::memcmp(sorted[i - 1].key, sorted[i].key, 32) < 0);
  }
  if (!ascending) {
    // Equal keys keep their order, so the last one can win.
    std::stable_sort(sorted.begin(), sorted.end(), [](const TrieItem& a, const TrieItem& b) { return std::memcmp(a.key, b.key, 32) < 0; });
    size_t kept = 0;
    for (size_t i = 0; i < sorted.size(); ++i) {
      if (kept != 0 && std::memcmp(sorted[kept - 1].key, sorted[i].key, 32) == 0) --kept;
      sorted[kept++] = sorted[i];
    }
    sorted.resize(kept);
  }
  Body& body = *body_;
  body.next_hash = body.root_hash;
  body.next = body.batch.update(body.root, sorted.data(), sorted.size(), &body.next_hash);
  body.batch.hash();
  if (body.next == kNoNode) body.next_hash = kEmptyTrieRoot;
  body.staged = true;
  return body.next_hash;
}

void Trie::commit() {
  Body& body = *body_;
  assert(body.staged);
  std::vector<Link> retired;
  body.batch.keep(retired);
  body.store.release(retired);
  body.root = body.next;
  body.root_hash = body.next_hash;
  body.staged = false;
}

void Trie::discard() {
  body_->batch.drop();
  body_->staged = false;
}

Hash32 Trie::update(const std::vector<Item>& items) {
  stage(items);
  commit();
  return body_->root_hash;
}

bool Trie::staged() const { return body_->staged; }
Hash32 Trie::root() const { return body_->root_hash; }
Bytes Trie::get(const Hash32& key) const { return trie_value(body_->store, body_->root, key.b); }
std::vector<std::vector<uint8_t>> Trie::prove(const Hash32& key) const { return trie_proof(body_->store, body_->root, key.b); }
size_t Trie::memory_bytes() const { return body_->store.memory_bytes(); }

}  // namespace zg::state
