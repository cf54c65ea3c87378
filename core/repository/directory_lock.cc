#include "core/repository/directory_lock.h"

#include <algorithm>
#include <cerrno>
#include <iterator>

#include "core/system/error.h"

namespace pgassay {
namespace {

/// NFS and CIFS say EBADF of what is not open for writing, those without a lock daemon ENOLCK.
bool cannot_lock(const SystemError& error) {
  constexpr int kCannot[] = {EBADF, EINVAL, ENOLCK, ENOSYS, ENOTSUP, EISDIR};
  return std::find(std::begin(kCannot), std::end(kCannot), error.number()) != std::end(kCannot);
}

/// A reader may not be able to write there, and then nobody keeps it from reading.
bool cannot_write(const SystemError& error) {
  return error.number() == EROFS || error.number() == EACCES || error.number() == EPERM;
}

}  // namespace

Held lock_file(const Fd& file, LockMode mode) {
  try {
    return try_lock(file, mode) ? Held::yes : Held::by_another;
  } catch (const SystemError& error) {
    if (!cannot_lock(error)) error.raise();
    return Held::impossible;
  }
}

DirectoryLock lock_directory(const Place& dir, std::string_view lease, LockMode mode) {
  DirectoryLock lock;
  lock.fd = open_directory(dir);
  lock.held = lock_file(lock.fd, mode);
  if (lock.held != Held::impossible) return lock;
  try {
    const Place file = dir / lease;
    if (file.parent_path() != dir) make_private_dirs(file.parent_path());
    Fd fd = open_lock_file(file);
    lock.held = lock_file(fd, mode);
    if (lock.held != Held::impossible) lock.fd = std::move(fd);
  } catch (const SystemError& error) {
    if (mode == LockMode::exclusive || !cannot_write(error)) error.raise();
  }
  return lock;
}

}  // namespace pgassay
