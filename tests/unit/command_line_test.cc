// What the command line, the environment and the configuration say together.
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "cli/command/backup_options.h"
#include "cli/command/command_line.h"
#include "cli/command/restore_options.h"
#include "cli/command/verify_options.h"
#include "cli/render/json/out.h"
#include "core/system/exits.h"

namespace pgassay::cli {
namespace {

using Words = std::vector<std::string>;

class Complaints : public Observer {
 public:
  void message(Level, std::string_view text, std::string_view) override { all.emplace_back(text); }
  std::vector<std::string> all;
};

/// PG… and PGASSAY_… variables of whoever runs the tests are out of the way.
class CommandLine : public ::testing::Test {
 protected:
  void SetUp() override {
    for (const char* name : {"PGHOST", "PGHOSTADDR", "PGSERVICE", "PGDATABASE", "PGASSAY_REPO"})
      unsetenv(name);
  }
  backup::BackupOptions backup(const Words& words, const Config& config = {}) {
    BackupArguments arguments;
    Options options;
    add_backup(options, arguments);
    parse_options(options, after_the_command(words));
    return backup_options(arguments, {}, config, messages_);
  }
  restore::IntoEmpty restore(const Words& words) {
    RestoreArguments arguments;
    Options options;
    add_restore(options, arguments);
    parse_options(options, after_the_command(words));
    return std::get<restore::IntoEmpty>(restore_request(arguments, {}, messages_));
  }
  static Words after_the_command(const Words& words) { return {words.begin() + 1, words.end()}; }
  static std::string complaint(const std::function<void()>& act) {
    try {
      act();
    } catch (const UsageError& error) {
      return error.what();
    }
    return "no error";
  }
  static std::string complaint_about(const Words& words) {
    return complaint([&] { parse_command_line(words); });
  }

