// keccak256 of many inputs at once by every backend of this machine: the digests that one state at a time gives.
// Input: sizes as one byte each behind their count, then the inputs back to back; the last one takes the rest.
#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <vector>

#include "hash/keccak256/api.hpp"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace zg;
  if (size == 0 || size < 1u + data[0]) return 0;
  const size_t count = data[0];
  const uint8_t* at = data + 1 + count;
  size_t left = size - 1 - count;
  std::vector<Bytes> inputs;
  for (size_t i = 0; i <= count; ++i) {
    const size_t take = i == count ? left : std::min<size_t>(left, 3 * data[1 + i]);
    inputs.push_back({at, take});
    at += take;
    left -= take;
  }
  std::vector<uint8_t> expected(inputs.size() * 32), found(inputs.size() * 32);
  const auto scalar = keccak256::backend("scalar");
  if (!scalar.ok()) std::abort();
  for (size_t i = 0; i < inputs.size(); ++i) (*scalar)->hash_one(inputs[i], expected.data() + 32 * i);
  for (const char* name : {"scalar", "avx2", "avx512"}) {
    const auto table = keccak256::backend(name);
    if (!table.ok()) continue;
    keccak256::hash_many(**table, inputs.data(), inputs.size(), found.data());
    if (found != expected) std::abort();
    for (size_t i = 0; i < inputs.size(); ++i) {
      uint8_t digest[32];
      (*table)->hash_one(inputs[i], digest);
      if (std::memcmp(digest, expected.data() + 32 * i, 32) != 0) std::abort();
    }
  }
  return 0;
}
