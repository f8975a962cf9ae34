// The keccak256 algorithm, written once over a vocabulary L of `L::kWidth` parallel states.
//
// Included inside an anonymous namespace of each backend, after its vocabulary, so that nothing here is shared by the
// linker. A vocabulary has: V, kWidth, xor2, chi(a, b, c) = a ^ (~b & c), parity (of five), rotl<N>, broadcast, kOwnPlane
// (whether it brings plane() and sums() better than the plain ones here), keep(v, lanes) (zero where the bit of `lanes` is
// clear), load_64(rows, out) and load_pairs(lefts, rights, out) (transposed: out[w] has word w of every row),
// load_word(rows, at), store_digests(words, outs) and copy_tail(to, from, size) (a last block, padded). One with planes of
// its own needs no chi.
//
// State words are processed plane by plane in place: after round r logical word (x, y) lies at index x + 5 * (row of N^r
// (x, y)) with N = (1 0; 1 2) modulo 5, whose fourth power is the identity ("Keccak implementation overview", section 2.5).

#define ZG_INLINE static inline __attribute__((always_inline))

constexpr size_t kRate = 136;

constexpr uint64_t kRoundConstants[24] = {
    0x0000000000000001, 0x0000000000008082, 0x800000000000808a, 0x8000000080008000, 0x000000000000808b, 0x0000000080000001,
    0x8000000080008081, 0x8000000000008009, 0x000000000000008a, 0x0000000000000088, 0x0000000080008009, 0x000000008000000a,
    0x000000008000808b, 0x800000000000008b, 0x8000000000008089, 0x8000000000008003, 0x8000000000008002, 0x8000000000000080,
    0x000000000000800a, 0x800000008000000a, 0x8000000080008081, 0x8000000000008080, 0x0000000080000001, 0x8000000080008008};

// Rotation of word (x, y), at [5 * y + x].
constexpr int kRotation[25] = {0, 1, 62, 28, 27, 36, 44, 6, 55, 20, 3, 10, 43, 25, 39, 41, 45, 15, 21, 8, 18, 2, 61, 56, 14};

// Index of logical word (X, Y) before round R (modulo 4).
template <int R, int X, int Y>
struct At {
  static constexpr int kA = R % 4 == 0 ? 0 : R % 4 == 1 ? 1 : R % 4 == 2 ? 3 : 2;
  static constexpr int kB = R % 4 == 0 ? 1 : R % 4 == 1 ? 2 : R % 4 == 2 ? 4 : 3;
  static constexpr int value = X % 5 + 5 * ((kA * (X % 5) + kB * (Y % 5)) % 5);
};

// b := rotl(b ^ d), then chi; result X goes where b[X + 2 Y] was.
template <class L, int Y, int R0, int R1, int R2, int R3, int R4, class V>
ZG_INLINE void plain_plane(V& b0, V& b1, V& b2, V& b3, V& b4, V d0, V d1, V d2, V d3, V d4) {
  V b[5] = {L::template rotl<R0>(L::xor2(b0, d0)), L::template rotl<R1>(L::xor2(b1, d1)), L::template rotl<R2>(L::xor2(b2, d2)),
            L::template rotl<R3>(L::xor2(b3, d3)), L::template rotl<R4>(L::xor2(b4, d4))};
  constexpr int kShift = 5 - 2 * Y % 5;  // the place of b[X] takes result X - 2 Y
  b0 = L::chi(b[kShift % 5], b[(kShift + 1) % 5], b[(kShift + 2) % 5]);
  b1 = L::chi(b[(kShift + 1) % 5], b[(kShift + 2) % 5], b[(kShift + 3) % 5]);
  b2 = L::chi(b[(kShift + 2) % 5], b[(kShift + 3) % 5], b[(kShift + 4) % 5]);
  b3 = L::chi(b[(kShift + 3) % 5], b[(kShift + 4) % 5], b[kShift % 5]);
  b4 = L::chi(b[(kShift + 4) % 5], b[kShift % 5], b[(kShift + 1) % 5]);
}

