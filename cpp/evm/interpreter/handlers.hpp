// Names of the fast loop's labels, for the analysis that writes them into decoded code.
#pragma once

namespace zg::evm {

#define ZG_EVM_REPEAT16(X, name) \
  X(name##1) X(name##2) X(name##3) X(name##4) X(name##5) X(name##6) X(name##7) X(name##8) X(name##9) X(name##10) X(name##11) X(name##12) \
  X(name##13) X(name##14) X(name##15) X(name##16)

#define ZG_EVM_HANDLERS(X)                                                                                                        \
  X(block) X(stop) X(add) X(mul) X(sub) X(div) X(sdiv) X(mod) X(smod) X(addmod) X(mulmod) X(exp) X(signextend) X(lt) X(gt) X(slt)  \
  X(sgt) X(eq) X(iszero) X(and_) X(or_) X(xor_) X(not_) X(byte) X(shl) X(shr) X(sar) X(keccak256) X(address) X(balance) X(origin)  \
  X(caller) X(callvalue) X(calldataload) X(calldatasize) X(calldatacopy) X(codesize) X(codecopy) X(gasprice) X(extcodesize)        \
  X(extcodecopy) X(returndatasize) X(returndatacopy) X(extcodehash) X(blockhash) X(coinbase) X(timestamp) X(number) X(prevrandao)  \
  X(gaslimit) X(chainid) X(selfbalance) X(basefee) X(blobhash) X(blobbasefee) X(pop) X(mload) X(mstore) X(mstore8) X(sload)        \
  X(sstore) X(jump) X(jumpi) X(msize) X(gas) X(tload) X(tstore) X(mcopy) X(push_small) X(push_large) X(push_jump) X(push_jumpi)    \
  X(push_add) X(push_sub) X(push_and) X(push_shl) X(push_shr) X(push_eq) X(push_lt) X(push_gt) X(iszero_push_jumpi) X(push_mload)  \
  X(push_mstore) X(swap1_pop) X(push_dup1) X(nop)                                                                                  \
  ZG_EVM_REPEAT16(X, dup) ZG_EVM_REPEAT16(X, swap)                                                                                 \
  X(log) X(create) X(create2) X(call) X(callcode) X(delegatecall) X(staticcall) X(return_) X(revert) X(invalid) X(selfdestruct)

enum class Handler : unsigned char {
#define ZG_EVM_ENUM(name) name,
  ZG_EVM_HANDLERS(ZG_EVM_ENUM)
#undef ZG_EVM_ENUM
};

// Address of the label in the fast loop.
const void* handler_label(Handler handler);

}  // namespace zg::evm
