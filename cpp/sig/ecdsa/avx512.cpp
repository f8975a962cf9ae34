// ECDSA in eight lanes of AVX-512 IFMA.

#include "curve/secp256k1.hpp"
#include "sig/ecdsa/table.hpp"

namespace zg::ecdsa {

namespace {

using namespace secp256k1;

#include "sig/ecdsa/lanes.inl"

}  // namespace

const Table avx512 = {build_base, scratch_bytes, 2, recover, verify};

}  // namespace zg::ecdsa
