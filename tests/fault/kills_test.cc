// Campaigns of SIGKILL at random instants of whole commands, as they were built: nothing is half listed, half
// restored or half replaced, nothing of the dead one stays (sessions, files, servers), and the next run is
// whole.
#include <fmt/format.h>
#include <gtest/gtest-spi.h>

#include <functional>
#include <random>

#include "core/repository/layout.h"
#include "tests/fault/scene.h"
#include "tests/fixtures/sample_backup.h"

namespace pgassay::test {

namespace fs = std::filesystem;

namespace {

constexpr unsigned kKills = 200;

class Kills : public Scene {
 protected:
  void SetUp() override {
    Scene::SetUp();
    fs::permissions(repository_.parent_path(), fs::perms(0711));
    random_.seed(20261130);
  }

  /// Starts the command again and again, and kills it at some instant of the time that it takes undisturbed.
  /// `look` sees what is left, and clears it away; it learns whether the command had ended by itself.
  void campaign(const Arguments& arguments, const Environment& environment,
                const std::function<void(bool ended)>& look) {
    const Ended undisturbed = run_pgassay(arguments, environment);
    ASSERT_EQ(undisturbed.status, 0) << undisturbed.out << undisturbed.err;
    look(true);
    unsigned killed = 0, ended = 0;
    while (killed + ended < kKills && !HasFailure()) {
      const double after = std::uniform_real_distribution<>(0, 1.1 * undisturbed.seconds)(random_);
      SCOPED_TRACE(
          fmt::format("kill {}, after {:.3f} of {:.3f} s", killed + ended + 1, after, undisturbed.seconds));
      Child child(pgassay(arguments, repository_), environment);
      child.running_after(std::chrono::milliseconds(static_cast<int>(1000 * after)));
      child.signal(SIGKILL);
      const bool by_itself = child.wait().status == 0;
      ++(by_itself ? ended : killed);
      look(by_itself);
    }
    fmt::print("{} killed, {} had ended before\n", killed, ended);
  }

  void expect_all_listed_are_sound() const {
    const std::set<std::string> dirs = listed();
    const Ended verify = run_pgassay({"verify", "--all"});
    EXPECT_EQ(verify.status, 0) << verify.err << verify.out;
    EXPECT_TRUE(dirs.contains(good_));
  }
  static int sessions_anywhere() {
    return std::stoi(
        query("SELECT count(*) FROM pg_stat_activity WHERE pid <> pg_backend_pid() AND backend_type = "
              "'client backend'"));
  }
  static void expect_sessions_end() {
    for (int tries = 0; tries < 200 && sessions_anywhere() > 0; ++tries) query("SELECT pg_sleep(0.05)");
    EXPECT_EQ(sessions_anywhere(), 0);
  }
  static std::string databases() {
    return query("SELECT string_agg(datname, ' ' ORDER BY datname) FROM pg_database WHERE NOT datistemplate");
  }
  /// What tells a database that has all of the sample's rows.
  static std::string holds(const std::string& database) {
    return server_->value(
        database,
        "SELECT (SELECT count(*) FROM shop.orders), (SELECT sum(hashtext(body::text)) FROM shop.orders), "
        "(SELECT count(*) FROM shop.years), (SELECT count(*) FROM shop.totals)");
  }
  static Arguments restore(const Arguments& more) {
    Arguments words = {"restore", "latest", "-j", "2", "-d", server_->conninfo("postgres")};
    words.insert(words.end(), more.begin(), more.end());
    return words;
  }

