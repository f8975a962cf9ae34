#include "rlp/api.hpp"

namespace zg::rlp {

namespace {

constexpr size_t kShortMax = 55;  // longest payload whose length sits in the first byte

unsigned byte_count(uint64_t value) { return static_cast<unsigned>((std::bit_width(value) + 7) / 8); }

size_t header_size(size_t payload_size) { return payload_size <= kShortMax ? 1 : 1 + byte_count(payload_size); }

// Writes the header of a string (base 0x80) or list (base 0xc0) and returns its size; `out` holds at least 9 bytes.
size_t put_header(uint8_t* out, uint8_t base, size_t payload_size) {
  if (payload_size <= kShortMax) {
    out[0] = static_cast<uint8_t>(base + payload_size);
    return 1;
  }
  const unsigned count = byte_count(payload_size);
  out[0] = static_cast<uint8_t>(base + kShortMax + count);
  for (unsigned i = 0; i < count; ++i) out[1 + i] = static_cast<uint8_t>(payload_size >> (8 * (count - 1 - i)));
  return 1 + count;
}

}  // namespace

size_t size_of_bytes(Bytes bytes) {
  if (bytes.size == 1 && bytes.data[0] < 0x80) return 1;
  return header_size(bytes.size) + bytes.size;
}
size_t size_of_number(uint64_t number) { return number < 0x80 ? 1 : 1 + byte_count(number); }
size_t size_of_number(const U256& number) { return number < U256(0x80) ? 1 : 1 + number.byte_count(); }
size_t size_of_list(size_t payload_size) { return header_size(payload_size) + payload_size; }

void Encoder::bytes(Bytes bytes) {
  if (bytes.size != 1 || bytes.data[0] >= 0x80) {
    uint8_t header[9];
    const size_t size = put_header(header, 0x80, bytes.size);
    out_.insert(out_.end(), header, header + size);
  }
  raw(bytes);
}

void Encoder::number(uint64_t number) {
  uint8_t full[8];
  store_be64(full, number);
  const unsigned count = byte_count(number);
  bytes(Bytes{full + 8 - count, count});
}

void Encoder::number(const U256& number) {
  uint8_t full[32];
  number.to_be(full);
  const unsigned count = number.byte_count();
  bytes(Bytes{full + 32 - count, count});
}

void Encoder::raw(Bytes encoded) {
  if (encoded.size != 0) out_.insert(out_.end(), encoded.data, encoded.data + encoded.size);
}

void Encoder::list_header(size_t payload_size) {
  uint8_t header[9];
  const size_t size = put_header(header, 0xc0, payload_size);
  out_.insert(out_.end(), header, header + size);
}

size_t Encoder::open_list() {
  out_.push_back(0xc0);
  return out_.size();
}

void Encoder::close_list(size_t mark) {
  uint8_t header[9];
  const size_t size = put_header(header, 0xc0, out_.size() - mark);
  out_[mark - 1] = header[0];
  out_.insert(out_.begin() + static_cast<ptrdiff_t>(mark), header + 1, header + size);
}

}  // namespace zg::rlp
