#include "batching/scheduler/api.hpp"

namespace zg::batching {

namespace {

// How far back a guess looks: the scan stays within a few microseconds.
constexpr size_t kWindowTokens = 4096;

}  // namespace

std::vector<uint32_t> guess_next(const std::vector<uint32_t>& tokens, size_t count_max) {
  const size_t size = tokens.size();
  if (count_max == 0) return {};
  for (size_t gram = 3; gram >= 2; --gram) {
    if (size < gram + 1) continue;
    const uint32_t* tail = tokens.data() + size - gram;
    const size_t lowest = size > kWindowTokens ? size - kWindowTokens : 0;
    for (size_t at = size - gram; at-- > lowest;) {
      bool is_same = true;
      for (size_t i = 0; i < gram && is_same; ++i) is_same = tokens[at + i] == tail[i];
      if (!is_same) continue;
      const size_t from = at + gram, count = size - from < count_max ? size - from : count_max;
      return {tokens.begin() + static_cast<ptrdiff_t>(from), tokens.begin() + static_cast<ptrdiff_t>(from + count)};
    }
  }
  return {};
}

}  // namespace zg::batching
