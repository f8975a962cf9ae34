// Sums of multiples in G1: every backend against the Jacobian ladder, and every special case of points and scalars.
#include <chrono>
#include <cstdlib>
#include <cstring>
#include <random>
#include <string_view>

#include "check.hpp"
#include "curve/msm/api.hpp"
#if defined(ZG_EMU)
#include "curve/msm/body.hpp"
#include "grid/host_fibers.hpp"
#include "grid/host_threads.hpp"
#endif

using namespace zg;
using bn254::G1;
using bn254::G1Affine;

namespace {

std::vector<uint64_t> random_scalars(size_t count, std::mt19937_64& random) {
  std::vector<uint64_t> out(4 * count);
  for (size_t i = 0; i < count; ++i) {
    for (size_t k = 0; k < 4; ++k) out[4 * i + k] = random();
    out[4 * i + 3] %= bn254::FrParams::kModulus[3];
  }
  return out;
}

G1Affine multiple(const G1Affine& p, const uint64_t* k) { return to_affine_var(multiply_var(p, U256(k[0], k[1], k[2], k[3]))); }

G1Affine plain_sum(const msm::Sum& sum) {
  G1 total = G1::infinity();
  for (size_t i = 0; i < sum.count; ++i) {
    const uint64_t* k = sum.scalars + 4 * i;
    total = add_var(total, multiply_var(sum.bases[i], U256(k[0], k[1], k[2], k[3])));
  }
  return to_affine_var(total);
}

std::vector<G1Affine> some_points(size_t count, std::mt19937_64& random) {
  const auto scalars = random_scalars(count, random);
  std::vector<G1Affine> out(count);
  for (size_t i = 0; i < count; ++i) out[i] = multiple(G1Affine::generator(), scalars.data() + 4 * i);
  return out;
}

// `sparing`: the smallest batches only, for the grid that runs lane by lane.
void all_functions(const msm::Table& table, std::mt19937_64& random, bool sparing) {
  for (size_t count : {0, 1, 2, 7, 33, 150}) {
    if (sparing && count > 33) continue;
    auto points = some_points(count, random);
    auto scalars = random_scalars(count, random);
    if (count >= 33) {
      points[3] = points[4] = points[5];
      points[6] = -points[7];
      points[8] = G1Affine::infinity();
      std::memcpy(scalars.data() + 12, scalars.data() + 16, 32);
      std::memcpy(scalars.data() + 24, scalars.data() + 28, 32);
      std::memset(scalars.data() + 40, 0, 64);
      for (size_t k = 0; k < 4; ++k) scalars[4 * 12 + k] = bn254::FrParams::kModulus[k];
      --scalars[4 * 12];
    }
    const std::vector<msm::Sum> wanted(3, {points.data(), scalars.data(), count});
    const auto found = sums(table, wanted);
    const G1Affine expected = plain_sum(wanted[0]);
    for (const G1Affine& sum : found) CHECK(sum == expected);
    auto each = points;
    multiply_each(table, each, scalars);
    for (size_t i = 0; i < count; ++i) CHECK(each[i] == multiple(points[i], scalars.data() + 4 * i));
    auto brief = scalars;  // 128 bits: their ladders are shorter
    for (size_t i = 0; i < count; ++i) brief[4 * i + 2] = brief[4 * i + 3] = 0;
    each = points;
    multiply_each(table, each, brief);
    for (size_t i = 0; i < count; ++i) CHECK(each[i] == multiple(points[i], brief.data() + 4 * i));
    if (sparing && count != 7) continue;
    std::vector<G1Affine> fixed(count);
    msm::FixedBase(table, G1Affine::generator()).multiply(scalars.data(), count, fixed.data());
    for (size_t i = 0; i < count; ++i) CHECK(fixed[i] == multiple(G1Affine::generator(), scalars.data() + 4 * i));
  }
  // One point and one scalar many times: one bucket holds all, every addition is a doubling.
  const size_t many = sparing ? 100 : 3000;
  const std::vector<G1Affine> same(many, G1Affine::generator());
  std::vector<uint64_t> ones(4 * many, 0);
  for (size_t i = 0; i < many; ++i) ones[4 * i] = 5;
  CHECK(sums(table, {{same.data(), ones.data(), many}})[0] == to_affine_var(multiply_var(G1Affine::generator(), U256(5 * many))));
  // Different lengths in one call.
  const auto points = some_points(40, random);
  const auto scalars = random_scalars(40, random);
  const std::vector<msm::Sum> mixed = {{points.data(), scalars.data(), 40}, {points.data(), scalars.data(), 0}, {points.data() + 1, scalars.data(), 9}};
  const auto found = sums(table, mixed);
  for (size_t i = 0; i < mixed.size(); ++i) CHECK(found[i] == plain_sum(mixed[i]));
}

// One round with every kind of pair, in place too: generic, equal, opposite, infinite, negated in every combination.
void rounds_of_all_cases(const msm::Table& table, std::mt19937_64& random) {
  auto points = some_points(12, random);
  points[3] = points[2];
  points[4] = -points[2];
  points[5] = G1Affine::infinity();
  std::vector<uint32_t> a, b, to;
  for (uint32_t i = 0; i < points.size(); ++i) {
    for (uint32_t j = 0; j < points.size(); ++j) {
      for (uint32_t signs = 0; signs < 4; ++signs) {
        a.push_back(i | (signs & 1 ? msm::kNegate : 0));
        b.push_back(j | (signs & 2 ? msm::kNegate : 0));
        to.push_back(static_cast<uint32_t>(to.size()));
      }
    }
  }
  std::vector<G1Affine> out(to.size());
  auto words = [](std::vector<G1Affine>& p) { return reinterpret_cast<uint64_t*>(p.data()); };
  msm::add_pairs(table, {words(points), a.data(), words(points), b.data(), words(out), to.data()}, a.size());
  auto signed_point = [&](uint32_t index) { return index & msm::kNegate ? -points[index & ~msm::kNegate] : points[index]; };
  for (size_t k = 0; k < out.size(); ++k) CHECK(out[k] == to_affine_var(add_var(G1::from(signed_point(a[k])), signed_point(b[k]))));
  // Onto the left operands.
  auto sums = points;
  std::vector<uint32_t> own, other;
  for (uint32_t i = 0; i < points.size(); ++i) {
    own.push_back(i);
    other.push_back((i + 2) % static_cast<uint32_t>(points.size()));
  }
  msm::add_pairs(table, {words(sums), own.data(), words(points), other.data(), words(sums), own.data()}, own.size());
  for (uint32_t i = 0; i < own.size(); ++i) CHECK(sums[i] == to_affine_var(add_var(G1::from(points[i]), points[other[i]])));
}

#if defined(ZG_EMU)
// The body with a thread a lane, and with lanes in other orders and numbers: the same points.
void lanes_agree(std::mt19937_64& random) {
  auto points = some_points(20, random);
  points[7] = points[9];
  points[11] = G1Affine::infinity();
  std::vector<uint32_t> a, b, to;
  for (uint32_t k = 0; k < 60; ++k) {
    a.push_back(static_cast<uint32_t>(random() % points.size()) | (k % 3 == 0 ? msm::kNegate : 0));
    b.push_back(k % 7 == 0 ? a.back() : static_cast<uint32_t>(random() % points.size()));
    to.push_back(59 - k);
  }
  std::vector<G1Affine> wanted(60);
  const auto scalar = msm::backend("scalar");
  const auto* in = reinterpret_cast<const uint64_t*>(points.data());
  msm::add_pairs(**scalar, {in, a.data(), in, b.data(), reinterpret_cast<uint64_t*>(wanted.data()), to.data()}, 60);
  for (const bool threads : {false, true}) {
    for (unsigned width : {1u, 3u, 8u}) {
      std::vector<G1Affine> out(60);
      std::vector<uint64_t> before(240);
      auto body = [&](auto& grid) {
        using grid::View;
        msm::device::AddBody{}(grid, 60, View<const uint64_t>{in, 8 * points.size()}, View<const uint32_t>{a.data(), 60},
                               View<const uint64_t>{in, 8 * points.size()}, View<const uint32_t>{b.data(), 60},
                               View<uint64_t>{reinterpret_cast<uint64_t*>(out.data()), 8 * out.size()}, View<const uint32_t>{to.data(), 60},
                               View<uint64_t>{before.data(), before.size()});
      };
      const grid::Launch shape{2, width, 0, width};
      CHECK((threads ? grid::run_on_threads(shape, body) : grid::run_on_fibers(shape, body)).ok);
      CHECK(out == wanted);
    }
  }
  // An index outside is named, not followed.
  a[5] = 1000;
  std::vector<G1Affine> out(60);
  std::vector<uint64_t> before(240);
  const auto report = grid::run_on_fibers({1, 4, 0, 0}, [&](auto& grid) {
    using grid::View;
    msm::device::AddBody{}(grid, 60, View<const uint64_t>{in, 8 * points.size()}, View<const uint32_t>{a.data(), 60}, View<const uint64_t>{in, 8 * points.size()},
                           View<const uint32_t>{b.data(), 60}, View<uint64_t>{reinterpret_cast<uint64_t*>(out.data()), 8 * out.size()},
                           View<const uint32_t>{to.data(), 60}, View<uint64_t>{before.data(), before.size()});
  });
  CHECK(!report.ok);
  CHECK(report.message.find("outside a view") != std::string::npos);
}

// Whole sums and ladders by the device's bodies: two sums of different lengths in windows of three bits, a lane a bucket or two
// buckets a lane, in several orders and with a thread a lane.
void whole_operations(std::mt19937_64& random) {
  using grid::View;
  namespace xyzz = curve::device;
  using Point = msm::device::Point;
  auto points = some_points(9, random);
  points[3] = points[4];
  points[5] = -points[4];
  points[7] = G1Affine::infinity();
  auto scalars = random_scalars(points.size(), random);
  for (const size_t at : {12, 20}) std::memcpy(scalars.data() + at, scalars.data() + 16, 32);  // what cancels and what doubles meets in the same buckets
  std::memset(scalars.data() + 24, 0, 32);
  const std::vector<uint64_t> plan{0, 0, 6, 2, 2, 7};
  const std::vector<uint32_t> from{0, 1, 2, 2};
  std::vector<G1Affine> wanted{plain_sum({points.data(), scalars.data(), 6}), plain_sum({points.data() + 2, scalars.data() + 8, 7}), G1Affine::infinity()};
  const msm::device::WindowShape shape{2, 3, 85, 7};
  std::vector<uint64_t> offset(5, 0);
  for (unsigned w = 0; w < shape.windows; ++w) offset[(2 + 3 * w) / 64] |= uint64_t{1} << ((2 + 3 * w) % 64);
  const auto words = [](const std::vector<uint64_t>& v) { return View<const uint64_t>{v.data(), v.size()}; };
  const auto target = [](std::vector<uint64_t>& v) { return View<uint64_t>{v.data(), v.size()}; };
  const View<const uint64_t> bases{reinterpret_cast<const uint64_t*>(points.data()), 8 * points.size()};
  for (uint64_t seed = 0; seed < 4; ++seed) {
    const unsigned width = static_cast<unsigned>(seed == 3 ? 4 : 1 + 2 * seed);
    const auto run = [&](size_t memory, const auto& body) {
      const grid::Launch launch{2, width, memory, seed};
      CHECK((seed == 3 ? grid::run_on_threads(launch, body) : grid::run_on_fibers(launch, body)).ok);
    };
    const auto affine = [&](const std::vector<uint64_t>& in) {
      std::vector<G1Affine> out(in.size() / 16);
      std::vector<uint64_t> flat(8 * out.size(), 0x5a5a), before(4 * out.size(), 0x5a5a);
      run(0, [&](auto& grid) { xyzz::NormalizeBody<Point>{}(grid, out.size(), words(in), target(flat), target(before)); });
      std::memcpy(out.data(), flat.data(), 8 * flat.size());
      return out;
    };
    std::vector<uint64_t> windows(16 * 2 * shape.windows, 0x5a5a), finished(32, 0x5a5a), summed(48, 0x5a5a);
    run(grid::shared_size<int8_t>(7) + grid::shared_size<uint64_t>(32 * shape.buckets()), [&](auto& grid) {
      msm::device::WindowsBody{}(grid, shape, words(plan), bases, words(scalars), words(offset), target(windows));
    });
    run(0, [&](auto& grid) { msm::device::FinishBody{}(grid, shape, words(windows), target(finished)); });
    run(grid::shared_size<uint64_t>(16 * width), [&](auto& grid) {
      xyzz::SumBody<Point, false>{}(grid, 3, View<const uint32_t>{from.data(), from.size()}, words(finished), target(summed));
    });
    CHECK(affine(summed) == wanted);

    std::vector<uint64_t> multiples(8 * 16 * 2 * width, 0x5a5a), out(16 * points.size(), 0x5a5a);
    run(0, [&](auto& grid) { msm::device::MultiplyBody{}(grid, points.size(), bases, words(scalars), target(multiples), target(out)); });
    const auto each = affine(out);
    for (size_t i = 0; i < each.size(); ++i) CHECK(each[i] == multiple(points[i], scalars.data() + 4 * i));
  }
}
#endif

}  // namespace

