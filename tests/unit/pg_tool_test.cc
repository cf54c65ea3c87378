#include "core/postgres/pg_tool.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <cstdlib>
#include <map>

#include "core/system/error.h"
#include "tests/fixtures/temporary_dir.h"

namespace pgassay {
namespace {

PgTool tool(int version) {
  return {{"/bin/" + std::to_string(version)}, version, std::to_string(version)};
}

int dump_for(int server, const std::vector<PgTool>& tools) {
  const auto chosen = fitting_pg_dump(server, tools);
  return chosen ? chosen->version : 0;
}

int restore_for(int server, int archive, const std::vector<PgTool>& tools) {
  const auto chosen = fitting_pg_restore(server, archive, tools);
  return chosen ? chosen->version : 0;
}

/// A directory of scripts that answer --version, first in PATH.
class FakeTools : public testing::Test {
 protected:
  FakeTools() : path_(std::getenv("PATH")) {
    ::setenv("PATH", (directory_.path().string() + ":" + path_).c_str(), 1);
  }
  ~FakeTools() override { ::setenv("PATH", path_.c_str(), 1); }

  Path fake(const std::string& name, const std::string& output, const std::string& folder = "") {
    const Path file = directory_.path() / folder / name;
    std::filesystem::create_directories(file.parent_path());
    write_new_file(file, "#!/bin/sh\necho '" + output + "'\n");
    ::chmod(file.c_str(), 0755);
    return file;
  }

  test::TemporaryDir directory_;

