#include "nightly/notify.h"

#include <fmt/format.h>

#include <algorithm>
#include <functional>

#include "core/http/http.h"
#include "core/system/cancellation.h"
#include "core/system/printable.h"
#include "core/system/subprocess.h"

namespace pgassay::nightly {
namespace {

/// healthchecks.io keeps 100 kB of a ping's body.
constexpr std::size_t kLongestBody = 10'000;

class Notifier {
 public:
  Notifier(const NotifyOptions& options, std::stop_token stop)
      : options_(options), stop_(std::move(stop)), stop_fd_(stop_) {}

  void ping(const std::string& suffix, const std::string& body) {
    if (options_.ping_url.empty()) return;
    std::string url = options_.ping_url;
    // A query, as healthchecks.io's ?create=1, stays at the end.
    url.insert(std::min(url.find('?'), url.size()), suffix);
    repeatedly("ping", [&] { send(url, body, "text/plain; charset=utf-8"); });
  }
  void webhook(const std::string& json) {
    if (!options_.webhook_url.empty())
      repeatedly("webhook", [&] { send(options_.webhook_url, json, "application/json"); });
  }
  void command(const std::string& json) {
    if (options_.command.empty()) return;
    once("command", [&] { run_program(options_.command, json); });
  }
  void mail(const NightRecord& record) {
    if (options_.mail_to.empty()) return;
    const Exit exit = record.exit();
    const std::string subject =
        fmt::format("pgassay {} on {}: {}", printable(record.source), printable(record.host),
                    exit == Exit::done ? "done" : fmt::format("FAILED ({})", static_cast<int>(exit)));
    const std::string letter = fmt::format(
        "To: {}\nSubject: {}\nContent-Type: text/plain; charset=utf-8\n"
        "Auto-Submitted: auto-generated\n\n{}",
        options_.mail_to, subject, night_text(record));
    once("mail", [&] {
      // cron's PATH has no sbin.
      const bool in_path = !find_program("sendmail").empty();
      run_program({in_path ? "sendmail" : "/usr/sbin/sendmail", "-i", "-t"}, letter);
    });
  }
  std::vector<std::string> problems() { return std::move(problems_); }

 private:
  void send(const std::string& url, const std::string& body, const char* type) {
    post({url, body, type, options_.timeout, options_.ca_file}, stop_);
  }
  void run_program(const std::vector<std::string>& argv, const std::string& input) {
    const Completed done = run({.argv = argv, .env = {}, .input = input}, stop_);
    if (!done.ok()) throw Error(fmt::format("{}: {}", argv.front(), done.complaint()));
  }

  void repeatedly(const char* what, const std::function<void()>& attempt) {
    for (unsigned n = 1;; ++n) {
      try {
        return attempt();
      } catch (const Error& error) {
        error.raise_if(ErrorKind::stopped);
        if (n < options_.attempts) {
          pause_for(std::chrono::seconds(1 << (n - 1)), stop_fd_);
          continue;
        }
        problems_.push_back(
            fmt::format("{}: {}{}", what, error.what(), n > 1 ? fmt::format(", {} times", n) : ""));
        return;
      }
    }
  }
  void once(const char* what, const std::function<void()>& attempt) {
    try {
      attempt();
    } catch (const Error& error) {
      error.raise_if(ErrorKind::stopped);
      problems_.push_back(fmt::format("{}: {}", what, error.what()));
    }
  }

  const NotifyOptions& options_;
  std::stop_token stop_;
  StopFd stop_fd_;
  std::vector<std::string> problems_;
};

}  // namespace

std::vector<std::string> notify_start(const NotifyOptions& options, std::stop_token stop) {
  Notifier notifier(options, std::move(stop));
  notifier.ping("/start", "");
  return notifier.problems();
}

std::vector<std::string> notify_end(const NotifyOptions& options, const NightRecord& record,
                                    std::stop_token stop) {
  Notifier notifier(options, std::move(stop));
  const bool failed = record.exit() != Exit::done;
  const std::string text = night_text(record);
  notifier.ping(failed ? "/fail" : "", text.substr(0, kLongestBody));
  if (!failed && options.when == When::failure) return notifier.problems();
  const std::string json = to_json(record);
  notifier.webhook(json);
  notifier.command(json);
  notifier.mail(record);
  return notifier.problems();
}

std::string night_text(const NightRecord& record) {
  std::string text;
  for (const NightStep& step : record.steps) {
    text += fmt::format("{:<8} {:<8} {:>8.1f} s  {}{}\n", step.name, to_string(step.outcome), step.seconds,
                        step.database.empty() ? "" : printable(step.database) + ": ", printable(step.text));
    if (!step.hint.empty()) text += fmt::format("{:>29}{}\n", "", printable(step.hint));
  }
  return text;
}

}  // namespace pgassay::nightly
