// The contract ABI as far as the stateful precompiles speak it: a strict reader of arguments and a writer of results.
//
// Strict: a value that does not fit its type, or an offset or length that leaves the data, is malformed. Bytes after the last
// argument are ignored, as contracts do.
#pragma once

#include <cstring>
#include <vector>

#include "common/digest.hpp"
#include "common/u256.hpp"

namespace zg::evm::zerog_rules {

// Reads words at positions relative to the start of one tuple's head. The first malformed value makes ok() false for good;
// what is returned after that is zero or empty.
class AbiReader {
 public:
  explicit AbiReader(Bytes data) : data_(data) {}

  bool ok() const { return ok_; }
  // The number at word `index` of the head.
  U256 number(size_t index);
  uint64_t number_u64(size_t index);
  uint32_t number_u32(size_t index);
  Address address(size_t index);
  // What the offset at word `index` leads to: a reader of the tuple there, the contents of bytes or string, an array.
  AbiReader tuple(size_t index);
  Bytes bytes(size_t index);
  std::vector<Address> addresses(size_t index);

 private:
  const uint8_t* word(size_t index);
  Bytes tail(size_t index);
  void fail() { ok_ = false; }

  Bytes data_;
  bool ok_ = true;
};

class AbiWriter {
 public:
  AbiWriter& number(const U256& value);
  AbiWriter& address(const Address& value);
  // Length and contents, padded to words.
  AbiWriter& bytes(Bytes value);
  size_t size() const { return out_.size(); }
  std::vector<uint8_t> take() { return std::move(out_); }

 private:
  std::vector<uint8_t> out_;
};

}  // namespace zg::evm::zerog_rules
