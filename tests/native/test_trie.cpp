#include <map>

#include "check.hpp"
#include "common/digest.hpp"
#include "common/parallel.hpp"
#include "hash/keccak256/api.hpp"
#include "state/reader.hpp"
#include "state/trie/api.hpp"

using namespace zg;

namespace {

void known_roots() {
  CHECK(state::sorted_root(nullptr, nullptr, 0) == state::kEmptyTrieRoot);
  CHECK(state::ordered_root(nullptr, 0) == state::kEmptyTrieRoot);
  const Bytes keys[] = {as_bytes("doe"), as_bytes("dog"), as_bytes("dogglesworth")};
  const Bytes values[] = {as_bytes("reindeer"), as_bytes("puppy"), as_bytes("cat")};
  CHECK(to_hex(as_bytes(state::sorted_root(keys, values, 3))) == "8aad789dff2f538bca5d8ea56e8abe10f4c7ba3a5dea95fea4cd6e7c3a1168d3");
  const Bytes branch_keys[] = {as_bytes("do"), as_bytes("dog"), as_bytes("doge"), as_bytes("horse")};
  const Bytes branch_values[] = {as_bytes("verb"), as_bytes("puppy"), as_bytes("coin"), as_bytes("stallion")};
  CHECK(to_hex(as_bytes(state::sorted_root(branch_keys, branch_values, 4))) ==
        "5991bb8c6514148a29db676a14ac506cd2cd5775ace63c30a4fe457715e9ac84");
}

struct Random {
  uint64_t state;
  uint64_t next() {
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return state * 0x2545f4914f6cdd1dull;
  }
  size_t below(size_t bound) { return next() % bound; }
};

using Model = std::map<Hash32, std::vector<uint8_t>>;

Hash32 root_of(const Model& model) {
  std::vector<Bytes> keys, values;
  for (const auto& [key, value] : model) {
    keys.push_back(as_bytes(key));
    values.push_back(as_bytes(value));
  }
  return state::sorted_root(keys.data(), values.data(), keys.size());
}

// Keys that share long paths at every depth: deep branches, extensions, nodes that fit into their parents.
Hash32 crowded_key(Random& random) {
  Hash32 key{};
  const size_t shared = random.below(4) == 0 ? random.below(64) : 60 + random.below(4);
  for (size_t i = shared; i < 64; ++i) {
    const unsigned nibble = static_cast<unsigned>(random.below(random.below(2) == 0 ? 2 : 16));
    key.b[i / 2] = static_cast<uint8_t>(key.b[i / 2] | (i % 2 == 0 ? nibble << 4 : nibble));
    if (random.below(3) == 0 && i < 60) i = 59;
  }
  return key;
}

Hash32 spread_key(Random& random, size_t count) {
  const uint64_t index = random.below(count);
  return keccak256::hash({reinterpret_cast<const uint8_t*>(&index), 8});
}

std::vector<uint8_t> random_value(Random& random) {
  static constexpr size_t kSizes[] = {1, 1, 2, 7, 8, 31, 32, 33, 39, 40, 70, 87, 88, 111, 112, 600};
  std::vector<uint8_t> value(kSizes[random.below(16)]);
  for (uint8_t& byte : value) byte = static_cast<uint8_t>(random.next());
  return value;
}

void check_proofs(const state::Trie& trie, const Model& model, Random& random, const Hash32& key) {
  const auto proof = trie.prove(key);
  std::vector<Bytes> nodes;
  for (const auto& node : proof) nodes.push_back(as_bytes(node));
  Bytes value{};
  const state::Proved proved = state::verify_proof(trie.root(), as_bytes(key), nodes.data(), nodes.size(), value);
  const auto it = model.find(key);
  CHECK(proved == (it == model.end() ? state::Proved::absent : state::Proved::present));
  const Bytes held = trie.get(key);
  if (it == model.end()) {
    CHECK(held.size == 0);
  } else {
    CHECK(std::vector<uint8_t>(value.data, value.data + value.size) == it->second);
    CHECK(std::vector<uint8_t>(held.data, held.data + held.size) == it->second);
  }
  if (proof.empty()) return;
  // Any flipped bit breaks it, and so does a missing or an additional node.
  auto bent = proof;
  std::vector<uint8_t>& victim = bent[random.below(bent.size())];
  victim[random.below(victim.size())] ^= static_cast<uint8_t>(1u << random.below(8));
  std::vector<Bytes> bent_nodes;
  for (const auto& node : bent) bent_nodes.push_back(as_bytes(node));
  CHECK(state::verify_proof(trie.root(), as_bytes(key), bent_nodes.data(), bent_nodes.size(), value) == state::Proved::nothing);
  CHECK(state::verify_proof(trie.root(), as_bytes(key), nodes.data(), nodes.size() - 1, value) == state::Proved::nothing);
  nodes.push_back(nodes.back());
  CHECK(state::verify_proof(trie.root(), as_bytes(key), nodes.data(), nodes.size(), value) == state::Proved::nothing);
}

template <class MakeKey>
void follows_the_model(uint64_t seed, size_t rounds, size_t batch_max, MakeKey make_key) {
  Random random{seed};
  Model model;
  state::Trie trie;
  for (size_t round = 0; round < rounds; ++round) {
    const size_t count = random.below(batch_max) + 1;
    const size_t deletes_percent = random.below(3) == 0 ? 80 : 20;
    std::vector<std::vector<uint8_t>> values;
    std::vector<Hash32> keys;
    Model next = model;
    for (size_t i = 0; i < count; ++i) {
      keys.push_back(make_key(random));
      values.push_back(random.below(100) < deletes_percent ? std::vector<uint8_t>() : random_value(random));
      if (values.back().empty()) {
        next.erase(keys.back());
      } else {
        next[keys.back()] = values.back();
      }
    }
    // Sometimes all but a few go at once.
    if (random.below(10) == 0) {
      for (const auto& [key, value] : model) {
        if (random.below(20) == 0) continue;
        keys.push_back(key);
        values.emplace_back();
        next.erase(key);
      }
    }
    std::vector<state::Trie::Item> items;
    for (size_t i = 0; i < keys.size(); ++i) items.push_back({keys[i], as_bytes(values[i])});
    const Hash32 before = trie.root();
    CHECK(trie.stage(items) == root_of(next));
    CHECK(trie.root() == before);
    if (random.below(3) == 0) {
      trie.discard();
      CHECK(trie.root() == before);
    } else {
      trie.commit();
      model = std::move(next);
    }
    CHECK(trie.root() == root_of(model));
    for (int i = 0; i < 3; ++i) check_proofs(trie, model, random, make_key(random));
    if (!model.empty()) check_proofs(trie, model, random, std::next(model.begin(), random.below(model.size()))->first);
  }
  std::vector<state::Trie::Item> all;
  for (const auto& [key, value] : model) all.push_back({key, {nullptr, 0}});
  CHECK(trie.update(all) == state::kEmptyTrieRoot);
}

// The same pairs give the same root in any order and any grouping.
void order_does_not_matter() {
  Random random{77};
  std::vector<Hash32> keys;
  for (int i = 0; i < 500; ++i) keys.push_back(i % 2 == 0 ? crowded_key(random) : spread_key(random, 1000));
  const auto value_of = [](const Hash32& key) { return Bytes{key.b + 28, 4u}; };
  std::optional<Hash32> root;
  for (int order = 0; order < 4; ++order) {
    for (size_t i = keys.size(); i > 1; --i) std::swap(keys[i - 1], keys[random.below(i)]);
    state::Trie trie;
    const size_t group = size_t{1} << (3 * order);
    for (size_t i = 0; i < keys.size(); i += group) {
      std::vector<state::Trie::Item> items;
      for (size_t j = i; j < std::min(keys.size(), i + group); ++j) items.push_back({keys[j], value_of(keys[j])});
      trie.update(items);
    }
    if (root) CHECK(trie.root() == *root);
    root = trie.root();
  }
}

}  // namespace

int main() {
  known_roots();
  for (const unsigned threads : {1u, 3u}) {
    set_thread_count(threads);
    for (uint64_t seed = 1; seed <= 20; ++seed) {
      follows_the_model(seed, 60, 4, crowded_key);
      follows_the_model(seed * 977, 30, 60, crowded_key);
      follows_the_model(seed * 31337, 20, 300, [](Random& random) { return spread_key(random, 700); });
    }
    follows_the_model(5, 6, 9000, [](Random& random) { return spread_key(random, 12000); });
  }
  order_does_not_matter();
  return check_report();
}
