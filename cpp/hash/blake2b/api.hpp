// BLAKE2b-512, unkeyed (RFC 7693), of one input or of many at once. The proof of random access is made of it.
//
// Every backend gives the same bytes. No secrets: timing depends on sizes.
#pragma once

#include <string_view>

#include "common/bytes.hpp"
#include "common/status.hpp"
#include "hash/blake2b/table.hpp"

namespace zg::blake2b {

// "scalar", "avx2", "avx512", "emu" in test builds; an empty name means the active one. device_unavailable as in keccak256::backend.
Outcome<const Table*> backend(std::string_view name);

// digests[i] = BLAKE2b-512 of data[offsets[i] .. offsets[i + 1]).
//
// Out: digests: 64 * count bytes, apart from the input.
// In:  offsets: count + 1 ascending positions in `data`; checked by the caller.
void hash_many(const Table& table, const uint8_t* data, const uint64_t* offsets, size_t count, uint8_t* digests);

// The same for inputs of `size` bytes that lie one after the other.
void hash_many_fixed(const Table& table, const uint8_t* data, size_t size, size_t count, uint8_t* digests);

}  // namespace zg::blake2b
