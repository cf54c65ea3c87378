// A user's report: what --trace holds of a real backup, and what it must not hold.
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <set>
#include <sstream>

#include "tests/fixtures/live_backup.h"

namespace pgassay::test {
namespace {

using nlohmann::json;

constexpr const char* kPassword = "s3cret-of-the-trace";
constexpr const char* kValue = "a value of a row";
constexpr const char* kLiteral = "literal-in-a-statement";

/// The shared server trusts whoever comes: a password is given to it all the same, and nobody may see it.
class Traced : public ::testing::Test {
 protected:
  Traced()
      : database_("traced", std::string("CREATE TABLE notes AS SELECT '") + kValue +
                                "'::text AS note; CREATE VIEW one AS SELECT '" + kLiteral + "'::text AS t;") {
  }

  std::vector<json> back_up(const std::vector<std::string>& more = {}) {
    std::vector<std::string> words = {"backup",
                                      "--source",
                                      "test",
                                      "--trace",
                                      file_.string(),
                                      "-d",
                                      database_.conninfo() + " password=" + kPassword};
    words.insert(words.end(), more.begin(), more.end());
    const Ran ran = vault_.run(words, {{"PGPASSWORD", kPassword}});
    EXPECT_EQ(ran.status, 0) << ran.err;
    return lines();
  }
  std::vector<json> lines() const {
    std::vector<json> lines;
    std::istringstream text(read_file(file_));
    for (std::string line; std::getline(text, line);) lines.push_back(json::parse(line));
    return lines;
  }
  static std::vector<json> of(const std::vector<json>& lines, const std::string& event) {
    std::vector<json> found;
    for (const json& line : lines)
      if (line.at("event") == event) found.push_back(line);
    return found;
  }

  LiveDatabase database_;
  Vault vault_;
  TemporaryDir dir_;
  const Path file_ = dir_.path() / "trace";
};

TEST_F(Traced, BackupHasItsStatementsWithTheirThreads) {
  const std::vector<json> all = back_up();
  std::set<std::string> threads;
  bool lock = false, copy = false;
  for (const json& line : of(all, "statement")) {
    const std::string sql = line.at("sql"), thread = line.at("thread");
    threads.insert(thread);
    lock = lock || (thread == "main" && sql.find("LOCK TABLE ") == 0);
    copy = copy || (thread == "copy 0" && sql.find("COPY ") != std::string::npos);
    EXPECT_GE(line.at("took").get<double>(), 0);
  }
  EXPECT_TRUE(lock && copy);
  for (const char* role : {"main", "lead", "copy 0"}) EXPECT_TRUE(threads.contains(role)) << role;
}

TEST_F(Traced, BackupHasItsProgramsWithArgumentsAndExit) {
  bool pg_dump = false;
  const std::vector<json> children = of(back_up(), "child");
  for (const json& line : children) {
    const std::vector<std::string> argv = line.at("argv");
    const bool dumps =
        argv.at(0).ends_with("/pg_dump") && std::ranges::find(argv, "--format=custom") != argv.end();
    pg_dump = pg_dump || (dumps && line.at("thread") == "schema");
    EXPECT_EQ(line.at("exit"), 0) << line;
  }
  EXPECT_TRUE(pg_dump) << json(children);
}

TEST_F(Traced, BackupHasTheFilesThatItFinishedAndItsExit) {
  const std::vector<json> all = back_up();
  const std::vector<json> files = of(all, "published");
  ASSERT_FALSE(files.empty());
  EXPECT_EQ(files.back().at("file"), vault_.newest(database_).dir.string());
  EXPECT_EQ(all.front().at("event"), "start");
  EXPECT_EQ(all.back().at("event"), "exit");
  EXPECT_EQ(all.back().at("status"), 0);
}

TEST_F(Traced, BackupHoldsNoPasswordAndNoValue) {
  back_up();
  const std::string all = read_file(file_);
  for (const char* hidden : {kPassword, kValue, kLiteral})
    EXPECT_EQ(all.find(hidden), std::string::npos) << hidden;
  EXPECT_NE(all.find("password=***"), std::string::npos);
  struct stat status {};
  ASSERT_EQ(::stat(file_.c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777, 0600U);
}

TEST_F(Traced, RestoreHoldsNoPasswordAndNoValueEither) {
  back_up();
  const Ran ran =
      vault_.run({"restore", "latest", "--create", "--into", database_.copy(), "-d",
                  database_.server().conninfo() + " password=" + kPassword, "--trace", file_.string()},
                 {{"PGPASSWORD", kPassword}});
  EXPECT_EQ(ran.status, 0) << ran.err;
  const std::string all = read_file(file_);
  for (const char* hidden : {kPassword, kValue, kLiteral})
    EXPECT_EQ(all.find(hidden), std::string::npos) << hidden;
  EXPECT_NE(all.find("CREATE DATABASE"), std::string::npos);
}

TEST_F(Traced, AFailureEndsWithItsExitStatus) {
  back_up();
  const Ran ran = vault_.run({"restore", "latest", "--into", "no_such_database", "-d",
                              database_.server().conninfo(), "--trace", file_.string()});
  EXPECT_NE(ran.status, 0);
  EXPECT_EQ(lines().back().at("status"), ran.status);
}

TEST_F(Traced, WithoutAPlaceToWriteNothingIsDone) {
  const std::string place = (dir_.path() / "none" / "trace").string();
  const Ran ran = vault_.run({"backup", "--source", "test", "-d", database_.conninfo(), "--trace", place});
  EXPECT_EQ(ran.status, 1);
  EXPECT_NE(ran.err.find("can't write the trace: " + place), std::string::npos) << ran.err;
  EXPECT_TRUE(vault_.repository().list({}).empty());
}

}  // namespace
}  // namespace pgassay::test
