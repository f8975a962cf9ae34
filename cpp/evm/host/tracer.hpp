// The port through which an execution is watched. Nothing is paid for it when no tracer is given: frames ask once whether
// there is one, and only a tracer that wants steps moves execution to the stepping loop.
#pragma once

#include "evm/host/block_state.hpp"
#include "evm/interpreter/halt.hpp"
#include "evm/types.hpp"

namespace zg::evm {

enum class CallKind : uint8_t { call, callcode, delegatecall, staticcall, create, create2, selfdestruct };

// One frame as it starts (also calls that never become a frame: to precompiles, to accounts without code, failed ones).
struct EnterInfo {
  CallKind kind;
  int depth;  // 0 for the transaction's own frame
  Address from, to;
  Bytes input;  // borrowed for the duration of the hook
  uint64_t gas;
  U256 value;
  bool has_value;  // false for DELEGATECALL and STATICCALL
};

struct ExitInfo {
  int depth;
  Halt halt;  // Halt::none when it succeeded
  uint64_t gas_used;
  Bytes output;
  const char* error;  // geth's text, null when it succeeded
};

// One instruction before it runs. Pointers are borrowed for the duration of the hook.
struct StepInfo {
  uint64_t pc;
  uint8_t opcode;
  int depth;  // 1 for the transaction's own frame, as geth counts here
  uint64_t gas;
  const U256* stack;  // bottom first
  size_t stack_size;
  Bytes memory;
  Bytes return_data;
  int64_t refund;
  const Address* address;  // the account whose storage the frame sees
  const Address* caller;
};

class Tracer {
 public:
  virtual ~Tracer() = default;
  virtual bool wants_steps() const { return false; }
  // Before anything is charged; `state` may be read in every hook until the end of the transaction.
  virtual void transaction_start(BlockState& state, const BlockEnv& env, const Transaction& transaction) {
    (void)state, (void)env, (void)transaction;
  }
  virtual void transaction_end(uint64_t gas_used) { (void)gas_used; }
  virtual void enter(const EnterInfo& info) { (void)info; }
  virtual void exit(const ExitInfo& info) { (void)info; }
  virtual void step(const StepInfo& info) { (void)info; }
  // After the instruction of the last step() of this frame: what it cost, forwarded gas included. `error` is geth's text
  // when the instruction failed, else null. Comes before the hooks of a frame that the instruction opens.
  virtual void step_done(uint64_t gas_cost, const char* error) { (void)gas_cost, (void)error; }
  virtual void log(const Log& entry) { (void)entry; }
};

}  // namespace zg::evm
