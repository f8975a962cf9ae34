// Constants of exp() that host code, ISA files and device bodies share.
#pragma once

namespace zg::batching {

inline constexpr float kExpLow = -87.0f, kExpHigh = 88.0f;
inline constexpr float kLog2E = 1.44269504f;
inline constexpr float kRounder = 12582912.0f;  // 1.5 · 2^23: adding and subtracting it rounds to an integer
inline constexpr float kLn2High = 0.693359375f, kLn2Low = -2.12194440e-4f;

}  // namespace zg::batching
