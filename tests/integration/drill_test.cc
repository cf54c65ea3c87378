// Whole drills by the program as it was built, on the local engine.
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <nlohmann/json.hpp>

#include "core/repository/layout.h"
#include "drill/drill.h"
#include "tests/fixtures/child.h"
#include "tests/fixtures/json_schema.h"
#include "tests/fixtures/live_backup.h"
#include "tests/fixtures/sample_backup.h"
#include "tests/fixtures/sample_sql.h"
#include "tests/fixtures/tamper.h"

namespace pgassay::test {
namespace {

using nlohmann::json;

constexpr const char* kSmall = R"(
CREATE TABLE orders AS SELECT g AS id, md5(g::text) AS what FROM generate_series(1, 2000) g;
ALTER TABLE orders ADD PRIMARY KEY (id); CREATE INDEX orders_what ON orders (what);)";

/// A repository with one backup of a small database, a private place for throwaway servers, a configuration.
class DrillCommand : public testing::Test {
 protected:
  DrillCommand() : database_("drill_small", kSmall) {
    make_private_dirs(work());
    // The server's user must get there.
    std::filesystem::permissions(dir_.path(), std::filesystem::perms(0711));
    std::filesystem::permissions(work(), std::filesystem::perms(0711));
    write_new_file(config(), "");
    const Ran ran = vault_.back_up(database_);
    if (ran.status != 0) throw Error(ran.err);
    backup_ = vault_.newest(database_);
  }

  Path work() const { return dir_.path() / "work"; }
  Path config() const { return dir_.path() / "pgassay.toml"; }
  Ran drill(std::vector<std::string> more = {}) const {
    std::vector<std::string> words = {"drill", "latest", "--engine", "local", "--work-dir", work().string()};
    words.insert(words.end(), more.begin(), more.end());
    return vault_.run(words, {{"PGASSAY_CONFIG", config().string()}});
  }
  json document(std::vector<std::string> more, int status) const {
    more.emplace_back("--json");
    const Ran ran = drill(more);
    EXPECT_EQ(ran.status, status) << ran.out << ran.err;
    return json::parse(ran.out);
  }
  std::vector<std::string> evidence() const {
    std::vector<std::string> found;
    for (const std::string& name : list_names(backup_.dir.path() / kEvidenceDir))
      if (name.ends_with(".drill.json")) found.push_back(name);
    return found;
  }
  /// Names and verdicts of the checks that did not pass.
  static std::string faults(const json& document) {
    std::string text;
    for (const json& check : document.at("checks"))
      if (check.at("verdict") != "PASS")
        text += check.at("verdict").get<std::string>() + " " + check.at("name").get<std::string>() + "\n";
    return text;
  }

