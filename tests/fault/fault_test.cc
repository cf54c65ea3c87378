// A disk that errs, a disk that fills up, a machine that stops: at every file operation of a backup, one
// after the other. However it goes, there is a clean failure or a whole backup, and the older backup is as it
// was.
#include "tests/fault/scene.h"
#include "tests/fault/with_fault.h"

namespace pgassay::test {

namespace fs = std::filesystem;

namespace {

std::string words_of(const std::string& kind) {
  return kind == "eio" ? "Input/output error" : "No space left on device";
}

class Faults : public Scene, public ::testing::WithParamInterface<const char*> {
 protected:
  std::string kind() const { return GetParam(); }

  Hit run_with_fault(const Arguments& arguments, long at, const std::string& comm = "pgassay") const {
    return test::run_with_fault(pgassay(arguments, repository_), repository_, kind(), at, comm);
  }

  /// Runs with the fault at the first call, the 1 + stride-th, … until there are no more calls. The number of
  /// calls varies a little from run to run, hence the three misses.
  template <typename Check>
  void sweep(const Arguments& arguments, long stride, Check check) {
    long hits = 0;
    std::string last;
    for (long at = 1, misses = 0; misses < 3; at += misses == 0 ? stride : 1) {
      const Hit hit = run_with_fault(arguments, at);
      misses = hit.call.empty() ? misses + 1 : 0;
      // Several n lead a short write to the same call: once is enough.
      if (!hit.call.empty() && hit.call == last) {
        remove_new_backups();
        continue;
      }
      last = hit.call;
      hits += !hit.call.empty();
      SCOPED_TRACE(kind() + " at call " +
                   (hit.call.empty() ? std::to_string(at) + ", not reached" : hit.call));
      check(hit);
      if (HasFatalFailure()) return;
    }
    EXPECT_GT(hits, 0) << "was the shim loaded at all?";
    EXPECT_TRUE(listed().contains(good_));
    expect_sound(good_);
  }

  void remove_new_backups() const {
    for (const std::string& dir : listed()) {
      if (dir != good_) fs::remove_all(dir);
    }
  }

  void expect_clean_failure_or_whole_backup(const Hit& hit, const std::string& source) const {
    const std::set<std::string> now = listed();
    EXPECT_TRUE(now.contains(good_));
    EXPECT_LE(now.size(), 2u);
    for (const std::string& dir : now) {
      if (dir != good_) expect_sound(dir);
    }
    if (hit.ended.status == 0) {
      EXPECT_EQ(now.size(), 2u);
    } else if (kind() == "kill") {
      EXPECT_EQ(hit.ended.status, 137);
    } else {
      EXPECT_EQ(hit.ended.status, 1);
      EXPECT_NE(errors_in(hit.ended.out).find(words_of(kind())), std::string::npos)
          << hit.ended.err << hit.ended.out;
    }
    remove_new_backups();
    const bool cleaning_failed =
        hit.call.find(" unlink") != std::string::npos || hit.call.find(" rmdir") != std::string::npos;
    if (kind() == "kill") {
      expect_next_backup_is_whole(source);
    } else if (!cleaning_failed) {
      EXPECT_EQ(partial(), std::vector<std::string>());
    }
  }

  void sweep_backups(const std::string& source, long stride) {
    sweep(backup_of(source), stride,
          [&](const Hit& hit) { expect_clean_failure_or_whole_backup(hit, source); });
    expect_next_backup_is_whole(source);
  }

  void sweep_verify(long stride) {
    const Arguments arguments = {"verify", fs::path(good_).lexically_relative(repository_).string()};
    sweep(arguments, stride, [&](const Hit& hit) {
      if (kind() == "kill" && !hit.call.empty()) {
        EXPECT_EQ(hit.ended.status, 137);
      } else {
        EXPECT_TRUE(hit.ended.status == 0 || hit.ended.status == 1) << hit.ended.err << hit.ended.out;
      }
      EXPECT_EQ(listed(), std::set<std::string>{good_});
      expect_sound(good_);
    });
  }
};

constexpr long kStride = 17;

class FaultsOfPgDump : public Faults {};
class FaultsLong : public Faults {};

std::string kind_name(const ::testing::TestParamInfo<const char*>& info) {
  return info.param;
}

}  // namespace

// A source of its own has no older backup, so every part is written and none becomes a link.
TEST_P(Faults, LeaveAFirstBackupAbsentOrWhole) {
  sweep_backups("first", kStride);
}
TEST_P(Faults, LeaveABackupThatLinksUnchangedPartsAbsentOrWhole) {
  sweep_backups("nightly", kStride);
}
TEST_P(Faults, InVerifyLeaveTheBackupVerifiable) {
  sweep_verify(1);
}

TEST_P(FaultsOfPgDump, FailTheBackup) {
  for (const long at : {1, 10, 100}) {
    const Hit hit = run_with_fault(backup_of("nightly"), at, "pg_dump");
    SCOPED_TRACE(hit.call);
    ASSERT_FALSE(hit.call.empty());
    EXPECT_EQ(hit.ended.status, 1);
    EXPECT_NE(errors_in(hit.ended.out).find("pg_dump"), std::string::npos) << hit.ended.out;
    EXPECT_EQ(listed(), std::set<std::string>{good_});
    EXPECT_EQ(partial(), std::vector<std::string>());
  }
}

TEST_P(FaultsLong, AtAnyCallLeaveAFirstBackupAbsentOrWhole) {
  sweep_backups("first", 1);
}
TEST_P(FaultsLong, AtAnyCallLeaveABackupThatLinksUnchangedPartsAbsentOrWhole) {
  sweep_backups("nightly", 1);
}

INSTANTIATE_TEST_SUITE_P(Kinds, Faults, ::testing::Values("eio", "enospc", "short", "kill"), kind_name);
// Its archive goes through stdio, where the shim knows no short writes.
INSTANTIATE_TEST_SUITE_P(Kinds, FaultsOfPgDump, ::testing::Values("eio", "enospc", "kill"), kind_name);
INSTANTIATE_TEST_SUITE_P(Kinds, FaultsLong, ::testing::Values("eio", "enospc", "short", "kill"), kind_name);

}  // namespace pgassay::test
