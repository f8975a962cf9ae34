// The GF(2^16) code: field laws, every backend and method against sums written here, plans, refusals, bodies on both host grids.
#include <algorithm>
#include <cstring>
#include <numeric>
#include <random>
#include <vector>

#include "check.hpp"
#include "common/parallel.hpp"
#include "erasure/gf65536/api.hpp"
#include "erasure/gf65536/body.hpp"
#include "grid/host_fibers.hpp"
#include "grid/host_threads.hpp"

using namespace zg;

namespace {

uint16_t plain_multiply(uint16_t a, uint16_t b) {
  uint32_t product = 0, factor = a;
  for (; b != 0; b = static_cast<uint16_t>(b >> 1)) {
    if (b & 1) product ^= factor;
    factor <<= 1;
    if (factor & 0x10000) factor ^= gf65536::kPolynomial;
  }
  return static_cast<uint16_t>(product);
}

uint16_t word(const std::vector<uint8_t>& from, size_t at) { return static_cast<uint16_t>(from[at] | from[at + 1] << 8); }

void field(std::mt19937_64& random) {
  std::vector<bool> seen(65536);
  for (unsigned i = 0; i < gf65536::kOrder; ++i) {
    CHECK(!seen[gf65536::power(i)]);  // 2 generates all units
    seen[gf65536::power(i)] = true;
    CHECK(gf65536::logarithm(gf65536::power(i)) == i);
  }
  for (unsigned i = 0; i < 100'000; ++i) {
    const auto a = static_cast<uint16_t>(random()), b = static_cast<uint16_t>(random());
    CHECK(gf65536::multiply(a, b) == plain_multiply(a, b));
  }
  for (uint16_t a = 0; a < 300; ++a) CHECK(gf65536::multiply(a, 0) == 0 && gf65536::multiply(0, a) == 0 && gf65536::multiply(a, 1) == a);

  std::vector<bool> members(64);
  for (size_t i = 0; i < members.size(); ++i) members[i] = random() % 3 == 0;
  const auto found = gf65536::log_products(members);
  for (unsigned x = 0; x < 64; ++x) {
    uint16_t product = 1;
    for (unsigned u = 0; u < 64; ++u)
      if (members[u] && u != x) product = plain_multiply(product, static_cast<uint16_t>(x ^ u));
    CHECK(gf65536::power(found[x]) == product);
  }
}

std::vector<std::vector<uint8_t>> random_rows(size_t count, size_t size, std::mt19937_64& random) {
  std::vector<std::vector<uint8_t>> rows(count, std::vector<uint8_t>(size));
  for (auto& row : rows)
    for (uint8_t& byte : row) byte = static_cast<uint8_t>(random());
  return rows;
}

template <class Pointer>
std::vector<Pointer> pointers(std::vector<std::vector<uint8_t>>& rows) {
  std::vector<Pointer> out;
  for (auto& row : rows) out.push_back(row.data());
  return out;
}

void codes(const gf65536::Table& table, std::mt19937_64& random, gf65536::Method method) {
  for (const size_t size : {size_t{2}, size_t{126}, size_t{128}, size_t{130}, size_t{256}, size_t{2'050}}) {
    for (const auto& [k, m] : {std::pair<size_t, size_t>{1, 1}, {2, 1}, {3, 5}, {8, 8}, {7, 6}, {5, 7}, {33, 20}}) {
      auto all = random_rows(k + m, size, random);
      const auto encoding = *gf65536::encoding(table, k, m, method);
      CHECK(gf65536::apply(*encoding, pointers<const uint8_t*>(all).data(), pointers<uint8_t*>(all).data() + k, size).ok());
      std::vector<uint16_t> data(k), parity(m);
      std::iota(data.begin(), data.end(), uint16_t{0});
      std::iota(parity.begin(), parity.end(), static_cast<uint16_t>(k));
      const auto matrix = *gf65536::lagrange(data, parity);
      for (size_t r = 0; r < m; ++r) {
        for (size_t at = 0; at < size; at += 2) {
          uint16_t sum = 0;
          for (size_t c = 0; c < k; ++c) sum = static_cast<uint16_t>(sum ^ plain_multiply(matrix[r * k + c], word(all[c], at)));
          CHECK(word(all[k + r], at) == sum);
        }
      }
      const auto inputs = pointers<const uint8_t*>(all);
      CHECK(*gf65536::agrees(*encoding, inputs.data(), inputs.data() + k, size));

      std::vector<uint16_t> order(k + m);
      std::iota(order.begin(), order.end(), uint16_t{0});
      std::shuffle(order.begin(), order.end(), random);
      const std::vector<uint16_t> present(order.begin(), order.begin() + static_cast<long>(k)), lost(order.begin() + static_cast<long>(k), order.end());
      const auto repair = *gf65536::recovery(table, k, m, present, lost, method);
      std::vector<const uint8_t*> left;
      for (const uint16_t number : present) left.push_back(all[number].data());
      auto found = random_rows(m, size, random);
      CHECK(gf65536::apply(*repair, left.data(), pointers<uint8_t*>(found).data(), size).ok());
      for (size_t i = 0; i < m; ++i) CHECK(found[i] == all[lost[i]]);

      all[random() % (k + m)][random() % size] ^= 1;
      CHECK(!*gf65536::agrees(*encoding, inputs.data(), inputs.data() + k, size));
    }
  }
}

void refusals() {
  const gf65536::Table& table = gf65536::scalar;
  CHECK(!gf65536::encoding(table, 0, 1).ok());
  CHECK(!gf65536::encoding(table, 1, 0).ok());
  CHECK(!gf65536::encoding(table, 65'000, 537).ok());
  CHECK(!gf65536::encoding(table, SIZE_MAX, 2).ok());
  CHECK(!gf65536::encoding(table, 2, SIZE_MAX).ok());
  CHECK(gf65536::encoding(table, 1, 65'535).ok());
  CHECK(gf65536::encoding(table, 65'535, 1).ok());
  CHECK(!gf65536::recovery(table, 3, 2, {0, 1}, {2}).ok());
  CHECK(!gf65536::recovery(table, 3, 2, {0, 1, 1}, {2}).ok());
  CHECK(!gf65536::recovery(table, 3, 2, {0, 1, 5}, {2}).ok());
  CHECK(!gf65536::recovery(table, 3, 2, {0, 1, 2}, {5}).ok());
  CHECK(!gf65536::plan(table, {}, {1}).ok());
  CHECK(!gf65536::plan(table, {4, 4}, {1}).ok());
  CHECK(!gf65536::encoding(table, 20'000, 20'000, gf65536::Method::matrix).ok());
  CHECK(!gf65536::backend("abacus").ok());
  const auto pair = *gf65536::encoding(table, 1, 1);
  const uint8_t in[3] = {};
  uint8_t out[3] = {};
  const uint8_t* inputs[] = {in};
  uint8_t* outputs[] = {out};
  CHECK(!gf65536::apply(*pair, inputs, outputs, 3).ok());
  CHECK(!gf65536::agrees(*pair, inputs, inputs, 1).ok());
}

void bodies(std::mt19937_64& random) {
  constexpr size_t kRows = 9, kColumns = 3, kWords = 37;
  std::vector<uint16_t> matrix(kRows * kColumns);
  for (uint16_t& coefficient : matrix) coefficient = static_cast<uint16_t>(random());
  std::vector<uint64_t> inputs(kColumns * kWords), wanted(kRows * kWords);
  for (uint64_t& item : inputs) item = random();
  for (size_t r = 0; r < kRows; ++r)
    for (size_t c = 0; c < kColumns; ++c)
      for (size_t i = 0; i < kWords; ++i)
        for (unsigned shift = 0; shift < 64; shift += 16)
          wanted[kWords * r + i] ^= uint64_t{plain_multiply(matrix[kColumns * r + c], static_cast<uint16_t>(inputs[kWords * c + i] >> shift))} << shift;
  std::vector<uint64_t> outputs(wanted.size());
  const auto body = [&](auto& grid) {
    gf65536::ProductBody{}(grid, kRows, kColumns, kWords, grid::View<const uint16_t>{matrix.data(), matrix.size()},
                           grid::View<const uint64_t>{inputs.data(), inputs.size()}, grid::View<uint64_t>{outputs.data(), outputs.size()});
  };
  for (const uint64_t seed : {0u, 1u, 7u}) {
    for (const unsigned blocks : {1u, 3u}) {
      std::memset(outputs.data(), grid::kUnwrittenByte, 8 * outputs.size());
      CHECK(grid::run_on_fibers(grid::Launch{blocks, 8, 0, seed}, body).ok);
      CHECK(outputs == wanted);
    }
  }
  std::memset(outputs.data(), grid::kUnwrittenByte, 8 * outputs.size());
  CHECK(grid::run_on_threads(grid::Launch{2, 4, 0, 0}, body).ok);
  CHECK(outputs == wanted);
}

}  // namespace

int main() {
  std::mt19937_64 random(21);
  field(random);
  refusals();
  bodies(random);
  set_thread_count(3);
  for (const char* name : {"scalar", "avx2", "avx512", "emu"}) {
    const auto table = gf65536::backend(name);
    if (!table.ok()) {
      std::printf("%s: skipped, %s\n", name, table.failure().message.c_str());
      continue;
    }
    codes(**table, random, gf65536::Method::matrix);
    if ((*table)->forward != nullptr) codes(**table, random, gf65536::Method::transform);
  }
  return check_report();
}
