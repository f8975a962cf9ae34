// The stateful precompiled contracts of 0G: DASigners at 0x…1000 and the wrapped-0G base at 0x…1002.
//
// They read and write chain state through a StatefulHost that the frame's owner implements; the host journals every write,
// so that a frame that does not end in success leaves nothing behind. Source: docs/protocol/chain.md §§4-6.
#pragma once

#include <cstdint>
#include <vector>

#include "common/bytes.hpp"
#include "evm/types.hpp"

namespace zg::evm::zerog_rules {

// What a stateful precompile may see and do. Gas is fixed per method: no access made here is charged, and none of them
// warms an address or a slot.
class StatefulHost {
 public:
  virtual ~StatefulHost() = default;
  virtual U256 storage(const Address& account, const U256& slot) = 0;
  virtual void set_storage(const Address& account, const U256& slot, const U256& value) = 0;
  virtual U256 balance(const Address& account) = 0;
  virtual void set_balance(const Address& account, const U256& balance) = 0;
  virtual bool has_code(const Address& account) = 0;
  virtual void set_code(const Address& account, Bytes code) = 0;
  virtual void emit_log(Log log) = 0;
  virtual uint64_t block_number() = 0;
  virtual Address tx_origin() = 0;
};

enum class StatefulOutcome : uint8_t {
  success,
  revert,   // malformed arguments, or a writing method in a read-only frame: empty data, the gas left goes back
  failure,  // out of gas, or a rule broken: consumes everything
};

struct StatefulResult {
  StatefulOutcome outcome = StatefulOutcome::failure;
  uint64_t gas_used = 0;        // of the gas given; all of it on failure
  std::vector<uint8_t> output;  // empty unless success
  const char* error = "";       // a text for traces and operators; the contract world never sees it
};

inline constexpr Address kDaSigners{{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x10, 0x00}};
inline constexpr Address kWrappedBase{{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x10, 0x02}};

// The caller of what the chain itself does, and what it says to begin an epoch of data availability (version 2 of DASigners).
inline constexpr Address kSystem{{0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
                                  0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xfe}};
inline constexpr uint8_t kBeginEpochInput[4] = {0x5a, 0x88, 0x9f, 0x0c};

// Whether the chain begins an epoch with this block. Always false with version 3, where anybody's call begins one.
bool begins_epoch(uint64_t block_number, const Rules& rules);

// True for the two addresses when rules.zerog_precompiles is on. Like every precompile they are warm from the start of a
// transaction.
bool is_stateful(const Address& address, const Rules& rules);

// Runs the contract at `address` (is_stateful must hold).
//
// In: read_only: true for STATICCALL, DELEGATECALL and CALLCODE frames and for any frame inside a static context;
//     caller: the immediate caller, also for DELEGATECALL and CALLCODE (the contract acts on its own address always);
//     the value of the call has been moved by the caller of this function and is ignored here.
// On anything but success the host must roll back what was done through it.
StatefulResult run(const Address& address, Bytes input, uint64_t gas, bool read_only, const Address& caller,
                   StatefulHost& host, const Rules& rules);

}  // namespace zg::evm::zerog_rules
