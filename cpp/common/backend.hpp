// Run-time choice of a kernel's backend, as an object that can be asked.
//
// A kernel's dispatch.cpp owns one KernelBackends: its tables in order of preference, each with the processor features it
// needs and one known-answer check. The first use chooses; ZEROG_BACKEND forces. The choice and its reason are visible
// through backend_report() (`zerog doctor`).
//
// ZEROG_BACKEND is a comma-separated list: a bare backend name holds for every kernel, kernel=name for one
// ("avx2", "avx512,keccak256=scalar"). A kernel that has no table of the forced name takes the best of its tables that
// the forced one implies (avx512 > avx2 > scalar). A name this machine cannot run, or that does not exist, is an error at
// first use: never a silent fallback.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "common/status.hpp"

namespace zg {

struct Backend {
  const char* name;    // "avx512", "avx2", "scalar", "emu"
  uint32_t needs;      // CpuFeature bits
  const void* table;   // the kernel's own Table type
};

struct KernelReport {
  std::string kernel;
  std::string chosen;                    // name of the active backend; empty when the forced choice is impossible
  std::string reason;                    // "best of this machine", "forced by ZEROG_BACKEND", or what is wrong
  std::vector<std::string> available;    // usable on this machine, best first
  std::vector<std::string> unavailable;  // "avx512 (needs ifma)"
};

class KernelBackends {
 public:
  using SelfTest = bool (*)(const void* table);

  // `best_first` and its strings must outlive the process. `self_test` may be null; a table that fails it is disabled
  // loudly (standard error and the report).
  KernelBackends(const char* kernel, std::vector<Backend> best_first, SelfTest self_test);

  // The active table. Failure: ZEROG_BACKEND asks for something that is not to be had.
  Outcome<const void*> active();

  // The table of that name; an empty name means active(). Failure: unknown here or not runnable on this machine.
  Outcome<const void*> named(std::string_view name);

  KernelReport report();

 private:
  bool usable(const Backend& backend);
  void choose_once();

  const char* kernel_;
  std::vector<Backend> backends_;
  SelfTest self_test_;
  std::vector<int8_t> tested_;  // per backend: -1 unknown, 0 failed, 1 passed
  const void* chosen_ = nullptr;
  std::string chosen_name_, reason_;
  bool done_ = false;
};

// One entry for each kernel linked in, sorted by name.
std::vector<KernelReport> backend_report();

}  // namespace zg
