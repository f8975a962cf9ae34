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
  size_t index;   // where the caller has it
  size_t digest;  // which of the distinct digests
  U256 weight;    // 128 bits
  G1Affine signature;
  G2Affine key;
};

constexpr int kWeightBits = 128;

// The sum of weight * point over the triples: buckets of equal digits, window after window (Pippenger 1976).
template <class Sum, class Point>
Sum weighted_sum(const std::vector<const Triple*>& triples, Point Triple::* point) {
  const int width = triples.size() < 16 ? 2 : triples.size() < 128 ? 4 : triples.size() < 1024 ? 6 : 8;
  std::vector<Sum> buckets(size_t{1} << width);
  Sum total = Sum::infinity();
  for (int low = (kWeightBits - 1) / width * width; low >= 0; low -= width) {
    for (int i = 0; i < width; ++i) total = double_var(total);
    std::fill(buckets.begin(), buckets.end(), Sum::infinity());
    for (const Triple* t : triples) {
      const size_t digit = static_cast<size_t>((t->weight >> static_cast<unsigned>(low)).w[0]) & (buckets.size() - 1);
      if (digit != 0) buckets[digit] = add_var(buckets[digit], t->*point);
    }
    Sum running = Sum::infinity();  // of the buckets from the top, so bucket d is counted d times
    for (size_t digit = buckets.size() - 1; digit > 0; --digit) {
      running = add_var(running, buckets[digit]);
      total = add_var(total, running);
    }
  }
  return total;
}

// e(sum w sig, -G2) times the product over digests of e(h, sum w pk2).
bool weighted_product_is_one(const Triple* triples, size_t count, const std::vector<G1Affine>& hashes) {
  std::vector<const Triple*> all;
  std::unordered_map<size_t, std::vector<const Triple*>> by_digest;
  for (size_t i = 0; i < count; ++i) {
    all.push_back(triples + i);
    by_digest[triples[i].digest].push_back(triples + i);
  }
  std::vector<PairingInput> inputs{{to_affine_var(weighted_sum<G1>(all, &Triple::signature)), -G2Affine::generator()}};
  for (const auto& [digest, signers] : by_digest)
    inputs.push_back({hashes[digest], to_affine_var(weighted_sum<G2>(signers, &Triple::key))});
  return pairing_product_is_one_var(inputs.data(), inputs.size());
}

void judge(const Triple* triples, size_t count, const std::vector<G1Affine>& hashes, uint8_t* ok) {
  if (count == 0) return;
  if (count == 1) {
    ok[triples->index] = holds(hashes[triples->digest], triples->signature, triples->key) ? 1 : 0;
    return;
  }
  if (weighted_product_is_one(triples, count, hashes)) {
    for (size_t i = 0; i < count; ++i) ok[triples[i].index] = 1;
    return;
  }
  judge(triples, count / 2, hashes, ok);
  judge(triples + count / 2, count - count / 2, hashes, ok);
}

template <class Sum, class Affine, size_t kSize>
Status sum_points(const uint8_t* points, size_t count, bool (*decode)(const uint8_t*, Affine&), void (*encode)(const Affine&, uint8_t*),
                  uint8_t* out, size_t& first_bad) {
  Sum sum = Sum::infinity();
  for (size_t i = 0; i < count; ++i) {
    Affine p;
    if (!decode(points + kSize * i, p)) {
      first_bad = i;
      return Status::bad_encoding;
    }
    sum = add_var(sum, p);
  }
  encode(to_affine_var(sum), out);
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

Status sum_g1(const uint8_t* points, size_t count, uint8_t sum[64], size_t& first_bad) {
  return sum_points<G1, G1Affine, 64>(points, count, &decode_g1, &encode_g1, sum, first_bad);
}

Status sum_g2(const uint8_t* points, size_t count, uint8_t sum[128], size_t& first_bad) {
  return sum_points<G2, G2Affine, 128>(points, count, &decode_g2, &encode_g2, sum, first_bad);
}

bool verify(const Hash32& digest, const uint8_t signature[64], const uint8_t key2[128]) {
  G1Affine s;
  G2Affine k;
  return read_g1(signature, s) && read_g2(key2, false, k) && holds(map_to_g1(digest), s, k);
}

bool verify_aggregate(const Hash32& digest, const uint8_t* signatures, const uint8_t* keys2, size_t count) {
  uint8_t signature[64], key[128];
  size_t bad;
  return sum_g1(signatures, count, signature, bad) == Status::ok && sum_g2(keys2, count, key, bad) == Status::ok &&
         verify(digest, signature, key);
}

void verify_many(const uint8_t* digests32, const uint8_t* signatures64, const uint8_t* keys128, size_t count, bool keys_in_group,
                 uint8_t* ok) {
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
    Triple t{i, 0, U256(0), {}, {}};
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
    t.weight = U256::from_be(drawn.b) >> 128;
    t.weight.w[0] |= 1;  // never zero
    triples.push_back(t);
  }
  judge(triples.data(), triples.size(), hashes, ok);
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
