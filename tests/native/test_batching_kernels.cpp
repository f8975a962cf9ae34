// Kernels of inference: every backend equals the definition bit for bit; the definitions agree with double precision; packed
// weights unpack to what the tensor says; a crew does every item once.
#include <atomic>
#include <cmath>
#include <cstring>
#include <random>
#include <string>
#include <vector>

#include "batching/attention/api.hpp"
#include "batching/gemm/api.hpp"
#include "batching/norm/api.hpp"
#include "check.hpp"
#include "common/parallel.hpp"

using namespace zg;
using namespace zg::batching;

namespace {

std::vector<float> spread(std::mt19937& random, size_t count, float sigma = 1.0f) {
  std::normal_distribution<float> normal(0.0f, sigma);
  std::vector<float> out(count);
  for (float& x : out) x = normal(random);
  return out;
}

template <class T>
bool same(const std::vector<T>& a, const std::vector<T>& b) {
  return a.size() == b.size() && (a.empty() || std::memcmp(a.data(), b.data(), a.size() * sizeof(T)) == 0);
}

struct Quantised {
  std::vector<int8_t> quants;
  std::vector<float> scales, sums;
  std::vector<int32_t> totals;
  Quantised(const Table& table, const std::vector<float>& x, size_t depth) : quants(x.size()), scales(x.size() / 32), sums(scales), totals(scales.size()) {
    for (size_t r = 0; r < x.size() / depth; ++r) {
      const size_t g = depth / 32 * r;
      table.quantise(x.data() + depth * r, depth, quants.data() + depth * r, scales.data() + g, sums.data() + g, totals.data() + g);
    }
  }
};

// Random bytes of a type; scales stay moderate.
std::vector<uint8_t> random_tensor(std::mt19937& random, TensorType type, size_t count) {
  std::vector<uint8_t> bytes(*tensor_size_bytes(type, count));
  for (uint8_t& byte : bytes) byte = static_cast<uint8_t>(random());
  const auto tame = [&](size_t block, std::initializer_list<size_t> halves) {  // 2^-6 to 2^-3, either sign
    for (size_t at = 0; at < bytes.size(); at += block)
      for (const size_t half : halves) bytes[at + half + 1] = static_cast<uint8_t>((random() & 0x80) | (0x24 + random() % 12));
  };
  switch (type) {
    case TensorType::q4_0: tame(18, {0}); break;
    case TensorType::q4_1: tame(20, {0, 2}); break;
    case TensorType::q8_0: tame(34, {0}); break;
    case TensorType::q4_k: tame(144, {0, 2}); break;
    case TensorType::q5_k: tame(176, {0, 2}); break;
    case TensorType::q6_k: tame(210, {208}); break;
    case TensorType::f16: tame(2, {0}); break;
    case TensorType::bf16: for (size_t i = 1; i < bytes.size(); i += 2) bytes[i] = static_cast<uint8_t>((random() & 0x80) | 0x3e); break;
    case TensorType::f32: {
      const std::vector<float> values = spread(random, count);
      std::memcpy(bytes.data(), values.data(), bytes.size());
      break;
    }
  }
  return bytes;
}

constexpr TensorType kTypes[] = {TensorType::f32,  TensorType::f16,  TensorType::bf16, TensorType::q4_0, TensorType::q4_1,
                                 TensorType::q8_0, TensorType::q4_k, TensorType::q5_k, TensorType::q6_k};

void products(std::mt19937& random, const Table& table, bool slow) {
  for (const TensorType type : kTypes) {
    for (const size_t depth : {size_t{256}, size_t{512}}) {
      const size_t columns = 37;
      const std::vector<uint8_t> bytes = random_tensor(random, type, columns * depth);
      Shelf shelf;
      const auto weights = pack(type, {bytes.data(), bytes.size()}, columns, depth, shelf);
      CHECK(weights.ok());
      std::vector<float> plain(columns * depth), column(depth);
      dequantise(type, bytes.data(), plain.size(), plain.data());
      const bool exact = type < TensorType::q4_k || type == TensorType::bf16;
      for (size_t c = 0; c < columns; ++c) {
        unpack_column(*weights, c, column.data());
        float largest = 0, apart = 0;
        for (size_t k = 0; k < depth; ++k) {
          largest = std::max(largest, std::fabs(plain[c * depth + k]));
          apart = std::max(apart, std::fabs(plain[c * depth + k] - column[k]));
        }
        CHECK(apart <= (exact ? largest * 1e-6f : largest * 0.005f));  // Q4_0 is one rounding apart: d · q - 8 d
      }
      for (const size_t count : slow ? std::vector<size_t>{1, 9} : std::vector<size_t>{1, 2, 3, 4, 5, 6, 7, 8, 9, 17}) {
        const std::vector<float> x = spread(random, count * depth);
        const Quantised q(table, x, depth), known_q(scalar_gemm, x, depth);
        CHECK(same(q.quants, known_q.quants) && same(q.scales, known_q.scales) && same(q.sums, known_q.sums) && same(q.totals, known_q.totals));
        const Rows rows{q.quants.data(), q.scales.data(), q.sums.data(), q.totals.data(), x.data(), count};
        const size_t stride = weights->tile_count() * kTileColumns + 3;
        std::vector<float> out = spread(random, count * stride), known = out;
        for (const bool add : {false, true}) {
          table.product(weights->format, weights->tiles, weights->tile_count(), depth, rows, out.data(), stride, add);
          scalar_gemm.product(weights->format, weights->tiles, weights->tile_count(), depth, rows, known.data(), stride, add);
          CHECK(same(out, known));
        }
        if (&table != &scalar_gemm) continue;
        table.product(weights->format, weights->tiles, weights->tile_count(), depth, rows, out.data(), stride, false);
        for (size_t r = 0; r < count; ++r)
          for (size_t c = 0; c < columns; ++c) {
            unpack_column(*weights, c, column.data());
            double sum = 0, size = 0;
            for (size_t k = 0; k < depth; ++k) {
              const double left = weights->quantised() ? static_cast<double>(q.scales[(r * depth + k) / 32]) * q.quants[r * depth + k] : static_cast<double>(x[r * depth + k]);
              sum += left * static_cast<double>(column[k]);
              size += std::fabs(left * static_cast<double>(column[k]));
            }
            CHECK(std::fabs(sum - static_cast<double>(out[stride * r + c])) <= 1e-5 * size);
          }
      }
    }
  }
  // The largest products that integers see: |x| = 127 against every weight byte at its end.
  for (const uint8_t byte : {uint8_t{0}, uint8_t{127}, uint8_t{128}, uint8_t{255}}) {
    std::vector<uint8_t> bytes(34 * 16, byte);
    for (size_t c = 0; c < 16; ++c) bytes[34 * c] = 0, bytes[34 * c + 1] = 0x3c;
    Shelf shelf;
    const auto weights = pack(TensorType::q8_0, {bytes.data(), bytes.size()}, 16, 32, shelf);
    std::vector<float> x(32, -1.0f), out(16);
    const Quantised q(table, x, 32);
    table.product(Format::int8, weights->tiles, 1, 32, {q.quants.data(), q.scales.data(), q.sums.data(), q.totals.data(), x.data(), 1}, out.data(), 16, false);
    CHECK(std::fabs(out[3] + 32.0f * static_cast<float>(static_cast<int8_t>(byte))) < 1e-2f);
  }
  // Nothing, and values too small to divide by.
  std::vector<float> tiny(64, 1e-38f);
  std::fill_n(tiny.begin(), 32, 0.0f);
  const Quantised q(table, tiny, 64);
  for (const int8_t quant : q.quants) CHECK(quant == 0);
  CHECK(q.scales[0] == 0 && q.scales[1] == 0 && q.sums[1] == 0 && q.totals[1] == 0);

  for (const size_t count : {1, 2, 15, 16, 17, 31, 32, 33, 100}) {
    std::vector<float> values(count);
    for (float& value : values) value = static_cast<float>(random() % 5);
    CHECK(table.largest(values.data(), count) == scalar_gemm.largest(values.data(), count));
  }
}

void norms(std::mt19937& random, const NormTable& table) {
  for (const size_t width : {size_t{32}, size_t{64}, size_t{576}, size_t{1024}}) {
    const std::vector<float> x = spread(random, width, 3.0f), weight = spread(random, width), bias = spread(random, width);
    const auto both = [&](const auto& work) {
      std::vector<float> a = x, b = x;
      work(table, a.data());
      work(scalar_norm, b.data());
      CHECK(same(a, b));
      return a;
    };
    const auto rms = both([&](const NormTable& t, float* out) { t.rms_norm(x.data(), weight.data(), 1e-5f, width, out); });
    const auto layer = both([&](const NormTable& t, float* out) { t.layer_norm(x.data(), weight.data(), bias.data(), 1e-12f, width, out); });
    const auto gated = both([&](const NormTable& t, float* out) { t.swiglu(out, weight.data(), width); });
    const auto bent = both([&](const NormTable& t, float* out) { t.gelu(out, width); });
    both([&](const NormTable& t, float* out) { t.add(out, weight.data(), width); });
    both([&](const NormTable& t, float* out) { t.rms_norm(out, weight.data(), 1e-5f, width, out); });
    for (const bool halves : {false, true}) both([&](const NormTable& t, float* out) { t.rope(out, width / 32, 32, bias.data(), 16, halves); });
    double sum = 0, squares = 0;
    for (const float v : x) sum += static_cast<double>(v), squares += static_cast<double>(v) * static_cast<double>(v);
    const double n = static_cast<double>(width), mean = sum / n, root = std::sqrt(squares / n + 1e-5), deviation = std::sqrt(squares / n - mean * mean);
    for (size_t i = 0; i < width; ++i) {
      const double v = static_cast<double>(x[i]), w = static_cast<double>(weight[i]);
      CHECK(std::fabs(static_cast<double>(rms[i]) - v / root * w) < 1e-5 * (1 + std::fabs(v * w)));
      CHECK(std::fabs(static_cast<double>(layer[i]) - ((v - mean) / deviation * w + static_cast<double>(bias[i]))) < 1e-5 * (1 + std::fabs(v * w)));
      CHECK(std::fabs(static_cast<double>(gated[i]) - v / (1 + std::exp(-v)) * w) < 1e-6 * (1 + std::fabs(v * w)));
      CHECK(std::fabs(static_cast<double>(bent[i]) - v / 2 * (1 + std::erf(v / std::sqrt(2.0)))) < 2e-6 * (1 + std::fabs(v)));
    }
  }
  // Far ends: nothing overflows into an infinity.
  std::vector<float> far(32, -1e30f), up(32, 2.0f), other = far;
  table.swiglu(far.data(), up.data(), 32);
  scalar_norm.swiglu(other.data(), up.data(), 32);
  CHECK(same(far, other) && std::isfinite(far[0]));
}

void attention(std::mt19937& random, const AttentionTable& table, bool slow) {
  for (const size_t size : {size_t{32}, size_t{64}, size_t{96}, size_t{128}}) {
    for (const size_t heads : slow ? std::vector<size_t>{1, 3} : std::vector<size_t>{1, 2, 3, 4, 5, 7, 8}) {
      for (const size_t length : {1, 2, 15, 16, 17, 63, 64, 65, 100}) {
        const size_t pages = (length + 15) / 16;
        // Slots past the end hold what nobody wrote: not-a-numbers must not come through.
        std::vector<uint16_t> memory(pages * page_values(size), 0x7fff), known = memory;
        std::vector<const uint16_t*> shares, known_shares;
        for (size_t p = 0; p < pages; ++p) {
          shares.push_back(memory.data() + page_values(size) * (pages - 1 - p));
          known_shares.push_back(known.data() + page_values(size) * (pages - 1 - p));
        }
        for (size_t at = 0; at < length; ++at) {
          const std::vector<float> key = spread(random, size), value = spread(random, size);
          table.store(key.data(), value.data(), size, const_cast<uint16_t*>(shares[at / 16]), at % 16);
          scalar_attention.store(key.data(), value.data(), size, const_cast<uint16_t*>(known_shares[at / 16]), at % 16);
        }
        CHECK(same(memory, known));
        const std::vector<float> queries = spread(random, heads * size, 2.0f);
        std::vector<float> out(heads * size), known_out(out), scratch(pages * 16 * heads + 16);
        float* aligned = scratch.data() + (64 - reinterpret_cast<uintptr_t>(scratch.data()) % 64) % 64 / 4;
        table.attend(queries.data(), heads, size, shares.data(), length, 0.125f, aligned, out.data());
        scalar_attention.attend(queries.data(), heads, size, known_shares.data(), length, 0.125f, aligned, known_out.data());
        CHECK(same(out, known_out));
        for (const float x : out) CHECK(std::isfinite(x));
      }
    }
  }
}

void crews() {
  for (const unsigned threads : {1u, 2u, 4u, 7u}) {
    set_thread_count(threads);
    Crew crew;
    std::vector<std::atomic<int>> done(1000);
    for (size_t section = 1; section <= 2000; ++section) {
      const size_t count = section * 37 % 1000;
      crew.run(count, section % 5, [&](size_t begin, size_t end) {
        for (size_t i = begin; i < end; ++i) done[i].fetch_add(1, std::memory_order_relaxed);
      });
      bool once = true;
      for (size_t i = 0; i < done.size(); ++i) once &= done[i].exchange(0, std::memory_order_relaxed) == (i < count ? 1 : 0);
      CHECK(once);
    }
  }
  set_thread_count(0);
}

}  // namespace

int main() {
  std::mt19937 random(11);
  for (const char* name : {"scalar", "avx2", "avx512", "emu"}) {
    const auto gemm = gemm_backend(name);
    const auto norm = norm_backend(name);
    const auto attended = attention_backend(name);
    const bool slow = name == std::string("emu");
    if (gemm.ok()) products(random, **gemm, slow);
    if (norm.ok()) norms(random, **norm);
    if (attended.ok()) attention(random, **attended, slow);
    std::printf("%s: gemm %s, norm %s, attention %s\n", name, gemm.ok() ? "yes" : "no", norm.ok() ? "yes" : "no", attended.ok() ? "yes" : "no");
  }
  crews();
  uint8_t byte = 0;
  Shelf shelf;
  CHECK(!pack(TensorType::f32, {&byte, 1}, 1, 32, shelf).ok());
  CHECK(!pack(TensorType::q4_1, {&byte, 1}, 0, 32, shelf).ok());
  CHECK(!pack(TensorType::q4_1, {&byte, 20}, 1, 33, shelf).ok());
  CHECK(!pack(static_cast<TensorType>(99), {&byte, 20}, 1, 32, shelf).ok());
  return check_report();
}
