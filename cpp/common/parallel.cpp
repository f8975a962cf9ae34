#include "common/parallel.hpp"

#include <sched.h>

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <cstdlib>
#include <deque>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

namespace zg {

namespace {

constexpr unsigned kThreadsMax = 1024;

unsigned default_thread_count() {
  if (const char* text = std::getenv("ZEROG_THREADS")) {
    const long wanted = std::strtol(text, nullptr, 10);
    if (wanted >= 1) return static_cast<unsigned>(std::min<long>(wanted, kThreadsMax));
  }
  cpu_set_t set;
  if (sched_getaffinity(0, sizeof set, &set) == 0) return static_cast<unsigned>(std::max(1, CPU_COUNT(&set)));
  return std::max(1u, std::thread::hardware_concurrency());
}

std::atomic<unsigned> g_thread_count{0};

// About 30 µs of waiting before the processor is offered to others.
constexpr unsigned kSpinsMax = 1000;

// One parallel_for: pieces are taken by index, the last one to finish wakes the caller.
struct Job {
  const std::function<void(size_t, size_t)>* body;
  size_t count, piece, pieces;
  std::atomic<size_t> next{0};
  std::atomic<size_t> finished{0};
  std::mutex mutex;
  std::condition_variable done;

  // Works until no piece is left to take.
  void help() {
    for (;;) {
      const size_t index = next.fetch_add(1, std::memory_order_relaxed);
      if (index >= pieces) return;
      const size_t begin = index * piece;
      (*body)(begin, std::min(count, begin + piece));
      if (finished.fetch_add(1, std::memory_order_acq_rel) + 1 == pieces) {
        std::lock_guard lock(mutex);
        done.notify_all();
      }
    }
  }
};

class Pool {
 public:
  ~Pool() {
    {
      std::lock_guard lock(mutex_);
      stop_ = true;
    }
    wake_.notify_all();
    for (std::thread& worker : workers_) worker.join();
  }

  void offer(const std::function<void()>& help, unsigned helpers) {
    {
      std::lock_guard lock(mutex_);
      while (workers_.size() < helpers) workers_.emplace_back([this] { work(); });
      for (unsigned i = 0; i < helpers; ++i) queue_.push_back(help);
    }
    helpers == 1 ? wake_.notify_one() : wake_.notify_all();
  }

 private:
  void work() {
    for (;;) {
      std::function<void()> help;
      {
        std::unique_lock lock(mutex_);
        wake_.wait(lock, [this] { return stop_ || !queue_.empty(); });
        if (stop_) return;
        help = std::move(queue_.front());
        queue_.pop_front();
      }
      help();
    }
  }

  std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<std::function<void()>> queue_;
  std::vector<std::thread> workers_;
  bool stop_ = false;
};

Pool& pool() {
  static Pool p;
  return p;
}

}  // namespace

unsigned thread_count() {
  unsigned count = g_thread_count.load(std::memory_order_relaxed);
  if (count == 0) {
    count = default_thread_count();
    g_thread_count.store(count, std::memory_order_relaxed);
  }
  return count;
}

void set_thread_count(unsigned count) { g_thread_count.store(std::min(count, kThreadsMax), std::memory_order_relaxed); }

void parallel_for(size_t count, size_t grain, const std::function<void(size_t, size_t)>& body) {
  if (count == 0) return;
  grain = std::max<size_t>(grain, 1);
  const size_t threads = thread_count();
  const size_t pieces_wanted = std::min((count + grain - 1) / grain, threads * 4);
  if (threads == 1 || pieces_wanted <= 1) {
    body(0, count);
    return;
  }
  auto job = std::make_shared<Job>();
  job->body = &body;
  job->count = count;
  job->piece = (count + pieces_wanted - 1) / pieces_wanted;
  job->pieces = (count + job->piece - 1) / job->piece;
  pool().offer([job] { job->help(); }, static_cast<unsigned>(std::min(threads, job->pieces) - 1));
  job->help();
  // What is left is in somebody's hands already: short pieces end sooner than a sleep and a waking would take.
  for (unsigned spins = 0; spins < kSpinsMax && job->finished.load(std::memory_order_acquire) != job->pieces; ++spins) {
#if defined(__x86_64__)
    __builtin_ia32_pause();
#endif
  }
  std::unique_lock lock(job->mutex);
  job->done.wait(lock, [&] { return job->finished.load(std::memory_order_acquire) == job->pieces; });
}

namespace {

void wait_a_little(unsigned& spins) {
  if (++spins > kSpinsMax) {
    sched_yield();
    return;
  }
#if defined(__x86_64__)
  __builtin_ia32_pause();
#endif
}

}  // namespace

// `ticket` is the section's number (upper half) and its next piece (lower half); a piece is taken by raising the lower half of
// the very ticket that was read. The section's fields are written only while no piece of it is out, so whoever raised a ticket
// has read the fields that belong to it.
struct Crew::State {
  std::atomic<uint64_t> ticket{0};
  std::atomic<const std::function<void(size_t, size_t)>*> body{nullptr};
  std::atomic<size_t> count{0}, piece{1}, pieces{0};
  std::atomic<size_t> finished{0};
  std::atomic<bool> over{false};

