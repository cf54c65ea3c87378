// The command line: which command it names, and what it says to it.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "cli/command/command.h"

namespace pgassay::cli {

inline constexpr const char* kAbout =
    "pgassay takes logical backups of PostgreSQL databases, and proves them.";

struct Invocation {
  Arguments arguments;
  const Command* command = nullptr;   ///< null where there is an answer
  Run run;                            ///< of the command, with what the words say to it
  std::optional<std::string> answer;  ///< the text of --help or --version: print it, do nothing else
};

/// `words` without the program's name. `commit`: what --version says besides, where it is known. Throws
/// UsageError.
Invocation parse_command_line(const std::vector<std::string>& words, const std::string& commit = {});

/// Reads `words` into what `options` point to, as if they followed the name of a command that has these
/// options. Throws UsageError.
void parse_options(const Options& options, const std::vector<std::string>& words);

/// What every command takes.
void add_common(Options& options, Arguments& arguments);
/// All that a command takes, --help among it; null: the program without a command. For the manual: where its
/// options point to is gone.
Options described_options(const Command* command);

/// Was --json among the words? Asked before they are parsed, so that even a usage error is a document.
bool asks_for_json(const std::vector<std::string>& words);
/// The command among the words, as far as can be told without parsing them; empty: none.
std::string command_in(const std::vector<std::string>& words);

}  // namespace pgassay::cli
