// The stepping loop: one instruction at a time from the raw code, every check at its instruction, hooks for a tracer.
#include <utility>

#include "evm/interpreter/machine.hpp"
#include "evm/interpreter/opcodes.hpp"
#include "evm/interpreter/operations.hpp"
#include "evm/interpreter/word.hpp"

namespace zg::evm {

namespace {

enum class Flow : uint8_t { next, jumped, ends, leaves };

// Runs one instruction whose stack and static gas are fine. `halt` says why the frame ends, when it does.
Flow execute(Machine& m, Frame& f, uint8_t op, Halt& halt) {
  namespace o = operations;
  U256*& sp = f.sp;
  const auto cold = [&halt](Halt result) {
    halt = result;
    return result == Halt::none ? Flow::next : Flow::ends;
  };
  const auto leaves = [&halt](Halt result) {
    halt = result;
    return result == Halt::none ? Flow::leaves : Flow::ends;
  };
  const auto ends = [&halt](Halt result) {
    halt = result;
    return Flow::ends;
  };
  const auto binary = [&sp](const U256& result) {
    sp[-2] = result;
    --sp;
    return Flow::next;
  };
  const auto push = [&sp](const U256& value) {
    *sp++ = value;
    return Flow::next;
  };

  if (op >= OP_PUSH1 && op <= OP_PUSH32) {
    const size_t count = op - OP_PUSH1 + 1u;
    uint8_t bytes[32] = {};
    for (size_t i = 0; i < count && f.pc + 1 + i < f.code->code_size(); ++i) bytes[32 - count + i] = f.code->code()[f.pc + 1 + i];
    f.pc += count;
    return push(U256::from_be(bytes));
  }
  if (op >= OP_DUP1 && op <= OP_DUP16) return push(U256(sp[-1 - (op - OP_DUP1)]));
  if (op >= OP_SWAP1 && op <= OP_SWAP16) {
    std::swap(sp[-1], sp[-2 - (op - OP_SWAP1)]);
    return Flow::next;
  }
  if (op >= OP_LOG0 && op <= OP_LOG4) return cold(o::log(m, f, op - OP_LOG0));

  switch (op) {
    case OP_STOP: f.output = {nullptr, 0}; return ends(Halt::none);
    case OP_ADD: return binary(sp[-1] + sp[-2]);
    case OP_MUL: return binary(word::mul(sp[-1], sp[-2]));
    case OP_SUB: return binary(sp[-1] - sp[-2]);
    case OP_DIV: return binary(sp[-1] / sp[-2]);
    case OP_SDIV: return binary(word::divide_signed(sp[-1], sp[-2]));
    case OP_MOD: return binary(sp[-1] % sp[-2]);
    case OP_SMOD: return binary(word::remainder_signed(sp[-1], sp[-2]));
    case OP_ADDMOD: sp[-3] = add_mod(sp[-1], sp[-2], sp[-3]); sp -= 2; return Flow::next;
    case OP_MULMOD: sp[-3] = mul_mod(sp[-1], sp[-2], sp[-3]); sp -= 2; return Flow::next;
    case OP_EXP: return cold(o::exp(m, f));
    case OP_SIGNEXTEND: return binary(word::sign_extend(sp[-1], sp[-2]));
    case OP_LT: return binary(U256(sp[-1] < sp[-2]));
    case OP_GT: return binary(U256(sp[-2] < sp[-1]));
    case OP_SLT: return binary(U256(word::signed_less(sp[-1], sp[-2])));
    case OP_SGT: return binary(U256(word::signed_less(sp[-2], sp[-1])));
    case OP_EQ: return binary(U256(sp[-1] == sp[-2]));
    case OP_ISZERO: sp[-1] = U256(sp[-1].is_zero()); return Flow::next;
    case OP_AND: return binary(sp[-1] & sp[-2]);
    case OP_OR: return binary(sp[-1] | sp[-2]);
    case OP_XOR: return binary(sp[-1] ^ sp[-2]);
    case OP_NOT: sp[-1] = ~sp[-1]; return Flow::next;
    case OP_BYTE: return binary(word::byte_at(sp[-1], sp[-2]));
    case OP_SHL: return binary(word::shift_left(sp[-2], sp[-1]));
    case OP_SHR: return binary(word::shift_right(sp[-2], sp[-1]));
    case OP_SAR: return binary(word::shift_right_signed(sp[-2], sp[-1]));
    case OP_KECCAK256: return cold(o::keccak256(m, f));
    case OP_ADDRESS: return push(word::from_address(f.self->address));
    case OP_BALANCE: return cold(o::balance(m, f));
    case OP_ORIGIN: return push(word::from_address(m.transaction.origin));
    case OP_CALLER: return push(word::from_address(f.caller));
    case OP_CALLVALUE: return push(f.value);
    case OP_CALLDATALOAD: return cold(o::calldataload(m, f));
    case OP_CALLDATASIZE: return push(U256(f.input.size));
    case OP_CALLDATACOPY: return cold(o::calldatacopy(m, f));
    case OP_CODESIZE: return push(U256(f.code->code_size()));
    case OP_CODECOPY: return cold(o::codecopy(m, f));
    case OP_GASPRICE: return push(m.transaction.gas_price);
    case OP_EXTCODESIZE: return cold(o::extcodesize(m, f));
    case OP_EXTCODECOPY: return cold(o::extcodecopy(m, f));
    case OP_RETURNDATASIZE: return push(U256(f.return_data.size));
    case OP_RETURNDATACOPY: return cold(o::returndatacopy(m, f));
    case OP_EXTCODEHASH: return cold(o::extcodehash(m, f));
    case OP_BLOCKHASH: return cold(o::blockhash(m, f));
    case OP_COINBASE: return push(word::from_address(m.env.coinbase));
    case OP_TIMESTAMP: return push(U256(m.env.timestamp));
    case OP_NUMBER: return push(U256(m.env.number));
    case OP_PREVRANDAO: return push(m.env.prev_randao);
    case OP_GASLIMIT: return push(U256(m.env.gas_limit));
    case OP_CHAINID: return push(U256(m.rules.chain_id));
    case OP_SELFBALANCE: return push(f.self->now.balance);
    case OP_BASEFEE: return push(m.transaction.base_fee);
    case OP_BLOBHASH: return cold(o::blobhash(m, f));
    case OP_BLOBBASEFEE: return push(m.env.blob_base_fee);
    case OP_POP: --sp; return Flow::next;
    case OP_MLOAD: return cold(o::mload(m, f));
    case OP_MSTORE: return cold(o::mstore(m, f));
    case OP_MSTORE8: return cold(o::mstore8(m, f));
    case OP_SLOAD: return cold(o::sload(m, f));
    case OP_SSTORE: return cold(o::sstore(m, f));
    case OP_JUMP:
    case OP_JUMPI: {
      const U256 target = sp[-1];
      const bool taken = op == OP_JUMP || !sp[-2].is_zero();
      sp -= op == OP_JUMP ? 1 : 2;
      if (!taken) return Flow::next;
      if (!f.code->is_jumpdest(target)) return ends(Halt::invalid_jump);
      if (--m.ticks == 0 && m.past_deadline()) return ends(Halt::deadline);
      f.pc = target.w[0];
      return Flow::jumped;
    }
    case OP_PC: return push(U256(f.pc));
    case OP_MSIZE: return push(U256(f.memory.size));
    case OP_GAS: return push(U256(static_cast<uint64_t>(f.gas)));
    case OP_JUMPDEST: return Flow::next;
    case OP_TLOAD: return cold(o::tload(m, f));
    case OP_TSTORE: return cold(o::tstore(m, f));
    case OP_MCOPY: return cold(o::mcopy(m, f));
    case OP_PUSH0: return push(U256());
    case OP_CREATE: return leaves(o::create(m, f, CallKind::create));
    case OP_CREATE2: return leaves(o::create(m, f, CallKind::create2));
    case OP_CALL: return leaves(o::call(m, f, CallKind::call));
    case OP_CALLCODE: return leaves(o::call(m, f, CallKind::callcode));
    case OP_DELEGATECALL: return leaves(o::call(m, f, CallKind::delegatecall));
    case OP_STATICCALL: return leaves(o::call(m, f, CallKind::staticcall));
    case OP_RETURN: return ends(o::finish_with_output(m, f, Halt::none));
    case OP_REVERT: return ends(o::finish_with_output(m, f, Halt::revert));
    case OP_SELFDESTRUCT: return ends(o::selfdestruct(m, f));
    default: return ends(Halt::invalid_opcode);
  }
}

Halt check(Machine& m, Frame& f, uint8_t op, const OpcodeTraits& traits) {
  const size_t height = static_cast<size_t>(f.sp - f.stack);
  m.bad_opcode = op;
  if (!traits.defined) return Halt::invalid_opcode;
  if (height < traits.pops) {
    m.bad_have = static_cast<uint32_t>(height);
    m.bad_want = traits.pops;
    return Halt::stack_underflow;
  }
  if (height + traits.pushes > kStackMax + traits.pops) {
    m.bad_have = static_cast<uint32_t>(height);
    m.bad_want = static_cast<uint32_t>(kStackMax + traits.pops - traits.pushes);
    return Halt::stack_overflow;
  }
  f.gas -= traits.gas;
  return f.gas < 0 ? Halt::out_of_gas : Halt::none;
}

}  // namespace

Exit run_stepping(Machine& m, Frame& f) {
  const bool watched = m.tracer != nullptr && m.tracer->wants_steps();
  for (;;) {
    const uint8_t op = f.pc < f.code->code_size() ? f.code->code()[f.pc] : uint8_t{OP_STOP};
    const int64_t gas_before = f.gas;
    if (watched) {
      m.tracer->step({f.pc, op, f.depth + 1, static_cast<uint64_t>(f.gas), f.stack, static_cast<size_t>(f.sp - f.stack),
                      {f.memory.data, f.memory.size}, f.return_data, m.state.refund(), &f.self->address, &f.caller});
    }
    Flow flow = Flow::ends;
    Halt halt = check(m, f, op, kOpcodes[op]);
    if (halt == Halt::none) flow = execute(m, f, op, halt);
    if (watched) {
      const std::string error = halt == Halt::none || halt == Halt::revert ? std::string() : m.sentence(halt);
      m.tracer->step_done(static_cast<uint64_t>(gas_before - f.gas), error.empty() ? nullptr : error.c_str());
    }
    switch (flow) {
      case Flow::next: ++f.pc; break;
      case Flow::jumped: break;
      case Flow::leaves: ++f.pc; return Exit::call;
      case Flow::ends: f.halt = halt; return Exit::done;
    }
  }
}

}  // namespace zg::evm
