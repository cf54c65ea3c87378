// What is pushed comes back, and nothing else does.
#include "store/push.h"

#include "store/target.h"
#include "tests/fixtures/live_backup.h"
#include "tests/fixtures/tamper.h"
#include "tests/store/rgw.h"
#include "tests/store/store_fixture.h"

namespace pgassay::test {
namespace {

using Cipher = StoreWorld::Cipher;

class PushAndPull : public testing::TestWithParam<std::pair<Cipher, bool>> {
 protected:
  static std::string url() {
    if (!GetParam().second) return {};
    return "s3://pgassay-test/push-" + TemporaryDir().path().filename().string();
  }
  static std::string more() {
    if (!GetParam().second) return {};
    ::setenv("AWS_ENDPOINT_URL", rgw_endpoint().c_str(), 1);
    return "endpoint = \"" + rgw_endpoint() + "\"\n";
  }
  const std::string more_ = more();
  const StoreWorld world_{GetParam().first, url(), more_};
};

INSTANTIATE_TEST_SUITE_P(Directory, PushAndPull,
                         testing::Values(std::pair(Cipher::clear, false),
                                         std::pair(Cipher::encrypted, false)));
INSTANTIATE_TEST_SUITE_P(Rgw, PushAndPull,
                         testing::Values(std::pair(Cipher::clear, true), std::pair(Cipher::encrypted, true)));

TEST_P(PushAndPull, GiveTheSameBackupBack) {
  const Backup original = world_.pushed_sample();
  const Ran pulled = world_.pull();
  ASSERT_EQ(pulled.status, 0) << pulled.err;
  const Backup copy = Repository::open(world_.dir() / "pulled").find("latest");
  EXPECT_EQ(copy.id, original.id);
  EXPECT_TRUE(contents_of(copy.dir) == contents_of(original.dir));
}

TEST_P(PushAndPull, CarryRowsOfALiveDatabase) {
  const LiveDatabase database("pushed", R"(
    CREATE TABLE big AS SELECT n, md5(n::text) || md5((-n)::text) AS text FROM generate_series(1, 40000) AS n;
    CREATE TABLE small AS SELECT 1 AS one; CREATE TABLE empty (nothing int);
    SELECT lo_from_bytea(0, 'an object');)");
  const auto back_up = [&] {
    const Ran ran =
        pgassay({"backup", "--repo", world_.repo(), "-d", database.conninfo(), "--source", "test"});
    ASSERT_EQ(ran.status, 0) << ran.err;
  };
  back_up();
  ASSERT_EQ(world_.run_with_config({"store", "init", "vault"}).status, 0);
  const Ran first = world_.push({"--json"});
  ASSERT_EQ(first.status, 0) << first.err;
  ASSERT_EQ(world_.pull().status, 0);
  const Ran verified = pgassay({"verify", "--repo", world_.dir() / "pulled"});
  EXPECT_EQ(verified.status, 0) << verified.err << verified.out;
  // The second night sends what is new: one part has another row.
  database.psql("INSERT INTO small VALUES (2)");
  back_up();
  const Ran second = world_.push({"--json"});
  ASSERT_EQ(second.status, 0) << second.err;
  EXPECT_NE(second.out.find("\"objects_sent\": 2,"), std::string::npos) << second.out;
  EXPECT_EQ(second.out.find("\"objects_known\": 0,"), std::string::npos) << second.out;
  const Ran checked = world_.run_with_config({"verify", "--all", "--store", "vault", "--bytes"});
  EXPECT_EQ(checked.status, 0) << checked.err;
}

class PushTest : public testing::Test {
 protected:
  Ran init() const { return world_.run_with_config({"store", "init", "vault"}); }
  Ran bytes() const { return world_.run_with_config({"verify", "--all", "--store", "vault", "--bytes"}); }

