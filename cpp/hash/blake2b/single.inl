// The vocabulary of one state in general registers: for blake2b's lanes.inl and for keccak256's.
struct One {
  using V = uint64_t;
  static constexpr int kWidth = 1;
  static constexpr bool kOwnPlane = false;
  static inline __attribute__((always_inline)) V add(V a, V b) { return a + b; }
  static inline __attribute__((always_inline)) V xor2(V a, V b) { return a ^ b; }
  static inline __attribute__((always_inline)) V parity(V a, V b, V c, V d, V e) { return a ^ b ^ c ^ d ^ e; }
  static inline __attribute__((always_inline)) V chi(V a, V b, V c) { return a ^ (~b & c); }
  template <int N>
  static inline __attribute__((always_inline)) V rotl(V a) {
    return N == 0 ? a : a << N | a >> ((64 - N) % 64);
  }
  template <int N>
  static inline __attribute__((always_inline)) V rotr(V a) {
    return a >> N | a << (64 - N);
  }
  static inline __attribute__((always_inline)) V broadcast(uint64_t a) { return a; }
  static inline __attribute__((always_inline)) V blend(V a, V b, unsigned lanes) { return (lanes & 1) != 0 ? b : a; }
  static inline __attribute__((always_inline)) V load_lanes(const uint64_t* words) { return words[0]; }
  static inline __attribute__((always_inline)) void load_64(const uint8_t* const* rows, V* out) { __builtin_memcpy(out, rows[0], 64); }
  static inline __attribute__((always_inline)) void store_64(const V* words, uint8_t* const* outs) { __builtin_memcpy(outs[0], words, 64); }
  static inline __attribute__((always_inline)) void store_digests(const V* words, uint8_t* const* outs) {
    __builtin_memcpy(outs[0], words, 32);
  }
};
