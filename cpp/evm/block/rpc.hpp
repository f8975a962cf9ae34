// The short way of JSON-RPC: a whole HTTP body whose calls are all plain reads at the head or eth_sendRawTransaction is
// answered in one call. Everything else, and everything malformed, is left to the long way (python/zerog/chain/rpc), which
// alone knows the other methods and words every refusal.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "evm/block/engine.hpp"

namespace zg::evm {

struct RpcBatch {
  std::string response;
  // Wire bytes and hashes of what entered the pool by this call: to be made durable before `response` goes out.
  std::vector<std::vector<uint8_t>> admitted;
  std::vector<Hash32> hashes;
  size_t calls = 0, refused = 0;
};

// Methods: eth_chainId, net_version, eth_blockNumber, eth_getBalance, eth_getTransactionCount, eth_getCode, eth_getStorageAt (at
// latest, safe, finalized or pending), eth_sendRawTransaction. Every request has an id that is a string or a whole number.
//
// Returns: nothing when any call of the body is not one of these in plain form, or when there are more than `calls_max`; then
// nothing has happened. All reads see one head; transactions are admitted in one batch, before the reads.
std::optional<RpcBatch> rpc_batch(Engine& engine, Bytes body, size_t calls_max);

}  // namespace zg::evm
