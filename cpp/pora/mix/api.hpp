// The proof of random access: from nonces to scratchpads and places of the flow, from a load of sealed bytes to qualities.
//
// A nonce's pad seed (BLAKE2b-512 of miner, nonce, task and range) is drawn out to a scratchpad of 16 KiB by 512 keccaks in a
// chain; the seed that is left picks a load of 256 KiB. Each of its 64 seals, xored with a quarter of the scratchpad, gives
// a quality by one BLAKE2b. Nonces run in lanes, and seals of one load.
// Source: docs/protocol/storage.md, one try with a nonce; "0gfoundation/0g-storage-node: node/miner/src/pora.rs".
#pragma once

#include <string_view>
#include <vector>

#include "common/digest.hpp"
#include "common/status.hpp"
#include "pora/mix/table.hpp"

namespace zg::pora {

// "scalar", "avx2", "avx512", "emu" in test builds; an empty name means the active one.
Outcome<const MixTable*> mix_backend(std::string_view name);

// seeds[64 * i ..] = BLAKE2b-512(miner_id ‖ nonces[32 * i ..] ‖ subtask ‖ range_digest), by the active backend of blake2b.
Outcome<size_t> pad_seeds(const Hash32& miner_id, const uint8_t* nonces, size_t count, const Hash32& subtask, const Hash32& range_digest,
                          uint8_t* seeds);

// Out: pads: 16384 * count bytes; recall_seeds: 32 * count bytes. Groups of lanes; on at most `threads` threads, 0: all.
void scratchpads_many(const MixTable& table, const uint8_t* seeds, size_t count, uint8_t* pads, uint8_t* recall_seeds, size_t threads = 0);

// qualities[2048 * i ..] = the 64 qualities (32 bytes big-endian each) of loads[i], 256 KiB, under pads[i] and seeds[i].
void qualities_many(const MixTable& table, const uint8_t* const* loads, const uint8_t* const* pads, const uint8_t* const* seeds,
                    size_t count, uint8_t* qualities);

// The part of the flow that a miner answers for, in sectors; length is at least one load, sums stay below 2^63. Zeros of the
// mask are the bits of the shard.
struct Area {
  uint64_t start, length, shard_id, shard_mask;
};

// A position that no load has: where a shard's bits lead beyond all numbers.
inline constexpr uint64_t kNowhere = ~uint64_t{0};

// The first sector of the load that each of `count` recall seeds (32 bytes) picks.
void recall_positions(const Area& area, const uint8_t* recall_seeds, size_t count, uint64_t* positions);

// Whether the contract takes answers from the load at `position`.
bool is_inside(const Area& area, uint64_t position);

// A seal whose quality is at most what was asked for: of the try `row` of the batch.
struct Hit {
  size_t row;
  unsigned seal;
  Hash32 quality;
};

// The hits of `count` tries (arguments as in qualities_many), rows ascending. `threads` as in hunt.
std::vector<Hit> hits(const MixTable& table, const uint8_t* const* loads, const uint8_t* const* pads, const uint8_t* const* seeds,
                      size_t count, const Hash32& threshold, size_t threads);

// Nonces to hits without leaving the cache between: pads live for a group of eight tries.
//
// In:  nonces: 32 * count bytes. loads[c]: the load of chunk c of the area (sector start + 1024 * c), null where there is
//      none; `load_count` of them. threads: at most so many work, 0: all of the pool.
// Out: positions[i]: first sector of the load that nonce i picked. tried: how many nonces met a load that is there.
std::vector<Hit> hunt(const MixTable& table, const Hash32& miner_id, const Hash32& subtask, const Hash32& range_digest, const Area& area,
                      const uint8_t* nonces, size_t count, const uint8_t* const* loads, size_t load_count, const Hash32& threshold,
                      size_t threads, uint64_t* positions, size_t& tried);

}  // namespace zg::pora
