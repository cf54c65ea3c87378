#include "core/system/error.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <iterator>

namespace pgassay {
namespace {

std::string hint_for(int error_number) {
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
    default:
      return {};
  }
}

}  // namespace

bool SystemError::is_loss() const {
  constexpr int kLosses[] = {ENOENT, ENOTDIR, EISDIR, ELOOP, EIO, EBADMSG, EUCLEAN};
  return std::find(std::begin(kLosses), std::end(kLosses), number_) != std::end(kLosses);
}

void throw_errno(const std::string& what, const std::string& object) {
  throw_errno(what, object, errno);
}

void throw_errno(const std::string& what, const std::string& object, int error_number) {
  throw SystemError(what + ": " + object + ": " + std::strerror(error_number), hint_for(error_number),
                    error_number);
}

}  // namespace pgassay
