#include "nightly/status.h"

#include <gtest/gtest.h>

#include "nightly/metrics.h"
#include "tests/fixtures/backup_at.h"
#include "tests/fixtures/tonight.h"

namespace pgassay {
namespace {

using std::chrono::days;
using std::chrono::hours;
using test::backup_at;
using test::drilled;
using test::verified;

/// Verified ones of the last so many nights at 02:00, oldest first.
std::vector<Backup> nights(int count) {
  std::vector<Backup> backups = test::nights_before(kNow, count);
  for (Backup& backup : backups) {
    backup.summary->raw_bytes = 1000;
    backup.summary->stored_bytes = 100;
  }
  return backups;
}

nightly::DatabaseStatus status_after(std::vector<Backup> backups, nightly::StatusRules rules = {},
                                     std::optional<nightly::NightRecord> night = {},
                                     std::optional<std::uint64_t> free = {}) {
  return nightly::assess({.source = "prod",
                          .database = "app",
                          .backups = std::move(backups),
                          .rules = rules,
                          .night = std::move(night),
                          .free_bytes = free,
                          .now = kNow});
}

std::string kinds(const nightly::DatabaseStatus& status) {
  std::string text;
  for (const nightly::Concern& one : status.concerns)
    text += std::string(to_string(one.health)) + " " + one.kind + "\n";
  return text;
}

nightly::StatusRules weekly_drills() {
  nightly::StatusRules rules;
  rules.drill_every = std::chrono::days(7);
  return rules;
}

TEST(Status, IsSilentWhereTheNewestIsFreshAndVerified) {
  const nightly::DatabaseStatus status = status_after(nights(8));
  EXPECT_EQ(kinds(status), "");
  EXPECT_EQ(status.health(), nightly::Health::ok);
  EXPECT_EQ(status.backups, 8u);
  EXPECT_EQ(status.newest->id.stamp, "20261123T020000Z");
  EXPECT_EQ(status.newest_verified, kNow - hours(1));
}

TEST(Status, SaysThatThereIsNoBackup) {
  EXPECT_EQ(kinds(status_after({})), "CRITICAL no_backup\n");
}

TEST(Status, SaysThatTheNewestIsTooOld) {
  std::vector<Backup> backups = nights(8);
  backups.pop_back();
  backups.pop_back();
  EXPECT_EQ(kinds(status_after(backups)), "CRITICAL stale\nWARNING unverified\n");
  nightly::StatusRules with_keepalives;
  with_keepalives.max_age = std::chrono::days(3);
  EXPECT_EQ(kinds(status_after(backups, with_keepalives)), "");
}

TEST(Status, SaysThatTheNewestIsOfTheFuture) {
  EXPECT_EQ(kinds(status_after({verified(backup_at(kNow + days(30)))})), "CRITICAL future\n");
}

TEST(Status, LeavesTheNewOneSomeTimeToBeVerified) {
  std::vector<Backup> backups = nights(3);
  backups.back().proofs.verified.reset();
  EXPECT_EQ(kinds(status_after(backups)), "") << "last night's was, and is 25 h old";
  backups[1].proofs.verified.reset();
  EXPECT_EQ(kinds(status_after(backups)), "WARNING unverified\n");
}

TEST(Status, TakesADrillForMoreThanAVerification) {
  EXPECT_EQ(kinds(status_after({drilled(backup_at(kNow - hours(1)))})), "");
}

TEST(Status, SaysWhichBackupIsBad) {
  std::vector<Backup> backups = nights(3);
  backups[0] = verified(backups[0], Verdict::fail);
  nightly::DatabaseStatus status = status_after(backups);
  EXPECT_EQ(kinds(status), "WARNING bad\n");
  EXPECT_NE(status.concerns[0].text.find(backups[0].id.stamp), std::string::npos);
  EXPECT_EQ(status.bad, 1u);
  backups[2] = drilled(backups[2], Verdict::fail);
  status = status_after(backups);
  EXPECT_EQ(kinds(status), "CRITICAL bad\nWARNING bad\n");
  EXPECT_EQ(status.newest_verified, kNow - hours(1) - days(1)) << "a failed drill outweighs a verification";
}

TEST(Status, SaysThatTheNewestIsUnreadable) {
  std::vector<Backup> backups = nights(3);
  backups.back().summary.reset();
  backups.back().problem = "manifest.json: cut short";
  EXPECT_EQ(kinds(status_after(backups)), "CRITICAL unreadable\n");
}

TEST(Status, SaysWhatBelongsElsewhereAndDoesNotTakeItForTheNewest) {
  std::vector<Backup> backups = nights(3);
  backups.back().summary.reset();
  backups.back().dir = Place("/repo/prod/app/20261123T020000Z");
  backups.back().says = BackupId{"prod", "other", "20261123T020000Z"};
  const nightly::DatabaseStatus status = status_after(backups);
  EXPECT_EQ(kinds(status), "CRITICAL misplaced\n");
  EXPECT_EQ(status.newest->id, backups[1].id);
}

TEST(Status, SaysThatEvidenceIsDatedAfterNow) {
  std::vector<Backup> backups = nights(3);
  backups[0].proofs.dated_ahead = {"20310101T000000Z.verify.json"};
  EXPECT_EQ(kinds(status_after(backups)), "WARNING evidence_ahead\n");
  backups[0].proofs.dated_ahead.push_back("20310101T000000Z.drill.json");
  const std::string id = backups[0].id.shown();
  EXPECT_EQ(status_after(backups).concerns[0].hint,
            "see to the clocks, then pgassay verify " + id + " && pgassay drill " + id);
}

TEST(Status, SaysThatTheNewestCopyInAStoreIsTooOld) {
  std::vector<Backup> backups = nights(5);
  nightly::StatusRules rules;
  rules.stores = {"vault", "nas"};
  backups.back().proofs.copies["nas"] = kNow;
  EXPECT_EQ(kinds(status_after(backups, rules)), "WARNING uncopied\n");
  backups[1].proofs.copies["vault"] = kNow;  // an old backup, copied today
  const nightly::DatabaseStatus status = status_after(backups, rules);
  EXPECT_EQ(kinds(status), "WARNING uncopied\n");
  EXPECT_EQ(status.copied.at("vault"), backups[1].summary->snapshot.taken);
  EXPECT_EQ(status.concerns[0].hint, "pgassay push --missing --store vault --source prod");
  EXPECT_NE(nightly::metrics_text({{status}}, {}, kNow)
                .find("pgassay_copy_timestamp_seconds{source=\"prod\",database=\"app\",store=\"vault\"} "),
            std::string::npos);
  backups[3].proofs.copies["vault"] = kNow - days(1);
  EXPECT_EQ(kinds(status_after(backups, rules)), "") << "tonight's is still to be copied";
}

TEST(Status, AsksForDrillsOnlyWhereTheyAreWanted) {
  std::vector<Backup> backups = nights(12);
  EXPECT_EQ(kinds(status_after(backups)), "");
  EXPECT_EQ(kinds(status_after(backups, weekly_drills())), "WARNING undrilled\n");
  backups[2] = drilled(backups[2]);
  EXPECT_EQ(kinds(status_after(backups, weekly_drills())), "WARNING undrilled\n") << "nine days ago";
  backups[5] = drilled(backups[5]);
  EXPECT_EQ(kinds(status_after(backups, weekly_drills())), "");
}

TEST(Status, NoticesADatabaseThatHalvedUntilThatIsAccepted) {
  std::vector<Backup> backups = nights(30);
  for (int i = 2; i < 30; ++i) backups[i].summary->raw_bytes = 499;
  EXPECT_EQ(kinds(status_after(backups)), "CRITICAL shrunk\n") << "four weeks don't get used to it";
  backups.back().proofs.accepted = Pin{kNow, "the archive moved"};
  EXPECT_EQ(kinds(status_after(backups)), "");
}

TEST(Status, NoticesRowsThatAreGoneByHalf) {
  std::vector<Backup> backups = nights(2);
  backups[0].summary->rows = 100;
  backups[1].summary->rows = 49;
  const nightly::DatabaseStatus status = status_after(backups);
  EXPECT_EQ(kinds(status), "CRITICAL shrunk\n");
  EXPECT_NE(status.concerns[0].text.find("49 rows of 100"), std::string::npos) << status.concerns[0].text;
  EXPECT_NE(status.concerns[0].hint.find("pgassay accept prod/app/20261123T020000Z"), std::string::npos);
  EXPECT_NE(nightly::metrics_text({{status}}, {}, kNow)
                .find("pgassay_backup_shrunk{source=\"prod\",database=\"app\"} 1\n"),
            std::string::npos);
  nightly::StatusRules rules;
  rules.shrink_alarm = 0.4;
  EXPECT_EQ(kinds(status_after(backups, rules)), "");
  backups[1].summary->rows = 50;
  EXPECT_EQ(kinds(status_after(backups)), "");
}

TEST(Status, ThatIsNotWatchedIsInNoMetric) {
  nightly::DatabaseStatus status = status_after(nights(3));
  EXPECT_NE(nightly::metrics_text({{status}}, {}, kNow).find("database=\"app\""), std::string::npos);
  status.watched = false;
  EXPECT_EQ(nightly::metrics_text({{status}}, {}, kNow).find("database=\"app\""), std::string::npos)
      << "an alarm that status does not know";
}

TEST(Status, NoticesThatTheNextBackupHasNoRoom) {
  EXPECT_EQ(kinds(status_after(nights(3), {}, {}, 99)), "WARNING no_room\n");
  EXPECT_EQ(kinds(status_after(nights(3), {}, {}, 100)), "");
}

/// What was free at the end of each of the last nights, in the order of time.
nightly::NightRecord nights_of_room(const std::vector<std::uint64_t>& free) {
  nightly::NightRecord night;
  night.finished = kNow - hours(1);
  for (std::size_t i = 0; i < free.size(); ++i)
    night.room.push_back({night.finished - days(free.size() - 1 - i), free[i]});
  return night;
}

TEST(Status, TellsWhenTheDiskWillBeFull) {
  // Ten a day, and a large file that came and went.
  const auto night = nights_of_room({200, 190, 180, 170, 60, 150, 140, 130});
  const nightly::DatabaseStatus status = status_after(nights(3), {}, night, 120);
  EXPECT_EQ(kinds(status), "WARNING filling\n");
  EXPECT_NEAR(status.filling->left / days(1), 12, 0.01);
  EXPECT_NE(status.concerns[0].text.find("is full in 12.0 days"), std::string::npos)
      << status.concerns[0].text;
  EXPECT_NE(nightly::metrics_text({{status}}, {}, kNow).find("pgassay_repository_full_seconds{"),
            std::string::npos);
  EXPECT_EQ(kinds(status_after(nights(3), {}, night, 200)), "") << "in 20 days";
}

TEST(Status, SaysNothingOfADiskThatDoesNotFill) {
  EXPECT_FALSE(status_after(nights(3), {}, nights_of_room({200, 150, 120}), 120).filling) << "three nights";
  EXPECT_FALSE(status_after(nights(3), {}, nights_of_room({200, 150, 210, 190, 205}), 120).filling);
  EXPECT_FALSE(status_after(nights(3), {}, nights_of_room({200, 200, 200, 200}), 120).filling);
}

TEST(RoomOfNights, IsKeptOfThirtyOfThem) {
  std::vector<nightly::RoomThen> room;
  for (int night = 40; night > 0; --night)
    room = nightly::with_this_night(room, {kNow - days(night), static_cast<std::uint64_t>(night)});
  room = nightly::with_this_night(room, {kNow - days(1) + hours(2), 7});
  ASSERT_EQ(room.size(), 30u);
  EXPECT_EQ(room.front().free_bytes, 30u);
  EXPECT_EQ(room.back().free_bytes, 7u) << "a second run of one night";
  room = nightly::with_this_night(room, {kNow - days(10), 1});
  EXPECT_EQ(room.size(), 21u) << "the clock was ahead";
}

TEST(Status, TellsWhatWentWrongLastNight) {
  nightly::NightRecord night;
  night.source = "prod";
  night.finished = kNow - std::chrono::minutes(30);
  night.steps = {{"backup", nightly::Outcome::done, Exit::done, 1, "", ""},
                 {"drill", nightly::Outcome::failed, Exit::unverified, 1, "no engine", "install podman"},
                 {"notify", nightly::Outcome::failed, Exit::done, 1, "ping: refused", ""}};
  const nightly::DatabaseStatus status = status_after(nights(3), {}, night);
  EXPECT_EQ(kinds(status), "WARNING last_run\nWARNING last_run\n");
  EXPECT_EQ(status.concerns[0].hint, "install podman");
  night.steps = {{"backup", nightly::Outcome::failed, Exit::failed, 1, "no server", ""}};
  EXPECT_EQ(kinds(status_after(nights(3), {}, night)), "CRITICAL last_run\n");
  night.finished = kNow - hours(2);
  EXPECT_EQ(kinds(status_after(nights(3), {}, night)), "WARNING last_run\n") << "a backup was taken since";
}

TEST(DrillDue, IsWhenTheNextNightWouldBeTooLate) {
  const Seconds week = days(7), hour = hours(1);
  EXPECT_TRUE(nightly::drill_is_due({}, week, kNow));
  EXPECT_TRUE(nightly::drill_is_due(kNow - days(7) + std::chrono::minutes(20), week, kNow))
      << "it took 20 minutes";
  EXPECT_FALSE(nightly::drill_is_due(kNow - days(6), week, kNow));
  EXPECT_FALSE(nightly::drill_is_due(kNow - std::chrono::minutes(20), hour, kNow));
  EXPECT_TRUE(nightly::drill_is_due(kNow + days(1), week, kNow)) << "of a clock that ran ahead";
}

TEST(NightRecord, ComesBackAsItWas) {
  nightly::NightRecord night;
  night.source = "prod";
  night.database = "a \"b\"";
  night.backup = "prod/app/20261123T020000Z";
  night.started = kNow;
  night.finished = kNow + hours(1);
  night.host = "db1";
  night.steps = {{"backup", nightly::Outcome::done, Exit::done, 1.5, "line", ""},
                 {"drill", nightly::Outcome::not_due, Exit::done, 0, "", ""},
                 {"prune", nightly::Outcome::failed, Exit::refused, 0, "no", "yes"}};
  night.room = {{kNow - days(1), 5}, {kNow, 4}};
  const nightly::NightRecord read = nightly::parse_night_record(to_json(night), "x");
  EXPECT_EQ(to_json(read), to_json(night));
  EXPECT_EQ(read.exit(), Exit::refused);
  EXPECT_THROW(nightly::parse_night_record("{\"format\": 1}", "x"), BadBackup);
  EXPECT_THROW(nightly::parse_night_record("{\"format\": 2}", "x"), BadBackup);
}

TEST(Metrics, SayNothingOfWhatIsNotKnown) {
  const std::vector<nightly::DatabaseStatus> none = {status_after({})};
  const std::string text = metrics_text(none, {}, kNow);
  EXPECT_EQ(text.find("pgassay_backup_timestamp_seconds"), std::string::npos) << text;
  EXPECT_NE(text.find("pgassay_backups{source=\"prod\",database=\"app\"} 0\n"), std::string::npos) << text;
  EXPECT_NE(text.find("pgassay_status{source=\"prod\",database=\"app\"} 2\n"), std::string::npos) << text;
}

TEST(Metrics, EscapeNamesAndGiveWholeNumbers) {
  std::vector<nightly::DatabaseStatus> databases = {status_after(nights(2))};
  databases[0].database = "a\"b\\c\nd";
  const std::string text = metrics_text(databases, 123456789012345, kNow);
  EXPECT_NE(
      text.find(
          "pgassay_backup_timestamp_seconds{source=\"prod\",database=\"a\\\"b\\\\c\\\\x0ad\"} 1795399200\n"),
      std::string::npos)
      << text;
  EXPECT_NE(
      text.find(
          "# TYPE pgassay_repository_free_bytes gauge\npgassay_repository_free_bytes 123456789012345\n"),
      std::string::npos)
      << text;
}

}  // namespace
}  // namespace pgassay
