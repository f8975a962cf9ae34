// ECDSA recovery and verification, eight signatures side by side, in the words of curve/secp256k1.hpp.
//
// A chunk goes through in phases over its groups of eight, so that one inversion modulo n and one modulo p serve all of them.
// Lanes that hold a bad signature go along with harmless numbers; their verdict is kept in a mask. A chunk whose last group is
// not full repeats its last signature.

// Numbers as four 64-bit words, least first.
struct Words {
  uint64_t w[4];
};
constexpr Words kN = {{0xbfd25e8cd0364141, 0xbaaedce6af48a03b, 0xfffffffffffffffe, 0xffffffffffffffff}};
constexpr Words kP = {{0xfffffffefffffc2f, 0xffffffffffffffff, 0xffffffffffffffff, 0xffffffffffffffff}};
constexpr Words kPMinusN = {{0x402da1722fc9baee, 0x4551231950b75fc4, 1, 0}};
constexpr Words kHalfNPlusOne = {{0xdfe92f46681b20a1, 0x5d576e7357a4501d, 0xffffffffffffffff, 0x7fffffffffffffff}};

inline Words load_be(const uint8_t* bytes) {
  Words out;
  for (int k = 0; k < 4; ++k) {
    uint64_t word;
    __builtin_memcpy(&word, bytes + 24 - 8 * k, 8);
    out.w[k] = __builtin_bswap64(word);
  }
  return out;
}

inline void store_be(uint8_t* bytes, const uint64_t words[4][8], int lane) {
  for (int k = 0; k < 4; ++k) {
    const uint64_t word = __builtin_bswap64(words[k][lane]);
    __builtin_memcpy(bytes + 24 - 8 * k, &word, 8);
  }
}

inline bool below(const Words& a, const Words& b) {
  for (int k = 3; k >= 0; --k)
    if (a.w[k] != b.w[k]) return a.w[k] < b.w[k];
  return false;
}

inline bool below_n_not_zero(const Words& a) { return (a.w[0] | a.w[1] | a.w[2] | a.w[3]) != 0 && below(a, kN); }

// a + n, which the caller knows to be below 2^256.
inline Words plus_n(const Words& a) {
  Words out;
  unsigned __int128 sum = 0;
  for (int k = 0; k < 4; ++k) {
    sum += static_cast<unsigned __int128>(a.w[k]) + kN.w[k];
    out.w[k] = static_cast<uint64_t>(sum);
    sum >>= 64;
  }
  return out;
}

// Eight numbers on their way into lanes.
struct Lanes {
  uint64_t w[4][8];

  void set(int lane, const Words& value) {
    for (int k = 0; k < 4; ++k) w[k][lane] = value.w[k];
  }
};

// What one group of eight carries from phase to phase.
struct alignas(64) Group {
  Limbs divisor;   // r (recover) or s (verify) in Montgomery form, then its inverse
  Limbs before;    // product of the divisors, later of the Z, of the groups before this one
  Limbs digest;    // below 2^256
  Limbs factor;    // s (recover) or r (verify)
  Fe x, y;         // the point that is multiplied
  Point sum;
  __mmask8 good;   // lanes not refused yet
  __mmask8 odd;    // recover: y of the nonce point is odd
};

size_t scratch_bytes(size_t count) { return (count + 7) / 8 * sizeof(Group); }

// divisor = 1 / divisor in all groups, still in Montgomery form.
void invert_divisors(Group* groups, size_t count) {
  Limbs product = splat(kOrder.r1);
  for (size_t g = 0; g < count; ++g) {
    groups[g].before = product;
    product = order_mul(product, groups[g].divisor);
  }
  Limbs rest = order_inverse(product);
  for (size_t g = count; g-- > 0;) {
    const Limbs inverse = order_mul(rest, groups[g].before);
    rest = order_mul(rest, groups[g].divisor);
    groups[g].divisor = inverse;
  }
}

