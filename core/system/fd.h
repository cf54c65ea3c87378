// A file descriptor, and what is done with one that is open.
#pragma once

#include <filesystem>
#include <span>

#include "core/system/bytes.h"

namespace pgassay {

using Path = std::filesystem::path;

/// Owns a file descriptor. Closes it quietly; a writer whose close() must be looked at calls close() itself.
class Fd {
 public:
  Fd() = default;
  explicit Fd(int fd) : fd_(fd) {}
  Fd(Fd&& other) noexcept : fd_(other.release()) {}
  Fd& operator=(Fd&& other) noexcept;
  ~Fd() { reset(); }
  int get() const { return fd_; }
  explicit operator bool() const { return fd_ >= 0; }
  int release();
  void reset();

 private:
  int fd_ = -1;
};

void write_all(int fd, Bytes bytes, const Path& name_for_errors);
/// Up to buffer.size() bytes; 0 is the end of the file.
std::size_t read_some(int fd, std::span<std::byte> buffer, const Path& name_for_errors);
void close_checked(Fd&& fd, const Path& name_for_errors);  ///< close(2), an error of which is an error
void start_writeback(int fd);  ///< asks the kernel to begin writing the file out; best effort

/// fsync(2). That a file system can't flush a directory is no error: it writes entries in order, or its
/// server does.
void flush_to_disk(const Fd& fd, const Path& name_for_errors);

enum class LockMode { shared, exclusive };
/// flock(2) without waiting. False when somebody else holds it.
bool try_lock(const Fd& fd, LockMode mode);
/// syncfs(2). It tells of what failed to be written since `any_on_it` was opened, so open that first.
void sync_filesystem(const Fd& any_on_it, const Path& name_for_errors);

}  // namespace pgassay
