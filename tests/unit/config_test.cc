#include "cli/config/config.h"

#include <gtest/gtest.h>

#include "core/system/error.h"
#include "tests/fixtures/temporary_dir.h"

namespace pgassay::cli {
namespace {

struct Complaint {
  std::string text, hint;
};

Complaint complaint_about(std::string_view text) {
  try {
    parse_config(text, "pgassay.toml");
  } catch (const UsageError& error) {
    return {error.what(), error.hint()};
  }
  return {"no error", {}};
}

TEST(Config, AnUnknownKeyIsAnErrorWithItsLineAndTheKeyThatWasMeant) {
  EXPECT_EQ(complaint_about("jobs = 2\n\n[source.prod]\ncompresion = 3\n").text,
            "pgassay.toml:4: unknown key 'compresion' in [source.prod]; did you mean 'compression'?");
}

TEST(Config, AnUnknownKeyAtTheTopIsAnErrorToo) {
  EXPECT_EQ(complaint_about("retention = 7").text,
            "pgassay.toml:1: unknown key 'retention' in the top of the file");
}

TEST(Config, AValueOfAnotherTypeIsAnErrorWithItsLine) {
  EXPECT_EQ(complaint_about("\njobs = \"2\"").text,
            "pgassay.toml:2: jobs must be a whole number, not a string");
  EXPECT_EQ(complaint_about("[source.a]\nrole_passwords = 1").text,
            "pgassay.toml:2: role_passwords must be true or false, not a whole number");
  EXPECT_EQ(complaint_about("[source.a]\nexclude_table_data = [\n\"a.b\",\n1]").text,
            "pgassay.toml:4: exclude_table_data must hold strings, not a whole number");
  EXPECT_EQ(complaint_about("[source.a]\nbinary_table = \"a.b\"").text.substr(0, 30),
            "pgassay.toml:2: binary_table m");
  EXPECT_EQ(complaint_about("source = 1").text,
            "pgassay.toml:1: source must be tables such as [source.prod]");
}

TEST(Config, AValueOutOfRangeIsAnErrorWithItsLine) {
  EXPECT_EQ(complaint_about("jobs = 0").text, "pgassay.toml:1: jobs = 0 is out of range: 1 to 64");
  EXPECT_EQ(complaint_about("compression = 20").text,
            "pgassay.toml:1: compression = 20 is out of range: 1 to 19");
  EXPECT_EQ(complaint_about("[source.a]\nlock_timeout = 0").text,
            "pgassay.toml:2: lock_timeout = 0 is out of range: more than 0, at most 3600");
  EXPECT_EQ(complaint_about("[source.a]\nlock_timeout = nan").text,
            "pgassay.toml:2: lock_timeout = nan is out of range: more than 0, at most 3600");
}

TEST(Config, ADurationWithoutAUnitIsAnError) {
  EXPECT_EQ(complaint_about("full_every = \"7\"").text,
            "pgassay.toml:1: full_every must be a duration such as \"7d\" or \"12h\", or \"0\"");
}

TEST(Config, WhatIsNoTomlIsAnErrorWithItsLine) {
  EXPECT_TRUE(complaint_about("jobs = 2\njobs = 3\n").text.starts_with("pgassay.toml:2: "));
  EXPECT_TRUE(complaint_about("[source.prod\n").text.starts_with("pgassay.toml:1: "));
}

TEST(Config, APasswordInDbnameIsRefusedAndNotRepeated) {
  const Complaint complaint = complaint_about("[source.a]\ndbname = \"postgresql://u:hunter2@h/d\"");
  EXPECT_EQ(complaint.text, "pgassay.toml:2: dbname holds a password");
  EXPECT_NE(complaint.hint.find("~/.pgpass"), std::string::npos);
}

TEST(Config, AMalformedConnectionStringIsNotRepeated) {
  const Complaint complaint = complaint_about("[source.a]\ndbname = \"host=x password='hunter2 user\"");
  EXPECT_TRUE(complaint.text.starts_with("pgassay.toml:2: "));
  EXPECT_EQ((complaint.text + complaint.hint).find("hunter2"), std::string::npos);
}

TEST(Config, AKeyForAPasswordGetsTheHintWherePasswordsBelong) {
  const Complaint complaint = complaint_about("[source.a]\npassword = \"hunter2\"");
  EXPECT_TRUE(complaint.text.starts_with("pgassay.toml:2: unknown key 'password' in [source.a]"));
  EXPECT_NE(complaint.hint.find("~/.pgpass"), std::string::npos);
}

TEST(Config, AParameterGivenTwiceIsAnError) {
  EXPECT_EQ(complaint_about("[source.a]\ndbname = \"host=x\"\nhost = \"y\"").text,
            "pgassay.toml:3: host is given twice: here and in dbname");
  EXPECT_EQ(complaint_about("[source.a]\ndbname = \"x\"\ndatabase = \"y\"").text,
            "pgassay.toml:3: database is given twice: here and in dbname");
}

TEST(Config, ASourcesNameMayNotHoldASlash) {
  EXPECT_EQ(complaint_about("\n[source.\"a/b\"]").text, "pgassay.toml:2: a source's name can't be 'a/b'");
}

TEST(Config, ConnectionKeysAreLibpqsParameters) {
  const Config config =
      parse_config("[source.a]\nhost = \"h\"\nport = 6432\nuser = \"u\"\ndatabase = \"d\"", "c.toml");
  const std::map<std::string, std::string> expected = {
      {"host", "h"}, {"port", "6432"}, {"user", "u"}, {"dbname", "d"}};
  EXPECT_EQ(config.sources.at("a").connection.parameters, expected);
}

TEST(Config, LettersThatTomlKnowsOnlyInQuotesAreAnErrorWithItsLine) {
  for (const char* odd : {"\xc3\xb6l = 2", "gr\xc3\xb6sse = 2", "jobs = 2\xc3\xb6", "\xc9\x8f[U"})
    EXPECT_TRUE(complaint_about(std::string("\n") + odd + "\n").text.starts_with("pgassay.toml:2: ")) << odd;
}

TEST(Config, LettersInQuotesAndCommentsAreFine) {
  const Config config = parse_config(
      "\xef\xbb\xbf# f\xc3\xbcr uns\n[source.a]\nlabel = \"t\\\"\xc3\xb6\" # \xc3\xb6\n"
      "dbname = '''\n\xc3\xb6'''\npg_dump = '\xc3\xb6\\'\n",
      "pgassay.toml");
  EXPECT_EQ(config.sources.at("a").label, "t\"\xc3\xb6");
}

TEST(Config, ATableWithoutANameIsAnErrorWithItsLine) {
  const std::string why = "a table's name must begin with a letter, a digit, '_', '-' or a quote";
  for (const char* table : {"[.a]", "[=]", "[ $x]", "[[!a]]"})
    EXPECT_EQ(complaint_about(std::string("jobs = 1\n") + table + "\n").text, "pgassay.toml:2: " + why);
}

TEST(Config, ARelativeRepositoryIsBesideTheFile) {
  EXPECT_EQ(parse_config("repository = \"backups\"", "/etc/pgassay/pgassay.toml").repository,
            "/etc/pgassay/backups");
  EXPECT_EQ(parse_config("repository = \"/srv/b\"", "/etc/pgassay/pgassay.toml").repository, "/srv/b");
}

TEST(Config, AFileThatIsNamedMustBeThere) {
  const test::TemporaryDir dir;
  EXPECT_THROW(load_config((dir.path() / "absent.toml").string()), UsageError);
}

TEST(Config, WhatAnAssertionLacksOrHasTooMuchIsAnErrorWithItsLine) {
  const std::string begin = "[[source.a.drill.assert]]\nname = \"n\"\n";
  EXPECT_EQ(complaint_about(begin).text, "pgassay.toml:1: [source.a.drill.assert] needs a name and sql");
  EXPECT_EQ(complaint_about(begin + "sql = \"SELECT 1\"\nexpect = 1").text,
            "pgassay.toml:4: unknown key 'expect' in [source.a.drill.assert]; did you mean 'expected'?");
  EXPECT_EQ(complaint_about(begin + "sql = \"SELECT 1\"\nexpected = 1.5").text,
            "pgassay.toml:4: expected must be a string, a whole number, true or false, not a number");
  EXPECT_EQ(complaint_about("[source.a.drill]\nassert = 1").text,
            "pgassay.toml:2: source.a.drill.assert must be an array of tables: [[source.a.drill.assert]]");
  EXPECT_EQ(complaint_about("[[drill.assert]]\nname = \"n\"").text,
            "pgassay.toml:1: unknown key 'assert' in [drill]");
}

TEST(Config, TheAssertionsOfTheDrillsPageLoad) {
  const std::string page = read_file(Path(PGASSAY_SOURCE_DIR) / "docs/drills.md");
  const std::size_t begin = page.find("```toml\n") + 8;
  const Config config = parse_config(page.substr(begin, page.find("```", begin) - begin), "drills.md");
  EXPECT_EQ(config.sources.at("prod").drill.assertions.size(), 4U);
}

TEST(Config, OfADrillEngineAndSizesAreChecked) {
  EXPECT_EQ(complaint_about("[drill]\nengine = \"lxc\"").text,
            "pgassay.toml:2: engine must be one of \"auto\", \"docker\", \"podman\", \"local\"");
  EXPECT_EQ(complaint_about("[source.a.drill]\nmemory = \"much\"").text,
            "pgassay.toml:2: memory must be a size such as \"512MB\" or \"2GB\"");
  EXPECT_EQ(parse_config("[drill]\nwork_dir = \"big\"", "/etc/pgassay/pgassay.toml").drill.work_dir,
            "/etc/pgassay/big");
}

TEST(Config, TheExampleLoadsAndHoldsEveryKey) {
  const Path example = Path(PGASSAY_SOURCE_DIR) / "docs" / "pgassay.toml";
  const Config config = parse_config(read_file(example), example);
  const SourceConfig& prod = config.sources.at("prod");
  EXPECT_EQ(config.repository, "/var/backups/pgassay");
  EXPECT_EQ(config.jobs, 2U);
  EXPECT_EQ(config.compression, 1);
  EXPECT_EQ(config.full_every, std::chrono::days(7));
  EXPECT_EQ(prod.connection.parameters.size(), 5U);
  EXPECT_EQ(prod.jobs, 4U);
  EXPECT_EQ(prod.compression, 3);
  EXPECT_EQ(prod.full_every, std::chrono::days(14));
  EXPECT_EQ(prod.exclude_table_data, (std::vector<std::string>{"audit.*", "public.sessions"}));
  EXPECT_EQ(prod.binary_table, std::vector<std::string>{"media.*"});
  EXPECT_EQ(prod.exclude_databases, (std::vector<std::string>{"scratch", "test_*"}));
  EXPECT_EQ(prod.lock_timeout, Seconds(10));
  EXPECT_EQ(prod.stall_timeout, Seconds(600));
  EXPECT_EQ(prod.lock_policy, "warn");
  EXPECT_EQ(prod.pg_dump, "/usr/lib/postgresql/15/bin/pg_dump");
  EXPECT_EQ(prod.role_passwords, false);
  EXPECT_EQ(prod.digest_matviews, true);
  EXPECT_EQ(prod.accept, std::vector<std::string>{"generated:public.orders.total"});
  EXPECT_EQ(prod.label, "nightly");
  EXPECT_EQ(config.drill.engine, "auto");
  EXPECT_EQ(config.drill.image, "postgres:15");
  EXPECT_EQ(config.drill.pull, "missing");
  EXPECT_EQ(config.drill.memory_bytes, std::uint64_t{2} << 30);
  EXPECT_EQ(config.drill.work_dir, "/var/tmp");
  EXPECT_EQ(config.drill.search_path, "public");
  EXPECT_EQ(config.drill.amcheck, false);
  EXPECT_EQ(config.drill.accept_other_versions, false);
  EXPECT_EQ(prod.drill.memory_bytes, std::uint64_t{4} << 30);
  ASSERT_EQ(prod.drill.assertions.size(), 2U);
  EXPECT_FALSE(prod.drill.assertions[0].expected);
  EXPECT_EQ(prod.drill.assertions[1].expected, "0");
  EXPECT_EQ(prod.drill.assertions[1].timeout, Seconds(600));
  EXPECT_EQ(config.sources.at("shop").connection.parameters.at("sslmode"), "verify-full");
  EXPECT_EQ(config.sources.at("wiki").connection.parameters.at("service"), "wiki");
}

TEST(Config, AContainerIsNamedByItselfOrByComposeLabels) {
  const Config config = parse_config(
      "[source.a]\ncontainer = \"db\"\ncontainer_engine = \"podman\"\nuser = \"backup\"\n"
      "[source.b]\ncompose_project = \"shop\"\nservice = \"db\"\n",
      "pgassay.toml");
  EXPECT_EQ(config.sources.at("a").container.container, "db");
  EXPECT_EQ(config.sources.at("a").container.engine, "podman");
  EXPECT_EQ(config.sources.at("a").connection.parameters.at("user"), "backup");
  EXPECT_EQ(config.sources.at("b").container.compose_project, "shop");
  EXPECT_EQ(config.sources.at("b").container.compose_service, "db");
  EXPECT_FALSE(config.sources.at("b").connection.parameters.contains("service"));
}

TEST(Config, AContainerThatIsNotNamedAsOneThingIsAnError) {
  EXPECT_EQ(complaint_about("[source.a]\ncontainer = \"db\"\ncompose_project = \"shop\"").text,
            "pgassay.toml:3: container and compose_project exclude each other");
  EXPECT_EQ(complaint_about("[source.a]\ncontainer = \"db\"\nservice = \"db\"").text,
            "pgassay.toml:3: container and service exclude each other");
  EXPECT_EQ(complaint_about("[source.a]\ncompose_project = \"shop\"").text,
            "pgassay.toml:2: compose_project needs the service");
  EXPECT_EQ(complaint_about("[source.a]\ncontainer_engine = \"docker\"").text,
            "pgassay.toml:2: container_engine needs container or compose_project");
  EXPECT_EQ(complaint_about("[source.a]\ncontainer = \"db\"\ncontainer_engine = \"lxc\"").text,
            "pgassay.toml:3: container_engine must be one of \"auto\", \"docker\", \"podman\"");
}

}  // namespace
}  // namespace pgassay::cli
