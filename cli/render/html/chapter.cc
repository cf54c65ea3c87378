#include <fmt/format.h>

#include <algorithm>

#include "cli/basics/units.h"
#include "cli/render/html/plot.h"
#include "cli/render/html/report.h"
#include "cli/render/html/text.h"
#include "cli/render/text/status_text.h"

namespace pgassay::cli {
namespace {

/// std::views::reverse is nothing for clang 14, which builds the fuzzers.
template <class List>
class NewestFirst {
 public:
  explicit NewestFirst(const List& list) : list_(list) {}
  auto begin() const { return list_.rbegin(); }
  auto end() const { return list_.rend(); }

 private:
  const List& list_;
};

constexpr auto kRecent = std::chrono::days(30);
/// A history that is not much longer than the recent days needs no plot of its own for those.
constexpr auto kLongHistory = std::chrono::days(45);

/// When it was taken; of one that can't be read, what its name says.
std::optional<Time> taken(const Backup& backup) {
  if (backup.summary) return backup.summary->snapshot.taken;
  const std::string& s = backup.id.stamp;
  try {
    return parse_rfc3339(fmt::format("{}-{}-{}T{}:{}:{}Z", s.substr(0, 4), s.substr(4, 2), s.substr(6, 2),
                                     s.substr(9, 2), s.substr(11, 2), s.substr(13, 2)));
  } catch (const Error&) {
    return std::nullopt;  // the 99th of a month
  }
}

std::string proof_cell(const std::optional<Proofs::Last>& last) {
  if (!last) return "never";
  return html_verdict(last->verdict) + " " + html_time(last->at) +
         (last->restore_seconds
              ? " in " + html_data(*last->restore_seconds, format_seconds(*last->restore_seconds))
              : "");
}

std::string note_of(const Backup& backup) {
  std::string note;
  const auto add = [&](const std::string& text) { note += (note.empty() ? "" : ", ") + text; };
  if (backup.proofs.pin)
    add(backup.proofs.pin->reason.empty() ? "pinned" : "pinned: " + html(backup.proofs.pin->reason));
  if (backup.says)
    add("<b class=critical>BELONGS ELSEWHERE</b> it is " + html(backup.says->shown()));
  else if (!backup.summary)
    add("<b class=critical>UNREADABLE</b> " + html(backup.problem));
  else if (!backup.summary->label.empty())
    add(html(backup.summary->label));
  for (const std::string& file : backup.proofs.dated_ahead)
    add("evidence dated after now, set aside: " + html(file));
  for (const std::string& file : backup.proofs.unreadable) add("unreadable evidence: " + html(file));
  return note;
}

class ChapterWriter {
 public:
  ChapterWriter(const Chapter& chapter, std::size_t number, Time now)
      : chapter_(chapter), backups_(chapter.watched.backups), number_(number), now_(now) {
    if (chapter.watched.status.watched)
      dues_ = what_is_due(chapter.watched.status, chapter.watched.rules, backups_);
    // One that is dated ahead of this clock is still to be seen.
    span_ = {now - std::chrono::days(2), now};
    for (const Backup& backup : backups_) {
      span_.from = std::min(span_.from, taken(backup).value_or(now));
      span_.to = std::max(span_.to, taken(backup).value_or(now));
    }
  }

  std::string run() {
    const nightly::DatabaseStatus& status = chapter_.watched.status;
    text_ = fmt::format(
        "<section class=database id=database-{0} aria-labelledby=name-{0}>\n<h2 id=name-{0}><bdi>{1}</bdi> "
        "{2}</h2>\n",
        number_, html(name_of(status)),
        status.watched ? html_health(status.health()) : "<small class=muted>not configured</small>");
    if (!status.unclaimed.empty())
      text_ += fmt::format("<p>No configured source: nobody watches it. <span class=hint>{}</span></p>\n",
                           html(status.unclaimed));
    write_concerns();
    write_facts();
    write_night();
    if (!backups_.empty()) {
      write_timeline();
      write_sizes();
      write_restores();
      text_ += evidence_section(chapter_.provings);
    }
    return text_ + "</section>\n";
  }

 private:
  void write_concerns() {
    const nightly::DatabaseStatus& status = chapter_.watched.status;
    if (status.concerns.empty()) return;
    text_ += "<ul class=concerns>\n";
    for (const nightly::Concern& one : status.concerns) {
      text_ +=
          fmt::format("<li class={}>{} {}", one.health == nightly::Health::critical ? "critical" : "warning",
                      html_health(one.health), html(one.text));
      if (!one.hint.empty()) text_ += fmt::format("<span class=hint>{}</span>", html(one.hint));
      text_ += "</li>\n";
    }
    text_ += "</ul>\n";
  }

