// Recipients come and go; the identity is asked for once; the kit says how to read a store.
#include "store/kit.h"
#include "store/target.h"
#include "tests/fixtures/child.h"
#include "tests/store/store_fixture.h"

namespace pgassay::test {
namespace {

class Rekey : public testing::Test {
 protected:
  Ran rekey(std::vector<std::string> more) const {
    more.insert(more.begin(), {"store", "rekey", "vault"});
    return world_.run_with_config(more);
  }
  /// From nothing, with that identity.
  int pull(const std::string& key, const std::string& database = "app") const {
    const std::string to = "pulled-" + key + database;
    std::filesystem::remove_all(world_.dir() / to);
    return pgassay({"pull", "latest", "--database", database, "--store", world_.url(), "--identity",
                    world_.dir() / key, "--repo", world_.dir() / to},
                   {{"PGASSAY_CONFIG", "/dev/null"}})
        .status;
  }
  StoreWorld world_{StoreWorld::Cipher::encrypted};
  const std::string first_ = world_.make_key("first.key"), second_ = world_.make_key("second.key");
};

TEST_F(Rekey, ARecipientThatIsAddedOpensWhatIsOldAndWhatIsNew) {
  world_.set_recipients({first_});
  world_.pushed_sample();
  EXPECT_EQ(pull("second.key"), 4);
  world_.set_recipients({first_, second_});
  const Ran ran = rekey({"--identity", world_.dir() / "first.key"});
  ASSERT_EQ(ran.status, 0) << ran.err;
  publish_sample(world_.repository(), "prod", "later");
  ASSERT_EQ(world_.push({"--database", "later"}).status, 0);
  for (const char* key : {"first.key", "second.key"})
    for (const char* database : {"app", "later"}) EXPECT_EQ(pull(key, database), 0) << key << " " << database;
}

TEST_F(Rekey, ARecipientThatIsRemovedReadsNothingOfWhatComes) {
  world_.set_recipients({first_, second_});
  world_.pushed_sample();
  world_.set_recipients({second_});
  const Ran ran = rekey({"--new", "--identity", world_.dir() / "second.key"});
  ASSERT_EQ(ran.status, 0) << ran.err;
  publish_sample(world_.repository(), "prod", "later");
  ASSERT_EQ(world_.push({"--database", "later"}).status, 0);
  EXPECT_EQ(pull("first.key", "later"), 4);
  EXPECT_EQ(pull("first.key"), 0);
  EXPECT_EQ(pull("second.key", "later"), 0);
  EXPECT_EQ(pull("second.key"), 0);
}

TEST_F(Rekey, TheHostThatPushesMakesANewKeyWithoutAnyIdentity) {
  world_.set_recipients({first_});
  world_.pushed_sample();
  world_.set_recipients({second_});
  EXPECT_EQ(rekey({}).status, 4);
  EXPECT_EQ(rekey({"--new"}).status, 0);
  publish_sample(world_.repository(), "prod", "later");
  ASSERT_EQ(world_.push({"--database", "later"}).status, 0);
  EXPECT_EQ(pull("second.key", "later"), 0);
  EXPECT_EQ(pull("second.key"), 4);
}

TEST_F(Rekey, AKeyThatSomebodyElsePutIntoTheStoreIsNotBelieved) {
  world_.set_recipients({first_});
  world_.pushed_sample();
  // Another repository of the same id, as whoever can write to the store would make one.
  StoreWorld forger(StoreWorld::Cipher::encrypted);
  forger.repository();
  std::filesystem::copy_file(world_.repo() / "pgassay.json", forger.repo() / "pgassay.json",
                             std::filesystem::copy_options::overwrite_existing);
  publish_sample(forger.repository(), "prod", "app", parse_rfc3339("2029-01-01T00:00:00Z"));
  forger.set_recipients({first_});
  ASSERT_EQ(forger.run_with_config({"store", "init", "vault"}).status, 0);
  ASSERT_EQ(forger.run_with_config({"store", "rekey", "vault", "--new"}).status, 0);
  ASSERT_EQ(forger.push().status, 0);
  for (const std::string& name : forger.objects()) {
    if (std::filesystem::exists(world_.nas() / name)) continue;
    make_private_dirs((world_.nas() / name).parent_path());
    std::filesystem::copy_file(forger.nas() / name, world_.nas() / name);
  }
  const Ran listed = pgassay({"list", "--store", world_.url(), "--identity", world_.dir() / "first.key"},
                             {{"PGASSAY_CONFIG", "/dev/null"}});
  EXPECT_EQ(listed.status, 0) << listed.err;
  EXPECT_NE(listed.out.find("20290101T000000Z"), std::string::npos);
  EXPECT_NE(listed.out.find("UNUSABLE"), std::string::npos) << listed.out;
  ASSERT_EQ(pull("first.key"), 0);
  EXPECT_EQ(Repository::open(world_.dir() / "pulled-first.keyapp").find("latest").id.stamp,
            "20261123T020000Z");
}

/// age-plugin-count beside this file stands in for a hardware key: each time that it is asked is a line.
TEST(Identity, IsAskedForOncePerCommand) {
  StoreWorld world(StoreWorld::Cipher::encrypted);
  const Path count = world.dir() / "count";
  world.set_recipients({"age1count1qqqqqqqq2apxnm"});
  write_new_file(world.identity().parent_path() / "plugin.key", "AGE-PLUGIN-COUNT-1QQQQQQQQWDQL82\n");
  ::setenv("PATH", (std::string(PGASSAY_SOURCE_DIR) + "/tests/store:" + std::getenv("PATH")).c_str(), 1);
  ::setenv("COUNT_FILE", count.c_str(), 1);
  world.pushed_sample();
  EXPECT_FALSE(std::filesystem::exists(count));
  const std::vector<std::vector<std::string>> commands = {
      {"list"}, {"show", "latest"}, {"verify"}, {"pull", "latest", "--repo", world.dir() / "pulled"}};
  for (std::vector<std::string> words : commands) {
    std::filesystem::remove(count);
    words.insert(words.end(), {"--store", world.url(), "--identity", world.dir() / "plugin.key"});
    const Ran ran = pgassay(words, {{"PGASSAY_CONFIG", "/dev/null"}});
    EXPECT_EQ(ran.status, 0) << words[0] << ran.err;
    EXPECT_EQ(read_file(count), "asked\n") << words[0];
  }
}

TEST(RecoveryKit, HoldsWhatOneNeedsAndNoSecret) {
  const StoreWorld world(StoreWorld::Cipher::encrypted);
  world.pushed_sample();
  const Ran ran = world.run_with_config({"store", "kit", "vault"});
  ASSERT_EQ(ran.status, 0) << ran.err;
  EXPECT_EQ(ran.out.find("AGE-SECRET"), std::string::npos);
  for (const std::string& word : {world.url(), world.repository().uuid(), std::string(store::kFetchScript),
                                  read_file(world.object("/keys/1.age"))})
    EXPECT_NE(ran.out.find(word), std::string::npos) << word;
}

}  // namespace
}  // namespace pgassay::test
