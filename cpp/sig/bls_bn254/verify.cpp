#include <algorithm>
#include <cstring>
#include <string>
#include <unordered_map>

#include "common/endian.hpp"
#include "hash/keccak256/api.hpp"
#include "sig/bls_bn254/api.hpp"

namespace zg::bls_bn254 {

using namespace zg::bn254;

namespace {

bool read_g1(const uint8_t* bytes, G1Affine& out) { return decode_g1(bytes, out) && !out.is_infinity(); }
bool read_g2(const uint8_t* bytes, bool in_group, G2Affine& out) {
  return decode_g2(bytes, out) && !out.is_infinity() && (in_group || is_in_subgroup_var(out));
}

bool holds(const G1Affine& hash, const G1Affine& signature, const G2Affine& key) {
  const PairingInput inputs[2] = {{signature, -G2Affine::generator()}, {hash, key}};
  return pairing_product_is_one_var(inputs, 2);
}

struct Triple {
  size_t index;        // where the caller has it
  size_t digest;       // which of the distinct digests
  uint64_t weight[2];  // 128 bits
  G1Affine signature;
  G2Affine key;
};

// e(sum w sig, -G2) times the product over digests of e(h, sum w pk2).
bool weighted_product_is_one(const Table& table, const Triple* triples, size_t count, const std::vector<G1Affine>& hashes) {
  std::vector<const Triple*> ordered;
  for (size_t i = 0; i < count; ++i) ordered.push_back(triples + i);
  std::stable_sort(ordered.begin(), ordered.end(), [](const Triple* a, const Triple* b) { return a->digest < b->digest; });
  std::vector<G1Affine> signatures, messages;
  std::vector<G2Affine> keys;
  std::vector<uint64_t> weights;
  std::vector<uint32_t> from;  // where the keys of each digest begin
  for (size_t i = 0; i < count; ++i) {
    const Triple& t = *ordered[i];
    if (i == 0 || t.digest != ordered[i - 1]->digest) {
      from.push_back(static_cast<uint32_t>(i));
      messages.push_back(hashes[t.digest]);
    }
    signatures.push_back(t.signature);
    keys.push_back(t.key);
    weights.insert(weights.end(), {t.weight[0], t.weight[1]});
  }
  const auto end = static_cast<uint32_t>(count);
  from.push_back(end);
  std::vector<PairingInput> inputs{{table.weigh_g1(signatures, weights, {0, end})[0], -G2Affine::generator()}};
  const std::vector<G2Affine> sums = table.weigh_g2(keys, weights, from);
  for (size_t s = 0; s < sums.size(); ++s) inputs.push_back({messages[s], sums[s]});
  return pairing_product_is_one_var(inputs.data(), inputs.size());
}

void judge(const Table& table, const Triple* triples, size_t count, const std::vector<G1Affine>& hashes, uint8_t* ok) {
  if (count == 0) return;
  if (count == 1) {
    ok[triples->index] = holds(hashes[triples->digest], triples->signature, triples->key) ? 1 : 0;
    return;
  }
  if (weighted_product_is_one(table, triples, count, hashes)) {
    for (size_t i = 0; i < count; ++i) ok[triples[i].index] = 1;
    return;
  }
  judge(table, triples, count / 2, hashes, ok);
  judge(table, triples + count / 2, count - count / 2, hashes, ok);
}

template <class Affine, size_t kSize>
Status sum_points(const uint8_t* bytes, size_t count, bool (*decode)(const uint8_t*, Affine&), void (*encode)(const Affine&, uint8_t*),
                  Affine (*sum)(const std::vector<Affine>&), uint8_t* out, size_t& first_bad) {
  std::vector<Affine> points(count);
  for (size_t i = 0; i < count; ++i) {
    if (decode(bytes + kSize * i, points[i])) continue;
    first_bad = i;
    return Status::bad_encoding;
  }
  encode(sum(points), out);
  return Status::ok;
}

}  // namespace

bool accepts_g1(const uint8_t point[64]) {
  G1Affine p;
  return read_g1(point, p);
}

bool accepts_g2(const uint8_t point[128]) {
  G2Affine p;
  return read_g2(point, false, p);
}

Status sum_g1(const Table& table, const uint8_t* points, size_t count, uint8_t sum[64], size_t& first_bad) {
  return sum_points<G1Affine, 64>(points, count, &decode_g1, &encode_g1, table.sum_g1, sum, first_bad);
}

Status sum_g2(const Table& table, const uint8_t* points, size_t count, uint8_t sum[128], size_t& first_bad) {
  return sum_points<G2Affine, 128>(points, count, &decode_g2, &encode_g2, table.sum_g2, sum, first_bad);
}

bool verify(const Hash32& digest, const uint8_t signature[64], const uint8_t key2[128]) {
  G1Affine s;
  G2Affine k;
  return read_g1(signature, s) && read_g2(key2, false, k) && holds(map_to_g1(digest), s, k);
}

bool verify_aggregate(const Table& table, const Hash32& digest, const uint8_t* signatures, const uint8_t* keys2, size_t count) {
  uint8_t signature[64], key[128];
  size_t bad;
  return sum_g1(table, signatures, count, signature, bad) == Status::ok && sum_g2(table, keys2, count, key, bad) == Status::ok &&
         verify(digest, signature, key);
}

void verify_many(const Table& table, const uint8_t* digests32, const uint8_t* signatures64, const uint8_t* keys128, size_t count,
                 bool keys_in_group, uint8_t* ok) {
  if (count == 0) return;
  std::memset(ok, 0, count);
  // One hash of everything: a weight is known only after all signatures are chosen.
  uint8_t transcript[3 * 32 + 8];
  keccak256::hash(Bytes{digests32, 32 * count}, transcript);
  keccak256::hash(Bytes{signatures64, 64 * count}, transcript + 32);
  keccak256::hash(Bytes{keys128, 128 * count}, transcript + 64);

  std::unordered_map<std::string, size_t> seen;
  std::vector<G1Affine> hashes;
  std::vector<Triple> triples;
  triples.reserve(count);
  for (size_t i = 0; i < count; ++i) {
    Triple t{i, 0, {}, {}, {}};
    if (!read_g1(signatures64 + 64 * i, t.signature) || !read_g2(keys128 + 128 * i, keys_in_group, t.key)) continue;
    const uint8_t* digest = digests32 + 32 * i;
    const auto [at, is_new] = seen.try_emplace(std::string(reinterpret_cast<const char*>(digest), 32), hashes.size());
    if (is_new) {
      Hash32 copy;
      std::memcpy(copy.b, digest, 32);
      hashes.push_back(map_to_g1(copy));
    }
    t.digest = at->second;
    store_be64(transcript + 96, i);
    const Hash32 drawn = keccak256::hash(Bytes{transcript, sizeof transcript});
    t.weight[0] = load_be64(drawn.b + 8) | 1;  // never zero
    t.weight[1] = load_be64(drawn.b);
    triples.push_back(t);
  }
  judge(table, triples.data(), triples.size(), hashes, ok);
}

bool verify_bound(const uint8_t hash_point[64], const uint8_t signature[64], const uint8_t key1[64], const uint8_t key2[128],
                  const uint8_t gamma[32]) {
  G1Affine hash, s, pk1;
  G2Affine pk2;
  if (!read_g1(hash_point, hash) || !read_g1(signature, s) || !read_g1(key1, pk1) || !read_g2(key2, false, pk2)) return false;
  const U256 k = U256::from_be(gamma);  // modulo r or not makes no difference to a multiple of a point of order r
  const PairingInput inputs[2] = {
      {to_affine_var(add_var(multiply_var(pk1, k), s)), -G2Affine::generator()},
      {to_affine_var(add_var(multiply_var(G1Affine::generator(), k), hash)), pk2},
  };
  return pairing_product_is_one_var(inputs, 2);
}

}  // namespace zg::bls_bn254
