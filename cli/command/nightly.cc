#include <fmt/format.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>

#include "cli/basics/units.h"
#include "cli/command/backup_options.h"
#include "cli/command/command.h"
#include "cli/command/common.h"
#include "cli/command/hints.h"
#include "cli/command/retention_policy.h"
#include "cli/command/run_drill.h"
#include "cli/command/store_options.h"
#include "cli/command/verify_options.h"
#include "cli/command/watch_options.h"
#include "cli/render/json/nightly.h"
#include "core/system/cancellation.h"
#include "core/system/exits.h"
#include "core/system/printable.h"
#include "nightly/night.h"
#include "stack/switch/state.h"

namespace pgassay::cli {
namespace {

struct NightlyArguments {
  std::vector<std::string> sources;
  BackupArguments backup;  ///< which databases
  bool all = false, low_priority = false;
  std::optional<std::string> timeout, unless_newer;
  std::optional<double> shrink_alarm;
};

/// Of this thread and of all that it starts: nice 10; disk last of best-effort (ioprio_set(2) has no
/// wrapper).
void lower_priority(Observer& observer) {
  constexpr int kNice = 10, kIoprioWhoProcess = 1, kBestEffortLast = (2 << 13) | 7;
  const bool lower = ::setpriority(PRIO_PROCESS, 0, kNice) == 0 &&
                     ::syscall(SYS_ioprio_set, kIoprioWhoProcess, 0, kBestEffortLast) == 0;
  if (!lower) observer.message(Level::warning, fmt::format("--low-priority: {}", std::strerror(errno)));
}

std::optional<Seconds> duration(const std::optional<std::string>& text, const char* flag) {
  if (!text) return std::nullopt;
  const auto seconds = parse_duration(*text);
  if (!seconds || seconds->count() <= 0)
    throw UsageError(fmt::format("{} must be a duration such as 90m, 4h or 1d", flag));
  return seconds;
}

std::vector<std::string> sources_of(const Context& context, const NightlyArguments& arguments) {
  std::vector<std::string> all;
  for (const auto& [name, source] : context.config.sources) all.push_back(name);
  if (all.empty()) throw UsageError("no source is configured", "docs/nightly.md begins with a configuration");
  if (arguments.all) return all;
  if (!arguments.sources.empty()) return arguments.sources;
  if (all.size() == 1) return all;
  throw UsageError(fmt::format("which source? the configuration has {}", fmt::join(all, ", ")),
                   "pgassay nightly SOURCE, or --all");
}

class Nightly {
 public:
  Nightly(Context& context, const NightlyArguments& arguments) : context_(context), arguments_(arguments) {}

  Exit run() {
    const std::vector<std::string> sources = sources_of(context_, arguments_);
    // All of it is read before anything is done: a slip of the pen must not show at the last source only.
    for (const std::string& source : sources) options_of(source);
    if (arguments_.low_priority) lower_priority(context_.reporter);
    for (const std::string& source : sources) {
      throw_if_stopped(context_.stop);
      try {
        run_one(source);
      } catch (const Error& error) {
        error.raise_if(ErrorKind::stopped);
        if (sources.size() == 1) error.raise();
        context_.reporter.message(Level::error, source + ": " + error.what(), error.hint());
        exit_ = worse(exit_, error.exit());
      }
    }
    set_nights(context_.reply, nights_);
    tell_unclaimed();
    return exit_;
  }

 private:
  /// Not with --quiet: nothing is wrong, and cron would mail it each night.
  void tell_unclaimed() const {
    if (nights_.empty() || (context_.arguments.quiet && !context_.arguments.json)) return;
    const Repository repository = open_repository(context_.arguments, context_.config);
    std::string last;
    for (const nightly::Watched& one : look_closely(context_, repository, {})) {
      const nightly::DatabaseStatus& status = one.status;
      if (status.unclaimed.empty() || status.source == last) continue;
      last = status.source;
      context_.reporter.message(Level::info,
                                fmt::format("no configured source is {}: nobody watches its backups", last),
                                status.unclaimed);
    }
  }

  nightly::NightOptions options_of(const std::string& source) const {
    nightly::NightOptions options;
    const Config& config = context_.config;
    options.backup =
        backup_options_of(source, arguments_.backup, context_.arguments, config, context_.reporter);
    options.all_databases = all_databases(arguments_.backup, config, source);
    options.exclude_databases = excluded_databases(arguments_.backup, config, source);
    options.verify = verify_options(config);
    options.drill = drill_options(config, source);
    options.drill_every = drill_every(config, source);
    options.push = push_to(source);
    RetentionConfig flags;
    flags.shrink_alarm = arguments_.shrink_alarm;
    options.prune.policy = retention_policy(flags, config, source);
    options.timeout = duration(arguments_.timeout, "--timeout");
    options.unless_newer = duration(arguments_.unless_newer, "--unless-newer");
    return options;
  }

  std::vector<nightly::PushTo> push_to(const std::string& source) const {
    const Config& config = context_.config;
    const SourceConfig& own = config.sources.at(source);
    std::vector<nightly::PushTo> stores;
    for (const std::string& name : pushed_to(config, own)) {
      const StoreConfig& store = configured_store(name, config);
      stores.push_back({store.at,
                        {.name = name,
                         .jobs = first_of(std::optional<unsigned>(), own.jobs, config.jobs, default_jobs()),
                         .encrypted = !store.recipients.empty(),
                         .sign_key = store.sign_key,
                         .tool_version = PGASSAY_VERSION}});
    }
    return stores;
  }

