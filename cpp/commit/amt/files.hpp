// What the readers of parameter files share.
#pragma once

#include <algorithm>
#include <string>

#include "commit/amt/api.hpp"
#include "common/endian.hpp"
#include "common/parallel.hpp"

namespace zg::amt {

inline Fr power(const Fr& base, uint64_t exponent) { return field::power_var(base, &exponent, 1); }

inline size_t reversed(size_t value, unsigned bits) {
  size_t out = 0;
  for (unsigned i = 0; i < bits; ++i) out |= (value >> i & 1) << (bits - 1 - i);
  return out;
}

// Slot of cell (i, j) in files: t = j R + i with all its bits reversed.
inline size_t file_slot(const Geometry& shape, size_t i, size_t j) {
  return reversed(i, shape.log_rows) * shape.columns() + reversed(j, shape.log_columns);
}

inline Fr coset_factor(const Geometry& shape, size_t coset) {
  return coset == 0 ? Fr::one() : ntt::root_of_unity(shape.log_rows + shape.log_columns + static_cast<unsigned>(coset));
}

// A cursor that refuses to leave its bytes.
class Reader {
 public:
  explicit Reader(Bytes bytes) : bytes_(bytes) {}
  const uint8_t* take(size_t size) {
    if (bytes_.size - at_ < size) return nullptr;
    at_ += size;
    return bytes_.data + at_ - size;
  }
  bool expect(uint64_t value) {
    const uint8_t* at = take(8);
    return at != nullptr && load_le64(at) == value;
  }
  bool done() const { return at_ == bytes_.size; }

 private:
  Bytes bytes_;
  size_t at_ = 0;
};

// get(i) for i < count on all threads; the first index that fails, or count.
template <class Get>
size_t first_bad(size_t count, size_t grain, const Get& get) {
  std::vector<size_t> bad((count + grain - 1) / grain, count);
  parallel_for(bad.size(), 1, [&](size_t begin, size_t end) {
    for (size_t block = begin; block < end; ++block)
      for (size_t i = block * grain; i < std::min(count, (block + 1) * grain) && bad[block] == count; ++i)
        if (!get(i)) bad[block] = i;
  });
  size_t first = count;
  for (size_t at : bad) first = std::min(first, at);
  return first;
}

inline Failure broken(const std::string& file, const std::string& what) { return {Status::bad_encoding, file + ": " + what}; }

}  // namespace zg::amt
