#include "core/system/error.h"

#include <sys/statvfs.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <iterator>

namespace pgassay {
namespace {

/// There may be bytes left, and no file can be made.
bool lacks_inodes(const std::string& path) {
  struct statvfs status {};
  std::error_code unknown;
  const std::string place = std::filesystem::exists(std::filesystem::symlink_status(path, unknown))
                                ? path
                                : std::filesystem::path(path).parent_path().string();
  return ::statvfs(place.empty() ? "." : place.c_str(), &status) == 0 && status.f_files > 0 &&
         status.f_favail == 0;
}

}  // namespace

std::string hint_of(int error_number) {
  switch (error_number) {
    case ENOSPC:
      return "free space on that file system, or use another one; nothing that was there before is harmed";
    case EDQUOT:
      return "the disk quota of this user is used up: free space, or have the quota raised";
    case EACCES:
    case EPERM:
      return "check the owner and the mode of that path and of the directories above it, and which user runs "
             "this";
    case EROFS:
      return "the file system is mounted read-only; see `findmnt` and the kernel log";
    case EMFILE:
    case ENFILE:
      return "too many open files: raise `ulimit -n`, or use fewer jobs";
    case EAGAIN:
      return "too many processes or threads: raise `ulimit -u`, or the limit of the service or container";
    case ENOMEM:
      return "too little memory: see `ulimit -v`, the limit of the service or container, and `free`";
    case EFBIG:
      return "files may not become that large: raise `ulimit -f`, or use a file system with larger files";
    default:
      return {};
  }
}

Exit exit_for(ErrorKind kind) {
  switch (kind) {
    case ErrorKind::usage:
      return Exit::usage;
    case ErrorKind::bad_backup:
    case ErrorKind::newer_format:
    case ErrorKind::damaged_part:
      return Exit::bad_backup;
    case ErrorKind::unverified:
    case ErrorKind::no_container_engine:
      return Exit::unverified;
    case ErrorKind::locked:
      return Exit::locked;
    case ErrorKind::refused:
      return Exit::refused;
    case ErrorKind::failed:
    case ErrorKind::stopped:
    case ErrorKind::system:
    case ErrorKind::another_server:
    case ErrorKind::server:
    case ErrorKind::connection_lost:
    case ErrorKind::server_silent:
    case ErrorKind::server_gave_up:
    case ErrorKind::no_http_answer:
    case ErrorKind::reader_gone:
    case ErrorKind::try_again:
    case ErrorKind::schema_blocked:
      break;
  }
  return Exit::failed;
}

Error::Error(std::string what, std::string hint, Exit exit)
    : Error(Facts{.what = std::move(what), .hint = std::move(hint), .exit = exit}) {}

Error::Error(std::string what, std::string hint, const Error& cause)
    : Error(facts_of(ErrorKind::failed, std::move(what), std::move(hint), &cause)) {}

Error::Facts Error::facts_of(ErrorKind kind, std::string what, std::string hint, const Error* cause) {
  Facts facts{.what = std::move(what), .hint = std::move(hint), .kind = kind, .exit = exit_for(kind)};
  if (cause != nullptr) {
    facts.sqlstate = cause->sqlstate();
    facts.number = cause->number();
    facts.cause = cause->copy();
  }
  return facts;
}

bool Error::is_loss() const {
  constexpr int kLosses[] = {ENOENT, ENOTDIR, EISDIR, ELOOP, EIO, EBADMSG, EUCLEAN};
  return is(ErrorKind::system) &&
         std::find(std::begin(kLosses), std::end(kLosses), number()) != std::end(kLosses);
}

void Error::raise() const {
  throw_it();
  std::abort();  // GCC does not see that a virtual function does not return
}

std::shared_ptr<const Error> Error::with(Facts facts) const {
  const std::shared_ptr<Error> error = copy();
  error->facts_ = std::make_shared<const Facts>(std::move(facts));
  return error;
}

std::shared_ptr<const Error> Error::with_context(const std::string& context) const {
  Facts facts = *facts_;
  facts.what = context + ": " + facts.what;
  facts.cause = copy();
  return with(std::move(facts));
}

std::shared_ptr<const Error> Error::with_outcome(const std::string& outcome) const {
  Facts facts = *facts_;
  facts.what += "; " + outcome;
  facts.cause = copy();
  return with(std::move(facts));
}

std::shared_ptr<const Error> Error::with_hint(std::string hint) const {
  Facts facts = *facts_;
  facts.hint = std::move(hint);
  return with(std::move(facts));
}

SystemError::SystemError(std::string what, std::string hint, int number)
    : ErrorAs(Facts{.what = std::move(what),
                    .hint = std::move(hint),
                    .kind = ErrorKind::system,
                    .exit = exit_for(ErrorKind::system),
                    .number = number}) {}

void throw_errno(const std::string& what, const std::string& object) {
  throw_errno(what, object, errno);
}

void throw_errno(const std::string& what, const std::string& object, int error_number) {
  std::string text = what + ": " + object + ": " + std::strerror(error_number), hint = hint_of(error_number);
  if (error_number == ENOSPC && lacks_inodes(object)) {
    text += " (no inode is left)";
    hint = "remove files there that are not needed: there may be room, and still no file can be made";
  }
  throw SystemError(text, hint, error_number);
}

}  // namespace pgassay
