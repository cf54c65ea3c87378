// One child process from fork to its end: what run() and Process are made of. Not a door: use
// core/system/subprocess.h.
#pragma once

#include <sys/types.h>

#include <optional>
#include <string>
#include <vector>

#include "core/system/subprocess.h"
#include "core/system/trace.h"

namespace pgassay {

/// Descriptors from 3 on, so that putting them in the places 0 to 2 never overwrites another.
Fd above_stderr(int fd, const char* what);

struct Pipe {
  Fd reader, writer;
};
Pipe make_pipe();

/// All that the child needs, made before fork: after it only async-signal-safe calls may be made.
struct Launch {
  std::string program;
  std::vector<std::string> argv_strings, env_strings;
  std::vector<char*> argv, env;
  const Command& command;
  int stdin_fd = -1, stdout_fd = -1, stderr_fd = -1, failure_fd = -1;
  int signal_when_we_die;  ///< 0: none
  bool own_session = false;
  pid_t parent;

  /// The command must outlive it. Throws Error when there is no such program, and where this machine can't
  /// confine it.
  Launch(const Command& command, int signal_when_we_die);
  Launch(const Launch&) = delete;
};

/// A child that is killed and reaped when nobody waited for it.
class Child {
 public:
  /// Returns once the program runs; throws when it can't be started, or not be confined.
  explicit Child(Launch& launch);
  Child(Child&& other) noexcept : traced_(std::move(other.traced_)), pid_(other.release()) {}
  ~Child();

  std::optional<int> reap();  ///< the status once it has ended
  void terminate();           ///< SIGTERM, and waits up to 5 s
  void signal(int number) const;
  pid_t pid() const { return pid_; }  ///< -1 once it was reaped
  pid_t release();                    ///< nobody kills it any more

 private:
  void end();

  TraceEvent traced_{"child"};
  pid_t pid_ = -1;
};

}  // namespace pgassay
