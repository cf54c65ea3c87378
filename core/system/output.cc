#include "core/system/output.h"

#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <system_error>

#include "core/system/files.h"
#include "core/system/trace.h"

namespace pgassay {
namespace {

bool is_regular(int fd) {
  struct stat status {};
  return ::fstat(fd, &status) == 0 && S_ISREG(status.st_mode);
}

/// The file that a symbolic link leads to: it is to be replaced, not the link.
Path behind_links(const Path& file) {
  std::error_code error;
  const Path real = std::filesystem::canonical(file, error);
  return error ? file : real;
}

}  // namespace

void write_to_reader(int fd, Bytes bytes, const StopFd& stop, const Path& name) {
  // A pipe that is ready takes PIPE_BUF bytes at once (pipe(7)); of more the rest would wait, deaf to the
  // stop.
  const std::size_t most = is_regular(fd) ? bytes.size() : PIPE_BUF;
  while (!bytes.empty()) {
    wait_for(fd, POLLOUT, stop);
    const ssize_t written = ::write(fd, bytes.data(), std::min(most, bytes.size()));
    if (written < 0 && (errno == EINTR || errno == EAGAIN)) continue;
    if (written < 0 && errno == EPIPE) throw ReaderGone("nobody reads " + name.string() + " any more");
    if (written < 0) throw_errno("can't write", name);
    bytes = bytes.subspan(static_cast<std::size_t>(written));
  }
}

OutputFile::OutputFile(const Path& file) : file_(behind_links(file)) {
  const auto type = status_of(file_).type();
  if (type == std::filesystem::file_type::directory)
    throw UsageError("the output is a directory: " + file.string());
  if (type != std::filesystem::file_type::not_found && type != std::filesystem::file_type::regular) {
    fd_ = Fd(::open(file_.c_str(), O_WRONLY | O_CLOEXEC));
    if (!fd_) throw_errno("can't open", file_);
    return;
  }
  temporary_ = file_;
  temporary_ += ".pgassay-tmp";
  if (::unlink(temporary_.c_str()) != 0 && errno != ENOENT) throw_errno("can't remove", temporary_);
  try {
    fd_ = create_file(temporary_);
  } catch (const Error& error) {
    temporary_.clear();  // not ours to remove
    error.raise();
  }
}

OutputFile::~OutputFile() {
  if (!temporary_.empty()) ::unlink(temporary_.c_str());
}

void OutputFile::commit() {
  if (temporary_.empty()) return close_checked(std::move(fd_), file_);
  if (::fsync(fd_.get()) != 0) throw_errno("can't flush", temporary_);
  close_checked(std::move(fd_), temporary_);
  if (::rename(temporary_.c_str(), file_.c_str()) != 0) throw_errno("can't put in place", file_);
  temporary_.clear();
  fsync_path(file_.has_parent_path() ? file_.parent_path() : Path("."));
  trace_published(file_);
}

}  // namespace pgassay
