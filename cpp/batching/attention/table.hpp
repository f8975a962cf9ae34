// What an attention backend is. Apart from api.hpp so that ISA files need no host header.
#pragma once

#include "batching/attention/layout.hpp"

namespace zg::batching {

// Single-threaded, allocation-free. Every float operation is rounded by itself, in the order that scalar.cpp writes down, so
// backends agree bit for bit.
struct AttentionTable {
  // Rounds one position's key and value into slot `slot` of a page share. head_size is a multiple of 16.
  void (*store)(const float* key, const float* value, size_t head_size, uint16_t* share, size_t slot);

  // For `heads` queries that share one key head: out = softmax(scale · query · keys) · values over positions 0 … length - 1.
  //
  // Out: out: [heads, head_size]. In: queries: [heads, head_size]; shares: one for each page in order of position, ⌈length / 16⌉
  // of them; scratch: 16 · ⌈length / 16⌉ · heads floats, 64-byte aligned; 1 <= length.
  void (*attend)(const float* queries, size_t heads, size_t head_size, const uint16_t* const* shares, size_t length, float scale,
                 float* scratch, float* out);
};

extern const AttentionTable scalar_attention;
extern const AttentionTable avx2_attention;
extern const AttentionTable avx512_attention;
extern const AttentionTable emu_attention;

}  // namespace zg::batching
