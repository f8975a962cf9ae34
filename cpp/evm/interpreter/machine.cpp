#include "evm/interpreter/machine.hpp"

#include <sys/mman.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <new>

#include "evm/host/delegation.hpp"
#include "evm/interpreter/opcodes.hpp"
#include "evm/precompiles/api.hpp"
#include "evm/zerog_rules/api.hpp"
#include "hash/keccak256/api.hpp"

namespace zg::evm {

namespace {

constexpr uint64_t kMemoryKept = 256 * 1024;  // a frame's larger buffer is given back
constexpr int kDepthKept = 64;                // frames kept for the next transaction of the thread

bool creates(CallKind kind) { return kind == CallKind::create || kind == CallKind::create2; }

}  // namespace

FrameMemory::~FrameMemory() { std::free(data); }

bool FrameMemory::grow(uint64_t size_wanted) {
  if (size_wanted > capacity) {
    uint64_t larger = capacity == 0 ? 4096 : capacity * 2;
    while (larger < size_wanted) larger *= 2;
    uint8_t* moved = static_cast<uint8_t*>(std::realloc(data, larger));
    if (moved == nullptr) return false;
    data = moved;
    capacity = larger;
  }
  std::memset(data + size, 0, size_wanted - size);
  size = size_wanted;
  return true;
}

void FrameMemory::reset() {
  size = 0;
  if (capacity > kMemoryKept) {
    std::free(data);
    data = nullptr;
    capacity = 0;
  }
}

// Stack words and frames, kept by the thread between transactions. The words are mapped once and become resident as they
// are used: a child's stack begins at its parent's top.
struct ThreadScratch {
  static constexpr size_t kWords = (kDepthMax + 2) * kStackMax;
  U256* words;
  std::vector<std::unique_ptr<Frame>> frames;
  int deepest = 0;

  ThreadScratch() {
    void* mapped = mmap(nullptr, kWords * sizeof(U256), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (mapped == MAP_FAILED) throw std::bad_alloc();
    words = static_cast<U256*>(mapped);
  }
  ~ThreadScratch() { munmap(words, kWords * sizeof(U256)); }

  Frame& frame(int depth) {
    while (frames.size() <= static_cast<size_t>(depth)) frames.push_back(std::make_unique<Frame>());
    if (depth > deepest) deepest = depth;
    return *frames[static_cast<size_t>(depth)];
  }
  void trim() {
    if (deepest <= kDepthKept) return;
    frames.resize(kDepthKept);
    constexpr size_t kept = static_cast<size_t>(kDepthKept) * kStackMax;
    madvise(words + kept, (kWords - kept) * sizeof(U256), MADV_DONTNEED);
    deepest = 0;
  }
};

namespace {
thread_local std::unique_ptr<ThreadScratch> t_idle_scratch;
}

Machine::Machine(BlockState& state_, const BlockEnv& env_, const Rules& rules_, const TransactionContext& transaction_, Tracer* tracer_,
                 std::optional<std::chrono::steady_clock::time_point> deadline)
    : state(state_), env(env_), rules(rules_), transaction(transaction_), tracer(tracer_), ticks(kTicksPerLook),
      scratch_(std::move(t_idle_scratch)), deadline_(deadline) {
  if (scratch_ == nullptr) scratch_ = std::make_unique<ThreadScratch>();
}

Machine::~Machine() {
  scratch_->trim();
  t_idle_scratch = std::move(scratch_);
}

bool Machine::past_deadline() {
  ticks = kTicksPerLook;
  return deadline_ && std::chrono::steady_clock::now() >= *deadline_;
}

bool Machine::is_precompile(const Address& address) const {
  return precompiles::is_precompile(address, rules) || (rules.zerog_precompiles && zerog_rules::is_stateful(address, rules));
}

int64_t Machine::access_cost(AccountEntry& account) {
  if (state.is_warm(account)) return 100;
  if (is_precompile(account.address)) return 100;
  state.warm(account);
  return 2600;
}

const CodeAnalysis& Machine::analysis_of(AccountEntry& account) {
  if (account.analysis == nullptr) account.analysis = analysed(account.now.code_hash, state.code_of(account));
  return *account.analysis;
}

void Machine::transfer(AccountEntry& from, AccountEntry& to, const U256& value) {
  state.write_balance(from, from.now.balance - value);
  state.write_balance(to, to.now.balance + value);
}

namespace {

// The frame's owner as the stateful precompiles of 0G see it.
class HostBridge final : public zerog_rules::StatefulHost {
 public:
  explicit HostBridge(Machine& machine) : m_(machine) {}
  U256 storage(const Address& account, const U256& slot) override { return m_.state.slot_entry(m_.state.entry(account), slot).value; }
  void set_storage(const Address& account, const U256& slot, const U256& value) override {
    SlotEntry& entry = m_.state.slot_entry(m_.state.entry(account), slot);
    if (entry.value != value) m_.state.write_slot(entry, value);
  }
  U256 balance(const Address& account) override { return m_.state.balance(account); }
  void set_balance(const Address& account, const U256& balance) override { m_.state.write_balance(m_.state.entry(account), balance); }
  bool has_code(const Address& account) override { return m_.state.entry(account).now.has_code(); }
  void set_code(const Address& account, Bytes code) override { m_.state.set_code(account, std::vector<uint8_t>(code.data, code.data + code.size)); }
  void emit_log(Log log) override {
    if (m_.tracer != nullptr) m_.tracer->log(log);
    m_.state.add_log(std::move(log));
  }
  uint64_t block_number() override { return m_.env.number; }
  Address tx_origin() override { return m_.transaction.origin; }

