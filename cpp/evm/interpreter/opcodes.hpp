// Numbers of the instructions, and what each needs from gas and stack before it runs.
#pragma once

#include <array>
#include <cstdint>

namespace zg::evm {

enum Opcode : uint8_t {
  OP_STOP = 0x00, OP_ADD, OP_MUL, OP_SUB, OP_DIV, OP_SDIV, OP_MOD, OP_SMOD, OP_ADDMOD, OP_MULMOD, OP_EXP, OP_SIGNEXTEND,
  OP_LT = 0x10, OP_GT, OP_SLT, OP_SGT, OP_EQ, OP_ISZERO, OP_AND, OP_OR, OP_XOR, OP_NOT, OP_BYTE, OP_SHL, OP_SHR, OP_SAR,
  OP_KECCAK256 = 0x20,
  OP_ADDRESS = 0x30, OP_BALANCE, OP_ORIGIN, OP_CALLER, OP_CALLVALUE, OP_CALLDATALOAD, OP_CALLDATASIZE, OP_CALLDATACOPY, OP_CODESIZE,
  OP_CODECOPY, OP_GASPRICE, OP_EXTCODESIZE, OP_EXTCODECOPY, OP_RETURNDATASIZE, OP_RETURNDATACOPY, OP_EXTCODEHASH,
  OP_BLOCKHASH = 0x40, OP_COINBASE, OP_TIMESTAMP, OP_NUMBER, OP_PREVRANDAO, OP_GASLIMIT, OP_CHAINID, OP_SELFBALANCE, OP_BASEFEE,
  OP_BLOBHASH, OP_BLOBBASEFEE,
  OP_POP = 0x50, OP_MLOAD, OP_MSTORE, OP_MSTORE8, OP_SLOAD, OP_SSTORE, OP_JUMP, OP_JUMPI, OP_PC, OP_MSIZE, OP_GAS, OP_JUMPDEST,
  OP_TLOAD, OP_TSTORE, OP_MCOPY, OP_PUSH0,
  OP_PUSH1 = 0x60, OP_PUSH32 = 0x7f, OP_DUP1 = 0x80, OP_DUP16 = 0x8f, OP_SWAP1 = 0x90, OP_SWAP16 = 0x9f, OP_LOG0 = 0xa0, OP_LOG4 = 0xa4,
  OP_CREATE = 0xf0, OP_CALL, OP_CALLCODE, OP_RETURN, OP_DELEGATECALL, OP_CREATE2,
  OP_STATICCALL = 0xfa, OP_REVERT = 0xfd, OP_INVALID = 0xfe, OP_SELFDESTRUCT = 0xff,
};

struct OpcodeTraits {
  bool defined = false;
  bool ends_block = false;    // jumps, calls, and everything that must see or spend the exact gas
  bool terminates = false;    // control never falls through
  uint16_t gas = 0;           // static part
  uint8_t pops = 0, pushes = 0;
};

// Cancun and Prague have the same instructions.
extern const std::array<OpcodeTraits, 256> kOpcodes;

// geth's name, "opcode 0xNN not defined" for none.
const char* opcode_name(uint8_t opcode);

}  // namespace zg::evm