  StoreWorld world_{Cipher::encrypted};
};

TEST_F(PushTest, NothingOfTheDatabaseIsReadableInTheStore) {
  world_.pushed_sample();
  const std::string clear_names[] = {"public", "orders", "AGE-SECRET", "CREATE"};
  for (const std::string& name : world_.objects()) {
    const std::string text = read_file(world_.nas() / name);
    for (const std::string& word : clear_names)
      EXPECT_EQ(text.find(word), std::string::npos) << word << " in " << name;
    EXPECT_TRUE(name.ends_with(".age") || name.ends_with("/store.json") || name.ends_with("/commit.json"))
        << name;
  }
}

TEST_F(PushTest, TheServerHasNoSecretThatOpensIt) {
  world_.pushed_sample();
  for (const std::string& file : list_files(world_.repo()))
    EXPECT_EQ(read_file(world_.repo() / file).find("AGE-SECRET"), std::string::npos) << file;
  const Ran pulled = pgassay({"pull", "latest", "--store", world_.url(), "--repo", world_.dir() / "p"},
                             {{"PGASSAY_CONFIG", "/dev/null"}});
  EXPECT_EQ(pulled.status, 4) << pulled.err;
  EXPECT_NE(pulled.err.find("hint: "), std::string::npos);
}

TEST_F(PushTest, AStoreWrittenByANewerPgassayIsToldAndNotCalledDamaged) {
  world_.pushed_sample();
  const Path commit = world_.object("/commit.json");
  std::string text = read_file(commit);
  const std::string old = "\"format\": 1";
  ASSERT_NE(text.find(old), std::string::npos) << text;
  overwrite(commit, text.replace(text.find(old), old.size(), "\"format\": 99"));
  for (const char* command : {"verify", "restore", "drill", "show"}) {
    std::vector<std::string> words = {command, "latest", "--store", "vault", "--identity", world_.identity()};
    if (command == std::string("restore")) words.insert(words.end(), {"-d", "dbname=nothing", "--create"});
    const Ran ran = world_.run_with_config(words);
    EXPECT_EQ(ran.status, 4) << command << ": " << ran.out << ran.err;
    EXPECT_NE(ran.err.find("written by a newer pgassay: its format is 99"), std::string::npos) << ran.err;
  }
}

TEST_F(PushTest, StockAgeOpensEveryObject) {
  world_.pushed_sample();
  const Path key = world_.dir() / "store.key";
  const auto age = [&](const Path& identity, const Path& object) {
    return run({.argv = {"age", "-d", "-i", identity, object}, .env = {}, .input = {}}, {});
  };
  write_new_file(key, age(world_.identity(), world_.object("/keys/1.age")).out);
  unsigned opened = 0;
  for (const std::string& name : world_.objects()) {
    if (!name.ends_with(".age") || name.find("/keys/") != std::string::npos) continue;
    EXPECT_TRUE(age(key, world_.nas() / name).ok()) << name;
    ++opened;
  }
  EXPECT_GE(opened, 2u);
}

TEST_F(PushTest, AWrongIdentityIsOneClearLine) {
  world_.pushed_sample();
  world_.make_key("other.key");
  const Ran pulled = pgassay({"pull", "latest", "--store", world_.url(), "--identity",
                              world_.dir() / "other.key", "--repo", world_.dir() / "p"},
                             {{"PGASSAY_CONFIG", "/dev/null"}});
  EXPECT_EQ(pulled.status, 4) << pulled.err;
  EXPECT_NE(pulled.err.find("other.key"), std::string::npos) << pulled.err;
}

TEST_F(PushTest, EachRecipientOpensIt) {
  world_.set_recipients({world_.make_key("first.key"), world_.make_key("second.key")});
  world_.pushed_sample();
  for (const char* key : {"first.key", "second.key"})
    EXPECT_EQ(pgassay({"list", "--store", world_.url(), "--identity", world_.dir() / key},
                      {{"PGASSAY_CONFIG", "/dev/null"}})
                  .status,
              0);
}

TEST_F(PushTest, WhatIsThereIsNotSentAgain) {
  world_.pushed_sample();
  const auto before = world_.objects();
  const Ran again = world_.push();
  EXPECT_EQ(again.status, 0) << again.err;
  EXPECT_NE(again.out.find("already"), std::string::npos) << again.out;
  EXPECT_EQ(world_.objects(), before);
}

TEST_F(PushTest, ADryRunSendsNothing) {
  publish_sample(world_.repository());
  ASSERT_EQ(init().status, 0);
  const auto before = world_.objects();
  const Ran ran = world_.push({"--dry-run"});
  EXPECT_EQ(ran.status, 0) << ran.err;
  EXPECT_NE(ran.out.find("would push"), std::string::npos) << ran.out;
  EXPECT_EQ(world_.objects(), before);
}

/// Fails after so many objects, as if the process had been killed there.
class FailingStore : public Store {
 public:
  FailingStore(Store& store, int left) : store_(store), left_(left) {}
  Put put_new(const std::string& name, const ObjectBody& body, const std::stop_token& stop) override {
    if (left_-- <= 0) throw Error("the line is dead");
    return store_.put_new(name, body, stop);
  }
  bool get(const std::string& name, const std::function<void(Bytes)>& sink,
           const std::stop_token& stop) override {
    return store_.get(name, sink, stop);
  }
  std::optional<std::uint64_t> head(const std::string& name, const std::stop_token& stop) override {
    return store_.head(name, stop);
  }
  Listing list(const std::string& prefix, Depth depth, const std::stop_token& stop) override {
    return store_.list(prefix, depth, stop);
  }
  bool remove(const std::string& name, const std::stop_token& stop) override {
    return store_.remove(name, stop);
  }
  std::string where() const override { return store_.where(); }
  std::optional<Seconds> clock_ahead() const override { return {}; }