  Complaints messages_;
};

Config two_sources() {
  return parse_config(
      "jobs = 3\ncompression = 5\nfull_every = \"1d\"\n"
      "[source.prod]\ndbname = \"host=db1 dbname=app\"\njobs = 7\nlabel = \"nightly\"\n"
      "exclude_table_data = [\"a.b\"]\nbinary_table = [\"x.y\"]\nlock_policy = \"yield\"\n"
      "[source.shop]\nservice = \"shop\"\n",
      "pgassay.toml");
}

TEST_F(CommandLine, GlobalOptionsStandBeforeOrAfterTheCommand) {
  EXPECT_EQ(parse_command_line({"--repo", "a", "list"}).arguments.repo, "a");
  EXPECT_EQ(parse_command_line({"list", "--repo", "a"}).arguments.repo, "a");
}

TEST_F(CommandLine, HelpAndVersionAreAnswers) {
  EXPECT_EQ(parse_command_line({"--version"}).answer, "pgassay " PGASSAY_VERSION "\n");
  EXPECT_EQ(parse_command_line({"--version"}, "e81eb9b").answer,
            "pgassay " PGASSAY_VERSION " (commit e81eb9b)\n");
  for (const char* command : {"backup", "list", "show", "verify", "restore"}) {
    EXPECT_NE(parse_command_line({command, "--help"}).answer.value_or("").find("Examples:\n  pgassay "),
              std::string::npos)
        << command;
  }
}

TEST_F(CommandLine, WhatIsMistypedIsNamedWithWhatWasMeant) {
  EXPECT_EQ(complaint_about({"bakup"}), "unknown command 'bakup'; did you mean 'backup'?");
  EXPECT_EQ(complaint_about({"list", "--jsno"}), "unexpected argument '--jsno'; did you mean '--json'?");
}

TEST_F(CommandLine, AStrayConnectionStringIsNotRepeated) {
  EXPECT_EQ(complaint_about({"list", "postgresql://u:hunter2@h/d"}), "unexpected argument 'postgresql'");
  EXPECT_EQ(complaint_about({"list", "password=hunter2"}), "unexpected argument 'password'");
  EXPECT_EQ(complaint([&] { backup({"backup", "password=hunter2"}); }), "SOURCE is not the name of a source");
}

TEST_F(CommandLine, NoCommandIsAnError) {
  EXPECT_EQ(complaint_about({}), "no command given");
}

TEST_F(CommandLine, AFlagOverridesTheSourceWhichOverridesTheTopOfTheFile) {
  const backup::BackupOptions options = backup({"backup", "prod", "-Z", "9"}, two_sources());
  EXPECT_EQ(options.source, "prod");
  EXPECT_EQ(options.connection.parameters.at("host"), "db1");
  EXPECT_EQ(options.zstd_level, 9);
  EXPECT_EQ(options.jobs, 7U);
  EXPECT_EQ(options.full_every, std::chrono::days(1));
  EXPECT_EQ(options.label, "nightly");
  EXPECT_EQ(options.lock_policy, backup::LockPolicy::yield);
  EXPECT_EQ(options.lock_timeout, Seconds(10));
}

TEST_F(CommandLine, ExcludedTablesOfFlagsAndFileAddUp) {
  const Words words = {"backup", "--exclude-table-data", "c.d", "prod", "--exclude-table-data", "e.f"};
  EXPECT_EQ(backup(words, two_sources()).tables.exclude, (Words{"a.b", "c.d", "e.f"}));
}

TEST_F(CommandLine, BinaryTablesOfFlagsAndFileAddUp) {
  const Words words = {"backup", "--binary-table", "c.d", "prod", "--binary-table", "e.f"};
  EXPECT_EQ(backup(words, two_sources()).tables.binary, (Words{"x.y", "c.d", "e.f"}));
}

TEST_F(CommandLine, AnUnknownSourceIsAnErrorThatNamesTheKnownOnes) {
  EXPECT_EQ(complaint([&] {
              backup({"backup", "prd"}, two_sources());
            }),
            "no source 'prd' in pgassay.toml; did you mean 'prod'?");
  EXPECT_EQ(complaint([&] { backup({"backup", "prod"}); }), "no source 'prod': there is no configuration");
  EXPECT_EQ(complaint([&] { backup({"backup"}, two_sources()); }),
            "which source? the configuration has prod, shop");
}

TEST_F(CommandLine, ASourceThatIsNotConfiguredIsNamedByItsHost) {
  EXPECT_EQ(backup({"backup", "-d", "host=db1.example,db2 dbname=x"}).source, "db1.example");
  EXPECT_EQ(backup({"backup", "-d", "postgresql://[::1]/x"}).source, "host--1");
  EXPECT_EQ(backup({"backup", "-d", "host=/run/postgresql"}).source, "local");
  EXPECT_EQ(backup({"backup", "-d", "app"}).source, "local");
  EXPECT_EQ(backup({"backup", "-d", "app", "--source", "me"}).source, "me");
}

TEST_F(CommandLine, APasswordInDbnameIsAWarningThatDoesNotRepeatIt) {
  backup({"backup", "-d", "host=h password=hunter2"});
  ASSERT_EQ(messages_.all.size(), 1U);
  EXPECT_EQ(messages_.all[0].find("hunter2"), std::string::npos);
}

TEST_F(CommandLine, OutOfRangeValuesAreUsageErrors) {
  for (const Words& words :
       {Words{"backup", "-j", "0"}, Words{"backup", "-Z", "20"}, Words{"backup", "-j", "many"},
        Words{"backup", "--lock-policy", "hope"}, Words{"restore", "x", "--roles", "all"}}) {
    EXPECT_NE(complaint_about(words), "no error") << words.back();
  }
  EXPECT_NE(complaint([&] { backup({"backup", "--lock-timeout", "0"}); }), "no error");
  EXPECT_NE(complaint([&] { backup({"backup", "--full-every", "often"}); }), "no error");
  EXPECT_NE(complaint([&] { backup({"backup", "--stall-timeout", "2d"}); }), "no error");
}

TEST_F(CommandLine, RestoreWantsToKnowWhereTo) {
  EXPECT_EQ(complaint([&] { restore({"restore", "latest"}); }), "restore where to?");
}

/// Where none is named, maintenance_database() finds one that the server has.
TEST_F(CommandLine, RestoreNamesADatabaseToConnectToOnlyWhereItIsTold) {
  EXPECT_FALSE(restore({"restore", "latest", "--create"}).connection.parameters.contains("dbname"));
  EXPECT_EQ(restore({"restore", "latest", "--create", "-d", "x"}).connection.parameters.at("dbname"), "x");
  EXPECT_FALSE(
      restore({"restore", "latest", "--create", "-d", "service=s"}).connection.parameters.contains("dbname"));
}

TEST_F(CommandLine, ASubsetIsAShareOfAWhole) {
  EXPECT_EQ(parse_subset("2/7"), std::pair(2U, 7U));
  for (const char* wrong : {"", "0/7", "8/7", "1/0", "1", "1/", "/1", "1/2/3", "-1/2", "a/b"}) {
    EXPECT_THROW(parse_subset(wrong), UsageError) << wrong;
  }
}

TEST_F(CommandLine, TheRepositoryIsTheFlagsThenTheEnvironmentsThenTheFiles) {
  const Config config = parse_config("repository = \"/file\"", "c.toml");
  Arguments arguments;
  EXPECT_THROW(repository_path(arguments, {}), UsageError);
  EXPECT_EQ(repository_path(arguments, config), "/file");
  setenv("PGASSAY_REPO", "/environment", 1);
  EXPECT_EQ(repository_path(arguments, config), "/environment");
  arguments.repo = "/flag";
  EXPECT_EQ(repository_path(arguments, config), "/flag");
}

TEST(Exits, OfSeveralTheWorstIs314652) {
  const std::vector<Exit> order = {Exit::bad_backup, Exit::failed, Exit::unverified, Exit::refused,
                                   Exit::locked,     Exit::usage,  Exit::done};
  for (std::size_t i = 0; i < order.size(); ++i) {
    for (std::size_t j = i; j < order.size(); ++j) {
      EXPECT_EQ(worse(order[i], order[j]), order[i]);
      EXPECT_EQ(worse(order[j], order[i]), order[i]);
    }
  }
}

TEST(Reply, BytesThatAreNoUtf8StillMakeADocument) {
  Reply reply("list");
  reply.message(Level::warning, "table \xff\xfe", "");
  const auto document = nlohmann::json::parse(reply.document(1));
  EXPECT_EQ(document.at("format"), 1);
  EXPECT_EQ(document.at("command"), "list");
  EXPECT_EQ(document.at("ok"), false);
  EXPECT_EQ(document.at("exit"), 1);
  EXPECT_EQ(document.at("messages").at(0).at("level"), "warning");
}

TEST(Reply, NothingVerifiedIsUnverified) {
  Reply reply("verify");
  reply.set_verified({});
  EXPECT_EQ(nlohmann::json::parse(reply.document(4)).at("verdict"), "UNVERIFIED");
}

TEST_F(CommandLine, AContainerGivesItsNameToTheSource) {
  const backup::BackupOptions options =
      backup({"backup", "--container", "shop-db-1", "-d", "user=shop dbname=app"});
  EXPECT_EQ(options.source, "shop-db-1");
  EXPECT_EQ(options.container.container, "shop-db-1");
  EXPECT_EQ(options.connection.parameters.at("dbname"), "app");
}

TEST_F(CommandLine, AConfiguredContainerIsLeftAsideWhereFlagsSayTheServer) {
  Config config;
  config.sources["a"].container.container = "db";
  EXPECT_EQ(backup({"backup", "a"}, config).container.container, "db");
  EXPECT_FALSE(backup({"backup", "a", "-d", "host=db1"}, config).container.given());
  EXPECT_EQ(backup({"backup", "a", "--container", "other"}, config).container.container, "other");
}

}  // namespace
}  // namespace pgassay::cli
