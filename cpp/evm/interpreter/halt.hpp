// How a frame ended.
#pragma once

#include <cstdint>

namespace zg::evm {

enum class Halt : uint8_t {
  none,  // STOP, RETURN or SELFDESTRUCT
  revert,
  out_of_gas,
  stack_underflow,
  stack_overflow,
  invalid_opcode,
  invalid_jump,
  write_protection,
  return_data_out_of_bounds,
  call_depth,
  insufficient_balance,
  create_collision,
  code_too_large,
  invalid_code,
  code_store_out_of_gas,
  initcode_too_large,
  nonce_overflow,
  precompile_failure,
  deadline,  // the caller's time bound, never a result of a block
};

// geth's sentence, without the numbers that geth adds to some ("" for none).
const char* halt_text(Halt halt);

}  // namespace zg::evm