  void fact(const char* name, const std::string& shown) {
    text_ += fmt::format("<div><dt>{}</dt><dd>{}</dd></div>\n", name, shown);
  }

  void write_facts() {
    const nightly::DatabaseStatus& status = chapter_.watched.status;
    text_ += "<dl class=facts>\n";
    if (status.newest) {
      const ManifestSummary& newest = *status.newest->summary;
      fact("Newest backup", html_time(newest.snapshot.taken));
      fact("Stored, of that new", html_bytes(newest.stored_bytes) + ", " + html_bytes(newest.new_bytes));
      fact("Rows, tables", format_count(newest.rows) + ", " + format_count(newest.tables));
    }
    fact("Last verified", html_time(status.verified, "never"));
    fact("Last drilled", html_time(status.drilled, "never"));
    if (status.restore_seconds) fact("Measured restore", format_seconds(*status.restore_seconds));
    if (status.filling)
      fact("Disk full, as the last nights went",
           fmt::format("in {:.0f} days", status.filling->left / std::chrono::days(1)));
    for (const nightly::Due& due : dues_)
      fact(due.what == "backup"   ? "Next backup by"
           : due.what == "verify" ? "Next verify by"
                                  : "Next drill by",
           html_time(due.at) + (due.at < now_ ? " <b class=critical>overdue</b>" : ""));
    text_ += "</dl>\n";
  }

  void write_night() {
    const auto& night = chapter_.watched.status.night;
    if (!night) return;
    std::string rows;
    for (const nightly::NightStep& step : night->steps) {
      const bool failed = step.outcome == nightly::Outcome::failed;
      rows += fmt::format("<tr><td>{}<td class=w>{}<td class=n>{}<td class=t>{}{}\n", html(step.name),
                          failed ? "<b class=critical>failed</b>" : to_string(step.outcome),
                          format_seconds(step.seconds), html(step.text),
                          step.hint.empty() ? "" : "<span class=hint>" + html(step.hint) + "</span>");
    }
    const bool done = night->exit() == Exit::done;
    text_ += fmt::format(
        "<details{}><summary>Last nightly run of {}: {} <span class=muted>{}, on "
        "{}</span></summary>\n{}</details>\n",
        done ? "" : " open", html(night->source),
        done ? "<b class=ok>done</b>"
             : fmt::format("<b class=critical>failed ({})</b>", static_cast<int>(night->exit())),
        html_time(night->started), html(night->host),
        html_table("Steps", "<th>Step<th>Outcome<th class=n>Took<th>What came of it", rows));
  }

  void write_timeline() {
    Lane taken_lane{"backup", {}}, verify{"verify", {}}, drill{"drill", {}};
    std::size_t unreadable = 0;
    for (const Backup& backup : backups_) {
      Mark mark{taken(backup).value_or(Time::min()), {}, html(backup.id.stamp)};
      if (!backup.summary) {
        ++unreadable;
        mark.verdict = Verdict::fail;
        mark.title += " is unreadable";
      }
      taken_lane.marks.push_back(std::move(mark));
    }
    std::size_t failed = 0;
    for (const Proving& one : chapter_.provings) {
      failed += one.evidence.verdict == Verdict::fail ? 1 : 0;
      (one.is_drill() ? drill : verify)
          .marks.push_back(
              {one.evidence.finished, one.evidence.verdict,
               fmt::format("{} {}", to_string(one.evidence.verdict), html(one.backup->id.stamp))});
    }
    const std::string label = fmt::format(
        "Timeline since {}: {}{}, {}, {}, {} failed", to_rfc3339(span_.from).substr(0, 10),
        counted(backups_.size(), "backup"), unreadable ? fmt::format(", {} unreadable", unreadable) : "",
        counted(verify.marks.size(), "verification"), counted(drill.marks.size(), "drill"), failed);
    text_ += fmt::format(
        "<figure><figcaption><h3>Backups and proofs</h3><small>{} passed {} failed {} could not be "
        "proved</small>"
        "</figcaption>\n",
        key("<circle cx=6 cy=6 r=3 />"), key("<use href=#fail x=6 y=6 />"),
        key("<use href=#unverified x=6 y=6 />"));
    const std::vector<Lane> lanes = {std::move(taken_lane), std::move(verify), std::move(drill)};
    const std::optional<Time> overdue = overdue_since();
    if (span_.to - span_.from > kLongHistory) {
      text_ += "<small class=muted>The last 30 days</small>" +
               timeline(label, {span_.to - kRecent, span_.to}, lanes, overdue) +
               "<small class=muted>All of it</small>";
    }
    text_ += timeline(label, span_, lanes, overdue);
    std::string rows;
    for (const Backup& backup : NewestFirst(backups_))
      rows +=
          fmt::format("<tr><th scope=row>{}<td>{}<td>{}<td>{}\n", html(backup.id.stamp),
                      proof_cell(backup.proofs.verified), proof_cell(backup.proofs.drilled), note_of(backup));
    as_table("backups", "Backups and proofs", "<th>Backup<th>Verified<th>Drilled<th>Note", rows);
  }

