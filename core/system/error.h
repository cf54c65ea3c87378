// The errors that end a command, one class for each exit status. They are caught in one place, cli/main.cc.
#pragma once

#include <stdexcept>
#include <string>
#include <utility>

namespace pgassay {

/// The exit statuses, the same for every command (docs/exit-statuses.md).
enum class Exit : int {
  done = 0,
  failed = 1,
  usage = 2,
  bad_backup = 3,
  unverified = 4,
  locked = 5,
  refused = 6
};

/// what() is one line: what failed, which object, the system's own words. hint() says what to do next, or is
/// empty.
class Error : public std::runtime_error {
 public:
  explicit Error(const std::string& what, std::string hint = {}, Exit exit = Exit::failed)
      : std::runtime_error(what), hint_(std::move(hint)), exit_(exit) {}
  const std::string& hint() const { return hint_; }
  Exit exit() const { return exit_; }

 private:
  std::string hint_;
  Exit exit_;
};

template <Exit kExit>
class ErrorOf : public Error {
 public:
  explicit ErrorOf(const std::string& what, std::string hint = {}) : Error(what, std::move(hint), kExit) {}
};
using UsageError = ErrorOf<Exit::usage>;
using BadBackup = ErrorOf<Exit::bad_backup>;
using Unverified = ErrorOf<Exit::unverified>;
using Locked = ErrorOf<Exit::locked>;
using Refused = ErrorOf<Exit::refused>;

/// Work was given up because its stop_token was set: by a signal, or because a sibling failed first.
class Stopped : public Error {
 public:
  Stopped() : Error("interrupted") {}
};

/// A system call failed.
class SystemError : public Error {
 public:
  SystemError(const std::string& what, std::string hint, int number)
      : Error(what, std::move(hint)), number_(number) {}
  int number() const { return number_; }
  /// Is the thing itself gone or broken? Else it was only out of reach: no permission, too many open files, …
  bool is_loss() const;

 private:
  int number_;
};

/// Throws SystemError "what: path: strerror(errno)"; keeps errno's meaning for the hint (ENOSPC, EACCES,
/// EROFS).
[[noreturn]] void throw_errno(const std::string& what, const std::string& object);
/// The same for an errno kept in a variable.
[[noreturn]] void throw_errno(const std::string& what, const std::string& object, int error_number);

}  // namespace pgassay