 private:
  Machine& m_;
};

}  // namespace

void Machine::run_precompile(const CallRequest& call, Immediate& immediate, std::vector<uint8_t>& buffer) {
  const Address& address = call.code->address;
  const uint64_t gas = static_cast<uint64_t>(call.gas);
  if (precompiles::is_precompile(address, rules)) {
    precompiles::PrecompileResult result = precompiles::run(address, call.input, gas, rules);
    if (!result.success) {
      immediate = {Halt::precompile_failure, 0, {nullptr, 0}};
      return;
    }
    buffer = std::move(result.output);
    immediate = {Halt::none, static_cast<int64_t>(gas - result.gas_used), as_bytes(buffer)};
    return;
  }
  HostBridge host(*this);
  const bool read_only = call.read_only || call.kind != CallKind::call;
  // The precompile sees whoever executed the calling instruction, also where the frame would inherit its caller.
  const Address& caller = call.kind == CallKind::delegatecall ? call.self->address : call.caller;
  zerog_rules::StatefulResult result = zerog_rules::run(address, call.input, gas, read_only, caller, host, rules);
  switch (result.outcome) {
    case zerog_rules::StatefulOutcome::success:
      buffer = std::move(result.output);
      immediate = {Halt::none, static_cast<int64_t>(gas - result.gas_used), as_bytes(buffer)};
      return;
    case zerog_rules::StatefulOutcome::revert:
      immediate = {Halt::revert, static_cast<int64_t>(gas - result.gas_used), {nullptr, 0}};
      return;
    case zerog_rules::StatefulOutcome::failure: immediate = {Halt::precompile_failure, 0, {nullptr, 0}}; return;
  }
}

bool Machine::begin(const CallRequest& call, int depth, U256* stack, Frame* parent, Immediate& immediate) {
  if (tracer != nullptr) trace_enter(call, depth);
  const auto answer = [&](Halt halt, int64_t gas_left, Bytes output) {
    immediate = {halt, gas_left, output};
    if (tracer != nullptr) trace_exit(depth, halt, call.gas - gas_left, output);
    return false;
  };
  if (depth > kDepthMax) return answer(Halt::call_depth, call.gas, {nullptr, 0});
  const bool creating = creates(call.kind);
  const bool moves = call.kind == CallKind::call || call.kind == CallKind::callcode || creating;
  AccountEntry* payer = nullptr;
  if (creating || (moves && !call.value.is_zero())) {
    payer = &state.entry(call.caller);
    if (payer->now.balance < call.value) return answer(Halt::insufficient_balance, call.gas, {nullptr, 0});
  }

  BlockState::Snapshot snapshot;
  if (creating) {
    if (depth > 0) {
      if (payer->now.nonce == UINT64_MAX) return answer(Halt::nonce_overflow, call.gas, {nullptr, 0});
      state.write_nonce(*payer, payer->now.nonce + 1);
    }
    state.warm(*call.target);
    if (state.has_code_nonce_or_storage(*call.target)) return answer(Halt::create_collision, 0, {nullptr, 0});
    snapshot = state.snapshot();
    state.mark_created(*call.target);
    state.write_nonce(*call.target, 1);
    if (!call.value.is_zero()) transfer(*payer, *call.target, call.value);
  } else {
    snapshot = state.snapshot();
    if (call.kind == CallKind::call) {
      if (!call.value.is_zero()) {
        transfer(*payer, *call.target, call.value);
      } else if (call.target->base_exists && call.target->is_empty()) {
        state.touch(*call.target);
      }
    }
    if (!call.delegated && is_precompile(call.code->address)) {
      run_precompile(call, immediate, parent != nullptr ? parent->return_buffer : top_buffer_);
      if (immediate.halt != Halt::none) state.revert(snapshot);
      if (tracer != nullptr) trace_exit(depth, immediate.halt, call.gas - immediate.gas_left, immediate.output);
      return false;
    }
    if (!call.code->now.has_code()) return answer(Halt::none, call.gas, {nullptr, 0});
  }

  Frame& frame = scratch_->frame(depth);
  if (creating) {
    frame.own_code = std::make_shared<const CodeAnalysis>(std::make_shared<const state::Code>(call.input.data, call.input.data + call.input.size));
    frame.code = frame.own_code.get();
    frame.input = {nullptr, 0};
  } else {
    frame.code = &analysis_of(*call.code);
    frame.input = call.input;
  }
  frame.ip = frame.code->entry();
  frame.stack = frame.sp = stack;
  frame.gas = frame.gas_start = call.gas;
  frame.pc = 0;
  frame.slow = tracer != nullptr && tracer->wants_steps();
  frame.memory.size = 0;
  frame.self = call.self;
  frame.caller = call.caller;
  frame.value = call.value;
  frame.return_data = {nullptr, 0};
  frame.kind = call.kind;
  frame.read_only = call.read_only;
  frame.depth = depth;
  frame.snapshot = snapshot;
  frame.out_offset = call.out_offset;
  frame.out_size = call.out_size;
  frame.halt = Halt::none;
  frame.output = {nullptr, 0};
  return true;
}

void Machine::finish(Frame& frame) {
  if (creates(frame.kind) && frame.halt == Halt::none) {
    const Bytes code = frame.output;
    if (code.size > kCodeSizeMax) {
      frame.halt = Halt::code_too_large;
    } else if (code.size != 0 && code.data[0] == 0xef) {
      frame.halt = Halt::invalid_code;
    } else if (frame.gas < static_cast<int64_t>(200 * code.size)) {
      frame.halt = Halt::code_store_out_of_gas;
    } else if (code.size != 0) {
      frame.gas -= static_cast<int64_t>(200 * code.size);
      state.write_code(*frame.self, std::make_shared<const state::Code>(code.data, code.data + code.size), keccak256::hash(code));
    }
  }
  if (frame.halt != Halt::none) {
    state.revert(frame.snapshot);
    if (frame.halt != Halt::revert) {
      frame.gas = 0;
      frame.output = {nullptr, 0};
    }
  }
  if (tracer != nullptr) trace_exit(frame.depth, frame.halt, frame.gas_start - frame.gas, frame.output);
  frame.own_code.reset();
}

void Machine::deliver(Frame& parent, CallKind kind, const AccountEntry* created, Halt halt, int64_t gas_left, Bytes output, uint64_t out_offset,
                      uint64_t out_size) {
  parent.gas += gas_left;
  U256 result;
  if (creates(kind)) {
    if (halt == Halt::none) {
      const Address& a = created->address;
      result = {load_be64(a.b + 12), load_be64(a.b + 4), load_be32(a.b), 0};
      output = {nullptr, 0};
    }
    parent.return_data = output;
  } else {
    result = U256(halt == Halt::none ? 1 : 0);
    parent.return_data = output;
    const uint64_t copied = output.size < out_size ? output.size : out_size;
    if (copied != 0) std::memcpy(parent.memory.data + out_offset, output.data, copied);
  }
  *parent.sp++ = result;
}

Machine::Result Machine::run(const CallRequest& top) {
  Immediate immediate;
  Result result;
  if (!begin(top, 0, scratch_->words, nullptr, immediate)) {
    result.halt = immediate.halt;
    result.gas_left = immediate.gas_left;
    result.output = immediate.output;
    if (result.halt != Halt::none) result.error = sentence(result.halt);
    return result;
  }
  int depth = 0;
  for (;;) {
    Frame& frame = scratch_->frame(depth);
    if ((frame.slow ? run_stepping(*this, frame) : run_fast(*this, frame)) == Exit::call) {
      if (creates(request.kind)) {
        request.gas = frame.gas - frame.gas / 64;
        frame.gas -= request.gas;
      }
      if (ticks < 64 ? past_deadline() : (ticks -= 64, false)) {
        frame.halt = Halt::deadline;
      } else {
        const CallRequest call = request;
        if (begin(call, depth + 1, frame.sp, &frame, immediate)) {
          ++depth;
        } else {
          deliver(frame, call.kind, call.target, immediate.halt, immediate.gas_left, immediate.output, call.out_offset, call.out_size);
        }
        continue;
      }
    }
    finish(frame);
    while (frame.halt == Halt::deadline && depth > 0) {
      Frame& above = scratch_->frame(--depth);
      above.halt = Halt::deadline;
      finish(above);
    }
    if (depth == 0) {
      Frame& outermost = scratch_->frame(0);
      result.halt = outermost.halt;
      result.gas_left = outermost.gas;
      result.output = outermost.output;
      if (result.halt != Halt::none) result.error = sentence(result.halt);
      return result;
    }
    --depth;
    deliver(scratch_->frame(depth), frame.kind, frame.self, frame.halt, frame.gas, frame.output, frame.out_offset, frame.out_size);
  }
}

std::string Machine::sentence(Halt halt) const {
  switch (halt) {
    case Halt::invalid_opcode: return std::string("invalid opcode: ") + opcode_name(bad_opcode);
    case Halt::stack_underflow: return "stack underflow (" + std::to_string(bad_have) + " <=> " + std::to_string(bad_want) + ")";
    case Halt::stack_overflow: return "stack limit reached " + std::to_string(bad_have) + " (" + std::to_string(bad_want) + ")";
    default: return halt_text(halt);
  }
}

void Machine::trace_enter(const CallRequest& call, int depth) {
  EnterInfo info{call.kind, depth, call.caller, call.target->address, call.input, static_cast<uint64_t>(call.gas), call.value, true};
  if (call.kind == CallKind::delegatecall) {
    info.from = call.self->address;
  } else if (call.kind == CallKind::staticcall) {
    info.has_value = false;
  }
  tracer->enter(info);
}

void Machine::trace_exit(int depth, Halt halt, int64_t gas_used, Bytes output) {
  const std::string error = halt == Halt::none ? std::string() : sentence(halt);
  tracer->exit({depth, halt, static_cast<uint64_t>(gas_used), output, halt == Halt::none ? nullptr : error.c_str()});
}

const char* halt_text(Halt halt) {
  switch (halt) {
    case Halt::none: return "";
    case Halt::revert: return "execution reverted";
    case Halt::out_of_gas: return "out of gas";
    case Halt::stack_underflow: return "stack underflow";
    case Halt::stack_overflow: return "stack limit reached";
    case Halt::invalid_opcode: return "invalid opcode";
    case Halt::invalid_jump: return "invalid jump destination";
    case Halt::write_protection: return "write protection";
    case Halt::return_data_out_of_bounds: return "return data out of bounds";
    case Halt::call_depth: return "max call depth exceeded";
    case Halt::insufficient_balance: return "insufficient balance for transfer";
    case Halt::create_collision: return "contract address collision";
    case Halt::code_too_large: return "max code size exceeded";
    case Halt::invalid_code: return "invalid code: must not begin with 0xef";
    case Halt::code_store_out_of_gas: return "contract creation code storage out of gas";
    case Halt::initcode_too_large: return "max initcode size exceeded";
    case Halt::nonce_overflow: return "nonce uint64 overflow";
    case Halt::precompile_failure: return "precompile failed";
    case Halt::deadline: return "execution aborted (timeout)";
  }
  return "";
}

}  // namespace zg::evm
