// The program as its users meet it: what it prints where, and how it ends.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <nlohmann/json.hpp>

#include "core/repository/repository.h"
#include "tests/fixtures/local_server.h"
#include "tests/fixtures/run_pgassay.h"
#include "tests/fixtures/sample_backup.h"
#include "tests/fixtures/temporary_dir.h"

namespace pgassay::test {
namespace {

using nlohmann::json;
using Words = std::vector<std::string>;

std::size_t number_of_lines(const std::string& text) {
  return static_cast<std::size_t>(std::ranges::count(text, '\n'));
}

/// Neither the configuration nor the repository of whoever runs the tests.
class Cli : public ::testing::Test {
 protected:
  Ran run(Words words) const {
    words.insert(words.end(), {"--repo", repository_.string()});
    return pgassay(words, {{"PGASSAY_CONFIG", config_.string()}});
  }
  json document(Words words, int status) const {
    words.emplace_back("--json");
    const Ran ran = run(words);
    EXPECT_EQ(ran.status, status) << ran.out << ran.err;
    const json document = json::parse(ran.out);
    EXPECT_EQ(document.at("format"), 1);
    EXPECT_EQ(document.at("command"), words[0]);
    EXPECT_EQ(document.at("exit"), status);
    EXPECT_EQ(document.at("ok"), status == 0);
    EXPECT_TRUE(document.at("messages").is_array());
    return document;
  }
  void SetUp() override { write_new_file(config_, ""); }

