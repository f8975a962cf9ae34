// The device bodies on the fibers grid, as a backend: tests only. A fault of a body stops the process with its sentence.
#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <vector>

#include "field/bn254/body.hpp"
#include "field/bn254/table.hpp"
#include "field/bn254_fr.hpp"
#include "grid/host_fibers.hpp"

namespace zg::bn254::batch {

namespace {

using device::Operation;

template <class Body>
void launch(const Body& body) {
  static std::atomic<uint64_t> seed{0};
  const grid::Launch shape{2, 24, 0, seed.fetch_add(1)};
  const grid::Report report = grid::run_on_fibers(shape, body);
  if (report.ok) return;
  std::fprintf(stderr, "zerog: bn254_field on emu: %s\n", report.message.c_str());
  std::abort();
}

// Through a copy: outputs begin as unwritten memory, and may be inputs.
template <class P, Operation operation>
void elementwise(const uint64_t* a, const uint64_t* b, uint64_t* out, size_t count) {
  if (count == 0) return;
  std::vector<uint64_t> made(kElementWords * count);
  std::memset(made.data(), grid::kUnwrittenByte, 8 * made.size());
  const size_t b_count = operation == Operation::scale ? 1 : count;
  launch([&](auto& grid) {
    device::ElementwiseBody<P>{}(grid, operation, count, grid::View<const uint64_t>{a, kElementWords * count},
                                 grid::View<const uint64_t>{b, kElementWords * b_count}, grid::View<uint64_t>{made.data(), made.size()});
  });
  std::memcpy(out, made.data(), 8 * made.size());
}

template <class P>
void square(const uint64_t* a, uint64_t* out, size_t count) {
  elementwise<P, Operation::mul>(a, a, out, count);
}

template <class P>
void inverse(const uint64_t* a, uint64_t* out, size_t count, InvertEight /*invert*/) {
  if (count == 0) return;
  std::vector<uint64_t> made(kElementWords * count);
  std::memset(made.data(), grid::kUnwrittenByte, 8 * made.size());
  launch([&](auto& grid) {
    device::InverseBody<P>{}(grid, count, grid::View<const uint64_t>{a, kElementWords * count}, grid::View<uint64_t>{made.data(), made.size()});
  });
  std::memcpy(out, made.data(), 8 * made.size());
}

template <class P>
size_t unreduced(const uint64_t* a, size_t count) {
  for (size_t i = 0; i < count; ++i)
    if (!field::is_reduced<P>(a + kElementWords * i)) return i;
  return count;
}

template <class P>
constexpr Operations operations() {
  return {elementwise<P, Operation::add>,   elementwise<P, Operation::sub>, elementwise<P, Operation::mul>, square<P>,
          elementwise<P, Operation::scale>, inverse<P>,                     unreduced<P>};
}

}  // namespace

const Table emu = {operations<FqParams>(), operations<FrParams>()};

}  // namespace zg::bn254::batch