void recover(const uint8_t* digests32, const uint8_t* signatures65, size_t count, uint8_t* public_keys64, uint8_t* ok,
             uint8_t* scratch) {
  Group* groups = reinterpret_cast<Group*>(scratch);
  const size_t group_count = (count + 7) / 8;
  for (size_t g = 0; g < group_count; ++g) {
    Group& group = groups[g];
    Lanes digest, r, s, x;
    unsigned good = 0, odd = 0;
    for (int lane = 0; lane < 8; ++lane) {
      const size_t index = 8 * g + static_cast<size_t>(lane) < count ? 8 * g + static_cast<size_t>(lane) : count - 1;
      const uint8_t* signature = signatures65 + 65 * index;
      Words r_words = load_be(signature);
      const Words s_words = load_be(signature + 32);
      const uint8_t id = signature[64];
      const bool fits = id < 4 && below_n_not_zero(r_words) && below_n_not_zero(s_words) && ((id & 2) == 0 || below(r_words, kPMinusN));
      if (!fits) r_words = {{1, 0, 0, 0}};
      good |= (fits ? 1u : 0u) << lane;
      odd |= (id & 1u) << lane;
      digest.set(lane, load_be(digests32 + 32 * index));
      r.set(lane, r_words);
      s.set(lane, s_words);
      x.set(lane, fits && (id & 2) != 0 ? plus_n(r_words) : r_words);
    }
    group.divisor = order_mul(load_words(r.w), splat(kOrder.r2));
    group.digest = load_words(digest.w);
    group.factor = load_words(s.w);
    group.x = load_words(x.w);
    group.good = static_cast<__mmask8>(good);
    group.odd = static_cast<__mmask8>(odd);
  }
  invert_divisors(groups, group_count);

  // The nonce points: y² = x³ + 7, two groups at a time.
  for (size_t g = 0; g < group_count; g += 2) {
    Group* pair[2] = {&groups[g], &groups[g + 1 < group_count ? g + 1 : g]};
    Fe square[2], y[2];
    for (int i = 0; i < 2; ++i) {
      const Fe& x = pair[i]->x;
      square[i] = y[i] = reduce(mul_columns(sqr(x), x) + loose(splat(kSeven)));
    }
    root_candidates(y[0], y[1]);
    for (int i = 0; i < 2; ++i) {
      const Fe root = canonical(y[i]);
      const __mmask8 is_odd = _mm512_test_epi64_mask(root.l[0], splat(1));
      pair[i]->y = select(static_cast<__mmask8>(is_odd ^ pair[i]->odd), carry(bias(2) - root), root);
      pair[i]->good = static_cast<__mmask8>(pair[i]->good & equal(sqr(root), square[i]));
    }
  }

  // Q = (s R - z G) / r
  Fe product = splat(kOne);
  for (size_t g = 0; g < group_count; ++g) {
    Group& group = groups[g];
    const Limbs u1 = order_minus(order_canonical(order_mul(group.digest, group.divisor)));
    const Limbs u2 = order_canonical(order_mul(group.factor, group.divisor));
    group.sum = multiply(u1, u2, group.x, group.y);
    const __mmask8 zero = is_zero(canonical(group.sum.z));
    group.odd = zero;  // from here on: lanes to be done again
    group.sum.z = select(zero, splat(kOne), group.sum.z);
    group.before = product;
    product = mul(product, group.sum.z);
  }
  Fe rest = inverse(product);
  for (size_t g = group_count; g-- > 0;) {
    Group& group = groups[g];
    const Fe zi = mul(rest, group.before), zi2 = sqr(zi);
    rest = mul(rest, group.sum.z);
    uint64_t x[4][8], y[4][8];
    store_words(x, canonical(mul(group.sum.x, zi2)));
    store_words(y, canonical(mul(group.sum.y, mul(zi2, zi))));
    for (int lane = 0; lane < 8 && 8 * g + static_cast<size_t>(lane) < count; ++lane) {
      const size_t index = 8 * g + static_cast<size_t>(lane);
      uint8_t* key = public_keys64 + 64 * index;
      ok[index] = (group.good >> lane & 1) == 0 ? 0 : (group.odd >> lane & 1) != 0 ? kRedo : 1;
      if (ok[index] == 1) {
        store_be(key, x, lane);
        store_be(key + 32, y, lane);
      } else {
        __builtin_memset(key, 0, 64);
      }
    }
  }
}

void verify(const uint8_t* digests32, const uint8_t* signatures64, const uint8_t* public_keys64, size_t count, bool low_s_only,
            uint8_t* ok, uint8_t* scratch) {
  Group* groups = reinterpret_cast<Group*>(scratch);
  const size_t group_count = (count + 7) / 8;
  for (size_t g = 0; g < group_count; ++g) {
    Group& group = groups[g];
    Lanes digest, r, s, x, y;
    unsigned good = 0, wraps = 0;
    for (int lane = 0; lane < 8; ++lane) {
      const size_t index = 8 * g + static_cast<size_t>(lane) < count ? 8 * g + static_cast<size_t>(lane) : count - 1;
      const Words r_words = load_be(signatures64 + 64 * index), x_words = load_be(public_keys64 + 64 * index);
      const Words y_words = load_be(public_keys64 + 64 * index + 32);
      Words s_words = load_be(signatures64 + 64 * index + 32);
      const bool fits = below_n_not_zero(r_words) && below_n_not_zero(s_words) && (!low_s_only || below(s_words, kHalfNPlusOne)) &&
                        below(x_words, kP) && below(y_words, kP);
      if (!fits) s_words = {{1, 0, 0, 0}};
      good |= (fits ? 1u : 0u) << lane;
      wraps |= (below(r_words, kPMinusN) ? 1u : 0u) << lane;
      digest.set(lane, load_be(digests32 + 32 * index));
      r.set(lane, r_words);
      s.set(lane, s_words);
      x.set(lane, x_words);
      y.set(lane, y_words);
    }
    group.divisor = order_mul(load_words(s.w), splat(kOrder.r2));
    group.digest = load_words(digest.w);
    group.factor = load_words(r.w);
    group.x = load_words(x.w);
    group.y = load_words(y.w);
    group.odd = static_cast<__mmask8>(wraps);
    const Fe square = reduce(mul_columns(sqr(group.x), group.x) + loose(splat(kSeven)));
    group.good = static_cast<__mmask8>(good & equal(sqr(group.y), square));
  }
  invert_divisors(groups, group_count);

  for (size_t g = 0; g < group_count; ++g) {
    const Group& group = groups[g];
    const Limbs u1 = order_canonical(order_mul(group.digest, group.divisor));
    const Limbs u2 = order_canonical(order_mul(group.factor, group.divisor));
    const Point sum = multiply(u1, u2, group.x, group.y);
    const __mmask8 zero = is_zero(canonical(sum.z));
    // x of the sum is r or, where that is still below p, r + n: compared in X = x Z², without an inversion.
    const Fe zz = sqr(sum.z);
    const Limbs r_plus_n = ripple(add(group.factor, splat(kOrder.p)));
    const __mmask8 same = equal(mul(group.factor, zz), sum.x), same_wrapped = equal(mul(r_plus_n, zz), sum.x);
    const unsigned holds = same | (same_wrapped & group.odd);
    for (int lane = 0; lane < 8 && 8 * g + static_cast<size_t>(lane) < count; ++lane)
      ok[8 * g + static_cast<size_t>(lane)] = (group.good >> lane & 1) == 0 ? 0 : (zero >> lane & 1) != 0 ? kRedo : (holds >> lane & 1) != 0 ? 1 : 0;
  }
}
