#include <algorithm>
#include <atomic>
#include <cstring>
#include <mutex>
#include <utility>
#include <vector>

#include "common/backend.hpp"
#include "common/cpu.hpp"
#include "common/endian.hpp"
#include "common/parallel.hpp"
#include "hash/blake2b/api.hpp"
#include "hash/keccak256/api.hpp"
#include "pora/mix/api.hpp"

namespace zg::pora {

namespace {

// A scratchpad and a load against plain keccak256 and BLAKE2b.
bool self_test(const void* opaque) {
  const MixTable& table = *static_cast<const MixTable*>(opaque);
  uint8_t seed[kPadSeedSize], d[64], recall[32];
  for (size_t i = 0; i < sizeof seed; ++i) d[i] = seed[i] = static_cast<uint8_t>(3 * i);
  std::vector<uint8_t> pad(kPadSize), load(kLoadSize), qualities(32 * kLoadSeals);
  table.scratchpads(seed, 1, pad.data(), recall);
  for (size_t at = 0; at < kPadSize; at += 64) {
    uint8_t half[32];
    keccak256::scalar.hash_one({d, 64}, half);
    std::memcpy(d, half, 32);
    keccak256::scalar.hash_one({d, 64}, half);
    std::memcpy(d + 32, half, 32);
    if (std::memcmp(&pad[at], d, 64) != 0) return false;
  }
  uint8_t wanted[64];
  keccak256::scalar.hash_one({d, 64}, wanted);
  if (std::memcmp(recall, wanted, 32) != 0) return false;
  for (size_t i = 0; i < load.size(); ++i) load[i] = static_cast<uint8_t>(i / 4096 + i);
  table.qualities(load.data(), pad.data(), seed, qualities.data());
  for (size_t seal = 0; seal < kLoadSeals; seal += 21) {
    std::vector<uint8_t> input(128 + 4096);
    input[31] = static_cast<uint8_t>(seal);
    std::memcpy(&input[32], seed, 64);
    for (size_t i = 0; i < 4096; ++i) input[128 + i] = static_cast<uint8_t>(load[4096 * seal + i] ^ pad[4096 * (seal % 4) + i]);
    const Bytes view = {input.data(), input.size()};
    blake2b::scalar.hash_views(&view, 1, wanted);
    if (std::memcmp(&qualities[32 * seal], wanted, 32) != 0) return false;
  }
  return true;
}

KernelBackends& kernel() {
  static KernelBackends backends("pora_mix",
                                 {
#if defined(__x86_64__)
                                     {"avx512", kCpuAvx512, &mix_avx512},
                                     {"avx2", kCpuAvx2, &mix_avx2},
#endif
                                     {"scalar", 0, &mix_scalar},
#if defined(ZG_EMU)
                                     {"emu", 0, &mix_emu},
#endif
                                 },
                                 self_test);
  return backends;
}

[[maybe_unused]] KernelBackends& g_registered = kernel();

// The tries of one call to the lanes: pads of 128 KiB stay in the second-level cache.
constexpr size_t kGroup = 8;

// A grain of at least `least` items that leaves no more pieces than threads that may work.
size_t grain_of(size_t count, size_t least, size_t threads) {
  return threads == 0 ? least : std::max(least, (count + threads - 1) / threads);
}

void seed_inputs(const Hash32& miner_id, const uint8_t* nonces, size_t count, const Hash32& subtask, const Hash32& range_digest, uint8_t* inputs) {
  for (size_t i = 0; i < count; ++i) {
    uint8_t* input = inputs + 128 * i;
    std::memcpy(input, miner_id.b, 32);
    std::memcpy(input + 32, nonces + 32 * i, 32);
    std::memcpy(input + 64, subtask.b, 32);
    std::memcpy(input + 96, range_digest.b, 32);
  }
}

void add_hits(const MixTable& table, const uint8_t* load, const uint8_t* pad, const uint8_t* seed, size_t row, const Hash32& threshold,
              std::vector<Hit>& found) {
  uint8_t qualities[32 * kLoadSeals];
  table.qualities(load, pad, seed, qualities);
  for (unsigned seal = 0; seal < kLoadSeals; ++seal) {
    const uint8_t* quality = qualities + 32 * seal;
    if (std::memcmp(quality, threshold.b, 32) > 0) continue;  // big-endian numbers compare as bytes
    Hit hit{row, seal, {}};
    std::memcpy(hit.quality.b, quality, 32);
    found.push_back(hit);
  }
}

// Collects what pieces of a batch found.
class Found {
 public:
  void add(const std::vector<Hit>& hits) {
    if (hits.empty()) return;
    const std::lock_guard lock(mutex_);
    all_.insert(all_.end(), hits.begin(), hits.end());
  }
  std::vector<Hit> take() {
    std::sort(all_.begin(), all_.end(), [](const Hit& a, const Hit& b) { return a.row != b.row ? a.row < b.row : a.seal < b.seal; });
    return std::move(all_);
  }

