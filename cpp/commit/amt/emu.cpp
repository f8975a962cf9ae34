// The device bodies on the fibers grid, as a backend: tests only. A fault of a body stops the process with its sentence.
#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "commit/amt/api.hpp"
#include "commit/amt/body.hpp"
#include "commit/amt/quotients.hpp"
#include "grid/host_fibers.hpp"

namespace zg::amt {

namespace {

using device::Constants;
using device::kSize;
using device::Words;

constexpr unsigned kBlocks = 3, kWidth = 6;

template <class Body>
void launch(const Body& body) {
  static std::atomic<uint64_t> seed{0};
  const grid::Report report = grid::run_on_fibers({kBlocks, kWidth, 0, seed.fetch_add(1)}, body);
  if (report.ok) return;
  std::fprintf(stderr, "zerog: amt on emu: %s\n", report.message.c_str());
  std::abort();
}

std::vector<uint64_t> unwritten(size_t count) { return std::vector<uint64_t>(count, ~uint64_t{0} / 0xff * grid::kUnwrittenByte); }
Constants view(const std::vector<uint64_t>& words) { return {words.data(), words.size()}; }
Words target(std::vector<uint64_t>& words) { return {words.data(), words.size()}; }

std::vector<uint64_t> projective(const std::vector<G1Affine>& points) {
  std::vector<uint64_t> affine(8 * points.size()), out(kSize * points.size());
  std::memcpy(affine.data(), points.data(), 8 * affine.size());
  for (size_t i = 0; i < points.size(); ++i) curve::device::from_affine<device::Point>(target(out), kSize * i, view(affine), 8 * i);
  return out;
}

void normalize(const std::vector<uint64_t>& points, std::vector<G1Affine>& out) {
  std::vector<uint64_t> affine = unwritten(8 * out.size()), before = unwritten(4 * out.size());
  launch([&](auto& grid) { curve::device::NormalizeBody<device::Point>{}(grid, out.size(), view(points), target(affine), target(before)); });
  std::memcpy(out.data(), affine.data(), 8 * affine.size());
}

template <bool kBlockSums>
void tree(unsigned log_rows, std::vector<G1Affine>& points) {
  std::vector<uint64_t> all = projective(points);
  if (!kBlockSums) std::memset(all.data(), grid::kUnwrittenByte, 8 * kSize * nodes_before(log_rows));
  launch([&](auto& grid) { device::TreeBody{}(grid, log_rows, 1, kBlockSums, target(all)); });
  normalize(all, points);
}

std::vector<G1Affine> quotients(Geometry geometry, const std::vector<G1Affine>& blocks) {
  const std::vector<uint64_t> twists = quotient_twists(geometry), in = projective(blocks);
  std::vector<uint64_t> multiples = unwritten(8 * kSize * kBlocks * kWidth), points = unwritten(kSize * kCosets * blocks.size());
  launch([&](auto& grid) { device::TwistBody{}(grid, geometry.log_rows, view(in), view(twists), target(multiples), target(points)); });
  for (unsigned layer = 0; layer < geometry.log_rows; ++layer) {
    std::vector<uint64_t> roots;
    for (const Fr& root : ntt::powers(ntt::root_of_unity(layer + 1), size_t{1} << layer)) put_scalar(roots, root);
    launch([&](auto& grid) { device::ButterflyBody{}(grid, geometry.log_rows, layer, view(roots), target(multiples), target(points)); });
  }
  std::vector<G1Affine> out(kCosets * blocks.size());
  normalize(points, out);
  return out;
}

}  // namespace

const Table emu = {&msm::emu, tree<false>, tree<true>, quotients};

}  // namespace zg::amt
