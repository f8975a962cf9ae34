// Instructions that reach beyond the stack: memory, storage, accounts, calls. Both loops call them with the frame's
// registers written back; static gas is charged already. They pop, push and charge on the frame.
#pragma once

#include "evm/interpreter/machine.hpp"
#include "evm/interpreter/word.hpp"

namespace zg::evm::operations {

// Past this no frame grows, whatever gas it has (2 * 10^12 gas at least).
inline constexpr uint64_t kMemoryMax = uint64_t{1} << 30;

inline int64_t memory_gas(uint64_t words) { return static_cast<int64_t>(3 * words + words * words / 512); }

// Grows memory to cover [0, end), charging for it; false when it cannot be paid.
bool expand(Frame& frame, uint64_t end);
// The same for a range from the stack, which comes out as plain numbers; an empty range costs nothing.
inline bool reserve(Frame& frame, const U256& offset, const U256& size, uint64_t& offset_out, uint64_t& size_out) {
  if (size.is_zero()) {
    offset_out = size_out = 0;
    return true;
  }
  if (!offset.fits_u64() || !size.fits_u64() || offset.w[0] >= kMemoryMax || size.w[0] > kMemoryMax) {
    frame.gas = -1;
    return false;
  }
  offset_out = offset.w[0];
  size_out = size.w[0];
  const uint64_t end = offset_out + size_out;
  return end <= frame.memory.size || expand(frame, end);
}

Halt mload(Machine& m, Frame& f);
Halt mstore(Machine& m, Frame& f);
Halt mstore8(Machine& m, Frame& f);
Halt mcopy(Machine& m, Frame& f);
Halt exp(Machine& m, Frame& f);
Halt keccak256(Machine& m, Frame& f);
Halt balance(Machine& m, Frame& f);
Halt calldataload(Machine& m, Frame& f);
Halt calldatacopy(Machine& m, Frame& f);
Halt codecopy(Machine& m, Frame& f);
Halt extcodesize(Machine& m, Frame& f);
Halt extcodecopy(Machine& m, Frame& f);
Halt extcodehash(Machine& m, Frame& f);
Halt returndatacopy(Machine& m, Frame& f);
Halt blockhash(Machine& m, Frame& f);
Halt blobhash(Machine& m, Frame& f);
Halt sload(Machine& m, Frame& f);
Halt sstore(Machine& m, Frame& f);
Halt tload(Machine& m, Frame& f);
Halt tstore(Machine& m, Frame& f);
Halt log(Machine& m, Frame& f, unsigned topics);
Halt selfdestruct(Machine& m, Frame& f);
Halt finish_with_output(Machine& m, Frame& f, Halt halt);  // RETURN, REVERT

// These fill m.request; on Halt::none the loop leaves with Exit::call. The stack is popped, the result comes later.
Halt call(Machine& m, Frame& f, CallKind kind);
Halt create(Machine& m, Frame& f, CallKind kind);

}  // namespace zg::evm::operations
