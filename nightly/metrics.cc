#include "nightly/metrics.h"

#include <fmt/format.h>

#include <functional>

#include "core/system/printable.h"

namespace pgassay::nightly {
namespace {

std::string escaped(const std::string& value) {
  std::string text;
  for (const char c : printable(value)) {
    if (c == '\\' || c == '"') text += '\\';
    text += c;
  }
  return text;
}

double unix_seconds(Time time) {
  return std::chrono::duration<double>(time.time_since_epoch()).count();
}

using Sample = std::function<std::optional<double>(const DatabaseStatus&)>;

struct Metric {
  const char *name, *help;
  Sample sample;
};

std::optional<double> at(const std::optional<Time>& time) {
  return time ? std::optional(unix_seconds(*time)) : std::nullopt;
}

/// Of the newest backup that can be read.
Sample newest(std::function<double(const ManifestSummary&)> value) {
  return [value = std::move(value)](const DatabaseStatus& status) {
    return status.newest ? std::optional(value(*status.newest->summary)) : std::nullopt;
  };
}

std::vector<Metric> metrics() {
  return {
      {"pgassay_backups", "Backups in the repository.",
       [](const DatabaseStatus& status) { return static_cast<double>(status.backups); }},
      {"pgassay_backups_bad", "Backups that verify or a drill found bad.",
       [](const DatabaseStatus& status) { return static_cast<double>(status.bad); }},
      {"pgassay_backup_timestamp_seconds", "When the newest backup was taken: its snapshot's time.",
       newest([](const ManifestSummary& summary) { return unix_seconds(summary.snapshot.taken); })},
      {"pgassay_backup_verified_timestamp_seconds", "When the newest verified backup was taken.",
       [](const DatabaseStatus& status) { return at(status.newest_verified); }},
      {"pgassay_drill_timestamp_seconds", "When the last drill that passed ended.",
       [](const DatabaseStatus& status) { return at(status.drilled); }},
      {"pgassay_drill_restore_seconds", "How long the last drill that passed took to restore.",
       [](const DatabaseStatus& status) { return status.restore_seconds; }},
      {"pgassay_backup_duration_seconds", "How long the newest backup took.",
       newest([](const ManifestSummary& summary) {
         return std::chrono::duration<double>(summary.finished - summary.started).count();
       })},
      {"pgassay_backup_rows", "Rows in the newest backup.",
       newest([](const ManifestSummary& summary) { return static_cast<double>(summary.rows); })},
      {"pgassay_backup_raw_bytes", "Bytes of COPY text in the newest backup.",
       newest([](const ManifestSummary& summary) { return static_cast<double>(summary.raw_bytes); })},
      {"pgassay_backup_stored_bytes", "Bytes of the newest backup's files.",
       newest([](const ManifestSummary& summary) { return static_cast<double>(summary.stored_bytes); })},
      {"pgassay_backup_new_bytes", "Bytes of them that are not hard links into an older backup.",
       newest([](const ManifestSummary& summary) { return static_cast<double>(summary.new_bytes); })},
      {"pgassay_backup_shrunk",
       "1 while the newest backup holds less than shrink_alarm of what it is measured by.",
       [](const DatabaseStatus& status) {
         return status.newest ? std::optional(status.shrunk ? 1.0 : 0.0) : std::nullopt;
       }},
      {"pgassay_repository_full_seconds",
       "In how long the repository's disk is full, if it goes on as in the last nights.",
       [](const DatabaseStatus& status) {
         return status.filling ? std::optional(status.filling->left.count()) : std::nullopt;
       }},
      {"pgassay_nightly_timestamp_seconds", "When the last nightly run ended.",
       [](const DatabaseStatus& status) {
         return status.night ? std::optional(unix_seconds(status.night->finished)) : std::nullopt;
       }},
      {"pgassay_nightly_exit_status", "Exit status of the last nightly run: 0 is good.",
       [](const DatabaseStatus& status) {
         return status.night ? std::optional(static_cast<double>(status.night->exit())) : std::nullopt;
       }},
      {"pgassay_status", "As pgassay status sees it: 0 is OK, 1 a warning, 2 critical.",
       [](const DatabaseStatus& status) { return static_cast<double>(status.health()); }},
  };
}

void begin(std::string& text, const char* name, const char* help) {
  text += fmt::format("# HELP {0} {1}\n# TYPE {0} gauge\n", name, help);
}

/// Whole numbers as such: fmt's shortest form of a large double is 1.7e+09.
std::string number(double value) {
  return value == static_cast<double>(static_cast<std::int64_t>(value))
             ? std::to_string(static_cast<std::int64_t>(value))
             : fmt::format("{:.3f}", value);
}

void copies(std::string& text, std::span<const DatabaseStatus> databases) {
  bool begun = false;
  for (const DatabaseStatus& status : databases) {
    if (!status.watched) continue;
    for (const auto& [store, taken] : status.copied) {
      if (!begun)
        begin(text, "pgassay_copy_timestamp_seconds",
              "When the newest backup that was copied to the store was taken.");
      begun = true;
      text += fmt::format("pgassay_copy_timestamp_seconds{{source=\"{}\",database=\"{}\",store=\"{}\"}} {}\n",
                          escaped(status.source), escaped(status.database), escaped(store),
                          number(unix_seconds(taken)));
    }
  }
}

}  // namespace

std::string metrics_text(std::span<const DatabaseStatus> databases, std::optional<std::uint64_t> free_bytes,
                         Time now) {
  std::string text;
  for (const Metric& metric : metrics()) {
    bool begun = false;
    for (const DatabaseStatus& status : databases) {
      if (!status.watched) continue;  // nobody is alarmed by what status is content with
      const std::optional<double> value = metric.sample(status);
      if (!value) continue;
      if (!begun) begin(text, metric.name, metric.help);
      begun = true;
      text += fmt::format("{}{{source=\"{}\",database=\"{}\"}} {}\n", metric.name, escaped(status.source),
                          escaped(status.database), number(*value));
    }
  }
  copies(text, databases);
  if (free_bytes) {
    begin(text, "pgassay_repository_free_bytes", "Free bytes of the repository's file system.");
    text += fmt::format("pgassay_repository_free_bytes {}\n", *free_bytes);
  }
  begin(text, "pgassay_metrics_timestamp_seconds", "When these metrics were written.");
  text += fmt::format("pgassay_metrics_timestamp_seconds {}\n", number(unix_seconds(now)));
  return text;
}

}  // namespace pgassay::nightly
