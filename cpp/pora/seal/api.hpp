// Sealing: what a miner does to the bytes it stores, so that they are its own copy.
//
// A seal is 4096 bytes of the flow. mask = keccak256(miner id ‖ context ‖ first sector as 32 bytes big-endian); each word of
// 32 bytes is xored with the mask, and the next mask is keccak256 of the sealed word. Sealing is a chain; many seals run in
// lanes. Source: docs/protocol/storage.md, sealing; "0gfoundation/0g-storage-node: common/zgs_seal".
#pragma once

#include <string_view>

#include "common/digest.hpp"
#include "common/status.hpp"
#include "pora/seal/table.hpp"

namespace zg::pora {

// "scalar", "avx2", "avx512", "emu" in test builds; an empty name means the active one.
Outcome<const SealTable*> seal_backend(std::string_view name);

// First masks of `count` consecutive seals from `first_sector` on (a multiple of 16). `context_stride` is 32, or 0 when all
// seals have one context. Out: masks: 32 * count bytes.
void seal_masks(const Hash32& miner_id, const uint8_t* contexts, size_t context_stride, uint64_t first_sector, size_t count, uint8_t* masks);

// In place, on all threads. masks: 32 * count bytes.
void seal_many(const SealTable& table, uint8_t* data, const uint8_t* masks, size_t count);
void unseal_many(const SealTable& table, uint8_t* data, const uint8_t* masks, size_t count);

}  // namespace zg::pora
