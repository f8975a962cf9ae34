// The structured values that the stateful precompiles keep, and their MessagePack encoding to the byte.
//
// Structs are maps with their field names in declaration order, text is str, lists are arrays; every address and every number
// is bin holding its text: lower-case 0x hex, decimal digits.
#pragma once

#include <string>
#include <vector>

#include "common/digest.hpp"
#include "common/u256.hpp"

namespace zg::evm::zerog_rules {

struct G1Words {
  U256 x, y;
};

// Index 0 is the real part, index 1 the imaginary one.
struct G2Words {
  U256 x[2], y[2];
};

struct SignerDetail {
  Address signer{};
  std::string socket;
  G1Words pk_g1;
  G2Words pk_g2;
};

struct MinterSupply {
  U256 cap, initial_supply, supply;
};

std::vector<uint8_t> encode_signer(const SignerDetail& signer);
std::vector<uint8_t> encode_supply(const MinterSupply& supply);
std::vector<uint8_t> encode_quorum(const std::vector<Address>& rows);

// The readers take only what the writers make (any valid length form for text, lists and bins): false for anything else,
// bytes after the value included.
bool decode_signer(Bytes bytes, SignerDetail& out);
bool decode_supply(Bytes bytes, MinterSupply& out);
bool decode_quorum(Bytes bytes, std::vector<Address>& out);

// Where row `row` of an encoded quorum lies, so that one row can be read without the others.
struct QuorumShape {
  size_t header_size, rows;
  static constexpr size_t kRowSize = 44;  // c4 2a and 42 characters
  size_t row_at(size_t row) const { return header_size + row * kRowSize; }
};
// From the value's length and its first bytes (at least min(5, size) of them); false when they do not fit each other.
bool quorum_shape(Bytes head, size_t size, QuorumShape& out);
// One encoded row, kRowSize bytes.
bool decode_quorum_row(const uint8_t* bytes, Address& out);

}  // namespace zg::evm::zerog_rules
