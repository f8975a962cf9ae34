#include "common/backend.hpp"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <mutex>

#include "common/cpu.hpp"

namespace zg {

namespace {

struct Registry {
  std::mutex mutex;
  std::vector<KernelBackends*> kernels;
};

Registry& registry() {
  static Registry r;
  return r;
}

std::recursive_mutex& choice_mutex() {
  static std::recursive_mutex m;
  return m;
}

// What ZEROG_BACKEND says for this kernel; empty when it says nothing.
std::string forced_for(std::string_view kernel) {
  const char* text = std::getenv("ZEROG_BACKEND");
  if (text == nullptr) return {};
  std::string general, own;
  std::string_view rest = text;
  while (!rest.empty()) {
    const size_t comma = rest.find(',');
    std::string_view item = rest.substr(0, comma);
    rest = comma == std::string_view::npos ? std::string_view{} : rest.substr(comma + 1);
    const size_t equals = item.find('=');
    if (equals == std::string_view::npos) {
      if (!item.empty()) general = item;
    } else if (item.substr(0, equals) == kernel) {
      own = item.substr(equals + 1);
    }
  }
  return own.empty() ? general : own;
}

// Position in the ladder that a forced name implies; -1 for names outside the ladder.
int ladder(std::string_view name) {
  if (name == "scalar") return 0;
  if (name == "avx2") return 1;
  if (name == "avx512") return 2;
  return -1;
}

uint32_t ladder_needs(std::string_view name) {
  if (name == "avx2") return kCpuAvx2;
  if (name == "avx512") return kCpuAvx512;
  return 0;
}

}  // namespace

KernelBackends::KernelBackends(const char* kernel, std::vector<Backend> best_first, SelfTest self_test)
    : kernel_(kernel), backends_(std::move(best_first)), self_test_(self_test), tested_(backends_.size(), -1) {
  std::lock_guard lock(registry().mutex);
  registry().kernels.push_back(this);
}

bool KernelBackends::usable(const Backend& backend) {
  if ((backend.needs & ~cpu_features()) != 0) return false;
  int8_t& state = tested_[static_cast<size_t>(&backend - backends_.data())];
  if (state < 0) {
    state = self_test_ == nullptr || self_test_(backend.table) ? 1 : 0;
    if (state == 0) {
      std::fprintf(stderr, "zerog: backend %s of kernel %s fails its known answer and is disabled\n", backend.name, kernel_);
    }
  }
  return state == 1;
}

void KernelBackends::choose_once() {
  if (done_) return;
  done_ = true;
  const std::string forced = forced_for(kernel_);
  if (forced.empty()) {
    for (const Backend& backend : backends_) {
      if (std::string_view(backend.name) == "emu" || !usable(backend)) continue;
      chosen_ = backend.table;
      chosen_name_ = backend.name;
      reason_ = "best of this machine";
      return;
    }
    reason_ = "no backend of this kernel runs here";
    return;
  }
  const int rank = ladder(forced);
  if (rank < 0 && forced != "emu") {
    reason_ = "ZEROG_BACKEND asks for '" + forced + "', expected scalar, avx2, avx512 or emu";
    return;
  }
  if ((ladder_needs(forced) & ~cpu_features()) != 0) {
    reason_ = "ZEROG_BACKEND asks for '" + forced + "', which this processor cannot run";
    return;
  }
  for (const Backend& backend : backends_) {
    const bool fits = std::string_view(backend.name) == forced || (rank >= 0 && ladder(backend.name) >= 0 && ladder(backend.name) <= rank);
    if (!fits || !usable(backend)) continue;
    chosen_ = backend.table;
    chosen_name_ = backend.name;
    reason_ = std::string_view(backend.name) == forced ? "forced by ZEROG_BACKEND"
                                                       : "forced by ZEROG_BACKEND=" + forced + ", which this kernel has no usable table for";
    return;
  }
  reason_ = "ZEROG_BACKEND asks for '" + forced + "', which kernel " + kernel_ + " cannot offer here";
}

Outcome<const void*> KernelBackends::active() {
  std::lock_guard lock(choice_mutex());
  choose_once();
  if (chosen_ == nullptr) return Failure{Status::device_unavailable, reason_};
  return chosen_;
}

Outcome<const void*> KernelBackends::named(std::string_view name) {
  if (name.empty()) return active();
  std::lock_guard lock(choice_mutex());
  for (const Backend& backend : backends_) {
    if (name != backend.name) continue;
    if (usable(backend)) return backend.table;
    return Failure{Status::device_unavailable, "backend " + std::string(name) + " of kernel " + kernel_ + " needs " +
                                                   cpu_feature_names(backend.needs & ~cpu_features()) + " or failed its known answer"};
  }
  return Failure{Status::device_unavailable, "kernel " + std::string(kernel_) + " has no backend '" + std::string(name) + "'"};
}

KernelReport KernelBackends::report() {
  std::lock_guard lock(choice_mutex());
  choose_once();
  KernelReport out{kernel_, chosen_name_, reason_, {}, {}};
  for (const Backend& backend : backends_) {
    if (usable(backend)) {
      out.available.push_back(backend.name);
    } else {
      const uint32_t missing = backend.needs & ~cpu_features();
      out.unavailable.push_back(std::string(backend.name) +
                                (missing != 0 ? " (needs " + cpu_feature_names(missing) + ")" : " (failed its known answer)"));
    }
  }
  return out;
}

std::vector<KernelReport> backend_report() {
  std::vector<KernelBackends*> kernels;
  {
    std::lock_guard lock(registry().mutex);
    kernels = registry().kernels;
  }
  std::vector<KernelReport> out;
  for (KernelBackends* kernel : kernels) out.push_back(kernel->report());
  std::sort(out.begin(), out.end(), [](const KernelReport& a, const KernelReport& b) { return a.kernel < b.kernel; });
  return out;
}

}  // namespace zg
