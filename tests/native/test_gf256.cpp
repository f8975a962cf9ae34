// The GF(2^8) code: field laws, every backend against sums written here, plans, refusals, bodies on both host grids.
#include <algorithm>
#include <cstring>
#include <random>
#include <vector>

#include "check.hpp"
#include "common/parallel.hpp"
#include "erasure/gf256/api.hpp"
#include "erasure/gf256/body.hpp"
#include "grid/host_fibers.hpp"
#include "grid/host_threads.hpp"

using namespace zg;

namespace {

uint8_t plain_multiply(uint8_t a, uint8_t b) {
  unsigned product = 0, factor = a;
  for (; b != 0; b = static_cast<uint8_t>(b >> 1)) {
    if (b & 1) product ^= factor;
    factor <<= 1;
    if (factor & 0x100) factor ^= gf256::kPolynomial;
  }
  return static_cast<uint8_t>(product);
}

void field() {
  for (unsigned a = 0; a < 256; ++a)
    for (unsigned b = 0; b < 256; ++b)
      CHECK(gf256::multiply(static_cast<uint8_t>(a), static_cast<uint8_t>(b)) == plain_multiply(static_cast<uint8_t>(a), static_cast<uint8_t>(b)));
}

struct Shards {
  std::vector<std::vector<uint8_t>> rows;
  Shards(size_t count, size_t size, std::mt19937_64& random) : rows(count, std::vector<uint8_t>(size)) {
    for (auto& row : rows)
      for (uint8_t& byte : row) byte = static_cast<uint8_t>(random());
  }
  std::vector<const uint8_t*> in(size_t first, size_t count) const {
    std::vector<const uint8_t*> out;
    for (size_t i = first; i < first + count; ++i) out.push_back(rows[i].data());
    return out;
  }
};

std::vector<uint8_t*> pointers(std::vector<std::vector<uint8_t>>& rows) {
  std::vector<uint8_t*> out;
  for (auto& row : rows) out.push_back(row.data());
  return out;
}

void codes(const gf256::Table& table, std::mt19937_64& random, bool slow) {
  for (const size_t size : {size_t{1}, size_t{63}, size_t{64}, size_t{129}, size_t{255}, size_t{256}, size_t{257}, slow ? size_t{300} : size_t{100'001}}) {
    for (const auto& [k, m] : {std::pair<size_t, size_t>{1, 1}, {2, 1}, {3, 5}, {10, 4}, {7, 6}, {5, 7}, {16, 16}}) {
      Shards all(k + m, size, random);
      const auto encoding = *gf256::encoding(table, k, m);
      std::vector<std::vector<uint8_t>> parity(m, std::vector<uint8_t>(size));
      gf256::apply(*encoding, all.in(0, k).data(), pointers(parity).data(), size);
      for (size_t r = 0; r < m; ++r) {
        for (size_t at = 0; at < size; at += size > 1000 ? 977 : 1) {
          uint8_t sum = 0;
          for (size_t c = 0; c < k; ++c) sum = static_cast<uint8_t>(sum ^ plain_multiply(encoding->matrix[r * k + c], all.rows[c][at]));
          CHECK(parity[r][at] == sum);
        }
        all.rows[k + r] = parity[r];
      }
      CHECK(gf256::agrees(*encoding, all.in(0, k).data(), all.in(k, m).data(), size));

      std::vector<uint16_t> order(k + m);
      for (size_t i = 0; i < order.size(); ++i) order[i] = static_cast<uint16_t>(i);
      std::shuffle(order.begin(), order.end(), random);
      const std::vector<uint16_t> present(order.begin(), order.begin() + static_cast<long>(k)), lost(order.begin() + static_cast<long>(k), order.end());
      const auto repair = *gf256::recovery(table, k, m, present, lost);
      std::vector<const uint8_t*> inputs;
      for (const uint16_t number : present) inputs.push_back(all.rows[number].data());
      std::vector<std::vector<uint8_t>> found(m, std::vector<uint8_t>(size));
      gf256::apply(*repair, inputs.data(), pointers(found).data(), size);
      for (size_t i = 0; i < m; ++i) CHECK(found[i] == all.rows[lost[i]]);

      all.rows[random() % (k + m)][random() % size] ^= 1;
      CHECK(!gf256::agrees(*encoding, all.in(0, k).data(), all.in(k, m).data(), size));
    }
  }
}

void refusals() {
  const gf256::Table& table = gf256::scalar;
  CHECK(!gf256::encoding(table, 0, 1).ok());
  CHECK(!gf256::encoding(table, 1, 0).ok());
  CHECK(!gf256::encoding(table, 200, 57).ok());
  CHECK(!gf256::encoding(table, SIZE_MAX, 2).ok());
  CHECK(!gf256::encoding(table, 2, SIZE_MAX).ok());
  CHECK(gf256::encoding(table, 1, 255).ok());
  CHECK(gf256::encoding(table, 255, 1).ok());
  CHECK(!gf256::recovery(table, 3, 2, {0, 1}, {2}).ok());
  CHECK(!gf256::recovery(table, 3, 2, {0, 1, 1}, {2}).ok());
  CHECK(!gf256::recovery(table, 3, 2, {0, 1, 5}, {2}).ok());
  CHECK(!gf256::recovery(table, 3, 2, {0, 1, 2}, {5}).ok());
  CHECK(!gf256::plan(table, {}, {1}).ok());
  CHECK(!gf256::plan(table, {256}, {1}).ok());
  CHECK(!gf256::plan(table, {4, 4}, {1}).ok());
  CHECK(!gf256::backend("abacus").ok());
}

// A plan that is in use outlives its place among the kept ones.
void plans() {
  const auto first = *gf256::encoding(gf256::scalar, 100, 100);
  CHECK(first == *gf256::encoding(gf256::scalar, 100, 100));
  for (uint16_t i = 1; i < 256; ++i)
    for (size_t j = 1; j <= 3 && i + j <= 256; ++j) CHECK(gf256::encoding(gf256::scalar, i, j).ok());
  const auto again = *gf256::encoding(gf256::scalar, 100, 100);
  CHECK(first != again && first->matrix == again->matrix);
}

void bodies(std::mt19937_64& random) {
  constexpr size_t kRows = 9, kColumns = 3, kWords = 37;
  std::vector<uint8_t> matrix(kRows * kColumns);
  for (uint8_t& byte : matrix) byte = static_cast<uint8_t>(random());
  std::vector<uint64_t> inputs(kColumns * kWords), wanted(kRows * kWords);
  for (uint64_t& word : inputs) word = random();
  for (size_t r = 0; r < kRows; ++r)
    for (size_t c = 0; c < kColumns; ++c)
      for (size_t i = 0; i < 8 * kWords; ++i)
        reinterpret_cast<uint8_t*>(wanted.data() + kWords * r)[i] ^=
            plain_multiply(matrix[kColumns * r + c], reinterpret_cast<const uint8_t*>(inputs.data() + kWords * c)[i]);
  std::vector<uint64_t> outputs(wanted.size());
  const auto body = [&](auto& grid) {
    gf256::ProductBody{}(grid, kRows, kColumns, kWords, grid::View<const uint8_t>{matrix.data(), matrix.size()},
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
  std::mt19937_64 random(20);
  field();
  refusals();
  plans();
  bodies(random);
  set_thread_count(3);
  for (const char* name : {"scalar", "avx2", "avx512", "emu"}) {
    const auto table = gf256::backend(name);
    if (!table.ok()) {
      std::printf("%s: skipped, %s\n", name, table.failure().message.c_str());
      continue;
    }
    codes(**table, random, std::strcmp(name, "emu") == 0);
  }
  return check_report();
}
