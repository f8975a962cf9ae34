// The tiny harness of the native tests: CHECK prints the expression and where, and main returns the failures.
#pragma once

#include <cstdio>
#include <cstdlib>

inline int g_check_failures = 0;
inline int g_check_count = 0;

#define CHECK(condition)                                                          \
  do {                                                                            \
    ++g_check_count;                                                              \
    if (!(condition)) {                                                           \
      ++g_check_failures;                                                         \
      std::printf("%s:%d: CHECK(%s) failed\n", __FILE__, __LINE__, #condition);   \
    }                                                                             \
  } while (false)

// Call at the end of main: `return check_report();`
inline int check_report() {
  std::printf("%d checks, %d failed\n", g_check_count, g_check_failures);
  return g_check_failures == 0 ? 0 : 1;
}
