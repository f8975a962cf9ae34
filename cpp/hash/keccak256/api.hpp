// keccak256 (the original Keccak padding 0x01, rate 136, as Ethereum and 0G use it) of one input or of many at once.
//
// Callers never see lanes: a batch is a batch, of any size, and every backend gives the same bytes. No secrets: timing
// depends on sizes. Source: "The Keccak reference" 3.0 (permutation, sponge); Ethereum yellow paper, appendix on KEC.
#pragma once

#include <string_view>

#include "common/bytes.hpp"
#include "common/status.hpp"
#include "hash/keccak256/table.hpp"

namespace zg::keccak256 {

// digest = keccak256(input). Any size. Never fails.
void hash(Bytes input, uint8_t digest[32]);

inline Hash32 hash(Bytes input) {
  Hash32 out;
  hash(input, out.b);
  return out;
}

// digests[i] = keccak256(data[offsets[i] .. offsets[i + 1])) for i < count, lanes of one vector hashing different inputs.
//
// Out: digests: count * 32 bytes, may not overlap the input.
// In:  offsets: count + 1 ascending byte positions in `data`; checked by the caller.
void hash_many(const uint8_t* data, const uint64_t* offsets, size_t count, uint8_t* digests);

// The same with one view per input: for callers whose inputs lie scattered (trie nodes, transactions). The order of sizes
// does not matter: lanes are refilled as they finish.
void hash_many(const Bytes* inputs, size_t count, uint8_t* digests);

// digests[i] = keccak256 of the 64 bytes at data + 64 * i: tree nodes, storage slots of mappings, public keys.
//
// Out: digests: count * 32 bytes, may not overlap `data`: pieces run on several threads.
void hash_many_64(const uint8_t* data, size_t count, uint8_t* digests);

// *outs[i] = keccak256(32 bytes at lefts[i] ‖ 32 bytes at rights[i]) for i < count; no output overlaps an input of the batch.
void hash_pairs(const uint8_t* const* lefts, const uint8_t* const* rights, uint8_t* const* outs, size_t count);

// The backend of that name ("scalar", "avx2", "avx512", "emu" in test builds); an empty name means the active one.
//
// Returns: device_unavailable when this machine or build does not offer it, or when ZEROG_BACKEND asks for such a one.
// The functions above then run the scalar backend after one line on standard error: they have nobody to tell.
Outcome<const Table*> backend(std::string_view name);

// The batch forms on a given table, threads included; tests and benches loop over tables with them.
void hash_many(const Table& table, const uint8_t* data, const uint64_t* offsets, size_t count, uint8_t* digests);
void hash_many(const Table& table, const Bytes* inputs, size_t count, uint8_t* digests);
void hash_many_64(const Table& table, const uint8_t* data, size_t count, uint8_t* digests);
// Inputs of `size` bytes each, one after the other.
void hash_many_fixed(const Table& table, const uint8_t* data, size_t size, size_t count, uint8_t* digests);

}  // namespace zg::keccak256
