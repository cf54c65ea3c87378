// The errors that end a command. Whoever looks at one asks for its kind(): no code casts, or reads an error's
// own words. They are caught at last in one place, cli/main.cc.
#pragma once

#include <concepts>
#include <exception>
#include <memory>
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

/// Says which error it is. Each has one class, named on the right where the name differs.
enum class ErrorKind {
  failed,   ///< Error: nothing more is known of it than its words
  usage,    ///< UsageError
  refused,  ///< Refused
  locked,   ///< Locked
  stopped,  ///< Stopped
  system,   ///< SystemError: number() is the errno
  bad_backup,
  newer_format,  ///< NewerFormat, which is also a BadBackup
  damaged_part,  ///< DamagedPart
  unverified,
  no_container_engine,  ///< NoContainerEngine, which is also an Unverified
  another_server,       ///< AnotherServer: somebody answered who was not meant
  server,               ///< ServerError: sqlstate() is the server's
  connection_lost,
  server_silent,
  server_gave_up,
  no_http_answer,
  reader_gone,
  try_again,
  schema_blocked,  ///< SchemaBlocked, which is also a TryAgain
};

/// The status with which a command ends by an error of that kind.
Exit exit_for(ErrorKind kind);

/// what() is one line: what failed, which object, the system's own words. hint() says what to do next, or is
/// empty. Copies share what they hold, so copying throws nothing.
class Error : public std::exception {
 public:
  explicit Error(std::string what, std::string hint = {}, Exit exit = Exit::failed);
  /// Keeps what it came from: cause(), and its sqlstate() and number().
  Error(std::string what, std::string hint, const Error& cause);

  const char* what() const noexcept override { return facts_->what.c_str(); }
  const std::string& hint() const { return facts_->hint; }
  Exit exit() const { return facts_->exit; }
  ErrorKind kind() const { return facts_->kind; }
  /// Of the server's error, five characters, or of that which caused this one; else empty.
  const std::string& sqlstate() const { return facts_->sqlstate; }
  /// The errno of a system call that failed, or of the one that caused this error; else 0.
  int number() const { return facts_->number; }
  /// The error that this one came from, of its own class; null when there was none.
  const Error* cause() const { return facts_->cause.get(); }

  bool is(std::same_as<ErrorKind> auto... kinds) const { return ((kind() == kinds) || ...); }
  /// A system call found the thing itself gone or broken. Else it was only out of reach: no permission, too
  /// many open files, …
  bool is_loss() const;

  /// Throws it again, as the class that it has.
  [[noreturn]] void raise() const;
  void raise_if(std::same_as<ErrorKind> auto... kinds) const {
    if (is(kinds...)) raise();
  }
  /// The same error, of the same class and kind, as "context: what()". This one is its cause.
  /// For example: error.with_context("copying public.t")->raise();
  std::shared_ptr<const Error> with_context(const std::string& context) const;
  /// The same error as "what(); outcome": what came of it.
  std::shared_ptr<const Error> with_outcome(const std::string& outcome) const;
  /// The same error with another hint.
  std::shared_ptr<const Error> with_hint(std::string hint) const;

 protected:
  struct Facts {
    std::string what, hint;
    ErrorKind kind = ErrorKind::failed;
    Exit exit = Exit::failed;
    std::string sqlstate = {};
    int number = 0;
    std::shared_ptr<const Error> cause = {};
  };
  explicit Error(Facts facts) : facts_(std::make_shared<const Facts>(std::move(facts))) {}
  static Facts facts_of(ErrorKind kind, std::string what, std::string hint, const Error* cause = nullptr);

 private:
  virtual void throw_it() const { throw Error(*this); }
  virtual std::shared_ptr<Error> copy() const { return std::make_shared<Error>(*this); }
  std::shared_ptr<const Error> with(Facts facts) const;
  std::shared_ptr<const Facts> facts_;
};

/// What each class of errors derives from, so that raise() and with_context() keep it.
template <class Self, ErrorKind kKind, class Base = Error>
class ErrorAs : public Base {
 public:
  explicit ErrorAs(std::string what, std::string hint = {})
      : Base(Error::facts_of(kKind, std::move(what), std::move(hint))) {}
  ErrorAs(std::string what, std::string hint, const Error& cause)
      : Base(Error::facts_of(kKind, std::move(what), std::move(hint), &cause)) {}

 protected:
  explicit ErrorAs(Error::Facts facts) : Base(std::move(facts)) {}

 private:
  void throw_it() const override { throw Self(static_cast<const Self&>(*this)); }
  std::shared_ptr<Error> copy() const override {
    return std::make_shared<Self>(static_cast<const Self&>(*this));
  }
};

template <ErrorKind kKind>
class ErrorOf : public ErrorAs<ErrorOf<kKind>, kKind> {
 public:
  using ErrorAs<ErrorOf<kKind>, kKind>::ErrorAs;
};
using UsageError = ErrorOf<ErrorKind::usage>;
using BadBackup = ErrorOf<ErrorKind::bad_backup>;
using Unverified = ErrorOf<ErrorKind::unverified>;
using Locked = ErrorOf<ErrorKind::locked>;
using Refused = ErrorOf<ErrorKind::refused>;
using AnotherServer = ErrorOf<ErrorKind::another_server>;

/// Work was given up because its stop_token was set: by a signal, or because a sibling failed first.
class Stopped : public ErrorAs<Stopped, ErrorKind::stopped> {
 public:
  Stopped() : ErrorAs("interrupted") {}
};

/// A system call failed.
class SystemError : public ErrorAs<SystemError, ErrorKind::system> {
 public:
  SystemError(std::string what, std::string hint, int number);
};

/// Throws SystemError "what: path: strerror(errno)"; keeps errno's meaning for the hint (ENOSPC, EACCES,
/// EROFS).
[[noreturn]] void throw_errno(const std::string& what, const std::string& object);
/// The same for an errno kept in a variable.
[[noreturn]] void throw_errno(const std::string& what, const std::string& object, int error_number);
/// What to do about an errno; empty where that is not known.
std::string hint_of(int error_number);

/// Undoes what was begun, when its scope is left by an exception: that one goes on, whatever becomes of the
/// undoing.
template <std::invocable Undo>
class OnFailure {
 public:
  explicit OnFailure(Undo undo) : undo_(std::move(undo)) {}
  OnFailure(const OnFailure&) = delete;
  ~OnFailure() {
    if (std::uncaught_exceptions() <= before_) return;
    try {
      undo_();
    } catch (const std::exception&) {
      // The first error is the one to report.
    }
  }

 private:
  Undo undo_;
  const int before_ = std::uncaught_exceptions();
};

}  // namespace pgassay
