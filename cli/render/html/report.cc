#include "cli/render/html/report.h"

#include <fmt/format.h>

#include <algorithm>

#include "cli/basics/units.h"
#include "cli/render/html/style.h"
#include "cli/render/html/text.h"
#include "cli/render/text/status_text.h"

namespace pgassay::cli {
namespace {

/// Marks that plots use by name, drawn once.
constexpr const char* kSymbols =
    "<svg width=0 height=0 style=\"position:absolute\" aria-hidden=true><defs>"
    "<g id=fail><path class=halo d=\"M-4 -4L4 4M-4 4L4 -4\"/><path d=\"M-4 -4L4 4M-4 4L4 -4\"/></g>"
    "<g id=unverified><rect x=-3 y=-3 width=6 height=6 style=\"fill:inherit\"/></g></defs></svg>\n";

/// Should an escape ever be forgotten, the browser still runs and loads nothing.
constexpr const char* kPolicy = "default-src 'none'; style-src 'unsafe-inline'; img-src data:";

std::string overview_row(const Chapter& chapter, std::size_t number, Time now) {
  const nightly::DatabaseStatus& status = chapter.watched.status;
  std::string cells;
  if (status.newest) {
    cells = fmt::format("<td class=w>{}<td class=n>{}", html_time(status.newest->summary->snapshot.taken),
                        html_bytes(status.newest->summary->stored_bytes));
  } else {
    cells = "<td class=w>never<td class=n>";
  }
  std::string due;
  if (status.watched) {
    const auto dues = what_is_due(status, chapter.watched.rules, chapter.watched.backups);
    if (!dues.empty())
      due = dues.front().what +
            (dues.front().at < now ? " <b class=critical>overdue</b>" : " by " + html_time(dues.front().at));
  }
  return fmt::format(
      "<tr><th scope=row><a href=\"#database-{}\">{}</a><td class=w>{}<td class=n>{}{}<td class=w>{}<td "
      "class=w>{}"
      "<td class=n>{}<td class=w>{}\n",
      number, html(name_of(status)), status.watched ? html_health(status.health()) : "not configured",
      html_data(std::uint64_t{status.backups}, format_count(status.backups)), cells,
      html_time(status.verified, "never"), html_time(status.drilled, "never"),
      status.restore_seconds ? html_data(*status.restore_seconds, format_seconds(*status.restore_seconds))
                             : "",
      due);
}

std::string verdict_line(std::span<const Chapter> chapters) {
  std::size_t watched = 0, troubled = 0;
  nightly::Health worst = nightly::Health::ok;
  for (const Chapter& chapter : chapters) {
    const nightly::DatabaseStatus& status = chapter.watched.status;
    watched += status.watched ? 1 : 0;
    troubled += status.concerns.empty() ? 0 : 1;
    worst = std::max(worst, status.health());
  }
  if (chapters.empty()) return "Nothing to tell: no source is configured, and there is no backup.";
  if (watched == 0) return "No database here belongs to a source of the configuration: nothing is watched.";
  if (troubled == 0)
    return fmt::format("{} Nothing to worry about in {}.", html_health(worst), counted(watched, "database"));
  return fmt::format("{} {} of {} {} attention.", html_health(worst), troubled, counted(watched, "database"),
                     troubled == 1 ? "needs" : "need");
}

}  // namespace

std::string report_html(std::span<const Chapter> chapters, const ReportFacts& facts) {
  std::string rows, sections;
  for (std::size_t i = 0; i < chapters.size(); ++i) {
    rows += overview_row(chapters[i], i + 1, facts.now);
    sections += chapter_html(chapters[i], i + 1, facts.now);
  }
  const std::string overview =
      chapters.empty()
          ? ""
          : html_table("Databases",
                       "<th>Database<th>Health<th class=n>Backups<th>Newest<th class=n>Stored<th>"
                       "Verified<th>Drilled<th class=n>Restore<th>Next",
                       rows);
  return fmt::format(
             "<!DOCTYPE html>\n<html lang=en>\n<head>\n<meta charset=utf-8>\n"
             "<meta http-equiv=Content-Security-Policy content=\"{}\">\n"
             "<meta name=viewport content=\"width=device-width,initial-scale=1\">\n"
             "<link rel=icon href=\"data:,\">\n<title>PostgreSQL backups: {}</title>\n<style>",
             kPolicy, html(facts.repository)) +
         style_sheet() +
         fmt::format(
             "</style>\n</head>\n<body>\n{}<header>\n<h1>PostgreSQL backups</h1>\n"
             "<p class=muted><code>{}</code> on {}, as of {}. All times are UTC.</p>\n<p>{}</p>\n</header>\n"
             "<main>\n{}{}</main>\n<footer>pgassay {}. Ages and alarms are as of the time above: "
             "<code>pgassay status</code> tells how things stand now.</footer>\n</body>\n</html>\n",
             kSymbols, html(facts.repository), html(facts.host), html_time(facts.now), verdict_line(chapters),
             overview, sections, html(facts.version));
}

}  // namespace pgassay::cli
