#include "evm/interpreter/analysis.hpp"

#include <algorithm>
#include <list>
#include <mutex>
#include <unordered_map>

#include "evm/interpreter/handlers.hpp"
#include "evm/interpreter/opcodes.hpp"

namespace zg::evm {

namespace {

Handler handler_of(uint8_t op) {
  if (op >= OP_DUP1 && op <= OP_DUP16) return static_cast<Handler>(static_cast<unsigned>(Handler::dup1) + (op - OP_DUP1));
  if (op >= OP_SWAP1 && op <= OP_SWAP16) return static_cast<Handler>(static_cast<unsigned>(Handler::swap1) + (op - OP_SWAP1));
  if (op >= OP_LOG0 && op <= OP_LOG4) return Handler::log;
  switch (op) {
    case OP_STOP: return Handler::stop;
    case OP_ADD: return Handler::add;
    case OP_MUL: return Handler::mul;
    case OP_SUB: return Handler::sub;
    case OP_DIV: return Handler::div;
    case OP_SDIV: return Handler::sdiv;
    case OP_MOD: return Handler::mod;
    case OP_SMOD: return Handler::smod;
    case OP_ADDMOD: return Handler::addmod;
    case OP_MULMOD: return Handler::mulmod;
    case OP_EXP: return Handler::exp;
    case OP_SIGNEXTEND: return Handler::signextend;
    case OP_LT: return Handler::lt;
    case OP_GT: return Handler::gt;
    case OP_SLT: return Handler::slt;
    case OP_SGT: return Handler::sgt;
    case OP_EQ: return Handler::eq;
    case OP_ISZERO: return Handler::iszero;
    case OP_AND: return Handler::and_;
    case OP_OR: return Handler::or_;
    case OP_XOR: return Handler::xor_;
    case OP_NOT: return Handler::not_;
    case OP_BYTE: return Handler::byte;
    case OP_SHL: return Handler::shl;
    case OP_SHR: return Handler::shr;
    case OP_SAR: return Handler::sar;
    case OP_KECCAK256: return Handler::keccak256;
    case OP_ADDRESS: return Handler::address;
    case OP_BALANCE: return Handler::balance;
    case OP_ORIGIN: return Handler::origin;
    case OP_CALLER: return Handler::caller;
    case OP_CALLVALUE: return Handler::callvalue;
    case OP_CALLDATALOAD: return Handler::calldataload;
    case OP_CALLDATASIZE: return Handler::calldatasize;
    case OP_CALLDATACOPY: return Handler::calldatacopy;
    case OP_CODESIZE: return Handler::codesize;
    case OP_CODECOPY: return Handler::codecopy;
    case OP_GASPRICE: return Handler::gasprice;
    case OP_EXTCODESIZE: return Handler::extcodesize;
    case OP_EXTCODECOPY: return Handler::extcodecopy;
    case OP_RETURNDATASIZE: return Handler::returndatasize;
    case OP_RETURNDATACOPY: return Handler::returndatacopy;
    case OP_EXTCODEHASH: return Handler::extcodehash;
    case OP_BLOCKHASH: return Handler::blockhash;
    case OP_COINBASE: return Handler::coinbase;
    case OP_TIMESTAMP: return Handler::timestamp;
    case OP_NUMBER: return Handler::number;
    case OP_PREVRANDAO: return Handler::prevrandao;
    case OP_GASLIMIT: return Handler::gaslimit;
    case OP_CHAINID: return Handler::chainid;
    case OP_SELFBALANCE: return Handler::selfbalance;
    case OP_BASEFEE: return Handler::basefee;
    case OP_BLOBHASH: return Handler::blobhash;
    case OP_BLOBBASEFEE: return Handler::blobbasefee;
    case OP_POP: return Handler::pop;
    case OP_MLOAD: return Handler::mload;
    case OP_MSTORE: return Handler::mstore;
    case OP_MSTORE8: return Handler::mstore8;
    case OP_SLOAD: return Handler::sload;
    case OP_SSTORE: return Handler::sstore;
    case OP_JUMP: return Handler::jump;
    case OP_JUMPI: return Handler::jumpi;
    case OP_MSIZE: return Handler::msize;
    case OP_GAS: return Handler::gas;
    case OP_TLOAD: return Handler::tload;
    case OP_TSTORE: return Handler::tstore;
    case OP_MCOPY: return Handler::mcopy;
    case OP_CREATE: return Handler::create;
    case OP_CALL: return Handler::call;
    case OP_CALLCODE: return Handler::callcode;
    case OP_RETURN: return Handler::return_;
    case OP_DELEGATECALL: return Handler::delegatecall;
    case OP_CREATE2: return Handler::create2;
    case OP_STATICCALL: return Handler::staticcall;
    case OP_REVERT: return Handler::revert;
    case OP_SELFDESTRUCT: return Handler::selfdestruct;
    default: return Handler::invalid;
  }
}

// What a small constant and the instruction behind it become together.
Handler fused(uint8_t op) {
  switch (op) {
    case OP_ADD: return Handler::push_add;
    case OP_SUB: return Handler::push_sub;
    case OP_AND: return Handler::push_and;
    case OP_SHL: return Handler::push_shl;
    case OP_SHR: return Handler::push_shr;
    case OP_EQ: return Handler::push_eq;
    case OP_LT: return Handler::push_lt;
    case OP_GT: return Handler::push_gt;
    case OP_MLOAD: return Handler::push_mload;
    case OP_MSTORE: return Handler::push_mstore;
    case OP_DUP1: return Handler::push_dup1;
    default: return Handler::nop;
  }
}

}  // namespace

class AnalysisBuilder {
 public:
  explicit AnalysisBuilder(CodeAnalysis& out) : out_(out), code_(out.code_->data()), size_(out.code_->size()) {}

