#include "cli/render/text/status_text.h"

#include <fmt/format.h>

#include <algorithm>

#include "cli/basics/units.h"
#include "cli/render/text/tables.h"
#include "core/system/printable.h"

namespace pgassay::cli {
namespace {

double seconds_since(Time time) {
  return std::chrono::duration<double>(now() - time).count();
}

std::string ago(const std::optional<Time>& time) {
  return time ? format_age(std::max(0.0, seconds_since(*time))) + " ago" : "never";
}

/// A label of performance data: in quotes, without = and '.
std::string label(const nightly::DatabaseStatus& status, const char* what) {
  std::string text = name_of(status) + " " + what;
  for (char& c : text)
    if (c == '=' || c == '\'' || c == '|' || static_cast<unsigned char>(c) < ' ') c = '_';
  return "'" + text + "'";
}

}  // namespace

std::string name_of(const nightly::DatabaseStatus& status) {
  return status.database.empty() ? status.source : status.source + "/" + status.database;
}

std::string status_text(const std::vector<nightly::DatabaseStatus>& databases) {
  TextTable table({{"DATABASE"},
                   {"HEALTH"},
                   {"BACKUPS", Align::right},
                   {"NEWEST"},
                   {"VERIFIED"},
                   {"DRILLED"},
                   {"RESTORE", Align::right}});
  for (const nightly::DatabaseStatus& status : databases) {
    table.row({name_of(status), status.watched ? std::string(to_string(status.health())) : "not configured",
               std::to_string(status.backups),
               ago(status.newest ? std::optional(status.newest->summary->snapshot.taken) : std::nullopt),
               ago(status.verified), ago(status.drilled),
               status.restore_seconds ? format_seconds(*status.restore_seconds) : ""});
  }
  std::string text = databases.empty() ? "nothing to watch: no source is configured, and there is no backup\n"
                                       : table.text();
  for (const nightly::DatabaseStatus& status : databases) {
    for (const nightly::Concern& one : status.concerns) {
      text +=
          fmt::format("{} {}: {}\n", to_string(one.health), printable(name_of(status)), printable(one.text));
      if (!one.hint.empty()) text += fmt::format("  hint: {}\n", printable(one.hint));
    }
  }
  // Once for all databases of a source.
  std::string last;
  for (const nightly::DatabaseStatus& status : databases) {
    if (status.unclaimed.empty() || status.source == last) continue;
    last = status.source;
    text += fmt::format("no configured source is {}: nobody watches its backups\n  hint: {}\n",
                        printable(status.source), printable(status.unclaimed));
  }
  return text;
}

std::string nagios_text(const std::vector<nightly::DatabaseStatus>& databases) {
  nightly::Health worst = databases.empty() ? nightly::Health::unknown : nightly::Health::ok;
  std::string concerns, data;
  std::size_t watched = 0;
  for (const nightly::DatabaseStatus& status : databases) {
    if (!status.watched) continue;
    ++watched;
    worst = std::max(worst, status.health());
    for (const nightly::Concern& one : status.concerns)
      concerns += fmt::format("{}{}: {}", concerns.empty() ? "" : "; ", name_of(status), one.text);
    if (!status.newest) continue;
    const ManifestSummary& summary = *status.newest->summary;
    data += fmt::format(" {}={:.0f}s {}={}B", label(status, "age"), seconds_since(summary.snapshot.taken),
                        label(status, "size"), summary.stored_bytes);
    if (status.restore_seconds)
      data += fmt::format(" {}={:.3f}s", label(status, "restore"), *status.restore_seconds);
  }
  std::string text = concerns.empty() ? counted(watched, "database") : concerns;
  // The bar begins the performance data.
  std::ranges::replace(text, '|', '/');
  return fmt::format("PGASSAY {} - {} |{}\n", to_string(worst), printable(text), data);
}

}  // namespace pgassay::cli
