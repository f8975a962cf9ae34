#include <immintrin.h>

#include "batching/gemm/table.hpp"

namespace zg::batching {

namespace {

#include "batching/gemm/vec512.inl"

#include "batching/gemm/lanes.inl"

// sums += bytes of w (unsigned) · the four bytes in every word of x (signed), for each of 16 columns. Written as text: the flags of
// this file do not promise VNNI, the table's `needs` does.
inline __m512i dot4(__m512i sums, __m512i w, __m512i x) {
  __asm__("vpdpbusd %2, %1, %0" : "+v"(sums) : "v"(w), "v"(x));
  return sums;
}

inline int32_t word_at(const void* from) {
  int32_t word;
  __builtin_memcpy(&word, from, sizeof word);
  return word;
}

// The quantised form of kRows rows, as a block walks it group by group. What belongs to a group besides its quants lies at one
// distance from its scale in every row; the compiler must not make pointers of its own out of these: there are not registers enough.
template <size_t kRows>
struct Walk {
  const int8_t* x[kRows];
  const uint8_t* scales[kRows];
  intptr_t to_sum, to_total;

  Walk(const Rows& in, size_t first, size_t groups)
      : to_sum(reinterpret_cast<intptr_t>(in.sums) - reinterpret_cast<intptr_t>(in.scales)),
        to_total(reinterpret_cast<intptr_t>(in.totals) - reinterpret_cast<intptr_t>(in.scales)) {
#pragma GCC unroll 4
    for (size_t r = 0; r < kRows; ++r) {
      x[r] = in.quants + (first + r) * groups * kGroup;
      scales[r] = reinterpret_cast<const uint8_t*>(in.scales + (first + r) * groups);
      __asm__("" : "+r"(x[r]), "+r"(scales[r]));
    }
  }
  void next() {
#pragma GCC unroll 4
    for (size_t r = 0; r < kRows; ++r) {
      x[r] += kGroup;
      scales[r] += sizeof(float);
      __asm__("" : "+r"(x[r]), "+r"(scales[r]));
    }
  }

  __m512i quants(size_t r, size_t at) const { return _mm512_set1_epi32(word_at(x[r] + at)); }
  __m512 scale(size_t r) const { return _mm512_castsi512_ps(_mm512_set1_epi32(word_at(scales[r]))); }
  __m512 sum(size_t r) const { return _mm512_castsi512_ps(_mm512_set1_epi32(word_at(scales[r] + to_sum))); }
  __m512i total(size_t r) const { return _mm512_set1_epi32(word_at(scales[r] + to_total)); }
};

// Sums of kRows rows by kTiles tiles. They all stay in registers: what is read of a row serves every tile, weights unpacked once
// every row, and no chain of products waits for itself.
template <size_t kRows, size_t kTiles>
struct Sums {
  __m512 floats[kTiles][kRows];

  Sums() {
#pragma GCC unroll 2
    for (size_t t = 0; t < kTiles; ++t)
#pragma GCC unroll 4
      for (size_t r = 0; r < kRows; ++r) floats[t][r] = _mm512_setzero_ps();
  }
  void store(float* out, size_t stride, bool add) const {
    using S = Sixteen;
#pragma GCC unroll 2
    for (size_t t = 0; t < kTiles; ++t)
#pragma GCC unroll 4
      for (size_t r = 0; r < kRows; ++r) {
        float* to = out + stride * r + kTileColumns * t;
        S::store(to, add ? S::add(S::load(to), floats[t][r]) : floats[t][r]);
      }
  }
};

// Memory is slower than the products of a few rows, and the processor's own guessing stops at every tile's end; so what comes next is
// asked for while this is worked on. One or two rows ask a little ahead of themselves. Of the passes over a pair of tiles, four rows each,
// every one asks for its share of the next pair: group by group, each `passes`-th from `next` on. Past the last tile the line is one
// of the model's next weights, or nothing: asking never faults.
struct Ahead {
  size_t next, passes;

