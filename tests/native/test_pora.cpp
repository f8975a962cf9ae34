// Sealing and mixing: every backend against scalar, device bodies on the threads grid too.
#include <cstring>
#include <random>
#include <vector>

#include "check.hpp"
#include "common/parallel.hpp"
#include "grid/host_threads.hpp"
#include "hash/blake2b/api.hpp"
#include "hash/blake2b/body.hpp"
#include "pora/mix/api.hpp"
#include "pora/mix/body.hpp"
#include "pora/seal/api.hpp"
#include "pora/seal/body.hpp"

using namespace zg;

namespace {

std::vector<uint8_t> random_bytes(std::mt19937_64& random, size_t size) {
  std::vector<uint8_t> out(size);
  for (uint8_t& byte : out) byte = static_cast<uint8_t>(random());
  return out;
}

void blake2b_inputs(const blake2b::Table& table, std::mt19937_64& random) {
  for (size_t count : {0, 1, 3, 7, 8, 9, 17}) {
    std::vector<uint64_t> offsets{0};
    for (size_t i = 0; i < count; ++i) offsets.push_back(offsets.back() + random() % 400);
    const std::vector<uint8_t> data = random_bytes(random, offsets.back());
    std::vector<uint8_t> found(64 * count), wanted(64 * count);
    blake2b::hash_many(table, data.data(), offsets.data(), count, found.data());
    blake2b::hash_many(blake2b::scalar, data.data(), offsets.data(), count, wanted.data());
    CHECK(found == wanted);
  }
}

void seals(const pora::SealTable& table, std::mt19937_64& random) {
  for (size_t count : {0, 1, 5, 8, 11}) {
    const std::vector<uint8_t> data = random_bytes(random, pora::kSealSize * count), contexts = random_bytes(random, 32 * count);
    std::vector<uint8_t> masks(32 * count), found = data, wanted = data;
    pora::seal_masks(Hash32{}, contexts.data(), 32, 16 * (random() % 1000), count, masks.data());
    pora::seal_many(table, found.data(), masks.data(), count);
    pora::seal_many(pora::seal_scalar, wanted.data(), masks.data(), count);
    CHECK(found == wanted);
    pora::unseal_many(table, found.data(), masks.data(), count);
    CHECK(found == data);
  }
}

void mixes(const pora::MixTable& table, std::mt19937_64& random, bool is_slow) {
  for (size_t count : {0, 1, 9}) {
    if (is_slow && count > 1) continue;
    const std::vector<uint8_t> seeds = random_bytes(random, 64 * count);
    std::vector<uint8_t> pads(pora::kPadSize * count), recall(32 * count), wanted_pads = pads, wanted_recall = recall;
    pora::scratchpads_many(table, seeds.data(), count, pads.data(), recall.data());
    pora::scratchpads_many(pora::mix_scalar, seeds.data(), count, wanted_pads.data(), wanted_recall.data());
    CHECK(pads == wanted_pads);
    CHECK(recall == wanted_recall);
  }
  const std::vector<uint8_t> load = random_bytes(random, pora::kLoadSize + 1), pad = random_bytes(random, pora::kPadSize), seed = random_bytes(random, 64);
  std::vector<uint8_t> found(32 * pora::kLoadSeals), wanted = found;
  table.qualities(load.data() + 1, pad.data(), seed.data(), found.data());
  pora::mix_scalar.qualities(load.data() + 1, pad.data(), seed.data(), wanted.data());
  CHECK(found == wanted);
}

// One lane a thread under the race checker.
void bodies_on_threads(std::mt19937_64& random) {
  std::vector<uint64_t> masks(8), words(1024), opened(1024), sealed(1024);
  for (uint64_t& word : masks) word = random();
  for (uint64_t& word : words) word = random();
  sealed = words;
  CHECK(grid::run_on_threads({1, 2, 0, 0}, [&](auto& grid) {
          pora::SealBody{}(grid, grid::View<const uint64_t>{masks.data(), 8}, grid::View<uint64_t>{sealed.data(), sealed.size()});
        }).ok);
  CHECK(grid::run_on_threads({16, 16, 0, 0}, [&](auto& grid) {
          pora::UnsealBody{}(grid, grid::View<const uint64_t>{masks.data(), 8}, grid::View<const uint64_t>{sealed.data(), sealed.size()},
                             grid::View<uint64_t>{opened.data(), opened.size()});
        }).ok);
  CHECK(opened == words);
}

}  // namespace

int main() {
  std::mt19937_64 random(5);
  set_thread_count(4);
  for (const char* name : {"scalar", "avx2", "avx512", "emu"}) {
    const bool is_slow = std::strcmp(name, "emu") == 0;
#if defined(__SANITIZE_THREAD__)
    if (is_slow) continue;  // a fiber costs this sanitizer a millisecond
#endif
    const auto hash = blake2b::backend(name);
    const auto seal = pora::seal_backend(name);
    const auto mix = pora::mix_backend(name);
    if (!hash.ok() || !seal.ok() || !mix.ok()) {
      std::printf("skipped %s\n", name);
      continue;
    }
    blake2b_inputs(**hash, random);
    seals(**seal, random);
    mixes(**mix, random, is_slow);
  }
  CHECK(blake2b::backend("scalar").ok() && pora::seal_backend("scalar").ok() && pora::mix_backend("scalar").ok());
  CHECK(!pora::mix_backend("sse9").ok());
  bodies_on_threads(random);
  return check_report();
}