  TemporaryDir dir_;
  Path repository_ = dir_.path() / "repository", config_ = dir_.path() / "pgassay.toml";
};

/// With a repository that holds one backup.
class CliWithBackup : public Cli {
 protected:
  void SetUp() override {
    Cli::SetUp();
    backup_ = publish_sample(Repository::open_or_create(repository_));
  }
  Backup backup_;
};

TEST_F(Cli, VersionAndHelpGoToStdoutAndEndWithZero) {
  const Ran version = pgassay({"--version"});
  EXPECT_EQ(version.status, 0);
  EXPECT_TRUE(version.out.starts_with("pgassay "));
  if (std::filesystem::exists(Path(PGASSAY_SOURCE_DIR) / ".git")) {
    EXPECT_NE(version.out.find(" (commit "), std::string::npos) << version.out;
  }
  EXPECT_EQ(version.err, "");
  EXPECT_EQ(pgassay({"backup", "--help"}).status, 0);
}

TEST_F(Cli, AUsageErrorIsOneLineAndAHintOnStderrAndEndsWithTwo) {
  const Ran ran = run({"list", "--bogus"});
  EXPECT_EQ(ran.status, 2);
  EXPECT_EQ(ran.out, "");
  EXPECT_EQ(ran.err, "pgassay: unexpected argument '--bogus'\nhint: see pgassay list --help\n");
}

TEST_F(Cli, AUsageErrorIsADocumentToo) {
  const json reply = document({"list", "--bogus"}, 2);
  EXPECT_EQ(reply.at("messages").at(0).at("level"), "error");
}

TEST_F(Cli, ARepositoryThatIsMissingIsAUsageError) {
  const Ran ran = run({"list"});
  EXPECT_EQ(ran.status, 2);
  EXPECT_EQ(number_of_lines(ran.err), 2U) << ran.err;
  document({"verify"}, 2);
  EXPECT_FALSE(std::filesystem::exists(repository_));
}

TEST_F(Cli, AnErrorOfTheConfigurationNamesFileAndLine) {
  replace_file(config_, "\nretension = 7\n");
  const Ran ran = run({"list"});
  EXPECT_EQ(ran.status, 2);
  EXPECT_TRUE(ran.err.starts_with("pgassay: " + config_.string() + ":2: unknown key 'retension'")) << ran.err;
}

TEST_F(Cli, AMalformedConnectionStringIsNeverRepeated) {
  const Ran ran = run({"backup", "-d", "host=x password='hunter2 user=y"});
  EXPECT_EQ(ran.status, 2);
  EXPECT_EQ((ran.out + ran.err).find("hunter2"), std::string::npos) << ran.err;
}

TEST_F(Cli, AFullDiskBehindStdoutIsAFailure) {
  const Ran ran = pgassay({"--version"});
  ASSERT_EQ(ran.status, 0);
  const std::string command = std::string("'") + PGASSAY_BINARY + "' --help > /dev/full 2>/dev/null";
  EXPECT_EQ(WEXITSTATUS(std::system(command.c_str())), 1);
}

TEST_F(CliWithBackup, ListShowsItAsTextAndAsADocument) {
  const Ran ran = run({"list"});
  EXPECT_EQ(ran.status, 0) << ran.err;
  EXPECT_EQ(number_of_lines(ran.out), 2U);
  EXPECT_NE(ran.out.find(backup_.id.shown()), std::string::npos) << ran.out;
  const json one = document({"list"}, 0).at("backups").at(0);
  EXPECT_EQ(one.at("id"), backup_.id.stamp);
  EXPECT_EQ(one.at("source"), backup_.id.source);
  EXPECT_EQ(one.at("database"), backup_.id.database);
  EXPECT_EQ(one.at("path"), backup_.dir.string());
  EXPECT_EQ(one.at("pinned"), false);
  EXPECT_EQ(one.at("taken"), to_rfc3339(backup_.summary->snapshot.taken));
  for (const char* number : {"seconds", "bytes", "new_bytes", "raw_bytes", "rows", "tables"}) {
    EXPECT_TRUE(one.at(number).is_number()) << number;
  }
  EXPECT_TRUE(one.at("verified").is_null());
  EXPECT_TRUE(one.at("drilled").is_null());
}

TEST_F(CliWithBackup, ListShowsAnUnreadableBackupWithAWarningAndEndsWithZero) {
  overwrite(backup_.dir.path() / kManifestFile, "{");
  const Ran ran = run({"list"});
  EXPECT_EQ(ran.status, 0);
  EXPECT_NE(ran.out.find("UNREADABLE: "), std::string::npos) << ran.out;
  const json reply = document({"list"}, 0);
  EXPECT_EQ(reply.at("messages").at(0).at("level"), "warning");
  EXPECT_TRUE(reply.at("backups").at(0).at("problem").is_string());
  EXPECT_TRUE(reply.at("backups").at(0).at("rows").is_null());
}

TEST_F(CliWithBackup, ListLeavesAForeignDirectoryAloneAndSaysSo) {
  make_private_dirs(repository_ / "prod" / "app" / "holiday-pictures");
  const json reply = document({"list"}, 0);
  EXPECT_EQ(reply.at("backups").size(), 1U);
  EXPECT_NE(reply.at("messages").dump().find("holiday-pictures"), std::string::npos);
}

TEST_F(CliWithBackup, ShowTellsAllAboutOne) {
  const Ran ran = run({"show", "latest", "--tables"});
  EXPECT_EQ(ran.status, 0) << ran.err;
  EXPECT_NE(ran.out.find(backup_.dir.string()), std::string::npos);
  const json reply = document({"show", backup_.id.stamp, "--tables"}, 0);
  EXPECT_EQ(reply.at("backup").at("id"), backup_.id.stamp);
  EXPECT_EQ(reply.at("details").at("relations").size(), read_manifest(backup_.dir).relations.size());
}

TEST_F(CliWithBackup, AnUnknownIdIsAUsageError) {
  for (const char* command : {"show", "verify", "restore"}) {
    Words words = {command, "20000101T000000Z"};
    if (command == std::string("restore")) words.emplace_back("--create");
    document(words, 2);
  }
}

TEST_F(CliWithBackup, VerifyPassesAndItsDocumentNamesTheEvidence) {
  const json reply = document({"verify"}, 0);
  EXPECT_EQ(reply.at("verdict"), "PASS");
  EXPECT_FALSE(reply.at("checks").empty());
  EXPECT_TRUE(reply.at("findings").empty());
  EXPECT_TRUE(std::filesystem::exists(reply.at("evidence").get<std::string>()));
  EXPECT_EQ(document({"list"}, 0).at("backups").at(0).at("verified").at("verdict"), "PASS");
}

TEST_F(CliWithBackup, VerifyNamesTheDamagedFileAndEndsWithThree) {
  overwrite(backup_.dir.path() / kGlobalsFile, "rot");
  const json reply = document({"verify", "latest"}, 3);
  EXPECT_EQ(reply.at("verdict"), "FAIL");
  EXPECT_EQ(reply.at("findings").at(0).at("file"), kGlobalsFile);
  const Ran ran = run({"verify", "--quiet"});
  EXPECT_EQ(ran.status, 3);
  EXPECT_NE(ran.out.find(kGlobalsFile), std::string::npos) << ran.out;
}

TEST_F(CliWithBackup, AVerifyThatFailsSaysSoLastOnStderrAndInItsDocument) {
  overwrite(backup_.dir.path() / kGlobalsFile, "rot");
  const Ran ran = run({"verify", "--quiet"});
  const std::string last = "pgassay: the backup is bad: " + backup_.id.shown() + ": ";
  EXPECT_TRUE(ran.err.starts_with(last)) << ran.err;
  EXPECT_NE(ran.err.find("\nhint: "), std::string::npos) << ran.err;
  EXPECT_EQ(document({"verify"}, 3).at("messages").at(0).at("level"), "error");
}

TEST_F(CliWithBackup, AStderrThatCannotBeWrittenFailsNothing) {
  const std::string command = std::string("'") + PGASSAY_BINARY + "' verify --repo '" + repository_.string() +
                              "' >/dev/null 2>/dev/full";
  EXPECT_EQ(WEXITSTATUS(std::system(command.c_str())), 0);
}

TEST_F(CliWithBackup, AManifestOfANewerFormatIsUnverified) {
  overwrite(backup_.dir.path() / kManifestFile, R"({"format": 99})");
  EXPECT_EQ(document({"verify"}, 4).at("verdict"), "UNVERIFIED");
}

TEST_F(Cli, AnEmptyDatabaseNameIsAUsageError) {
  document({"backup", "-d", ""}, 2);
  document({"restore", "latest", "--create", "-d", ""}, 2);
}

TEST_F(CliWithBackup, VerifyAllEndsWithTheWorst) {
  const Backup other = publish_sample(Repository::open(repository_), "prod", "other");
  overwrite(other.dir.path() / kGlobalsFile, "rot");
  const json reply = document({"verify", "--all"}, 3);
  EXPECT_EQ(reply.at("results").size(), 2U);
  EXPECT_EQ(reply.at("results").at(0).at("verdict"), "PASS");
  EXPECT_EQ(reply.at("results").at(1).at("verdict"), "FAIL");
}

TEST_F(Cli, NothingToVerifyIsNotAPass) {
  Repository::open_or_create(repository_);
  EXPECT_EQ(run({"verify", "--all"}).status, 4);
}

TEST_F(CliWithBackup, QuietIsSilentWhenAllIsWell) {
  const Ran ran = run({"verify", "--quiet"});
  EXPECT_EQ(ran.status, 0);
  EXPECT_EQ(ran.out + ran.err, "");
}

TEST_F(CliWithBackup, RestoreWithoutATargetIsAUsageErrorThatNamesBothWays) {
  const Ran ran = run({"restore", "latest"});
  EXPECT_EQ(ran.status, 2);
  EXPECT_NE(ran.err.find("--into"), std::string::npos);
  EXPECT_NE(ran.err.find("--create"), std::string::npos);
}

/// From a live database to a restored one, by the program alone.
class CliRoundTrip : public Cli {
 protected:
  void SetUp() override {
    Cli::SetUp();
    LocalServer& server = shared_server();
    server.create_database("cli_round");
    server.psql("cli_round",
                "CREATE TABLE t (id int PRIMARY KEY, note text);"
                "INSERT INTO t SELECT i, md5(i::text) FROM generate_series(1, 1000) i");
  }
  void TearDown() override {
    shared_server().psql("postgres", "DROP DATABASE IF EXISTS cli_copy");
    shared_server().drop_database("cli_round");
  }
};

TEST_F(CliRoundTrip, BackupVerifyRestoreAndProve) {
  const std::string from = shared_server().conninfo("cli_round"), server = shared_server().conninfo();
  json taken =
      document({"backup", "-d", from, "--source", "here", "--label", "first", "--pin"}, 0).at("backup");
  EXPECT_EQ(taken.at("source"), "here");
  EXPECT_EQ(taken.at("database"), "cli_round");
  EXPECT_EQ(taken.at("label"), "first");
  EXPECT_EQ(taken.at("pinned"), true);
  EXPECT_EQ(taken.at("rows"), 1000);
  EXPECT_EQ(taken.at("tables"), 1);
  json listed = document({"list"}, 0).at("backups").at(0);
  EXPECT_TRUE(taken.at("left_out").empty());
  taken.erase("left_out");
  EXPECT_EQ(listed, taken);
  EXPECT_EQ(document({"verify"}, 0).at("verdict"), "PASS");
  const json restored = document({"restore", "latest", "-d", server, "--create", "--into", "cli_copy"}, 0);
  EXPECT_EQ(restored.at("verdict"), "PASS");
  EXPECT_EQ(restored.at("restore").at("into"), "cli_copy");
  EXPECT_EQ(restored.at("restore").at("rows"), 1000);
  for (const char* list : {"lost", "not_carried", "next_steps"})
    EXPECT_TRUE(restored.at("restore").at(list).empty()) << list;
  EXPECT_EQ(shared_server().value("cli_copy", "SELECT count(*) FROM t"), "1000");
  document({"restore", "latest", "-d", server, "--into", "cli_copy"}, 6);
}

TEST_F(CliRoundTrip, AConfiguredSourceNeedsNothingElseAndTheSummaryNamesTheNextStep) {
  replace_file(config_, "[source.prod]\ndbname = \"" + shared_server().conninfo("cli_round") + "\"\n");
  const Ran ran = run({"backup"});
  EXPECT_EQ(ran.status, 0) << ran.err;
  EXPECT_TRUE(ran.out.starts_with("backup  prod/cli_round/")) << ran.out;
  EXPECT_NE(ran.out.find("prove it: pgassay verify --repo " + repository_.string() + " prod/cli_round/"),
            std::string::npos);
}

TEST_F(CliRoundTrip, AServerThatIsNotThereIsAFailureInOneLine) {
  const Ran ran = run({"backup", "-q", "-d", "host=" + dir_.path().string() + " dbname=x"});
  EXPECT_EQ(ran.status, 1) << ran.err;
  EXPECT_LE(number_of_lines(ran.err), 2U) << ran.err;
  document({"backup", "-d", "host=" + dir_.path().string() + " dbname=x"}, 1);
}

}  // namespace
}  // namespace pgassay::test
