// The one thread pool of the process. Nothing else in the core makes threads.
#pragma once

#include <cstddef>
#include <functional>

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

}  // namespace zg
