// The one thread pool of the process. Nothing else in the core makes threads.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>

namespace zg {

// Threads that parallel_for may use, the caller included: ZEROG_THREADS, else the processors in the affinity mask.
unsigned thread_count();

// Overrides the count (1 … 1024). Takes effect for later calls; 0 restores the default.
void set_thread_count(unsigned count);

// Calls body(begin, end) over a partition of [0, count) into pieces of at least `grain` items, on the pool and on the
// calling thread; returns when all pieces are done. Runs inline when one piece suffices or one thread is allowed. May be
// called from several threads and from inside a body: every caller works on its own pieces first, so nesting cannot
// deadlock. `body` must not throw.
void parallel_for(size_t count, size_t grain, const std::function<void(size_t begin, size_t end)>& body);

// Helpers kept at hand for a chain of short parallel sections (a model's step has hundreds, each some microseconds), where waking
// a thread for each would cost more than the work. Between sections they spin for some tens of microseconds, then yield the
// processor; the caller never waits for a helper that has not taken a piece, so helpers that come late or not at all cost
// nothing but time.
class Crew {
 public:
  Crew();
  ~Crew();
  Crew(const Crew&) = delete;
  Crew& operator=(const Crew&) = delete;

  // parallel_for's contract, for the one thread that owns the crew; not from inside a body.
  void run(size_t count, size_t grain, const std::function<void(size_t begin, size_t end)>& body);

 private:
  struct State;
  std::shared_ptr<State> state_;
};

}  // namespace zg
