#include "core/system/trace.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <nlohmann/json.hpp>
#include <sstream>

#include "core/postgres/statement_text.h"
#include "core/system/cancellation.h"
#include "core/system/error.h"
#include "core/system/subprocess.h"
#include "tests/fixtures/temporary_dir.h"

namespace pgassay {
namespace {

using nlohmann::json;

class TraceFile : public ::testing::Test {
 protected:
  std::vector<json> lines() const {
    std::vector<json> lines;
    std::istringstream text(read_file(file_));
    for (std::string line; std::getline(text, line);) lines.push_back(json::parse(line));
    return lines;
  }
  json only(const std::string& event) const {
    std::vector<json> found;
    for (const json& line : lines())
      if (line.at("event") == event) found.push_back(line);
    EXPECT_EQ(found.size(), 1U);
    return found.empty() ? json::object() : found[0];
  }

  test::TemporaryDir dir_;
  const Path file_ = dir_.path() / "trace";
};

TEST_F(TraceFile, BeginsWithTheCommandLineAndEndsWithTheExitStatus) {
  {
    Trace trace(file_, {"backup", "-d", "host=h password=hunter2"}, "1.2");
    trace.exit(3);
    EXPECT_EQ(trace.problem(), "");
  }
  const std::vector<json> all = lines();
  ASSERT_EQ(all.size(), 2U);
  EXPECT_EQ(all[0].at("event"), "start");
  EXPECT_EQ(all[0].at("thread"), "main");
  EXPECT_EQ(all[0].at("argv"), json({"backup", "-d", "host=h password=***"}));
  EXPECT_EQ(all[1].at("event"), "exit");
  EXPECT_EQ(all[1].at("status"), 3);
}

TEST_F(TraceFile, IsItsOwnersAloneAndHoldsNothingOfBefore) {
  write_new_file(file_, "old");
  set_mode(file_, 0644);
  { const Trace trace(file_, {}, ""); }
  struct stat status {};
  ASSERT_EQ(::stat(file_.c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777, 0600U);
  EXPECT_EQ(lines().size(), 1U);
}

TEST_F(TraceFile, ThatCannotBeOpenedIsAnErrorWithItsName) {
  try {
    const Trace trace(dir_.path() / "none" / "trace", {}, "");
    FAIL() << "no exception";
  } catch (const SystemError& error) {
    EXPECT_NE(std::string(error.what()).find("can't write the trace: "), std::string::npos) << error.what();
    EXPECT_EQ(error.exit(), Exit::failed);
  }
}

TEST_F(TraceFile, SaysAtTheEndThatTheDiskWasFull) {
  Trace trace("/dev/full", {}, "");
  trace.exit(0);
  EXPECT_NE(trace.problem().find("No space left"), std::string::npos) << trace.problem();
}

TEST_F(TraceFile, NamesAChildsArgumentsAndItsExit) {
  const Trace trace(file_, {}, "");
  run({.argv = {"sh", "-c", "exit 7", "token=abc"}, .env = {}, .input = {}}, {});
  const json child = only("child");
  EXPECT_EQ(child.at("argv"), json({"sh", "-c", "exit 7", "token=***"}));
  EXPECT_EQ(child.at("exit"), 7);
  EXPECT_GE(child.at("took").get<double>(), 0);
}

TEST_F(TraceFile, NamesWhatTookItsName) {
  const Trace trace(file_, {}, "");
  replace_file(dir_.path() / "settings", "x");
  EXPECT_EQ(only("published").at("file"), (dir_.path() / "settings").string());
}

TEST_F(TraceFile, NamesTheRoleOfTheThread) {
  const Trace trace(file_, {}, "");
  run_together({{"lead", [](std::stop_token) { TraceEvent("statement").text("sql", "SELECT"); }}}, {});
  EXPECT_EQ(only("statement").at("thread"), "lead");
}

TEST_F(TraceFile, SaysWhichEventFailed) {
  const Trace trace(file_, {}, "");
  try {
    const TraceEvent event("statement");
    throw Error("x");
  } catch (const Error&) {
  }
  EXPECT_EQ(only("statement").at("failed"), true);
}

TEST_F(TraceFile, IsJsonWhateverTheBytes) {
  const Trace trace(file_, {}, "");
  TraceEvent("statement").text("sql", "a\"b\\c\n\x01\xff\xc3\xa4\xe2\x82");
  EXPECT_EQ(only("statement").at("sql"), "a\"b\\c\n\x01\uFFFDä\uFFFD\uFFFD");
}

TEST_F(TraceFile, LinesOfManyThreadsDoNotMix) {
  const Trace trace(file_, {}, "");
  run_workers("copy", 4, {}, [](unsigned, std::stop_token) {
    for (int i = 0; i < 200; ++i) TraceEvent("statement").text("sql", std::string(500, 'x'));
  });
  EXPECT_EQ(lines().size(), 801U);
}

TEST(TraceEvent, DoesNothingWhereNoTraceIsWritten) {
  TraceEvent event("statement");
  EXPECT_FALSE(event);
  event.text("sql", "SELECT").number("n", 1).list("l", {"x"}).end();
}

TEST(WithoutPasswords, HidesTheValueThatFollowsTheWord) {
  EXPECT_EQ(without_passwords("host=a password=b port=1"), "host=a password=*** port=1");
  EXPECT_EQ(without_passwords("password = 'a b\\' c' user=x"), "password = *** user=x");
  EXPECT_EQ(without_passwords("sslpassword=x"), "sslpassword=***");
  EXPECT_EQ(without_passwords("POSTGRES_PASSWORD=x"), "POSTGRES_PASSWORD=***");
  EXPECT_EQ(without_passwords("password=a\\ b user=c"), "password=*** user=c");
  EXPECT_EQ(without_passwords("password="), "password=***");
}

TEST(WithoutPasswords, HidesThatOfAUrl) {
  EXPECT_EQ(without_passwords("postgresql://u:p@h:5432/db"), "postgresql://u:***@h:5432/db");
  EXPECT_EQ(without_passwords("postgresql://u:p@q@h/db"), "postgresql://u:***@h/db");
  EXPECT_EQ(without_passwords("postgresql://h/db?user=u&password=p&sslmode=require"),
            "postgresql://h/db?user=u&password=***&sslmode=require");
}

TEST(WithoutPasswords, LeavesTheRestAsItIs) {
  for (const char* word : {"", "--no-password", "=", "passfile=/x", "host=h:5 dbname=a", "--dbname=user=a",
                           "postgresql://u@h:5432/db"})
    EXPECT_EQ(without_passwords(word), word);
}

TEST(WithoutValues, HidesStringConstantsOfEveryKind) {
  EXPECT_EQ(without_values("SELECT 'a', 'it''s', E'x', $$b$$, $t$c $$ d$t$, 5"),
            "SELECT '***', '***', E'***', '***', '***', 5");
  EXPECT_EQ(without_values("ALTER ROLE a PASSWORD 'SCRAM-SHA-256$4096:x'"), "ALTER ROLE a PASSWORD '***'");
}

TEST(WithoutValues, KeepsNamesAndParameters) {
  EXPECT_EQ(without_values("SELECT \"it's\".\"a$$b\", a$b FROM t WHERE x = $1"),
            "SELECT \"it's\".\"a$$b\", a$b FROM t WHERE x = $1");
}

TEST(WithoutValues, ShowsNothingMoreWhereABackslashMayEscapeTheQuote) {
  EXPECT_EQ(without_values("SELECT 'a\\' || 'secret'"), "SELECT '***' ...");
  EXPECT_EQ(without_values("SELECT E'a\\'secret'"), "SELECT E'***' ...");
}

TEST(WithoutValues, TakesAQuoteInACommentForNone) {
  EXPECT_EQ(without_values("SELECT 1 -- it's\n, 'secret' /* it's /* nested' */ */ + 2"),
            "SELECT 1 \n, '***'   + 2");
}

TEST(WithoutValues, ShowsNothingOfAConstantWithoutAnEnd) {
  EXPECT_EQ(without_values("SELECT 'secret"), "SELECT '***'");
  EXPECT_EQ(without_values("SELECT $a$secret"), "SELECT '***'");
}

TEST(WithoutValues, CutsWhatIsTooLong) {
  const std::string shown = without_values("SELECT " + std::string(10'000, 'x'));
  EXPECT_LT(shown.size(), kLongestShown + 40);
  EXPECT_NE(shown.find("(10007 bytes)"), std::string::npos);
}

}  // namespace
}  // namespace pgassay
