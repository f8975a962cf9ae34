// ECDSA in eight lanes of AVX-512 IFMA.
#if defined(__clang__)
// clang's undefined-behaviour checks take ten minutes over this much inlined code; GCC's, in the native tests, take seconds.
#include <immintrin.h>
#pragma clang attribute push(__attribute__((no_sanitize("undefined"))), apply_to = function)
#endif

#include "curve/secp256k1.hpp"
#include "sig/ecdsa/table.hpp"

namespace zg::ecdsa {

namespace {

using namespace secp256k1;

#include "sig/ecdsa/lanes.inl"

}  // namespace

const Table avx512 = {build_base, scratch_bytes, 2, recover, verify};

}  // namespace zg::ecdsa

#if defined(__clang__)
#pragma clang attribute pop
#endif
