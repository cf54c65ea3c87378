// The backup of a database that nobody writes to, which a switch ends with: what else moves the server's
// transaction counter meanwhile, another database's session here, makes it be taken again.
#include <gtest/gtest.h>

#include "stack/switch/backup.h"
#include "tests/fixtures/live_backup.h"

namespace pgassay::test {
namespace {

class StillBackupOf : public ::testing::Test {
 protected:
  stack::StillBackup take(Observer& observer) {
    backup::BackupOptions reached;
    reached.source = "test";
    reached.connection = triggers_off_.server().connection(triggers_off_.name());
    return stack::take_still_backup(repository(), reached, {}, "a test", observer, {});
  }
  Repository repository() const { return Repository::open_or_create(vault_.root()); }

  LiveDatabase triggers_off_{"quiet", "CREATE TABLE t AS SELECT i FROM generate_series(1, 100) i"};
  LiveDatabase other_{"other", "CREATE TABLE t (i int)"};
  Vault vault_;
};

TEST_F(StillBackupOf, ADatabaseIsTakenAgainWhenTheServerWasWrittenToMeanwhile) {
  Recorder recorder;
  int writes = 0;
  recorder.on_phase = [&](const std::string& phase) {
    if (phase == "data" && ++writes == 1) other_.psql("INSERT INTO t VALUES (1)");
  };
  const stack::StillBackup still = take(recorder);
  EXPECT_EQ(writes, 2);
  EXPECT_EQ(recorder.count("during its backup"), 1) << recorder.messages();
  EXPECT_EQ(recorder.count(": once more"), 1) << recorder.messages();
  const std::vector<Backup> all = repository().list({"test", triggers_off_.name()});
  ASSERT_EQ(all.size(), 2u);
  EXPECT_FALSE(all[0].proofs.pin);
  EXPECT_TRUE(all[1].proofs.pin);
  EXPECT_EQ(all[1].id.shown(), still.backup.id.shown());
  EXPECT_EQ(all[1].proofs.verified->verdict, Verdict::pass);
}

TEST_F(StillBackupOf, AServerThatIsAlwaysWrittenToIsRefusedAfterThree) {
  Recorder recorder;
  recorder.on_phase = [&](const std::string& phase) {
    if (phase == "data") other_.psql("INSERT INTO t VALUES (1)");
  };
  try {
    take(recorder);
    FAIL() << "was taken";
  } catch (const Refused& refused) {
    EXPECT_NE(std::string(refused.what()).find("transactions wrote to the server of"), std::string::npos);
    EXPECT_NE(refused.hint().find("another database of the server"), std::string::npos);
  }
  EXPECT_EQ(recorder.count(": once more"), 2) << recorder.messages();
  for (const Backup& one : repository().list({"test", triggers_off_.name()})) EXPECT_FALSE(one.proofs.pin);
}

}  // namespace
}  // namespace pgassay::test