 private:
  std::string path_;
};

TEST(PgToolVersion, IsReadWhateverThePackager) {
  EXPECT_EQ(parse_tool_version("pg_dump (PostgreSQL) 15.20 (Debian 15.20-0+deb12u1)\n", "pg_dump"), 150020);
  EXPECT_EQ(parse_tool_version("pg_dump (PostgreSQL) 18beta1\n", "pg_dump"), 180000);
  EXPECT_EQ(parse_tool_version("pg_dump (PostgreSQL) 19devel\n", "pg_dump"), 190000);
  EXPECT_EQ(parse_tool_version("pg_dump (EnterpriseDB) 15.2.0\n", "pg_dump"), 150002);
  EXPECT_EQ(parse_tool_version("pg_dump (PostgreSQL) 9.6.24\n", "pg_dump"), 90624);
}

TEST(PgToolVersion, IsUnknownOfAnotherProgram) {
  EXPECT_EQ(parse_tool_version("pg_restore (PostgreSQL) 15.20\n", "pg_dump"), 0);
  EXPECT_EQ(parse_tool_version("", "pg_dump"), 0);
}

TEST(ChoosingPgDump, PrefersTheServersOwnRelease) {
  EXPECT_EQ(dump_for(150010, {tool(170002), tool(150020), tool(150010), tool(150002)}), 150010);
}

TEST(ChoosingPgDump, ThenTakesTheNewestOfTheSameMajor) {
  EXPECT_EQ(dump_for(150010, {tool(170002), tool(150020), tool(150015)}), 150020);
  EXPECT_EQ(dump_for(150010, {tool(170002), tool(150004), tool(150002)}), 150004);
}

TEST(ChoosingPgDump, ThenTheLowestNewerMajor) {
  EXPECT_EQ(dump_for(150010, {tool(180000), tool(170002), tool(160009), tool(160001), tool(140002)}), 160009);
}

TEST(ChoosingPgDump, NeverTakesAnOlderMajor) {
  EXPECT_EQ(dump_for(150010, {tool(140020)}), 0);
}

TEST(ChoosingPgRestore, MustReadTheArchive) {
  const std::vector<PgTool> tools = {tool(180000), tool(170001), tool(160001), tool(150020)};
  EXPECT_EQ(restore_for(150020, 150020, tools), 150020);
  EXPECT_EQ(restore_for(150020, 120004, tools), 150020);
  EXPECT_EQ(restore_for(150020, 170001, tools), 170001);
  EXPECT_EQ(restore_for(160001, 150020, tools), 160001);
}

TEST(ChoosingPgRestore, KnowsSinceWhichReleaseAnArchiveIsRead) {
  for (const auto& [dumped_by, needed] : std::map<int, int>{
           {90624, 12}, {120004, 12}, {150020, 12}, {160001, 16}, {170000, 17}, {180006, 17}, {190000, 17}})
    EXPECT_EQ(pg_restore_needed(dumped_by), needed) << dumped_by;
}

TEST(Misfit, WarnsOfAnotherMajorAndOfAnOlderMinorRelease) {
  EXPECT_EQ(misfit(tool(150020), 150020), "");
  EXPECT_EQ(misfit(tool(150021), 150020), "");
  EXPECT_NE(misfit(tool(150019), 150020).find("older"), std::string::npos);
  EXPECT_NE(misfit(tool(170000), 150020).find("another major"), std::string::npos);
}

TEST_F(FakeTools, AreFoundInPath) {
  const Path file = fake("pg_dump", "pg_dump (PostgreSQL) 99.1");
  const auto tools = find_pg_tools("pg_dump", {});
  ASSERT_FALSE(tools.empty());
  EXPECT_EQ(tools.front().argv, std::vector<std::string>{file.string()});
  EXPECT_EQ(tools.front().version_text, "99.1");
}

TEST_F(FakeTools, ThatDoNotSayTheirVersionAreNoTools) {
  fake("pg_dump", "hello");
  for (const PgTool& found : find_pg_tools("pg_dump", {})) {
    EXPECT_NE(Path(found.argv[0]).parent_path(), directory_.path());
  }
}

TEST_F(FakeTools, BehindDebiansWrapperAreLookedForThemselves) {
  fake("pg_wrapper", "pg_dump (PostgreSQL) 99.1");
  std::filesystem::create_symlink(directory_.path() / "pg_wrapper", directory_.path() / "pg_dump");
  for (const PgTool& found : find_pg_tools("pg_dump", {})) EXPECT_NE(found.version, 990001);
}

TEST_F(FakeTools, AreTakenAsConfiguredUnlessTooOld) {
  const Path file = fake("my_dump", "pg_dump (PostgreSQL) 15.3", "elsewhere");
  EXPECT_EQ(choose_pg_dump(150020, file, {}).version, 150003);
  EXPECT_EQ(choose_pg_dump(140001, file, {}).version, 150003);
  EXPECT_THROW(choose_pg_dump(160000, file, {}), Refused);
  EXPECT_THROW(choose_pg_dump(150020, fake("pg_restore", "pg_restore (PostgreSQL) 15.3"), {}), Refused);
  EXPECT_THROW(choose_pg_dump(150020, directory_.path() / "missing", {}), Refused);
}

TEST_F(FakeTools, HaveSiblingsInTheirOwnFolder) {
  const PgTool dump{{fake("pg_dump", "pg_dump (PostgreSQL) 15.3", "bin").string()}, 150003, "15.3"};
  EXPECT_THROW(sibling(dump, "pg_dumpall", {}), Refused);
  const Path file = fake("pg_dumpall", "pg_dumpall (PostgreSQL) 15.3", "bin");
  EXPECT_EQ(sibling(dump, "pg_dumpall", {}).argv.back(), file.string());
}

TEST_F(FakeTools, ThatDoNotFitAreNamedWithWhatToInstall) {
  fake("pg_dump", "pg_dump (PostgreSQL) 99.1");
  try {
    choose_pg_dump(1000003, "", {});
    FAIL();
  } catch (const Refused& error) {
    EXPECT_NE(std::string(error.what()).find("pg_dump 99.1"), std::string::npos) << error.what();
    EXPECT_NE(error.hint().find("postgresql-client-100"), std::string::npos) << error.hint();
  }
}

TEST_F(FakeTools, OfTheServersContainerAreTakenWhereTheyFitBetter) {
  const Path file = fake("pg_dump", "pg_dump (PostgreSQL) 99.2");
  const PgTool contained{{"docker", "exec", "-i", "db", "pg_dump"}, 990001, "99.1", {}, "the container db"};
  EXPECT_EQ(choose_pg_dump(990001, "", {}, contained).shown(), "pg_dump of the container db");
  EXPECT_EQ(choose_pg_dump(990002, "", {}, contained).shown(), file.string());
  EXPECT_EQ(choose_pg_dump(990003, "", {}, contained).shown(), file.string());
}

TEST_F(FakeTools, OfThisHostAreTakenWhereTheContainersAreTheSame) {
  const Path file = fake("pg_dump", "pg_dump (PostgreSQL) 99.1");
  const PgTool contained{{"docker", "exec", "-i", "db", "pg_dump"}, 990001, "99.1", {}, "the container db"};
  EXPECT_EQ(choose_pg_dump(990001, "", {}, contained).shown(), file.string());
}

TEST(AppendArchive, GivesTheFileThatWasLookedAtWhateverLiesThereAfterwards) {
  const test::TemporaryDir dir;
  const Place file = Place(dir.path()) / "schema.pgdump";
  write_new_file(file, "the backup's");
  Command command{.argv = {"cat"}, .env = {}, .input = {}};
  const Fd archive = append_archive(command, tool(150000), file);
  write_new_file(dir.path() / "other", "somebody's");
  std::filesystem::remove(file.path());
  std::filesystem::create_symlink(dir.path() / "other", file.path());
  EXPECT_EQ(run(command, {}).out, "the backup's");
  EXPECT_THROW({ const Fd link = append_archive(command, tool(150000), file); }, BadBackup);
}

TEST(AppendArchive, GivesAProgramInAContainerThePath) {
  const test::TemporaryDir dir;
  const Place file = Place(dir.path()) / "schema.pgdump";
  write_new_file(file, "the backup's");
  PgTool inside = tool(150000);
  inside.place = "the container db";
  Command command;
  const Fd archive = append_archive(command, inside, file);
  EXPECT_EQ(command.argv, std::vector<std::string>{file.string()});
}

}  // namespace
}  // namespace pgassay
