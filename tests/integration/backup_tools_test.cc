// pg_dump and pg_dumpall: which ones are taken, and that what they say, and how they end, counts.
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <fstream>

#include "tests/fixtures/live_backup.h"

namespace pgassay::test {
namespace {

/// Stand-ins, for what the true tools do only on a bad day.
class BackupTools : public testing::Test {
 protected:
  BackupTools() : database_("tools", "CREATE TABLE t AS SELECT 1 AS a;"), bin_(scripts_.path() / "bin") {
    std::filesystem::create_directory(bin_);
    true_version_ =
        shared_server().value("postgres", "SELECT split_part(current_setting('server_version'), ' ', 1)");
  }
  /// `body` runs when it is called for more than its version.
  void script(const std::string& program, const std::string& version, const std::string& body) {
    std::ofstream(bin_ / program) << "#!/bin/sh\nif [ \"$1\" = --version ]; then echo '" << program
                                  << " (PostgreSQL) " << version << "'; exit 0; fi\n"
                                  << body << "\n";
    ::chmod((bin_ / program).c_str(), 0755);
  }
  void true_tool(const std::string& program) {
    std::filesystem::create_symlink(shared_server().bin_dir() / program, bin_ / program);
  }
  std::string call_of_true(const std::string& program) {
    return "exec " + (shared_server().bin_dir() / program).string() + " \"$@\"";
  }
  Ran back_up() { return vault_.back_up(database_, {"--pg-dump", (bin_ / "pg_dump").string()}); }
  void expect_nothing_left() {
    EXPECT_TRUE(vault_.debris().empty());
    EXPECT_TRUE(vault_.repository().list().empty());
  }

