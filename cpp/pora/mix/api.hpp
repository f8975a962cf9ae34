// The proof of random access: from nonces to scratchpads and places of the flow, from a load of sealed bytes to qualities.
//
// A nonce's pad seed (BLAKE2b-512 of miner, nonce, task and range) is drawn out to a scratchpad of 16 KiB by 512 keccaks in a
// chain; the seed that is left picks a load of 256 KiB. Each of its 64 seals, xored with a quarter of the scratchpad, gives
// a quality by one BLAKE2b. Nonces run in lanes, and seals of one load.
// Source: docs/protocol/storage.md, one try with a nonce; "0gfoundation/0g-storage-node: node/miner/src/pora.rs".
#pragma once

#include <string_view>

#include "common/digest.hpp"
#include "common/status.hpp"
#include "pora/mix/table.hpp"

namespace zg::pora {

// "scalar", "avx512", "emu" in test builds; an empty name means the active one.
Outcome<const MixTable*> mix_backend(std::string_view name);

// seeds[64 * i ..] = BLAKE2b-512(miner_id ‖ nonces[32 * i ..] ‖ subtask ‖ range_digest), by the active backend of blake2b.
Outcome<size_t> pad_seeds(const Hash32& miner_id, const uint8_t* nonces, size_t count, const Hash32& subtask, const Hash32& range_digest,
                          uint8_t* seeds);

// Out: pads: 16384 * count bytes; recall_seeds: 32 * count bytes. On all threads, groups of lanes each.
void scratchpads_many(const MixTable& table, const uint8_t* seeds, size_t count, uint8_t* pads, uint8_t* recall_seeds);

// qualities[2048 * i ..] = the 64 qualities (32 bytes big-endian each) of loads[i], 256 KiB, under pads[i] and seeds[i].
void qualities_many(const MixTable& table, const uint8_t* const* loads, const uint8_t* const* pads, const uint8_t* const* seeds,
                    size_t count, uint8_t* qualities);

}  // namespace zg::pora
