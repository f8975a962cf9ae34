#include "common/parallel.hpp"

#include <sched.h>

#include <algorithm>
#include <atomic>
#include <condition_variable>
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

  void offer(const std::shared_ptr<Job>& job, unsigned helpers) {
    {
      std::lock_guard lock(mutex_);
      while (workers_.size() < helpers) workers_.emplace_back([this] { work(); });
      for (unsigned i = 0; i < helpers; ++i) queue_.push_back(job);
    }
    helpers == 1 ? wake_.notify_one() : wake_.notify_all();
  }

 private:
  void work() {
    for (;;) {
      std::shared_ptr<Job> job;
      {
        std::unique_lock lock(mutex_);
        wake_.wait(lock, [this] { return stop_ || !queue_.empty(); });
        if (stop_) return;
        job = std::move(queue_.front());
        queue_.pop_front();
      }
      job->help();
    }
  }

  std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<std::shared_ptr<Job>> queue_;
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
  pool().offer(job, static_cast<unsigned>(std::min(threads, job->pieces) - 1));
  job->help();
  std::unique_lock lock(job->mutex);
  job->done.wait(lock, [&] { return job->finished.load(std::memory_order_acquire) == job->pieces; });
}

}  // namespace zg
