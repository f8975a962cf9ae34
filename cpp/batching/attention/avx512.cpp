#include <immintrin.h>

#include "batching/attention/table.hpp"
#include "batching/norm/exp_terms.hpp"

namespace zg::batching {

namespace {

#include "batching/gemm/vec512.inl"

#include "batching/norm/exp.inl"

#include "batching/attention/lanes.inl"

}  // namespace

const AttentionTable avx512_attention = {store, attend};

}  // namespace zg::batching
