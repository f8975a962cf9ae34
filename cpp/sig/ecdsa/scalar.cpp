// One signature after the other through libsecp256k1, whose static context suffices for public data.
#include <cstring>

#include "sig/ecdsa/api.hpp"

#include <secp256k1.h>
#include <secp256k1_recovery.h>

namespace zg::ecdsa {

namespace {

void recover(const uint8_t* digests32, const uint8_t* signatures65, size_t count, uint8_t* public_keys64, uint8_t* ok, uint8_t*) {
  const secp256k1_context* context = secp256k1_context_static;
  for (size_t i = 0; i < count; ++i) {
    const uint8_t* signature = signatures65 + 65 * i;
    secp256k1_ecdsa_recoverable_signature parsed;
    secp256k1_pubkey key;
    // The parser takes ids outside 0 … 3 for a bug of the caller; here they are a bad signature.
    const bool good = signature[64] < 4 &&
                      secp256k1_ecdsa_recoverable_signature_parse_compact(context, &parsed, signature, signature[64]) == 1 &&
                      secp256k1_ecdsa_recover(context, &key, &parsed, digests32 + 32 * i) == 1;
    ok[i] = good ? 1 : 0;
    if (!good) {
      std::memset(public_keys64 + 64 * i, 0, 64);
      continue;
    }
    uint8_t serialized[65];
    size_t size = sizeof serialized;
    secp256k1_ec_pubkey_serialize(context, serialized, &size, &key, SECP256K1_EC_UNCOMPRESSED);
    std::memcpy(public_keys64 + 64 * i, serialized + 1, 64);
  }
}

bool verify_one(const uint8_t* digest, const uint8_t* signature, const uint8_t* public_key, bool low_s_only) {
  const secp256k1_context* context = secp256k1_context_static;
  uint8_t serialized[65];
  serialized[0] = 4;
  std::memcpy(serialized + 1, public_key, 64);
  secp256k1_pubkey key;
  secp256k1_ecdsa_signature parsed;
  if (secp256k1_ec_pubkey_parse(context, &key, serialized, sizeof serialized) != 1) return false;
  if (secp256k1_ecdsa_signature_parse_compact(context, &parsed, signature) != 1) return false;
  // The library verifies low s only: a high one is brought down when the caller allows it.
  if (!low_s_only) secp256k1_ecdsa_signature_normalize(context, &parsed, &parsed);
  return secp256k1_ecdsa_verify(context, &parsed, digest, &key) == 1;
}

void verify(const uint8_t* digests32, const uint8_t* signatures64, const uint8_t* public_keys64, size_t count, bool low_s_only,
            uint8_t* ok, uint8_t*) {
  for (size_t i = 0; i < count; ++i)
    ok[i] = verify_one(digests32 + 32 * i, signatures64 + 64 * i, public_keys64 + 64 * i, low_s_only) ? 1 : 0;
}

}  // namespace

const Table scalar = {nullptr, nullptr, 0, recover, verify};

}  // namespace zg::ecdsa
