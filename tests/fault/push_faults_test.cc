// The disk of a store errs, is full, or the machine stops, at the operations of a push on it, one after the
// other. Nothing half sent is ever listed, the repository is as it was, and the next push completes the copy.
#include <gtest/gtest.h>

#include "tests/fault/with_fault.h"
#include "tests/store/store_fixture.h"

namespace pgassay::test {
namespace {

namespace fs = std::filesystem;

class PushFaults : public ::testing::TestWithParam<const char*> {
 protected:
  PushFaults() : before_(contents_of(backup_.dir)) {
    EXPECT_EQ(world_.run_with_config({"store", "init", "vault"}).status, 0);
  }
  std::vector<std::string> push() const {
    return {PGASSAY_BINARY,          "push", "--store", "vault", "--quiet", "--jobs", "1", "--config",
            world_.config().string()};
  }
  /// As before the first push.
  void forget() const {
    const Path home = world_.nas() / world_.repository().uuid();
    for (const char* dir : {"backups", "parts"}) fs::remove_all(home / dir);
    for (const std::string& name : list_names(Place(world_.repo()) / ".stores"))
      if (name.ends_with(".sent.jsonl")) fs::remove(world_.repo() / ".stores" / name);
  }
  bool is_listed() const {
    return world_.run_with_config({"list", "--store", "vault"}).out != "no backups\n";
  }
  int bytes() const {
    return world_.run_with_config({"verify", "--all", "--store", "vault", "--bytes"}).status;
  }

  const StoreWorld world_{StoreWorld::Cipher::clear};
  const Backup backup_ = publish_sample(world_.repository());
  const std::map<std::string, std::string> before_;
};

TEST_P(PushFaults, LeaveACopyWholeOrUnlistedAndTheNextPushCompletesIt) {
  constexpr long kStep = 3;  // of operations, some of which are alike
  const std::string kind = GetParam();
  long hits = 0;
  for (long at = 1;; at += kStep) {
    forget();
    const Hit hit = run_with_fault(push(), fs::canonical(world_.nas()), kind, at);
    SCOPED_TRACE(kind + " at " + hit.call);
    if (hit.call.empty()) {
      EXPECT_EQ(hit.ended.status, 0) << hit.ended.err;
      break;
    }
    ++hits;
    if (is_listed()) {
      ASSERT_EQ(bytes(), 0);
    } else {
      EXPECT_NE(hit.ended.status, 0);
    }
    if (kind == "enospc" && hit.ended.status != 0) {
      EXPECT_EQ(hit.ended.status, 1) << hit.ended.err;
      EXPECT_NE(hit.ended.err.find("hint: "), std::string::npos) << hit.ended.err;
    }
    ASSERT_EQ(run_child(push()).status, 0);
    ASSERT_EQ(bytes(), 0);
  }
  EXPECT_GT(hits, 5);
  EXPECT_TRUE(contents_of(backup_.dir) == before_);
}

INSTANTIATE_TEST_SUITE_P(Kinds, PushFaults, ::testing::Values("enospc", "eio", "kill"),
                         [](const auto& kind) { return std::string(kind.param); });

}  // namespace
}  // namespace pgassay::test
