// Products on vectors of the 16 columns of a tile, written once over Sixteen and a Dots vocabulary:
//   Int4, Int8      a group's weights in registers: load(group)
//   dot(w, x, n)    integer dot products of the group with 32 quants from x, whose sum is n, as floats
//   kRowsMax        rows that share one reading of the weights
//   quantise, largest as table.hpp says
// Included inside the namespace of an ISA file.

template <class Dots, size_t kRows>
void rows_int4(const uint8_t* tile, size_t groups, const Rows& in, size_t first, float* out, size_t stride, bool add) {
  using S = Sixteen;
  S::V totals[kRows];
  for (size_t r = 0; r < kRows; ++r) totals[r] = S::zero();
  const int8_t* quants = in.quants + first * groups * kGroup;
  const float *scales = in.scales + first * groups, *sums = in.sums + first * groups;
  for (size_t g = 0; g < groups; ++g, tile += kInt4GroupSize) {
    const typename Dots::Int4 weights(tile);
    const S::V steps = S::half(tile + 256), lows = S::half(tile + 288);
    for (size_t r = 0; r < kRows; ++r) {
      const S::V dots = Dots::dot(weights, quants + (r * groups + g) * kGroup);
      totals[r] = S::add(totals[r], S::mul(dots, S::mul(steps, S::set(scales[r * groups + g]))));
      totals[r] = S::add(totals[r], S::mul(lows, S::set(sums[r * groups + g])));
    }
  }
  for (size_t r = 0; r < kRows; ++r) {
    float* to = out + stride * (first + r);
    S::store(to, add ? S::add(S::load(to), totals[r]) : totals[r]);
  }
}

template <class Dots, size_t kRows>
void rows_int8(const uint8_t* tile, size_t groups, const Rows& in, size_t first, float* out, size_t stride, bool add) {
  using S = Sixteen;
  S::V totals[kRows];
  for (size_t r = 0; r < kRows; ++r) totals[r] = S::zero();
  const int8_t* quants = in.quants + first * groups * kGroup;
  const float* scales = in.scales + first * groups;
  const int32_t* counts = in.totals + first * groups;
  for (size_t g = 0; g < groups; ++g, tile += kInt8GroupSize) {
    const typename Dots::Int8 weights(tile);
    const S::V steps = S::half(tile + 512);
    for (size_t r = 0; r < kRows; ++r) {
      const S::V dots = Dots::dot(weights, quants + (r * groups + g) * kGroup, counts[r * groups + g]);
      totals[r] = S::add(totals[r], S::mul(dots, S::mul(steps, S::set(scales[r * groups + g]))));
    }
  }
  for (size_t r = 0; r < kRows; ++r) {
    float* to = out + stride * (first + r);
    S::store(to, add ? S::add(S::load(to), totals[r]) : totals[r]);
  }
}

struct Bf16 {
  static constexpr size_t kSize = 2;
  static Sixteen::V load(const uint8_t* from) { return Sixteen::bf16(from); }
};
struct F16 {
  static constexpr size_t kSize = 2;
  static Sixteen::V load(const uint8_t* from) { return Sixteen::half(from); }
};
struct F32 {
  static constexpr size_t kSize = 4;
  static Sixteen::V load(const uint8_t* from) { return Sixteen::load(reinterpret_cast<const float*>(from)); }
};

template <class Item, size_t kRows>
void rows_float(const uint8_t* tile, size_t depth, const Rows& in, size_t first, float* out, size_t stride, bool add) {
  using S = Sixteen;
  S::V totals[kRows];
  for (size_t r = 0; r < kRows; ++r) totals[r] = S::zero();
  const float* x = in.floats + first * depth;
  for (size_t k = 0; k < depth; ++k, tile += Item::kSize * kTileColumns) {
    const S::V weights = Item::load(tile);
    for (size_t r = 0; r < kRows; ++r) totals[r] = S::add(totals[r], S::mul(S::set(x[r * depth + k]), weights));
  }
  for (size_t r = 0; r < kRows; ++r) {
    float* to = out + stride * (first + r);
    S::store(to, add ? S::add(S::load(to), totals[r]) : totals[r]);
  }
}

