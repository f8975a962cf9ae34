// Every backend of sig/ecdsa against the scalar one, on random and on crafted signatures, in every batch shape and from
// several threads at once. Signatures need no secret key: random r, s and digest recover to some key half of the time.
#include <cstring>
#include <string>
#include <thread>
#include <vector>

#include "check.hpp"
#include "common/parallel.hpp"
#include "sig/ecdsa/api.hpp"

namespace {

using zg::ecdsa::Table;

uint64_t g_seed = 0x5eed;

uint64_t next() {
  g_seed ^= g_seed << 13;
  g_seed ^= g_seed >> 7;
  g_seed ^= g_seed << 17;
  return g_seed;
}

void fill_random(uint8_t* out, size_t size) {
  for (size_t i = 0; i < size; ++i) out[i] = static_cast<uint8_t>(next() >> 32);
}

struct Batch {
  std::vector<uint8_t> digests, signatures65;

  size_t count() const { return digests.size() / 32; }
  void add(const uint8_t* digest, const uint8_t* signature) {
    digests.insert(digests.end(), digest, digest + 32);
    signatures65.insert(signatures65.end(), signature, signature + 65);
  }
  void add_random() {
    uint8_t digest[32], signature[65];
    fill_random(digest, 32);
    fill_random(signature, 65);
    signature[64] &= 1;
    add(digest, signature);
  }
  std::vector<uint8_t> signatures64() const {
    std::vector<uint8_t> out;
    for (size_t i = 0; i < count(); ++i) out.insert(out.end(), signatures65.data() + 65 * i, signatures65.data() + 65 * i + 64);
    return out;
  }
};

struct Recovered {
  std::vector<uint8_t> keys, ok;
  bool operator==(const Recovered&) const = default;
};

// Outputs start dirty and end with a guard, so that unwritten and overwritten bytes show.
Recovered recover_unchecked(const Table& table, const Batch& batch) {
  const size_t count = batch.count();
  Recovered out{std::vector<uint8_t>(64 * count + 1, 0xaa), std::vector<uint8_t>(count + 1, 0xaa)};
  zg::ecdsa::recover_many(table, batch.digests.data(), batch.signatures65.data(), count, out.keys.data(), out.ok.data());
  return out;
}

Recovered recover(const Table& table, const Batch& batch) {
  const Recovered out = recover_unchecked(table, batch);
  CHECK(out.keys.back() == 0xaa && out.ok.back() == 0xaa);
  return out;
}

std::vector<uint8_t> verify(const Table& table, const Batch& batch, const std::vector<uint8_t>& keys, bool low_s_only) {
  std::vector<uint8_t> ok(batch.count() + 1, 0xaa);
  zg::ecdsa::verify_many(table, batch.digests.data(), batch.signatures64().data(), keys.data(), batch.count(), low_s_only, ok.data());
  CHECK(ok.back() == 0xaa);
  return ok;
}

// Numbers at the borders of the ranges: 0, 1, (n - 1) / 2, (n + 1) / 2, n - 1, n, n + 1, p - n - 1, p - n, p - 1, p, 2^256 - 1.
const char* const kBorders[] = {
    "0000000000000000000000000000000000000000000000000000000000000000", "0000000000000000000000000000000000000000000000000000000000000001",
    "7fffffffffffffffffffffffffffffff5d576e7357a4501ddfe92f46681b20a0", "7fffffffffffffffffffffffffffffff5d576e7357a4501ddfe92f46681b20a1",
    "fffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364140", "fffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141",
    "fffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364142", "000000000000000000000000000000014551231950b75fc4402da1722fc9baed",
    "000000000000000000000000000000014551231950b75fc4402da1722fc9baee", "fffffffffffffffffffffffffffffffffffffffffffffffffffffffefffffc2e",
    "fffffffffffffffffffffffffffffffffffffffffffffffffffffffefffffc2f", "ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff"};

void parse(const char* hex, uint8_t out[32]) {
  for (int i = 0; i < 32; ++i) out[i] = static_cast<uint8_t>(std::stoi(std::string(hex + 2 * i, 2), nullptr, 16));
}

Batch border_batch() {
  Batch batch;
  for (const char* r : kBorders)
    for (const char* s : kBorders)
      for (uint8_t id = 0; id < 6; ++id) {
        uint8_t digest[32], signature[65];
        parse(kBorders[next() % std::size(kBorders)], digest);
        parse(r, signature);
        parse(s, signature + 32);
        signature[64] = id == 5 ? 255 : id;
        batch.add(digest, signature);
      }
  // Small r: with recovery id 2 and 3 some are the x of a point, r + n below p.
  for (int i = 0; i < 200; ++i) {
    uint8_t digest[32], signature[65] = {};
    fill_random(digest, 32);
    fill_random(signature + 16 + next() % 8, 8);
    fill_random(signature + 32, 32);
    signature[64] = static_cast<uint8_t>(2 + i % 2);
    batch.add(digest, signature);
  }
  return batch;
}

void check_batch(const Table& table, const Batch& batch) {
  const Recovered expected = recover(zg::ecdsa::scalar, batch);
  CHECK(recover(table, batch) == expected);
  for (bool low_s_only : {false, true})
    CHECK(verify(table, batch, expected.keys, low_s_only) == verify(zg::ecdsa::scalar, batch, expected.keys, low_s_only));
}

void check_sizes(const Table& table) {
  Batch batch;
  for (size_t count = 0; count <= 35; ++count) {
    check_batch(table, batch);
    batch.add_random();
  }
  while (batch.count() < 600) batch.add_random();
  check_batch(table, batch);
  const Recovered keys = recover(table, batch);
  const std::vector<uint8_t> verdicts = verify(table, batch, keys.keys, false);
  size_t good = 0;
  for (size_t i = 0; i < batch.count(); ++i) {
    CHECK(verdicts[i] == keys.ok[i]);
    good += keys.ok[i];
  }
  CHECK(good > 200 && good < 400);
}

// One bad signature at each position: its verdict falls, its neighbours' results stay.
void check_blame(const Table& table) {
  Batch batch;
  while (batch.count() < 19) {
    Batch one;
    one.add_random();
    if (recover(zg::ecdsa::scalar, one).ok[0] == 1) batch.add(one.digests.data(), one.signatures65.data());
  }
  const Recovered good = recover(table, batch);
  for (size_t i = 0; i < batch.count(); ++i) {
    for (int fault = 0; fault < 4; ++fault) {
      Batch bad = batch;
      uint8_t* signature = bad.signatures65.data() + 65 * i;
      if (fault == 0) std::memset(signature, 0, 32);
      if (fault == 1) std::memset(signature + 32, 0xff, 32);
      if (fault == 2) signature[64] = 4;
      if (fault == 3) bad.digests[32 * i] ^= 1;
      std::vector<uint8_t> verdicts = verify(table, bad, good.keys, false);
      for (size_t k = 0; k < batch.count(); ++k) CHECK(verdicts[k] == (k != i || fault == 2 ? 1 : 0));
      if (fault == 3) continue;
      Recovered expected = good;
      expected.ok[i] = 0;
      std::memset(expected.keys.data() + 64 * i, 0, 64);
      CHECK(recover(table, bad) == expected);
    }
    std::vector<uint8_t> keys = good.keys;
    keys[64 * i + 63] ^= 1;  // off the curve
    std::vector<uint8_t> verdicts = verify(table, batch, keys, false);
    for (size_t k = 0; k < batch.count(); ++k) CHECK(verdicts[k] == (k != i ? 1 : 0));
  }
}

void check_threads(const Table& table) {
  Batch batch;
  while (batch.count() < 300) batch.add_random();
  const Recovered expected = recover(zg::ecdsa::scalar, batch);
  zg::set_thread_count(4);
  std::vector<std::thread> callers;
  std::vector<Recovered> found(3);
  for (size_t i = 0; i < found.size(); ++i) callers.emplace_back([&, i] { found[i] = recover_unchecked(table, batch); });
  for (std::thread& caller : callers) caller.join();
  for (const Recovered& one : found) CHECK(one == expected);
  zg::set_thread_count(0);
}

}  // namespace

int main() {
  for (const char* name : {"scalar", "avx512"}) {
    const auto table = zg::ecdsa::backend(name);
    if (!table.ok()) {
      std::printf("%s: skipped: %s\n", name, table.failure().message.c_str());
      continue;
    }
    check_threads(**table);
    check_sizes(**table);
    check_batch(**table, border_batch());
    check_blame(**table);
  }
  return check_report();
}
