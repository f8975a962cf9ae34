// Host-side conveniences over bytes.hpp: comparison, hashing for containers, hex, views of standard containers.
#pragma once

#include <array>
#include <cstring>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/bytes.hpp"

namespace zg {

template <size_t N>
inline bool operator==(const Fixed<N>& a, const Fixed<N>& b) {
  return std::memcmp(a.b, b.b, N) == 0;
}
template <size_t N>
inline bool operator!=(const Fixed<N>& a, const Fixed<N>& b) {
  return !(a == b);
}
template <size_t N>
inline bool operator<(const Fixed<N>& a, const Fixed<N>& b) {
  return std::memcmp(a.b, b.b, N) < 0;
}

inline Bytes as_bytes(const std::vector<uint8_t>& v) { return {v.data(), v.size()}; }
inline Bytes as_bytes(std::string_view s) { return {reinterpret_cast<const uint8_t*>(s.data()), s.size()}; }
template <size_t N>
inline Bytes as_bytes(const Fixed<N>& f) {
  return {f.b, N};
}

// Reads exactly N bytes; the caller has checked the size.
template <size_t N>
inline Fixed<N> fixed_from(const uint8_t* p) {
  Fixed<N> f;
  std::memcpy(f.b, p, N);
  return f;
}

// Lower-case hex without prefix.
std::string to_hex(Bytes bytes);

// Accepts an optional 0x prefix and an even number of digits; nullopt otherwise.
std::optional<std::vector<uint8_t>> from_hex(std::string_view text);

// A seeded-per-process hash of addresses, slots and digests: keys are chosen by strangers, so tables must not be
// degradable by crafted keys.
uint64_t keyed_hash(const uint8_t* data, size_t size);

struct FixedHash {
  template <size_t N>
  size_t operator()(const Fixed<N>& f) const {
    return keyed_hash(f.b, N);
  }
};

}  // namespace zg
