// ECDSA over secp256k1 on public data: public keys out of signatures, Ethereum senders, verification; many at once.
//
// Signing and everything else that touches a secret key is not here (Python: coincurve). Every function is variable time.
// A bad signature is a verdict, never an error, and never disturbs its neighbours.
// Sources: [1] SEC 1 v2.0, 4.1.4 and 4.1.6; [2] Ethereum yellow paper, appendix F; docs/kernels/ecdsa.md.
#pragma once

#include <string_view>

#include "common/bytes.hpp"
#include "common/status.hpp"
#include "sig/ecdsa/table.hpp"

namespace zg::ecdsa {

// Public keys from recoverable signatures [1, 4.1.6].
//
// A signature is r ‖ s ‖ recovery id: two big-endian numbers of 32 bytes and one byte 0 … 3 (bit 0: the parity of y of the
// nonce point; bit 1: its x is r + n). Accepted: 0 < r, s < n, high s too (the low-s rule is the caller's), recovery id 2 or 3
// only when r + n < p. Digests are taken modulo n.
//
// Out: public_keys64: count * 64 bytes, x ‖ y big-endian, zeros where ok is 0. ok: count bytes, 1 where a key exists, else 0.
// In:  digests32: count * 32 bytes. signatures65: count * 65 bytes. Outputs overlap nothing.
// Cost: about 30 us a signature on the scalar path, several times less in lanes; more threads from some dozens on.
void recover_many(const uint8_t* digests32, const uint8_t* signatures65, size_t count, uint8_t* public_keys64, uint8_t* ok);

// The same, followed by keccak256 of each key: its last 20 bytes are the signer's address [2].
//
// Out: addresses20: count * 20 bytes, zeros where ok is 0.
void recover_addresses(const uint8_t* digests32, const uint8_t* signatures65, size_t count, uint8_t* addresses20, uint8_t* ok);

// Verdicts on signatures under given keys [1, 4.1.4].
//
// ok[i] is 1 when the key is a point of the curve with both coordinates below p, 0 < r, s < n, s <= n / 2 if `low_s_only`,
// and the signature holds; else 0.
//
// In:  signatures64: count * 64 bytes, r ‖ s big-endian. public_keys64: count * 64 bytes, x ‖ y big-endian.
void verify_many(const uint8_t* digests32, const uint8_t* signatures64, const uint8_t* public_keys64, size_t count, bool low_s_only,
                 uint8_t* ok);

// The backend of that name ("scalar", "avx512"); an empty name means the active one.
//
// Returns: device_unavailable when this machine does not offer it, or when ZEROG_BACKEND asks for such a one. The functions
// above then run the scalar backend after one line on standard error: they have nobody to tell.
Outcome<const Table*> backend(std::string_view name);

// The calls above on a given table, threads included; tests and benches loop over tables with them.
void recover_many(const Table& table, const uint8_t* digests32, const uint8_t* signatures65, size_t count, uint8_t* public_keys64,
                  uint8_t* ok);
void recover_addresses(const Table& table, const uint8_t* digests32, const uint8_t* signatures65, size_t count, uint8_t* addresses20,
                       uint8_t* ok);
void verify_many(const Table& table, const uint8_t* digests32, const uint8_t* signatures64, const uint8_t* public_keys64, size_t count,
                 bool low_s_only, uint8_t* ok);

}  // namespace zg::ecdsa
