#include "rlp/api.hpp"

namespace zg::rlp {

namespace {

// Splits one item off `input`. Null, or why its header is not canonical.
const char* split(Bytes input, Bytes& payload, bool& is_list, size_t& item_size) {
  if (input.size == 0) return "input ends where an item should begin";
  const uint8_t first = input.data[0];
  is_list = first >= 0xc0;
  if (first < 0x80) {
    payload = {input.data, 1};
    item_size = 1;
    return nullptr;
  }
  const unsigned code = first - (is_list ? 0xc0u : 0x80u);
  size_t header = 1, length = code;
  if (code > 55) {
    const unsigned count = code - 55;
    if (input.size < 1 + count) return "length runs past the end";
    if (input.data[1] == 0) return "length has a leading zero";
    uint64_t value = 0;
    for (unsigned i = 0; i < count; ++i) value = value << 8 | input.data[1 + i];
    if (value <= 55) return "length is not in its shortest form";
    header = 1 + count;
    length = value;
  }
  if (length > input.size - header) return "item runs past the end";
  payload = {input.data + header, length};
  if (!is_list && length == 1 && payload.data[0] < 0x80) return "single byte is not in its shortest form";
  item_size = header + length;
  return nullptr;
}

const char* check_items(Bytes input, unsigned depth) {
  while (input.size != 0) {
    Bytes payload{};
    bool is_list = false;
    size_t size = 0;
    if (const char* error = split(input, payload, is_list, size)) return error;
    if (is_list) {
      if (depth == kDepthMax) return "lists are nested too deep";
      if (const char* error = check_items(payload, depth + 1)) return error;
    }
    input = {input.data + size, input.size - size};
  }
  return nullptr;
}

}  // namespace

void Decoder::fail(const char* reason) {
  if (error_ == nullptr) error_ = reason;
  if (parent_ != nullptr) parent_->fail(error_);
}

bool Decoder::take(Bytes& payload, bool& is_list, size_t& size) {
  if (failed()) return false;
  if (const char* error = split(rest_, payload, is_list, size)) {
    fail(error);
    return false;
  }
  rest_ = {rest_.data + size, rest_.size - size};
  return true;
}

Bytes Decoder::bytes() {
  Bytes payload{};
  bool is_list = false;
  size_t size = 0;
  if (!take(payload, is_list, size)) return {nullptr, 0};
  if (is_list) {
    fail("expected a string, found a list");
    return {nullptr, 0};
  }
  return payload;
}

Bytes Decoder::number_bytes(size_t size_max) {
  const Bytes payload = bytes();
  if (failed() || payload.size == 0) return {nullptr, 0};
  if (payload.data[0] == 0) {
    fail("number has a leading zero");
    return {nullptr, 0};
  }
  if (payload.size > size_max) {
    fail("number is too large");
    return {nullptr, 0};
  }
  return payload;
}

uint64_t Decoder::number_u64() {
  const Bytes digits = number_bytes(8);
  uint64_t value = 0;
  for (size_t i = 0; i < digits.size; ++i) value = value << 8 | digits.data[i];
  return value;
}

U256 Decoder::number_u256() {
  const Bytes digits = number_bytes(32);
  return digits.size == 0 ? U256() : U256::from_be_short(digits.data, digits.size);
}

Decoder Decoder::list() {
  Bytes payload{};
  bool is_list = false;
  size_t size = 0;
  if (take(payload, is_list, size)) {
    if (!is_list) fail("expected a list, found a string");
    if (depth_ == kDepthMax) fail("lists are nested too deep");
  }
  return Decoder(failed() ? Bytes{nullptr, 0} : payload, this, depth_ + 1);
}

Bytes Decoder::raw() {
  const uint8_t* begin = rest_.data;
  Bytes payload{};
  bool is_list = false;
  size_t size = 0;
  if (!take(payload, is_list, size)) return {nullptr, 0};
  return {begin, size};
}

void Decoder::finish() {
  if (!failed() && rest_.size != 0) fail("items are left over");
}

const char* check_canonical(Bytes input) {
  Bytes payload{};
  bool is_list = false;
  size_t size = 0;
  if (const char* error = split(input, payload, is_list, size)) return error;
  if (size != input.size) return "bytes are left over";
  return is_list ? check_items(payload, 1) : nullptr;
}

}  // namespace zg::rlp
