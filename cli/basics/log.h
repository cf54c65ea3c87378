// What the rooms tell, shown: messages and progress on stderr, results on stdout, and with --json every
// message in the document as well.
#pragma once

#include <functional>
#include <memory>
#include <string_view>

#include "cli/basics/log_line.h"
#include "cli/basics/progress.h"
#include "core/system/error.h"
#include "core/system/observer.h"

namespace pgassay::cli {

struct LogOptions {
  bool json = false;     ///< print() is silent: stdout belongs to the document
  bool quiet = false;    ///< warnings and errors only, no progress
  bool verbose = false;  ///< debug messages too, each line with its time
  bool progress = true;  ///< of a command that takes long
  LogFormat format = LogFormat::text;
  std::string command;  ///< a member of each line of JSON
  /// Each hint goes through it. Empty: it stays as it is.
  std::function<std::string(std::string_view)> hint = {};
};

class Reporter final : public Observer {
 public:
  /// `document`: gets every message but debugging ones, too.
  Reporter(const LogOptions& options, Observer& document);
  ~Reporter() override;

  void message(Level level, std::string_view text, std::string_view hint = {}) override;
  void phase(std::string_view name) override;
  void plan(std::uint64_t parts, std::uint64_t raw_bytes) override;
  void part_started(unsigned worker, std::string_view object) override;
  void advanced(std::uint64_t raw_bytes, std::uint64_t rows) override;
  void settled(std::uint64_t planned_bytes, std::uint64_t raw_bytes) override;
  void part_finished(unsigned worker, std::string_view object) override;

  /// An error that does not end the command.
  void error(const Error& error) { message(Level::error, error.what(), error.hint()); }
  /// Text for stdout, as it is.
  void print(std::string_view text);
  /// The same, unless --quiet: what is nice to know but nobody asked for.
  void summary(std::string_view text);

 private:
  struct Log;
  std::string line(Level level, std::string_view text, std::vector<LogField> fields) const;
  std::string progress_text(const ProgressState& state) const;

  LogOptions options_;
  Observer& document_;
  std::unique_ptr<Log> log_;
  Progress progress_;
};

}  // namespace pgassay::cli