// One plane of theta (the part that is left), rho, pi and chi. Word (X + 3 Y, X) of the old state becomes b[X] of plane Y.
template <class L, int R, int Y>
ZG_INLINE void plane(typename L::V* a, const typename L::V* d) {
  constexpr int kX[5] = {3 * Y % 5, (1 + 3 * Y) % 5, (2 + 3 * Y) % 5, (3 + 3 * Y) % 5, (4 + 3 * Y) % 5};
  constexpr int kR[5] = {kRotation[kX[0]], kRotation[5 + kX[1]], kRotation[10 + kX[2]], kRotation[15 + kX[3]], kRotation[20 + kX[4]]};
  typename L::V& b0 = a[At<R, kX[0], 0>::value];
  typename L::V& b1 = a[At<R, kX[1], 1>::value];
  typename L::V& b2 = a[At<R, kX[2], 2>::value];
  typename L::V& b3 = a[At<R, kX[3], 3>::value];
  typename L::V& b4 = a[At<R, kX[4], 4>::value];
  if constexpr (L::kOwnPlane) {
    L::template plane<Y, kR[0], kR[1], kR[2], kR[3], kR[4]>(b0, b1, b2, b3, b4, d[kX[0]], d[kX[1]], d[kX[2]], d[kX[3]], d[kX[4]]);
  } else {
    plain_plane<L, Y, kR[0], kR[1], kR[2], kR[3], kR[4]>(b0, b1, b2, b3, b4, d[kX[0]], d[kX[1]], d[kX[2]], d[kX[3]], d[kX[4]]);
  }
  static_assert(At<R + 1, 0, Y>::value == At<R, (2 * Y + 3 * Y) % 5, 2 * Y % 5>::value);
}

template <class L>
ZG_INLINE void theta(const typename L::V* a, typename L::V* d) {
  typename L::V c0 = L::parity(a[0], a[5], a[10], a[15], a[20]);
  typename L::V c1 = L::parity(a[1], a[6], a[11], a[16], a[21]);
  typename L::V c2 = L::parity(a[2], a[7], a[12], a[17], a[22]);
  typename L::V c3 = L::parity(a[3], a[8], a[13], a[18], a[23]);
  typename L::V c4 = L::parity(a[4], a[9], a[14], a[19], a[24]);
  if constexpr (L::kOwnPlane) {
    L::sums(c0, c1, c2, c3, c4, d);
  } else {
    d[0] = L::xor2(c4, L::template rotl<1>(c1));
    d[1] = L::xor2(c0, L::template rotl<1>(c2));
    d[2] = L::xor2(c1, L::template rotl<1>(c3));
    d[3] = L::xor2(c2, L::template rotl<1>(c4));
    d[4] = L::xor2(c3, L::template rotl<1>(c0));
  }
}

template <class L, int R>
ZG_INLINE void round(typename L::V* a, uint64_t constant) {
  typename L::V d[5];
  theta<L>(a, d);
  plane<L, R, 0>(a, d);
  a[0] = L::xor2(a[0], L::broadcast(constant));
  plane<L, R, 1>(a, d);
  plane<L, R, 2>(a, d);
  plane<L, R, 3>(a, d);
  plane<L, R, 4>(a, d);
}

template <class L>
ZG_INLINE void permute(typename L::V* a) {
#pragma GCC unroll 1
  for (int r = 0; r < 24; r += 4) {
    round<L, 0>(a, kRoundConstants[r]);
    round<L, 1>(a, kRoundConstants[r + 1]);
    round<L, 2>(a, kRoundConstants[r + 2]);
    round<L, 3>(a, kRoundConstants[r + 3]);
  }
}

