// The device bodies on the fibers grid, as a backend: tests only. A fault of a body stops the process with its sentence,
// since a table has no way to say it.
#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <vector>

#include "grid/host_fibers.hpp"
#include "hash/keccak256/body.hpp"
#include "hash/keccak256/table.hpp"

namespace zg::keccak256 {

namespace {

constexpr unsigned kWidth = 32;

// Every launch runs its lanes in another order.
grid::Launch launch_for(size_t count, size_t shared_size_bytes) {
  static std::atomic<uint64_t> seed{0};
  return {static_cast<unsigned>((count + kWidth - 1) / kWidth), kWidth, shared_size_bytes, seed.fetch_add(1)};
}

void expect(const grid::Report& report) {
  if (report.ok) return;
  std::fprintf(stderr, "zerog: keccak256 on emu: %s\n", report.message.c_str());
  std::abort();
}

void permute_groups(uint64_t* states, size_t groups) {
  for (size_t i = 0; i < groups; ++i) device::permute(states + 25 * i);
}

void hash_64(const uint8_t* data, size_t count, uint8_t* digests) {
  if (count == 0) return;
  std::vector<uint64_t> words(8 * count), out(4 * count);
  std::memcpy(words.data(), data, 64 * count);
  std::memset(out.data(), grid::kUnwrittenByte, 32 * count);
  expect(grid::run_on_fibers(launch_for(count, grid::shared_size<uint64_t>(9 * kWidth)), [&](auto& grid) {
    Hash64Body{}(grid, grid::View<const uint64_t>{words.data(), words.size()}, grid::View<uint64_t>{out.data(), out.size()});
  }));
  std::memcpy(digests, out.data(), 32 * count);
}

void hash_pairs(const uint8_t* const* lefts, const uint8_t* const* rights, uint8_t* const* outs, size_t count) {
  std::vector<uint8_t> data(64 * count), digests(32 * count);
  for (size_t i = 0; i < count; ++i) {
    std::memcpy(&data[64 * i], lefts[i], 32);
    std::memcpy(&data[64 * i + 32], rights[i], 32);
  }
  hash_64(data.data(), count, digests.data());
  for (size_t i = 0; i < count; ++i) std::memcpy(outs[i], &digests[32 * i], 32);
}

void hash_views(const Bytes* inputs, size_t count, uint8_t* digests) {
  if (count == 0) return;
  std::vector<uint8_t> data;
  std::vector<uint64_t> offsets{0}, out(4 * count);
  for (size_t i = 0; i < count; ++i) {
    data.insert(data.end(), inputs[i].data, inputs[i].data + inputs[i].size);
    offsets.push_back(data.size());
  }
  std::memset(out.data(), grid::kUnwrittenByte, 32 * count);
  expect(grid::run_on_fibers(launch_for(count, 0), [&](auto& grid) {
    HashRaggedBody{}(grid, grid::View<const uint8_t>{data.data(), data.size()}, grid::View<const uint64_t>{offsets.data(), offsets.size()},
                     grid::View<uint64_t>{out.data(), out.size()});
  }));
  std::memcpy(digests, out.data(), 32 * count);
}

void hash_one(Bytes input, uint8_t* digest) { hash_views(&input, 1, digest); }

}  // namespace

const Table emu = {1, permute_groups, hash_one, hash_64, hash_pairs, hash_views};

}  // namespace zg::keccak256
