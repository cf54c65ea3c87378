// The RGW that ctest has started (rgw.sh).
#pragma once

#include <cstdlib>
#include <string>

#include "core/system/error.h"
#include "core/system/files.h"
#include "core/system/split.h"

namespace pgassay::test {

/// Its endpoint; its keys are then in this process' environment.
inline const std::string& rgw_endpoint() {
  static const std::string endpoint = [] {
    for (const std::string& line : split_nonempty(read_file(Path(PGASSAY_RGW_DIR) / "environment"), '\n')) {
      const std::size_t equals = line.find('=');
      ::setenv(line.substr(0, equals).c_str(), line.substr(equals + 1).c_str(), 1);
    }
    return std::string(std::getenv("PGASSAY_TEST_S3"));
  }();
  return endpoint;
}

}  // namespace pgassay::test
