// The values that the interpreter, the state, the pool and the block executor exchange: transactions, receipts, headers and
// the rules in force. Plain data; decoding lives in txpool/ and rlp/, meaning in evm/host and evm/block.
#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "common/digest.hpp"
#include "common/u256.hpp"

namespace zg::evm {

enum class Fork : uint8_t { cancun, prague };

// The rules of one block. Ethereum's when the 0G switches are off.
struct Rules {
  Fork fork = Fork::prague;
  uint64_t chain_id = 16601;
  unsigned gas_floor_percent = 0;       // 80 on 0G: gas charged is at least this share of the limit; 0 switches it off
  bool zerog_precompiles = false;       // DASigners at 0x…1000 and the wrapped-0G base at 0x…1002
  unsigned da_signers_version = 3;      // 2: the older chain's rules, where signers register themselves and epochs begin by height
  uint64_t da_epoch_blocks = 5760;      // of version 2; version 3 has 28,800
  bool repeated_timestamps = false;     // timestamp >= parent instead of >
  uint64_t gas_limit_min = 5000;        // lowest block gas limit of a header; 3,000,000 on 0G
};

struct AccessTuple {
  Address address;
  std::vector<Hash32> slots;
};

// One EIP-7702 entry. `authority` is the recovered signer, empty when the signature is invalid; filled by the decoder's
// batch recovery.
struct Authorization {
  U256 chain_id;
  Address address;
  uint64_t nonce = 0;
  uint8_t y_parity = 0;
  U256 r, s;
  std::optional<Address> authority;
};

enum class TxType : uint8_t { legacy = 0, access_list = 1, dynamic_fee = 2, blob = 3, set_code = 4 };

struct Transaction {
  TxType type = TxType::legacy;
  std::optional<uint64_t> chain_id;  // empty for legacy without replay protection
  uint64_t nonce = 0;
  U256 max_priority_fee;  // equals max_fee for types 0 and 1 (their gas price)
  U256 max_fee;
  uint64_t gas_limit = 0;
  std::optional<Address> to;  // empty: creation
  U256 value;
  std::vector<uint8_t> data;
  std::vector<AccessTuple> access_list;
  U256 max_fee_per_blob_gas;
  std::vector<Hash32> blob_hashes;
  std::vector<Authorization> authorizations;
  U256 r, s;
  uint64_t v = 0;  // as on the wire: 27/28 or EIP-155 for legacy, y parity otherwise
  Hash32 hash{};
  Address sender{};
};

struct Log {
  Address address;
  std::vector<Hash32> topics;
  std::vector<uint8_t> data;
};

struct Bloom {
  uint8_t b[256] = {};
};

struct Receipt {
  TxType type = TxType::legacy;
  bool success = false;
  uint64_t cumulative_gas_used = 0;
  uint64_t gas_used = 0;
  std::vector<Log> logs;
  Bloom bloom;
  std::optional<Address> contract_address;
  U256 effective_gas_price;
  uint64_t blob_gas_used = 0;
};

struct Withdrawal {
  uint64_t index = 0, validator_index = 0;
  Address address{};
  uint64_t amount_gwei = 0;
};

// What consensus gives a block beside its transactions (chain.md §3.4, §3.5).
struct ConsensusInputs {
  std::vector<Withdrawal> withdrawals;
  std::vector<Withdrawal> slashings;  // of the validator whose contract is at `address`, by `amount_gwei`
  std::optional<std::vector<uint8_t>> bridge;  // SSZ of the bridge messages; from the bridge fork on, and only then
};

struct Header {
  Hash32 parent_hash{}, ommers_hash{};
  Address coinbase{};
  Hash32 state_root{}, transactions_root{}, receipts_root{};
  Bloom bloom;
  U256 difficulty;
  uint64_t number = 0, gas_limit = 0, gas_used = 0, timestamp = 0;
  std::vector<uint8_t> extra_data;
  Hash32 prev_randao{};
  uint8_t nonce[8] = {};
  U256 base_fee;
  Hash32 withdrawals_root{};
  uint64_t blob_gas_used = 0, excess_blob_gas = 0;
  Hash32 parent_beacon_block_root{};
  std::optional<Hash32> requests_hash;  // from Prague on
};

// What execution sees of the block around it.
struct BlockEnv {
  uint64_t number = 0, timestamp = 0, gas_limit = 0;
  Address coinbase{};
  U256 base_fee, prev_randao;
  uint64_t excess_blob_gas = 0;
  U256 blob_base_fee = U256(1);
};

}  // namespace zg::evm
