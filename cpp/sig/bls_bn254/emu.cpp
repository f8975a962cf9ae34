// The device bodies on the fibers grid, as a backend: tests only. A fault of a body stops the process with its sentence.
#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "grid/host_fibers.hpp"
#include "sig/bls_bn254/body.hpp"
#include "sig/bls_bn254/table.hpp"

namespace zg::bls_bn254 {

namespace {

namespace xyzz = curve::device;
using bn254::G1Affine;
using bn254::G2Affine;
using From = grid::View<const uint32_t>;

constexpr unsigned kBlocks = 2, kWidth = 7;

template <class Body>
void launch(size_t shared_size_bytes, const Body& body) {
  static std::atomic<uint64_t> seed{0};
  const grid::Report report = grid::run_on_fibers({kBlocks, kWidth, shared_size_bytes, seed.fetch_add(1)}, body);
  if (report.ok) return;
  std::fprintf(stderr, "zerog: bls_bn254 on emu: %s\n", report.message.c_str());
  std::abort();
}

std::vector<uint64_t> unwritten(size_t count) { return std::vector<uint64_t>(count, ~uint64_t{0} / 0xff * grid::kUnwrittenByte); }
xyzz::Constants view(const std::vector<uint64_t>& words) { return {words.data(), words.size()}; }
xyzz::Words target(std::vector<uint64_t>& words) { return {words.data(), words.size()}; }

template <class F, class Affine>
std::vector<uint64_t> words_of(const std::vector<Affine>& points) {
  static_assert(sizeof(Affine) == 8 * xyzz::kAffineWords<F>);
  std::vector<uint64_t> out(xyzz::kAffineWords<F> * points.size());
  if (!points.empty()) std::memcpy(out.data(), points.data(), 8 * out.size());
  return out;
}

template <class F, class Affine>
std::vector<Affine> affine(const std::vector<uint64_t>& points) {
  const size_t count = points.size() / xyzz::kPointWords<F>;
  std::vector<uint64_t> out = unwritten(xyzz::kAffineWords<F> * count), before = unwritten(F::kWords * count);
  launch(0, [&](auto& grid) { xyzz::NormalizeBody<F>{}(grid, count, view(points), target(out), target(before)); });
  std::vector<Affine> found(count);
  if (count != 0) std::memcpy(found.data(), out.data(), 8 * out.size());
  return found;
}

template <class F, bool kFromAffine>
std::vector<uint64_t> sums(const std::vector<uint64_t>& points, const std::vector<uint32_t>& from) {
  std::vector<uint64_t> out = unwritten(xyzz::kPointWords<F> * (from.size() - 1));
  launch(grid::shared_size<uint64_t>(xyzz::kPointWords<F> * kWidth), [&](auto& grid) {
    xyzz::SumBody<F, kFromAffine>{}(grid, from.size() - 1, From{from.data(), from.size()}, view(points), target(out));
  });
  return out;
}

template <class F, class Affine>
Affine sum(const std::vector<Affine>& points) {
  return affine<F, Affine>(sums<F, true>(words_of<F>(points), {0, static_cast<uint32_t>(points.size())}))[0];
}

template <class F, class Affine>
std::vector<Affine> weigh(const std::vector<Affine>& points, const std::vector<uint64_t>& weights, const std::vector<uint32_t>& from) {
  const std::vector<uint64_t> in = words_of<F>(points);
  std::vector<uint64_t> weighed = unwritten(xyzz::kPointWords<F> * points.size());
  launch(0, [&](auto& grid) { device::WeighBody<F>{}(grid, points.size(), view(in), view(weights), target(weighed)); });
  return affine<F, Affine>(sums<F, false>(weighed, from));
}

}  // namespace

const Table emu = {sum<xyzz::Base, G1Affine>, sum<xyzz::Quadratic, G2Affine>, weigh<xyzz::Base, G1Affine>, weigh<xyzz::Quadratic, G2Affine>};

}  // namespace zg::bls_bn254