 private:
  std::mutex mutex_;
  std::vector<Hit> all_;
};

}  // namespace

Outcome<const MixTable*> mix_backend(std::string_view name) {
  const Outcome<const void*> found = kernel().named(name);
  if (!found.ok()) return found.failure();
  return static_cast<const MixTable*>(*found);
}

Outcome<size_t> pad_seeds(const Hash32& miner_id, const uint8_t* nonces, size_t count, const Hash32& subtask, const Hash32& range_digest,
                          uint8_t* seeds) {
  const Outcome<const blake2b::Table*> table = blake2b::backend("");
  if (!table.ok()) return table.failure();
  std::vector<uint8_t> inputs(128 * count);
  seed_inputs(miner_id, nonces, count, subtask, range_digest, inputs.data());
  blake2b::hash_many_fixed(**table, inputs.data(), 128, count, seeds);
  return count;
}

void scratchpads_many(const MixTable& table, const uint8_t* seeds, size_t count, uint8_t* pads, uint8_t* recall_seeds, size_t threads) {
  parallel_for(count, grain_of(count, kGroup, threads), [&](size_t begin, size_t end) {
    table.scratchpads(seeds + kPadSeedSize * begin, end - begin, pads + kPadSize * begin, recall_seeds + 32 * begin);
  });
}

void qualities_many(const MixTable& table, const uint8_t* const* loads, const uint8_t* const* pads, const uint8_t* const* seeds,
                    size_t count, uint8_t* qualities) {
  parallel_for(count, 1, [&](size_t begin, size_t end) {
    for (size_t i = begin; i < end; ++i) table.qualities(loads[i], pads[i], seeds[i], qualities + 32 * kLoadSeals * i);
  });
}

void recall_positions(const Area& area, const uint8_t* recall_seeds, size_t count, uint64_t* positions) {
  const uint64_t chunks = area.length / kLoadSectors;
  for (size_t i = 0; i < count; ++i) {
    unsigned __int128 rest = 0;  // of the seed, a big-endian number
    for (size_t word = 0; word < 32; word += 8) rest = (rest << 64 | load_be64(recall_seeds + 32 * i + word)) % chunks;
    const uint64_t chunk = (static_cast<uint64_t>(rest) & area.shard_mask) | area.shard_id;
    positions[i] = chunk > (kNowhere - area.start) / kLoadSectors ? kNowhere : area.start + chunk * kLoadSectors;
  }
}

bool is_inside(const Area& area, uint64_t position) { return position >= area.start && position - area.start <= area.length; }

std::vector<Hit> hits(const MixTable& table, const uint8_t* const* loads, const uint8_t* const* pads, const uint8_t* const* seeds,
                      size_t count, const Hash32& threshold, size_t threads) {
  Found found;
  parallel_for(count, grain_of(count, 1, threads), [&](size_t begin, size_t end) {
    std::vector<Hit> mine;
    for (size_t i = begin; i < end; ++i) add_hits(table, loads[i], pads[i], seeds[i], i, threshold, mine);
    found.add(mine);
  });
  return found.take();
}

std::vector<Hit> hunt(const MixTable& table, const Hash32& miner_id, const Hash32& subtask, const Hash32& range_digest, const Area& area,
                      const uint8_t* nonces, size_t count, const uint8_t* const* loads, size_t load_count, const Hash32& threshold,
                      size_t threads, uint64_t* positions, size_t& tried) {
  std::vector<uint8_t> seeds(kPadSeedSize * count);
  tried = 0;
  if (count == 0 || !pad_seeds(miner_id, nonces, count, subtask, range_digest, seeds.data()).ok()) return {};
  Found found;
  std::atomic<size_t> met{0};
  parallel_for(count, grain_of(count, kGroup, threads), [&](size_t begin, size_t end) {
    std::vector<uint8_t> pads(kPadSize * kGroup);
    uint8_t recall_seeds[32 * kGroup];
    std::vector<Hit> mine;
    for (size_t first = begin; first < end; first += kGroup) {
      const size_t group = std::min(kGroup, end - first);
      const uint8_t* seed = seeds.data() + kPadSeedSize * first;
      table.scratchpads(seed, group, pads.data(), recall_seeds);
      recall_positions(area, recall_seeds, group, positions + first);
      for (size_t i = 0; i < group; ++i) {
        const uint64_t position = positions[first + i], chunk = (position - area.start) / kLoadSectors;
        if (!is_inside(area, position) || chunk >= load_count || loads[chunk] == nullptr) continue;
        met.fetch_add(1, std::memory_order_relaxed);
        add_hits(table, loads[chunk], pads.data() + kPadSize * i, seed + kPadSeedSize * i, first + i, threshold, mine);
      }
    }
    found.add(mine);
  });
  tried = met.load();
  return found.take();
}

}  // namespace zg::pora
