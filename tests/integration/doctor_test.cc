// What doctor sees before a backup would.
#include <gtest/gtest.h>
#include <unistd.h>

#include <nlohmann/json.hpp>

#include "backup/doctor.h"
#include "core/repository/layout.h"
#include "tests/fixtures/as_nobody.h"
#include "tests/fixtures/live_backup.h"

namespace pgassay::test {
namespace {

using nlohmann::json;

class Doctor : public ::testing::Test {
 protected:
  /// Checks of one run, by "VERDICT name", and the status.
  int examine(std::vector<std::string> arguments, const std::string& config = {}) {
    const Path file = dir_.path() / "pgassay.toml";
    remove_tree(file);
    write_new_file(file, config);
    arguments.insert(arguments.begin(), "doctor");
    arguments.emplace_back("--json");
    const Ran ran = vault_.run(arguments, {{"PGASSAY_CONFIG", file.string()}});
    checks_ = json::parse(ran.out).value("checks", json::array());
    return ran.status;
  }
  std::string found(const std::string& name, const std::string& subject = {}) const {
    for (const json& check : checks_)
      if (check["name"] == name && (subject.empty() || check["subject"] == subject))
        return check["verdict"].get<std::string>() + " " + check["detail"].get<std::string>() + " " +
               check["hint"].get<std::string>();
    return "not looked at";
  }
  bool passed(const std::string& name) const { return found(name).starts_with("PASS "); }

