// Who wrote a copy, as stock ssh-keygen says.
#include "store/local_state.h"
#include "tests/fixtures/child.h"
#include "tests/store/store_fixture.h"

namespace pgassay::test {
namespace {

/// Pushed by a host that signs; what reads has the allowed signers' file.
class SignedCopies : public testing::Test {
 protected:
  SignedCopies() {
    for (const char* name : {"sign", "other"})
      EXPECT_EQ(
          run_child({"ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", (world_.dir() / name).string()})
              .status,
          0);
    allow("allowed", "sign.pub");
  }
  void allow(const std::string& file, const std::string& key) const {
    replace_file(world_.dir() / file, "pgassay@prod " + read_file(world_.dir() / key));
  }
  Ran list(const std::string& allowed) const {
    return pgassay({"list", "--store", world_.url(), "--identity", world_.identity(), "--signers",
                    world_.dir() / allowed},
                   {{"PGASSAY_CONFIG", "/dev/null"}});
  }
  Ran pull() const { return world_.pull("pulled", {"--signers", world_.dir() / "allowed"}); }

  const StoreWorld world_{StoreWorld::Cipher::encrypted, "", "sign_key = \"sign\"\n"};
};

TEST_F(SignedCopies, SayWhoSignedThem) {
  world_.pushed_sample();
  const Ran listed = list("allowed");
  EXPECT_EQ(listed.status, 0) << listed.err;
  EXPECT_NE(listed.out.find("signed by pgassay@prod"), std::string::npos) << listed.out << listed.err;
  EXPECT_EQ(pull().status, 0);
}

TEST_F(SignedCopies, OfSomebodyElseAreReadByNoCommand) {
  world_.pushed_sample();
  allow("allowed", "other.pub");
  EXPECT_NE(list("allowed").out.find("UNUSABLE"), std::string::npos);
  EXPECT_EQ(pull().status, 3);
}

/// Whoever was a recipient knows the key of the MACs.
TEST_F(SignedCopies, AreNotThoseWhoseMacAloneIsRight) {
  world_.pushed_sample();
  const Path file = world_.object("/commit.json");
  const std::string text = read_file(file);
  const store::NamingKey naming = store::LocalState(world_.repository()).naming_key();
  store::Commit commit = store::parse_commit(text, "commit", &naming);
  overwrite(file, store::to_json(commit, naming));
  EXPECT_EQ(world_.pull("without").status, 0);
  EXPECT_EQ(pull().status, 3);
  // Another's words over the signature of the true ones.
  const auto part = store::signed_part(text);
  ASSERT_TRUE(part);
  commit.pushed = now();
  overwrite(file, store::to_json(commit, naming, [&](const std::string&) { return part->signature; }));
  EXPECT_EQ(pull().status, 3);
  overwrite(file, text);
  EXPECT_EQ(pull().status, 0);
}

TEST_F(SignedCopies, AreCheckedByStockTools) {
  world_.pushed_sample();
  // As docs/stores.md has it.
  const Ended checked = run_child(
      {"bash", "-euc",
       "cd \"$1\"; jq -r .signature \"$2\" > signature; sed '/^\"signature\": /,$d' \"$2\" | head -c -2 | "
       "ssh-keygen -Y verify -f allowed -I pgassay@prod -n pgassay -s signature",
       "check", world_.dir().string(), world_.object("/commit.json").string()});
  EXPECT_EQ(checked.status, 0) << checked.err << checked.out;
}

TEST_F(SignedCopies, AreNotMadeWithoutTheKey) {
  std::filesystem::remove(world_.dir() / "sign");
  std::filesystem::remove(world_.dir() / "sign.pub");
  publish_sample(world_.repository());
  ASSERT_EQ(world_.run_with_config({"store", "init", "vault"}).status, 0);
  const Ran ran = world_.push();
  EXPECT_EQ(ran.status, 2) << ran.err;
  EXPECT_FALSE(std::filesystem::exists(world_.nas() / world_.repository().uuid() / "parts"));
}

}  // namespace
}  // namespace pgassay::test
