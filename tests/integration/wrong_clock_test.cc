// The server's clock is wrong, or was.
#include <gtest/gtest.h>

#include "tests/fixtures/live_backup.h"

namespace pgassay::test {
namespace {

class WrongClock : public testing::Test {
 protected:
  /// In this database alone: what backups are dated by is another function then.
  void set_clock(const std::string& off_by) const {
    database_.psql(
        "CREATE OR REPLACE FUNCTION pg_catalog.clock_timestamp() RETURNS timestamptz LANGUAGE sql AS"
        " $$SELECT pg_catalog.now() + interval '" +
        off_by + "'$$");
  }
  Ran prune(std::vector<std::string> more = {}) const {
    more.insert(more.begin(), {"prune", "--source", "test", "--keep-days", "0", "--keep-min", "1"});
    return vault_.run(more);
  }
  std::vector<std::string> stamps() const {
    std::vector<std::string> stamps;
    for (const Backup& backup : vault_.repository().list()) stamps.push_back(backup.id.stamp);
    return stamps;
  }

  const LiveDatabase database_{"wrong_clock", "CREATE TABLE t AS SELECT 1 AS a;"};
  const Vault vault_;
};

TEST_F(WrongClock, BehindTheNewestBackupIsRefusedBeforeAnythingIsLocked) {
  ASSERT_EQ(vault_.back_up(database_).status, 0);
  const std::vector<std::string> before = stamps();
  set_clock("-1 day");
  const Ran ran = vault_.back_up(database_);
  EXPECT_EQ(ran.status, 6) << ran.err;
  EXPECT_NE(ran.err.find("is behind the newest backup (" + before.back() + ")"), std::string::npos)
      << ran.err;
  EXPECT_NE(ran.err.find("hint: set the server's clock right"), std::string::npos) << ran.err;
  EXPECT_EQ(stamps(), before);
  EXPECT_EQ(vault_.debris(), std::vector<std::string>());
}

TEST_F(WrongClock, ThatJumpsBackAfterPreflightLeavesTheNewestTheNewest) {
  ASSERT_EQ(vault_.back_up(database_).status, 0);
  const std::vector<std::string> before = stamps();
  Recorder recorder;
  recorder.on_phase = [&](const std::string& phase) {
    if (phase == "lock") set_clock("-1 day");
  };
  EXPECT_THROW(vault_.back_up(database_, recorder), Refused);
  EXPECT_EQ(stamps(), before);
  EXPECT_EQ(vault_.debris(), std::vector<std::string>());
}

TEST_F(WrongClock, ThatRanAheadIsToldAndItsBackupCanBeMovedOutOfTheWay) {
  ASSERT_EQ(vault_.back_up(database_).status, 0);
  set_clock("2 days");
  const Ran ahead = vault_.back_up(database_);
  ASSERT_EQ(ahead.status, 0) << ahead.err;
  EXPECT_NE(ahead.err.find("differ by minutes"), std::string::npos) << ahead.err;
  const std::vector<std::string> both = stamps();
  ASSERT_EQ(both.size(), 2U);
  set_clock("0");

  const Ran refused = vault_.back_up(database_);
  EXPECT_EQ(refused.status, 6);
  const Backup future = vault_.newest(database_);
  EXPECT_EQ(future.id.stamp, both.back());
  EXPECT_NE(refused.err.find("move " + future.dir.string() + " out of the repository"), std::string::npos)
      << refused.err;
  EXPECT_EQ(prune().status, 6);
  EXPECT_EQ(prune({"--ignore-future", both.back()}).status, 0);
  EXPECT_EQ(stamps(), both);

  std::filesystem::rename(future.dir.path(), vault_.root().parent_path() / "moved");
  ASSERT_EQ(vault_.back_up(database_).status, 0);
  EXPECT_EQ(stamps().front(), both.front());
  EXPECT_GT(stamps().back(), both.front());
  EXPECT_LT(stamps().back(), both.back());
  EXPECT_EQ(vault_.run({"verify", "latest"}).status, 0);
}

}  // namespace
}  // namespace pgassay::test
