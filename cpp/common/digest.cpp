#include "common/digest.hpp"

#include <random>

#include "common/endian.hpp"

namespace zg {

std::string to_hex(Bytes bytes) {
  static constexpr char kDigits[] = "0123456789abcdef";
  std::string out(bytes.size * 2, '0');
  for (size_t i = 0; i < bytes.size; ++i) {
    out[2 * i] = kDigits[bytes.data[i] >> 4];
    out[2 * i + 1] = kDigits[bytes.data[i] & 15];
  }
  return out;
}

namespace {
int digit_value(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}
}  // namespace

std::optional<std::vector<uint8_t>> from_hex(std::string_view text) {
  if (text.size() >= 2 && text[0] == '0' && (text[1] == 'x' || text[1] == 'X')) text.remove_prefix(2);
  if (text.size() % 2 != 0) return std::nullopt;
  std::vector<uint8_t> out(text.size() / 2);
  for (size_t i = 0; i < out.size(); ++i) {
    const int high = digit_value(text[2 * i]);
    const int low = digit_value(text[2 * i + 1]);
    if (high < 0 || low < 0) return std::nullopt;
    out[i] = static_cast<uint8_t>(high << 4 | low);
  }
  return out;
}

namespace {
struct Seed {
  uint64_t k[4];
  Seed() {
    std::random_device device;
    for (uint64_t& word : k) word = (static_cast<uint64_t>(device()) << 32 | device()) | 1;
  }
};

uint64_t fold(uint64_t a, uint64_t b) {
  const unsigned __int128 product = static_cast<unsigned __int128>(a) * b;
  return static_cast<uint64_t>(product) ^ static_cast<uint64_t>(product >> 64);
}
}  // namespace

uint64_t keyed_hash(const uint8_t* data, size_t size) {
  static const Seed seed;
  uint64_t h = seed.k[0] ^ size;
  while (size >= 16) {
    h = fold(load_le64(data) ^ seed.k[1], load_le64(data + 8) ^ h);
    data += 16;
    size -= 16;
  }
  uint8_t tail[16] = {};
  std::memcpy(tail, data, size);
  return fold(load_le64(tail) ^ seed.k[2] ^ h, load_le64(tail + 8) ^ seed.k[3]);
}

}  // namespace zg