// The permutation when only words 0 to 3 are wanted: the last round computes one plane.
template <class L>
ZG_INLINE void permute_last(typename L::V* a) {
#pragma GCC unroll 1
  for (int r = 0; r < 20; r += 4) {
    round<L, 0>(a, kRoundConstants[r]);
    round<L, 1>(a, kRoundConstants[r + 1]);
    round<L, 2>(a, kRoundConstants[r + 2]);
    round<L, 3>(a, kRoundConstants[r + 3]);
  }
  round<L, 0>(a, kRoundConstants[20]);
  round<L, 1>(a, kRoundConstants[21]);
  round<L, 2>(a, kRoundConstants[22]);
  typename L::V d[5];
  theta<L>(a, d);
  plane<L, 3, 0>(a, d);
  a[0] = L::xor2(a[0], L::broadcast(kRoundConstants[23]));
}

// Digest words a[0..3] of inputs of 64 bytes whose words are a[0..7]; padding and capacity are constants.
template <class L>
ZG_INLINE void digest_64(typename L::V* a) {
  a[8] = L::broadcast(1);
#pragma GCC unroll 25
  for (int i = 9; i < 25; ++i) a[i] = L::broadcast(0);
  a[16] = L::broadcast(uint64_t{1} << 63);
  permute_last<L>(a);
}

template <class L>
ZG_INLINE void store_row(const typename L::V* a, uint8_t* to) {
  uint8_t* outs[L::kWidth];
  for (int i = 0; i < L::kWidth; ++i) outs[i] = to + 32 * i;
  L::store_digests(a, outs);
}

template <class L>
void hash_64_lanes(const uint8_t* data, size_t count, uint8_t* digests) {
  constexpr size_t kWidth = L::kWidth;
  typename L::V a[25];
  const uint8_t* rows[kWidth];
  for (; count >= kWidth; count -= kWidth) {
    for (size_t i = 0; i < kWidth; ++i) rows[i] = data + 64 * i;
    L::load_64(rows, a);
    digest_64<L>(a);
    store_row<L>(a, digests);
    data += 64 * kWidth;
    digests += 32 * kWidth;
  }
  if (count == 0) return;
  // The rest: spare lanes repeat the last input and write into a bin.
  uint8_t bin[32];
  uint8_t* outs[kWidth];
  for (size_t i = 0; i < kWidth; ++i) {
    rows[i] = data + 64 * (i < count ? i : count - 1);
    outs[i] = i < count ? digests + 32 * i : bin;
  }
  L::load_64(rows, a);
  digest_64<L>(a);
  L::store_digests(a, outs);
}

template <class L>
void hash_pairs_lanes(const uint8_t* const* lefts, const uint8_t* const* rights, uint8_t* const* outs, size_t count) {
  constexpr size_t kWidth = L::kWidth;
  typename L::V a[25];
  for (; count >= kWidth; count -= kWidth) {
    L::load_pairs(lefts, rights, a);
    digest_64<L>(a);
    L::store_digests(a, outs);
    lefts += kWidth;
    rights += kWidth;
    outs += kWidth;
  }
  if (count == 0) return;
  uint8_t bin[32];
  const uint8_t* last_lefts[kWidth];
  const uint8_t* last_rights[kWidth];
  uint8_t* last_outs[kWidth];
  for (size_t i = 0; i < kWidth; ++i) {
    last_lefts[i] = lefts[i < count ? i : count - 1];
    last_rights[i] = rights[i < count ? i : count - 1];
    last_outs[i] = i < count ? outs[i] : bin;
  }
  L::load_pairs(last_lefts, last_rights, a);
  digest_64<L>(a);
  L::store_digests(a, last_outs);
}

// Brings the first lines of an input near before its lane is free: scattered inputs defeat the hardware's guesses.
ZG_INLINE void fetch_ahead(Bytes input) {
  const size_t size = input.size < 640 ? input.size : 640;
  for (size_t at = 0; at < size; at += 64) __builtin_prefetch(input.data + at);
}

