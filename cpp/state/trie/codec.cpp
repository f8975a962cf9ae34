#include "state/trie/codec.hpp"

#include <bit>
#include <cstring>

namespace zg::state {

namespace {

unsigned byte_count(uint64_t value) { return static_cast<unsigned>((std::bit_width(value) + 7) / 8); }

size_t header_size(size_t payload_size) { return payload_size <= 55 ? 1 : 1 + byte_count(payload_size); }

size_t put_header(uint8_t* out, uint8_t base, size_t payload_size) {
  if (payload_size <= 55) {
    out[0] = static_cast<uint8_t>(base + payload_size);
    return 1;
  }
  const unsigned count = byte_count(payload_size);
  out[0] = static_cast<uint8_t>(base + 55 + count);
  for (unsigned i = 0; i < count; ++i) out[1 + i] = static_cast<uint8_t>(payload_size >> (8 * (count - 1 - i)));
  return 1 + count;
}

size_t string_size(Bytes bytes) {
  return bytes.size == 1 && bytes.data[0] < 0x80 ? 1 : header_size(bytes.size) + bytes.size;
}

size_t put_string(uint8_t* out, Bytes bytes) {
  size_t size = 0;
  if (bytes.size != 1 || bytes.data[0] >= 0x80) size = put_header(out, 0x80, bytes.size);
  if (bytes.size != 0) std::memcpy(out + size, bytes.data, bytes.size);
  return size + bytes.size;
}

size_t path_bytes(size_t nibbles) { return nibbles / 2 + 1; }
size_t path_size(size_t nibbles) { return nibbles < 2 ? 1 : header_size(path_bytes(nibbles)) + path_bytes(nibbles); }

// Hex prefix: a flag nibble (2: leaf, 1: odd count), a zero nibble when the count is even, then the path.
size_t put_path(uint8_t* out, const uint8_t* key, size_t from, size_t to, bool leaf) {
  const size_t nibbles = to - from;
  size_t size = 0;
  if (nibbles >= 2) size = put_header(out, 0x80, path_bytes(nibbles));
  unsigned first = leaf ? 0x20 : 0;
  if (nibbles % 2 != 0) first |= 0x10 | nibble_at(key, from++);
  out[size++] = static_cast<uint8_t>(first);
  if (from % 2 == 0) {
    std::memcpy(out + size, key + from / 2, (to - from) / 2);
    return size + (to - from) / 2;
  }
  for (; from < to; from += 2) out[size++] = static_cast<uint8_t>(nibble_at(key, from) << 4 | nibble_at(key, from + 1));
  return size;
}

size_t ref_size(size_t size) { return size == 32 ? 33 : size; }

size_t put_ref(uint8_t* out, const uint8_t* ref, size_t size) {
  if (size == 32) *out++ = 0xa0;
  std::memcpy(out, ref, size);
  return ref_size(size);
}

}  // namespace

size_t common_until(const uint8_t* a, const uint8_t* b, size_t from, size_t to) {
  size_t i = from;
  while (i < to) {
    if (i % 2 == 0 && i + 1 < to && a[i / 2] == b[i / 2]) {
      i += 2;
      continue;
    }
    if (nibble_at(a, i) != nibble_at(b, i)) return i;
    ++i;
  }
  return to;
}

size_t put_leaf(uint8_t* out, const uint8_t* key, size_t from, size_t to, Bytes value) {
  size_t size = put_header(out, 0xc0, path_size(to - from) + string_size(value));
  size += put_path(out + size, key, from, to, true);
  return size + put_string(out + size, value);
}

size_t put_extension(uint8_t* out, const uint8_t* key, size_t from, size_t to, const uint8_t* child, size_t child_size) {
  size_t size = put_header(out, 0xc0, path_size(to - from) + ref_size(child_size));
  size += put_path(out + size, key, from, to, false);
  return size + put_ref(out + size, child, child_size);
}

size_t put_branch(uint8_t* out, uint16_t mask, const uint8_t (*refs)[32], const uint8_t* sizes, Bytes value) {
  const unsigned count = static_cast<unsigned>(std::popcount(mask));
  size_t payload = 16 - count + string_size(value);
  for (unsigned i = 0; i < count; ++i) payload += ref_size(sizes[i]);
  size_t size = put_header(out, 0xc0, payload);
  for (unsigned nibble = 0, i = 0; nibble < 16; ++nibble) {
    if ((mask >> nibble & 1) == 0) {
      out[size++] = 0x80;
    } else {
      size += put_ref(out + size, refs[i], sizes[i]);
      ++i;
    }
  }
  return size + put_string(out + size, value);
}

}  // namespace zg::state