  std::optional<Time> overdue_since() const {
    for (const nightly::Due& due : dues_)
      if (due.what == "backup" && due.at < now_) return due.at;
    return std::nullopt;
  }

  void write_sizes() {
    std::vector<Point> stored, fresh;
    std::string rows;
    for (const Backup& backup : NewestFirst(backups_)) {
      if (!backup.summary) continue;
      const ManifestSummary& summary = *backup.summary;
      const Time at = summary.snapshot.taken;
      stored.push_back({at, static_cast<double>(summary.stored_bytes), ""});
      fresh.push_back({at, static_cast<double>(summary.new_bytes), ""});
      const double seconds = std::chrono::duration<double>(summary.finished - summary.started).count();
      rows += fmt::format("<tr><th scope=row>{}<td>{}<td>{}<td>{}<td>{}<td>{}<td>{}<td>{}\n",
                          html(backup.id.stamp), html_time(at), html_bytes(summary.stored_bytes),
                          html_bytes(summary.new_bytes), html_bytes(summary.raw_bytes),
                          html_data(summary.rows, format_count(summary.rows)), summary.tables,
                          html_data(seconds, format_seconds(seconds)));
    }
    if (stored.empty()) return;
    const ManifestSummary& newest = *chapter_.watched.status.newest->summary;
    const std::string label =
        fmt::format("Sizes of {}; the newest: {} stored, {} of that new", counted(stored.size(), "backup"),
                    format_bytes(newest.stored_bytes), format_bytes(newest.new_bytes));
    text_ +=
        "<figure><figcaption><h3>Size</h3><small><span class=\"key line\"></span> stored "
        "<span class=\"key bar\"></span> new: no hard link into an older backup</small></figcaption>\n" +
        line_plot(label, span_, Unit::bytes, stored, fresh, false);
    as_table("sizes", "Size",
             "<th>Backup<th>Snapshot<th>Stored<th>New<th>Rows’ text<th>Rows<th>Tables<th>Took", rows);
  }

  void write_restores() {
    std::vector<Point> points;
    std::string rows;
    for (const Proving& one : NewestFirst(chapter_.provings)) {
      if (!one.is_drill()) continue;
      const Evidence& evidence = one.evidence;
      const std::optional<double> seconds = restore_seconds(evidence);
      if (seconds && evidence.verdict == Verdict::pass)
        points.push_back({evidence.finished, *seconds,
                          fmt::format("{} in {}", html(one.backup->id.stamp), format_seconds(*seconds))});
      rows += fmt::format("<tr><th scope=row>{}<td>{}<td>{}<td>{}\n", html_time(evidence.finished),
                          html(one.backup->id.stamp), html_verdict(evidence.verdict),
                          seconds ? html_data(*seconds, format_seconds(*seconds)) : "");
    }
    text_ +=
        "<figure><figcaption><h3>Restore time</h3><small>measured by drills that "
        "passed</small></figcaption>\n";
    if (points.empty()) {
      text_ += "<p class=muted>No drill has measured one yet.</p>";
    } else {
      text_ += line_plot(fmt::format("Restore times of {}; the last: {}", counted(points.size(), "drill"),
                                     format_seconds(points.front().value)),
                         span_, Unit::seconds, points, {}, true);
    }
    if (rows.empty())
      text_ += "</figure>\n";
    else
      as_table("drills", "Drills", "<th>When<th>Backup<th>Verdict<th>Restored in", rows);
  }

  static std::string key(const char* mark) {
    return fmt::format("<svg class=key aria-hidden=true width=12 height=12>{}</svg>", mark);
  }

  /// And the end of the figure.
  void as_table(const char* kind, const std::string& name, const char* head, const std::string& rows) {
    text_ +=
        fmt::format("<details class=\"long {}\"><summary>{} as a table</summary>\n{}</details></figure>\n",
                    kind, name, html_table(name, head, rows));
  }

  const Chapter& chapter_;
  const std::vector<Backup>& backups_;
  const std::size_t number_;
  const Time now_;
  std::vector<nightly::Due> dues_;  ///< of one that is watched
  TimeSpan span_;
  std::string text_;
};

}  // namespace

std::string chapter_html(const Chapter& chapter, std::size_t number, Time now) {
  return ChapterWriter(chapter, number, now).run();
}

}  // namespace pgassay::cli
