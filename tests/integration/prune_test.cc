// prune, pin and unpin as their users meet them, and the commands of docs/retention.md.
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "core/system/subprocess.h"
#include "tests/fixtures/as_nobody.h"
#include "tests/fixtures/live_backup.h"
#include "tests/fixtures/run_pgassay.h"
#include "tests/fixtures/sample_backup.h"
#include "tests/fixtures/temporary_dir.h"

namespace pgassay::test {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;
using std::chrono::days;
using Words = std::vector<std::string>;

class PruneCommand : public ::testing::Test {
 protected:
  void SetUp() override { write_new_file(config_, ""); }

  Ran run(Words words, const Path& repository) const {
    words.insert(words.end(), {"--repo", repository.string()});
    return pgassay(words, {{"PGASSAY_CONFIG", config_.string()}});
  }
  Ran run(const Words& words) const { return run(words, root_); }
  json document(Words words, int status) const {
    words.emplace_back("--json");
    const Ran ran = run(words);
    EXPECT_EQ(ran.status, status) << ran.out << ran.err;
    return json::parse(ran.out);
  }
  Backup backup(int days_ago, const std::string& source = "prod", const std::string& database = "app") const {
    return publish_sample(repository_, source, database, now() - days(days_ago) - std::chrono::hours(1));
  }
  std::size_t count(const std::string& source = {}) const { return repository_.list({source, {}}).size(); }

