// What every command takes, as plain values; nothing here knows how it was parsed. What one command takes
// stands in that command's file.
#pragma once

#include <optional>
#include <string>

namespace pgassay::cli {

struct Arguments {
  std::optional<std::string> repo, config;
  std::optional<std::string> log_format;  ///< is read by log_format_in(), before the rest is parsed
  std::optional<std::string> trace;       ///< a file
  bool json = false, quiet = false, verbose = false;
};

}  // namespace pgassay::cli
