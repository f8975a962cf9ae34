// Runs a device body on one thread of the host: each lane is a fiber that runs from barrier to barrier, in an order that
// the seed decides. Deterministic. Finds: indices outside a view, lanes that leave while others wait at a barrier, lanes
// that wait at different barriers, block memory asked for beyond the launch or differently by different lanes. A forgotten
// barrier shows as results that depend on the seed.
#pragma once

#include <algorithm>
#include <cstring>
#include <exception>
#include <memory>
#include <vector>

#if !defined(__x86_64__)
#include <ucontext.h>
#endif

#include "grid/launch.hpp"

#if defined(__SANITIZE_ADDRESS__)
#include <sanitizer/common_interface_defs.h>
#endif
#if defined(__SANITIZE_THREAD__)
extern "C" {
void* __tsan_get_current_fiber(void);
void* __tsan_create_fiber(unsigned flags);
void __tsan_destroy_fiber(void* fiber);
void __tsan_switch_to_fiber(void* fiber, unsigned flags);
}
#endif

namespace zg::grid {

namespace fibers {

inline constexpr size_t kStackSize = 64 * 1024;

#if defined(__x86_64__)
// Saves the callee-saved registers and the stack pointer, and resumes another stack at the same place.
__attribute__((naked, noinline)) inline void switch_stack(void** /*save*/, void* /*resume*/) {
  asm volatile(
      "pushq %rbp\n pushq %rbx\n pushq %r12\n pushq %r13\n pushq %r14\n pushq %r15\n"
      "movq %rsp, (%rdi)\n"
      "movq %rsi, %rsp\n"
      "popq %r15\n popq %r14\n popq %r13\n popq %r12\n popq %rbx\n popq %rbp\n"
      "ret\n");
}
#endif

class Block;

struct Fiber {
  std::unique_ptr<uint8_t[]> stack;
#if defined(__x86_64__)
  void* stack_pointer = nullptr;
#else
  ucontext_t context;
#endif
#if defined(__SANITIZE_ADDRESS__)
  void* fake_stack = nullptr;
#endif
#if defined(__SANITIZE_THREAD__)
  void* tsan = nullptr;
#endif
  int waits_at = 0;  // line of the barrier; 0: runs; -1: has left
};

}  // namespace fibers

class FiberGrid;

namespace fibers {

// One block: its lanes, its memory, and the switching between them.
class Block {
 public:
  using Run = void (*)(const void* body, FiberGrid& grid);

  Block(const Launch& launch, Run entry_point, const void* body_object)
      : launch_(launch), run_(entry_point), body_(body_object), memory_(launch.shared_size_bytes + 16), lanes_(launch.width) {
    for (Fiber& lane : lanes_) {
      lane.stack.reset(new uint8_t[kStackSize]);
#if defined(__SANITIZE_THREAD__)
      lane.tsan = __tsan_create_fiber(0);
#endif
    }
#if defined(__SANITIZE_THREAD__)
    main_.tsan = __tsan_get_current_fiber();
#endif
  }
#if defined(__SANITIZE_THREAD__)
  ~Block() {
    for (Fiber& lane : lanes_) __tsan_destroy_fiber(lane.tsan);
  }
#endif
  Block(const Block&) = delete;
  Block& operator=(const Block&) = delete;

  // Runs all lanes of block `index` to their end or to the first fault.
  Report run(unsigned index) {
    index_ = index;
    report_ = {};
    allocations_.clear();
    std::memset(memory_.data(), kUnwrittenByte, memory_.size());
    for (unsigned i = 0; i < launch_.width; ++i) prepare(i);
    std::vector<unsigned> order(launch_.width);
    for (unsigned i = 0; i < launch_.width; ++i) order[i] = i;
    if (launch_.seed == 1) std::reverse(order.begin(), order.end());
    uint64_t random = launch_.seed * 0x9e3779b97f4a7c15u + index;
    for (;;) {
      if (launch_.seed > 1) {
        for (size_t i = order.size(); i > 1; --i) std::swap(order[i - 1], order[next(random) % i]);
      }
      unsigned left = 0, waiting = 0;
      int line = 0;
      for (unsigned lane : order) {
        lanes_[lane].waits_at = 0;
        enter(lane);
        if (!report_.ok) return report_;
        if (lanes_[lane].waits_at < 0) {
          ++left;
        } else {
          ++waiting;
          if (line != 0 && line != lanes_[lane].waits_at) {
            return fault("lanes wait at different barriers, lines " + std::to_string(line) + " and " +
                         std::to_string(lanes_[lane].waits_at));
          }
          line = lanes_[lane].waits_at;
        }
      }
      if (waiting == 0) return report_;
      if (left != 0) {
        return fault(std::to_string(left) + " lanes left while " + std::to_string(waiting) + " wait at the barrier of line " +
                     std::to_string(line));
      }
    }
  }

  unsigned index() const { return index_; }
  unsigned lane() const { return lane_; }
  const Launch& launch() const { return launch_; }

  void sync(int line) {
    lanes_[lane_].waits_at = line;
    leave(false);
  }

  // The `nth` request of a lane: the first lane to come decides the size, the others must agree.
  void* shared(size_t nth, size_t at, size_t size) {
    if (nth < allocations_.size()) {
      if (allocations_[nth] != size) throw BodyFault("lanes ask for different amounts of block memory");
    } else {
      allocations_.push_back(size);
    }
    if (at + size > launch_.shared_size_bytes) throw BodyFault("block memory is asked for beyond the launch");
    uint8_t* base = memory_.data();
    base += (16 - reinterpret_cast<uintptr_t>(base) % 16) % 16;
    return base + at;
  }

