// A disk that errs and a machine that stops at every file operation of a prune, one after the other. However
// it goes, each backup is listed and whole, or not listed; the next prune finishes.
#include <gtest/gtest.h>

#include "tests/fault/with_fault.h"
#include "tests/fixtures/sample_backup.h"
#include "tests/fixtures/temporary_dir.h"
#include "verify/stored_bytes.h"

namespace pgassay::test {
namespace {

namespace fs = std::filesystem;
using std::chrono::days;

class PruneFaults : public ::testing::TestWithParam<const char*> {
 protected:
  std::string kind() const { return GetParam(); }
  std::vector<std::string> prune() const {
    return {PGASSAY_BINARY, "prune", "--keep-min", "1", "--quiet", "--repo", root_.string()};
  }
  Backup backup(int days_ago) const {
    return publish_sample(repository_, "prod", "app", now() - days(days_ago));
  }

  void expect_sound(const Backup& backup) const {
    verify::VerifyFindings findings;
    Observer nobody;
    verify::VerifyOptions options;
    options.jobs = 1;
    const verify::StoredBytes stored = check_stored_bytes(backup.dir, options, findings, nobody, {});
    EXPECT_EQ(overall(stored.checks), Verdict::pass) << backup.id.shown() << ": " << backup.problem;
  }

  TemporaryDir dir_;
  Path root_ = fs::canonical(dir_.path()) / "repository";
  Repository repository_ = Repository::open_or_create(root_);
};

TEST_P(PruneFaults, LeaveABackupListedAndWholeOrNotListedAndTheNextRunFinishes) {
  const Backup shared = backup(1), newest = backup(0);
  const std::string part = "data/public.orders.0000.copy.zst";
  long hits = 0;
  for (long at = 1;; ++at) {
    const Backup old = backup(20);
    ASSERT_TRUE(link_over(shared.dir / part, old.dir / part));
    const Hit hit = run_with_fault(prune(), root_, kind(), at);
    SCOPED_TRACE(kind() + " at " + hit.call);
    const std::vector<Backup> after = repository_.list();
    ASSERT_GE(after.size(), 2u);
    ASSERT_LE(after.size(), 3u);
    for (const Backup& one : after) expect_sound(one);
    if (hit.call.empty()) {
      EXPECT_EQ(hit.ended.status, 0) << hit.ended.err;
      EXPECT_EQ(after.size(), 2u);
      break;
    }
    ++hits;
    const bool of_the_trash_only = hit.ended.status == 0;  // told as a warning: the next run clears it
    if (kind() == "kill") {
      EXPECT_EQ(hit.ended.status, 137);
    } else if (!of_the_trash_only) {
      EXPECT_EQ(hit.ended.status, 1);
      EXPECT_NE(hit.ended.err.find(old.id.shown()), std::string::npos) << hit.ended.err;
      EXPECT_NE(hit.ended.err.find("Input/output error"), std::string::npos) << hit.ended.err;
    }
    EXPECT_EQ(run_child(prune()).status, 0);
    EXPECT_EQ(repository_.list().size(), 2u);
    EXPECT_TRUE(list_names(root_ / ".trash").empty());
  }
  EXPECT_GT(hits, 15) << "was the shim loaded at all?";
}

INSTANTIATE_TEST_SUITE_P(Kinds, PruneFaults, ::testing::Values("eio", "kill"),
                         [](const ::testing::TestParamInfo<const char*>& info) {
                           return std::string(info.param);
                         });

}  // namespace
}  // namespace pgassay::test