  // Takes and does one piece; false when the section that was seen has none left.
  bool do_piece() {
    uint64_t seen = ticket.load(std::memory_order_acquire);
    for (;;) {
      const size_t index = seen & 0xffffffffu;
      const auto* work = body.load(std::memory_order_acquire);
      const size_t items = count.load(std::memory_order_acquire), size = piece.load(std::memory_order_acquire);
      if (index >= pieces.load(std::memory_order_acquire)) return false;
      if (!ticket.compare_exchange_weak(seen, seen + 1, std::memory_order_acq_rel, std::memory_order_acquire)) continue;
      const size_t begin = index * size;
      (*work)(begin, std::min(items, begin + size));
      finished.fetch_add(1, std::memory_order_acq_rel);
      return true;
    }
  }

  void help() {
    unsigned spins = 0;
    while (!over.load(std::memory_order_acquire)) {
      if (do_piece()) {
        spins = 0;
      } else {
        wait_a_little(spins);
      }
    }
  }
};

Crew::Crew() : state_(std::make_shared<State>()) {
  const unsigned threads = thread_count();
  if (threads > 1) pool().offer([state = state_] { state->help(); }, threads - 1);
}

Crew::~Crew() { state_->over.store(true, std::memory_order_release); }

void Crew::run(size_t count, size_t grain, const std::function<void(size_t, size_t)>& body) {
  if (count == 0) return;
  grain = std::max<size_t>(grain, 1);
  const size_t threads = thread_count(), pieces_wanted = std::min((count + grain - 1) / grain, threads * 4);
  if (threads == 1 || pieces_wanted <= 1) {
    body(0, count);
    return;
  }
  const size_t piece = (count + pieces_wanted - 1) / pieces_wanted, pieces = (count + piece - 1) / piece;
  State& state = *state_;
  // Closed while its fields change: no ticket of this number has a piece. Who reads a new field sees the closing too, and so
  // cannot raise the ticket that it read before.
  const uint64_t section = (state.ticket.load(std::memory_order_relaxed) >> 32) + 1;
  state.ticket.store(section << 32 | 0xffffffffu, std::memory_order_release);
  state.body.store(&body, std::memory_order_release);
  state.count.store(count, std::memory_order_release);
  state.piece.store(piece, std::memory_order_release);
  state.pieces.store(pieces, std::memory_order_release);
  state.finished.store(0, std::memory_order_release);
  state.ticket.store((section + 1) << 32, std::memory_order_release);
  while (state.do_piece()) {
  }
  unsigned spins = 0;
  while (state.finished.load(std::memory_order_acquire) != pieces) wait_a_little(spins);
}

}  // namespace zg