int main(int argc, char** argv) {
  std::mt19937_64 random(20260722);
  if (argc > 1) {  // "time LOG": seconds of one sum of 2^LOG terms, each backend
    const size_t count = size_t{1} << std::atoi(argv[1]);
    const auto scalars = random_scalars(count, random), ks = random_scalars(count, random);
    std::vector<G1Affine> points(count);
    for (const char* name : {"avx512", "scalar"}) {
      const auto table = msm::backend(name);
      if (!table.ok()) continue;
      auto t0 = std::chrono::steady_clock::now();
      msm::FixedBase(**table, G1Affine::generator()).multiply(ks.data(), count, points.data());
      auto t1 = std::chrono::steady_clock::now();
      const auto sum = msm::sums(**table, {{points.data(), scalars.data(), count}});
      auto t2 = std::chrono::steady_clock::now();
      std::printf("%s: fixed base %.3f s, sum %.3f s, %016llx\n", name, std::chrono::duration<double>(t1 - t0).count(),
                  std::chrono::duration<double>(t2 - t1).count(), static_cast<unsigned long long>(sum[0].x.l[0]));
    }
    return 0;
  }
  for (const char* name : {"scalar", "avx512", "emu"}) {
    const auto table = msm::backend(name);
    if (!table.ok()) continue;
    rounds_of_all_cases(**table, random);
    all_functions(**table, random, std::string_view(name) == "emu");
  }
#if defined(ZG_EMU)
  lanes_agree(random);
  whole_operations(random);
#endif
  return check_report();
}
