#include <pgassay_commit.h>
#include <sys/resource.h>

#include <cerrno>
#include <csignal>
#include <cstdio>
#include <exception>
#include <filesystem>
#include <new>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "cli/command/command_line.h"
#include "cli/command/hints.h"
#include "cli/signals.h"
#include "core/system/output.h"
#include "core/system/printable.h"
#include "core/system/trace.h"
#include "drill/server/walls.h"

namespace pgassay::cli {
namespace {

/// Where the last words go.
struct ExitReport {
  bool json;  ///< into the document
  LogFormat format;
  Reply& reply;
  std::string command;  ///< empty: none was recognised
  Arguments arguments = {};

  /// Says what ended the command.
  void complain(const std::string& text, const std::string& plain_hint = {}) const {
    const std::string hint = with_our_flags(plain_hint, arguments);
    if (json) return reply.message(Level::error, text, hint);
    if (format == LogFormat::text) {
      std::fprintf(stderr, "pgassay: %s\n", printable(text).c_str());
      if (!hint.empty()) std::fprintf(stderr, "hint: %s\n", printable(hint).c_str());
      return;
    }
    std::vector<LogField> fields;
    if (!command.empty()) fields.push_back({"command", command});
    if (!hint.empty()) fields.push_back({"hint", hint});
    std::fprintf(stderr, "%s\n", log_line(format, Level::error, text, fields).c_str());
  }
};

int interrupted(const ExitReport& exit_report, int signal) {
  const char* name = signal == SIGTERM ? "SIGTERM" : signal == SIGHUP ? "SIGHUP" : "SIGINT";
  exit_report.complain(std::string("interrupted by ") + name);
  return 128 + signal;
}

int answer(const std::vector<std::string>& words, const Signals& signals, ExitReport& exit_report,
           std::optional<Trace>& trace) {
  try {
    const Invocation invocation = parse_command_line(words, kCommit);
    const Arguments& arguments = invocation.arguments;
    exit_report.arguments = arguments;
    if (invocation.answer) {
      exit_report.json = false;
      std::fputs(invocation.answer->c_str(), stdout);
      return 0;
    }
    if (arguments.trace) trace.emplace(*arguments.trace, words, PGASSAY_VERSION);
    const Config config = load_config(arguments.config);
    Reporter reporter({.json = exit_report.json,
                       .quiet = arguments.quiet,
                       .verbose = arguments.verbose,
                       .progress = invocation.command->takes_long,
                       .format = exit_report.format,
                       .command = invocation.command->name,
                       .hint = [&](std::string_view hint) { return with_our_flags(hint, arguments); }},
                      exit_report.reply);
    Context context{arguments, config, reporter, exit_report.reply, signals.token()};
    return static_cast<int>(invocation.run(context));
  } catch (const ReaderGone&) {
    return 128 + SIGPIPE;  // quietly, as cat(1) and pg_dump end
  } catch (const Error& error) {
    // Whatever failed after the signal failed because of it: children get a terminal's SIGINT too.
    if (signals.received() != 0) return interrupted(exit_report, signals.received());
    exit_report.complain(error.what(), error.hint());
    return static_cast<int>(error.exit());
  } catch (const std::bad_alloc&) {
    exit_report.complain("out of memory");
  } catch (const std::filesystem::filesystem_error& error) {
    exit_report.complain(error.what(), "check the owner and the mode of that path, and the disk");
  } catch (const std::system_error& error) {  // of a thread that can't be started
    try {
      throw_errno("can't start", "a thread", error.code().value());
    } catch (const Error& told) {
      exit_report.complain(told.what(), told.hint());
    }
  } catch (const std::exception& error) {
    exit_report.complain(std::string("internal error: ") + error.what(), "please report it");
  }
  return static_cast<int>(Exit::failed);
}

void end_trace(Trace& trace, int exit, const ExitReport& exit_report) {
  trace.exit(exit);
  const std::string problem = trace.problem();
  if (!problem.empty()) exit_report.complain("the trace is not whole: " + problem);
}

/// A core file would hold rows, passwords and identities. Whoever looks for a fault of ours raises the limit
/// again (prlimit).
void leave_no_core_file() {
  ::rlimit limit{};
  if (::getrlimit(RLIMIT_CORE, &limit) != 0) return;
  limit.rlim_cur = 0;
  ::setrlimit(RLIMIT_CORE, &limit);
}

int main(const std::vector<std::string>& words) {
  leave_no_core_file();
  const Signals signals;
  const std::string command = command_in(words);
  Reply reply(command);
  ExitReport exit_report{asks_for_json(words), log_format_in(words), reply, command};
  std::optional<Trace> trace;
  int exit = answer(words, signals, exit_report, trace);
  if (trace) end_trace(*trace, exit, exit_report);
  if (exit_report.json) std::fputs(reply.document(exit).c_str(), stdout);
  if ((std::fflush(stdout) != 0 || std::ferror(stdout)) && errno != EPIPE) {
    std::perror("pgassay: stdout");
    if (exit == 0) exit = static_cast<int>(Exit::failed);
  }
  return exit;
}

}  // namespace
}  // namespace pgassay::cli

int main(int argc, char** argv) {
  if (const auto failed = pgassay::drill::go_behind_landlock(argc, argv)) return *failed;
  return pgassay::cli::main({argv + 1, argv + argc});
}
