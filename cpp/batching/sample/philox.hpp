// Philox4x32-10 [1]: a counter-based generator. The same key and counter give the same number on every machine, in any order.
//
// [1] Salmon, Moraes, Dror, Shaw: Parallel random numbers: as easy as 1, 2, 3. SC 2011.
#pragma once

#include "grid/body.hpp"

namespace zg::batching::sample {

struct Four {
  uint32_t word[4];
};

ZG_HD Four philox(Four counter, uint64_t key) {
  uint32_t low = static_cast<uint32_t>(key), high = static_cast<uint32_t>(key >> 32);
  for (int round = 0; round < 10; ++round) {
    const uint64_t a = uint64_t{0xD2511F53} * counter.word[0], b = uint64_t{0xCD9E8D57} * counter.word[2];
    counter = {{static_cast<uint32_t>(b >> 32) ^ counter.word[1] ^ low, static_cast<uint32_t>(b), static_cast<uint32_t>(a >> 32) ^ counter.word[3] ^ high,
                static_cast<uint32_t>(a)}};
    low += 0x9E3779B9;
    high += 0xBB67AE85;
  }
  return counter;
}

// A number below `total`, from the seed, the answer's number and the position of the token that is drawn.
ZG_HD uint64_t draw_below(uint64_t total, uint64_t seed, uint32_t stream, uint64_t position) {
  const Four random = philox({{static_cast<uint32_t>(position), static_cast<uint32_t>(position >> 32), stream, 0}}, seed);
  const uint64_t r = random.word[0] | static_cast<uint64_t>(random.word[1]) << 32;
  // The high half of r * total, in halves of 32 bits: device code has no 128-bit integers to rely on.
  const uint64_t r0 = r & 0xffffffff, r1 = r >> 32, t0 = total & 0xffffffff, t1 = total >> 32;
  const uint64_t middle = r1 * t0 + (r0 * t0 >> 32), other = r0 * t1 + (middle & 0xffffffff);
  return r1 * t1 + (middle >> 32) + (other >> 32);
}

}  // namespace zg::batching::sample
