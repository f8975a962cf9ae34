// The bodies behind api.hpp, one pair of functions a contract: what it costs, and what it does once that is paid.
//
// cost: the gas, UINT64_MAX when it exceeds any gas there can be. run: false for an input that the contract rejects; `out`
// is then ignored.
#pragma once

#include <cstring>
#include <vector>

#include "common/bytes.hpp"

namespace zg::evm::precompiles {

using Output = std::vector<uint8_t>;

struct Contract {
  uint64_t (*cost)(Bytes input);
  bool (*run)(Bytes input, Output& out);
};

inline uint64_t words(size_t size_bytes) { return (size_bytes + 31) / 32; }

// `size` bytes of the input from `from` on, zeros beyond its end.
inline void read_padded(Bytes input, size_t from, size_t size, uint8_t* out) {
  const size_t have = from < input.size ? (input.size - from < size ? input.size - from : size) : 0;
  if (have > 0) std::memcpy(out, input.data + from, have);
  if (have < size) std::memset(out + have, 0, size - have);
}

// hashes.cpp
extern const Contract kEcrecover, kSha256, kRipemd160, kIdentity, kBlake2f;
// modexp.cpp
extern const Contract kModexp;
// bn254.cpp
extern const Contract kBn254Add, kBn254Mul, kBn254Pairing;
// bls12_381.cpp
extern const Contract kBlsG1Add, kBlsG1Msm, kBlsG2Add, kBlsG2Msm, kBlsPairing, kBlsMapFpToG1, kBlsMapFp2ToG2;
// kzg.cpp
extern const Contract kPointEvaluation;

}  // namespace zg::evm::precompiles
