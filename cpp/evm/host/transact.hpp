// Transactions, types 0 to 4, and calls outside of transactions.
#pragma once

#include <chrono>
#include <string>

#include "evm/host/block_state.hpp"
#include "evm/host/tracer.hpp"
#include "evm/interpreter/halt.hpp"
#include "evm/types.hpp"

namespace zg::evm {

// Why a transaction may not be included. The state is untouched then.
enum class TxError : uint8_t {
  none,
  nonce_too_low,
  nonce_too_high,
  nonce_max,
  insufficient_funds,
  intrinsic_gas,
  floor_gas,
  fee_cap_below_base_fee,
  tip_above_fee_cap,
  gas_limit_exceeds_block,
  sender_not_eoa,
  initcode_too_large,
  chain_id_mismatch,
  type_not_supported,
  blob_create,
  blob_missing,
  blob_too_many,
  blob_version,
  blob_fee_cap_too_low,
  blob_gas_exceeds_block,
  set_code_create,
  set_code_empty,
};

// geth's text for the error ("" for none), the part that clients match.
const char* tx_error_text(TxError error);

struct TransactOptions {
  bool check_nonce = true;
  bool check_balance = true;      // off: fees are not charged at all, only the value must be there
  bool check_base_fee = true;     // off: a transaction whose fee caps are zero is accepted, BASEFEE is then 0 (eth_call)
  bool check_sender_code = true;  // EIP-3607
  bool check_chain_id = true;
  uint64_t block_gas_left = UINT64_MAX;  // also bounded by env.gas_limit unless check_block_gas is off
  bool check_block_gas = true;
  uint64_t blob_gas_left = UINT64_MAX;   // also bounded by the fork's blob gas per block
  bool commit_fees = true;               // off: no tip for the coinbase (simulations)
  // The clock is looked at every few thousand jumps and at every call; past it everything ends with Halt::deadline.
  std::optional<std::chrono::steady_clock::time_point> deadline;
  bool collect_access_list = false;      // TxResult::access_list is filled
};

struct TxResult {
  TxError error = TxError::none;
  std::string error_message;     // geth's full sentence when error != none
  bool success = false;
  Halt halt = Halt::none;
  std::string halt_message;      // geth's sentence when !success
  uint64_t gas_used = 0;         // charged: after refund, 0G floor and calldata floor
  uint64_t gas_refunded = 0;     // counted refund actually granted
  uint64_t gas_max_used = 0;     // before refund and floors: what an estimator starts from
  std::vector<uint8_t> output;   // return or revert data; deployed code for a creation
  std::vector<Log> logs;
  std::optional<Address> created;  // address of a creation, also of a failed one
  U256 effective_gas_price;
  uint64_t blob_gas_used = 0;
  std::vector<AccessTuple> access_list;  // without the sender, the target and precompiles, as geth lists it
};

// Validates and executes one transaction. `transaction.sender` and the authorities of its authorizations are filled in.
// Fees move; the tip goes to env.coinbase. error != none: the state is untouched.
TxResult transact(BlockState& state, const BlockEnv& env, const Rules& rules, const Transaction& transaction, const TransactOptions& options = {},
                  Tracer* tracer = nullptr);

struct IntrinsicGas {
  uint64_t gas = 0;    // charged before execution
  uint64_t floor = 0;  // EIP-7623, 0 before Prague
};
// What a transaction costs before it runs; the pool asks too.
IntrinsicGas intrinsic_gas(const Transaction& transaction, const Rules& rules);

// The checks that need no state: types, chain id, fee caps' order, init code size, intrinsic gas, blob and set-code shape.
TxError check_static(const Transaction& transaction, const Rules& rules);

// 0G: the least gas that a limit is charged, `limit/100*percent + limit%100*percent/100`.
uint64_t gas_floor(uint64_t gas_limit, unsigned percent);

// min(max_fee, base_fee + max_priority_fee)
U256 effective_gas_price(const Transaction& transaction, const U256& base_fee);

// EIP-4844, with the fork's schedule (EIP-7691 from Prague on).
struct BlobSchedule {
  uint64_t target_gas, max_gas, update_fraction;
};
BlobSchedule blob_schedule(Fork fork);
U256 blob_base_fee(uint64_t excess_blob_gas, Fork fork);
uint64_t next_excess_blob_gas(uint64_t parent_excess, uint64_t parent_used, Fork fork);

struct CallOutcome {
  bool success = false;
  Halt halt = Halt::none;
  uint64_t gas_used = 0;
  std::vector<uint8_t> output;
  std::vector<Log> logs;
};

// A call by the system: no fee, no nonce, no value. Its effects stay when it succeeds. A target without code does nothing and succeeds.
CallOutcome system_call(BlockState& state, const BlockEnv& env, const Rules& rules, const Address& caller, const Address& target, Bytes input, uint64_t gas);

}  // namespace zg::evm
