// The two stateful contracts behind api.hpp, as tables of methods. DASigners has two versions.
#pragma once

#include "evm/zerog_rules/abi.hpp"
#include "evm/zerog_rules/api.hpp"

namespace zg::evm::zerog_rules {

inline constexpr Address kDaRegistry{{0x20, 0xf3, 0x0b, 0x25, 0x84, 0xf3, 0x09, 0x6e, 0xa0, 0xd6,
                                      0xc1, 0x8c, 0x3b, 0x5c, 0xac, 0xc0, 0x58, 0x5e, 0x12, 0xfc}};
inline constexpr Address kWrappedToken{{0x1c, 0xd0, 0x69, 0x0f, 0xf9, 0xa6, 0x93, 0xf5, 0xef, 0x2d,
                                        0xd9, 0x76, 0x66, 0x0a, 0x8d, 0xaf, 0xc8, 0x1a, 0x10, 0x9c}};
inline constexpr Address kAgency{{0xe1, 0xa5, 0x16, 0x2f, 0x99, 0xe0, 0x75, 0xf8, 0xc6, 0x68,
                                  0x1a, 0xe2, 0x81, 0x91, 0xab, 0x3a, 0xc2, 0x50, 0xb4, 0x68}};

struct Call {
  AbiReader arguments;
  const Address& caller;
  StatefulHost& host;
  const Rules& rules;
  std::vector<uint8_t> output;
};

// How a method ends: with its output in the call, malformed (a revert), or with the name of the rule that it breaks.
struct Ending {
  enum Kind : uint8_t { done, malformed, broken } kind = done;
  const char* rule = "";
};
inline constexpr Ending kDone{};
inline constexpr Ending kMalformed{Ending::malformed, "malformed arguments"};
constexpr Ending broken(const char* rule) { return {Ending::broken, rule}; }

struct Method {
  uint32_t selector;
  uint64_t gas;
  bool writes;
  Ending (*run)(Call& call);
};

struct MethodTable {
  const Method* methods;
  size_t count;
};

extern const MethodTable kDaSignersMethods, kDaSignersV2Methods, kWrappedBaseMethods;

}  // namespace zg::evm::zerog_rules
