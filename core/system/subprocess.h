// Child processes: an argument vector, never a shell; secrets only in the environment; exit status and stderr
// always looked at.
#pragma once

#include <functional>
#include <map>
#include <stop_token>
#include <string>
#include <vector>

#include "core/system/files.h"

namespace pgassay {

struct Command {
  std::vector<std::string> argv;           ///< argv[0] is looked up in PATH when it has no '/'
  std::map<std::string, std::string> env;  ///< added to our own environment
  std::string input;                       ///< given on stdin, then closed
  int stdout_fd = -1;                      ///< where stdout goes; -1: captured into Completed::out
  /// Takes stdout in its place, as it comes. What it throws ends the child, and goes on.
  std::function<void(Bytes)> on_stdout = {};
};

struct Completed {
  int status = 0;        ///< exit status; 128 + n when signal n ended it
  std::string out, err;  ///< err is cut in the middle past 1 MiB
  bool ok() const { return status == 0; }
  /// The first lines of stderr on one line, for an error message; "exit status N" when it said nothing.
  std::string complaint() const;
};

/// Runs to the end. On stop: SIGTERM, after 5 s SIGKILL, then throws Stopped. The child starts with no signal
/// blocked, and gets SIGTERM when we die. Throws Error when the program can't be started.
Completed run(const Command& command, std::stop_token stop);

/// The full path of an executable: `name` itself when it holds '/', else the first of PATH, else empty.
Path find_program(const std::string& name);

}  // namespace pgassay
