#include "evm/block/header.hpp"

#include <algorithm>

#include "evm/block/codec.hpp"
#include "evm/host/transact.hpp"

namespace zg::evm {

namespace {

constexpr uint64_t kGasLimitBoundDivisor = 1024;
constexpr uint64_t kGasLimitMax = INT64_MAX;  // as geth: keeps 0G's floor formula and signed clients safe

std::string differs(const char* field, const std::string& expected, const std::string& found) {
  return std::string(field) + ": expected " + expected + ", found " + found;
}
std::string hex(Bytes bytes) { return "0x" + to_hex(bytes); }

}  // namespace

U256 next_base_fee(const Header& parent) {
  const uint64_t target = parent.gas_limit / 2;
  if (parent.gas_used == target || target == 0) return parent.base_fee;
  if (parent.gas_used > target) {
    const U256 delta = parent.base_fee * U256(parent.gas_used - target) / U256(target) / U256(8);
    return parent.base_fee + std::max(delta, U256(1));
  }
  const U256 delta = parent.base_fee * U256(target - parent.gas_used) / U256(target) / U256(8);
  return parent.base_fee - delta;
}

uint64_t next_gas_limit(uint64_t parent, uint64_t wanted, uint64_t floor) {
  const uint64_t step = parent / kGasLimitBoundDivisor == 0 ? 0 : parent / kGasLimitBoundDivisor - 1;
  wanted = std::clamp(wanted, floor, kGasLimitMax);
  if (wanted > parent) return std::min(wanted, parent + step);
  return std::max(wanted, parent - step);
}

std::optional<std::string> check_header(const Header& h, const Header& parent, const Hash32& parent_hash, const ChainConfig& config) {
  const Rules rules = config.rules_at(h.timestamp);
  const auto number = [](uint64_t value) { return std::to_string(value); };
  if (h.parent_hash != parent_hash) return differs("parentHash", hex(as_bytes(parent_hash)), hex(as_bytes(h.parent_hash)));
  if (h.number != parent.number + 1) return differs("number", number(parent.number + 1), number(h.number));
  if (h.timestamp < parent.timestamp || (!rules.repeated_timestamps && h.timestamp == parent.timestamp))
    return differs("timestamp", (rules.repeated_timestamps ? "at least " : "above ") + number(parent.timestamp), number(h.timestamp));
  if (h.ommers_hash != kEmptyOmmersHash) return differs("sha3Uncles", hex(as_bytes(kEmptyOmmersHash)), hex(as_bytes(h.ommers_hash)));
  if (!h.difficulty.is_zero()) return differs("difficulty", "0", to_decimal(h.difficulty));
  if (std::any_of(h.nonce, h.nonce + 8, [](uint8_t b) { return b != 0; })) return differs("nonce", "0x0000000000000000", hex({h.nonce, 8}));
  if (h.extra_data.size() > kExtraDataSizeMax) return differs("extraData", "at most 32 bytes", number(h.extra_data.size()) + " bytes");
  if (h.gas_limit > kGasLimitMax) return differs("gasLimit", "at most 2^63 - 1", number(h.gas_limit));
  const uint64_t change = h.gas_limit > parent.gas_limit ? h.gas_limit - parent.gas_limit : parent.gas_limit - h.gas_limit;
  if (change >= std::max<uint64_t>(parent.gas_limit / kGasLimitBoundDivisor, 1))
    return differs("gasLimit", "within 1/1024 of the parent's " + number(parent.gas_limit), number(h.gas_limit));
  if (h.gas_limit < rules.gas_limit_min) return differs("gasLimit", "at least " + number(rules.gas_limit_min), number(h.gas_limit));
  if (h.gas_used > h.gas_limit) return differs("gasUsed", "at most the gas limit " + number(h.gas_limit), number(h.gas_used));
  const U256 base_fee = next_base_fee(parent);
  if (h.base_fee != base_fee) return differs("baseFeePerGas", to_decimal(base_fee), to_decimal(h.base_fee));
  const uint64_t excess = next_excess_blob_gas(parent.excess_blob_gas, parent.blob_gas_used, rules.fork);
  if (h.excess_blob_gas != excess) return differs("excessBlobGas", number(excess), number(h.excess_blob_gas));
  if (h.blob_gas_used > blob_schedule(rules.fork).max_gas)
    return differs("blobGasUsed", "at most " + number(blob_schedule(rules.fork).max_gas), number(h.blob_gas_used));
  const bool prague = rules.fork >= Fork::prague;
  if (h.requests_hash.has_value() != prague)
    return differs("requestsHash", prague ? "a hash (Prague)" : "none (Cancun)", h.requests_hash ? "a hash" : "none");
  return std::nullopt;
}

BlockEnv block_env(const Header& h, const Rules& rules) {
  BlockEnv env;
  env.number = h.number;
  env.timestamp = h.timestamp;
  env.gas_limit = h.gas_limit;
  env.coinbase = h.coinbase;
  env.base_fee = h.base_fee;
  env.prev_randao = U256::from_be(h.prev_randao.b);
  env.excess_blob_gas = h.excess_blob_gas;
  env.blob_base_fee = blob_base_fee(h.excess_blob_gas, rules.fork);
  return env;
}

}  // namespace zg::evm
