// The matrix product and the transform's steps on vectors, written once over a Lanes vocabulary:
//   Vec                 a vector of kLanesSize bytes
//   Factor              one coefficient in registers
//   Ready               words as planes, ready to be multiplied
//   add_product(p, a, f)  p += f · a, on planes
// Words are taken apart into a plane of low and a plane of high bytes, two vectors of words at a time. Packing inside each
// 128-bit lane and unpacking there undo each other, so the order inside a plane does not matter.
// Included inside the namespace of an ISA file.

template <class Lanes>
struct Planes {
  typename Lanes::Vec low, high;
};

template <class Lanes>
Planes<Lanes> load_words(const uint8_t* from) {
  return Lanes::split(Lanes::load(from), Lanes::load(from + Lanes::kLanesSize));
}
template <class Lanes>
void store_words(uint8_t* to, const Planes<Lanes>& a) {
  Lanes::store(to, Lanes::join_low(a));
  Lanes::store(to + Lanes::kLanesSize, Lanes::join_high(a));
}
template <class Lanes>
Planes<Lanes> load_row(const uint8_t* from) {
  return {Lanes::load(from), Lanes::load(from + Lanes::kLanesSize)};
}
template <class Lanes>
void store_row(uint8_t* to, const Planes<Lanes>& a) {
  Lanes::store(to, a.low);
  Lanes::store(to + Lanes::kLanesSize, a.high);
}
template <class Lanes>
void add_to(Planes<Lanes>& x, const Planes<Lanes>& y) {
  x.low = Lanes::add(x.low, y.low);
  x.high = Lanes::add(x.high, y.high);
}

template <class Lanes>
void expand_lanes(const uint16_t* coefficients, size_t count, uint8_t* factors) {
  for (size_t i = 0; i < count; ++i) {
    uint16_t images[16];  // of the sixteen bits of a word
    unsigned image = coefficients[i];
    for (unsigned bit = 0; bit < 16; ++bit) {
      images[bit] = static_cast<uint16_t>(image);
      image = image << 1 ^ (image >> 15) * kPolynomial;
    }
    Lanes::expand(images, factors + i * Lanes::kFactorSize);
  }
}

template <class Lanes, size_t kRows>
void pass(const uint8_t* factors, size_t columns, const uint8_t* const* inputs, uint8_t* const* outputs, size_t begin, size_t end) {
  constexpr size_t kStep = 2 * Lanes::kLanesSize;
  for (size_t at = begin; at < end; at += kStep) {
    const size_t count = end - at;
    Planes<Lanes> sums[kRows];
    for (size_t r = 0; r < kRows; ++r) sums[r] = {Lanes::zero(), Lanes::zero()};
    for (size_t c = 0; c < columns; ++c) {
      Planes<Lanes> words;
      if (count >= kStep) {
        words = load_words<Lanes>(inputs[c] + at);
      } else {
        alignas(64) uint8_t bytes[kStep] = {};
        for (size_t i = 0; i < count; ++i) bytes[i] = inputs[c][at + i];
        words = load_words<Lanes>(bytes);
      }
      const auto ready = Lanes::ready(words);
      for (size_t r = 0; r < kRows; ++r) Lanes::add_product(sums[r], ready, Lanes::factor(factors + (r * columns + c) * Lanes::kFactorSize));
    }
    for (size_t r = 0; r < kRows; ++r) {
      if (count >= kStep) {
        store_words<Lanes>(outputs[r] + at, sums[r]);
      } else {
        alignas(64) uint8_t bytes[kStep];
        store_words<Lanes>(bytes, sums[r]);
        for (size_t i = 0; i < count; ++i) outputs[r][at + i] = bytes[i];
      }
    }
  }
}

template <class Lanes>
void product_lanes(const uint8_t* factors, size_t rows, size_t columns, const uint8_t* const* inputs, uint8_t* const* outputs, size_t begin,
                   size_t end) {
  size_t row = 0;
  for (; row + 4 <= rows; row += 4) pass<Lanes, 4>(factors + row * columns * Lanes::kFactorSize, columns, inputs, outputs + row, begin, end);
  factors += row * columns * Lanes::kFactorSize;
  switch (rows - row) {
    case 3: return pass<Lanes, 3>(factors, columns, inputs, outputs + row, begin, end);
    case 2: return pass<Lanes, 2>(factors, columns, inputs, outputs + row, begin, end);
    case 1: return pass<Lanes, 1>(factors, columns, inputs, outputs + row, begin, end);
    default: return;
  }
}

