#include "retention/prune.h"

#include <gtest/gtest.h>

#include <functional>
#include <map>

#include "core/stream/sha256.h"
#include "core/system/subprocess.h"
#include "tests/fixtures/as_nobody.h"
#include "tests/fixtures/sample_backup.h"
#include "tests/fixtures/temporary_dir.h"
#include "tests/fixtures/tonight.h"

namespace pgassay {
namespace {

namespace fs = std::filesystem;
using std::chrono::days;
using std::chrono::hours;

const retention::DatabaseName kApp{"prod", "app"};

class Messages : public Observer {
 public:
  void message(Level, std::string_view text, std::string_view) override {
    all += std::string(text) + "\n";
    if (on_message) std::exchange(on_message, nullptr)();
  }
  std::string all;
  std::function<void()> on_message;  ///< once
};

struct PruneTest : testing::Test {
  test::TemporaryDir temporary;
  Path root = temporary.path() / "repo";
  Repository repository = Repository::open_or_create(root);
  Messages messages;
  retention::PruneOptions options;

  PruneTest() {
    options.policy.max_delete_fraction = 1;
    options.policy.keep_min = 1;
  }
  Backup backup(int days_ago, const std::string& database = "app") {
    return test::publish_sample(repository, "prod", database, kNow - hours(1) - days(days_ago));
  }
  retention::PruneReport prune_now(const retention::DatabaseName& of = kApp) {
    return prune(repository, of, options, kNow, messages, {});
  }
  std::vector<std::string> listed(const std::string& database = "app") const {
    std::vector<std::string> stamps;
    for (const Backup& one : repository.list({"prod", database})) stamps.push_back(one.id.stamp);
    return stamps;
  }
  /// As du(1) has it: each file once, however many links it has.
  std::uint64_t used() const {
    return std::stoull(run({{"du", "-s", "--block-size=1", (root / "prod").string()}, {}, {}, -1}, {}).out);
  }
  void link_to(const Backup& existing, const Backup& replaced, std::string_view file) const {
    ASSERT_TRUE(link_over(existing.dir / file, replaced.dir / file));
  }
  /// Every name below the repository, with what it holds.
  std::map<std::string, std::string> everything() const {
    std::map<std::string, std::string> all;
    for (const std::string& file : list_files(root)) all[file] = read_file(root / file);
    for (const auto& entry : fs::recursive_directory_iterator(root)) {
      if (entry.is_directory()) all[entry.path().string()] = "a directory";
    }
    return all;
  }
};

TEST_F(PruneTest, RemovesWhatNoRuleKeepsAndItsFiles) {
  const Backup old = backup(20), young = backup(1);
  const retention::PruneReport report = prune_now();
  EXPECT_FALSE(report.problem);
  ASSERT_EQ(report.backups.size(), 2u);
  EXPECT_TRUE(report.backups[0].removed);
  EXPECT_EQ(report.backups[1].decision.rule, retention::Rule::newest);
  EXPECT_EQ(listed(), std::vector<std::string>{young.id.stamp});
  EXPECT_TRUE(list_names(root / ".trash").empty());
}

TEST_F(PruneTest, CountsTheBytesThatReallyComeFree) {
  const Backup older = backup(30), old = backup(20), young = backup(1);
  link_to(older, old, kSchemaFile);                         // both go: free once, with the last
  link_to(old, young, "data/public.orders.0000.copy.zst");  // stays with the one that stays
  link_to(older, young, "data/public.orders.0001.copy.zst");
  const std::uint64_t before = used();
  const retention::PruneReport report = prune_now();
  EXPECT_EQ(report.freed(), before - used());
  EXPECT_GT(report.backups[0].frees, 0u);
  EXPECT_GT(report.backups[1].frees, report.backups[0].frees);
}

TEST_F(PruneTest, WhatTwoBackupsShareSurvivesInTheOneThatStays) {
  const Backup old = backup(20), young = backup(1);
  link_to(old, young, kSchemaFile);
  prune_now();
  EXPECT_EQ(hash_file(young.dir / kSchemaFile).sha,
            hash_file(Place(PGASSAY_SOURCE_DIR) / "tests/fixtures/schema.pgdump").sha);
}

TEST_F(PruneTest, ADryRunSaysTheSameAndWritesNothing) {
  backup(20), backup(9), backup(1);
  make_private_dirs(root / ".partial/dead.0123");
  const auto before = everything();
  options.dry_run = true;
  const retention::PruneReport dry = prune_now();
  EXPECT_EQ(everything(), before);
  options.dry_run = false;
  const retention::PruneReport real = prune_now();
  ASSERT_EQ(dry.backups.size(), real.backups.size());
  for (std::size_t i = 0; i < dry.backups.size(); ++i) {
    EXPECT_EQ(dry.backups[i].decision.rule, real.backups[i].decision.rule);
    EXPECT_EQ(dry.backups[i].frees, real.backups[i].frees);
    EXPECT_FALSE(dry.backups[i].removed);
  }
}

TEST_F(PruneTest, TheDatabaseAppIsNotAppStaging) {
  for (const char* database : {"app", "app-staging", "app2", "ap"}) backup(20, database), backup(1, database);
  prune_now();
  EXPECT_EQ(listed("app").size(), 1u);
  for (const char* database : {"app-staging", "app2", "ap"}) EXPECT_EQ(listed(database).size(), 2u);
}

TEST_F(PruneTest, DatabasesAreToldApartAndForeignFilesAreNamed) {
  backup(1, "app"), backup(1, "app-staging"), backup(2, "app");
  make_private_dirs(root / "prod/app/20200101T000000Z");
  write_new_file(root / "prod/app/notes.txt", "");
  std::vector<Path> foreign;
  EXPECT_EQ(retention::databases_in(repository, {}, &foreign),
            (std::vector<retention::DatabaseName>{{"prod", "app"}, {"prod", "app-staging"}}));
  EXPECT_EQ(foreign, (std::vector<Path>{root / "prod/app/20200101T000000Z", root / "prod/app/notes.txt"}));
}

TEST_F(PruneTest, WhatIsNoBackupIsLeftAlone) {
  backup(20), backup(1);
  make_private_dirs(root / "prod/app/20200101T000000Z/data");
  write_new_file(root / "prod/app/20200102T000000Z", "");
  prune_now();
  EXPECT_TRUE(fs::exists(root / "prod/app/20200101T000000Z/data"));
  EXPECT_TRUE(fs::exists(root / "prod/app/20200102T000000Z"));
}

TEST_F(PruneTest, ABackupWhoseManifestIsDamagedIsKept) {
  const Backup old = backup(20);
  backup(1);
  test::overwrite(old.dir.path() / kManifestFile, "{}");
  EXPECT_EQ(prune_now().backups[0].decision.rule, retention::Rule::unreadable);
  EXPECT_EQ(listed().size(), 2u);
}

TEST_F(PruneTest, ABackupInUseIsPassedOverWithANote) {
  const Backup old = backup(20), older = backup(30);
  backup(1);
  {
    const ReadLease reading = repository.lease(old);
    const retention::PruneReport report = prune_now();
    EXPECT_FALSE(report.problem);
    EXPECT_EQ(report.backups[1].decision.rule, retention::Rule::in_use);
    EXPECT_TRUE(report.backups[0].removed);
    EXPECT_NE(messages.all.find(old.id.shown() + " is in use"), std::string::npos);
    EXPECT_EQ(listed().size(), 2u);
  }
  prune_now();
  EXPECT_EQ(listed().size(), 1u);
}

TEST_F(PruneTest, TwoOfOneDatabaseExcludeEachOther) {
  backup(20), backup(1);
  const PruneLock other = repository.lock_for_prune("prod", "app");
  const retention::PruneReport report = prune_now();
  ASSERT_TRUE(report.problem);
  EXPECT_EQ(report.problem->exit(), Exit::locked);
  EXPECT_EQ(listed().size(), 2u);
}

TEST_F(PruneTest, MakesRoomBesideARunningBackupThatHoldsTheDatabasesLock) {
  const Backup old = backup(20), newest = backup(1);
  const RunLock running = repository.lock_database("prod", "app", "backup");
  const PendingBackup pending = repository.begin("prod", "app");
  const ReadLease predecessor = repository.lease(newest);
  EXPECT_FALSE(prune_now().problem);
  EXPECT_EQ(listed(), std::vector<std::string>{newest.id.stamp});
  EXPECT_TRUE(exists(pending.dir()));
}

/// The moment at which prune tells that the oldest is in use is one after it has decided, and before it has
/// the next.
TEST_F(PruneTest, APinSetSinceItDecidedCounts) {
  const Backup oldest = backup(30), old = backup(20);
  backup(1);
  const ReadLease reading = repository.lease(oldest);
  messages.on_message = [&] { repository.pin(old, "needed after all"); };
  EXPECT_EQ(prune_now().backups[1].decision.rule, retention::Rule::pinned);
  EXPECT_EQ(listed().size(), 3u);
}

TEST_F(PruneTest, RotFoundSinceItDecidedCounts) {
  const Backup oldest = backup(30), old = backup(20), young = backup(1);
  const auto prove = [&](const Backup& backup, Verdict verdict, Time at) {
    Evidence evidence;
    evidence.kind = "verify";
    evidence.started = evidence.finished = at;
    evidence.verdict = verdict;
    evidence.scope = "all";
    repository.add_evidence(backup, evidence);
  };
  prove(old, Verdict::pass, kNow);
  prove(young, Verdict::pass, kNow);
  const ReadLease reading = repository.lease(oldest);
  messages.on_message = [&] { prove(young, Verdict::fail, kNow + hours(1)); };
  EXPECT_EQ(prune_now().backups[1].decision.rule, retention::Rule::newest_verified);
  EXPECT_EQ(listed().size(), 3u);
}

TEST_F(PruneTest, WhatIsPinnedStaysUntilItIsUnpinned) {
  const Backup old = backup(20);
  backup(1);
  repository.pin(old, "the last one before the move");
  EXPECT_EQ(prune_now().backups[0].decision.rule, retention::Rule::pinned);
  EXPECT_TRUE(repository.unpin(old));
  EXPECT_FALSE(repository.unpin(old));
  prune_now();
  EXPECT_EQ(listed().size(), 1u);
}

TEST_F(PruneTest, ABackupThatIsBeingRemovedCannotBePinnedOrRead) {
  const Backup old = backup(20);
  {
    const auto removing = repository.lock_for_removal(old);
    ASSERT_TRUE(removing);
    EXPECT_THROW(repository.pin(old, ""), Locked);
  }
  repository.remove(*repository.lock_for_removal(old));
  EXPECT_THROW(repository.lease(old), Locked);
  EXPECT_THROW(repository.pin(old, ""), Locked);
  EXPECT_FALSE(repository.lock_for_removal(old));
}

TEST_F(PruneTest, RefusesWhenTheClockIsBehindAndRemovesNothing) {
  backup(20), backup(-1);
  const retention::PruneReport report = prune_now();
  ASSERT_TRUE(report.problem);
  EXPECT_EQ(report.problem->exit(), Exit::refused);
  EXPECT_EQ(listed().size(), 2u);
}

TEST_F(PruneTest, IgnoresABackupDatedInTheFutureWhenItIsNamed) {
  const Backup old = backup(20), newest = backup(1), future = backup(-30);
  options.ignore_future = {future.id};
  EXPECT_FALSE(prune_now().problem);
  EXPECT_EQ(listed(), (std::vector<std::string>{newest.id.stamp, future.id.stamp}));
}

TEST_F(PruneTest, ABackupOfThePastCannotBeIgnoredAsOneOfTheFuture) {
  options.ignore_future = {backup(1).id};
  EXPECT_THROW(prune_now(), UsageError);
}

TEST_F(PruneTest, RefusesToRemoveTooMuchUnlessForced) {
  backup(20), backup(21), backup(1);
  options.policy.max_delete_fraction = 0.5;
  const retention::PruneReport report = prune_now();
  ASSERT_TRUE(report.problem);
  EXPECT_EQ(report.problem->exit(), Exit::refused);
  EXPECT_EQ(report.backups[0].decision.rule, retention::Rule::expired);
  EXPECT_EQ(listed().size(), 3u);
  options.force = true;
  EXPECT_FALSE(prune_now().problem);
  EXPECT_EQ(listed().size(), 1u);
}

TEST_F(PruneTest, FinishesWhatAKilledRunLeft) {
  backup(1);
  make_private_dirs(root / ".trash/prod%2Fapp.20200101T000000Z.01234567/data");
  make_private_dirs(root / ".partial/prod%2Fapp.0123456789abcdef/data");
  const PendingBackup alive = repository.begin("prod", "other");
  prune_now();
  EXPECT_TRUE(list_names(root / ".trash").empty());
  EXPECT_EQ(list_names(root / ".partial"), std::vector<std::string>{alive.dir().filename()});
}

TEST_F(PruneTest, OneThatCannotBeRemovedIsAnErrorAndKeepsNoOtherFromGoing) {
  const Backup stuck = backup(30), old = backup(20), young = backup(1);
  for (const auto& entry : fs::recursive_directory_iterator(temporary.path()))
    ASSERT_EQ(::chown(entry.path().c_str(), 65534, 65534), 0);
  fs::permissions(temporary.path(), fs::perms(0755));
  // A directory of somebody else can be read but not moved to another one.
  ASSERT_EQ(::chown(stuck.dir.path().c_str(), 0, 0), 0);
  fs::permissions(stuck.dir.path(), fs::perms(0755));
  const test::AsNobody nobody;
  const retention::PruneReport report = prune_now();
  ASSERT_TRUE(report.problem);
  EXPECT_NE(std::string(report.problem->what()).find(stuck.id.shown()), std::string::npos);
  EXPECT_NE(std::string(report.problem->what()).find("Permission denied"), std::string::npos);
  EXPECT_EQ(report.problem->exit(), Exit::failed);
  EXPECT_EQ(listed(), (std::vector<std::string>{stuck.id.stamp, young.id.stamp}));
}

TEST_F(PruneTest, SaysWhatItWouldFree) {
  backup(20), backup(1);
  const std::uint64_t prunable = prunable_bytes(repository, kApp, options, kNow);
  EXPECT_GT(prunable, 0u);
  EXPECT_EQ(prunable, prune_now().freed());
  EXPECT_EQ(prunable_bytes(repository, kApp, options, kNow), 0u);
  EXPECT_EQ(prunable_bytes(repository, {"prod", "another"}, options, kNow), 0u);
}

TEST_F(PruneTest, ManyBackupsGoInBatches) {
  for (int i = 10; i < 80; ++i) backup(i);
  backup(1);
  EXPECT_FALSE(prune_now().problem);
  EXPECT_EQ(listed().size(), 1u);
}

}  // namespace
}  // namespace pgassay
