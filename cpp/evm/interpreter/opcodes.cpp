#include "evm/interpreter/opcodes.hpp"

#include <cstdio>

namespace zg::evm {

namespace {

constexpr std::array<OpcodeTraits, 256> make_table() {
  std::array<OpcodeTraits, 256> t{};
  const auto set = [&t](unsigned op, unsigned gas, unsigned pops, unsigned pushes) {
    t[op] = {true, false, false, static_cast<uint16_t>(gas), static_cast<uint8_t>(pops), static_cast<uint8_t>(pushes)};
  };
  const auto set_range = [&set](unsigned from, unsigned to, unsigned gas, unsigned pops, unsigned pushes) {
    for (unsigned op = from; op <= to; ++op) set(op, gas, pops, pushes);
  };
  set(OP_STOP, 0, 0, 0);
  set(OP_ADD, 3, 2, 1);
  set(OP_MUL, 5, 2, 1);
  set(OP_SUB, 3, 2, 1);
  set_range(OP_DIV, OP_SMOD, 5, 2, 1);
  set_range(OP_ADDMOD, OP_MULMOD, 8, 3, 1);
  set(OP_EXP, 10, 2, 1);
  set(OP_SIGNEXTEND, 5, 2, 1);
  set_range(OP_LT, OP_EQ, 3, 2, 1);
  set(OP_ISZERO, 3, 1, 1);
  set_range(OP_AND, OP_XOR, 3, 2, 1);
  set(OP_NOT, 3, 1, 1);
  set_range(OP_BYTE, OP_SAR, 3, 2, 1);
  set(OP_KECCAK256, 30, 2, 1);
  set(OP_ADDRESS, 2, 0, 1);
  set(OP_BALANCE, 0, 1, 1);
  set_range(OP_ORIGIN, OP_CALLVALUE, 2, 0, 1);
  set(OP_CALLDATALOAD, 3, 1, 1);
  set(OP_CALLDATASIZE, 2, 0, 1);
  set(OP_CALLDATACOPY, 3, 3, 0);
  set(OP_CODESIZE, 2, 0, 1);
  set(OP_CODECOPY, 3, 3, 0);
  set(OP_GASPRICE, 2, 0, 1);
  set(OP_EXTCODESIZE, 0, 1, 1);
  set(OP_EXTCODECOPY, 0, 4, 0);
  set(OP_RETURNDATASIZE, 2, 0, 1);
  set(OP_RETURNDATACOPY, 3, 3, 0);
  set(OP_EXTCODEHASH, 0, 1, 1);
  set(OP_BLOCKHASH, 20, 1, 1);
  set_range(OP_COINBASE, OP_CHAINID, 2, 0, 1);
  set(OP_SELFBALANCE, 5, 0, 1);
  set(OP_BASEFEE, 2, 0, 1);
  set(OP_BLOBHASH, 3, 1, 1);
  set(OP_BLOBBASEFEE, 2, 0, 1);
  set(OP_POP, 2, 1, 0);
  set(OP_MLOAD, 3, 1, 1);
  set(OP_MSTORE, 3, 2, 0);
  set(OP_MSTORE8, 3, 2, 0);
  set(OP_SLOAD, 0, 1, 1);
  set(OP_SSTORE, 0, 2, 0);
  set(OP_JUMP, 8, 1, 0);
  set(OP_JUMPI, 10, 2, 0);
  set_range(OP_PC, OP_GAS, 2, 0, 1);
  set(OP_JUMPDEST, 1, 0, 0);
  set(OP_TLOAD, 100, 1, 1);
  set(OP_TSTORE, 100, 2, 0);
  set(OP_MCOPY, 3, 3, 0);
  set(OP_PUSH0, 2, 0, 1);
  set_range(OP_PUSH1, OP_PUSH32, 3, 0, 1);
  for (unsigned i = 0; i < 16; ++i) {
    set(OP_DUP1 + i, 3, i + 1, i + 2);
    set(OP_SWAP1 + i, 3, i + 2, i + 2);
  }
  for (unsigned i = 0; i <= 4; ++i) set(OP_LOG0 + i, 375 + 375 * i, 2 + i, 0);
  set(OP_CREATE, 32000, 3, 1);
  set(OP_CALL, 0, 7, 1);
  set(OP_CALLCODE, 0, 7, 1);
  set(OP_RETURN, 0, 2, 0);
  set(OP_DELEGATECALL, 0, 6, 1);
  set(OP_CREATE2, 32000, 4, 1);
  set(OP_STATICCALL, 0, 6, 1);
  set(OP_REVERT, 0, 2, 0);
  set(OP_SELFDESTRUCT, 5000, 1, 0);
  for (unsigned op : {OP_STOP, OP_JUMP, OP_RETURN, OP_REVERT, OP_SELFDESTRUCT}) t[op].terminates = true;
  for (unsigned op = 0; op < 256; ++op) {
    if (!t[op].defined) t[op].terminates = true;
    if (t[op].terminates) t[op].ends_block = true;
  }
  for (unsigned op : {OP_JUMPI, OP_GAS, OP_SSTORE, OP_CREATE, OP_CREATE2, OP_CALL, OP_CALLCODE, OP_DELEGATECALL, OP_STATICCALL})
    t[op].ends_block = true;
  return t;
}

// geth's names, in order of number; null where nothing is defined.
struct Names {
  char text[256][40] = {};
  Names() {
    static const char* const kNamed[][2] = {
        {"\x00", "STOP"}, {"\x01", "ADD"}, {"\x02", "MUL"}, {"\x03", "SUB"}, {"\x04", "DIV"}, {"\x05", "SDIV"}, {"\x06", "MOD"}, {"\x07", "SMOD"},
        {"\x08", "ADDMOD"}, {"\x09", "MULMOD"}, {"\x0a", "EXP"}, {"\x0b", "SIGNEXTEND"}, {"\x10", "LT"}, {"\x11", "GT"}, {"\x12", "SLT"},
        {"\x13", "SGT"}, {"\x14", "EQ"}, {"\x15", "ISZERO"}, {"\x16", "AND"}, {"\x17", "OR"}, {"\x18", "XOR"}, {"\x19", "NOT"}, {"\x1a", "BYTE"},
        {"\x1b", "SHL"}, {"\x1c", "SHR"}, {"\x1d", "SAR"}, {"\x20", "KECCAK256"}, {"\x30", "ADDRESS"}, {"\x31", "BALANCE"}, {"\x32", "ORIGIN"},
        {"\x33", "CALLER"}, {"\x34", "CALLVALUE"}, {"\x35", "CALLDATALOAD"}, {"\x36", "CALLDATASIZE"}, {"\x37", "CALLDATACOPY"},
        {"\x38", "CODESIZE"}, {"\x39", "CODECOPY"}, {"\x3a", "GASPRICE"}, {"\x3b", "EXTCODESIZE"}, {"\x3c", "EXTCODECOPY"},
        {"\x3d", "RETURNDATASIZE"}, {"\x3e", "RETURNDATACOPY"}, {"\x3f", "EXTCODEHASH"}, {"\x40", "BLOCKHASH"}, {"\x41", "COINBASE"},
        {"\x42", "TIMESTAMP"}, {"\x43", "NUMBER"}, {"\x44", "DIFFICULTY"}, {"\x45", "GASLIMIT"}, {"\x46", "CHAINID"}, {"\x47", "SELFBALANCE"},
        {"\x48", "BASEFEE"}, {"\x49", "BLOBHASH"}, {"\x4a", "BLOBBASEFEE"}, {"\x50", "POP"}, {"\x51", "MLOAD"}, {"\x52", "MSTORE"},
        {"\x53", "MSTORE8"}, {"\x54", "SLOAD"}, {"\x55", "SSTORE"}, {"\x56", "JUMP"}, {"\x57", "JUMPI"}, {"\x58", "PC"}, {"\x59", "MSIZE"},
        {"\x5a", "GAS"}, {"\x5b", "JUMPDEST"}, {"\x5c", "TLOAD"}, {"\x5d", "TSTORE"}, {"\x5e", "MCOPY"}, {"\x5f", "PUSH0"}, {"\xf0", "CREATE"},
        {"\xf1", "CALL"}, {"\xf2", "CALLCODE"}, {"\xf3", "RETURN"}, {"\xf4", "DELEGATECALL"}, {"\xf5", "CREATE2"}, {"\xfa", "STATICCALL"},
        {"\xfd", "REVERT"}, {"\xfe", "INVALID"}, {"\xff", "SELFDESTRUCT"}};
    for (unsigned op = 0; op < 256; ++op) std::snprintf(text[op], sizeof text[op], "opcode 0x%x not defined", op);
    for (const auto& named : kNamed) std::snprintf(text[static_cast<uint8_t>(named[0][0])], sizeof text[0], "%s", named[1]);
    for (unsigned i = 1; i <= 32; ++i) std::snprintf(text[OP_PUSH1 + i - 1], sizeof text[0], "PUSH%u", i);
    for (unsigned i = 1; i <= 16; ++i) std::snprintf(text[OP_DUP1 + i - 1], sizeof text[0], "DUP%u", i);
    for (unsigned i = 1; i <= 16; ++i) std::snprintf(text[OP_SWAP1 + i - 1], sizeof text[0], "SWAP%u", i);
    for (unsigned i = 0; i <= 4; ++i) std::snprintf(text[OP_LOG0 + i], sizeof text[0], "LOG%u", i);
  }
};

}  // namespace

constexpr std::array<OpcodeTraits, 256> kOpcodes = make_table();

const char* opcode_name(uint8_t opcode) {
  static const Names names;
  return names.text[opcode];
}

}  // namespace zg::evm