template <class Lanes>
void split_lanes(uint8_t* row, const uint8_t* words, size_t size) {
  for (size_t at = 0; at < size; at += 2 * Lanes::kLanesSize) store_row<Lanes>(row + at, load_words<Lanes>(words + at));
}
template <class Lanes>
void join_lanes(uint8_t* words, const uint8_t* row, size_t size) {
  for (size_t at = 0; at < size; at += 2 * Lanes::kLanesSize) store_words<Lanes>(words + at, load_row<Lanes>(row + at));
}
template <class Lanes>
void add_lanes(uint8_t* x, const uint8_t* y, size_t size) {
  for (size_t at = 0; at < size; at += Lanes::kLanesSize) Lanes::store(x + at, Lanes::add(Lanes::load(x + at), Lanes::load(y + at)));
}
template <class Lanes>
void scale_lanes(uint8_t* x, const uint8_t* y, size_t size, const uint8_t* factor) {
  const auto f = Lanes::factor(factor);
  for (size_t at = 0; at < size; at += 2 * Lanes::kLanesSize) {
    Planes<Lanes> sum = {Lanes::zero(), Lanes::zero()};
    Lanes::add_product(sum, Lanes::ready(load_row<Lanes>(y + at)), f);
    store_row<Lanes>(x + at, sum);
  }
}
template <class Lanes>
void add_scaled_lanes(uint8_t* x, const uint8_t* y, size_t size, const uint8_t* factor) {
  const auto f = Lanes::factor(factor);
  for (size_t at = 0; at < size; at += 2 * Lanes::kLanesSize) {
    Planes<Lanes> sum = load_row<Lanes>(x + at);
    Lanes::add_product(sum, Lanes::ready(load_row<Lanes>(y + at)), f);
    store_row<Lanes>(x + at, sum);
  }
}

template <class Lanes>
void forward_lanes(uint8_t* x, uint8_t* y, size_t size, const uint8_t* factor) {
  if (factor == nullptr) return add_lanes<Lanes>(y, x, size);
  const auto f = Lanes::factor(factor);
  for (size_t at = 0; at < size; at += 2 * Lanes::kLanesSize) {
    Planes<Lanes> a = load_row<Lanes>(x + at), b = load_row<Lanes>(y + at);
    Lanes::add_product(a, Lanes::ready(b), f);
    add_to(b, a);
    store_row<Lanes>(x + at, a);
    store_row<Lanes>(y + at, b);
  }
}
template <class Lanes>
void inverse_lanes(uint8_t* x, uint8_t* y, size_t size, const uint8_t* factor) {
  if (factor == nullptr) return add_lanes<Lanes>(y, x, size);
  const auto f = Lanes::factor(factor);
  for (size_t at = 0; at < size; at += 2 * Lanes::kLanesSize) {
    Planes<Lanes> a = load_row<Lanes>(x + at), b = load_row<Lanes>(y + at);
    add_to(b, a);
    Lanes::add_product(a, Lanes::ready(b), f);
    store_row<Lanes>(x + at, a);
    store_row<Lanes>(y + at, b);
  }
}

// kFirst: the block at point 0, where two of the three factors are zero.
template <class Lanes, bool kFirst, bool kInverse>
void both_layers(uint8_t* x, size_t size, const uint8_t* top, const uint8_t* left, const uint8_t* right) {
  const auto fr = Lanes::factor(right);
  const auto ft = Lanes::factor(kFirst ? right : top), fl = Lanes::factor(kFirst ? right : left);
  for (size_t at = 0; at < size; at += 2 * Lanes::kLanesSize) {
    Planes<Lanes> a = load_row<Lanes>(x + at), b = load_row<Lanes>(x + size + at);
    Planes<Lanes> c = load_row<Lanes>(x + 2 * size + at), d = load_row<Lanes>(x + 3 * size + at);
    if (kInverse) {
      add_to(b, a);
      if (!kFirst) Lanes::add_product(a, Lanes::ready(b), fl);
      add_to(d, c);
      Lanes::add_product(c, Lanes::ready(d), fr);
      add_to(c, a);
      add_to(d, b);
      if (!kFirst) {
        Lanes::add_product(a, Lanes::ready(c), ft);
        Lanes::add_product(b, Lanes::ready(d), ft);
      }
    } else {
      if (!kFirst) {
        Lanes::add_product(a, Lanes::ready(c), ft);
        Lanes::add_product(b, Lanes::ready(d), ft);
      }
      add_to(c, a);
      add_to(d, b);
      if (!kFirst) Lanes::add_product(a, Lanes::ready(b), fl);
      add_to(b, a);
      Lanes::add_product(c, Lanes::ready(d), fr);
      add_to(d, c);
    }
    store_row<Lanes>(x + at, a);
    store_row<Lanes>(x + size + at, b);
    store_row<Lanes>(x + 2 * size + at, c);
    store_row<Lanes>(x + 3 * size + at, d);
  }
}

template <class Lanes, bool kInverse>
void both_layers_lanes(uint8_t* x, size_t size, const uint8_t* top, const uint8_t* left, const uint8_t* right) {
  if (top == nullptr) return both_layers<Lanes, true, kInverse>(x, size, top, left, right);
  both_layers<Lanes, false, kInverse>(x, size, top, left, right);
}
