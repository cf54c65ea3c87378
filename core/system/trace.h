// A record of all that a command did, for whoever reads a user's report (docs/trace.md): one line of JSON for
// each event.
//
// There is one for the process, which cli/main.cc begins before any thread runs: statements, children and
// renames happen in every room, and a record that each caller had to hand on would lack those of whoever
// forgot. Nothing but this file knows that it is there, and nothing that is done depends on it.
#pragma once

#include <chrono>
#include <cstdint>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "core/system/fd.h"

namespace pgassay {

/// Makes the file (mode 0600; what it held goes) and writes events into it until it is destroyed. There must
/// be one at a time. Throws SystemError where the file can't be opened.
class Trace {
 public:
  Trace(const Path& file, const std::vector<std::string>& words, std::string_view version);
  Trace(const Trace&) = delete;
  ~Trace();
  /// The command's last event.
  void exit(int status);
  /// Why not all of it could be written; empty: all was.
  std::string problem() const;

 private:
  friend class TraceEvent;
  void write(std::string_view line);

  const Path file_;
  Fd fd_;
  const std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
  mutable std::mutex mutex_;
  std::string problem_;
};

/// One event, from its construction to end() or its destruction, whichever comes first. Does nothing where no
/// trace is written, and asks that `if (event)` is looked at before anything costly is made for it. May end
/// on another thread than it began on; the line names the one on which it began.
class TraceEvent {
 public:
  /// name: "statement", "child", …
  explicit TraceEvent(const char* name);
  TraceEvent(TraceEvent&&) noexcept;
  TraceEvent& operator=(TraceEvent&&) = delete;
  ~TraceEvent();
  explicit operator bool() const { return trace_ != nullptr; }

  TraceEvent& text(const char* key, std::string_view value);
  TraceEvent& number(const char* key, std::int64_t value);
  TraceEvent& list(const char* key, const std::vector<std::string>& values);
  void end();

 private:
  Trace* trace_;
  std::chrono::steady_clock::time_point start_;
  int exceptions_ = 0;
  std::string fields_;
};

/// A file took the name under which others find it.
void trace_published(const Path& file);

/// A word of a command line, with what follows "password=", "secret=", "token=" and the like, and the
/// password of a URL, replaced by ***.
std::string without_passwords(std::string_view word);

}  // namespace pgassay
