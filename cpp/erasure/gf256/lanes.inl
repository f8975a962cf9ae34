// The matrix product on vectors, written once over a Lanes vocabulary:
//   Vec                     a vector of kLanesSize bytes
//   Split                   an input vector ready to be multiplied
//   Factor                  one expanded coefficient in registers
//   load_tail, store_tail   the first `count` bytes, count < kLanesSize
//   sum(a, b, c)            a ^ b ^ c
//   width<rows>()           vectors of each shard that a step takes, so that all sums stay in registers
// Included inside the namespace of an ISA file.

inline uint8_t times(uint8_t a, uint8_t b) {
  unsigned product = 0;
  for (unsigned bit = 0; bit < 8; ++bit)
    if (b >> bit & 1) product ^= unsigned{a} << bit;
  for (unsigned bit = 14; bit >= 8; --bit)
    if (product >> bit & 1) product ^= kPolynomial << (bit - 8);
  return static_cast<uint8_t>(product);
}

// Rows of the pass that begins at `row`, when `rows` are left: passes of nearly equal width.
template <class Lanes>
size_t pass_width(size_t left) {
  const size_t passes = (left + Lanes::kRowsMax - 1) / Lanes::kRowsMax;
  return (left + passes - 1) / passes;
}

// Coefficients in the order in which a pass wants them: pass by pass, column by column, the rows of the pass side by side.
template <class Lanes>
void expand_lanes(const uint8_t* matrix, size_t rows, size_t columns, uint8_t* expanded) {
  for (size_t row = 0; row < rows;) {
    const size_t width = pass_width<Lanes>(rows - row);
    for (size_t column = 0; column < columns; ++column) {
      for (size_t r = row; r < row + width; ++r, expanded += Lanes::kFactorSize) Lanes::expand(matrix[r * columns + column], expanded);
    }
    row += width;
  }
}

// Columns up to here are walked by loads of their own (the loop over pairs is unrolled), one stream for each instruction, which
// is what the hardware's prefetchers follow. Asking for lines beside them costs a sixth of the speed in the second-level cache.
constexpr size_t kOwnLoads = 16;
// How far ahead of the loads more columns are asked for.
constexpr size_t kPrefetchDistance = 512;

// kAsk: the inputs of this block have not been read yet and are too many for the prefetchers.
template <class Lanes, size_t kRows, bool kStream, bool kAsk>
void pass(const uint8_t* expanded, size_t columns, const uint8_t* const* inputs, uint8_t* const* outputs, size_t begin, size_t end) {
  using Vec = typename Lanes::Vec;
  constexpr size_t kSize = Lanes::kLanesSize;
  constexpr size_t kStep = kRows * Lanes::kFactorSize;
  constexpr size_t kWidth = Lanes::template width<kRows>();  // vectors of one shard in a step
  size_t at = begin;
  for (; at + kWidth * kSize <= end; at += kWidth * kSize) {
    Vec sums[kRows][kWidth];
    const uint8_t* factors = expanded;
    size_t column = 0;
    if (columns % 2 != 0) {
      typename Lanes::Split a[kWidth];
      for (size_t v = 0; v < kWidth; ++v) a[v] = Lanes::split(Lanes::load(inputs[0] + at + v * kSize));
      for (size_t r = 0; r < kRows; ++r) {
        const auto f = Lanes::factor(factors + r * Lanes::kFactorSize);
        for (size_t v = 0; v < kWidth; ++v) sums[r][v] = Lanes::product(a[v], f);
      }
      factors += kStep;
      column = 1;
    } else {
      for (size_t r = 0; r < kRows; ++r)
        for (size_t v = 0; v < kWidth; ++v) sums[r][v] = Lanes::zero();
    }
#pragma GCC unroll 8
    for (; column < columns; column += 2, factors += 2 * kStep) {
      const uint8_t *left = inputs[column] + at, *right = inputs[column + 1] + at;
      typename Lanes::Split a[kWidth], b[kWidth];
      for (size_t v = 0; v < kWidth; ++v) {
        a[v] = Lanes::split(Lanes::load(left + v * kSize));
        b[v] = Lanes::split(Lanes::load(right + v * kSize));
        if (kAsk && v * kSize % 64 == 0) {
          _mm_prefetch(reinterpret_cast<const char*>(left + v * kSize + kPrefetchDistance), _MM_HINT_T0);
          _mm_prefetch(reinterpret_cast<const char*>(right + v * kSize + kPrefetchDistance), _MM_HINT_T0);
        }
      }
      for (size_t r = 0; r < kRows; ++r) {
        const auto fa = Lanes::factor(factors + r * Lanes::kFactorSize);
        const auto fb = Lanes::factor(factors + kStep + r * Lanes::kFactorSize);
        for (size_t v = 0; v < kWidth; ++v) sums[r][v] = Lanes::sum(sums[r][v], Lanes::product(a[v], fa), Lanes::product(b[v], fb));
      }
    }
    for (size_t r = 0; r < kRows; ++r) {
      for (size_t v = 0; v < kWidth; ++v) {
        if (kStream) {
          Lanes::stream(outputs[r] + at + v * kSize, sums[r][v]);
        } else {
          Lanes::store(outputs[r] + at + v * kSize, sums[r][v]);
        }
      }
    }
  }
  while (at < end) {
    const size_t count = end - at < kSize ? end - at : kSize;
    Vec sums[kRows];
    for (size_t r = 0; r < kRows; ++r) sums[r] = Lanes::zero();
    const uint8_t* factors = expanded;
    for (size_t column = 0; column < columns; ++column, factors += kStep) {
      const auto a = Lanes::split(count == kSize ? Lanes::load(inputs[column] + at) : Lanes::load_tail(inputs[column] + at, count));
      for (size_t r = 0; r < kRows; ++r)
        sums[r] = Lanes::sum(sums[r], Lanes::product(a, Lanes::factor(factors + r * Lanes::kFactorSize)), Lanes::zero());
    }
    for (size_t r = 0; r < kRows; ++r) {
      if (count == kSize) {
        Lanes::store(outputs[r] + at, sums[r]);
      } else {
        Lanes::store_tail(outputs[r] + at, sums[r], count);
      }
    }
    at += count;
  }
}