  std::mt19937 random_;
};

TEST_F(Kills, AreSeenToHaveLeftAHalfBackup) {
  const fs::path half = fs::path(good_).parent_path() / "20990101T000000Z";
  fs::copy(good_, half, fs::copy_options::recursive);
  const fs::path schema = half / "schema.pgdump";
  fs::permissions(schema, fs::perms::owner_all);
  fs::resize_file(schema, fs::file_size(schema) / 2);
  ::testing::TestPartResultArray found;
  {
    const ::testing::ScopedFakeTestPartResultReporter quiet(&found);
    expect_all_listed_are_sound();
  }
  EXPECT_GT(found.size(), 0);
}

class BackupKillsLong : public Kills {};
TEST_F(BackupKillsLong, LeaveNoHalfBackup) {
  campaign(backup_of("nightly", 2), {}, [&](bool) {
    expect_all_listed_are_sound();
    expect_sessions_end();
    expect_next_backup_is_whole("nightly");
    for (const std::string& dir : listed())
      if (dir != good_) fs::remove_all(dir);
  });
}

class RestoreKillsLong : public Kills {};
TEST_F(RestoreKillsLong, AreGoneOnWith) {
  const std::string before = databases(), whole = holds("shop");
  const Arguments words = restore({"--create", "--into", "copy", "--resume"});
  campaign(words, {}, [&](bool ended) {
    expect_sessions_end();
    const Ended again = run_pgassay(words);
    // 6: it was finished, if only just.
    EXPECT_TRUE(again.status == 0 || again.status == 6) << again.status << again.out;
    EXPECT_TRUE(!ended || again.status == 6) << again.status;
    EXPECT_EQ(holds("copy"), whole);
    EXPECT_EQ(server_->value("copy", "SELECT count(*) FROM pg_namespace WHERE nspname = 'pgassay_restore'"),
              "0");
    server_->drop_database("copy");
    EXPECT_EQ(databases(), before);
  });
}

class ReplaceKillsLong : public Kills {};
TEST_F(ReplaceKillsLong, LeaveOneWholeDatabaseUnderTheName) {
  const std::string before = databases(), whole = holds("shop");
  const auto make_live = [&] {
    server_->create_database("live");
    server_->psql("live", "CREATE TABLE now AS SELECT 1 AS a");
  };
  const auto is_old = [&] { return server_->value("live", "SELECT to_regclass('now') IS NOT NULL") == "t"; };
  make_live();
  const Arguments words = restore({"--replace", "live"});
  campaign(words, {}, [&](bool ended) {
    expect_sessions_end();
    EXPECT_TRUE(!ended || !is_old());
    if (is_old()) {
      const Ended again = run_pgassay(words);
      EXPECT_EQ(again.status, 0) << again.out;
    }
    EXPECT_EQ(holds("live"), whole);
    // The old one, under another name, and nothing else.
    const std::string others = query(
        "SELECT string_agg(datname, ' ') FROM pg_database WHERE datname LIKE 'live%' AND datname <> 'live'");
    EXPECT_EQ(others.find(' '), std::string::npos) << others;
    EXPECT_EQ(server_->value(others, "SELECT a FROM now"), "1");
    server_->drop_database("live");
    server_->drop_database(others);
    EXPECT_EQ(databases(), before);
    make_live();
  });
  server_->drop_database("live");
}

class PruneKillsLong : public Kills {};
TEST_F(PruneKillsLong, LeaveBackupsWholeOrGone) {
  const Repository repository = Repository::open_or_create(repository_);
  const auto publish = [&] {
    for (int days = 40; days > 30; --days)
      publish_sample(repository, "paper", "app", now() - std::chrono::days(days));
  };
  publish();
  const Arguments words = {"prune", "--keep-min", "1", "--keep-days", "1", "--force"};
  campaign(words, {}, [&](bool) {
    expect_all_listed_are_sound();
    const Ended again = run_pgassay(words);
    EXPECT_EQ(again.status, 0) << again.out;
    EXPECT_EQ(listed().size(), 2U);  // the good one, and the newest on paper
    EXPECT_EQ(partial(), std::vector<std::string>());
    EXPECT_TRUE(!fs::exists(repository_ / ".trash") || fs::is_empty(repository_ / ".trash"));
    fs::remove_all(repository_ / "paper");
    publish();
  });
}

class NightlyKillsLong : public Kills {};
TEST_F(NightlyKillsLong, LeaveNothingThatTheNextNightDoesNotClearAway) {
  const fs::path dir = repository_.parent_path(), work = dir / "work", config = dir / "pgassay.toml";
  make_private_dirs(work);
  fs::permissions(work, fs::perms(0711));
  write_new_file(config, "[drill]\nengine = \"local\"\nwork_dir = \"work\"\n[source.nightly]\ndbname = \"" +
                             server_->conninfo("shop") + "\"\n");
  const Environment environment = {{"PGASSAY_CONFIG", config.string()}};
  const Arguments words = {"nightly", "nightly"};
  campaign(words, environment, [&](bool) {
    expect_all_listed_are_sound();
    expect_sessions_end();
    const Ended again = run_pgassay(words, environment);
    EXPECT_EQ(again.status, 0) << again.out;
    EXPECT_EQ(partial(), std::vector<std::string>());
    EXPECT_TRUE(fs::is_empty(work)) << run_child({"find", work.string()}).out;
    EXPECT_NE(run_child({"pgrep", "-f", work.string()}).status, 0) << "a server of a drill is still there";
    for (const std::string& backup : listed())
      if (backup != good_) fs::remove_all(backup);
  });
}

}  // namespace
}  // namespace pgassay::test