  void build() {
    out_.jumps_.assign(size_, 0);
    size_t large = 0;
    for (size_t at = 0; at < size_; ++at) {
      if (code_[at] > OP_PUSH1 + 7 && code_[at] <= OP_PUSH32) ++large;
      if (code_[at] >= OP_PUSH1 && code_[at] <= OP_PUSH32) at += code_[at] - OP_PUSH1 + 1u;
    }
    out_.constants_.reserve(large);
    out_.instructions_.reserve(size_ + size_ / 4 + 2);
    size_t at = 0;
    open(0);
    while (at < size_) at = code_[at] == OP_JUMPDEST ? jumpdest(at) : instruction(at);
    close();
    emit(Handler::stop, 0);
    out_.instructions_.shrink_to_fit();
    for (const Patch& patch : patches_)
      out_.instructions_[patch.instruction].target = patch.pc < size_ && out_.jumps_[patch.pc] != 0 ? out_.instructions_.data() + out_.jumps_[patch.pc] - 1 : nullptr;
  }

 private:
  struct Patch {
    size_t instruction;
    uint64_t pc;
  };

  void emit(Handler handler, uint64_t value) {
    Instruction i;
    i.handler = handler_label(handler);
    i.value = value;
    out_.instructions_.push_back(i);
  }

  void open(size_t pc) {
    block_ = out_.instructions_.size();
    out_.blocks_.push_back({static_cast<uint32_t>(block_), static_cast<uint32_t>(pc)});
    emit(Handler::block, 0);
    gas_ = 0;
    height_ = least_ = most_ = 0;
    open_ = true;
  }

  void close() {
    if (!open_) return;
    open_ = false;
    out_.instructions_[block_].needs = {gas_, static_cast<uint16_t>(std::min(-least_, 2000)), static_cast<uint16_t>(std::min(most_, 2000))};
  }

  void account(const OpcodeTraits& op) {
    gas_ += op.gas;
    least_ = std::min(least_, height_ - op.pops);
    height_ += op.pushes - op.pops;
    most_ = std::max(most_, height_);
  }

  size_t jumpdest(size_t at) {
    close();
    open(at);
    out_.jumps_[at] = static_cast<uint32_t>(block_ + 1);
    gas_ = 1;
    return at + 1;
  }

  size_t instruction(size_t at) {
    const uint8_t op = code_[at];
    const OpcodeTraits& traits = kOpcodes[op];
    account(traits);
    size_t next = at + 1;
    if (op == OP_PUSH0 || (op >= OP_PUSH1 && op <= OP_PUSH32)) return push(at, op == OP_PUSH0 ? 0 : op - OP_PUSH1 + 1u);
    if (op == OP_PC) {
      emit(Handler::push_small, at);
    } else if (op == OP_SWAP1 && next < size_ && code_[next] == OP_POP) {
      account(kOpcodes[OP_POP]);
      emit(Handler::swap1_pop, 0);
      ++next;
    } else if (op == OP_ISZERO && static_jumpi(next)) {
      const uint64_t target = constant(next, code_[next] - OP_PUSH1 + 1u).w[0];
      account(kOpcodes[code_[next]]);
      account(kOpcodes[OP_JUMPI]);
      patches_.push_back({out_.instructions_.size(), target});
      emit(Handler::iszero_push_jumpi, 0);
      next += code_[next] - OP_PUSH1 + 3u;
      return end_block(next);
    } else {
      emit(handler_of(op), op);
    }
    if (traits.terminates) return skip_dead(next);
    if (traits.ends_block) return end_block(next);
    return next;
  }

  // A PUSH1 … PUSH8 at `at` with a JUMPI behind it.
  bool static_jumpi(size_t at) const {
    if (at >= size_ || code_[at] < OP_PUSH1 || code_[at] > OP_PUSH1 + 7) return false;
    const size_t behind = at + 2u + (code_[at] - OP_PUSH1);
    return behind < size_ && code_[behind] == OP_JUMPI;
  }

