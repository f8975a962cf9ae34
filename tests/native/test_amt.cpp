// The AMT prover on every backend: trees and group transforms of the same blocks give the same points, whole proofs too; the
// device bodies on fibers in several orders and with a thread a lane.
#include <cstring>
#include <random>
#include <string_view>
#include <vector>

#include "check.hpp"
#include "commit/amt/api.hpp"
#if defined(ZG_EMU)
#include "commit/amt/body.hpp"
#include "commit/amt/quotients.hpp"
#include "grid/host_fibers.hpp"
#include "grid/host_threads.hpp"
#endif

using namespace zg;
using bn254::G1Affine;

namespace {

std::vector<G1Affine> some_points(size_t count, std::mt19937_64& random) {
  std::vector<G1Affine> out(count);
  for (G1Affine& point : out) point = to_affine_var(multiply_var(G1Affine::generator(), U256(random())));
  return out;
}

// Equal, opposite and infinite points at places where the trees add them to each other.
std::vector<G1Affine> levels(unsigned log_rows, std::mt19937_64& random) {
  auto points = some_points(amt::node_count(log_rows), random);
  const size_t deepest = amt::nodes_before(log_rows), width = size_t{1} << log_rows;
  points[deepest + width / 2] = points[deepest];
  points[deepest + width / 2 + 1] = -points[deepest + 1];
  points[amt::nodes_before(1)] = points[amt::nodes_before(2)];
  points[deepest + width - 1] = G1Affine::infinity();
  return points;
}

void tables_agree(const amt::Table& table, unsigned log_rows, std::mt19937_64& random) {
  const auto start = levels(log_rows, random);
  auto nodes = start, blocks = start, wanted_nodes = start, wanted_blocks = start;
  table.nodes(log_rows, nodes);
  amt::scalar.nodes(log_rows, wanted_nodes);
  CHECK(nodes == wanted_nodes);
  table.blocks(log_rows, blocks);
  amt::scalar.blocks(log_rows, wanted_blocks);
  CHECK(blocks == wanted_blocks);
  const rs_fr::Geometry shape{log_rows, 2};
  CHECK(table.quotients(shape, blocks) == amt::scalar.quotients(shape, blocks));
}

void proofs_agree(const amt::Table& table, std::mt19937_64& random) {
  const rs_fr::Geometry shape{1, 2};
  const uint64_t tau[4] = {random(), random(), random(), 1};
  const auto setup = amt::dev_setup(msm::scalar, shape, tau, 1000);
  CHECK(setup.ok());
  const uint8_t data[] = "a blob for two rows";
  const auto encoded = rs_fr::encode(*rs_fr::backends("scalar"), {data, sizeof data}, shape, true);
  const auto made = amt::prove(table, **setup, **encoded), wanted = amt::prove(amt::scalar, **setup, **encoded);
  CHECK(made.ok() && made->commitment == wanted->commitment && made->high == wanted->high);
  for (size_t coset = 0; coset < rs_fr::kCosets; ++coset) {
    CHECK(made->nodes[coset] == wanted->nodes[coset]);
    CHECK(made->quotients[coset] == wanted->quotients[coset]);
  }
  const auto commitment = amt::commit(table, **setup, **encoded);
  CHECK(commitment.ok() && *commitment == made->commitment);
}

#if defined(ZG_EMU)
namespace device = amt::device;
using device::Constants;
using device::kSize;
using device::Words;

std::vector<uint64_t> projective(const std::vector<G1Affine>& points) {
  std::vector<uint64_t> affine(8 * points.size()), out(kSize * points.size());
  std::memcpy(affine.data(), points.data(), 8 * affine.size());
  for (size_t i = 0; i < points.size(); ++i)
    curve::device::from_affine<device::Point>(Words{out.data(), out.size()}, kSize * i, Constants{affine.data(), affine.size()}, 8 * i);
  return out;
}

void bodies(std::mt19937_64& random) {
  constexpr unsigned kLogRows = 2;
  const rs_fr::Geometry shape{kLogRows, 1};
  const auto start = levels(kLogRows, random);
  auto nodes = start;
  amt::scalar.nodes(kLogRows, nodes);
  const auto quotients = amt::scalar.quotients(shape, start);
  const std::vector<uint64_t> twists = amt::quotient_twists(shape), blocks = projective(start);
  for (uint64_t seed = 0; seed < 4; ++seed) {
    const unsigned width = static_cast<unsigned>(2 + 3 * seed), lanes = 2 * width;
    const auto run = [&](const auto& body) {
      const grid::Launch launch{2, width, 0, seed};
      CHECK((seed == 3 ? grid::run_on_threads(launch, body) : grid::run_on_fibers(launch, body)).ok);
    };
    const auto affine = [&](const std::vector<uint64_t>& points) {
      std::vector<G1Affine> out(points.size() / kSize);
      std::vector<uint64_t> words(8 * out.size(), 0x5a5a), before(4 * out.size(), 0x5a5a);
      run([&](auto& grid) {
        curve::device::NormalizeBody<device::Point>{}(grid, out.size(), Constants{points.data(), points.size()}, Words{words.data(), words.size()},
                                                      Words{before.data(), before.size()});
      });
      std::memcpy(out.data(), words.data(), 8 * words.size());
      return out;
    };
    auto tree = projective(start);
    run([&](auto& grid) { device::TreeBody{}(grid, kLogRows, 1, false, Words{tree.data(), tree.size()}); });
    CHECK(affine(tree) == nodes);

    std::vector<uint64_t> multiples(8 * kSize * lanes, 0x5a5a), points(kSize * 3 * start.size(), 0x5a5a);
    const Words room{multiples.data(), multiples.size()}, all{points.data(), points.size()};
    run([&](auto& grid) {
      device::TwistBody{}(grid, kLogRows, Constants{blocks.data(), blocks.size()}, Constants{twists.data(), twists.size()}, room, all);
    });
    for (unsigned layer = 0; layer < kLogRows; ++layer) {
      std::vector<uint64_t> roots;
      for (const bn254::Fr& root : ntt::powers(ntt::root_of_unity(layer + 1), size_t{1} << layer)) amt::put_scalar(roots, root);
      run([&](auto& grid) { device::ButterflyBody{}(grid, kLogRows, layer, Constants{roots.data(), roots.size()}, room, all); });
    }
    CHECK(affine(points) == quotients);
  }
  // Too little room for the multiples is named.
  std::vector<uint64_t> multiples(8 * kSize), points(kSize * 3 * start.size());
  const auto report = grid::run_on_fibers({1, 2, 0, 0}, [&](auto& grid) {
    device::TwistBody{}(grid, kLogRows, Constants{blocks.data(), blocks.size()}, Constants{twists.data(), twists.size()}, Words{multiples.data(), multiples.size()},
                        Words{points.data(), points.size()});
  });
  CHECK(!report.ok && report.message.find("outside a view") != std::string::npos);
}
#endif

}  // namespace

int main() {
  std::mt19937_64 random(20'261'123);
  for (const char* name : {"scalar", "avx512", "emu"}) {
    const auto table = amt::backend(name);
    if (!table.ok()) continue;
    const bool sparing = std::string_view(name) == "emu";
    for (const unsigned log_rows : {2u, 3u}) tables_agree(**table, sparing ? 2 : log_rows, random);
    proofs_agree(**table, random);
  }
#if defined(ZG_EMU)
  bodies(random);
#endif
  return check_report();
}
