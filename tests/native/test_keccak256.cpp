// keccak256: every backend against the scalar one at the lengths where blocks, lanes and vectors begin and end.
#include <cstring>
#include <random>
#include <vector>

#include "check.hpp"
#include "common/backend.hpp"
#include "common/digest.hpp"
#include "common/parallel.hpp"
#include "hash/keccak256/api.hpp"

using namespace zg;

namespace {

const char* const kNames[] = {"scalar", "avx2", "avx512", "emu"};
const size_t kSizes[] = {0, 1, 7, 8, 31, 32, 55, 63, 64, 65, 127, 128, 129, 135, 136, 137, 191, 192, 199, 200, 255, 256, 257, 271, 272, 273, 407, 408, 409, 1000};

void against_scalar(const keccak256::Table& table, std::mt19937_64& random) {
  const keccak256::Table& scalar = **keccak256::backend("scalar");
  std::vector<uint8_t> data(1 << 16);
  for (uint8_t& byte : data) byte = static_cast<uint8_t>(random());

  for (size_t size : kSizes) {
    // An own allocation of the exact size at every alignment, so that the address sanitizer sees a read past its end.
    std::vector<uint8_t> exact(data.begin(), data.begin() + static_cast<ptrdiff_t>(size));
    uint8_t wanted[32], found[32];
    scalar.hash_one({exact.data(), size}, wanted);
    table.hash_one({exact.data(), size}, found);
    CHECK(std::memcmp(wanted, found, 32) == 0);
    for (size_t count : {1, 2, 3, 7, 8, 9, 17}) {
      std::vector<Bytes> views(count, Bytes{exact.data(), size});
      std::vector<uint8_t> digests(32 * count);
      table.hash_views(views.data(), count, digests.data());
      for (size_t i = 0; i < count; ++i) CHECK(std::memcmp(wanted, &digests[32 * i], 32) == 0);
    }
  }

  for (int trial = 0; trial < 60; ++trial) {
    const size_t count = random() % (trial < 50 ? 40 : 2500);
    std::vector<Bytes> views;
    for (size_t i = 0; i < count; ++i) {
      size_t size = random() % 3 == 0 ? kSizes[random() % std::size(kSizes)] : random() % 700;
      if (random() % 200 == 0) size = random() % 20000;
      views.push_back({data.data() + random() % (data.size() - size), size});
    }
    std::vector<uint8_t> wanted(32 * count + 1), found(32 * count + 1);
    scalar.hash_views(views.data(), count, wanted.data());
    keccak256::hash_many(table, views.data(), count, found.data());
    CHECK(wanted == found);
    std::vector<uint8_t> packed;
    std::vector<uint64_t> offsets{0};
    for (Bytes view : views) {
      packed.insert(packed.end(), view.data, view.data + view.size);
      offsets.push_back(packed.size());
    }
    std::fill(found.begin(), found.end(), uint8_t{0});
    keccak256::hash_many(table, packed.data(), offsets.data(), count, found.data());
    CHECK(wanted == found);
  }

  for (size_t count = 0; count < 40; ++count) {
    const size_t shift = random() % 64;
    std::vector<uint8_t> wanted(32 * count), found(32 * count), paired(32 * count);
    scalar.hash_64(data.data() + shift, count, wanted.data());
    table.hash_64(data.data() + shift, count, found.data());
    CHECK(wanted == found);
    std::vector<const uint8_t*> lefts, rights;
    std::vector<uint8_t*> outs;
    for (size_t i = 0; i < count; ++i) {
      lefts.push_back(data.data() + shift + 64 * i);
      rights.push_back(data.data() + shift + 64 * i + 32);
      outs.push_back(paired.data() + 32 * i);
    }
    table.hash_pairs(lefts.data(), rights.data(), outs.data(), count);
    CHECK(wanted == paired);
  }

  // One state alone differs in every lane: a slip across lanes shows.
  std::vector<uint64_t> storage(25 * table.width * 3 + 8);
  uint64_t* states = storage.data();
  while (reinterpret_cast<uintptr_t>(states) % 64 != 0) ++states;
  for (size_t i = 0; i < 25 * table.width * 3; ++i) states[i] = random();
  const std::vector<uint64_t> before(states, states + 25 * table.width * 3);
  table.permute(states, 3);
  for (size_t group = 0; group < 3; ++group) {
    for (size_t lane = 0; lane < table.width; ++lane) {
      uint64_t one[25];
      for (size_t w = 0; w < 25; ++w) one[w] = before[25 * table.width * group + table.width * w + lane];
      scalar.permute(one, 1);
      bool same = true;
      for (size_t w = 0; w < 25; ++w) same = same && one[w] == states[25 * table.width * group + table.width * w + lane];
      CHECK(same);
    }
  }
}

}  // namespace

int main() {
  std::mt19937_64 random(20);
  int present = 0;
  for (const char* name : kNames) {
    const auto table = keccak256::backend(name);
    if (!table.ok()) {
      std::printf("skipped %s: %s\n", name, table.failure().message.c_str());
      continue;
    }
    ++present;
    against_scalar(**table, random);
  }
  CHECK(present >= 1);
  CHECK(!keccak256::backend("sse9").ok());

  // Known answers from the standard's test vectors in their original padding.
  CHECK(to_hex(as_bytes(keccak256::hash(as_bytes("abc")))) == "4e03657aea45a94fc7d47ba826c8d667c0d1e6e33a64a036ec44f58fa12d6c45");
  CHECK(to_hex(as_bytes(keccak256::hash({nullptr, 0}))) == "c5d2460186f7233c927e7db2dcc703c0e500b653ca82273b7bfad8045d85a470");

  // The same batch on one thread and on several.
  std::vector<uint8_t> data(64 * 5000), one(32 * 5000), several(32 * 5000);
  for (uint8_t& byte : data) byte = static_cast<uint8_t>(random());
  set_thread_count(1);
  keccak256::hash_many_64(data.data(), 5000, one.data());
  set_thread_count(4);
  keccak256::hash_many_64(data.data(), 5000, several.data());
  CHECK(one == several);
  bool listed = false;
  for (const KernelReport& report : backend_report()) listed = listed || report.kernel == "keccak256";
  CHECK(listed);
  return check_report();
}
