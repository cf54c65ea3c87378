#include "core/system/fd.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <iterator>
#include <utility>

#include "core/system/error.h"

namespace pgassay {

Fd& Fd::operator=(Fd&& other) noexcept {
  if (this != &other) {
    reset();
    fd_ = other.release();
  }
  return *this;
}

int Fd::release() {
  return std::exchange(fd_, -1);
}

void Fd::reset() {
  if (fd_ >= 0) ::close(release());
}

void write_all(int fd, Bytes bytes, const Path& name_for_errors) {
  while (!bytes.empty()) {
    ssize_t written = ::write(fd, bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) throw_errno("can't write", name_for_errors);
    if (written == 0) throw_errno("can't write", name_for_errors, EIO);
    bytes = bytes.subspan(static_cast<std::size_t>(written));
  }
}

std::size_t read_some(int fd, std::span<std::byte> buffer, const Path& name_for_errors) {
  for (;;) {
    ssize_t got = ::read(fd, buffer.data(), buffer.size());
    if (got >= 0) return static_cast<std::size_t>(got);
    if (errno != EINTR) throw_errno("can't read", name_for_errors);
  }
}

void close_checked(Fd&& fd, const Path& name_for_errors) {
  // Linux has closed it even when it says EINTR.
  if (::close(fd.release()) != 0 && errno != EINTR) throw_errno("can't close", name_for_errors);
}

void start_writeback(int fd) {
  ::sync_file_range(fd, 0, 0, SYNC_FILE_RANGE_WRITE);
}

void flush_to_disk(const Fd& fd, const Path& name_for_errors) {
  while (::fsync(fd.get()) != 0) {
    const int error = errno;
    if (error == EINTR) continue;
    constexpr int kCannot[] = {EINVAL, EBADF, EISDIR, ENOTSUP, ENOSYS, ENOTTY};
    const bool cannot = std::find(std::begin(kCannot), std::end(kCannot), error) != std::end(kCannot);
    struct stat status;
    if (cannot && ::fstat(fd.get(), &status) == 0 && S_ISDIR(status.st_mode)) return;
    throw_errno("can't flush to disk", name_for_errors, error);
  }
}

void sync_filesystem(const Fd& any_on_it, const Path& name_for_errors) {
  // Each file is flushed by itself afterwards: what can't do this is no error.
  if (::syncfs(any_on_it.get()) != 0 && errno != EINVAL && errno != ENOSYS && errno != ENOTSUP)
    throw_errno("can't flush the file system of", name_for_errors);
}

bool try_lock(const Fd& fd, LockMode mode) {
  const int operation = (mode == LockMode::shared ? LOCK_SH : LOCK_EX) | LOCK_NB;
  while (::flock(fd.get(), operation) != 0) {
    if (errno == EWOULDBLOCK) return false;
    if (errno != EINTR) throw_errno("can't lock", "flock");
  }
  return true;
}

}  // namespace pgassay
