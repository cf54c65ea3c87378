// docs/stores.md: its commands, run as they are written there.
#include "store/kit.h"
#include "tests/fixtures/live_backup.h"
#include "tests/fixtures/runbook.h"
#include "tests/store/rgw.h"
#include "tests/store/store_fixture.h"

namespace pgassay::test {
namespace {

std::string last_script_of(const std::string& page) {
  const std::string text = read_file(Path(PGASSAY_SOURCE_DIR) / "docs" / page);
  constexpr std::string_view kOpening = "```bash\n", kClosing = "\n```";
  const std::size_t begin = text.rfind(kOpening) + kOpening.size();
  return text.substr(begin, text.find(kClosing, begin) - begin);
}

TEST(StoresPage, IsAStoryFromTheKeyToTheBareMachine) {
  const std::string url = "s3://pgassay-test/page-" + TemporaryDir().path().filename().string();
  const std::string endpoint = rgw_endpoint();
  StoreWorld world(StoreWorld::Cipher::clear, url, "endpoint = \"" + endpoint + "\"\n");
  const LiveDatabase database(
      "app", "CREATE TABLE orders AS SELECT n, md5(n::text) FROM generate_series(1, 20000) AS n");
  std::filesystem::create_directory(world.dir() / "bin");
  std::filesystem::create_symlink(PGASSAY_BINARY, world.dir() / "bin/pgassay");
  const auto parameters = database.server().connection().parameters;
  const std::map<std::string, std::string> environment = {
      {"PATH",
       (world.dir() / "bin").string() + ":" + database.server().bin_dir().string() + ":/usr/bin:/bin"},
      {"PGASSAY_CONFIG", world.config().string()},
      {"AWS_ENDPOINT_URL", endpoint},
      {"PGHOST", parameters.at("host")},
      {"PGPORT", parameters.at("port")},
      {"PGUSER", "postgres"}};
  const auto follow = [&](const std::string& heading, const std::map<std::string, std::string>& more = {}) {
    std::map<std::string, std::string> all = environment;
    for (const auto& [name, value] : more) all[name] = value;
    const Ended ended = run_section("stores.md", heading, world.dir(), all, {{"s3://backups/recyclic", url}});
    EXPECT_EQ(ended.status, 0) << heading << ": " << ended.err << ended.out;
    return ended.out;
  };
  std::string recipient = follow("Make a key");
  recipient.resize(recipient.find_last_not_of('\n') + 1);
  world.set_recipients({recipient.substr(recipient.rfind('\n') + 1)});
  ASSERT_EQ(pgassay({"backup", "--repo", world.repo(), "-d", database.conninfo(), "--source", "prod"}).status,
            0);
  follow("Set it up");
  follow("Every night");
  follow("Look at it");
  // Another machine: the key, the bucket, and nothing else.
  std::filesystem::remove_all(world.repo());
  database.server().drop_database("app");
  follow("The server is gone", {{"PGASSAY_CONFIG", "/dev/null"}});
  follow("Get a backup back", {{"PGASSAY_CONFIG", "/dev/null"}});
  EXPECT_EQ(database.server().value("app", "SELECT count(*) FROM orders"), "20000");
}

TEST(StoresPage, HasTheScriptOfTheRecoveryKit) {
  EXPECT_EQ(last_script_of("stores.md"), store::kFetchScript);
}

TEST(StoresPage, HasAScriptThatFetchesABackupWithoutPgassay) {
  for (const auto cipher : {StoreWorld::Cipher::encrypted, StoreWorld::Cipher::clear}) {
    const StoreWorld world(cipher);
    const Backup original = world.pushed_sample();
    write_new_file(world.dir() / "fetch.sh", last_script_of("stores.md"));
    const std::string backup = world.repository().uuid() + "/backups/prod/app/" + original.id.stamp;
    const Ended ended = run_child({"bash", (world.dir() / "fetch.sh").string(), world.nas().string(), backup,
                                   world.identity().string(), (world.dir() / "out").string()});
    ASSERT_EQ(ended.status, 0) << ended.err;
    EXPECT_TRUE(contents_of(Place(world.dir() / "out")) == contents_of(original.dir));
  }
}

}  // namespace
}  // namespace pgassay::test
