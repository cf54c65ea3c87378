#include "core/repository/repository.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/system/subprocess.h"
#include "tests/fixtures/as_nobody.h"
#include "tests/fixtures/place_of.h"
#include "tests/fixtures/sample_backup.h"
#include "tests/fixtures/temporary_dir.h"

namespace pgassay {
namespace {

namespace fs = std::filesystem;

ino_t inode_of(const Path& file) {
  struct stat status {};
  EXPECT_EQ(::stat(file.c_str(), &status), 0);
  return status.st_ino;
}

template <typename Thrown, typename Act>
std::string message_of(Act act) {
  try {
    act();
  } catch (const Thrown& error) {
    return error.what();
  }
  ADD_FAILURE() << "nothing was thrown";
  return "";
}

void flip(const Path& file, std::size_t at) {
  std::string contents = read_file(file);
  contents[at] = static_cast<char>(contents[at] ^ 1);
  test::overwrite(file, contents);
}

struct RepositoryTest : testing::Test {
  test::TemporaryDir temporary;
  Path root = temporary.path() / "repo";
  Repository repository = Repository::open_or_create(root);
  Time noon = parse_rfc3339("2026-11-23T12:00:00Z");
};

TEST_F(RepositoryTest, KeepsItsIdWhenOpenedAgain) {
  EXPECT_EQ(repository.uuid().size(), 36u);
  EXPECT_EQ(Repository::open(root).uuid(), repository.uuid());
  EXPECT_EQ(Repository::open_or_create(root).uuid(), repository.uuid());
}

TEST_F(RepositoryTest, IsNotMadeWhereSomethingElseIs) {
  write_new_file(temporary.path() / "somebody's file", "");
  EXPECT_THROW(Repository::open_or_create(temporary.path()), UsageError);
}

TEST_F(RepositoryTest, IsMadeOnAnEmptyFileSystem) {
  make_private_dirs(temporary.path() / "disk/lost+found");
  EXPECT_NO_THROW(Repository::open_or_create(temporary.path() / "disk"));
}

TEST_F(RepositoryTest, WhereThereIsNoneAHintSaysHowToMakeOne) {
  EXPECT_THROW(Repository::open(temporary.path() / "elsewhere"), UsageError);
}

TEST_F(RepositoryTest, OfANewerFormatIsNotTouched) {
  test::overwrite(root / "pgassay.json", R"({"format": 2, "id": "x", "created": "2026-11-23T12:00:00Z"})");
  EXPECT_NE(message_of<Error>([&] { Repository::open(root); }).find("made by a newer pgassay"),
            std::string::npos);
}

TEST_F(RepositoryTest, PublishesAWholeBackup) {
  const Backup backup = test::publish_sample(repository);
  EXPECT_EQ(backup.dir.path(), root / "prod/app/20261123T020000Z");
  EXPECT_EQ(backup.problem, "");
  EXPECT_EQ(read_manifest(backup.dir).summary.rows, backup.summary->rows);
  EXPECT_TRUE(list_names(root / ".partial").empty());
}

TEST_F(RepositoryTest, StockSha256sumAcceptsWhatIsPublished) {
  const Backup backup = test::publish_sample(repository);
  const Completed sums =
      run({{"env", "-C", backup.dir.string(), "sha256sum", "--strict", "-c", "SHA256SUMS"}, {}, {}, -1}, {});
  EXPECT_TRUE(sums.ok()) << sums.out << sums.err;
}

TEST_F(RepositoryTest, EverythingInItIsPrivate) {
  test::publish_sample(repository);
  for (const auto& entry : fs::recursive_directory_iterator(root)) {
    const auto others = fs::perms::group_all | fs::perms::others_all;
    EXPECT_EQ(entry.status().permissions() & others, fs::perms::none) << entry.path();
  }
}

TEST_F(RepositoryTest, ABackupThatIsGivenUpLeavesNothing) {
  {
    const PendingBackup pending = repository.begin("prod", "app");
    test::write_sample(pending.dir(), {"prod", "app", "20261123T120000Z"});
  }
  EXPECT_TRUE(list_names(root / ".partial").empty());
  EXPECT_TRUE(repository.list().empty());
}

TEST_F(RepositoryTest, APublishedBackupIsNeverReplaced) {
  const Backup old = test::publish_sample(repository);
  const std::string manifest = read_file(old.dir.path() / kManifestFile);
  PendingBackup pending = repository.begin("prod", "app");
  Manifest again = test::write_sample(pending.dir(), old.id);
  again.summary.label = "another";
  EXPECT_THROW(std::move(pending).publish(again), Error);
  EXPECT_EQ(read_file(old.dir.path() / kManifestFile), manifest);
}

TEST_F(RepositoryTest, AManifestThatContradictsItselfIsNotPublished) {
  PendingBackup pending = repository.begin("prod", "app");
  Manifest manifest = test::write_sample(pending.dir(), {"prod", "app", "20261123T120000Z"});
  manifest.summary.rows += 1;
  EXPECT_THROW(std::move(pending).publish(manifest), Error);
  EXPECT_TRUE(repository.list().empty());
}

TEST_F(RepositoryTest, BackupsOfOneSecondAreNumbered) {
  EXPECT_EQ(test::publish_sample(repository, "prod", "app", noon).id.stamp, "20261123T120000Z");
  EXPECT_EQ(test::publish_sample(repository, "prod", "app", noon).id.stamp, "20261123T120000Z-2");
  EXPECT_EQ(test::publish_sample(repository, "prod", "app-staging", noon).id.stamp, "20261123T120000Z");
}

TEST_F(RepositoryTest, ABackupCanBePublishedPinned) {
  PendingBackup pending = repository.begin("prod", "app");
  const Manifest manifest = test::write_sample(pending.dir(), {"prod", "app", "20261123T120000Z"});
  pending.pin({noon, "before the release"});
  std::move(pending).publish(manifest);
  EXPECT_EQ(repository.find("latest").proofs.pin->reason, "before the release");
}

TEST_F(RepositoryTest, NamesOfAnyKindCanBeBackedUpAndFound) {
  for (const std::string database : {"../x", "a.b", "caf\xe9", ".hidden", "largé"}) {
    test::publish_sample(repository, "a/source", database);
    const auto backups = repository.list({"a/source", database});
    ASSERT_EQ(backups.size(), 1u) << database;
    EXPECT_EQ(backups[0].id.database, database);
    EXPECT_TRUE(repository.newest("a/source", database));
  }
  EXPECT_EQ(list_names(root).size(), 3u);
}

TEST_F(RepositoryTest, ADamagedManifestIsListedWithItsProblem) {
  const Backup backup = test::publish_sample(repository);
  flip(backup.dir.path() / kManifestFile, 2000);
  const Backup damaged = repository.list().at(0);
  EXPECT_EQ(damaged.id, backup.id);
  EXPECT_FALSE(damaged.summary);
  EXPECT_NE(damaged.problem.find("manifest.json is not what SHA256SUMS names"), std::string::npos);
  EXPECT_THROW(read_manifest(backup.dir), BadBackup);
}

TEST_F(RepositoryTest, ALostManifestIsListedWithItsProblem) {
  const Backup backup = test::publish_sample(repository);
  fs::remove(backup.dir.path() / kManifestFile);
  EXPECT_NE(repository.list().at(0).problem, "");
}

TEST_F(RepositoryTest, ABackupThatWasMovedIsListedWithItsProblem) {
  const Backup backup = test::publish_sample(repository);
  make_private_dirs(root / "prod/app-staging");
  fs::rename(backup.dir.path(), root / "prod/app-staging" / backup.id.stamp);
  EXPECT_NE(repository.list().at(0).problem.find("by its manifest it is prod/app/"), std::string::npos);
}

TEST_F(RepositoryTest, WhatIsNoBackupIsForeignAndLeftAlone) {
  test::publish_sample(repository);
  make_private_dirs(root / "prod/app/notes");
  make_private_dirs(root / "prod/app/20261101T000000Z");
  write_new_file(root / "README", "");
  std::vector<Path> foreign;
  EXPECT_EQ(repository.list({}, &foreign).size(), 1u);
  EXPECT_EQ(foreign, (std::vector<Path>{root / "README", root / "prod/app/20261101T000000Z",
                                        root / "prod/app/notes"}));
}

TEST_F(RepositoryTest, AFilterTakesADatabaseByItsWholeName) {
  test::publish_sample(repository, "prod", "app");
  test::publish_sample(repository, "prod", "app-staging");
  EXPECT_EQ(repository.list({"prod", "app"}).size(), 1u);
  EXPECT_EQ(repository.list({"", "app-staging"}).size(), 1u);
  EXPECT_EQ(repository.list({"pro", ""}).size(), 0u);
}

TEST_F(RepositoryTest, TheListIsInTheOrderOfTime) {
  for (int i = 0; i < 11; ++i) test::publish_sample(repository, "prod", "app", noon);
  EXPECT_EQ(repository.list().back().id.stamp, "20261123T120000Z-11");
  EXPECT_EQ(repository.newest("prod", "app")->id.stamp, "20261123T120000Z-11");
}

TEST_F(RepositoryTest, TheNewestReadableBackupIsNotADamagedOne) {
  test::publish_sample(repository, "prod", "app", noon);
  flip(test::publish_sample(repository, "prod", "app", noon).dir.path() / kManifestFile, 100);
  EXPECT_EQ(repository.newest("prod", "app")->id.stamp, "20261123T120000Z");
  EXPECT_EQ(repository.find("latest").id.stamp, "20261123T120000Z-2");
}

TEST_F(RepositoryTest, FindsByStampPrefixAndFullName) {
  test::publish_sample(repository, "prod", "app", noon);
  test::publish_sample(repository, "prod", "app", noon);
  test::publish_sample(repository, "prod", "app", noon + std::chrono::hours(24));
  EXPECT_EQ(repository.find("20261123T120000Z").id.stamp, "20261123T120000Z");
  EXPECT_EQ(repository.find("20261124").id.stamp, "20261124T120000Z");
  EXPECT_EQ(repository.find("prod/app/20261123T120000Z-2").id.stamp, "20261123T120000Z-2");
  EXPECT_EQ(repository.find("prod/app/latest").id.stamp, "20261124T120000Z");
}

TEST_F(RepositoryTest, AnAmbiguousIdNamesTheCandidates) {
  test::publish_sample(repository, "prod", "app", noon);
  test::publish_sample(repository, "prod", "shop", noon);
  const std::string both = "prod/app/20261123T120000Z, prod/shop/20261123T120000Z";
  EXPECT_NE(message_of<UsageError>([&] { repository.find("latest"); }).find(both), std::string::npos);
  EXPECT_NE(message_of<UsageError>([&] { repository.find("2026"); }).find(both), std::string::npos);
  EXPECT_EQ(repository.find("latest", {"prod", "shop"}).id.database, "shop");
}

TEST_F(RepositoryTest, AnIdThatFitsNothingIsAUsageError) {
  EXPECT_THROW(repository.find("latest"), UsageError);
  test::publish_sample(repository);
  EXPECT_THROW(repository.find("2025"), UsageError);
  EXPECT_THROW(repository.find(""), UsageError);
}

TEST_F(RepositoryTest, ASecondRunIsToldWhoHoldsTheLock) {
  const RunLock held = repository.lock_database("prod", "app", "backup");
  const std::string message = message_of<Locked>([&] { repository.lock_database("prod", "app", "prune"); });
  EXPECT_NE(message.find("pid " + std::to_string(::getpid())), std::string::npos) << message;
  EXPECT_NE(message.find(": backup"), std::string::npos) << message;
  EXPECT_NO_THROW(repository.lock_database("prod", "shop", "backup"));
}

TEST_F(RepositoryTest, TheLockIsFreeWhenItsHolderIsGone) {
  { const RunLock held = repository.lock_database("prod", "app", "a long command line"); }
  const RunLock held = repository.lock_database("prod", "app", "prune");
  EXPECT_TRUE(read_file(root / "prod/app/.lock").ends_with(": prune\n"));
}

TEST_F(RepositoryTest, DebrisOfDeadRunsIsClearedAndLiveRunsAreLeftAlone) {
  const PendingBackup alive = repository.begin("prod", "app");
  make_private_dirs(root / ".partial/dead.0123456789abcdef/data");
  make_private_dirs(root / ".trash/old.01234567");
  EXPECT_EQ(repository.clear_debris(),
            (std::vector<Path>{root / ".partial/dead.0123456789abcdef", root / ".trash/old.01234567"}));
  EXPECT_TRUE(exists(alive.dir()));
}

TEST_F(RepositoryTest, AReaderKeepsABackupFromBeingLockedAway) {
  const Backup backup = test::publish_sample(repository);
  const Fd pruner = open_for_reading(backup.dir.path());
  {
    const ReadLease one = repository.lease(backup), another = repository.lease(backup);
    EXPECT_FALSE(try_lock(pruner, LockMode::exclusive));
  }
  EXPECT_TRUE(try_lock(pruner, LockMode::exclusive));
  EXPECT_THROW(repository.lease(backup), Locked);
}

TEST_F(RepositoryTest, EvidenceOfOneSecondIsAllKept) {
  const Backup backup = test::publish_sample(repository);
  Evidence evidence;
  evidence.kind = "verify";
  evidence.finished = noon;
  evidence.scope = "all";
  EXPECT_EQ(repository.add_evidence(backup, evidence).filename(), "20261123T120000Z.verify.json");
  EXPECT_EQ(repository.add_evidence(backup, evidence).filename(), "20261123T120000Z-2.verify.json");
  EXPECT_EQ(list_names(backup.dir.path() / kEvidenceDir).size(), 2u);
  EXPECT_TRUE(repository.find("latest").proofs.verified);
}

TEST_F(RepositoryTest, EvidenceIsNumberedInTheOrderInWhichItIsStored) {
  const Backup backup = test::publish_sample(repository);
  Evidence evidence;
  evidence.kind = "drill";
  evidence.finished = noon;
  evidence.scope = "all";
  for (const std::uint64_t number : {1, 2}) {
    const Path file = repository.add_evidence(backup, evidence);
    EXPECT_EQ(parse_evidence(read_file(file), file).number, number);
    evidence.finished -= std::chrono::hours(1);
  }
}

struct MisplacedBackup : RepositoryTest {
  Backup other = test::publish_sample(repository, "prod", "other");
  Path wrong = root / "prod/App" / other.id.stamp;
  MisplacedBackup() {
    make_private_dirs(root / "prod/App");
    fs::rename(other.dir.path(), wrong);
  }
};

TEST_F(MisplacedBackup, IsListedAsWhatItIsAndReadByNobody) {
  const std::vector<Backup> all = repository.list();
  ASSERT_EQ(all.size(), 1U);
  EXPECT_FALSE(all[0].summary);
  EXPECT_EQ(all[0].says->shown(), other.id.shown());
  EXPECT_THROW(read_manifest(Place(wrong)), BadBackup);
  EXPECT_FALSE(repository.newest("prod", "App"));
  for (const std::string id : {"latest", "20261123", "prod/App/20261123T020000Z"}) {
    try {
      repository.find(id, {"prod", "App"});
      FAIL() << id;
    } catch (const BadBackup& error) {
      const std::string what = error.what();
      EXPECT_NE(what.find(wrong.string()), std::string::npos) << what;
      EXPECT_NE(what.find(other.id.shown()), std::string::npos) << what;
      EXPECT_NE(what.find("belongs in " + other.dir.string()), std::string::npos) << what;
      EXPECT_NE(error.hint().find("mv " + wrong.string() + " " + other.dir.string()), std::string::npos)
          << error.hint();
    }
  }
}

TEST_F(MisplacedBackup, IsNeverTheLatestBesideOneThatIsInItsPlace) {
  const Backup own = test::publish_sample(repository, "prod", "App", noon - std::chrono::days(60));
  EXPECT_EQ(repository.find("latest", {"prod", "App"}).id, own.id);
}

TEST_F(MisplacedBackup, MovedBackIsItselfAgain) {
  fs::rename(wrong, other.dir.path());
  EXPECT_EQ(repository.find("latest").id, other.id);
}

TEST_F(MisplacedBackup, UnderAnotherSourceOrStampIsFoundAsWell) {
  make_private_dirs(root / "stage/other");
  for (const Path& place : {root / "stage/other/20261123T020000Z", root / "prod/App/20261123T030000Z"}) {
    fs::rename(wrong, place);
    EXPECT_TRUE(repository.list().at(0).says) << place;
    fs::rename(place, wrong);
  }
}

TEST_F(RepositoryTest, OneThatCannotBeWrittenCanBeRead) {
  if (::geteuid() != 0) FAIL() << "needs root to become another user";
  test::publish_sample(repository);
  for (const auto& entry : fs::recursive_directory_iterator(temporary.path())) {
    fs::permissions(entry.path(), entry.is_directory() ? fs::perms(0555) : fs::perms(0444));
  }
  fs::permissions(temporary.path(), fs::perms(0555));
  const test::AsNobody nobody;
  const Backup backup = Repository::open(root).find("latest");
  const ReadLease lease = repository.lease(backup);
  EXPECT_EQ(read_manifest(backup.dir).summary.id, backup.id);
  EXPECT_THROW(repository.add_evidence(backup, {}), Error);
}

TEST_F(RepositoryTest, ABackupOutOfReachIsListedWithItsProblemAndHidesNoOther) {
  if (::geteuid() != 0) FAIL() << "needs root to become another user";
  const Backup locked = test::publish_sample(repository),
               other = test::publish_sample(repository, "prod", "other");
  fs::permissions(temporary.path(), fs::perms(0755));
  for (const auto& entry : fs::recursive_directory_iterator(temporary.path())) {
    fs::permissions(entry.path(), entry.is_directory() ? fs::perms(0755) : fs::perms(0644));
  }
  fs::permissions(locked.dir.path(), fs::perms(0700));
  const test::AsNobody nobody;
  const std::vector<Backup> backups = Repository::open(root).list();
  ASSERT_EQ(backups.size(), 2u);
  EXPECT_NE(backups[0].problem.find("Permission denied"), std::string::npos) << backups[0].problem;
  EXPECT_TRUE(backups[1].summary);
}

TEST_F(RepositoryTest, OneThatMayNotBeLookedIntoSaysSoInTheSystemsWords) {
  if (::geteuid() != 0) FAIL() << "needs root to become another user";
  fs::permissions(temporary.path(), fs::perms(0755));
  fs::permissions(root, fs::perms(0700));
  const test::AsNobody nobody;
  for (const auto& act : {&Repository::open, &Repository::open_or_create}) {
    EXPECT_NE(message_of<Error>([&] { act(root); }).find("Permission denied"), std::string::npos);
  }
}

TEST_F(RepositoryTest, DebrisThatCannotBeRemovedIsAProblemAndNoObstacle) {
  if (::geteuid() != 0) FAIL() << "needs root to become another user";
  make_private_dirs(root / ".partial/somebody's.0123456789abcdef/data");
  for (const Path& dir : {temporary.path(), root, root / ".partial"}) fs::permissions(dir, fs::perms(0755));
  const test::AsNobody nobody;
  std::vector<std::string> problems;
  EXPECT_TRUE(repository.clear_debris(&problems).empty());
  ASSERT_EQ(problems.size(), 1u);
  EXPECT_NE(problems[0].find("Permission denied"), std::string::npos) << problems[0];
  EXPECT_NO_THROW(repository.clear_debris());
}

struct ReuseTest : testing::Test {
  test::TemporaryDir temporary;
  Path old_file = temporary.path() / "old", new_file = temporary.path() / "new";
  Sha256 expected = sha256_of(as_bytes("rows"));
  ReuseTest() {
    write_new_file(old_file, "rows");
    write_new_file(new_file, "rows");
  }
};

TEST_F(ReuseTest, AnUnchangedPartBecomesALink) {
  EXPECT_EQ(reuse_part(test::place_of(old_file), expected, test::place_of(new_file)), Reuse::linked);
  EXPECT_EQ(inode_of(old_file), inode_of(new_file));
}

TEST_F(ReuseTest, ARottenOldPartNeverReplacesAGoodNewOne) {
  flip(old_file, 0);
  EXPECT_EQ(reuse_part(test::place_of(old_file), expected, test::place_of(new_file)), Reuse::rotten);
  EXPECT_EQ(read_file(new_file), "rows");
}

TEST_F(ReuseTest, AnOldPartThatIsGoneLeavesTheNewOne) {
  fs::remove(old_file);
  EXPECT_EQ(reuse_part(test::place_of(old_file), expected, test::place_of(new_file)), Reuse::unreachable);
  fs::create_symlink(new_file, old_file);
  EXPECT_EQ(reuse_part(test::place_of(old_file), expected, test::place_of(new_file)), Reuse::unreachable);
  EXPECT_EQ(read_file(new_file), "rows");
}

}  // namespace
}  // namespace pgassay
