// Runs a device body with one thread a lane: input for the thread sanitizer, which then sees a forgotten barrier as the data
// race that it is. Slow; for tests of tiny grids only. Reports the same faults as the fibers grid.
#pragma once

#include <atomic>
#include <cstring>
#include <thread>
#include <vector>

#include "grid/launch.hpp"

namespace zg::grid {

namespace threads {

// The barrier and the memory of one block. Nothing but the barrier orders lanes: it is made of atomics, and all other
// bookkeeping is relaxed or private to a lane, so that the sanitizer sees exactly the order that the body asked for.
class Block {
 public:
  Block(const Launch& launch, unsigned index)
      : launch_(launch), index_(index), memory_(launch.shared_size_bytes + 16, kUnwrittenByte), requests_(launch.width), faults_(launch.width) {}

  const Launch& launch() const { return launch_; }
  unsigned index() const { return index_; }

  // All lanes begin together, or short bodies would run one after the other.
  void begin() {
    begun_.fetch_add(1, std::memory_order_relaxed);
    while (begun_.load(std::memory_order_relaxed) != launch_.width) std::this_thread::yield();
  }

  void sync() {
    const unsigned generation = generation_.load(std::memory_order_relaxed);
    if (waiting_.fetch_add(1, std::memory_order_acq_rel) + 1 == launch_.width) {
      waiting_.store(0, std::memory_order_relaxed);
      generation_.store(generation + 1, std::memory_order_release);
      return;
    }
    while (generation_.load(std::memory_order_acquire) == generation) {
      if (failed_.load(std::memory_order_relaxed)) throw Released{};
      const unsigned left = left_.load(std::memory_order_relaxed);
      if (left != 0 && waiting_.load(std::memory_order_relaxed) + left == launch_.width) {
        divergent_.store(left, std::memory_order_relaxed);
        failed_.store(true, std::memory_order_relaxed);
      }
      std::this_thread::yield();
    }
  }

  void leave() { left_.fetch_add(1, std::memory_order_relaxed); }

  void fail(unsigned lane, const char* what) {
    faults_[lane] = what;
    failed_.store(true, std::memory_order_relaxed);
  }

  void* shared(unsigned lane, size_t at, size_t size) {
    requests_[lane].push_back(size);
    if (at + size > launch_.shared_size_bytes) throw BodyFault("block memory is asked for beyond the launch");
    uint8_t* base = memory_.data();
    base += (16 - reinterpret_cast<uintptr_t>(base) % 16) % 16;
    return base + at;
  }

  // After all lanes have ended.
  Report report() const {
    const std::string block = "block " + std::to_string(index_);
    for (unsigned lane = 0; lane < launch_.width; ++lane)
      if (!faults_[lane].empty()) return {false, block + ", lane " + std::to_string(lane) + ": " + faults_[lane]};
    if (const unsigned left = divergent_.load(); left != 0) {
      return {false, block + ": " + std::to_string(left) + " lanes left while " + std::to_string(launch_.width - left) + " wait at a barrier"};
    }
    for (unsigned lane = 1; lane < launch_.width; ++lane)
      if (requests_[lane] != requests_[0]) return {false, block + ": lanes ask for different amounts of block memory"};
    return {};
  }

  // Thrown through a lane that waits when another one has failed.
  struct Released {};

 private:
  const Launch launch_;
  const unsigned index_;
  std::vector<uint8_t> memory_;
  std::vector<std::vector<size_t>> requests_;
  std::vector<std::string> faults_;
  std::atomic<unsigned> begun_{0}, waiting_{0}, left_{0}, generation_{0}, divergent_{0};
  std::atomic<bool> failed_{false};
};

}  // namespace threads

class ThreadGrid {
 public:
  ThreadGrid(threads::Block& owner, unsigned lane) : owner_(owner), lane_(lane) {}

  unsigned thread() const { return lane_; }
  unsigned width() const { return owner_.launch().width; }
  unsigned block() const { return owner_.index(); }
  unsigned blocks() const { return owner_.launch().blocks; }
  void sync() { owner_.sync(); }

  template <class T>
  View<T> shared(size_t count) {
    const size_t size = shared_size<T>(count);
    void* at = owner_.shared(lane_, used_, size);
    used_ += size;
    return {static_cast<T*>(at), count};
  }

 private:
  threads::Block& owner_;
  unsigned lane_;
  size_t used_ = 0;
};

// As run_on_fibers, with `launch.width` threads; blocks one after the other. The seed means nothing here.
template <class Body>
Report run_on_threads(const Launch& launch, const Body& body) {
  for (unsigned i = 0; i < launch.blocks; ++i) {
    threads::Block block(launch, i);
    std::vector<std::thread> lanes;
    for (unsigned lane = 0; lane < launch.width; ++lane) {
      lanes.emplace_back([&block, &body, lane] {
        block.begin();
        try {
          ThreadGrid grid(block, lane);
          body(grid);
        } catch (const BodyFault& found) {
          block.fail(lane, found.what());
        } catch (const threads::Block::Released&) {
        }
        block.leave();
      });
    }
    for (std::thread& lane : lanes) lane.join();
    Report report = block.report();
    if (!report.ok) return report;
  }
  return {};
}

}  // namespace zg::grid
