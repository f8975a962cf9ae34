// Attention on sixteen lanes, written once over Sixteen. Included inside the namespace of an ISA file.
//
// A lane is a position while scores are made and a value while outputs are: no sum runs across lanes but the last one of the
// weights. Queries go three at a time (a common number of heads to a key head), so that a page is read once for them.

inline void store(const float* key, const float* value, size_t head_size, uint16_t* share, size_t slot) {
  using S = Sixteen;
  uint16_t* values = share + kPagePositions * head_size + head_size * slot;
  for (size_t d = 0; d < head_size; d += 16) {
    alignas(64) uint16_t rounded[16];
    S::store_bf16(rounded, S::load(key + d));
    for (size_t i = 0; i < 16; ++i) share[kPagePositions * (d + i) + slot] = rounded[i];
    S::store_bf16(values + d, S::load(value + d));
  }
}

inline Sixteen::V bf16_at(const uint16_t* from) { return Sixteen::bf16(reinterpret_cast<const uint8_t*>(from)); }

// While keys are read, a line at a time, their values are asked for, and the keys of the next head, whose share lies behind this one.
inline void ask_for(const uint16_t* keys, size_t head_size) {
  _mm_prefetch(reinterpret_cast<const char*>(keys + kPagePositions * head_size), _MM_HINT_T0);
  _mm_prefetch(reinterpret_cast<const char*>(keys + 2 * kPagePositions * head_size), _MM_HINT_T0);
}

// Scores of kHeads queries with kPages pages; sixteen to a page.
template <size_t kHeads, size_t kPages>
void scores_of(const float* queries, size_t head_size, const uint16_t* const* shares, float scale, float* scores, size_t stride) {
  using S = Sixteen;
  S::V sums[kHeads][kPages];
  for (size_t h = 0; h < kHeads; ++h)
    for (size_t p = 0; p < kPages; ++p) sums[h][p] = S::zero();
  for (size_t d = 0; d < head_size; ++d) {
    S::V keys[kPages];
    for (size_t p = 0; p < kPages; ++p) keys[p] = bf16_at(shares[p] + kPagePositions * d);
    if (d % 2 == 0)
      for (size_t p = 0; p < kPages; ++p) ask_for(shares[p] + kPagePositions * d, head_size);
    for (size_t h = 0; h < kHeads; ++h) {
      const S::V q = S::set(queries[head_size * h + d]);
      for (size_t p = 0; p < kPages; ++p) sums[h][p] = S::add(sums[h][p], S::mul(q, keys[p]));
    }
  }
  for (size_t h = 0; h < kHeads; ++h)
    for (size_t p = 0; p < kPages; ++p) S::store(scores + stride * h + kPagePositions * p, S::mul(sums[h][p], S::set(scale)));
}

// Scores to weights, in place; returns one over their sum.
inline float weigh(float* scores, size_t length) {
  using S = Sixteen;
  const size_t whole = length / 16 * 16, rest = length - whole;
  S::V most = S::set(-3.4e38f);
  for (size_t at = 0; at < whole; at += 16) most = S::max(most, S::load(scores + at));
  if (rest != 0) most = S::max(most, S::first_else(S::load(scores + whole), rest, -3.4e38f));
  const S::V largest = S::set(S::largest(most));
  S::V sums = S::zero();
  for (size_t at = 0; at < whole; at += 16) {
    const S::V weights = exp_lanes(S::sub(S::load(scores + at), largest));
    S::store(scores + at, weights);
    sums = S::add(sums, weights);
  }
  if (rest != 0) {
    const S::V weights = S::first(exp_lanes(S::sub(S::load(scores + whole), largest)), rest);
    S::store(scores + whole, weights);
    sums = S::add(sums, weights);
  }
  return 1.0f / S::fold(sums);
}

// Sixteen or kVectors · 16 values of kHeads outputs.
template <size_t kHeads, size_t kVectors>
void outputs_of(const float* weights, size_t stride, const float* factors, size_t head_size, const uint16_t* const* shares, size_t length, size_t first,
                float* out) {
  using S = Sixteen;
  S::V sums[kHeads][kVectors];
  for (size_t h = 0; h < kHeads; ++h)
    for (size_t v = 0; v < kVectors; ++v) sums[h][v] = S::zero();
  for (size_t begin = 0; begin < length; begin += kPagePositions) {
    const uint16_t* values = shares[begin / kPagePositions] + kPagePositions * head_size + first;
    const size_t count = length - begin < kPagePositions ? length - begin : kPagePositions;
    for (size_t i = 0; i < count; ++i, values += head_size) {
      S::V row[kVectors];
      for (size_t v = 0; v < kVectors; ++v) row[v] = bf16_at(values + 16 * v);
      for (size_t h = 0; h < kHeads; ++h) {
        const S::V weight = S::set(weights[stride * h + begin + i]);
        for (size_t v = 0; v < kVectors; ++v) sums[h][v] = S::add(sums[h][v], S::mul(weight, row[v]));
      }
    }
  }
  for (size_t h = 0; h < kHeads; ++h)
    for (size_t v = 0; v < kVectors; ++v) S::store(out + head_size * h + first + 16 * v, S::mul(sums[h][v], S::set(factors[h])));
}

template <size_t kHeads>
void attend_heads(const float* queries, size_t head_size, const uint16_t* const* shares, size_t length, float scale, float* scratch, float* out) {
  const size_t pages = (length + kPagePositions - 1) / kPagePositions, stride = pages * kPagePositions;
  size_t page = 0;
  for (; page + 4 <= pages; page += 4) scores_of<kHeads, 4>(queries, head_size, shares + page, scale, scratch + kPagePositions * page, stride);
  for (; page < pages; ++page) scores_of<kHeads, 1>(queries, head_size, shares + page, scale, scratch + kPagePositions * page, stride);
  float factors[kHeads];
  for (size_t h = 0; h < kHeads; ++h) factors[h] = weigh(scratch + stride * h, length);
  size_t first = 0;
  for (; first + 64 <= head_size; first += 64) outputs_of<kHeads, 4>(scratch, stride, factors, head_size, shares, length, first, out);
  for (; first < head_size; first += 16) outputs_of<kHeads, 1>(scratch, stride, factors, head_size, shares, length, first, out);
}

inline void attend(const float* queries, size_t heads, size_t head_size, const uint16_t* const* shares, size_t length, float scale, float* scratch,
                   float* out) {
  size_t h = 0;
  for (; h + 4 <= heads; h += 4) attend_heads<4>(queries + head_size * h, head_size, shares, length, scale, scratch, out + head_size * h);
  switch (heads - h) {
    case 3: attend_heads<3>(queries + head_size * h, head_size, shares, length, scale, scratch, out + head_size * h); break;
    case 2: attend_heads<2>(queries + head_size * h, head_size, shares, length, scale, scratch, out + head_size * h); break;
    case 1: attend_heads<1>(queries + head_size * h, head_size, shares, length, scale, scratch, out + head_size * h); break;
    default: break;
  }
}
