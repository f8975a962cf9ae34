#include "evm/block/json.hpp"

#include <charconv>

namespace zg::evm {

namespace {

constexpr char kDigits[] = "0123456789abcdef";

// Length of the UTF-8 sequence at the front, 0 when it is not one.
size_t utf8_size(std::string_view s) {
  const auto at = [&](size_t i) { return i < s.size() ? static_cast<uint8_t>(s[i]) : uint8_t{0}; };
  const auto follows = [&](size_t i) { return (at(i) & 0xc0) == 0x80; };
  const uint8_t head = at(0);
  if (head < 0x80) return 1;
  if (head >= 0xc2 && head <= 0xdf) return follows(1) ? 2 : 0;
  if (head >= 0xe0 && head <= 0xef) {
    if (!follows(1) || !follows(2) || (head == 0xe0 && at(1) < 0xa0) || (head == 0xed && at(1) > 0x9f)) return 0;
    return 3;
  }
  if (head >= 0xf0 && head <= 0xf4) {
    if (!follows(1) || !follows(2) || !follows(3) || (head == 0xf0 && at(1) < 0x90) || (head == 0xf4 && at(1) > 0x8f)) return 0;
    return 4;
  }
  return 0;
}

}  // namespace

void JsonWriter::text(std::string_view value) {
  separate();
  out_ += '"';
  while (!value.empty()) {
    const uint8_t c = static_cast<uint8_t>(value[0]);
    const size_t size = utf8_size(value);
    if (size == 0) {
      out_ += "\\ufffd";
      value.remove_prefix(1);
      continue;
    }
    if (c == '"' || c == '\\') {
      out_ += '\\';
      out_ += static_cast<char>(c);
    } else if (c < 0x20 || c == 0x7f) {
      out_ += "\\u00";
      out_ += kDigits[c >> 4];
      out_ += kDigits[c & 15];
    } else {
      out_ += value.substr(0, size);
    }
    value.remove_prefix(size);
  }
  out_ += '"';
}

void JsonWriter::data(Bytes bytes) {
  separate();
  const size_t at = out_.size();
  out_.resize(at + 4 + 2 * bytes.size);
  char* p = out_.data() + at;
  *p++ = '"';
  *p++ = '0';
  *p++ = 'x';
  for (size_t i = 0; i < bytes.size; ++i) {
    *p++ = kDigits[bytes.data[i] >> 4];
    *p++ = kDigits[bytes.data[i] & 15];
  }
  *p = '"';
}

void JsonWriter::quantity(uint64_t value) {
  separate();
  char digits[16];
  const auto end = std::to_chars(digits, digits + 16, value, 16).ptr;
  out_ += "\"0x";
  out_.append(digits, end);
  out_ += '"';
}

void JsonWriter::quantity(const U256& value) {
  if (value.fits_u64()) return quantity(value.w[0]);
  separate();
  uint8_t be[32];
  value.to_be(be);
  out_ += "\"0x";
  bool leading = true;
  for (const uint8_t b : be) {
    for (const int digit : {b >> 4, b & 15}) {
      leading = leading && digit == 0;
      if (!leading) out_ += kDigits[digit];
    }
  }
  out_ += '"';
}

void JsonWriter::decimal(uint64_t value) {
  separate();
  out_ += std::to_string(value);
}

}  // namespace zg::evm
