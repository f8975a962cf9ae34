#include "evm/zerog_rules/records.hpp"

#include <cstring>

namespace zg::evm::zerog_rules {

namespace {

// MessagePack, the part in use.

class Writer {
 public:
  void map(size_t fields) { byte(0x80 | fields); }  // at most 15 fields
  void array(size_t count) { header(count, 0x90, 15, 0, 0xdc); }
  void text(std::string_view value) {
    header(value.size(), 0xa0, 31, 0xd9, 0xda);
    append(value);
  }
  void bin(std::string_view value) {  // at most 255 bytes
    byte(0xc4);
    byte(value.size());
    append(value);
  }
  void number(const U256& value) { bin(to_decimal(value)); }
  void address(const Address& value) { bin("0x" + to_hex(as_bytes(value))); }
  std::vector<uint8_t> take() { return std::move(out_); }

 private:
  void byte(size_t value) { out_.push_back(static_cast<uint8_t>(value)); }
  void append(std::string_view value) { out_.insert(out_.end(), value.begin(), value.end()); }
  // The short form with the length in the tag, the form with one length byte (none when 0), those with two and four.
  void header(size_t size, uint8_t small, size_t small_max, uint8_t one, uint8_t two) {
    if (size <= small_max) {
      byte(small | size);
    } else if (one != 0 && size <= 0xff) {
      byte(one);
      byte(size);
    } else if (size <= 0xffff) {
      byte(two);
      byte(size >> 8);
      byte(size & 0xff);
    } else {
      byte(two + 1u);
      for (int shift = 24; shift >= 0; shift -= 8) byte(size >> shift & 0xff);
    }
  }
  std::vector<uint8_t> out_;
};

class Reader {
 public:
  explicit Reader(Bytes data) : data_(data) {}

  bool finished() const { return ok_ && at_ == data_.size; }
  bool ok() const { return ok_; }
  size_t position() const { return at_; }
  void map(size_t fields) {
    if (length(0x80, 15, 0, 0xde) != fields) ok_ = false;
  }
  void array_of(size_t count) {
    if (array() != count) ok_ = false;
  }
  size_t array() { return length(0x90, 15, 0, 0xdc); }
  void field(std::string_view name) {
    if (text() != name) ok_ = false;
  }
  std::string_view text() { return take(length(0xa0, 31, 0xd9, 0xda)); }
  std::string_view bin() { return take(length(0, 0, 0xc4, 0xc5)); }
  U256 number() {
    const std::string_view digits = bin();
    if (digits.empty() || digits.size() > 78 || (digits.size() > 1 && digits[0] == '0')) ok_ = false;
    for (const char c : digits)
      if (c < '0' || c > '9') ok_ = false;
    const auto value = ok_ ? parse_u256(digits) : std::nullopt;
    if (!value) ok_ = false;
    return value.value_or(U256());
  }
  Address address() {
    const std::string_view digits = bin();
    if (digits.size() != 42 || digits.substr(0, 2) != "0x") ok_ = false;
    const auto value = ok_ ? from_hex(digits) : std::nullopt;
    if (!value) ok_ = false;
    return ok_ ? fixed_from<20>(value->data()) : Address{};
  }

