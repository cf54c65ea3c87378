// The network breaks while a backup copies rows: it says so in one line, and leaves nothing.
#include <gtest/gtest.h>

#include <chrono>
#include <csignal>
#include <thread>

#include "tests/fixtures/child.h"
#include "tests/fixtures/live_backup.h"
#include "tests/fixtures/proxy.h"

namespace pgassay::test {
namespace {

using namespace std::chrono_literals;

class BrokenNetwork : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    database_ = std::make_unique<LiveDatabase>(
        "broken",
        "CREATE TABLE t AS SELECT i, repeat(md5(i::text), 30) AS a FROM generate_series(1, 30000) AS i;");
  }
  static void TearDownTestSuite() { database_.reset(); }

  /// Well within the rows: all that comes before them is less than a megabyte.
  void break_while_rows_are_copied(Proxy::Fault fault) { proxy_.break_after(8 << 20, fault); }

  Child start_backup(const std::vector<std::string>& more = {}) const {
    std::vector<std::string> argv = {PGASSAY_BINARY, "backup", "--repo", vault_.root().string(),
                                     "--source",     "test",   "-d",     proxy_.conninfo(database_->name()),
                                     "-j2"};
    argv.insert(argv.end(), more.begin(), more.end());
    return Child(argv, {{"PGASSAY_CONFIG", "/dev/null"}, {"PGCONNECT_TIMEOUT", "2"}});
  }

  void expect_nothing_left() const {
    EXPECT_EQ(vault_.debris(), std::vector<std::string>());
    EXPECT_TRUE(vault_.repository().list().empty());
  }

  void expect_one_line_and_a_hint(Ended ended) const {
    EXPECT_TRUE(proxy_.broken());
    EXPECT_EQ(ended.status, 1) << ended.err;
    // Of us and pg_dump the first to notice says so.
    EXPECT_TRUE(ended.err.find("was lost: ") != std::string::npos ||
                ended.err.find("pg_dump failed: ") != std::string::npos)
        << ended.err;
    EXPECT_NE(ended.err.find("\nhint: "), std::string::npos) << ended.err;
    EXPECT_EQ(ended.err.find("pgassay: error: "), std::string::npos) << ended.err;
    expect_nothing_left();
  }

  void wait_until_broken() const {
    for (int i = 0; i < 2000 && !proxy_.broken(); ++i) std::this_thread::sleep_for(10ms);
    ASSERT_TRUE(proxy_.broken());
    std::this_thread::sleep_for(100ms);
  }

  static inline std::unique_ptr<LiveDatabase> database_;
  Proxy proxy_{shared_server()};
  Vault vault_;
};

TEST_F(BrokenNetwork, IsPassedThroughWhileItIsWhole) {
  Child backup = start_backup();
  EXPECT_EQ(backup.wait().status, 0);
  EXPECT_EQ(vault_.repository().list().size(), 1U);
}

TEST_F(BrokenNetwork, ThatDropsConnectionsEndsTheBackup) {
  break_while_rows_are_copied(Proxy::Fault::close);
  expect_one_line_and_a_hint(start_backup().wait());
}

TEST_F(BrokenNetwork, ThatResetsConnectionsEndsTheBackup) {
  break_while_rows_are_copied(Proxy::Fault::reset);
  expect_one_line_and_a_hint(start_backup().wait());
}

TEST_F(BrokenNetwork, ThatStallsHoldsUpNoSignal) {
  break_while_rows_are_copied(Proxy::Fault::stall);
  Child backup = start_backup();
  wait_until_broken();
  backup.signal(SIGTERM);
  EXPECT_FALSE(backup.running_after(10s)) << "it waits for a server that hears nothing";
  backup.signal(SIGKILL);
  EXPECT_EQ(backup.wait().status, 128 + SIGTERM);
  expect_nothing_left();
}

TEST_F(BrokenNetwork, ThatStallsIsGivenUpAfterTheStallTimeout) {
  break_while_rows_are_copied(Proxy::Fault::stall);
  const Ended ended = start_backup({"--stall-timeout", "1s"}).wait();
  EXPECT_TRUE(proxy_.broken());
  EXPECT_EQ(ended.status, 1) << ended.err;
  EXPECT_NE(ended.err.find("pgassay: copying public.t: postgres@127.0.0.1:"), std::string::npos) << ended.err;
  EXPECT_NE(ended.err.find(" has said nothing for 1 s\nhint: "), std::string::npos) << ended.err;
  EXPECT_NE(ended.err.find("--stall-timeout allows more time"), std::string::npos) << ended.err;
  expect_nothing_left();
}

/// Statements that give no rows have six times as long, and the lock time-out.
TEST_F(BrokenNetwork, ThatStallsBeforeTheRowsIsGivenUpToo) {
  proxy_.break_after(10'000, Proxy::Fault::stall);
  const Ended ended = start_backup({"--stall-timeout", "0.4s", "--lock-timeout", "0.3"}).wait();
  EXPECT_TRUE(proxy_.broken());
  EXPECT_EQ(ended.status, 1) << ended.err;
  EXPECT_NE(ended.err.find(" has said nothing for 3 s\nhint: "), std::string::npos) << ended.err;
  expect_nothing_left();
}

TEST_F(BrokenNetwork, ThatStallsAtOnceIsATimeOut) {
  proxy_.break_after(0, Proxy::Fault::stall);
  const Ended ended = start_backup().wait();
  EXPECT_EQ(ended.status, 1);
  EXPECT_NE(ended.err.find("no answer within 2 s"), std::string::npos) << ended.err;
  EXPECT_NE(ended.err.find("\nhint: "), std::string::npos) << ended.err;
  expect_nothing_left();
}

}  // namespace
}  // namespace pgassay::test