  void run_one(const std::string& source) {
    const Repository repository =
        Repository::open_or_create(repository_path(context_.arguments, context_.config));
    const nightly::NightLock lock(repository, source);
    nightly::NightOptions options = options_of(source);
    options.backup.container.retired = stack::retired_containers(repository);
    options.backup.same_servers = stack::servers_of_switches(repository, source);
    options.drill = with_image_of_source(context_, arguments_.backup, source, options.drill);
    const nightly::NotifyOptions notify = notify_options(context_.config, source);
    std::vector<std::string> undelivered;
    // A run that has nothing to do starts nobody's clock.
    if (!options.unless_newer) undelivered = notify_start(notify, context_.stop);
    nightly::Night night = run_night(repository, options, context_.reporter, context_.stop);
    if (night.not_due) {
      context_.reporter.summary(
          fmt::format("{}: not due: the newest verified backup is young enough\n", source));
      return;
    }
    nightly::NightRecord& record = night.record;
    add_our_flags(record, context_.arguments);
    write_metrics(repository, record);
    tell(repository, record, notify, std::move(undelivered));
    exit_ = worse(exit_, record.exit());
    const std::string text =
        fmt::format("{}: {}\n{}", source, record.exit() == Exit::done ? "done" : "FAILED",
                    printable_lines(night_text(record)));
    record.exit() == Exit::done ? context_.reporter.summary(text) : context_.reporter.print(text);
    nights_.push_back(record);
    if (night.interrupted) throw Stopped();
  }

  static std::string printable_lines(const std::string& text) {
    std::string out;
    for (std::size_t at = 0; at < text.size();) {
      const std::size_t end = text.find('\n', at);
      out += "  " + printable(text.substr(at, end - at)) + "\n";
      at = end + 1;
    }
    return out;
  }

  void write_metrics(const Repository& repository, nightly::NightRecord& record) {
    if (!context_.config.metrics_file) return;
    nightly::NightStep step;
    step.name = "metrics";
    const Stopwatch watch;
    try {
      nightly::write_metrics(*context_.config.metrics_file,
                             statuses_of(look_closely(context_, repository, {}, arguments_.shrink_alarm)),
                             repository);
      step.text = context_.config.metrics_file->string();
    } catch (const Error& error) {
      step.outcome = nightly::Outcome::failed;
      step.exit = error.exit();
      step.text = error.what();
      step.hint = error.hint();
      context_.reporter.message(Level::error, std::string("metrics: ") + error.what(), error.hint());
    }
    step.seconds = watch.seconds();
    record.steps.push_back(std::move(step));
  }

  /// What can't be delivered fails no backup; status tells of it.
  void tell(const Repository& repository, nightly::NightRecord& record, const nightly::NotifyOptions& notify,
            std::vector<std::string> undelivered) {
    const Stopwatch watch;
    // Somebody waits for the end of a run that was interrupted, too; but not for long.
    nightly::NotifyOptions options = notify;
    if (context_.stop.stop_requested()) options.attempts = 1;
    for (std::string& problem : notify_end(options, record, {})) undelivered.push_back(std::move(problem));
    for (const std::string& problem : undelivered)
      context_.reporter.message(Level::warning, "notification: " + problem);
    if (!undelivered.empty()) {
      record.steps.push_back({"notify",
                              nightly::Outcome::failed,
                              Exit::done,
                              watch.seconds(),
                              fmt::to_string(fmt::join(undelivered, "; ")),
                              {}});
    }
    nightly::store(repository, record);
  }

  Context& context_;
  const NightlyArguments& arguments_;
  std::vector<nightly::NightRecord> nights_;
  Exit exit_ = Exit::done;
};

Run declare_nightly(Options& options) {
  const auto arguments = std::make_shared<NightlyArguments>();
  options.argument("SOURCE", &arguments->sources, "sources of the configuration");
  options.flag("--all", arguments->all, "every source of the configuration, one after the other")
      .excludes({"SOURCE"});
  options.value("--timeout", &arguments->timeout, "TIME", "end a source's run after this long, as 4h");
  options.value("--unless-newer", &arguments->unless_newer, "TIME",
                "do nothing while the newest verified backup is younger than this, as 20h");
  add_all_databases(options, arguments->backup);
  add_shrink_alarm(options, arguments->shrink_alarm);
  options.flag("--low-priority", arguments->low_priority,
               "leave CPU and disk to others first (nice, ionice)");
  return [arguments](Context& context) { return Nightly(context, *arguments).run(); };
}

}  // namespace

const Command kNightly = {
    .name = "nightly",
    .what = "cron's one line: backup, verify, push, drill when due, prune, metrics, notifications",
    .examples =
        "  pgassay nightly prod --quiet\n"
        "  pgassay nightly --all --timeout 4h --low-priority\n"
        "  pgassay nightly prod --all-databases        each of the server's, as all_databases = true says, "
        "too\n"
        "  pgassay nightly prod --unless-newer 20h     by an hourly timer: catches up after a missed night\n",
    .declare = declare_nightly,
};

}  // namespace pgassay::cli
