// The fast loop: direct-threaded over decoded code, registers in locals, gas and stack checked at block entries only.
#include "evm/interpreter/handlers.hpp"
#include "evm/interpreter/machine.hpp"
#include "evm/interpreter/operations.hpp"
#include "evm/interpreter/word.hpp"

#pragma GCC diagnostic ignored "-Wpedantic"

namespace zg::evm {

namespace {

using word::from_address;

inline bool likely(bool condition) { return __builtin_expect(condition, 1); }
inline bool unlikely(bool condition) { return __builtin_expect(condition, 0); }

inline void set_bool(U256& out, bool value) {
  out.w[0] = value;
  out.w[1] = out.w[2] = out.w[3] = 0;
}
inline void set_small(U256& out, uint64_t value) {
  out.w[0] = value;
  out.w[1] = out.w[2] = out.w[3] = 0;
}

// With a null machine: hands out the table of labels and does nothing else.
#ifndef __clang__
__attribute__((optimize("no-gcse", "no-crossjumping")))
#endif
Exit loop(Machine* machine, Frame* frame, const void* const** labels) {
  static const void* const kLabels[] = {
#define ZG_EVM_LABEL(name) &&L_##name,
      ZG_EVM_HANDLERS(ZG_EVM_LABEL)
#undef ZG_EVM_LABEL
  };
  if (machine == nullptr) {
    *labels = kLabels;
    return Exit::done;
  }
  Machine& m = *machine;
  Frame& f = *frame;
  const Instruction* ip = f.ip;
  U256* sp = f.sp;
  int64_t gas = f.gas;
  U256* const base = f.stack;
  Halt halt = Halt::none;

#define GO goto *ip->handler
#define NEXT \
  do {       \
    ++ip;    \
    GO;      \
  } while (false)
// An instruction of operations.cpp: registers out, call, registers in.
#define COLD(operation)                                        \
  do {                                                    \
    f.sp = sp;                                            \
    f.gas = gas;                                          \
    halt = operations::operation;                              \
    sp = f.sp;                                            \
    gas = f.gas;                                          \
    if (unlikely(halt != Halt::none)) goto ended;         \
    NEXT;                                                 \
  } while (false)
#define ENDS(operation)            \
  do {                        \
    f.sp = sp;                \
    f.gas = gas;              \
    halt = operations::operation;  \
    gas = f.gas;              \
    goto ended;               \
  } while (false)
#define LEAVES(operation)                              \
  do {                                            \
    f.sp = sp;                                    \
    f.gas = gas;                                  \
    halt = operations::operation;                      \
    gas = f.gas;                                  \
    if (unlikely(halt != Halt::none)) goto ended; \
    f.ip = ip + 1;                                \
    return Exit::call;                            \
  } while (false)
#define TICK                                   \
  do {                                         \
    if (unlikely(--m.ticks == 0)) {            \
      if (m.past_deadline()) {                 \
        halt = Halt::deadline;                 \
        goto ended;                            \
      }                                        \
    }                                          \
  } while (false)

  GO;

L_block : {
  const BlockNeeds needs = ip->needs;
  const ptrdiff_t height = sp - base;
  gas -= needs.gas;
  if (unlikely(gas < 0 || height < needs.stack || height + needs.grows > static_cast<ptrdiff_t>(kStackMax))) {
    f.gas = gas + needs.gas;
    f.sp = sp;
    f.pc = f.code->block_pc(ip);
    f.slow = true;
    return run_stepping(m, f);
  }
  NEXT;
}
L_nop:
  NEXT;
L_stop:
  f.output = {nullptr, 0};
  goto ended;
L_add:
  word::add(sp[-2], sp[-1]);
  --sp;
  NEXT;
L_mul:
  sp[-2] = word::mul(sp[-1], sp[-2]);
  --sp;
  NEXT;
L_sub : {
  U256 a = sp[-1];
  word::sub(a, sp[-2]);
  sp[-2] = a;
  --sp;
  NEXT;
}
L_div:
  sp[-2] = sp[-1] / sp[-2];
  --sp;
  NEXT;
L_sdiv:
  sp[-2] = word::divide_signed(sp[-1], sp[-2]);
  --sp;
  NEXT;
L_mod:
  sp[-2] = sp[-1] % sp[-2];
  --sp;
  NEXT;
L_smod:
  sp[-2] = word::remainder_signed(sp[-1], sp[-2]);
  --sp;
  NEXT;
L_addmod:
  sp[-3] = add_mod(sp[-1], sp[-2], sp[-3]);
  sp -= 2;
  NEXT;
L_mulmod:
  sp[-3] = mul_mod(sp[-1], sp[-2], sp[-3]);
  sp -= 2;
  NEXT;
L_exp:
  COLD(exp(m, f));
L_signextend:
  sp[-2] = word::sign_extend(sp[-1], sp[-2]);
  --sp;
  NEXT;
L_lt:
  set_bool(sp[-2], word::less(sp[-1], sp[-2]));
  --sp;
  NEXT;
L_gt:
  set_bool(sp[-2], word::less(sp[-2], sp[-1]));
  --sp;
  NEXT;
L_slt:
  set_bool(sp[-2], word::signed_less(sp[-1], sp[-2]));
  --sp;
  NEXT;
L_sgt:
  set_bool(sp[-2], word::signed_less(sp[-2], sp[-1]));
  --sp;
  NEXT;
L_eq:
  set_bool(sp[-2], sp[-1] == sp[-2]);
  --sp;
  NEXT;
L_iszero:
  set_bool(sp[-1], sp[-1].is_zero());
  NEXT;
L_and_:
  sp[-2] = sp[-1] & sp[-2];
  --sp;
  NEXT;
L_or_:
  sp[-2] = sp[-1] | sp[-2];
  --sp;
  NEXT;
L_xor_:
  sp[-2] = sp[-1] ^ sp[-2];
  --sp;
  NEXT;
L_not_:
  sp[-1] = ~sp[-1];
  NEXT;
L_byte:
  sp[-2] = word::byte_at(sp[-1], sp[-2]);
  --sp;
  NEXT;
L_shl:
  sp[-2] = word::shift_left(sp[-2], sp[-1]);
  --sp;
  NEXT;
L_shr:
  sp[-2] = word::shift_right(sp[-2], sp[-1]);
  --sp;
  NEXT;
L_sar:
  sp[-2] = word::shift_right_signed(sp[-2], sp[-1]);
  --sp;
  NEXT;
L_keccak256:
  COLD(keccak256(m, f));
L_address:
  *sp++ = from_address(f.self->address);
  NEXT;
L_balance:
  COLD(balance(m, f));
L_origin:
  *sp++ = from_address(m.transaction.origin);
  NEXT;
L_caller:
  *sp++ = from_address(f.caller);
  NEXT;
L_callvalue:
  *sp++ = f.value;
  NEXT;
L_calldataload : {
  const U256& at = sp[-1];
  if (likely(at.fits_u64() && at.w[0] < f.input.size && f.input.size - at.w[0] >= 32)) {
    sp[-1] = U256::from_be(f.input.data + at.w[0]);
    NEXT;
  }
  COLD(calldataload(m, f));
}
L_calldatasize:
  set_small(*sp++, f.input.size);
  NEXT;
L_calldatacopy:
  COLD(calldatacopy(m, f));
L_codesize:
  set_small(*sp++, f.code->code_size());
  NEXT;
L_codecopy:
  COLD(codecopy(m, f));
L_gasprice:
  *sp++ = m.transaction.gas_price;
  NEXT;
L_extcodesize:
  COLD(extcodesize(m, f));
L_extcodecopy:
  COLD(extcodecopy(m, f));
L_returndatasize:
  set_small(*sp++, f.return_data.size);
  NEXT;
L_returndatacopy:
  COLD(returndatacopy(m, f));
L_extcodehash:
  COLD(extcodehash(m, f));
L_blockhash:
  COLD(blockhash(m, f));
L_coinbase:
  *sp++ = from_address(m.env.coinbase);
  NEXT;
L_timestamp:
  set_small(*sp++, m.env.timestamp);
  NEXT;
L_number:
  set_small(*sp++, m.env.number);
  NEXT;
L_prevrandao:
  *sp++ = m.env.prev_randao;
  NEXT;
L_gaslimit:
  set_small(*sp++, m.env.gas_limit);
  NEXT;
L_chainid:
  set_small(*sp++, m.rules.chain_id);
  NEXT;
L_selfbalance:
  *sp++ = f.self->now.balance;
  NEXT;
L_basefee:
  *sp++ = m.transaction.base_fee;
  NEXT;
L_blobhash:
  COLD(blobhash(m, f));
L_blobbasefee:
  *sp++ = m.env.blob_base_fee;
  NEXT;
L_pop:
  --sp;
  NEXT;
L_mload : {
  const U256& at = sp[-1];
  if (likely(at.fits_u64() && at.w[0] < f.memory.size && f.memory.size - at.w[0] >= 32)) {
    sp[-1] = U256::from_be(f.memory.data + at.w[0]);
    NEXT;
  }
  COLD(mload(m, f));
}
L_mstore : {
  const U256& at = sp[-1];
  if (likely(at.fits_u64() && at.w[0] < f.memory.size && f.memory.size - at.w[0] >= 32)) {
    sp[-2].to_be(f.memory.data + at.w[0]);
    sp -= 2;
    NEXT;
  }
  COLD(mstore(m, f));
}
L_mstore8:
  COLD(mstore8(m, f));
L_sload:
  COLD(sload(m, f));
L_sstore:
  COLD(sstore(m, f));
L_jump : {
  TICK;
  const Instruction* to = f.code->jump(*--sp);
  if (unlikely(to == nullptr)) goto bad_jump;
  ip = to;
  GO;
}
L_jumpi : {
  const U256& target = sp[-1];
  const bool taken = !sp[-2].is_zero();
  sp -= 2;
  if (!taken) NEXT;
  TICK;
  const Instruction* to = f.code->jump(target);
  if (unlikely(to == nullptr)) goto bad_jump;
  ip = to;
  GO;
}
L_msize:
  set_small(*sp++, f.memory.size);
  NEXT;
L_gas:
  set_small(*sp++, static_cast<uint64_t>(gas));
  NEXT;
L_tload:
  COLD(tload(m, f));
L_tstore:
  COLD(tstore(m, f));
L_mcopy:
  COLD(mcopy(m, f));
L_push_small:
  set_small(*sp++, ip->value);
  NEXT;
L_push_large:
  *sp++ = *ip->constant;
  NEXT;
L_push_jump:
  TICK;
  if (unlikely(ip->target == nullptr)) goto bad_jump;
  ip = ip->target;
  GO;
L_push_jumpi:
  if (sp[-1].is_zero()) {
    --sp;
    NEXT;
  }
  --sp;
  TICK;
  if (unlikely(ip->target == nullptr)) goto bad_jump;
  ip = ip->target;
  GO;
L_iszero_push_jumpi:
  if (!sp[-1].is_zero()) {
    --sp;
    NEXT;
  }
  --sp;
  TICK;
  if (unlikely(ip->target == nullptr)) goto bad_jump;
  ip = ip->target;
  GO;
L_push_add:
  word::add(sp[-1], U256(ip->value));
  NEXT;
L_push_sub : {  // constant - top
  U256 a(ip->value);
  word::sub(a, sp[-1]);
  sp[-1] = a;
  NEXT;
}
L_push_and:
  set_small(sp[-1], sp[-1].w[0] & ip->value);
  NEXT;
L_push_shl:
  sp[-1] = word::shift_left(sp[-1], U256(ip->value));
  NEXT;
L_push_shr:
  sp[-1] = word::shift_right(sp[-1], U256(ip->value));
  NEXT;
L_push_eq:
  set_bool(sp[-1], sp[-1].fits_u64() && sp[-1].w[0] == ip->value);
  NEXT;
L_push_lt:  // constant < top
  set_bool(sp[-1], !sp[-1].fits_u64() || ip->value < sp[-1].w[0]);
  NEXT;
L_push_gt:  // constant > top
  set_bool(sp[-1], sp[-1].fits_u64() && ip->value > sp[-1].w[0]);
  NEXT;
L_push_mload:
  if (likely(ip->value < f.memory.size && f.memory.size - ip->value >= 32)) {
    *sp++ = U256::from_be(f.memory.data + ip->value);
    NEXT;
  }
  set_small(*sp++, ip->value);
  COLD(mload(m, f));
L_push_mstore:
  if (likely(ip->value < f.memory.size && f.memory.size - ip->value >= 32)) {
    (--sp)->to_be(f.memory.data + ip->value);
    NEXT;
  }
  set_small(*sp++, ip->value);
  COLD(mstore(m, f));
L_swap1_pop:
  sp[-2] = sp[-1];
  --sp;
  NEXT;
L_push_dup1:
  set_small(sp[0], ip->value);
  set_small(sp[1], ip->value);
  sp += 2;
  NEXT;

#define DUP(n)       \
  L_dup##n:          \
  *sp = sp[-n];      \
  ++sp;              \
  NEXT
#define SWAP(n)                    \
  L_swap##n : {                    \
    const U256 top = sp[-1];       \
    sp[-1] = sp[-1 - n];           \
    sp[-1 - n] = top;              \
    NEXT;                          \
  }
  DUP(1);
  DUP(2);
  DUP(3);
  DUP(4);
  DUP(5);
  DUP(6);
  DUP(7);
  DUP(8);
  DUP(9);
  DUP(10);
  DUP(11);
  DUP(12);
  DUP(13);
  DUP(14);
  DUP(15);
  DUP(16);
  SWAP(1)
  SWAP(2)
  SWAP(3)
  SWAP(4)
  SWAP(5)
  SWAP(6)
  SWAP(7)
  SWAP(8)
  SWAP(9)
  SWAP(10)
  SWAP(11)
  SWAP(12)
  SWAP(13)
  SWAP(14)
  SWAP(15)
  SWAP(16)
#undef DUP
#undef SWAP

L_log:
  COLD(log(m, f, static_cast<unsigned>(ip->value - 0xa0)));
L_create:
  LEAVES(create(m, f, CallKind::create));
L_create2:
  LEAVES(create(m, f, CallKind::create2));
L_call:
  LEAVES(call(m, f, CallKind::call));
L_callcode:
  LEAVES(call(m, f, CallKind::callcode));
L_delegatecall:
  LEAVES(call(m, f, CallKind::delegatecall));
L_staticcall:
  LEAVES(call(m, f, CallKind::staticcall));
L_return_:
  ENDS(finish_with_output(m, f, Halt::none));
L_revert:
  ENDS(finish_with_output(m, f, Halt::revert));
L_selfdestruct:
  ENDS(selfdestruct(m, f));
L_invalid:
  m.bad_opcode = static_cast<uint8_t>(ip->value);
  halt = Halt::invalid_opcode;
  goto ended;

bad_jump:
  halt = Halt::invalid_jump;
ended:
  f.gas = gas;
  f.sp = sp;
  f.halt = halt;
  return Exit::done;

#undef GO
#undef NEXT
#undef COLD
#undef ENDS
#undef LEAVES
#undef TICK
}

}  // namespace

const void* handler_label(Handler handler) {
  static const void* const* labels = [] {
    const void* const* out = nullptr;
    loop(nullptr, nullptr, &out);
    return out;
  }();
  return labels[static_cast<unsigned>(handler)];
}

Exit run_fast(Machine& machine, Frame& frame) { return loop(&machine, &frame, nullptr); }

}  // namespace zg::evm
