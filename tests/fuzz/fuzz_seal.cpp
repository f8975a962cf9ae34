// Seals of stored records: any rows are read without reaching outside, a sealed row fits, and no row fits after any one byte of
// its family, key, seal or value is another.
#include <algorithm>
#include <cstdlib>
#include <string>
#include <vector>

#include "store/seal.hpp"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace zg;
  if (size < 4) return 0;
  // The first bytes say how long family and key are and which byte is changed; rows are cut from the rest as they come.
  const size_t rest = size - 4, family_size = std::min<size_t>(data[0] % 16, rest), key_size = std::min<size_t>(data[1], rest - family_size);
  const size_t victim = data[2] | size_t{data[3]} << 8;
  const uint8_t* at = data + 4;
  std::string family(reinterpret_cast<const char*>(at), family_size);
  std::vector<uint8_t> key(at + family_size, at + family_size + key_size);  // heap blocks of their own: a byte past an end is found
  const std::vector<uint8_t> value(at + family_size + key_size, at + rest);

  std::vector<uint8_t> stored(store::kSealBytes + value.size());
  std::copy(value.begin(), value.end(), stored.begin() + store::kSealBytes);
  const auto view = [](const std::vector<uint8_t>& bytes) { return Bytes{bytes.data(), bytes.size()}; };
  const auto row = [&] { return store::SealedRow{view(key), view(stored)}; };
  store::seal_of(family, view(key), view(value), stored.data());
  if (store::first_broken(family, {row(), row(), row()})) std::abort();

  // What was never sealed: the value itself as a record, however short. It fits only when it carries its own seal.
  const std::vector<store::SealedRow> rows = {row(), {view(key), view(value)}, row()};
  const auto broken = store::first_broken(family, rows);
  if (broken && *broken != 1) std::abort();
  if (!broken && value.size() < store::kSealBytes) std::abort();

  std::vector<uint8_t>* const parts[] = {&stored, &key};
  const size_t total = stored.size() + key.size() + family.size();
  size_t place = victim % total;
  for (auto* part : parts) {
    if (place < part->size()) {
      (*part)[place] ^= 1;
      if (store::first_broken(family, {row()}) != std::optional<size_t>{0}) std::abort();
      (*part)[place] ^= 1;
      return 0;
    }
    place -= part->size();
  }
  family[place] ^= 1;
  if (store::first_broken(family, {row()}) != std::optional<size_t>{0}) std::abort();
  return 0;
}