  TemporaryDir dir_;
  Vault vault_;
  LiveDatabase database_;
  Backup backup_;
};

TEST_F(DrillCommand, ProvesABackupAndSaysSoInASentence) {
  const Ran ran = drill();
  EXPECT_EQ(ran.status, 0) << ran.out << ran.err;
  EXPECT_NE(ran.out.find("PASS: all 2,000 rows in 1 table are identical; restored in "), std::string::npos)
      << ran.out;
  EXPECT_EQ(list_names(work()), std::vector<std::string>{});
}

TEST_F(DrillCommand, LeavesEvidenceThatListAndShowTellOf) {
  ASSERT_EQ(drill({"-q"}).status, 0);
  ASSERT_EQ(evidence().size(), 1U);
  const std::string text = read_file(backup_.dir.path() / kEvidenceDir / evidence()[0]);
  EXPECT_EQ(schema_violations(read_file(Path(PGASSAY_SOURCE_DIR) / "docs/evidence.schema.json"), text),
            std::vector<std::string>{});
  const json stored = json::parse(text);
  std::vector<std::string> phases;
  for (const json& phase : stored.at("phases")) phases.push_back(phase.at("name"));
  EXPECT_EQ(phases, (std::vector<std::string>{"fetch", "start", "create", "globals", "pre-data", "data",
                                              "post-data", "analyze", "checks", "tear-down"}));
  for (const char* fact : {"engine", "server_version", "source_server_version", "settings", "restore_seconds",
                           "rows_compared", "bytes_compared", "pg_restore_version", "sandbox"})
    EXPECT_TRUE(stored.at("facts").contains(fact)) << fact;
  EXPECT_EQ(stored.at("facts").at("rows_compared"), "2000");
  const Ran list = vault_.run({"list"}), show = vault_.run({"show", "latest"});
  EXPECT_NE(list.out.find(" s ago, in "), std::string::npos) << list.out;
  EXPECT_NE(show.out.find("; restored in "), std::string::npos) << show.out;
  EXPECT_TRUE(json::parse(vault_.run({"list", "--json"}).out)["backups"][0]["drilled"]["restore_seconds"]
                  .is_number());
}

TEST_F(DrillCommand, SaysTheSameInItsDocument) {
  const json reply = document({}, 0);
  EXPECT_EQ(reply.at("verdict"), "PASS");
  EXPECT_EQ(reply.at("drill").at("rows"), 2000);
  EXPECT_TRUE(reply.at("drill").at("restore_seconds").is_number());
  EXPECT_TRUE(std::filesystem::exists(reply.at("evidence").get<std::string>()));
  EXPECT_EQ(faults(reply), "");
}

TEST_F(DrillCommand, FailsAPartThatLostARowThoughEveryChecksumFits) {
  const Manifest manifest = read_manifest(backup_.dir);
  edit_rows(backup_.dir.path(), relation(manifest, "public", "orders").parts[0],
            [](std::string rows) { return rows.substr(rows.find('\n') + 1); });
  reseal(backup_.dir.path());
  const json reply = document({}, 3);
  EXPECT_EQ(reply.at("verdict"), "FAIL");
  EXPECT_NE(faults(reply).find("FAIL table public.orders\n"), std::string::npos) << faults(reply);
  EXPECT_EQ(evidence().size(), 1U);
  EXPECT_EQ(list_names(work()), std::vector<std::string>{});
}

TEST_F(DrillCommand, FailsAPartThatWasCutShortThoughEveryChecksumFits) {
  const Path file =
      backup_.dir.path() / relation(read_manifest(backup_.dir), "public", "orders").parts[0].file;
  std::filesystem::resize_file(file, size_of_file(file) / 2);
  reseal(backup_.dir.path());
  const json reply = document({}, 3);
  EXPECT_NE(faults(reply).find("FAIL table public.orders\n"), std::string::npos) << faults(reply);
  EXPECT_EQ(reply.at("findings").at(0).at("kind"), "zstd");
}

TEST_F(DrillCommand, FailsASchemaArchiveThatLacksAnIndexAndNamesIt) {
  database_.psql("DROP INDEX orders_what;");
  std::filesystem::remove(backup_.dir.path() / kSchemaFile);
  const Ended dumped = run_child({(database_.server().bin_dir() / "pg_dump").string(), "-Fc",
                                  "--section=pre-data", "--section=post-data", "-f",
                                  (backup_.dir.path() / kSchemaFile).string(), "-d", database_.conninfo()});
  ASSERT_EQ(dumped.status, 0) << dumped.err;
  reseal(backup_.dir.path());
  EXPECT_EQ(faults(document({}, 3)), "FAIL index public.orders_what\n");
}

TEST_F(DrillCommand, FailsASchemaArchiveThatWasCutShortThoughEveryChecksumFits) {
  std::filesystem::resize_file(backup_.dir.path() / kSchemaFile,
                               size_of_file(backup_.dir.path() / kSchemaFile) * 2 / 3);
  reseal(backup_.dir.path());
  const json reply = document({}, 3);
  EXPECT_NE(faults(reply).find("schema archive"), std::string::npos) << faults(reply);
}

TEST_F(DrillCommand, FailsADamagedManifestWithoutStartingAServer) {
  overwrite(backup_.dir.path() / kManifestFile, "{");
  EXPECT_EQ(document({}, 3).at("verdict"), "FAIL");
}

TEST_F(DrillCommand, CannotVerifyWithoutAServerAndLeavesNoEvidence) {
  reseal(backup_.dir.path(), [](Manifest& manifest) { manifest.server.version = 990000; });
  const Path junit = dir_.path() / "drill.xml";
  const Ran ran = drill({"--junit", junit.string()});
  EXPECT_EQ(ran.status, 4) << ran.err;
  EXPECT_NE(ran.err.find("hint: "), std::string::npos) << ran.err;
  EXPECT_EQ(evidence(), std::vector<std::string>{});
  EXPECT_NE(read_file(junit).find("errors=\"1\""), std::string::npos);
}

TEST_F(DrillCommand, CannotVerifyWithoutAnExtensionAndNamesIt) {
  reseal(backup_.dir.path(), [](Manifest& manifest) {
    manifest.extensions.push_back({"postgis_or_so", "public", "3"});
  });
  const Ran ran = drill();
  EXPECT_EQ(ran.status, 4) << ran.err;
  EXPECT_NE(ran.err.find("postgis_or_so 3"), std::string::npos) << ran.err;
}

TEST_F(DrillCommand, AsksTheAssertionsOfItsSource) {
  overwrite(config(), R"(
[[source.test.drill.assert]]
name = "enough"
sql = "SELECT count(*) FROM orders"
expected = 2000
[[source.test.drill.assert]]
name = "more"
sql = "SELECT count(*) > 2000 FROM orders"
[[source.other.drill.assert]]
name = "not this one"
sql = "SELECT false"
)");
  EXPECT_EQ(faults(document({}, 3)), "FAIL assert more\n");
}

TEST_F(DrillCommand, WritesATestCaseForEachCheck) {
  overwrite(config(), "[[source.test.drill.assert]]\nname = \"a < b\"\nsql = \"SELECT '<&\\\"'\"\n");
  const Path junit = dir_.path() / "drill.xml";
  EXPECT_EQ(drill({"--junit", junit.string()}).status, 3);
  const std::string xml = read_file(junit);
  EXPECT_NE(xml.find("name=\"tables\"/>"), std::string::npos) << xml;
  EXPECT_NE(xml.find("name=\"assert a &lt; b\">"), std::string::npos) << xml;
  EXPECT_NE(xml.find("<failure type=\"FAIL\" message=\"&lt;&amp;&quot; instead of true\"/>"),
            std::string::npos)
      << xml;
}

TEST_F(DrillCommand, KeepsTheServerOnRequestUntilItsTimeIsOver) {
  const json reply = document({"--keep"}, 0);
  const std::string connect = reply.at("drill").at("connect");
  const Ended asked = run_child({"sh", "-c", connect + " -XAtc 'SELECT count(*) FROM orders'"});
  EXPECT_EQ(asked.out, "2000\n") << connect << asked.err;
  ASSERT_EQ(vault_.run({"drill", "--gc", "--work-dir", work().string()}).status, 0);
  EXPECT_EQ(run_child({"sh", "-c", connect + " -XAtc 'SELECT 1'"}).out, "1\n") << "its time is not over";
  // Nobody waits a day here.
  for (const std::string& name : list_names(work()))
    replace_file(work() / name / "kept", "2026-01-01T00:00:00Z");
  ASSERT_EQ(vault_.run({"drill", "--gc", "--work-dir", work().string()}).status, 0);
  EXPECT_EQ(list_names(work()), std::vector<std::string>{});
}

TEST_F(DrillCommand, OfAReadOnlyRepositoryPrintsTheEvidence) {
  // As root every directory can be written, so something stands in its place.
  remove_tree(backup_.dir.path() / kEvidenceDir);
  write_new_file(backup_.dir.path() / kEvidenceDir, "");
  const json reply = document({}, 0);
  EXPECT_TRUE(reply.at("evidence").is_null());
  EXPECT_EQ(reply.at("evidence_document").at("kind"), "drill");
  EXPECT_NE(reply.at("messages").dump().find("the evidence is not stored"), std::string::npos);
  const Ran ran = drill();
  EXPECT_EQ(ran.status, 0);
  EXPECT_NE(ran.out.find("\"kind\": \"drill\""), std::string::npos);
}

TEST_F(DrillCommand, FollowsABackupOnRequest) {
  overwrite(config(), "[drill]\nengine = \"local\"\nwork_dir = \"" + work().string() + "\"\n");
  const Ran ran = vault_.run({"backup", "--source", "test", "-d", database_.conninfo(), "--drill"},
                             {{"PGASSAY_CONFIG", config().string()}});
  EXPECT_EQ(ran.status, 0) << ran.err;
  EXPECT_NE(ran.out.find("PASS: all 2,000 rows"), std::string::npos) << ran.out;
  EXPECT_TRUE(vault_.newest(database_).proofs.drilled);
}

TEST_F(DrillCommand, InterruptedLeavesNothing) {
  std::vector<std::string> argv = {PGASSAY_BINARY,  "drill",  "latest",
                                   "--engine",      "local",  "--work-dir",
                                   work().string(), "--repo", vault_.root().string()};
  Child child(argv, {{"PGASSAY_CONFIG", config().string()}});
  for (int tries = 0; list_names(work()).empty() && tries < 3000; ++tries) ::usleep(10'000);
  child.signal(SIGINT);
  const Ended ended = child.wait();
  EXPECT_EQ(ended.status, 130) << ended.err;
  EXPECT_EQ(list_names(work()), std::vector<std::string>{});
  EXPECT_EQ(evidence(), std::vector<std::string>{});
}

/// Ends its process at the beginning of a phase, as kill -9 would.
struct Assassin : Observer {
  explicit Assassin(std::string phase) : at(std::move(phase)) {}
  std::string at;
  void phase(std::string_view name) override {
    if (name == at) ::raise(SIGKILL);
  }
};

class KilledDrill : public DrillCommand, public testing::WithParamInterface<const char*> {};

TEST_P(KilledDrill, IsClearedAwayByTheNext) {
  const pid_t child = ::fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    Assassin assassin(GetParam());
    drill::DrillOptions options;
    options.engine = drill::Engine::local;
    options.work_dir = work();
    try {
      drill_backup(vault_.repository(), backup_, options, assassin, {});
    } catch (const std::exception&) {
      ::_exit(2);
    }
    ::_exit(0);
  }
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  ASSERT_TRUE(WIFSIGNALED(status)) << "there is no phase " << GetParam();
  const Ran gc = vault_.run({"drill", "--gc", "--work-dir", work().string()});
  EXPECT_EQ(gc.status, 0) << gc.err;
  EXPECT_EQ(list_names(work()), std::vector<std::string>{}) << gc.out;
  EXPECT_EQ(evidence(), std::vector<std::string>{});
}

INSTANTIATE_TEST_SUITE_P(Phase, KilledDrill,
                         testing::Values("start", "create", "roles", "pre-data", "data", "post-data",
                                         "checks", "tear-down"),
                         [](const auto& info) {
                           std::string name = info.param;
                           std::erase(name, '-');
                           return name;
                         });

TEST(Drill, OfADictionaryWhoseFileIsNotHereIsUnverifiedAndSaysWhatToDo) {
  const TemporaryDir dir;
  set_mode(dir.path(), 0711);
  const Vault vault;
  LiveDatabase database("drill_lacking", "");
  const std::string name = fmt::format("pgassay_test_{}", ::getpid());
  const Path file = database.server().share_dir() / "tsearch_data" / (name + ".stop");
  write_new_file(file, "und\n");
  set_mode(file, 0644);
  const OnFailure remove_it([&] { remove_tree(file); });
  database.psql("CREATE TEXT SEARCH DICTIONARY d (TEMPLATE = simple, STOPWORDS = " + name +
                ");"
                "CREATE TABLE t AS SELECT 1 AS i;");
  ASSERT_EQ(vault.back_up(database).status, 0);
  remove_tree(file);
  const Ran ran = vault.run({"drill", "latest", "--engine", "local", "--work-dir", dir.path().string()});
  EXPECT_EQ(ran.status, 4) << ran.out << ran.err;
  EXPECT_NE(ran.err.find(name + ".stop"), std::string::npos) << ran.err;
  EXPECT_NE(ran.err.find("--image"), std::string::npos) << ran.err;
}

TEST(Drill, OfALibraryThatIsNotHereIsUnverifiedAndSaysWhatToDo) {
  const TemporaryDir dir;
  set_mode(dir.path(), 0711);
  const Vault vault;
  // The library is there for the source only: below its data, where a throwaway server sees nothing.
  LiveDatabase database("drill_library", "CREATE TABLE t AS SELECT 1 AS i;");
  const Path library = database.server().dir() / "ours.so";
  const Path theirs = database.server().bin_dir().parent_path() / "lib" / "dict_snowball.so";
  if (!exists(status_of(theirs))) GTEST_SKIP() << "no " << theirs;
  std::filesystem::copy_file(theirs, library, std::filesystem::copy_options::overwrite_existing);
  set_mode(library, 0755);
  database.psql("CREATE FUNCTION ours(internal) RETURNS internal LANGUAGE c AS '" + library.string() +
                "', 'dsnowball_init';");
  ASSERT_EQ(vault.back_up(database).status, 0);
  const Ran ran = vault.run({"drill", "latest", "--engine", "local", "--work-dir", dir.path().string()});
  EXPECT_EQ(ran.status, 4) << ran.out << ran.err;
  EXPECT_NE(ran.err.find("ours.so"), std::string::npos) << ran.err;
}

/// A table's owner, who may do nothing else, has code run by whoever restores the rows.
TEST(Drill, KeepsCodeOfTheBackupFromThisHost) {
  const TemporaryDir dir;
  set_mode(dir.path(), 0755);
  const Path work = dir.path() / "work", outside = dir.path() / "outside";
  make_private_dirs(work);
  set_mode(work, 0711);
  write_new_file(outside, "untouched");
  set_mode(outside, 0666);
  const Vault vault;
  LiveDatabase database("drill_attack",
                        "CREATE ROLE drill_attacker; GRANT CREATE ON SCHEMA public TO drill_attacker;");
  database.psql(
      "SET ROLE drill_attacker;"
      "CREATE FUNCTION try(command text) RETURNS text LANGUAGE plpgsql AS $$ BEGIN "
      "EXECUTE format('COPY (SELECT 1) TO PROGRAM %L', command); RETURN 'done'; "
      "EXCEPTION WHEN OTHERS THEN RETURN sqlerrm; END $$;"
      "CREATE FUNCTION attack(i int) RETURNS boolean LANGUAGE plpgsql AS $$ BEGIN "
      "PERFORM public.try('cat > " +
      outside.string() +
      "');"
      "PERFORM public.try('kill -9 " +
      std::to_string(::getpid()) +
      "');"
      "PERFORM public.try('ln -sf /var/run/postgresql/.s.PGSQL.5432 ../run/.s.PGSQL.5432');"
      "PERFORM public.try('ln -sf /var/run/postgresql/.s.PGSQL.5432 ../socket/.s.PGSQL.5432');"
      "PERFORM public.try('rm -rf " +
      vault.root().string() +
      "'); RETURN true; END $$;"
      "CREATE TABLE t (i int); INSERT INTO t SELECT generate_series(1, 3);"
      "ALTER TABLE t ADD CHECK (attack(i)) NOT VALID;");
  ASSERT_EQ(vault.back_up(database).status, 0);
  const Ran ran = vault.run({"drill", "latest", "--engine", "local", "--work-dir", work.string()});
  EXPECT_EQ(ran.status, 0) << ran.out << ran.err;
  EXPECT_EQ(read_file(outside), "untouched");
  EXPECT_EQ(list_names(work), std::vector<std::string>());
  database.psql("DROP OWNED BY drill_attacker; DROP ROLE drill_attacker;");
}

TEST(Drill, RunsCodeOfOwnersByTheirRightsAlone) {
  const TemporaryDir dir;
  set_mode(dir.path(), 0711);
  const Vault vault;
  LiveDatabase database("drill_owner", R"(
    CREATE ROLE drill_owner; GRANT CREATE ON SCHEMA public TO drill_owner; SET ROLE drill_owner;
    CREATE FUNCTION f(i int) RETURNS boolean LANGUAGE plpgsql AS 'BEGIN RETURN true; END';
    CREATE DOMAIN d AS int CHECK (public.f(VALUE));
    CREATE TABLE t (i int CHECK (public.f(i)), j d); INSERT INTO t SELECT g, g FROM generate_series(1, 3) g;
    CREATE OR REPLACE FUNCTION f(i int) RETURNS boolean LANGUAGE plpgsql AS $$ BEGIN
      IF EXISTS (SELECT FROM pg_catalog.pg_roles WHERE rolname IN (current_user, session_user) AND rolsuper) THEN
        RAISE 'a superuser runs this'; END IF; RETURN true; END $$;)");
  ASSERT_EQ(vault.back_up(database).status, 0);
  const Ran ran = vault.run({"drill", "latest", "--engine", "local", "--work-dir", dir.path().string()});
  EXPECT_EQ(ran.status, 0) << ran.out << ran.err;
  database.psql("DROP OWNED BY drill_owner; DROP ROLE drill_owner;");
}

TEST(Drill, ProvesTheSampleDatabase) {
  const TemporaryDir dir;
  std::filesystem::permissions(dir.path(), std::filesystem::perms(0711));
  const Vault vault;
  LiveDatabase database("drill_sample", "", "TEMPLATE template0 ENCODING 'UTF8'");
  database.psql(sample_sql(database.server()));
  ASSERT_EQ(vault.back_up(database).status, 0);
  const Ran ran =
      vault.run({"drill", "latest", "--engine", "local", "--work-dir", dir.path().string(), "--amcheck"});
  EXPECT_EQ(ran.status, 0) << ran.out << ran.err;
}

}  // namespace
}  // namespace pgassay::test
