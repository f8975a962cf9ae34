// RLP, the codec of Ethereum's objects: an appending encoder and a strict decoder.
//
// The decoder takes only canonical encodings: shortest lengths, no leading zeros in numbers, a single byte below 0x80 as
// itself, nothing left over. Source: Ethereum Yellow Paper, appendix B.
#pragma once

#include <optional>
#include <vector>

#include "common/digest.hpp"
#include "common/u256.hpp"

namespace zg::rlp {

// Lists inside lists that a Decoder follows; protocol objects need five.
inline constexpr unsigned kDepthMax = 64;

// Whole sizes of encodings, headers included.
size_t size_of_bytes(Bytes bytes);
size_t size_of_number(uint64_t number);
size_t size_of_number(const U256& number);
size_t size_of_list(size_t payload_size);

// Appends encodings to a buffer of its own. Lists either way: `list_header` when the payload size is known before,
// `open_list` … `close_list` when it is not (costs one move of the payload when its header is longer than one byte).
class Encoder {
 public:
  void bytes(Bytes bytes);
  template <size_t N>
  void bytes(const Fixed<N>& fixed) {
    bytes(Bytes{fixed.b, N});
  }
  // Big-endian without leading zeros; zero is the empty string.
  void number(uint64_t number);
  void number(const U256& number);
  // `encoded` is already RLP, or a run of items.
  void raw(Bytes encoded);
  void list_header(size_t payload_size);

  // Returns the mark that close_list wants. Lists are closed innermost first.
  size_t open_list();
  void close_list(size_t mark);

  void reserve(size_t size_bytes) { out_.reserve(size_bytes); }
  void clear() { out_.clear(); }
  size_t size() const { return out_.size(); }
  Bytes view() const { return {out_.data(), out_.size()}; }
  std::vector<uint8_t> take() { return std::move(out_); }

 private:
  std::vector<uint8_t> out_;
};

// Reads items one after another from borrowed bytes. The first failure sticks: every later read gives an empty value, and a
// failure inside a list is seen by the lists around it, so a caller checks once, at the end:
//
//   Decoder outer(raw);
//   Decoder tx = outer.list();
//   const uint64_t nonce = tx.number_u64();
//   …
//   tx.finish();
//   outer.finish();
//   if (outer.failed()) return Failure{Status::bad_encoding, outer.error()};
//
// A list's Decoder must not outlive the one it came from.
class Decoder {
 public:
  explicit Decoder(Bytes input) : rest_(input) {}
  Decoder(const Decoder&) = delete;
  Decoder& operator=(const Decoder&) = delete;

  bool failed() const { return error_ != nullptr; }
  // Why it failed, for people; null when it did not.
  const char* error() const { return error_; }
  // True when nothing is left to read, or after a failure.
  bool at_end() const { return failed() || rest_.size == 0; }
  // True when the next item is a list; false at the end.
  bool next_is_list() const { return !at_end() && rest_.data[0] >= 0xc0; }

  // Where the next item begins, for callers that hash or copy runs of items as they stand. Meaningless after a failure.
  const uint8_t* position() const { return rest_.data; }

  // The payload of the next item, which must be a string.
  Bytes bytes();
  // Likewise, of exactly N bytes.
  template <size_t N>
  Fixed<N> fixed() {
    Fixed<N> out{};
    const Bytes payload = bytes();
    if (failed()) return out;
    if (payload.size != N) {
      fail("string has the wrong size");
      return out;
    }
    std::memcpy(out.b, payload.data, N);
    return out;
  }
  // Likewise, of exactly N bytes, or empty.
  template <size_t N>
  std::optional<Fixed<N>> fixed_or_empty() {
    const Bytes payload = bytes();
    if (failed() || payload.size == 0) return std::nullopt;
    if (payload.size != N) {
      fail("string has the wrong size");
      return std::nullopt;
    }
    return fixed_from<N>(payload.data);
  }
  uint64_t number_u64();
  U256 number_u256();
  // The next item, which must be a list.
  Decoder list();
  // The next item, whole with its header; what is inside a list is not looked at.
  Bytes raw();
  // Fails when items are left.
  void finish();
  // Marks this decoder and those around it as failed; keeps the first reason. `reason` must be a literal.
  void fail(const char* reason);

 private:
  Decoder(Bytes input, Decoder* parent, unsigned depth) : rest_(input), parent_(parent), depth_(depth), error_(parent->error_) {}
  // Takes one item off the front: its payload, whether it is a list, and its whole size.
  bool take(Bytes& payload, bool& is_list, size_t& size);
  Bytes number_bytes(size_t size_max);

  Bytes rest_;
  Decoder* parent_ = nullptr;
  unsigned depth_ = 0;
  const char* error_ = nullptr;
};

// Null when `input` is exactly one canonical item, canonical all the way down and at most kDepthMax deep; else why not.
const char* check_canonical(Bytes input);

}  // namespace zg::rlp