 private:
  uint8_t byte() {
    if (!ok_ || at_ >= data_.size) {
      ok_ = false;
      return 0;
    }
    return data_.data[at_++];
  }
  // The inverse of Writer::header; `small_max` 0: there is no short form.
  size_t length(uint8_t small, size_t small_max, uint8_t one, uint8_t two) {
    const uint8_t tag = byte();
    if (small_max != 0 && (tag & ~small_max) == small) return tag & small_max;
    int width = 0;
    if (one != 0 && tag == one) width = 1;
    if (tag == two) width = 2;
    if (tag == two + 1) width = 4;
    if (width == 0) ok_ = false;
    size_t size = 0;
    for (int i = 0; i < width; ++i) size = size << 8 | byte();
    return ok_ ? size : 0;
  }
  std::string_view take(size_t size) {
    if (!ok_ || size > data_.size - at_) {
      ok_ = false;
      return {};
    }
    at_ += size;
    return {reinterpret_cast<const char*>(data_.data) + at_ - size, size};
  }
  Bytes data_;
  size_t at_ = 0;
  bool ok_ = true;
};

}  // namespace

std::vector<uint8_t> encode_signer(const SignerDetail& signer) {
  Writer w;
  w.map(4);
  w.text("Signer");
  w.address(signer.signer);
  w.text("Socket");
  w.text(signer.socket);
  w.text("PkG1");
  w.map(2);
  w.text("X");
  w.number(signer.pk_g1.x);
  w.text("Y");
  w.number(signer.pk_g1.y);
  w.text("PkG2");
  w.map(2);
  w.text("X");
  w.array(2);
  for (const U256& part : signer.pk_g2.x) w.number(part);
  w.text("Y");
  w.array(2);
  for (const U256& part : signer.pk_g2.y) w.number(part);
  return w.take();
}

bool decode_signer(Bytes bytes, SignerDetail& out) {
  Reader r(bytes);
  SignerDetail s;
  r.map(4);
  r.field("Signer");
  s.signer = r.address();
  r.field("Socket");
  s.socket = r.text();
  r.field("PkG1");
  r.map(2);
  r.field("X");
  s.pk_g1.x = r.number();
  r.field("Y");
  s.pk_g1.y = r.number();
  r.field("PkG2");
  r.map(2);
  r.field("X");
  r.array_of(2);
  for (U256& part : s.pk_g2.x) part = r.number();
  r.field("Y");
  r.array_of(2);
  for (U256& part : s.pk_g2.y) part = r.number();
  if (!r.finished()) return false;
  out = std::move(s);
  return true;
}

std::vector<uint8_t> encode_supply(const MinterSupply& supply) {
  Writer w;
  w.map(3);
  w.text("Cap");
  w.number(supply.cap);
  w.text("InitialSupply");
  w.number(supply.initial_supply);
  w.text("Supply");
  w.number(supply.supply);
  return w.take();
}

bool decode_supply(Bytes bytes, MinterSupply& out) {
  Reader r(bytes);
  MinterSupply s;
  r.map(3);
  r.field("Cap");
  s.cap = r.number();
  r.field("InitialSupply");
  s.initial_supply = r.number();
  r.field("Supply");
  s.supply = r.number();
  if (!r.finished()) return false;
  out = s;
  return true;
}

std::vector<uint8_t> encode_quorum(const std::vector<Address>& rows) {
  Writer w;
  w.array(rows.size());
  for (const Address& row : rows) w.address(row);
  return w.take();
}

bool decode_quorum(Bytes bytes, std::vector<Address>& out) {
  QuorumShape shape;
  if (!quorum_shape(bytes, bytes.size, shape)) return false;
  std::vector<Address> rows(shape.rows);
  for (size_t i = 0; i < rows.size(); ++i)
    if (!decode_quorum_row(bytes.data + shape.row_at(i), rows[i])) return false;
  out = std::move(rows);
  return true;
}

bool quorum_shape(Bytes head, size_t size, QuorumShape& out) {
  Reader r(head);
  const size_t rows = r.array();
  if (!r.ok() || r.position() > size || (size - r.position()) / QuorumShape::kRowSize != rows ||
      (size - r.position()) % QuorumShape::kRowSize != 0)
    return false;
  out = {r.position(), rows};
  return true;
}

bool decode_quorum_row(const uint8_t* bytes, Address& out) {
  Reader r({bytes, QuorumShape::kRowSize});
  const Address row = r.address();
  if (!r.finished()) return false;
  out = row;
  return true;
}

}  // namespace zg::evm::zerog_rules
