// The vocabulary of one lane.
struct One {
  using V = float;
  using I = int32_t;
  using M = uint64_t;
  static constexpr size_t kWidth = 1;

  static V splat(float a) { return a; }
  static V load(const float* from) { return *from; }
  static void store(float* to, V a) { *to = a; }
  static V sub(V a, V b) { return a - b; }
  static V mul(V a, V b) { return a * b; }
  static V add(V a, V b) { return a + b; }
  static V larger(V a, V b) { return a > b ? a : b; }
  static I bits(V a) {
    I b;
    __builtin_memcpy(&b, &a, 4);
    return b;
  }
  static V as_float(I a) {
    V b;
    __builtin_memcpy(&b, &a, 4);
    return b;
  }
  static I add_i(I a, I b) { return static_cast<I>(static_cast<uint32_t>(a) + static_cast<uint32_t>(b)); }
  static I shift_exponent(I a) { return static_cast<I>(static_cast<uint32_t>(a) << 23); }
  static I truncate(V a) { return static_cast<I>(a); }
  static void store_i(uint32_t* to, I a) { *to = static_cast<uint32_t>(a); }
  static M no_mass() { return 0; }
  static M add_mass(M sum, I weights) { return sum + static_cast<uint32_t>(weights); }
  static uint64_t mass_of(M sum) { return sum; }
  static uint32_t at_least(V a, V least) { return a >= least ? 1 : 0; }
  static V keep(V a, uint32_t allowed) { return (allowed & 1) != 0 ? a : -__builtin_huge_valf(); }
};