 private:
  Report fault(std::string what) {
    report_.ok = false;
    report_.message = "block " + std::to_string(index_) + ": " + std::move(what);
    return report_;
  }

  static uint64_t next(uint64_t& state) {
    state += 0x9e3779b97f4a7c15u;
    uint64_t z = state;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
    z = (z ^ z >> 27) * 0x94d049bb133111ebu;
    return z ^ z >> 31;
  }

  // First function on a fiber's stack; never returns.
  static void entry() {
    Block& block = *current();
#if defined(__SANITIZE_ADDRESS__)
    __sanitizer_finish_switch_fiber(nullptr, &block.main_stack_, &block.main_stack_size_);
#endif
    block.body();
    block.lanes_[block.lane_].waits_at = -1;
    block.leave(true);
    std::terminate();  // a lane that left is never entered again
  }

  void body();

  static Block*& current() {
    static thread_local Block* block = nullptr;
    return block;
  }

  void prepare(unsigned i) {
    Fiber& lane = lanes_[i];
    lane.waits_at = 0;
#if defined(__x86_64__)
    uint8_t* top = lane.stack.get() + kStackSize;
    top -= reinterpret_cast<uintptr_t>(top) % 16;
    void** slots = reinterpret_cast<void**>(top) - 2;  // a return address above an aligned frame
    slots[0] = reinterpret_cast<void*>(&entry);
    slots[1] = nullptr;
    for (int k = 1; k <= 6; ++k) slots[-k] = nullptr;
    lane.stack_pointer = slots - 6;
#else
    getcontext(&lane.context);
    lane.context.uc_stack.ss_sp = lane.stack.get();
    lane.context.uc_stack.ss_size = kStackSize;
    lane.context.uc_link = nullptr;
    makecontext(&lane.context, &entry, 0);
#endif
#if defined(__SANITIZE_ADDRESS__)
    lane.fake_stack = nullptr;
#endif
  }

  void enter(unsigned i) {
    lane_ = i;
    current() = this;
    Fiber& lane = lanes_[i];
#if defined(__SANITIZE_ADDRESS__)
    __sanitizer_start_switch_fiber(&main_.fake_stack, lane.stack.get(), kStackSize);
#endif
#if defined(__SANITIZE_THREAD__)
    __tsan_switch_to_fiber(lane.tsan, 0);
#endif
    change(main_, lane);
#if defined(__SANITIZE_ADDRESS__)
    __sanitizer_finish_switch_fiber(main_.fake_stack, nullptr, nullptr);
#endif
  }

  void leave([[maybe_unused]] bool for_good) {
    Fiber& lane = lanes_[lane_];
#if defined(__SANITIZE_ADDRESS__)
    __sanitizer_start_switch_fiber(for_good ? nullptr : &lane.fake_stack, main_stack_, main_stack_size_);
#endif
#if defined(__SANITIZE_THREAD__)
    __tsan_switch_to_fiber(main_.tsan, 0);
#endif
    change(lane, main_);
#if defined(__SANITIZE_ADDRESS__)
    __sanitizer_finish_switch_fiber(lanes_[lane_].fake_stack, &main_stack_, &main_stack_size_);
#endif
  }

  static void change(Fiber& from, Fiber& to) {
#if defined(__x86_64__)
    switch_stack(&from.stack_pointer, to.stack_pointer);
#else
    swapcontext(&from.context, &to.context);
#endif
  }

  const Launch launch_;
  Run run_;
  const void* body_;
  std::vector<uint8_t> memory_;
  std::vector<Fiber> lanes_;
  std::vector<size_t> allocations_;
  Fiber main_;
  unsigned index_ = 0, lane_ = 0;
  Report report_;
#if defined(__SANITIZE_ADDRESS__)
  const void* main_stack_ = nullptr;
  size_t main_stack_size_ = 0;
#endif
};

}  // namespace fibers

// The Grid of body.hpp as one lane sees it.
class FiberGrid {
 public:
  FiberGrid(fibers::Block& owner, unsigned lane) : owner_(owner), lane_(lane) {}

  unsigned thread() const { return lane_; }
  unsigned width() const { return owner_.launch().width; }
  unsigned block() const { return owner_.index(); }
  unsigned blocks() const { return owner_.launch().blocks; }
  void sync(int line = __builtin_LINE()) { owner_.sync(line); }

  template <class T>
  View<T> shared(size_t count) {
    const size_t size = shared_size<T>(count);
    void* at = owner_.shared(requests_++, used_, size);
    used_ += size;
    return {static_cast<T*>(at), count};
  }

 private:
  fibers::Block& owner_;
  unsigned lane_;
  size_t requests_ = 0, used_ = 0;
};

// A fault ends the lane; unwinding stays on the lane's own stack.
inline void fibers::Block::body() {
  const unsigned lane = lane_;
  try {
    FiberGrid grid(*this, lane);
    run_(body_, grid);
  } catch (const BodyFault& found) {
    report_.ok = false;
    report_.message = "block " + std::to_string(index_) + ", lane " + std::to_string(lane) + ": " + found.what();
  }
}

// Calls body(grid) for every lane of every block, blocks one after the other. `body` is a callable that passes the views on:
// run_on_fibers(launch, [&](auto& grid) { HashBody{}(grid, in, out); }). Returns the first fault; lanes that were still
// waiting are then dropped without unwinding, so bodies must own nothing.
template <class Body>
Report run_on_fibers(const Launch& launch, const Body& body) {
  fibers::Block block(
      launch, [](const void* opaque, FiberGrid& grid) { (*static_cast<const Body*>(opaque))(grid); }, &body);
  for (unsigned i = 0; i < launch.blocks; ++i) {
    Report report = block.run(i);
    if (!report.ok) return report;
  }
  return {};
}

}  // namespace zg::grid
