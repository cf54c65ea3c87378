#include "cli/render/html/report.h"

#include <gtest/gtest.h>

#include <cmath>

#include "cli/render/html/style.h"
#include "cli/render/html/text.h"
#include "tests/fixtures/backup_at.h"
#include "tests/fixtures/tonight.h"

namespace pgassay::cli {
namespace {

using std::chrono::days;
using std::chrono::hours;

constexpr char kInjected[] = "<script>alert('\"&1')</script>";

Chapter chapter_of(std::vector<Backup> backups, nightly::StatusRules rules = {},
                   std::optional<nightly::NightRecord> night = {}) {
  Chapter chapter;
  chapter.watched.rules = rules;
  chapter.watched.backups = backups;
  chapter.watched.status =
      nightly::assess({"prod", "app", std::move(backups), rules, std::move(night), {}, kNow});
  return chapter;
}

std::string page_of(const Chapter& chapter) {
  return report_html(std::vector{chapter}, {"/var/backups/pgassay", "db1", "0.1.0", kNow});
}

bool contains(const std::string& text, const std::string& what) {
  return text.find(what) != std::string::npos;
}

Evidence evidence_of(const Backup& backup, const char* kind, Verdict verdict) {
  Evidence evidence;
  evidence.kind = kind;
  evidence.started = backup.summary->snapshot.taken + std::chrono::minutes(10);
  evidence.finished = evidence.started + std::chrono::seconds(41);
  evidence.verdict = verdict;
  evidence.tool_version = "0.1.0";
  evidence.host = "db1.example.net";
  evidence.scope = "all";
  for (const char* name :
       {"restore", "objects", "rows", "sequences", "large objects", "properties", "versions"})
    evidence.checks.push_back({name, verdict, "1532 objects are as in the source"});
  evidence.phases = {{"schema", 1.5}, {"data", 20.1}, {"indexes", 12.2}, {"proof", 6.0}};
  evidence.facts = {{kRestoreSeconds, "41.2"}, {"engine", "local"}, {"server_version", "15.20"}};
  evidence.file = backup.dir.path() / "evidence" / (to_stamp(evidence.finished) + "." + kind + ".json");
  return evidence;
}

/// Every one verified and drilled, which is more than anybody does.
Chapter four_hundred_nights() {
  std::vector<Backup> backups = test::nights_before(kNow, 400);
  for (Backup& backup : backups) {
    backup = test::drilled(backup);
    backup.proofs.drilled->restore_seconds = 41.2;
    backup.summary->stored_bytes = 734'003'200;
    backup.summary->raw_bytes = 3'221'225'472;
    backup.summary->new_bytes = 1'048'576;
    backup.summary->rows = 41'000'000;
    backup.summary->tables = 212;
    backup.summary->label = "before the release";
  }
  Chapter chapter = chapter_of(std::move(backups));
  for (const Backup& backup : chapter.watched.backups)
    for (const char* kind : {"verify", "drill"})
      chapter.provings.push_back({&backup, evidence_of(backup, kind, Verdict::pass)});
  return chapter;
}

TEST(HtmlReport, IsSmallThoughThereAreFourHundredBackups) {
  const std::string page = page_of(four_hundred_nights());
  EXPECT_LT(page.size(), 500'000u);
  EXPECT_TRUE(contains(page, "20251020T020000Z")) << "the oldest is in it";
}

TEST(HtmlReport, NeedsNothingFromElsewhere) {
  const std::string page = page_of(four_hundred_nights());
  for (const char* word : {"http:", "https:", "src=", "@import", "url(", "<script", "<iframe", "onclick"})
    EXPECT_FALSE(contains(page, word)) << word;
}

TEST(HtmlReport, EscapesWhateverANameHolds) {
  std::vector<Backup> backups = test::nights_before(kNow, 3);
  backups[0].summary.reset();
  backups[0].problem = kInjected;
  backups[1].summary->label = kInjected;
  backups[1].proofs.pin = Pin{kNow, kInjected};
  backups[2].proofs.unreadable = {kInjected};
  for (Backup& backup : backups) backup.id.database = kInjected;
  nightly::NightRecord night;
  night.source = night.database = night.host = kInjected;
  night.steps = {{kInjected, nightly::Outcome::failed, Exit::failed, 1, kInjected, kInjected}};
  Chapter chapter = chapter_of(std::move(backups), {}, night);
  chapter.watched.status.database = kInjected;
  Evidence evidence = evidence_of(chapter.watched.backups[2], "drill", Verdict::fail);
  evidence.checks = {{kInjected, Verdict::fail, kInjected}};
  evidence.findings = {{kInjected, kInjected, kInjected}};
  evidence.phases = {{kInjected, 1}};
  evidence.facts = {{kInjected, kInjected}};
  evidence.notes = {kInjected};
  evidence.host = evidence.tool_version = evidence.scope = kInjected;
  evidence.file = kInjected;
  chapter.provings = {{&chapter.watched.backups[2], evidence}};
  const std::string page = report_html(std::vector{chapter}, {kInjected, kInjected, kInjected, kNow});
  EXPECT_FALSE(contains(page, "<script"));
  EXPECT_FALSE(contains(page, "alert('\""));
  EXPECT_TRUE(contains(page, "&lt;script&gt;alert('&quot;&amp;1')&lt;/script&gt;"));
}

TEST(HtmlReport, ShowsBytesThatAreNoText) {
  EXPECT_EQ(html("caf\xe9 \x1b[31m"), "caf\\xe9 \\x1b[31m");
  EXPECT_EQ(html("na\u00efve", 3), "na\u2026") << "cut before a character, not inside of it";
}

TEST(HtmlReport, SaysWhatIsOverdueAndWhatFailed) {
  std::vector<Backup> backups = test::nights_before(kNow, 6);
  backups.resize(4);
  backups[1] = test::verified(backups[1], Verdict::fail);
  nightly::NightRecord night;
  night.source = "prod";
  night.started = night.finished = kNow - hours(1);
  night.host = "db1";
  night.steps = {{"backup", nightly::Outcome::failed, Exit::failed, 1, "no server", "start it"}};
  const std::string page = page_of(chapter_of(std::move(backups), {}, night));
  EXPECT_TRUE(contains(page, "<b class=critical>overdue</b>"));
  EXPECT_TRUE(contains(page, "class=overdue")) << "shaded in the timeline";
  EXPECT_TRUE(contains(page, "is bad: verify failed"));
  EXPECT_TRUE(contains(page, "in the last run, backup failed: no server"));
  EXPECT_TRUE(contains(page, "1 of 1 database needs attention"));
}

TEST(HtmlReport, TellsOfNothingAtAll) {
  EXPECT_TRUE(contains(report_html({}, {"/r", "h", "0", kNow}), "Nothing to tell"));
  const std::string page = page_of(chapter_of({}));
  EXPECT_TRUE(contains(page, "there is no backup"));
  EXPECT_FALSE(contains(page, "<figure"));
}

TEST(WhatIsDue, IsWhatStatusWouldComplainOfNext) {
  nightly::StatusRules rules;
  rules.drill_every = std::chrono::days(7);
  std::vector<Backup> backups = test::nights_before(kNow, 3);
  backups[0] = test::drilled(backups[0]);
  const nightly::DatabaseStatus status = nightly::assess({"prod", "app", backups, rules, {}, {}, kNow});
  const std::vector<nightly::Due> due = what_is_due(status, rules, backups);
  ASSERT_EQ(due.size(), 3u);
  EXPECT_EQ(due[0].what, "backup");
  EXPECT_EQ(due[0].at, kNow - hours(1) + hours(26));
  EXPECT_EQ(due[2].what, "drill");
  for (const Time at : {due[2].at, due[2].at + std::chrono::seconds(1)}) {
    nightly::DatabaseStatus then = nightly::assess({"prod", "app", backups, rules, {}, {}, at});
    std::erase_if(then.concerns,
                  [](const nightly::Concern& one) { return one.kind != nightly::concern::kUndrilled; });
    EXPECT_EQ(then.concerns.size(), at > due[2].at ? 1u : 0u);
  }
}

/// https://www.w3.org/TR/WCAG22/#dfn-contrast-ratio
double luminance(const std::string& colour) {
  double sum = 0;
  for (const auto& [at, weight] : {std::pair{1, 0.2126}, {3, 0.7152}, {5, 0.0722}}) {
    const double value = std::stoi(colour.substr(static_cast<std::size_t>(at), 2), nullptr, 16) / 255.0;
    sum += weight * (value <= 0.04045 ? value / 12.92 : std::pow((value + 0.055) / 1.055, 2.4));
  }
  return sum;
}

double contrast(const std::string& one, const std::string& other) {
  const double a = luminance(one), b = luminance(other);
  return (std::max(a, b) + 0.05) / (std::min(a, b) + 0.05);
}

TEST(HtmlReport, HasContrastByDayAndByNight) {
  for (const auto shade : {&Colour::light, &Colour::dark}) {
    for (const Colour& ground : palette().first(2)) {
      for (const Colour& colour : palette().subspan(3))
        EXPECT_GE(contrast(ground.*shade, colour.*shade), 4.5) << colour.name << " on " << ground.name;
    }
  }
}

}  // namespace
}  // namespace pgassay::cli
