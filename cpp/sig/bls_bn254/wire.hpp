// The little-endian encodings of BN254 points that nodes and encoders exchange, to and from those of api.hpp.
//
// A number is 32 little-endian bytes. The two top bits of a point's last byte may be flags: 0x80 when y is the larger of y and
// -y (G2: compared by c1, then c0), 0x40 for infinity, all else zero. A modulus of 254 bits leaves them free. Every decoder is
// strict: one encoding a point, canonical numbers, a point of the curve, the right flags. Source: docs/protocol/da.md;
// arkworks' canonical serialization.
#pragma once

#include <stdint.h>

namespace zg::bls_bn254 {

// A commitment: x ‖ y without flags. Infinity has no encoding: encode_plain returns false for it.
bool decode_plain(const uint8_t wire[64], uint8_t point[64]);
bool encode_plain(const uint8_t point[64], uint8_t wire[64]);

// A signature and the points of a slice: x ‖ y with flags in the last byte.
bool decode_flagged(const uint8_t wire[64], uint8_t point[64]);
bool encode_flagged(const uint8_t point[64], uint8_t wire[64]);

// The stored form of a slice's points: x with flags in the last byte.
bool decode_compressed(const uint8_t wire[32], uint8_t point[64]);
bool encode_compressed(const uint8_t point[64], uint8_t wire[32]);

// Points of G2: x.c0 ‖ x.c1 ‖ y.c0 ‖ y.c1 with flags in the last byte. The group is tested.
bool decode_flagged_g2(const uint8_t wire[128], uint8_t point[128]);
bool encode_flagged_g2(const uint8_t point[128], uint8_t wire[128]);

}  // namespace zg::bls_bn254
