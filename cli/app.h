// The command line: its options, their help, and what was asked for.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "cli/command/arguments.h"

namespace pgassay::cli {

struct Invocation {
  Arguments arguments;
  std::optional<std::string> answer;  ///< the text of --help or --version: print it, do nothing else
};

/// `words` without the program's name. Throws UsageError.
Invocation parse_command_line(const std::vector<std::string>& words);

/// Was --json among the words? Asked before they are parsed, so that even a usage error is a document.
bool asks_for_json(const std::vector<std::string>& words);
/// The command among the words, as far as can be told without parsing them; empty: none.
std::string command_in(const std::vector<std::string>& words);

}  // namespace pgassay::cli
