// A backup that goes away while it is read, as over NFS, where another host's prune knows nothing of our
// lease: it is told as gone, not as damaged.
#include <gtest/gtest.h>

#include "drill/drill.h"
#include "export/sql_script.h"
#include "tests/fixtures/round_trip.h"
#include "tests/fixtures/temporary_dir.h"
#include "verify/verify.h"

namespace pgassay::test {
namespace {

/// Removes the backup when that phase begins.
class RemovesAt : public Observer {
 public:
  RemovesAt(const char* phase, const Backup& backup) : phase_(phase), dir_(backup.dir.path()) {}
  void phase(std::string_view name) override {
    if (name == phase_) std::filesystem::remove_all(dir_);
  }

 private:
  const char* phase_;
  Path dir_;
};

class Nowhere : public ChunkSink {
 public:
  void chunk(Bytes) override {}
};

class RemovedBackup : public ::testing::Test {
 protected:
  RemovedBackup() : source_("removed_backup", "CREATE TABLE t AS SELECT generate_series(1, 1000) AS a") {}

  /// Of a new backup, removed when that phase of `read` begins.
  template <typename Read>
  void expect_gone(const char* phase, Read read) {
    SCOPED_TRACE(phase);
    const Backup backup = trip_.back_up(source_.name());
    RemovesAt remover(phase, backup);
    try {
      read(backup, remover);
      FAIL() << "no exception";
    } catch (const Error& error) {
      EXPECT_EQ(error.exit(), Exit::locked) << error.what();
      EXPECT_EQ(std::string(error.what()), backup.id.shown() + " was removed while it was read");
    }
  }

  const Database source_;
  const RoundTrip trip_;
};

TEST_F(RemovedBackup, IsGoneAndNotDamaged) {
  Nowhere nowhere;
  expect_gone("verify", [&](const Backup& backup, Observer& observer) {
    verify::verify_backup(trip_.repository(), backup, {}, observer, {});
  });
  expect_gone("data", [&](const Backup& backup, Observer& observer) {
    exports::export_rows(trip_.repository(), backup, {.table = "t"}, nowhere, observer, {});
  });
  expect_gone("data", [&](const Backup& backup, Observer& observer) {
    exports::export_sql(trip_.repository(), backup, {}, nowhere, observer, {});
  });
  expect_gone("data", [&](const Backup& backup, Observer& observer) {
    restore_backup(trip_.repository(), backup, created(), observer, {});
  });
  bare_server().drop_database(source_.name());
  expect_gone("pre-data", [&](const Backup& backup, Observer& observer) {
    const TemporaryDir work;
    std::filesystem::permissions(work.path(), std::filesystem::perms(0711));
    drill::DrillOptions options;
    options.engine = drill::Engine::local;
    options.work_dir = work.path();
    drill_backup(trip_.repository(), backup, options, observer, {});
  });
}

}  // namespace
}  // namespace pgassay::test
