// Products on vectors of the 16 columns of a tile, written once over Sixteen. Weights of 4 and 8 bits are each ISA file's own; here:
//   rows_floats      up to 8 rows with a tile of floats
//   product_lanes    all tiles and rows, by a Blocks vocabulary: kRowsMax rows share one reading of a tile, rows<n>() does n of them
//   quantise_lanes, largest_lanes as table.hpp says
// Included inside the namespace of an ISA file.

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

template <size_t kRows>
void rows_floats(Format format, const uint8_t* tile, size_t depth, const Rows& in, size_t first, float* out, size_t stride, bool add) {
  switch (format) {
    case Format::bf16: return rows_float<Bf16, kRows>(tile, depth, in, first, out, stride, add);
    case Format::f16: return rows_float<F16, kRows>(tile, depth, in, first, out, stride, add);
    default: return rows_float<F32, kRows>(tile, depth, in, first, out, stride, add);
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

template <class Blocks>
void product_lanes(Format format, const uint8_t* tiles, size_t tile_count, size_t depth, const Rows& rows, float* out, size_t stride, bool add) {
  const size_t size = tile_size(format, depth);
  for (size_t t = 0; t < tile_count; ++t, tiles += size, out += kTileColumns) {
    size_t first = 0;
    for (; first + Blocks::kRowsMax <= rows.count; first += Blocks::kRowsMax)
      Blocks::template rows<Blocks::kRowsMax>(format, tiles, depth, rows, first, out, stride, add);
    const size_t left = rows.count - first;
    if constexpr (Blocks::kRowsMax > 4) {
      switch (left) {
        case 7: Blocks::template rows<7>(format, tiles, depth, rows, first, out, stride, add); continue;
        case 6: Blocks::template rows<6>(format, tiles, depth, rows, first, out, stride, add); continue;
        case 5: Blocks::template rows<5>(format, tiles, depth, rows, first, out, stride, add); continue;
        case 4: Blocks::template rows<4>(format, tiles, depth, rows, first, out, stride, add); continue;
        default: break;
      }
    }
    switch (left) {
      case 3: Blocks::template rows<3>(format, tiles, depth, rows, first, out, stride, add); break;
      case 2: Blocks::template rows<2>(format, tiles, depth, rows, first, out, stride, add); break;
      case 1: Blocks::template rows<1>(format, tiles, depth, rows, first, out, stride, add); break;
      default: break;
    }
  }
}

// A group whose largest value is below this is all zeros: 127 / max would overflow.
constexpr float kNothing = 1e-35f;

template <class Quants>
void quantise_lanes(const float* x, size_t depth, int8_t* quants, float* scales, float* sums, int32_t* totals) {
  using S = Sixteen;
  for (size_t g = 0; g < depth / kGroup; ++g, x += kGroup, quants += kGroup) {
    const S::V a = S::load(x), b = S::load(x + 16);
    const float largest = S::largest(S::max(S::abs(a), S::abs(b)));
    const bool nothing = largest < kNothing;
    const S::V factor = S::set(nothing ? 0.0f : 127.0f / largest);
    const int32_t sum = Quants::put(S::mul(a, factor), S::mul(b, factor), quants);
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