  template <size_t kTiles, size_t kGroupSize>
  void ask(size_t group, const uint8_t* tile, size_t size) {
    if (kTiles > 1 && group != next) return;
    next += passes;
    const uint8_t* const from = tile + (kTiles > 1 ? kTiles * size : kNear);
#pragma GCC unroll 2
    for (size_t t = 0; t < kTiles; ++t)
#pragma GCC unroll 9
      for (size_t at = 0; at < kGroupSize; at += 64) _mm_prefetch(reinterpret_cast<const char*>(from + size * t + at), _MM_HINT_T0);
  }

  static constexpr size_t kNear = 5120;
};

template <size_t kRows, size_t kTiles>
void block_int4(const uint8_t* tile, size_t size, size_t groups, const Rows& in, size_t first, Ahead ahead, float* out, size_t stride, bool add) {
  using S = Sixteen;
  Sums<kRows, kTiles> sums;
  Walk<kRows> walk(in, first, groups);
  const __m512i mask = _mm512_set1_epi8(15);
  for (size_t g = 0; g < groups; ++g, tile += kInt4GroupSize, walk.next()) {
    ahead.ask<kTiles, kInt4GroupSize>(g, tile, size);
    __m512i dots[kTiles][kRows];
#pragma GCC unroll 2
    for (size_t t = 0; t < kTiles; ++t)
#pragma GCC unroll 4
      for (size_t r = 0; r < kRows; ++r) dots[t][r] = _mm512_setzero_si512();
#pragma GCC unroll 4
    for (size_t p = 0; p < 4; ++p) {
      __m512i low[kTiles], high[kTiles];
#pragma GCC unroll 2
      for (size_t t = 0; t < kTiles; ++t) {
        const __m512i both = _mm512_loadu_si512(tile + size * t + 64 * p);
        low[t] = _mm512_and_si512(both, mask);
        high[t] = _mm512_and_si512(_mm512_srli_epi16(both, 4), mask);
      }
#pragma GCC unroll 4
      for (size_t r = 0; r < kRows; ++r) {
        const __m512i x = walk.quants(r, 4 * p);
#pragma GCC unroll 2
        for (size_t t = 0; t < kTiles; ++t) dots[t][r] = dot4(dots[t][r], low[t], x);
      }
#pragma GCC unroll 4
      for (size_t r = 0; r < kRows; ++r) {
        const __m512i x = walk.quants(r, 4 * p + 16);
#pragma GCC unroll 2
        for (size_t t = 0; t < kTiles; ++t) dots[t][r] = dot4(dots[t][r], high[t], x);
      }
    }
    S::V steps[kTiles], lows[kTiles];
#pragma GCC unroll 2
    for (size_t t = 0; t < kTiles; ++t) {
      steps[t] = S::half(tile + size * t + 256);
      lows[t] = S::half(tile + size * t + 288);
    }
#pragma GCC unroll 4
    for (size_t r = 0; r < kRows; ++r) {
      const S::V scale = walk.scale(r), sum = walk.sum(r);
#pragma GCC unroll 2
      for (size_t t = 0; t < kTiles; ++t) {
        S::V& to = sums.floats[t][r];
        to = S::add(to, S::mul(_mm512_cvtepi32_ps(dots[t][r]), S::mul(steps[t], scale)));
        to = S::add(to, S::mul(lows[t], sum));
      }
    }
  }
  sums.store(out + stride * first, stride, add);
}

// Bytes stay unsigned; 128 · (sum of the quants) is taken off at the start.
template <size_t kRows, size_t kTiles>
void block_int8(const uint8_t* tile, size_t size, size_t groups, const Rows& in, size_t first, Ahead ahead, float* out, size_t stride, bool add) {
  using S = Sixteen;
  Sums<kRows, kTiles> sums;
  Walk<kRows> walk(in, first, groups);
  for (size_t g = 0; g < groups; ++g, tile += kInt8GroupSize, walk.next()) {
    ahead.ask<kTiles, kInt8GroupSize>(g, tile, size);
    __m512i dots[kTiles][kRows];
#pragma GCC unroll 4
    for (size_t r = 0; r < kRows; ++r) {
      const __m512i start = _mm512_sub_epi32(_mm512_setzero_si512(), _mm512_slli_epi32(walk.total(r), 7));
#pragma GCC unroll 2
      for (size_t t = 0; t < kTiles; ++t) dots[t][r] = start;
    }
#pragma GCC unroll 8
    for (size_t p = 0; p < 8; ++p) {
      __m512i w[kTiles];
#pragma GCC unroll 2
      for (size_t t = 0; t < kTiles; ++t) w[t] = _mm512_loadu_si512(tile + size * t + 64 * p);
#pragma GCC unroll 4
      for (size_t r = 0; r < kRows; ++r) {
        const __m512i x = walk.quants(r, 4 * p);
#pragma GCC unroll 2
        for (size_t t = 0; t < kTiles; ++t) dots[t][r] = dot4(dots[t][r], w[t], x);
      }
    }
    S::V steps[kTiles];
#pragma GCC unroll 2
    for (size_t t = 0; t < kTiles; ++t) steps[t] = S::half(tile + size * t + 512);
#pragma GCC unroll 4
    for (size_t r = 0; r < kRows; ++r) {
      const S::V scale = walk.scale(r);
#pragma GCC unroll 2
      for (size_t t = 0; t < kTiles; ++t) {
        S::V& to = sums.floats[t][r];
        to = S::add(to, S::mul(_mm512_cvtepi32_ps(dots[t][r]), S::mul(steps[t], scale)));
      }
    }
  }
  sums.store(out + stride * first, stride, add);
}

template <size_t kRows, size_t kTiles>
void block(Format format, const uint8_t* tile, size_t size, size_t groups, const Rows& in, size_t first, Ahead ahead, float* out, size_t stride, bool add) {
  format == Format::int4 ? block_int4<kRows, kTiles>(tile, size, groups, in, first, ahead, out, stride, add)
                         : block_int8<kRows, kTiles>(tile, size, groups, in, first, ahead, out, stride, add);
}

template <size_t kTiles>
void blocks(Format format, const uint8_t* tile, size_t size, size_t groups, const Rows& in, float* out, size_t stride, bool add) {
  const size_t passes = (in.count + 3) / 4;
  size_t r = 0;
  for (; r + 4 <= in.count; r += 4) block<4, kTiles>(format, tile, size, groups, in, r, {r / 4, passes}, out, stride, add);
  switch (in.count - r) {
    case 3: block<3, kTiles>(format, tile, size, groups, in, r, {r / 4, passes}, out, stride, add); break;
    case 2: block<2, kTiles>(format, tile, size, groups, in, r, {r / 4, passes}, out, stride, add); break;
    case 1: block<1, kTiles>(format, tile, size, groups, in, r, {r / 4, passes}, out, stride, add); break;
    default: break;
  }
}

struct Floats {
  static constexpr size_t kRowsMax = 8;