template <class Dots, size_t kRows>
void rows_of(Format format, const uint8_t* tile, size_t depth, const Rows& in, size_t first, float* out, size_t stride, bool add) {
  switch (format) {
    case Format::int4: return rows_int4<Dots, kRows>(tile, depth / kGroup, in, first, out, stride, add);
    case Format::int8: return rows_int8<Dots, kRows>(tile, depth / kGroup, in, first, out, stride, add);
    case Format::bf16: return rows_float<Bf16, kRows>(tile, depth, in, first, out, stride, add);
    case Format::f16: return rows_float<F16, kRows>(tile, depth, in, first, out, stride, add);
    case Format::f32: return rows_float<F32, kRows>(tile, depth, in, first, out, stride, add);
  }
}

inline size_t tile_size(Format format, size_t depth) {
  switch (format) {
    case Format::int4: return depth / kGroup * kInt4GroupSize;
    case Format::int8: return depth / kGroup * kInt8GroupSize;
    case Format::f32: return depth * kTileColumns * 4;
    default: return depth * kTileColumns * 2;
  }
}

template <class Dots>
void product_lanes(Format format, const uint8_t* tiles, size_t tile_count, size_t depth, const Rows& rows, float* out, size_t stride, bool add) {
  const size_t size = tile_size(format, depth);
  for (size_t t = 0; t < tile_count; ++t, tiles += size, out += kTileColumns) {
    size_t first = 0;
    for (; first + Dots::kRowsMax <= rows.count; first += Dots::kRowsMax)
      rows_of<Dots, Dots::kRowsMax>(format, tiles, depth, rows, first, out, stride, add);
    const size_t left = rows.count - first;
    if constexpr (Dots::kRowsMax > 4) {
      switch (left) {
        case 7: rows_of<Dots, 7>(format, tiles, depth, rows, first, out, stride, add); continue;
        case 6: rows_of<Dots, 6>(format, tiles, depth, rows, first, out, stride, add); continue;
        case 5: rows_of<Dots, 5>(format, tiles, depth, rows, first, out, stride, add); continue;
        case 4: rows_of<Dots, 4>(format, tiles, depth, rows, first, out, stride, add); continue;
        default: break;
      }
    }
    switch (left) {
      case 3: rows_of<Dots, 3>(format, tiles, depth, rows, first, out, stride, add); break;
      case 2: rows_of<Dots, 2>(format, tiles, depth, rows, first, out, stride, add); break;
      case 1: rows_of<Dots, 1>(format, tiles, depth, rows, first, out, stride, add); break;
      default: break;
    }
  }
}

// A group whose largest value is below this is all zeros: 127 / max would overflow.
constexpr float kNothing = 1e-35f;

template <class Dots>
void quantise_lanes(const float* x, size_t depth, int8_t* quants, float* scales, float* sums, int32_t* totals) {
  using S = Sixteen;
  for (size_t g = 0; g < depth / kGroup; ++g, x += kGroup, quants += kGroup) {
    const S::V a = S::load(x), b = S::load(x + 16);
    const float largest = S::largest(S::max(S::abs(a), S::abs(b)));
    const bool nothing = largest < kNothing;
    const S::V factor = S::set(nothing ? 0.0f : 127.0f / largest);
    const int32_t sum = Dots::put(S::mul(a, factor), S::mul(b, factor), quants);
    scales[g] = nothing ? 0.0f : largest / 127.0f;
    sums[g] = scales[g] * static_cast<float>(sum);
    totals[g] = sum;
  }
}

// Values in blocks of 16; the few past the last whole block by themselves.
inline size_t largest_lanes(const float* values, size_t count) {
  using S = Sixteen;
  size_t at = 0, best = 0;
  if (count >= 16) {
    S::V most = S::load(values);
    for (at = 16; at + 16 <= count; at += 16) most = S::max(S::load(values + at), most);
    const float found = S::largest(most);
    while (best < at && values[best] != found) ++best;
    if (best == at) best = 0;  // not a number
  }
  for (; at < count; ++at)
    if (values[at] > values[best]) best = at;
  return best;
}
