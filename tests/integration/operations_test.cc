// What stands in docs/nightly.md and scripts/units, by the programs that will read it.
#include <gtest/gtest.h>

#include "tests/fixtures/child.h"
#include "tests/fixtures/live_backup.h"

namespace pgassay::test {
namespace {

const Path kSource = PGASSAY_SOURCE_DIR;

std::string replaced(std::string text, const std::string& what, const std::string& by) {
  for (std::size_t at = 0; (at = text.find(what, at)) != std::string::npos; at += by.size())
    text.replace(at, what.size(), by);
  return text;
}

class SystemdUnits : public testing::Test {
 protected:
  SystemdUnits() {
    for (const char* unit : {"pgassay-nightly@.service", "pgassay-nightly@.timer"}) {
      const std::string text = read_file(kSource / "scripts/units" / unit);
      write_new_file(dir_.path() / unit, replaced(text, "/usr/local/bin/pgassay", PGASSAY_BINARY));
    }
  }
  TemporaryDir dir_;
};

TEST_F(SystemdUnits, AreUnderstoodBySystemd) {
  const Ended ended =
      run_child({"systemd-analyze", "verify", "--man=no", (dir_.path() / "pgassay-nightly@.service").string(),
                 (dir_.path() / "pgassay-nightly@.timer").string()});
  EXPECT_EQ(ended.status, 0) << ended.err;
  EXPECT_EQ(ended.err.find("pgassay"), std::string::npos) << ended.err;
}

TEST_F(SystemdUnits, AreHardened) {
  // Its exposure times ten; 2.5 and less is what it calls OK.
  const Ended ended = run_child({"systemd-analyze", "security", "--offline=true", "--threshold=25",
                                 "--no-pager", (dir_.path() / "pgassay-nightly@.service").string()});
  EXPECT_EQ(ended.status, 0) << ended.out << ended.err;
}

TEST(PrometheusMetrics, AreReadByPromtool) {
  const LiveDatabase live("measured", "CREATE TABLE t AS SELECT generate_series(1, 1000) AS i");
  const Vault vault;
  ASSERT_EQ(vault.back_up(live).status, 0);
  ASSERT_EQ(vault.run({"verify", "latest"}).status, 0);
  const Ran metrics = vault.run({"status", "--metrics", "-"});
  EXPECT_EQ(metrics.status, 0) << metrics.err;
  const TemporaryDir dir;
  write_new_file(dir.path() / "metrics", metrics.out);
  const Ended ended = run_child(
      {"sh", "-c", "exec promtool check metrics < \"$1\"", "sh", (dir.path() / "metrics").string()});
  EXPECT_EQ(ended.status, 0) << ended.out << ended.err << metrics.out;
}

TEST(PrometheusRules, OfTheDocumentAreReadByPromtool) {
  const std::string page = read_file(kSource / "docs/nightly.md"), fence = "```yaml\n";
  const std::size_t begin = page.find(fence) + fence.size();
  const TemporaryDir dir;
  write_new_file(dir.path() / "rules.yml", page.substr(begin, page.find("```", begin) - begin));
  const Ended ended = run_child({"promtool", "check", "rules", (dir.path() / "rules.yml").string()});
  EXPECT_EQ(ended.status, 0) << ended.out << ended.err;
  EXPECT_NE(ended.out.find("9 rules found"), std::string::npos) << ended.out;
}

TEST(CronFile, NamesACommandThatIsThere) {
  const std::string text = read_file(kSource / "scripts/units/pgassay.cron");
  EXPECT_NE(text.find("  pgassay nightly --all --quiet --low-priority\n"), std::string::npos);
  EXPECT_EQ(pgassay({"nightly", "--help"}).status, 0);
}

}  // namespace
}  // namespace pgassay::test
