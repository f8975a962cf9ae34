// The device body on the fibers grid, as a backend: tests only. A fault of the body stops the process with its sentence.
#include <algorithm>
#include <atomic>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <type_traits>
#include <vector>

#include "batching/sample/api.hpp"
#include "batching/sample/body.hpp"
#include "grid/host_fibers.hpp"

namespace zg::batching::sample {

namespace {

template <class T>
grid::View<T> view(std::vector<std::remove_const_t<T>>& items) {
  return {items.data(), items.size()};
}

void rows_on_fibers(Row* rows, size_t row_count, size_t vocabulary, Drawn* drawn) {
  static std::atomic<uint64_t> seed{0};
  constexpr unsigned kWidth = 8;
  const size_t words = (vocabulary + 31) / 32;
  std::vector<float> logits, bias_values, top_logits(row_count * kTopMax, -7.0f);
  std::vector<uint32_t> bias_tokens, seen_tokens, seen_counts, forbidden, masks, top_tokens(row_count * kTopMax, 0xcdcdcdcd);
  std::vector<DeviceRow> device_rows;
  std::vector<DeviceDrawn> out(row_count);
  std::memset(static_cast<void*>(out.data()), grid::kUnwrittenByte, row_count * sizeof out[0]);
  for (size_t i = 0; i < row_count; ++i) {
    const Row& row = rows[i];
    DeviceRow one{row.temperature, row.top_p, row.min_p, row.repetition, row.frequency, row.presence, row.top_k, row.stream, row.seed, row.position,
                  0, 0, 0, 0, 0, 0, 0, row.allowed != nullptr ? 1u : 0u, row.wants_logprob ? 1u : 0u, std::min(row.top_count, kTopMax)};
    logits.insert(logits.end(), row.logits, row.logits + vocabulary);
    one.bias_begin = static_cast<uint32_t>(bias_tokens.size());
    for (size_t k = 0; k < row.bias_count; ++k) bias_tokens.push_back(row.biases[k].token), bias_values.push_back(row.biases[k].value);
    one.bias_end = static_cast<uint32_t>(bias_tokens.size());
    one.seen_begin = static_cast<uint32_t>(seen_tokens.size());
    for (size_t k = 0; k < row.seen_count; ++k) seen_tokens.push_back(row.seen[k].token), seen_counts.push_back(row.seen[k].generated);
    one.seen_end = static_cast<uint32_t>(seen_tokens.size());
    one.forbidden_begin = static_cast<uint32_t>(forbidden.size());
    forbidden.insert(forbidden.end(), row.forbidden, row.forbidden + row.forbidden_count);
    one.forbidden_end = static_cast<uint32_t>(forbidden.size());
    one.mask_begin = static_cast<uint32_t>(masks.size());
    if (row.allowed != nullptr) masks.insert(masks.end(), row.allowed, row.allowed + words);
    device_rows.push_back(one);
  }
  const std::vector<float> before = logits;
  const grid::Launch launch{static_cast<unsigned>(row_count), kWidth, grid::shared_size<uint64_t>(kWidth), seed.fetch_add(1)};
  const grid::Report report = grid::run_on_fibers(launch, [&](auto& grid) {
    SampleBody{}(grid, view<float>(logits), vocabulary, view<const DeviceRow>(device_rows), view<const uint32_t>(bias_tokens),
                 view<const float>(bias_values), view<const uint32_t>(seen_tokens), view<const uint32_t>(seen_counts), view<const uint32_t>(forbidden),
                 view<const uint32_t>(masks), view<DeviceDrawn>(out), view<uint32_t>(top_tokens), view<float>(top_logits), kTopMax);
  });
  if (!report.ok) {
    std::fprintf(stderr, "zerog: sample on emu: %s\n", report.message.c_str());
    std::abort();
  }
  for (size_t i = 0; i < row_count; ++i) {
    drawn[i] = {};
    drawn[i].token = out[i].token;
    std::memcpy(rows[i].logits, logits.data() + i * vocabulary, vocabulary * sizeof(float));
    if (!rows[i].wants_logprob || out[i].raw_mass == 0) continue;
    const double log_mass = std::log(static_cast<double>(out[i].raw_mass) / kWeightOne);
    drawn[i].top_count = out[i].top_count;
    for (uint32_t k = 0; k < out[i].top_count; ++k)
      drawn[i].top[k] = {top_tokens[i * kTopMax + k], logprob_of(top_logits[i * kTopMax + k], out[i].raw_highest, log_mass)};
    if (out[i].token != kNobody) drawn[i].logprob = logprob_of(before[i * vocabulary + out[i].token], out[i].raw_highest, log_mass);
  }
}

}  // namespace

const Table emu = {scalar.peak, scalar.mass, scalar.weigh, scalar.select, scalar.mask, rows_on_fibers};

}  // namespace zg::batching::sample