  U256 constant(size_t at, size_t count) const {
    uint8_t bytes[32] = {};
    for (size_t i = 0; i < count && at + 1 + i < size_; ++i) bytes[32 - count + i] = code_[at + 1 + i];
    return U256::from_be(bytes);
  }

  size_t push(size_t at, size_t count) {
    size_t next = at + 1 + count;
    const U256 value = constant(at, count);
    if (count > 8) {
      out_.constants_.push_back(value);
      emit(Handler::push_large, 0);
      out_.instructions_.back().constant = &out_.constants_.back();
      return next;
    }
    const uint8_t behind = next < size_ ? code_[next] : uint8_t{OP_STOP};
    if (next < size_ && (behind == OP_JUMP || behind == OP_JUMPI)) {
      account(kOpcodes[behind]);
      patches_.push_back({out_.instructions_.size(), value.w[0]});
      emit(behind == OP_JUMP ? Handler::push_jump : Handler::push_jumpi, 0);
      return behind == OP_JUMP ? skip_dead(next + 1) : end_block(next + 1);
    }
    if (next < size_ && fused(behind) != Handler::nop) {
      account(kOpcodes[behind]);
      emit(fused(behind), value.w[0]);
      return next + 1;
    }
    emit(Handler::push_small, value.w[0]);
    return next;
  }

  size_t end_block(size_t next) {
    close();
    if (next < size_ && code_[next] != OP_JUMPDEST) open(next);
    return next;
  }

  // Nothing reaches what follows until the next JUMPDEST.
  size_t skip_dead(size_t next) {
    close();
    while (next < size_ && code_[next] != OP_JUMPDEST) {
      if (code_[next] >= OP_PUSH1 && code_[next] <= OP_PUSH32) next += code_[next] - OP_PUSH1 + 1u;
      ++next;
    }
    return next;
  }

  CodeAnalysis& out_;
  const uint8_t* code_;
  size_t size_;
  std::vector<Patch> patches_;
  bool open_ = false;
  size_t block_ = 0;
  uint32_t gas_ = 0;
  int height_ = 0, least_ = 0, most_ = 0;
};

CodeAnalysis::CodeAnalysis(state::CodePtr code) : code_(std::move(code)) { AnalysisBuilder(*this).build(); }

size_t CodeAnalysis::block_pc(const Instruction* entry) const {
  const uint32_t index = static_cast<uint32_t>(entry - instructions_.data());
  const auto found = std::lower_bound(blocks_.begin(), blocks_.end(), index, [](const BlockStart& b, uint32_t i) { return b.instruction < i; });
  return found->pc;
}

size_t CodeAnalysis::memory_bytes() const {
  return sizeof *this + code_->size() + instructions_.capacity() * sizeof(Instruction) + constants_.capacity() * sizeof(U256) +
         jumps_.capacity() * sizeof(uint32_t) + blocks_.capacity() * sizeof(BlockStart);
}

namespace {

constexpr size_t kCacheBytesMax = 64u << 20;

// Least recently used at the back.
class Cache {
 public:
  std::shared_ptr<const CodeAnalysis> get(const Hash32& hash, const state::CodePtr& code) {
    {
      const std::lock_guard lock(mutex_);
      if (const auto found = index_.find(hash); found != index_.end()) {
        order_.splice(order_.begin(), order_, found->second);
        return found->second->analysis;
      }
    }
    auto fresh = std::make_shared<const CodeAnalysis>(code);
    const std::lock_guard lock(mutex_);
    if (const auto found = index_.find(hash); found != index_.end()) return found->second->analysis;
    order_.push_front({hash, fresh});
    index_.emplace(hash, order_.begin());
    bytes_ += fresh->memory_bytes();
    while (bytes_ > kCacheBytesMax && order_.size() > 1) {
      bytes_ -= order_.back().analysis->memory_bytes();
      index_.erase(order_.back().hash);
      order_.pop_back();
    }
    return fresh;
  }
  void clear() {
    const std::lock_guard lock(mutex_);
    index_.clear();
    order_.clear();
    bytes_ = 0;
  }

 private:
  struct Item {
    Hash32 hash;
    std::shared_ptr<const CodeAnalysis> analysis;
  };
  std::mutex mutex_;
  std::list<Item> order_;
  std::unordered_map<Hash32, std::list<Item>::iterator, FixedHash> index_;
  size_t bytes_ = 0;
};

Cache& cache() {
  static Cache instance;
  return instance;
}

}  // namespace

std::shared_ptr<const CodeAnalysis> analysed(const Hash32& code_hash, const state::CodePtr& code) { return cache().get(code_hash, code); }
void forget_analyses() { cache().clear(); }

}  // namespace zg::evm