template <class Lanes, bool kStream, bool kAsk>
void pass_of(size_t width, const uint8_t* expanded, size_t columns, const uint8_t* const* inputs, uint8_t* const* outputs, size_t begin,
             size_t end) {
  switch (width) {
    case 1: return pass<Lanes, 1, kStream, kAsk>(expanded, columns, inputs, outputs, begin, end);
    case 2: return pass<Lanes, 2, kStream, kAsk>(expanded, columns, inputs, outputs, begin, end);
    case 3: return pass<Lanes, 3, kStream, kAsk>(expanded, columns, inputs, outputs, begin, end);
    case 4: return pass<Lanes, 4, kStream, kAsk>(expanded, columns, inputs, outputs, begin, end);
    default:
      if constexpr (Lanes::kRowsMax > 4) {
        if (width == 5) return pass<Lanes, 5, kStream, kAsk>(expanded, columns, inputs, outputs, begin, end);
        return pass<Lanes, 6, kStream, kAsk>(expanded, columns, inputs, outputs, begin, end);
      }
  }
}

template <class Lanes, bool kStream>
void passes(const uint8_t* expanded, size_t rows, size_t columns, const uint8_t* const* inputs, uint8_t* const* outputs, size_t begin,
            size_t end) {
  for (size_t row = 0; row < rows;) {
    const size_t width = pass_width<Lanes>(rows - row);
    if (row == 0 && columns > kOwnLoads) {
      pass_of<Lanes, kStream, true>(width, expanded, columns, inputs, outputs, begin, end);
    } else {
      pass_of<Lanes, kStream, false>(width, expanded, columns, inputs, outputs + row, begin, end);
    }
    expanded += width * columns * Lanes::kFactorSize;
    row += width;
  }
}

template <class Lanes>
void product_lanes(const uint8_t* expanded, size_t rows, size_t columns, const uint8_t* const* inputs, uint8_t* const* outputs,
                   size_t begin, size_t end, bool stream) {
  // A streaming store needs its alignment: one lead-in serves all outputs only when they are aligned alike.
  const size_t lead = rows == 0 ? 0 : (Lanes::kLanesSize - (reinterpret_cast<uintptr_t>(outputs[0]) + begin) % Lanes::kLanesSize) % Lanes::kLanesSize;
  for (size_t r = 1; r < rows; ++r)
    if ((reinterpret_cast<uintptr_t>(outputs[r]) ^ reinterpret_cast<uintptr_t>(outputs[0])) % Lanes::kLanesSize != 0) stream = false;
  if (!stream || end - begin < 4 * Lanes::kLanesSize) {
    passes<Lanes, false>(expanded, rows, columns, inputs, outputs, begin, end);
    return;
  }
  passes<Lanes, false>(expanded, rows, columns, inputs, outputs, begin, begin + lead);
  passes<Lanes, true>(expanded, rows, columns, inputs, outputs, begin + lead, end);
  _mm_sfence();
}
