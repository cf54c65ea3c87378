#pragma once

#include <cstdio>
#include <cstdlib>

/// Ends the fuzzer with a finding.
#define PGASSAY_EXPECT(condition)                                                  \
  do {                                                                             \
    if (!(condition)) {                                                            \
      std::fprintf(stderr, "%s:%d: broken: %s\n", __FILE__, __LINE__, #condition); \
      std::abort();                                                                \
    }                                                                              \
  } while (false)