  LiveDatabase database_;
  Vault vault_;
  TemporaryDir scripts_;
  Path bin_;
  std::string true_version_;
};

TEST_F(BackupTools, APgDumpThatFailsFailsTheBackupInItsOwnWords) {
  script("pg_dump", true_version_, "echo half; echo 'pg_dump: error: the moon is full' >&2; exit 1");
  true_tool("pg_dumpall");
  const Ran ran = back_up();
  EXPECT_EQ(ran.status, 1);
  EXPECT_NE(ran.err.find("pg_dump failed: pg_dump: error: the moon is full"), std::string::npos) << ran.err;
  expect_nothing_left();
}

TEST_F(BackupTools, APgDumpThatIsKilledFailsTheBackup) {
  script("pg_dump", true_version_, "kill -KILL $$");
  true_tool("pg_dumpall");
  const Ran ran = back_up();
  EXPECT_EQ(ran.status, 1);
  EXPECT_NE(ran.err.find("pg_dump failed"), std::string::npos) << ran.err;
  expect_nothing_left();
}

TEST_F(BackupTools, ADumpOfNoBytesIsNeverDone) {
  script("pg_dump", true_version_, "exit 0");
  true_tool("pg_dumpall");
  const Ran ran = back_up();
  EXPECT_EQ(ran.status, 1);
  EXPECT_NE(ran.err.find("pg_dump wrote nothing, though it reported success"), std::string::npos) << ran.err;
  expect_nothing_left();
}

TEST_F(BackupTools, APgDumpallThatFailsFailsTheBackup) {
  true_tool("pg_dump");
  script("pg_dumpall", true_version_, "echo 'pg_dumpall: error: no roles today' >&2; exit 3");
  const Ran ran = back_up();
  EXPECT_EQ(ran.status, 1);
  EXPECT_NE(ran.err.find("pg_dumpall failed: pg_dumpall: error: no roles today"), std::string::npos)
      << ran.err;
  expect_nothing_left();
}

TEST_F(BackupTools, OnesOlderThanTheServerAreRefused) {
  script("pg_dump", "12.1", "exit 1");
  true_tool("pg_dumpall");
  const Ran ran = back_up();
  EXPECT_EQ(ran.status, 6);
  EXPECT_NE(ran.err.find("too old for a server of version " + true_version_), std::string::npos) << ran.err;
  expect_nothing_left();
}

TEST_F(BackupTools, OnesThatAreNoPgDumpAreRefused) {
  std::filesystem::create_symlink("/bin/true", bin_ / "pg_dump");
  true_tool("pg_dumpall");
  const Ran ran = back_up();
  EXPECT_EQ(ran.status, 6);
  EXPECT_NE(ran.err.find("is no pg_dump"), std::string::npos) << ran.err;
  expect_nothing_left();
}

TEST_F(BackupTools, WithoutAPgDumpallBesideItIsRefused) {
  true_tool("pg_dump");
  const Ran ran = back_up();
  EXPECT_EQ(ran.status, 6);
  EXPECT_NE(ran.err.find("no pg_dumpall beside"), std::string::npos) << ran.err;
  expect_nothing_left();
}

TEST_F(BackupTools, OnesOfANewerMajorAreWarnedOfAndRecorded) {
  script("pg_dump", "18.1", call_of_true("pg_dump"));
  script("pg_dumpall", "18.1", call_of_true("pg_dumpall"));
  const Ran ran = back_up();
  EXPECT_EQ(ran.status, 0) << ran.err;
  EXPECT_NE(ran.err.find("pg_dump 18.1 is of another major release than the server"), std::string::npos)
      << ran.err;
  EXPECT_EQ(vault_.manifest(database_).summary.pg_dump_version, "18.1");
  EXPECT_EQ(vault_.manifest(database_).summary.pg_dump_version_num, 180001);
}

TEST_F(BackupTools, OnesOfAnOlderMinorReleaseAreWarnedOf) {
  const std::string major = true_version_.substr(0, true_version_.find('.'));
  script("pg_dump", major + ".0", call_of_true("pg_dump"));
  script("pg_dumpall", major + ".0", call_of_true("pg_dumpall"));
  const Ran ran = back_up();
  EXPECT_EQ(ran.status, 0) << ran.err;
  EXPECT_NE(ran.err.find("is older than the server's minor release"), std::string::npos) << ran.err;
}

TEST_F(BackupTools, OnesOfTheServersReleaseAreFoundAndRecordedWithItsVersion) {
  ASSERT_EQ(vault_.back_up(database_).status, 0);
  const Manifest manifest = vault_.manifest(database_);
  EXPECT_EQ(manifest.summary.pg_dump_version_num / 10000, manifest.server.version / 10000);
  EXPECT_EQ(std::to_string(manifest.server.version), database_.value("SHOW server_version_num"));
}

TEST_F(BackupTools, ARoleThatPgDumpallCannotNameCostsTheRolesAndNotTheBackup) {
  const LiveDatabase latin("tools_latin", "", "TEMPLATE template0 ENCODING 'LATIN1' LOCALE 'C'");
  latin.psql("SET client_encoding = 'LATIN1'; CREATE ROLE \"\xe9t\xe9\"");
  const Ran ran = vault_.back_up(database_);
  latin.psql("SET client_encoding = 'LATIN1'; DROP ROLE \"\xe9t\xe9\"");
  EXPECT_EQ(ran.status, 0) << ran.err;
  EXPECT_NE(ran.err.find("roles and tablespaces are left out"), std::string::npos) << ran.err;
  EXPECT_EQ(vault_.manifest(database_).left_out.at(0).what, "roles and tablespaces");
  EXPECT_EQ(vault_.run({"verify", "-q"}).status, 0);
}

/// pg_dumpall has no snapshot. The stand-in drops a role each time and fails, as often as its file says.
class PgDumpallBesideRoles : public BackupTools {
 protected:
  PgDumpallBesideRoles() {
    shared_server().psql("postgres", "CREATE ROLE passing_1; CREATE ROLE passing_2; CREATE ROLE passing_3");
    true_tool("pg_dump");
  }
  ~PgDumpallBesideRoles() override {
    shared_server().psql("postgres", "DROP ROLE IF EXISTS passing_1, passing_2, passing_3");
  }
  void fail_so_often(int times, const std::string& meanwhile) {
    const std::string calls = (scripts_.path() / "calls").string();
    script("pg_dumpall", true_version_,
           "echo x >> " + calls + "\nn=$(wc -l < " + calls + ")\nif [ $n -le " + std::to_string(times) +
               " ]; then " + meanwhile + "; echo 'pg_dumpall: erreur : un rôle manque' >&2; exit 1; fi\n" +
               call_of_true("pg_dumpall"));
  }
  std::string drop() const {
    return (shared_server().bin_dir() / "psql").string() + " -qX -d '" + database_.conninfo() +
           "' -c \"DROP ROLE passing_$n\" >&2";
  }
  std::size_t calls() const { return read_file(scripts_.path() / "calls").size() / 2; }
};

TEST_F(PgDumpallBesideRoles, IsTriedAgainWhereOneWasDroppedMeanwhile) {
  fail_so_often(2, drop());
  const Ran ran = back_up();
  EXPECT_EQ(ran.status, 0) << ran.err;
  EXPECT_EQ(calls(), 3u);
}

TEST_F(PgDumpallBesideRoles, IsTriedThreeTimesAtMost) {
  fail_so_often(3, drop());
  const Ran ran = back_up();
  EXPECT_EQ(ran.status, 1) << ran.err;
  EXPECT_EQ(calls(), 3u);
  expect_nothing_left();
}

TEST_F(PgDumpallBesideRoles, IsNotTriedAgainWhereNothingChanged) {
  fail_so_often(1, "true");
  EXPECT_EQ(back_up().status, 1);
  EXPECT_EQ(calls(), 1u);
}

TEST_F(PgDumpallBesideRoles, SaysWhatRolesAreAsItHasThem) {
  // How often one is altered under its hands, and is it known in the end how the file has it?
  for (const auto& [times, known] : {std::pair(1, true), {3, false}}) {
    std::filesystem::remove(scripts_.path() / "calls");
    const std::string calls = (scripts_.path() / "calls").string();
    script("pg_dumpall", true_version_,
           "echo x >> " + calls + "\nn=$(wc -l < " + calls + ")\nif [ $n -le " + std::to_string(times) +
               " ]; then " + (shared_server().bin_dir() / "psql").string() + " -qX -d '" +
               database_.conninfo() + "' -c \"ALTER ROLE passing_1 CONNECTION LIMIT " +
               std::to_string(times) + "$n\" >&2; fi\n" + call_of_true("pg_dumpall"));
    ASSERT_EQ(back_up().status, 0);
    EXPECT_EQ(this->calls(), known ? 2u : 3u);
    const auto roles = vault_.manifest(database_).roles.value();
    const auto found = std::ranges::find(roles, "passing_1", &RoleFacts::name);
    ASSERT_NE(found, roles.end());
    EXPECT_EQ(found->in_doubt, !known);
    EXPECT_EQ(found->connection_limit, known ? 11 : -1);
  }
}

/// Not by an argument, which everybody on the host can read.
TEST_F(BackupTools, GetThePasswordByTheEnvironment) {
  script("pg_dump", true_version_,
         "case \"$*\" in *geheim*) echo 'in the arguments' >&2; exit 9;; esac\n"
         "[ \"$PGPASSWORD\" = geheim ] || { echo 'not in the environment' >&2; exit 9; }\n" +
             call_of_true("pg_dump"));
  true_tool("pg_dumpall");
  const Ran ran = vault_.run({"backup", "-q", "--source", "test", "-d", database_.conninfo(), "--pg-dump",
                              (bin_ / "pg_dump").string()},
                             {{"PGPASSWORD", "geheim"}});
  EXPECT_EQ(ran.status, 0) << ran.err;
}

}  // namespace
}  // namespace pgassay::test
