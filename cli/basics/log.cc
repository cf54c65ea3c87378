#include "cli/basics/log.h"

#include <spdlog/logger.h>
#include <spdlog/sinks/ansicolor_sink.h>
#include <spdlog/sinks/stdout_sinks.h>

#include <cstdio>
#include <string>

#include "core/system/printable.h"

namespace pgassay::cli {
namespace {

spdlog::sink_ptr stderr_sink(LogFormat format) {
  if (format == LogFormat::text && colour_on_stderr())
    return std::make_shared<spdlog::sinks::ansicolor_stderr_sink_mt>();
  return std::make_shared<spdlog::sinks::stderr_sink_mt>();
}

spdlog::level::level_enum spdlog_level(Level level) {
  switch (level) {
    case Level::debug:
      return spdlog::level::debug;
    case Level::info:
      return spdlog::level::info;
    case Level::warning:
      return spdlog::level::warn;
    case Level::error:
      return spdlog::level::err;
  }
  return spdlog::level::err;
}

std::string_view prefix(Level level) {
  switch (level) {
    case Level::debug:
      return "debug: ";
    case Level::info:
      return "";
    case Level::warning:
      return "warning: ";
    case Level::error:
      return "error: ";
  }
  return "";
}

const char* pattern(const LogOptions& options) {
  if (options.format != LogFormat::text) return "%v";
  return options.verbose ? "%Y-%m-%dT%H:%M:%S.%eZ pgassay: %^%v%$" : "pgassay: %^%v%$";
}

Progress::Style style(const LogOptions& options) {
  const Progress::Style style = style_for_stderr(options.quiet || !options.progress);
  // Bars are no lines that a program could read.
  return style == Progress::Style::live && options.format != LogFormat::text ? Progress::Style::lines : style;
}

}  // namespace

struct Reporter::Log {
  explicit Log(LogFormat format) : logger("pgassay", stderr_sink(format)) {}
  spdlog::logger logger;
};

Reporter::Reporter(const LogOptions& options, Observer& document)
    : options_(options),
      document_(document),
      log_(std::make_unique<Log>(options.format)),
      progress_(style(options), colour_on_stderr(),
                [this](const ProgressState& state) { return progress_text(state); }) {
  log_->logger.set_pattern(pattern(options), spdlog::pattern_time_type::utc);
  log_->logger.set_level(options.verbose ? spdlog::level::debug
                         : options.quiet ? spdlog::level::warn
                                         : spdlog::level::info);
  // A full disk behind stderr must not fail the work, and there is nobody left to tell.
  log_->logger.set_error_handler([](const std::string&) {});
}

Reporter::~Reporter() = default;

void Reporter::message(Level level, std::string_view text, std::string_view plain_hint) {
  const std::string hint = options_.hint ? options_.hint(plain_hint) : std::string(plain_hint);
  if (level != Level::debug) document_.message(level, text, hint);
  if (!log_->logger.should_log(spdlog_level(level))) return;
  if (options_.format != LogFormat::text) {
    std::vector<LogField> fields;
    if (!hint.empty()) fields.push_back({"hint", hint});
    const std::string text_line = line(level, text, std::move(fields));
    progress_.beside([&] {
      log_->logger.log(spdlog_level(level), "{}", text_line);
      log_->logger.flush();
    });
    return;
  }
  progress_.beside([&] {
    log_->logger.log(spdlog_level(level), "{}{}", prefix(level), printable(text));
    if (!hint.empty()) log_->logger.log(spdlog_level(level), "  hint: {}", printable(hint));
    log_->logger.flush();
  });
}

std::string Reporter::line(Level level, std::string_view text, std::vector<LogField> fields) const {
  if (!options_.command.empty()) fields.insert(fields.begin(), {"command", options_.command});
  return log_line(options_.format, level, text, fields);
}

std::string Reporter::progress_text(const ProgressState& state) const {
  if (options_.format == LogFormat::text) return "pgassay: " + progress_line(state);
  std::vector<LogField> fields = {{"phase", state.phase}, {"seconds", state.seconds}};
  if (state.parts > 0) {
    fields.push_back({"parts", state.parts});
    fields.push_back({"parts_done", state.parts_done});
  }
  if (state.raw_total > 0) fields.push_back({"raw_bytes_expected", state.raw_total});
  if (state.parts > 0 || state.raw > 0) {
    fields.push_back({"raw_bytes", state.raw});
    fields.push_back({"rows", state.rows});
  }
  return line(Level::info, progress_line(state), std::move(fields));
}

void Reporter::phase(std::string_view name) {
  progress_.phase(name);
}

void Reporter::plan(std::uint64_t parts, std::uint64_t raw_bytes) {
  progress_.plan(parts, raw_bytes);
}

void Reporter::part_started(unsigned worker, std::string_view object) {
  progress_.part_started(worker, object);
}

void Reporter::advanced(std::uint64_t raw_bytes, std::uint64_t rows) {
  progress_.advanced(raw_bytes, rows);
}

void Reporter::settled(std::uint64_t planned_bytes, std::uint64_t raw_bytes) {
  progress_.settled(planned_bytes, raw_bytes);
}

void Reporter::part_finished(unsigned worker, std::string_view) {
  progress_.part_finished(worker);
}

void Reporter::print(std::string_view text) {
  if (options_.json) return;
  progress_.beside([&] {
    std::fwrite(text.data(), 1, text.size(), stdout);
    std::fflush(stdout);
  });
}

void Reporter::summary(std::string_view text) {
  if (!options_.quiet) print(text);
}

}  // namespace pgassay::cli
