// Output that others read while it is written, and files that appear whole.
#pragma once

#include <stop_token>

#include "core/system/cancellation.h"
#include "core/system/error.h"
#include "core/system/fd.h"

namespace pgassay {

/// Nobody reads the pipe any more (EPIPE).
class ReaderGone : public ErrorAs<ReaderGone, ErrorKind::reader_gone> {
 public:
  using ErrorAs::ErrorAs;
};

/// Writes all of it to a pipe, a terminal or a file. A reader that stalls does not hold up the stop. Throws
/// Stopped, ReaderGone, SystemError.
void write_to_reader(int fd, Bytes bytes, const StopFd& stop, const Path& name_for_errors);

/// A file that takes its name once it is complete: until then it is FILE.pgassay-tmp, flushed and renamed by
/// commit(), or removed. What was there under its name stays till then. Where FILE is no regular file (a
/// device, a pipe) it is written in place.
class OutputFile {
 public:
  explicit OutputFile(const Path& file);
  OutputFile(const OutputFile&) = delete;
  ~OutputFile();
  int fd() const { return fd_.get(); }
  void commit();

 private:
  Path file_, temporary_;  ///< temporary_ is empty where there is none
  Fd fd_;
};

}  // namespace pgassay