 private:
  Store& store_;
  int left_;
};

TEST_F(PushTest, ThatWasCutListsNothingAndGoesOnWhereItWas) {
  const Backup backup = publish_sample(world_.repository());
  ASSERT_EQ(init().status, 0);
  const auto store = open_store({.url = world_.url()});
  const store::PushOptions options{
      .name = "vault", .jobs = 1, .encrypted = true, .dry_run = false, .tool_version = "test"};
  Recorder recorder;
  std::uint64_t known = 0;
  int cuts = 0;
  for (int puts = 0;; ++puts) {
    FailingStore failing(*store, puts);
    try {
      const store::Pushed pushed = store::push(failing, world_.repository(), backup, options, recorder, {});
      known = pushed.objects_known;
      break;
    } catch (const Error&) {
      ++cuts;
      const Ran listed = world_.run_with_config({"list", "--store", "vault"});
      EXPECT_EQ(listed.out, "no backups\n");
    }
  }
  EXPECT_GE(cuts, 2);
  EXPECT_GE(known, 1u);
  EXPECT_EQ(bytes().status, 0);
  EXPECT_EQ(world_.pull().status, 0);
}

TEST_F(PushTest, OfAFileThatRottedIsRefused) {
  const Backup backup = publish_sample(world_.repository());
  ASSERT_EQ(init().status, 0);
  const Manifest manifest = read_manifest(backup.dir);
  flip_a_bit(backup.dir.path() / manifest.stored_files().back().file);
  const Ran ran = world_.push();
  EXPECT_EQ(ran.status, 3) << ran.err;
  EXPECT_EQ(world_.run_with_config({"list", "--store", "vault"}).out, "no backups\n");
}

TEST_F(PushTest, ASecondOneAtTheSameTimeIsTold) {
  const Backup backup = publish_sample(world_.repository());
  ASSERT_EQ(init().status, 0);
  const auto store = open_store({.url = world_.url()});
  const auto marker = store::read_marker(*store, world_.repository().uuid(), {});
  const Fd held = store::LocalState(world_.repository()).lock(marker->store_id);
  EXPECT_EQ(world_.push().status, 5);
}

TEST_F(PushTest, IntoAStoreThatIsNotSetUpIsRefused) {
  publish_sample(world_.repository());
  const Ran ran = world_.push();
  EXPECT_EQ(ran.status, 2) << ran.err;
  EXPECT_NE(ran.err.find("store init"), std::string::npos);
  std::filesystem::remove_all(world_.nas());
  EXPECT_EQ(world_.push().status, 2);
  EXPECT_FALSE(std::filesystem::exists(world_.nas()));
}

TEST_F(PushTest, InClearIntoAnEncryptedStoreIsRefused) {
  world_.pushed_sample();
  publish_sample(world_.repository(), "prod", "other");
  world_.set_recipients({});
  const Ran ran = world_.push({"--database", "other"});
  EXPECT_EQ(ran.status, 6) << ran.err;
  EXPECT_EQ(world_.run_with_config({"store", "init", "vault"}).status, 6);
}

TEST_F(PushTest, AKeyOfTheStoreItselfIsNotBelieved) {
  publish_sample(world_.repository());
  ASSERT_EQ(init().status, 0);
  std::filesystem::remove_all(world_.repo() / ".stores");
  EXPECT_EQ(world_.push().status, 6);
}

TEST_F(PushTest, WhatIsMissingCutOrExchangedIsNamed) {
  world_.pushed_sample();
  const Path part = world_.object("/parts/");
  const std::string name = part.filename().string(), whole = read_file(part);
  const auto expect_found = [&](const std::string& kind) {
    const Ran ran = bytes();
    EXPECT_EQ(ran.status, 3);
    EXPECT_NE(ran.out.find(name + ": " + kind), std::string::npos) << ran.out;
    EXPECT_EQ(world_.pull("p-" + kind).status, 3);
    EXPECT_TRUE(Repository::open(world_.dir() / ("p-" + kind)).list().empty());
  };
  overwrite(part, whole.substr(0, whole.size() - 1));
  expect_found("size");
  overwrite(part, std::string(whole.size(), 'x'));
  expect_found("sha256");
  std::filesystem::remove(part);
  expect_found("missing");
}

TEST_F(PushTest, ACommitObjectOfSomebodyElseIsReadByNoCommand) {
  world_.pushed_sample();
  const Path commit = world_.object("/commit.json");
  const std::string text = read_file(commit);
  const auto expect_refused = [&](const std::string& what) {
    EXPECT_EQ(world_.pull("p-" + what).status, 3) << what;
    const Ran listed = world_.run_with_config({"list", "--store", "vault"});
    EXPECT_NE(listed.out.find("UNUSABLE"), std::string::npos) << what;
    EXPECT_EQ(bytes().status, 3) << what;
  };
  std::string edited = text;
  edited.replace(edited.find("\"bytes\": ") + 9, 1, "9");
  overwrite(commit, edited);
  expect_refused("edited");
  store::Commit forged = store::parse_commit(text, "commit", nullptr);
  forged.pushed = now();
  overwrite(commit, store::to_json(forged, store::NamingKey{std::string(32, 'x')}));
  expect_refused("forged");
  overwrite(commit, text.substr(0, text.size() / 2));
  expect_refused("cut");
  overwrite(commit, text);
  EXPECT_EQ(bytes().status, 0);
}

TEST_F(PushTest, ACommitObjectInAnotherBackupsPlaceIsRefused) {
  world_.pushed_sample();
  const Path commit = world_.object("/commit.json");
  const Path elsewhere = commit.parent_path().parent_path() / "20300101T000000Z" / "commit.json";
  make_private_dirs(elsewhere.parent_path());
  write_new_file(elsewhere, read_file(commit));
  const Ran listed = world_.run_with_config({"list", "--store", "vault", "--json"});
  EXPECT_NE(listed.out.find("of another backup"), std::string::npos) << listed.out;
  EXPECT_EQ(world_.pull().status, 0);
  EXPECT_EQ(Repository::open(world_.dir() / "pulled").find("latest").id.stamp, "20261123T020000Z");
}

TEST_F(PushTest, AStoreOfANewerPgassayIsSaidToBeOne) {
  world_.pushed_sample();
  const Path marker = world_.object("/store.json");
  std::string text = read_file(marker);
  text.replace(text.find("\"format\": 1"), 11, "\"format\": 2");
  overwrite(marker, text);
  publish_sample(world_.repository(), "prod", "other");
  EXPECT_EQ(world_.push({"--database", "other"}).status, 4);
}

TEST_F(PushTest, ABackupThatIsHereAlreadyIsNotPulledOverIt) {
  world_.pushed_sample();
  ASSERT_EQ(world_.pull().status, 0);
  EXPECT_EQ(world_.pull().status, 1);
}

TEST_F(PushTest, AStoreIsTried) {
  publish_sample(world_.repository());
  ASSERT_EQ(init().status, 0);
  const Ran ran = world_.run_with_config({"store", "check", "vault", "--json"});
  EXPECT_EQ(ran.status, 0) << ran.err;
  EXPECT_NE(ran.out.find("\"create-only\""), std::string::npos) << ran.out;
}

}  // namespace
}  // namespace pgassay::test
