// Device body of the matrix product over GF(2^16): each lane makes one 8-byte word, four symbols, of every output.
#pragma once

#include "grid/body.hpp"

namespace zg::gf65536 {

// outputs[words * r + i] = sum over c of matrix[columns * r + c] · inputs[words * c + i], on each 16 bits. Any width, any number
// of blocks; no block memory.
//
// A word is doubled fifteen times (all four symbols at once) and the doublings that a coefficient's bits name are summed: no
// table, so nothing to load but the data, and every lane of a block does the same.
struct ProductBody {
  static constexpr unsigned kRowsMax = 8;  // sums held in registers

  template <class Grid>
  ZG_HD void operator()(Grid& grid, unsigned rows, unsigned columns, uint64_t words, grid::View<const uint16_t> matrix,
                        grid::View<const uint64_t> inputs, grid::View<uint64_t> outputs) const {
    const uint64_t step = uint64_t{grid.width()} * grid.blocks();
    for (uint64_t i = uint64_t{grid.width()} * grid.block() + grid.thread(); i < words; i += step) {
      for (unsigned first = 0; first < rows; first += kRowsMax) {
        uint64_t sums[kRowsMax];
        for (unsigned r = 0; r < kRowsMax; ++r) sums[r] = 0;
        for (unsigned c = 0; c < columns; ++c) {
          uint64_t doublings[16];
          doublings[0] = inputs[words * c + i];
          for (unsigned bit = 1; bit < 16; ++bit) doublings[bit] = doubled(doublings[bit - 1]);
          for (unsigned r = 0; r < kRowsMax; ++r) {
            if (first + r >= rows) break;
            const uint64_t coefficient = matrix[size_t{columns} * (first + r) + c];
            for (unsigned bit = 0; bit < 16; ++bit) sums[r] ^= doublings[bit] & (0 - (coefficient >> bit & 1));
          }
        }
        for (unsigned r = 0; r < kRowsMax; ++r)
          if (first + r < rows) outputs[words * (first + r) + i] = sums[r];
      }
    }
  }

  // Every symbol times 2; 0x2d is the polynomial without its top bit.
  static ZG_HD uint64_t doubled(uint64_t a) { return (a << 1 & 0xfffefffefffefffeu) ^ (a >> 15 & 0x0001000100010001u) * 0x2d; }
};

}  // namespace zg::gf65536
