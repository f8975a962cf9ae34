// Transaction decoder: any bytes. What decodes encodes back to the same bytes, keeps its hash, and has a signing hash.
#include <cstdlib>

#include "hash/keccak256/api.hpp"
#include "txpool/decode.hpp"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace zg;
  const Bytes raw{data, size};
  const Outcome<evm::Transaction> decoded = txpool::decode_transaction(raw);
  if (!decoded.ok()) {
    if (decoded.failure().message.empty()) std::abort();
    return 0;
  }
  const std::vector<uint8_t> again = txpool::encode_transaction(*decoded);
  if (again.size() != size || std::memcmp(again.data(), data, size) != 0) std::abort();
  if (decoded->hash != keccak256::hash(raw)) std::abort();
  txpool::signing_hash(*decoded);
  return 0;
}