  Vault vault_;
  TemporaryDir dir_;
  json checks_;
};

TEST_F(Doctor, PassesWhereABackupWorks) {
  const LiveDatabase database("doctor_well", "CREATE TABLE t ();");
  EXPECT_EQ(examine({"-d", database.conninfo(), "--source", "test"}), 0);
  for (const char* name :
       {"repository", "server", "privileges", "lock table", "disk", "clock", "pg_dump", "lock", "drill"})
    EXPECT_TRUE(passed(name)) << name << ": " << found(name);
  EXPECT_TRUE(vault_.repository().list().empty());
}

TEST_F(Doctor, NamesThePrivilegeThatIsMissingAndTheCommandThatGivesIt) {
  const LiveDatabase database("doctor_poor", "CREATE ROLE doctor_poor LOGIN; CREATE TABLE t ();");
  EXPECT_EQ(examine({"-d", database.conninfo() + " user=doctor_poor", "--source", "test"}), 6);
  EXPECT_NE(found("privileges").find("FAIL no privilege to read 1 relations: public.t"), std::string::npos)
      << found("privileges");
  EXPECT_NE(found("privileges").find("GRANT pg_read_all_data TO \"doctor_poor\""), std::string::npos);
  database.psql("DROP ROLE doctor_poor");
}

TEST_F(Doctor, SaysThatTheServerCannotBeReached) {
  EXPECT_EQ(examine({"-d", "host=/nonexistent dbname=app", "--source", "test"}), 6);
  EXPECT_TRUE(found("server").starts_with("FAIL ")) << found("server");
  EXPECT_TRUE(passed("repository"));
}

TEST_F(Doctor, SeesAPgDumpThatDoesNotRun) {
  const LiveDatabase database("doctor_tool");
  EXPECT_EQ(examine({"-d", database.conninfo(), "--source", "test", "--pg-dump", "/bin/false"}), 6);
  EXPECT_TRUE(found("pg_dump").starts_with("FAIL ")) << found("pg_dump");
}

TEST_F(Doctor, SeesARunThatHoldsTheLock) {
  const LiveDatabase database("doctor_lock");
  const RunLock lock = vault_.repository().lock_database("test", database.name(), "backup");
  EXPECT_EQ(examine({"-d", database.conninfo(), "--source", "test"}), 0);
  EXPECT_TRUE(found("lock").starts_with("WARNING another run holds it: pid ")) << found("lock");
}

TEST_F(Doctor, SeesADirectoryThatIsNoRepository) {
  const LiveDatabase database("doctor_foreign");
  std::filesystem::remove_all(vault_.root());
  make_private_dirs(vault_.root() / "something else");
  EXPECT_EQ(examine({"-d", database.conninfo(), "--source", "test"}), 6);
  EXPECT_TRUE(found("repository").starts_with("PASS "));  // it can be written, but:
  bool refused = false;
  for (const json& check : checks_) refused |= check["name"] == "repository" && check["verdict"] == "FAIL";
  EXPECT_TRUE(refused);
}

TEST_F(Doctor, SeesALinkInThePlaceOfTheRepositorysOwnFile) {
  const LiveDatabase database("doctor_link", "CREATE TABLE t ();");
  const Path file = vault_.root() / kRepositoryFile;
  vault_.repository();
  std::filesystem::rename(file, dir_.path() / "elsewhere.json");
  std::filesystem::create_symlink(dir_.path() / "elsewhere.json", file);
  EXPECT_EQ(examine({"-d", database.conninfo(), "--source", "test"}), 6);
  bool told = false;
  for (const json& check : checks_)
    told |= check["verdict"] == "FAIL" &&
            check["detail"].get<std::string>().find("symbolic link") != std::string::npos;
  EXPECT_TRUE(told) << checks_;
}

TEST_F(Doctor, MakesNothing) {
  const LiveDatabase database("doctor_new");
  std::filesystem::remove_all(vault_.root());
  EXPECT_EQ(examine({"-d", database.conninfo(), "--source", "test"}), 0);
  EXPECT_TRUE(found("repository").find("is not there yet and can be made") != std::string::npos);
  EXPECT_FALSE(std::filesystem::exists(vault_.root()));
}

TEST_F(Doctor, SeesARepositoryOfAnotherUser) {
  const AsNobody nobody;
  const backup::Diagnosis diagnosis = backup::examine_host(vault_.root(), true, {});
  EXPECT_FALSE(diagnosis.can_back_up());
}

TEST_F(Doctor, SaysHowMuchRoomThereIsAndWhatTheLastBackupTook) {
  const LiveDatabase database("doctor_room", "CREATE TABLE t ();");
  const std::vector<std::string> words = {"-d", database.conninfo(), "--source", "test"};
  EXPECT_EQ(examine(words), 0);
  EXPECT_NE(found("disk").find(" for a first backup of a database of "), std::string::npos) << found("disk");
  ASSERT_EQ(vault_.back_up(database).status, 0);
  EXPECT_EQ(examine(words), 0);
  EXPECT_NE(found("disk").find("; the last backup took less than 1 MiB"), std::string::npos) << found("disk");
}

TEST_F(Doctor, WarnsWhereNoDrillCouldRun) {
  const LiveDatabase database("doctor_drill");
  EXPECT_EQ(examine({"-d", database.conninfo(), "--source", "test"},
                    "[drill]\nengine = \"local\"\nwork_dir = \"/nonexistent\"\n"),
            0);
  EXPECT_TRUE(found("drill").starts_with("WARNING backups can't be restored for trial here: local: "))
      << found("drill");
}

TEST_F(Doctor, LooksAtEachOfAllDatabases) {
  const LiveDatabase database("doctor_one"), other("doctor_two");
  EXPECT_EQ(examine({"-d", database.conninfo(), "--source", "test", "--all-databases"}), 0);
  EXPECT_TRUE(found("privileges", "test/doctor_one").starts_with("PASS "));
  EXPECT_TRUE(found("privileges", "test/doctor_two").starts_with("PASS "));
  EXPECT_EQ(examine({"-d", "host=/nonexistent", "--source", "test", "--all-databases"}), 6);
  EXPECT_TRUE(found("server", "test").starts_with("FAIL "));
}

TEST_F(Doctor, OfNothingInParticularLooksAtEverySourceAndTheHost) {
  const LiveDatabase database("doctor_all");
  EXPECT_EQ(examine({}, "[source.good]\ndbname = \"" + database.conninfo() +
                            "\"\n[source.bad]\ndbname = \"host=/nonexistent\"\n"),
            6);
  EXPECT_TRUE(found("client programs", "this host").starts_with("PASS "));
  EXPECT_TRUE(found("drill engines", "this host").starts_with("PASS "));
  EXPECT_TRUE(found("server", "good").starts_with("PASS "));
  EXPECT_TRUE(found("server", "bad").starts_with("FAIL "));
}

}  // namespace
}  // namespace pgassay::test
