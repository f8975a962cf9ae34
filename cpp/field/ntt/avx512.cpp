// Eight vectors at once, a vector a lane: all lanes use the same roots. Between the layers numbers are five limbs of 52 bits
// that stand for a value modulo 2^260; the value itself stays below 84 p < 2^260, so that sums and differences need no
// reduction and limbs may be negative or too long until they are multiplied.
#include "field/bn254_lanes.hpp"
#include "field/ntt/table.hpp"

namespace zg::ntt {

namespace {

using namespace bn254;

// A factor w and floor(w 2^260 / p), both in limbs: a product by w then needs no division [Shoup; Harvey 2014].
struct Factor {
  uint64_t value[5], quotient[5];
};

// ---- constants

// -1 / p mod 2^260, bit by bit: p x + 1 = 0.
constexpr Constant negative_inverse_260(const Constant& p) {
  Constant x{}, sum{{1, 0, 0, 0, 0}};
  for (int bit = 0; bit < 260; ++bit) {
    const int limb = bit / 52, shift = bit % 52;
    if ((sum.l[limb] >> shift & 1) == 0) continue;
    x.l[limb] |= uint64_t{1} << shift;
    uint64_t carry = 0;
    for (int i = limb; i < 5; ++i) {
      const uint64_t low = p.l[i - limb] << shift & kMask52;
      const uint64_t high = i == limb || shift == 0 ? 0 : p.l[i - limb - 1] >> (52 - shift);
      const uint64_t total = sum.l[i] + low + high + carry;
      sum.l[i] = total & kMask52;
      carry = total >> 52;
    }
  }
  return x;
}

// 2^260 - p.
constexpr Constant complement_260(const Constant& p) {
  Constant out{};
  uint64_t borrow = 0;
  for (int i = 0; i < 5; ++i) {
    const uint64_t difference = 0 - p.l[i] - borrow;
    out.l[i] = difference & kMask52;
    borrow = difference >> 63;
  }
  return out;
}

constexpr Constant times(uint64_t factor, const Constant& p) {
  Constant out{};
  for (int i = 0; i < 5; ++i) out.l[i] = factor * p.l[i];  // limbs beyond 52 bits are meant
  return out;
}

constexpr Constant kP = kFrLanes.p;
constexpr Constant kNegativeInverse = negative_inverse_260(kP);
constexpr Constant kMinusP = complement_260(kP);
constexpr Constant kOne = {{1, 0, 0, 0, 0}};
constexpr Constant kSixteen = {{16, 0, 0, 0, 0}};
constexpr Constant kBias3 = times(3, kP), kBias6 = times(6, kP);

// ---- arithmetic

ZG_LANES V broadcast(const uint64_t* at) { return _mm512_set1_epi64(static_cast<long long>(*at)); }

// Carries of limbs that may be negative or long; the value modulo 2^260 becomes the value.
ZG_LANES Limbs settle(const Limbs& a) {
  Limbs r = ripple_signed(a);
  r.l[4] = low52(r.l[4]);
  return r;
}

// The same for the multiplier, which reads the low 52 bits of a limb: the others may stay.
ZG_LANES Limbs carried(Limbs a) {
#pragma GCC unroll 4
  for (int i = 0; i < 4; ++i) a.l[i + 1] = add(a.l[i + 1], _mm512_srai_epi64(a.l[i], 52));
  return a;
}

// a w modulo p, below 3 p, for carried a; limbs below 2^57.
//
// The quotient is taken from the columns of a · quotient from the fourth on: what is below changes it by less than one. Then
// a w - q p, below 2^260, is right in its five lowest limbs.
ZG_LANES Limbs product(const Limbs& a, const Factor* factor) {
  const V zero = _mm512_setzero_si512();
  V w[5], h[5];
#pragma GCC unroll 5
  for (int i = 0; i < 5; ++i) {
    w[i] = broadcast(factor->value + i);
    h[i] = broadcast(factor->quotient + i);
  }
  V c[6] = {zero, zero, zero, zero, zero, zero};  // columns 4 … 9
#pragma GCC unroll 5
  for (int i = 0; i < 5; ++i) {
#pragma GCC unroll 5
    for (int j = 4 - i; j < 5; ++j) c[i + j - 4] = madd_lo(c[i + j - 4], a.l[i], h[j]);
#pragma GCC unroll 5
    for (int j = 3 - i < 0 ? 0 : 3 - i; j < 5; ++j) c[i + j - 3] = madd_hi(c[i + j - 3], a.l[i], h[j]);
  }
  Limbs t{{zero, zero, zero, zero, zero}};
#pragma GCC unroll 5
  for (int i = 0; i < 5; ++i) {
#pragma GCC unroll 5
    for (int j = 0; j < 5 - i; ++j) t.l[i + j] = madd_lo(t.l[i + j], a.l[i], w[j]);
#pragma GCC unroll 5
    for (int j = 0; j < 4 - i; ++j) t.l[i + j + 1] = madd_hi(t.l[i + j + 1], a.l[i], w[j]);
  }
#pragma GCC unroll 5
  for (int k = 0; k < 5; ++k) c[k + 1] = add(c[k + 1], _mm512_srli_epi64(c[k], 52));
#pragma GCC unroll 5
  for (int i = 0; i < 5; ++i) {
    // The multiplier reads 52 bits: columns need no mask.
#pragma GCC unroll 5
    for (int j = 0; j < 5 - i; ++j) t.l[i + j] = madd_lo(t.l[i + j], c[i + 1], splat(kMinusP.l[j]));
#pragma GCC unroll 5
    for (int j = 0; j < 4 - i; ++j) t.l[i + j + 1] = madd_hi(t.l[i + j + 1], c[i + 1], splat(kMinusP.l[j]));
  }
  return t;
}

// The words below p of a value below 84 p.
ZG_LANES void canonical_words(const Limbs& value, V words[4]) {
  Limbs a = settle(value);
  // floor(value / p) or one less, from the highest limb.
  constexpr uint64_t kReciprocal = (uint64_t{1} << 63) / (kP.l[4] + 1) << 34;  // 2^97 / p_4, rounded down
  const V q = _mm512_srli_epi64(madd_hi(_mm512_setzero_si512(), a.l[4], splat(kReciprocal)), 45);
#pragma GCC unroll 5
  for (int i = 0; i < 5; ++i) a.l[i] = madd_lo(a.l[i], q, splat(kMinusP.l[i]));
#pragma GCC unroll 4
  for (int i = 0; i < 4; ++i) a.l[i + 1] = madd_hi(a.l[i + 1], q, splat(kMinusP.l[i]));
  to_words(canonical_below_2p(settle(a), kP), words);
}

// ---- memory

ZG_LANES void put(V* slot, const Limbs& a) {
#pragma GCC unroll 5
  for (int i = 0; i < 5; ++i) slot[i] = a.l[i];
}
ZG_LANES Limbs get(const V* slot) { return {{slot[0], slot[1], slot[2], slot[3], slot[4]}}; }

// Where element k of the vectors of one group begins.
struct Place {
  const uint64_t* base;
  size_t step, pitch;  // words
};

// Eight vectors whose elements k lie side by side, or in rows of their own.
ZG_LANES void load_side(const Place& place, size_t k, V words[4]) { load8_words(place.base + place.step * k, words); }

// Columns of a matrix jump from page to page, where no hardware prefetcher follows.
constexpr size_t kAhead = 6;
ZG_LANES void fetch_side(const Place& place, size_t k) {
#pragma GCC unroll 4
  for (size_t line = 0; line < 4; ++line) _mm_prefetch(place.base + place.step * k + 8 * line, _MM_HINT_T0);
}

// Elements k and k + 1 of eight rows, in the order of the rows or in that of load8.
template <bool side_order>
ZG_LANES void load_rows(const Place& place, size_t k, V words[8]) {
#pragma GCC unroll 8
  for (int i = 0; i < 8; ++i)
    words[i] = _mm512_loadu_si512(place.base + place.pitch * static_cast<size_t>(side_order ? kLaneOrder[i] : i) + 4 * k);
  transpose8(words);
}

ZG_LANES void store_rows(const uint64_t* base, size_t pitch, size_t k, V words[8]) {
  transpose8(words);
#pragma GCC unroll 8
  for (int i = 0; i < 8; ++i) _mm512_storeu_si512(const_cast<uint64_t*>(base) + pitch * static_cast<size_t>(i) + 4 * k, words[i]);
}

// Any strides, any number of lanes: word by word. Lanes beyond `lanes` are zero.
void load_any(const Place& place, size_t k, size_t lanes, V words[4]) {
  uint64_t parts[4][8] = {};
  for (size_t lane = 0; lane < lanes; ++lane)
    for (size_t w = 0; w < 4; ++w) parts[w][lane] = place.base[place.step * k + place.pitch * lane + w];
  for (size_t w = 0; w < 4; ++w) words[w] = _mm512_loadu_si512(parts[w]);
}

void store_any(uint64_t* base, size_t step, size_t pitch, size_t k, size_t lanes, const V words[4]) {
  uint64_t parts[4][8];
  for (size_t w = 0; w < 4; ++w) _mm512_storeu_si512(parts[w], words[w]);
  for (size_t lane = 0; lane < lanes; ++lane)
    for (size_t w = 0; w < 4; ++w) base[step * k + pitch * lane + w] = parts[w][lane];
}

size_t reversed(size_t index, unsigned bits) {
  size_t out = 0;
  for (unsigned i = 0; i < bits; ++i) out |= (index >> i & 1) << (bits - 1 - i);
  return out;
}

// ---- layers

// Elements of one input, weighed. Below 3 p.
ZG_LANES Limbs weighed(const V words[4], const V* twist, const Factor* pre) {
  Limbs a = from_words(words);
  if (twist != nullptr) a = mont_mul(a, from_words(twist), kFrLanes);
  if (pre != nullptr) a = product(a, pre);
  return a;
}

// The first two layers on four inputs, to slots 0 … 3: below 12 p.
ZG_LANES void first_layers(const Limbs& a0, const Limbs& a1, const Limbs& a2, const Limbs& a3, const Factor* quarter, V* slots) {
  const Limbs bias3 = splat(kBias3), bias6 = splat(kBias6);
  const Limbs s0 = add(a0, a1), d0 = add(sub(a0, a1), bias3), s2 = add(a2, a3);
  const Limbs turned = product(carried(add(sub(a2, a3), bias3)), quarter);
  put(slots, add(s0, s2));
  put(slots + 5, add(d0, turned));
  put(slots + 10, add(sub(s0, s2), bias6));
  put(slots + 15, add(sub(d0, turned), bias3));
}

ZG_LANES void butterfly(V* low, V* high, const Factor* root) {
  const Limbs u = get(low), t = product(carried(get(high)), root);
  put(low, add(u, t));
  put(high, add(sub(u, t), splat(kBias3)));
}

// Layers of half-blocks `from`, 2 from, … below `to` over `count` slots.
void layers(V* slots, size_t count, size_t from, size_t to, const Factor* roots) {
  for (size_t half = from; half < to; half *= 2)
    for (size_t block = 0; block < count; block += 2 * half)
      for (size_t j = 0; j < half; ++j) butterfly(slots + 5 * (block + j), slots + 5 * (block + half + j), roots + half + j);
}

constexpr size_t kCachedSlots = 64;  // 20 KiB: stay in the first-level cache

void all_layers(V* slots, size_t n, const Factor* roots) {
  for (size_t at = 0; at < n; at += kCachedSlots) layers(slots + 5 * at, kCachedSlots < n ? kCachedSlots : n, 4, kCachedSlots < n ? kCachedSlots : n, roots);
  if (n > kCachedSlots) layers(slots, n, kCachedSlots, n, roots);
}

// How the elements of a group lie: side by side, in rows, or in rows that come out side by side.
enum class Shape { side, rows, turned };

template <Shape shape>
void load(const Pass& pass, const Place& in, const Place& twist, V* slots) {
  const size_t n = size_t{1} << pass.log_size, quarter = n / 4;
  const auto *roots = static_cast<const Factor*>(pass.roots), *pre = static_cast<const Factor*>(pass.pre);
  constexpr size_t kWide = shape == Shape::side ? 1 : 2;
  for (size_t k = 0; k < quarter; k += kWide) {
    Limbs a[4][kWide];
    for (size_t q = 0; q < 4; ++q) {
      const size_t at = k + quarter * q;
      V words[4 * kWide], twists[4 * kWide];
      if constexpr (shape != Shape::side) {
        load_rows<shape == Shape::turned>(in, at, words);
        if (pass.twist != nullptr) load_rows<shape == Shape::turned>(twist, at, twists);
      } else {
        if (k + kAhead < quarter) {
          fetch_side(in, at + kAhead);
          if (pass.twist != nullptr) fetch_side(twist, at + kAhead);
        }
        load_side(in, at, words);
        if (pass.twist != nullptr) load_side(twist, at, twists);
      }
      for (size_t i = 0; i < kWide; ++i)
        a[q][i] = weighed(words + 4 * i, pass.twist != nullptr ? twists + 4 * i : nullptr, pre != nullptr ? pre + at + i : nullptr);
    }
    // Slots of a quarter's four elements follow each other in bit-reversed order: 0, 2, 1, 3.
    for (size_t i = 0; i < kWide; ++i)
      first_layers(a[0][i], a[2][i], a[1][i], a[3][i], roots + 3, slots + 5 * reversed(k + i, pass.log_size));
  }
}

template <Shape shape>
void store(const Pass& pass, uint64_t* out, const V* slots) {
  const size_t n = size_t{1} << pass.log_size;
  const auto* post = static_cast<const Factor*>(pass.post);
  constexpr size_t kWide = shape == Shape::rows ? 2 : 1;
  for (size_t k = 0; k < n; k += kWide) {
    V words[4 * kWide];
    for (size_t i = 0; i < kWide; ++i) {
      Limbs a = get(slots + 5 * (k + i));
      if (post != nullptr) a = product(carried(a), post + k + i);
      canonical_words(a, words + 4 * i);
    }
    if constexpr (shape == Shape::rows) {
      store_rows(out, 4 * pass.out_pitch, k, words);
    } else {
      if (k + kAhead < n) fetch_side({out, 4 * pass.out_step, 0}, k + kAhead);
      store8_words(out + 4 * pass.out_step * k, words);
    }
  }
}

// Short vectors and incomplete groups.
void load_slowly(const Pass& pass, const Place& in, const Place& twist, size_t lanes, V* slots) {
  const size_t n = size_t{1} << pass.log_size;
  const auto *roots = static_cast<const Factor*>(pass.roots), *pre = static_cast<const Factor*>(pass.pre);
  for (size_t k = 0; k < n; ++k) {
    V words[4], twists[4];
    load_any(in, k, lanes, words);
    if (pass.twist != nullptr) load_any(twist, k, lanes, twists);
    put(slots + 5 * reversed(k, pass.log_size), weighed(words, pass.twist != nullptr ? twists : nullptr, pre != nullptr ? pre + k : nullptr));
  }
  if (n == 2) {
    const Limbs a = get(slots), b = get(slots + 5);
    put(slots, add(a, b));
    put(slots + 5, add(sub(a, b), splat(kBias3)));
  }
  for (size_t at = 0; at + 4 <= n; at += 4)
    first_layers(get(slots + 5 * at), get(slots + 5 * at + 5), get(slots + 5 * at + 10), get(slots + 5 * at + 15), roots + 3, slots + 5 * at);
}

void store_slowly(const Pass& pass, uint64_t* out, size_t lanes, const V* slots) {
  const size_t n = size_t{1} << pass.log_size;
  const auto* post = static_cast<const Factor*>(pass.post);
  for (size_t k = 0; k < n; ++k) {
    Limbs a = get(slots + 5 * k);
    if (post != nullptr) a = product(carried(a), post + k);
    V words[4];
    canonical_words(a, words);
    store_any(out, 4 * pass.out_step, 4 * pass.out_pitch, k, lanes, words);
  }
}

void run_pass(const Pass& pass, size_t first, size_t count, void* scratch) {
  V* slots = static_cast<V*>(scratch);
  const size_t n = size_t{1} << pass.log_size;
  for (size_t done = 0; done < count; done += 8) {
    const size_t vector = first + done, lanes = count - done < 8 ? count - done : 8;
    const Place in{pass.in + 4 * pass.in_pitch * vector, 4 * pass.in_step, 4 * pass.in_pitch};
    const Place twist{pass.twist == nullptr ? nullptr : pass.twist + 4 * pass.twist_pitch * vector, 4 * pass.twist_step, 4 * pass.twist_pitch};
    uint64_t* out = pass.out + 4 * pass.out_pitch * vector;
    const bool whole = lanes == 8 && n >= 8;
    const bool side = pass.in_pitch == 1 && (pass.twist == nullptr || pass.twist_pitch == 1);
    const bool rows = pass.in_step == 1 && (pass.twist == nullptr || pass.twist_step == 1);
    // A group keeps one lane order from load to store: that of the words side by side, or that of the rows.
    if (whole && side && pass.out_pitch == 1) {
      load<Shape::side>(pass, in, twist, slots);
      all_layers(slots, n, static_cast<const Factor*>(pass.roots));
      store<Shape::side>(pass, out, slots);
    } else if (whole && rows && pass.out_pitch == 1) {
      load<Shape::turned>(pass, in, twist, slots);
      all_layers(slots, n, static_cast<const Factor*>(pass.roots));
      store<Shape::turned>(pass, out, slots);
    } else if (whole && rows && pass.out_step == 1) {
      load<Shape::rows>(pass, in, twist, slots);
      all_layers(slots, n, static_cast<const Factor*>(pass.roots));
      store<Shape::rows>(pass, out, slots);
    } else {
      load_slowly(pass, in, twist, lanes, slots);
      all_layers(slots, n, static_cast<const Factor*>(pass.roots));
      store_slowly(pass, out, lanes, slots);
    }
  }
}

// ---- factors

// Calls body on the limbs of up to eight Montgomery forms at a time; count elements at `from`.
template <class Body>
ZG_LANES void for_eights(const uint64_t* from, size_t count, const Body& body) {
  for (size_t at = 0; at < count; at += 8) {
    const size_t lanes = count - at < 8 ? count - at : 8;
    V words[4];
    load_any({from + 4 * at, 0, 4}, 0, lanes, words);
    body(at, lanes, from_words(words));
  }
}

void make_factors(const uint64_t* montgomery, size_t count, void* out) {
  auto* to = static_cast<Factor*>(out);
  for_eights(montgomery, count, [&](size_t at, size_t lanes, const Limbs& m) __attribute__((always_inline)) {
    // m = w 2^256. Then m 16 / 2^260 = w, and m (2^264) / 2^260 = w 2^260 = -quotient p modulo 2^260.
    const Limbs value = canonical_below_2p(mont_mul(m, splat(kSixteen), kFrLanes), kP);
    const Limbs raised = canonical_below_2p(mont_mul(value, splat(kFrLanes.r2), kFrLanes), kP);
    const V zero = _mm512_setzero_si512();
    Limbs quotient{{zero, zero, zero, zero, zero}};
    for (int i = 0; i < 5; ++i) {
      for (int j = 0; j < 5 - i; ++j) quotient.l[i + j] = madd_lo(quotient.l[i + j], raised.l[i], splat(kNegativeInverse.l[j]));
      for (int j = 0; j < 4 - i; ++j) quotient.l[i + j + 1] = madd_hi(quotient.l[i + j + 1], raised.l[i], splat(kNegativeInverse.l[j]));
    }
    quotient = settle(quotient);
    uint64_t limbs[8];
    for (int i = 0; i < 5; ++i) {
      _mm512_storeu_si512(limbs, value.l[i]);
      for (size_t lane = 0; lane < lanes; ++lane) to[at + lane].value[i] = limbs[lane];
      _mm512_storeu_si512(limbs, quotient.l[i]);
      for (size_t lane = 0; lane < lanes; ++lane) to[at + lane].quotient[i] = limbs[lane];
    }
  });
}

// Packed: the Montgomery form to the base 2^260, for which lanes multiply.
void make_twists(const uint64_t* montgomery, size_t count, uint64_t* out) {
  for_eights(montgomery, count, [&](size_t at, size_t lanes, const Limbs& m) __attribute__((always_inline)) {
    const Limbs value = mont_mul(m, splat(kSixteen), kFrLanes);
    V words[4];
    to_words(canonical_below_2p(mont_mul(value, splat(kFrLanes.r2), kFrLanes), kP), words);
    store_any(out + 4 * at, 0, 4, 0, lanes, words);
  });
}

}  // namespace

const Table avx512 = {8, sizeof(Factor), 5 * sizeof(V), make_factors, make_twists, run_pass};

}  // namespace zg::ntt