  template <size_t kRows>
  static void rows(Format format, const uint8_t* tile, size_t depth, const Rows& in, size_t first, float* out, size_t stride, bool add) {
    rows_floats<kRows>(format, tile, depth, in, first, out, stride, add);
  }
};

void product(Format format, const uint8_t* tiles, size_t tile_count, size_t depth, const Rows& rows, float* out, size_t stride, bool add) {
  if (format != Format::int4 && format != Format::int8) return product_lanes<Floats>(format, tiles, tile_count, depth, rows, out, stride, add);
  const size_t size = tile_size(format, depth), groups = depth / kGroup;
  size_t t = 0;
  if (rows.count > 2)
    for (; t + 2 <= tile_count; t += 2) blocks<2>(format, tiles + size * t, size, groups, rows, out + kTileColumns * t, stride, add);
  for (; t < tile_count; ++t) blocks<1>(format, tiles + size * t, size, groups, rows, out + kTileColumns * t, stride, add);
}

struct Quants {
  static int32_t put(__m512 a, __m512 b, int8_t* to) {
    const __m512i p = _mm512_cvtps_epi32(a), q = _mm512_cvtps_epi32(b);
    _mm_storeu_si128(reinterpret_cast<__m128i*>(to), _mm512_cvtepi32_epi8(p));
    _mm_storeu_si128(reinterpret_cast<__m128i*>(to + 16), _mm512_cvtepi32_epi8(q));
    return _mm512_reduce_add_epi32(_mm512_add_epi32(p, q));
  }
};

}  // namespace

const Table avx512_gemm = {quantise_lanes<Quants>, product, largest_lanes};

}  // namespace zg::batching
