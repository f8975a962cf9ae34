// The stack machine of one transaction: frames on an explicit stack, so that 1024 nested calls use no native stack.
//
// Two loops run the same instructions. The fast loop takes decoded code and checks gas and stack once a block; when a block
// cannot be paid or its stack bounds fail, the frame goes on in the stepping loop, which checks each instruction, finds the
// exact reason and ends the frame. The stepping loop also serves tracers that want every instruction.
#pragma once

#include <chrono>

#include "evm/host/block_state.hpp"
#include "evm/host/tracer.hpp"
#include "evm/interpreter/analysis.hpp"
#include "evm/interpreter/halt.hpp"

namespace zg::evm {

inline constexpr int kDepthMax = 1024;
inline constexpr size_t kStackMax = 1024;
inline constexpr size_t kCodeSizeMax = 0x6000;
inline constexpr size_t kInitCodeSizeMax = 2 * kCodeSizeMax;

// What an instruction sees of its transaction.
struct TransactionContext {
  Address origin{};
  U256 gas_price;
  U256 base_fee;  // BASEFEE; zero in free calls
  const std::vector<Hash32>* blob_hashes = nullptr;
};

// Memory of one frame: zero-filled, a multiple of 32 bytes, grown by doubling. Kept for the next frame of the same depth.
struct FrameMemory {
  uint8_t* data = nullptr;
  uint64_t size = 0, capacity = 0;
  FrameMemory() = default;
  FrameMemory(const FrameMemory&) = delete;
  FrameMemory& operator=(const FrameMemory&) = delete;
  ~FrameMemory();
  // To `size_wanted` bytes, a multiple of 32 above `size`. False when the machine has no such memory.
  bool grow(uint64_t size_wanted);
  void reset();  // empty; a large buffer is given back
};

struct Frame {
  // registers, valid while the frame does not run in a loop
  const Instruction* ip = nullptr;
  U256* sp = nullptr;  // one past the top
  int64_t gas = 0;     // negative after an attempted charge that failed
  U256* stack = nullptr;
  size_t pc = 0;      // stepping loop only
  bool slow = false;

  FrameMemory memory;
  AccountEntry* self = nullptr;  // whose storage and balance
  const CodeAnalysis* code = nullptr;
  std::shared_ptr<const CodeAnalysis> own_code;  // of init code
  Address caller{};
  U256 value;
  Bytes input{nullptr, 0};
  Bytes return_data{nullptr, 0};
  std::vector<uint8_t> return_buffer;  // holds return_data that came from a precompile
  CallKind kind = CallKind::call;
  bool read_only = false;
  int depth = 0;
  int64_t gas_start = 0;
  BlockState::Snapshot snapshot{};
  // where the parent wants the result
  uint64_t out_offset = 0, out_size = 0;

  // how it ended
  Halt halt = Halt::none;
  Bytes output{nullptr, 0};
};

// What an instruction of the call and create families asks for.
struct CallRequest {
  CallKind kind = CallKind::call;
  AccountEntry* target = nullptr;  // account called, or to be created
  AccountEntry* code = nullptr;    // whose code runs (EIP-7702 resolved); null for creations
  bool delegated = false;          // code came through a delegation: no precompile
  AccountEntry* self = nullptr;    // storage context of the new frame
  Address caller{};
  U256 value;                      // seen by the frame; moved for call, create, create2
  Bytes input{nullptr, 0};
  int64_t gas = 0;
  bool read_only = false;
  uint64_t out_offset = 0, out_size = 0;
};

struct ThreadScratch;

class Machine {
 public:
  Machine(BlockState& state_, const BlockEnv& env_, const Rules& rules_, const TransactionContext& transaction_, Tracer* tracer_,
          std::optional<std::chrono::steady_clock::time_point> deadline);
  ~Machine();
  Machine(const Machine&) = delete;
  Machine& operator=(const Machine&) = delete;

  struct Result {
    Halt halt = Halt::none;
    int64_t gas_left = 0;
    Bytes output{nullptr, 0};  // valid until the next run
    std::string error;         // geth's sentence, empty when it succeeded
  };
  // Runs the outermost frame and everything below it. Fee handling is the caller's.
  Result run(const CallRequest& request);

  // ---- for the loops and the instructions ----
  BlockState& state;
  const BlockEnv& env;
  const Rules& rules;
  const TransactionContext& transaction;
  Tracer* const tracer;
  CallRequest request;     // filled by an instruction that returns Exit::call
  uint32_t ticks;          // jumps until the next look at the clock
  uint8_t bad_opcode = 0;  // for the sentence of Halt::invalid_opcode and of stack errors
  uint32_t bad_have = 0, bad_want = 0;

  bool past_deadline();  // refills ticks
  bool is_precompile(const Address& address) const;
  // Charges for touching an account (EIP-2929) and warms it.
  int64_t access_cost(AccountEntry& account);
  const CodeAnalysis& analysis_of(AccountEntry& account);
  std::string sentence(Halt halt) const;

 private:
  struct Immediate {
    Halt halt = Halt::none;
    int64_t gas_left = 0;
    Bytes output{nullptr, 0};
  };
  // Opens a frame (returns true) or answers at once.
  bool begin(const CallRequest& request, int depth, U256* stack, Frame* parent, Immediate& immediate);
  void run_precompile(const CallRequest& request, Immediate& immediate, std::vector<uint8_t>& buffer);
  void transfer(AccountEntry& from, AccountEntry& to, const U256& value);
  void finish(Frame& frame);
  void deliver(Frame& parent, CallKind kind, const AccountEntry* created, Halt halt, int64_t gas_left, Bytes output, uint64_t out_offset, uint64_t out_size);
  void trace_enter(const CallRequest& call, int depth);
  void trace_exit(int depth, Halt halt, int64_t gas_used, Bytes output);

  std::unique_ptr<ThreadScratch> scratch_;
  std::vector<uint8_t> top_buffer_;
  std::optional<std::chrono::steady_clock::time_point> deadline_;
};

enum class Exit : uint8_t { done, call };

Exit run_fast(Machine& machine, Frame& frame);
Exit run_stepping(Machine& machine, Frame& frame);

inline constexpr uint32_t kTicksPerLook = 4096;

}  // namespace zg::evm
