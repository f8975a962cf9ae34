// Block decoder: any bytes. What decodes encodes back to the same bytes.
#include <cstdlib>
#include <cstring>

#include "evm/block/codec.hpp"
#include "evm/host/bridge.hpp"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace zg;
  const Outcome<evm::DecodedBlock> block = evm::decode_block({data, size});
  if (!block.ok()) return 0;
  const std::vector<uint8_t> again = evm::encode_block(block->header_rlp, block->transactions, block->inputs);
  if (again.size() != size || std::memcmp(again.data(), data, size) != 0) std::abort();
  const std::vector<uint8_t> header = evm::encode_header(block->header);
  if (header.size() != block->header_rlp.size || std::memcmp(header.data(), block->header_rlp.data, header.size()) != 0) std::abort();
  if (block->inputs.bridge) {
    const auto messages = evm::decode_bridge_messages(as_bytes(*block->inputs.bridge));
    if (messages.ok() && evm::encode_park_call(*messages, 16601, Address{}).size() % 32 != 4) std::abort();
  }
  return 0;
}
