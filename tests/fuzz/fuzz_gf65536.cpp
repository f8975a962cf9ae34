// Codes and losses from strangers: any numbers of shards are refused, or give back what was coded, by the matrix and by the
// transform, on the active backend and the scalar one; any sources give any targets alike by both.
#include <cstdlib>
#include <vector>

#include "erasure/gf65536/api.hpp"

using namespace zg;

namespace {

struct Reader {
  const uint8_t* at;
  size_t left;
  uint8_t byte() {
    if (left == 0) return 0;
    --left;
    return *at++;
  }
  uint16_t number(uint8_t kind, size_t below) {
    const auto found = static_cast<uint16_t>(byte() << 8 | byte());
    return kind % 16 == 15 ? found : static_cast<uint16_t>(found % below);
  }
};

using Rows = std::vector<std::vector<uint8_t>>;

void require(bool condition) {
  if (!condition) std::abort();
}

Rows run(const gf65536::Plan& plan, const Rows& inputs, size_t size) {
  Rows out(plan.rows, std::vector<uint8_t>(size));
  std::vector<const uint8_t*> from;
  std::vector<uint8_t*> to;
  for (const auto& row : inputs) from.push_back(row.data());
  for (auto& row : out) to.push_back(row.data());
  const auto done = gf65536::apply(plan, from.data(), to.data(), size);
  require(done.ok() == (size % 2 == 0));
  return out;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* input, size_t size) {
  Reader reader{input, size};
  const gf65536::Table& table = **gf65536::backend("");
  const size_t k = 1u + reader.byte() % 70, m = 1u + reader.byte() % 70, length = reader.byte();
  Rows shards(k, std::vector<uint8_t>(length));
  for (auto& row : shards)
    for (uint8_t& byte : row) byte = reader.left != 0 ? reader.byte() : static_cast<uint8_t>(&byte - row.data() + 7 * (&row - shards.data()));
  const Rows parity = run(**gf65536::encoding(table, k, m, gf65536::Method::transform), shards, length);
  if (length % 2 != 0) return 0;
  require(parity == run(**gf65536::encoding(gf65536::scalar, k, m, gf65536::Method::matrix), shards, length));
  shards.insert(shards.end(), parity.begin(), parity.end());

  Reader losses{input, size};  // the same bytes again, as numbers
  const uint8_t kind = losses.byte();
  std::vector<uint16_t> present, wanted;
  std::vector<bool> seen(k + m);
  for (size_t i = 0; i < k + kind % 3; ++i) {
    uint16_t number = losses.number(losses.byte(), k + m);
    if (kind % 8 != 7)
      while (number < k + m && seen[number]) number = static_cast<uint16_t>((number + 1) % (k + m));
    if (number < k + m) seen[number] = true;
    present.push_back(number);
    if (present.size() == k + m) break;
  }
  for (uint16_t i = 0; i < k + m; ++i)
    if (!seen[i] || losses.byte() % 4 == 0) wanted.push_back(i);
  const auto plan = gf65536::recovery(table, k, m, present, wanted, gf65536::Method::transform);
  const auto plain = gf65536::recovery(gf65536::scalar, k, m, present, wanted, gf65536::Method::matrix);
  require(plan.ok() == plain.ok());
  if (plan.ok()) {
    Rows given;
    for (size_t i = 0; i < k; ++i) given.push_back(shards[present[i]]);
    Rows lost;
    for (const uint16_t number : wanted) lost.push_back(shards[number]);
    require(run(**plan, given, length) == lost);
    require(run(**plain, given, length) == lost);
  }

  // Any numbers of the field, no code around them.
  const size_t count = 1 + losses.byte() % 5;
  std::vector<uint16_t> sources, targets;
  for (size_t i = 0; i < count; ++i) sources.push_back(losses.number(losses.byte(), 300));
  for (size_t i = 0; i < 3; ++i) targets.push_back(losses.number(losses.byte(), 300));
  const auto free = gf65536::plan(table, sources, targets, gf65536::Method::transform);
  const auto slow = gf65536::plan(gf65536::scalar, sources, targets, gf65536::Method::matrix);
  require(free.ok() == slow.ok());
  if (free.ok()) {
    Rows given(count, std::vector<uint8_t>(6));
    for (auto& row : given)
      for (uint8_t& byte : row) byte = losses.byte();
    require(run(**free, given, 6) == run(**slow, given, 6));
  }
  return 0;
}
