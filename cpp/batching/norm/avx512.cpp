#include <immintrin.h>

#include "batching/norm/exp_terms.hpp"
#include "batching/norm/table.hpp"

namespace zg::batching {

namespace {

#include "batching/gemm/vec512.inl"

#include "batching/norm/exp.inl"

#include "batching/norm/lanes.inl"

}  // namespace

const NormTable avx512_norm = {rms_norm, layer_norm, swiglu, gelu, add, rope};

}  // namespace zg::batching
