// The device body on the fibers grid, as a backend: tests only. A fault of the body stops the process with its sentence.
#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "field/ntt/body.hpp"
#include "field/ntt/table.hpp"
#include "grid/host_fibers.hpp"

namespace zg::ntt {

namespace {

void copy_factors(const uint64_t* montgomery, size_t count, void* out) { std::memcpy(out, montgomery, 8 * kElementWords * count); }
void copy_twists(const uint64_t* montgomery, size_t count, uint64_t* out) { copy_factors(montgomery, count, out); }

// Words up to the last one that the vectors touch.
size_t extent(const Pass& pass, size_t last, size_t step, size_t pitch) {
  return kElementWords * (step * ((size_t{1} << pass.log_size) - 1) + pitch * last + 1);
}

void run_pass(const Pass& pass, size_t first, size_t count, void* /*scratch*/) {
  static std::atomic<uint64_t> seed{0};
  if (count == 0) return;
  const size_t words = kElementWords << pass.log_size, last = first + count - 1;
  const auto factors = [&](const void* at) { return grid::View<const uint64_t>{static_cast<const uint64_t*>(at), at == nullptr ? 0 : words}; };
  const PassShape shape{pass.log_size,    first,        count,         pass.pre != nullptr, pass.post != nullptr, pass.twist != nullptr, pass.twist_step,
                        pass.twist_pitch, pass.in_step, pass.in_pitch, pass.out_step,       pass.out_pitch};
  const grid::Launch launch{2, 24, grid::shared_size<uint64_t>(words), seed.fetch_add(1)};
  const grid::Report report = grid::run_on_fibers(launch, [&](auto& grid) {
    PassBody{}(grid, shape, factors(pass.roots), factors(pass.pre), factors(pass.post),
               grid::View<const uint64_t>{pass.twist, pass.twist == nullptr ? 0 : extent(pass, last, pass.twist_step, pass.twist_pitch)},
               grid::View<const uint64_t>{pass.in, extent(pass, last, pass.in_step, pass.in_pitch)},
               grid::View<uint64_t>{pass.out, extent(pass, last, pass.out_step, pass.out_pitch)});
  });
  if (report.ok) return;
  std::fprintf(stderr, "zerog: ntt on emu: %s\n", report.message.c_str());
  std::abort();
}

}  // namespace

const Table emu = {8, 8 * kElementWords, 8, copy_factors, copy_twists, run_pass};

}  // namespace zg::ntt
