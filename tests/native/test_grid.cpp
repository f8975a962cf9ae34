// The host grids must run a correct body correctly and catch each planted fault: a forgotten barrier, a divergent one, an
// index outside a view, block memory beyond the launch, a read of unwritten block memory.
#include <sys/wait.h>

#include <cstdlib>
#include <cstring>
#include <string>
#include <vector>

#include "check.hpp"
#include "grid/host_fibers.hpp"
#include "grid/host_threads.hpp"

using namespace zg::grid;

namespace {

// Sum of a block's items by halving; `kFault` plants one mistake.
enum Fault { kNone, kForgottenBarrier, kDivergentBarrier, kTwoBarriers, kOutOfRange, kUnwritten, kUnevenMemory };

template <Fault kFault>
struct SumBody {
  template <class Grid>
  ZG_HD void operator()(Grid& grid, View<const uint64_t> in, View<uint64_t> out) const {
    View<uint64_t> parts = grid.template shared<uint64_t>(kFault == kUnevenMemory && grid.thread() == 3 ? 2 * grid.width() : grid.width());
    if (kFault != kUnwritten || grid.thread() != 5) {
      parts[grid.thread()] = in[grid.block() * grid.width() + grid.thread() + (kFault == kOutOfRange ? 1 : 0)];
    }
    grid.sync();
    for (unsigned half = grid.width() / 2; half != 0; half /= 2) {
      if (grid.thread() < half) {
        parts[grid.thread()] += parts[grid.thread() + half];
        if (kFault == kDivergentBarrier) grid.sync();
        if (kFault == kTwoBarriers) grid.sync();
      } else if (kFault == kTwoBarriers) {
        grid.sync();
      }
      if (kFault != kForgottenBarrier && kFault != kDivergentBarrier && kFault != kTwoBarriers) grid.sync();
    }
    if (grid.thread() == 0) out[grid.block()] = parts[0];
  }
};

constexpr unsigned kBlocks = 3, kWidth = 16;

struct Result {
  Report report;
  std::vector<uint64_t> sums;
};

template <Fault kFault>
Result run(uint64_t seed, bool with_threads, size_t shared_size_bytes = shared_size<uint64_t>(2 * kWidth)) {
  std::vector<uint64_t> in(kBlocks * kWidth);
  for (size_t i = 0; i < in.size(); ++i) in[i] = i * i + 7;
  std::vector<uint64_t> out(kBlocks, 0xa5a5a5a5a5a5a5a5u);
  const Launch launch{kBlocks, kWidth, shared_size_bytes, seed};
  const View<const uint64_t> in_view{in.data(), in.size()};
  const View<uint64_t> out_view{out.data(), out.size()};
  auto body = [&](auto& grid) { SumBody<kFault>{}(grid, in_view, out_view); };
  Report report = with_threads ? run_on_threads(launch, body) : run_on_fibers(launch, body);
  return {report, out};
}

std::vector<uint64_t> wanted() {
  std::vector<uint64_t> sums(kBlocks);
  for (size_t i = 0; i < kBlocks * kWidth; ++i) sums[i / kWidth] += i * i + 7;
  return sums;
}

bool says(const Report& report, const char* words) { return !report.ok && report.message.find(words) != std::string::npos; }

#if defined(__SANITIZE_THREAD__)
// Runs this program again with one planted body on threads; its exit code is the sanitizer's verdict.
int verdict(const char* self, const char* mode) {
  const std::string command = std::string("TSAN_OPTIONS=exitcode=66 ") + self + " " + mode + " > /dev/null 2>&1";
  const int status = std::system(command.c_str());
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}
#endif

}  // namespace

int main(int argc, char** argv) {
  if (argc > 1) {
    const bool planted = std::strcmp(argv[1], "--race") == 0;
    const Result result = planted ? run<kForgottenBarrier>(0, true) : run<kNone>(0, true);
    return result.report.ok ? 0 : 1;
  }

  for (uint64_t seed = 0; seed < 20; ++seed) {
    const Result result = run<kNone>(seed, false);
    CHECK(result.report.ok);
    CHECK(result.sums == wanted());
  }
  const Result threaded = run<kNone>(0, true);
  CHECK(threaded.report.ok);
  CHECK(threaded.sums == wanted());

  // A forgotten barrier: the fibers grid gives an answer that is wrong for nearly every order of lanes.
  int wrong = 0;
  for (uint64_t seed = 2; seed < 22; ++seed) {
    const Result result = run<kForgottenBarrier>(seed, false);
    CHECK(result.report.ok);
    wrong += result.sums != wanted();
  }
  CHECK(wrong >= 15);

  for (uint64_t seed : {0, 1, 2, 3}) {
    CHECK(says(run<kDivergentBarrier>(seed, false).report, "lanes left while"));
    CHECK(says(run<kTwoBarriers>(seed, false).report, "lanes wait at different barriers"));
    CHECK(says(run<kOutOfRange>(seed, false).report, "index 48 is outside a view of 48 items"));
    CHECK(says(run<kOutOfRange>(seed, false).report, "block 2, lane 15"));
    CHECK(says(run<kUnevenMemory>(seed, false).report, "different amounts of block memory"));
    CHECK(says(run<kNone>(seed, false, shared_size<uint64_t>(kWidth) - 16).report, "beyond the launch"));
    CHECK(run<kUnwritten>(seed, false).sums != wanted());
  }
  CHECK(says(run<kDivergentBarrier>(0, true).report, "wait at a barrier"));
  CHECK(says(run<kOutOfRange>(0, true).report, "index 48 is outside a view of 48 items"));
  CHECK(says(run<kUnevenMemory>(0, true).report, "different amounts of block memory"));
  CHECK(says(run<kNone>(0, true, 16).report, "beyond the launch"));
  CHECK(run<kUnwritten>(0, true).sums != wanted());

#if defined(__SANITIZE_THREAD__)
  CHECK(verdict(argv[0], "--race") == 66);
  CHECK(verdict(argv[0], "--clean") == 0);
#else
  (void)argv;
#endif
  return check_report();
}