  TemporaryDir dir_;
  Path root_ = dir_.path() / "repository", config_ = dir_.path() / "pgassay.toml";
  Repository repository_ = Repository::open_or_create(root_);
};

TEST_F(PruneCommand, PrintsATableWithTheRuleOfEachBackup) {
  for (const int ago : {30, 20, 6, 1, 0}) backup(ago);
  const Ran dry = run({"prune", "--dry-run", "--keep-min", "1"});
  EXPECT_EQ(dry.status, 0) << dry.err;
  for (const char* word :
       {"ID", "AGE", "SIZE", "FREES", "DECISION", "RULE", "would remove", "expired (30 days)", "keep_days",
        "newest", "would remove 2 backups and keep 3: "}) {
    EXPECT_NE(dry.out.find(word), std::string::npos) << word << " in\n" << dry.out;
  }
  EXPECT_EQ(count(), 5u);
  const Ran real = run({"prune", "--keep-min", "1"});
  EXPECT_EQ(real.status, 0) << real.err;
  EXPECT_NE(real.out.find("removed 2 backups, kept 3: "), std::string::npos) << real.out;
  EXPECT_EQ(count(), 3u);
}

TEST_F(PruneCommand, ItsDocumentHoldsADecisionForEachBackup) {
  backup(20), backup(1), backup(0);
  const json reply = document({"prune", "--keep-min", "1"}, 0);
  const json& first = reply.at("prune").at(0);
  EXPECT_EQ(reply.at("prune").size(), 3u);
  EXPECT_EQ(first.at("source"), "prod");
  EXPECT_EQ(first.at("database"), "app");
  EXPECT_EQ(first.at("action"), "delete");
  EXPECT_EQ(first.at("rule"), "expired");
  EXPECT_EQ(first.at("removed"), true);
  EXPECT_GT(first.at("frees"), 0);
  EXPECT_GT(first.at("bytes"), 0);
  EXPECT_EQ(reply.at("prune").at(2).at("rule"), "newest");
  EXPECT_EQ(reply.at("prune").at(2).at("frees"), 0);
}

TEST_F(PruneCommand, ThatWouldRemoveTooMuchEndsWithSixAndSaysWhatToDo) {
  for (int ago = 20; ago < 30; ++ago) backup(ago);
  const Ran refused = run({"prune", "--keep-min", "1", "--keep-days", "1"});
  EXPECT_EQ(refused.status, 6);
  EXPECT_NE(refused.err.find("max_delete_fraction"), std::string::npos) << refused.err;
  EXPECT_NE(refused.err.find("--force"), std::string::npos);
  EXPECT_EQ(count(), 10u);
  EXPECT_EQ(run({"prune", "--keep-min", "1", "--keep-days", "1", "--force"}).status, 0);
  EXPECT_EQ(count(), 2u);
}

TEST_F(PruneCommand, OfOneDatabaseThatRefusesStillPrunesTheOthers) {
  for (const int ago : {30, 20, 0}) backup(ago, "prod");
  for (const int ago : {20, 1, 0}) backup(ago, "shop");
  const json reply = document({"prune", "--keep-min", "1"}, 6);
  EXPECT_EQ(count("prod"), 3u);
  EXPECT_EQ(count("shop"), 2u);
  EXPECT_EQ(reply.at("prune").size(), 6u);
}

TEST_F(PruneCommand, TakesThePolicyOfEachSourceFromTheConfigurationAndFlagsOverride) {
  overwrite(config_, "keep_min = 1\nkeep_days = 3\n[source.prod]\ndbname = \"app\"\nkeep_days = 30\n");
  for (const char* source : {"prod", "shop"}) {
    for (const int ago : {10, 2, 1, 0}) backup(ago, source);
  }
  EXPECT_EQ(run({"prune"}).status, 0);
  EXPECT_EQ(count("prod"), 4u);
  EXPECT_EQ(count("shop"), 3u);
  EXPECT_EQ(run({"prune", "--source", "prod", "--keep-days", "5"}).status, 0);
  EXPECT_EQ(count("prod"), 3u);
}

TEST_F(PruneCommand, APinKeepsABackupUntilItIsUnpinned) {
  const Backup old = backup(20);
  backup(1), backup(0);
  EXPECT_EQ(run({"pin", old.id.shown(), "--reason", "audit"}).status, 0);
  EXPECT_EQ(document({"prune", "--keep-min", "1"}, 0).at("prune").at(0).at("detail"), "audit");
  EXPECT_EQ(document({"unpin", old.id.shown()}, 0).at("backup").at("pinned"), false);
  EXPECT_NE(run({"unpin", old.id.shown()}).out.find("was not pinned"), std::string::npos);
  EXPECT_EQ(run({"prune", "--keep-min", "1"}).status, 0);
  EXPECT_EQ(count(), 2u);
}

TEST_F(PruneCommand, UnpinSaysWhenALabelStillPins) {
  overwrite(config_, "pin_labels = [\"before \\\"the\\\" release\\n\"]\n");
  const Ran ran = run({"unpin", backup(0).id.shown()});
  EXPECT_EQ(ran.status, 0);
  EXPECT_NE(ran.err.find("pins it still"), std::string::npos) << ran.err;
}

TEST_F(PruneCommand, UnreadableBackupsAndForeignFilesAreReported) {
  const Backup damaged = backup(20);
  backup(0);
  overwrite(damaged.dir.path() / "manifest.json", "{}");
  write_new_file(root_ / "prod/app/notes", "");
  const Ran ran = run({"prune"});
  EXPECT_EQ(ran.status, 0);
  EXPECT_NE(ran.err.find(damaged.id.shown() + " is unreadable, kept and not counted"), std::string::npos)
      << ran.err;
  EXPECT_NE(ran.err.find("not a backup, left alone: " + (root_ / "prod/app/notes").string()),
            std::string::npos);
  EXPECT_EQ(count(), 2u);
}

TEST_F(PruneCommand, ASourceThatIsNotThereIsAUsageError) {
  backup(0);
  EXPECT_EQ(run({"prune", "--source", "prdo"}).status, 2);
  EXPECT_EQ(run({"prune", "--keep-min", "0"}).status, 2);
  EXPECT_EQ(run({"prune", "--ignore-future", "19990101"}).status, 2);
}

TEST_F(PruneCommand, ABackupOfTheFutureRefusesUntilItIsNamed) {
  backup(20), backup(1);
  const Backup future = backup(-40);
  EXPECT_EQ(run({"prune"}).status, 6);
  EXPECT_EQ(run({"prune", "--keep-min", "1", "--ignore-future", future.id.stamp}).status, 0);
  EXPECT_EQ(count(), 2u);
}

TEST_F(PruneCommand, ADryRunOnARepositoryThatCannotBeWrittenWorks) {
  for (const int ago : {20, 1, 0}) backup(ago);
  for (const auto& entry : fs::recursive_directory_iterator(dir_.path()))
    fs::permissions(entry.path(), entry.is_directory() ? fs::perms(0555) : fs::perms(0444));
  fs::permissions(dir_.path(), fs::perms(0755));
  const Completed dry = pgassay::run({{"setpriv", "--reuid=65534", "--clear-groups", PGASSAY_BINARY, "prune",
                                       "--dry-run", "--keep-min", "1", "--repo", root_.string()},
                                      {{"PGASSAY_CONFIG", config_.string()}},
                                      {},
                                      -1},
                                     {});
  EXPECT_TRUE(dry.ok()) << dry.out << dry.err;
  EXPECT_NE(dry.out.find("would remove 1 backup"), std::string::npos) << dry.out;
}

TEST_F(PruneCommand, ABackupIsToldWhatPruneWouldFreeWhenTheDiskIsFull) {
  const LiveDatabase database("room", "CREATE TABLE t AS SELECT i FROM generate_series(1, 10) i");
  const Backup old = publish_sample(repository_, "test", "room", now() - days(20));
  write_new_file(old.dir.path() / "data/large", std::string(3 << 20, 'x'));
  PendingBackup pending = repository_.begin("test", "room");
  const Time taken = now() - days(1);
  Manifest manifest =
      write_sample(pending.dir(), {"test", "room", repository_.free_stamp("test", "room", taken)});
  manifest.summary.snapshot.taken = taken;
  // More than any disk has: what the last backup took.
  Part& part = manifest.relations[0].parts[0];
  const std::uint64_t huge = std::uint64_t{1} << 60;
  part.stored += huge;
  set_sums(manifest);
  std::move(pending).publish(manifest);
  overwrite(config_, "keep_min = 1\n");
  const Ran ran = run({"backup", "--source", "test", "-d", database.conninfo()});
  EXPECT_EQ(ran.status, 6) << ran.err;
  EXPECT_NE(ran.err.find(" --source test would free 3 MiB"), std::string::npos) << ran.err;
}

std::vector<std::string> scripts_of(const Path& page) {
  const std::string text = read_file(page);
  constexpr std::string_view kOpening = "```bash\n", kClosing = "\n```";
  std::vector<std::string> scripts;
  for (std::size_t at = text.find(kOpening); at != std::string::npos; at = text.find(kOpening, at)) {
    at += kOpening.size();
    scripts.push_back("set -e\n" + text.substr(at, text.find(kClosing, at) - at));
  }
  return scripts;
}

/// The page's own commands, on one host.
class CopyOffTheHost : public PruneCommand {
 protected:
  Completed shell(const std::string& script) const {
    const std::string path = Path(PGASSAY_BINARY).parent_path().string() + ":/usr/bin:/bin";
    return pgassay::run({{"bash", "-c", script},
                         {{"FROM", root_.string()},
                          {"COPY", copy_.string()},
                          {"PATH", path},
                          {"PGASSAY_CONFIG", config_.string()}},
                         {},
                         -1},
                        {});
  }
  Path copy_ = dir_.path() / "copy";
  std::vector<std::string> scripts_ = scripts_of(PGASSAY_SOURCE_DIR "/docs/retention.md");
};

TEST_F(CopyOffTheHost, KeepsHardLinksAndIsVerified) {
  ASSERT_EQ(scripts_.size(), 3u);
  const Backup older = backup(1);
  const std::string part = "data/public.orders.0000.copy.zst";
  ASSERT_TRUE(shell(scripts_[0]).ok());
  const Backup newer = backup(0);
  ASSERT_TRUE(link_over(older.dir / part, newer.dir / part));
  const Completed again = shell(scripts_[0]);
  ASSERT_TRUE(again.ok()) << again.out << again.err;
  const Repository copy = Repository::open(copy_);
  ASSERT_EQ(copy.list().size(), 2u);
  EXPECT_EQ(link_count(copy.list()[0].dir / part), 2u);
  EXPECT_TRUE(copy.list()[1].proofs.verified);
}

TEST_F(CopyOffTheHost, KeepsWhatIsRemovedAtHomeAndIsPrunedByItsOwnRules) {
  for (const int ago : {60, 50, 20, 10, 5, 1, 0}) backup(ago);
  ASSERT_TRUE(shell(scripts_[0]).ok());
  ASSERT_EQ(run({"prune", "--force"}).status, 0);
  ASSERT_EQ(count(), 3u);
  ASSERT_TRUE(shell(scripts_[0]).ok());
  const Completed pruned = shell(scripts_[1]);
  EXPECT_TRUE(pruned.ok()) << pruned.err;
  const std::size_t kept = Repository::open(copy_).list().size();
  EXPECT_GE(kept, 5u);
  EXPECT_LE(kept, 7u);
}

/// By somebody who can only read it: the evidence is printed, and the local engine needs no root.
TEST_F(CopyOffTheHost, ThatIsReadOnlyIsDrilled) {
  const LiveDatabase live("copied_away", "CREATE TABLE t AS SELECT generate_series(1, 1000) AS i");
  ASSERT_EQ(run({"backup", "--source", "prod", "-d", live.conninfo()}).status, 0);
  ASSERT_TRUE(shell("rsync -aH \"$FROM/\" \"$COPY/\"").ok());
  for (const auto& entry : fs::recursive_directory_iterator(dir_.path()))
    fs::permissions(entry.path(), entry.is_directory() ? fs::perms(0555) : fs::perms(0444));
  fs::permissions(dir_.path(), fs::perms(0755));
  overwrite(config_, "[drill]\nengine = \"local\"\n");
  fs::permissions(config_, fs::perms(0644));
  const std::string script = scripts_.at(2);
  const Completed drilled = shell("setpriv --reuid=65534 --clear-groups bash -c '" + script + "'");
  EXPECT_TRUE(drilled.ok()) << drilled.out << drilled.err;
  EXPECT_NE(drilled.out.find("PASS: all 1,000 rows"), std::string::npos) << drilled.out;
  EXPECT_NE(drilled.err.find("the evidence is not stored"), std::string::npos) << drilled.err;
  EXPECT_NE(drilled.out.find("\"kind\": \"drill\""), std::string::npos) << drilled.out;
}

TEST_F(CopyOffTheHost, ThatIsReadOnlyIsVerifiedAndFoundBadWhenItIs) {
  const Backup one = backup(0);
  ASSERT_TRUE(shell("rsync -aH \"$FROM/\" \"$COPY/\"").ok());
  for (const auto& entry : fs::recursive_directory_iterator(dir_.path()))
    fs::permissions(entry.path(), entry.is_directory() ? fs::perms(0555) : fs::perms(0444));
  fs::permissions(dir_.path(), fs::perms(0755));
  const std::string verify = "setpriv --reuid=65534 --clear-groups pgassay verify --repo \"$COPY\" --all";
  const Completed good = shell(verify);
  EXPECT_TRUE(good.ok()) << good.out << good.err;
  EXPECT_NE(good.err.find("the evidence is not stored"), std::string::npos) << good.err;
  overwrite(copy_ / one.dir.path().lexically_relative(root_) / "globals.sql", "x");
  EXPECT_EQ(shell(verify).status, 3);
}

}  // namespace
}  // namespace pgassay::test
