// A contract's code as the fast loop runs it: instructions decoded once, cut into blocks whose static gas and stack bounds
// are checked at their entry, jumps with constant targets resolved. Kept by code hash in a bounded cache of the process.
#pragma once

#include <memory>
#include <vector>

#include "evm/types.hpp"
#include "state/reader.hpp"

namespace zg::evm {

// What a block needs at its entry.
struct BlockNeeds {
  uint32_t gas;    // static gas of all its instructions
  uint16_t stack;  // least height
  uint16_t grows;  // most growth above the height at entry
};

struct Instruction {
  const void* handler;  // label in the fast loop
  union {
    uint64_t value;             // small immediate, or index
    const U256* constant;       // PUSH9 … PUSH32
    const Instruction* target;  // jumps with a constant target; null: no JUMPDEST there
    BlockNeeds needs;           // block entries
  };
};
static_assert(sizeof(Instruction) == 16);

class CodeAnalysis {
 public:
  explicit CodeAnalysis(state::CodePtr code);
  CodeAnalysis(const CodeAnalysis&) = delete;
  CodeAnalysis& operator=(const CodeAnalysis&) = delete;

  const uint8_t* code() const { return code_->data(); }
  size_t code_size() const { return code_->size(); }
  const Instruction* entry() const { return instructions_.data(); }
  // The block entry of the JUMPDEST at `pc`, null when there is none.
  const Instruction* jump(const U256& pc) const {
    if (!pc.fits_u64() || pc.w[0] >= jumps_.size() || jumps_[pc.w[0]] == 0) return nullptr;
    return instructions_.data() + jumps_[pc.w[0]] - 1;
  }
  bool is_jumpdest(const U256& pc) const { return jump(pc) != nullptr; }
  // Position in the code where the block of this entry instruction begins.
  size_t block_pc(const Instruction* entry) const;
  size_t memory_bytes() const;

 private:
  friend class AnalysisBuilder;
  state::CodePtr code_;
  std::vector<Instruction> instructions_;
  std::vector<U256> constants_;
  std::vector<uint32_t> jumps_;  // by position in the code: instruction index + 1 for a JUMPDEST
  struct BlockStart {
    uint32_t instruction, pc;
  };
  std::vector<BlockStart> blocks_;
};

// From the cache, analysed at first use. Thread-safe. The cache holds at most about 64 MiB and forgets the least recently used.
std::shared_ptr<const CodeAnalysis> analysed(const Hash32& code_hash, const state::CodePtr& code);

// Drops the cache (tests).
void forget_analyses();

}  // namespace zg::evm
