// Writing JSON as Ethereum's RPC wants it: quantities and data in hex, straight into one buffer.
#pragma once

#include <string>
#include <string_view>

#include "common/digest.hpp"
#include "common/u256.hpp"

namespace zg::evm {

// Appends well-formed JSON; commas are its own business, nesting is the caller's.
class JsonWriter {
 public:
  void begin_object() { separate(), out_ += '{'; }
  void end_object() { out_ += '}'; }
  void begin_array() { separate(), out_ += '['; }
  void end_array() { out_ += ']'; }
  // Keys are literals of ours: not escaped.
  void key(std::string_view name) {
    separate();
    out_ += '"';
    out_ += name;
    out_ += "\":";
  }
  void text(std::string_view value);  // escaped; bytes that are not UTF-8 become U+FFFD
  void data(Bytes bytes);             // "0x…"
  template <size_t N>
  void data(const Fixed<N>& fixed) {
    data(Bytes{fixed.b, N});
  }
  void quantity(uint64_t value);  // "0x0", no leading zeros
  void quantity(const U256& value);
  void decimal(uint64_t value);
  void boolean(bool value) { separate(), out_ += value ? "true" : "false"; }
  void null() { separate(), out_ += "null"; }
  void raw(std::string_view json) { separate(), out_ += json; }

  // key and value at once
  template <class T>
  void data(std::string_view name, const T& value) {
    key(name), data(value);
  }
  template <class T>
  void quantity(std::string_view name, const T& value) {
    key(name), quantity(value);
  }

  void reserve(size_t size_bytes) { out_.reserve(size_bytes); }
  size_t size() const { return out_.size(); }
  const std::string& view() const { return out_; }
  std::string take() { return std::move(out_); }

 private:
  void separate() {
    if (out_.empty()) return;
    const char last = out_.back();
    if (last != '{' && last != '[' && last != ':' && last != ',') out_ += ',';
  }
  std::string out_;
};

}  // namespace zg::evm