// Ragged inputs. Longest first by counting blocks, so that few lanes idle at the end; a lane that finishes takes the next
// input at once.
template <class L>
void hash_views_lanes(const Bytes* inputs, size_t count, uint8_t* digests) {
  constexpr int kWidth = L::kWidth;
  constexpr size_t kChunk = 1024;
  constexpr size_t kBuckets = 64;  // inputs of more blocks share the first bucket
  alignas(64) typename L::V state[25];
  alignas(64) uint8_t tails[kWidth][192];
  uint8_t bin[32];
  uint16_t order[kChunk];

  while (count != 0) {
    const size_t chunk = count < kChunk ? count : kChunk;
    uint16_t starts[kBuckets + 1] = {};
    auto bucket = [&](size_t i) {
      const size_t blocks = inputs[i].size / kRate;
      return blocks >= kBuckets ? size_t{0} : kBuckets - 1 - blocks;
    };
    for (size_t i = 0; i < chunk; ++i) ++starts[bucket(i) + 1];
    for (size_t i = 0; i < kBuckets; ++i) starts[i + 1] = static_cast<uint16_t>(starts[i + 1] + starts[i]);
    for (size_t i = 0; i < chunk; ++i) order[starts[bucket(i)]++] = static_cast<uint16_t>(i);

    Bytes left[kWidth];         // what a lane has still to absorb
    uint8_t* outs[kWidth];      // where its digest goes; null: the lane idles
    const uint8_t* rows[kWidth];
    size_t next = 0;
    int busy = 0;
    unsigned keep = 0;  // lanes that go on with their state
    for (int i = 0; i < kWidth; ++i) {
      outs[i] = nullptr;
      if (next < chunk) {
        if (next + kWidth < chunk) fetch_ahead(inputs[order[next + kWidth]]);
        left[i] = inputs[order[next]];
        outs[i] = digests + 32 * size_t{order[next++]};
        ++busy;
      }
      L::copy_tail(tails[i], nullptr, 0);
      rows[i] = tails[i];
    }
#pragma GCC unroll 25
    for (int i = 0; i < 25; ++i) state[i] = L::broadcast(0);

    while (busy != 0) {
      unsigned finished = 0;
      for (int i = 0; i < kWidth; ++i) {
        if (outs[i] == nullptr) continue;
        if (left[i].size >= kRate) {
          rows[i] = left[i].data;
          left[i].data += kRate;
          left[i].size -= kRate;
        } else {
          L::copy_tail(tails[i], left[i].data, left[i].size);
          rows[i] = tails[i];
          finished |= 1u << i;
        }
      }
      typename L::V a[25], m[8];
      L::load_64(rows, m);
#pragma GCC unroll 25
      for (int w = 0; w < 8; ++w) a[w] = L::xor2(L::keep(state[w], keep), m[w]);
      const uint8_t* middle[kWidth];
      for (int i = 0; i < kWidth; ++i) middle[i] = rows[i] + 64;
      L::load_64(middle, m);
#pragma GCC unroll 25
      for (int w = 0; w < 8; ++w) a[w + 8] = L::xor2(L::keep(state[w + 8], keep), m[w]);
      a[16] = L::xor2(L::keep(state[16], keep), L::load_word(rows, 128));
#pragma GCC unroll 25
      for (int w = 17; w < 25; ++w) a[w] = L::keep(state[w], keep);
      permute<L>(a);
#pragma GCC unroll 25
      for (int w = 0; w < 25; ++w) state[w] = a[w];
      keep = ~finished;
      if (finished == 0) continue;
      uint8_t* targets[kWidth];
      for (int i = 0; i < kWidth; ++i) {
        if ((finished >> i & 1) == 0) {
          targets[i] = bin;
          continue;
        }
        targets[i] = outs[i];
        if (next < chunk) {
          if (next + kWidth < chunk) fetch_ahead(inputs[order[next + kWidth]]);
          left[i] = inputs[order[next]];
          outs[i] = digests + 32 * size_t{order[next++]};
        } else {
          outs[i] = nullptr;
          --busy;
        }
      }
      L::store_digests(a, targets);
    }
    inputs += chunk;
    digests += 32 * chunk;
    count -= chunk;
  }
}
