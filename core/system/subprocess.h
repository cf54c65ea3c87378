// Child processes: an argument vector, never a shell; secrets only in the environment; exit status and stderr
// always looked at.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "core/system/fd.h"

namespace pgassay {

struct UserId {
  uid_t uid;
  gid_t gid;
};

/// At most so much of one resource, soft and hard: setrlimit(2).
struct ResourceLimit {
  int resource;  ///< RLIMIT_NPROC, …
  std::uint64_t most;
};

/// What is taken from a child and from all that it starts.
struct Confinement {
  std::optional<UserId> run_as;  ///< of root: another user, no supplementary groups
  /// A seccomp program (core/system/call_filter.h), which also keeps it from gaining privileges. Empty: none.
  std::string call_filter{};
  std::vector<ResourceLimit> limits{};
};

struct Command {
  std::vector<std::string> argv;           ///< argv[0] is looked up in PATH when it has no '/'
  std::map<std::string, std::string> env;  ///< added to our own environment
  std::string input;                       ///< given on stdin, then closed
  int stdout_fd = -1;                      ///< where stdout goes; -1: captured into Completed::out
  /// Takes stdout in its place, as it comes. What it throws ends the child, and goes on.
  std::function<void(Bytes)> on_stdout = {};
  bool env_is_all = false;  ///< nothing of our own environment is passed on
  Path working_dir{};       ///< empty: ours
  Confinement confinement{};
  std::vector<int> inherited{};  ///< descriptors above 2 that it gets, under the same numbers
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

class Child;

/// A program that runs beside us, in a session of its own: a terminal's Ctrl-C does not reach it. stdout and
/// stderr go to command.stdout_fd, which must be given. It gets `signal_when_we_die` when the thread that
/// started it ends, be it by SIGKILL of the process; 0: it lives on.
class Process {
 public:
  Process(const Command& command, int signal_when_we_die);
  Process(Process&&) noexcept;
  ~Process();  ///< SIGKILL, unless it has ended or was released

  void signal(int number) const;
  /// The exit status (128 + n: signal n) once it has ended, waiting so long for it. Throws Stopped.
  std::optional<int> ended_within(std::chrono::milliseconds time, const std::stop_token& stop);
  pid_t pid() const;
  void release();  ///< from now on it is on its own

 private:
  std::unique_ptr<Child> child_;
  std::optional<int> status_;
};

/// As one would type it at a shell's prompt, for commands that are shown to people. What would not be
/// printable there is $'\xNN', which bash, ksh and zsh read.
std::string shell_word(std::string_view text);

/// The full path of an executable: `name` itself when it holds '/', else the first of PATH, else empty.
Path find_program(const std::string& name);

}  // namespace pgassay
