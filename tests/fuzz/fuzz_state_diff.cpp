// Any bytes behind a true checksum: what is accepted must encode to itself, and its inverse must survive the same way.
#include <cstdlib>
#include <cstring>

#include "hash/keccak256/api.hpp"
#include "state/diff/api.hpp"

using namespace zg;

namespace {

void require(bool condition) {
  if (!condition) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  require(!state::decode_diff({data, size}).ok() || size >= 13);
  std::vector<uint8_t> blob = {'z', 'g', 'd', 'f', 1};
  const Hash32 sum = keccak256::hash({data, size});
  blob.insert(blob.end(), sum.b, sum.b + 8);
  blob.insert(blob.end(), data, data + size);
  const auto changes = state::decode_diff(as_bytes(blob));
  if (!changes.ok()) return 0;
  require(state::encode_diff(*changes) == blob);
  const auto back = state::decode_diff(as_bytes(state::encode_diff(state::inverse(*changes))));
  require(back.ok() && back->accounts.size() == changes->accounts.size());
  for (const state::Row& row : state::flat_rows(*changes)) {
    if (!row.value) continue;
    if (row.family == state::Family::accounts) require(state::decode_account_row(as_bytes(*row.value)).ok());
    if (row.family == state::Family::slots) require(state::decode_slot_row(as_bytes(*row.value)).ok());
  }
  return 0;
}
