// What goes to stderr, where a program reads it.
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "cli/basics/log_line.h"
#include "core/system/clock.h"
#include "tests/fixtures/child.h"
#include "tests/fixtures/live_backup.h"

namespace pgassay::test {
namespace {

using nlohmann::json;

std::vector<json> documents_of_lines(const std::string& text) {
  std::vector<json> lines;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = text.find('\n', at);
    lines.push_back(json::parse(text.substr(at, end - at)));
    EXPECT_NO_THROW(parse_rfc3339(lines.back().at("time").get<std::string>()));
    for (const char* member : {"level", "message"}) EXPECT_TRUE(lines.back().at(member).is_string());
    at = end + 1;
  }
  return lines;
}

TEST(JsonLines, AreAllThatGoesToStderrOfABackup) {
  const LiveDatabase live("logged", "CREATE TABLE t AS SELECT generate_series(1, 1000) AS i");
  const Vault vault;
  const Ran ran =
      vault.run({"backup", "-d", live.conninfo(), "--source", "test", "--log-format", "json", "--verbose"});
  ASSERT_EQ(ran.status, 0) << ran.err;
  const std::vector<json> lines = documents_of_lines(ran.err);
  ASSERT_GT(lines.size(), 3u);
  bool copied = false;
  for (const json& line : lines) {
    EXPECT_EQ(line.at("command"), "backup");
    copied = copied || (line.value("phase", "") == "data" && line.at("level") == "info");
  }
  EXPECT_TRUE(copied) << ran.err;
}

TEST(JsonLines, TellOfWhatEndsACommand) {
  const std::vector<json> usage = documents_of_lines(pgassay({"list", "--log-format=json", "--jsno"}).err);
  ASSERT_EQ(usage.size(), 1u);
  EXPECT_EQ(usage[0].at("level"), "error");
  EXPECT_NE(usage[0].at("message").get<std::string>().find("--jsno"), std::string::npos);
  EXPECT_EQ(usage[0].at("hint"), "see pgassay list --help");
  const Ran failed = pgassay({"list", "--log-format", "json", "--repo", "/nonexistent \xff\x1b"});
  EXPECT_EQ(failed.status, 2);
  ASSERT_EQ(documents_of_lines(failed.err).size(), 1u);
  EXPECT_EQ(documents_of_lines(failed.err)[0].at("command"), "list");
  const Ran unknown = pgassay({"list", "--log-format", "xml"});
  EXPECT_EQ(unknown.status, 2);
  EXPECT_NE(unknown.err.find("--log-format"), std::string::npos) << unknown.err;
}

TEST(JsonLines, LeaveADocumentAlone) {
  const Ran ran = pgassay({"list", "--log-format", "json", "--json", "--repo", "/nonexistent"});
  EXPECT_EQ(json::parse(ran.out).at("exit"), 2);
  EXPECT_EQ(ran.err, "") << "what ended the command is in the document";
}

/// With $JOURNAL_STREAM as systemd sets it for what its journal reads: device and inode of stderr itself.
Ended as_a_unit(const std::string& words, const std::string& stream = "$(stat -L -c %d:%i /proc/self/fd/2)") {
  return run_child(
      {"bash", "-c", "export JOURNAL_STREAM=" + stream + "; exec \"$1\" " + words, "bash", PGASSAY_BINARY});
}

TEST(JournalLines, BeginWithTheirLevel) {
  const Ended ended = as_a_unit("list --repo /nonexistent");
  EXPECT_EQ(ended.err.find("<3>"), 0u) << ended.err;
  EXPECT_NE(ended.err.find("\n<3>  hint: "), std::string::npos) << ended.err;
  EXPECT_EQ(as_a_unit("list --repo /nonexistent", "1:2").err.find("pgassay: "), 0u) << "another stream's";
  EXPECT_EQ(cli::log_line(cli::LogFormat::journal, Level::warning, "a\nb", {}), "<4>a\\x0ab")
      << "a message can't begin a line of another level";
  EXPECT_EQ(cli::log_line(cli::LogFormat::journal, Level::info, "m", {}), "<6>m");
}

}  // namespace
}  // namespace pgassay::test
