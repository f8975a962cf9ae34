// One input on one state of general registers; included after lanes.inl by every backend of keccak256.

struct Single {
  using V = uint64_t;
  static constexpr int kWidth = 1;
  static constexpr bool kOwnPlane = false;
  ZG_INLINE V xor2(V a, V b) { return a ^ b; }
  ZG_INLINE V parity(V a, V b, V c, V d, V e) { return a ^ b ^ c ^ d ^ e; }
  ZG_INLINE V chi(V a, V b, V c) { return a ^ (~b & c); }
  template <int N>
  ZG_INLINE V rotl(V a) {
    return N == 0 ? a : a << N | a >> ((64 - N) % 64);
  }
  ZG_INLINE V broadcast(uint64_t a) { return a; }
  ZG_INLINE V word(const uint8_t* from) {
    V v;
    __builtin_memcpy(&v, from, 8);
    return v;
  }
};

void hash_single(Bytes input, uint8_t* digest) {
  uint64_t a[25] = {};
  while (input.size >= kRate) {
    for (size_t i = 0; i < kRate / 8; ++i) a[i] ^= Single::word(input.data + 8 * i);
    permute<Single>(a);
    input.data += kRate;
    input.size -= kRate;
  }
  uint8_t block[kRate] = {};
  if (input.size != 0) __builtin_memcpy(block, input.data, input.size);
  block[input.size] = 0x01;
  block[kRate - 1] |= 0x80;
  for (size_t i = 0; i < kRate / 8; ++i) a[i] ^= Single::word(block + 8 * i);
  permute_last<Single>(a);
  __builtin_memcpy(digest, a, 32);
}
