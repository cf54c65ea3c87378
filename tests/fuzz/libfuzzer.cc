// libFuzzer's way into one target: https://llvm.org/docs/LibFuzzer.html
#include <cstddef>
#include <cstdint>

#include "tests/fuzz/targets.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  pgassay::fuzz::PGASSAY_FUZZ_TARGET({reinterpret_cast<const char*>(data), size});
  return 0;
}
