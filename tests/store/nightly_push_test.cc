// nightly copies what it took off the host, and says when it could not.
#include <nlohmann/json.hpp>

#include "tests/fixtures/hinted.h"
#include "tests/fixtures/json_schema.h"
#include "tests/fixtures/live_backup.h"
#include "tests/store/store_fixture.h"

namespace pgassay::test {
namespace {

using nlohmann::json;

class NightlyPush : public testing::Test {
 protected:
  NightlyPush() {
    replace_file(world_.config(), read_file(world_.config()) +
                                      "[source.test]\npush = [\"vault\"]\ndbname = \"" +
                                      database_.conninfo() + "\"\n");
  }
  /// Outcome of each step, as in "backup done, push done".
  std::string night(int status) const {
    const Ran ran = world_.run_with_config({"nightly", "test", "--json"});
    EXPECT_EQ(ran.status, status) << ran.err;
    std::string text;
    const json document = json::parse(ran.out);
    for (const json& step : document.at("nights").at(0).at("steps"))
      text += (text.empty() ? "" : ", ") + step.at("name").get<std::string>() + " " +
              step.at("outcome").get<std::string>();
    return text;
  }
  std::vector<Path> evidence() const {
    std::vector<Path> files;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(world_.repo()))
      if (entry.path().string().ends_with(".store.json")) files.push_back(entry.path());
    return files;
  }
  std::size_t evidence_of_copies() const {
    const std::string schema = read_file(Path(PGASSAY_SOURCE_DIR) / "docs/evidence.schema.json");
    for (const Path& file : evidence())
      EXPECT_EQ(schema_violations(schema, read_file(file)), std::vector<std::string>()) << file;
    return evidence().size();
  }
  std::size_t copies() const {
    const Ran listed = world_.run_with_config({"list", "--store", "vault", "--json"});
    return json::parse(listed.out).at("copies").size();
  }

  const StoreWorld world_{StoreWorld::Cipher::encrypted};
  const LiveDatabase database_{"nightly_push", "CREATE TABLE t AS SELECT generate_series(1, 1000) AS i"};
};

TEST_F(NightlyPush, CopiesTheNewBackupAndThoseThatAnEarlierNightCouldNot) {
  EXPECT_EQ(night(2), "backup done, verify done, push failed, drill not due, prune done");  // not set up
  const Ran status = world_.run_with_config({"status"});
  EXPECT_NE(status.out.find("push failed"), std::string::npos) << status.out;
  ASSERT_EQ(world_.run_with_config({"store", "init", "vault"}).status, 0);
  EXPECT_EQ(night(0), "backup done, verify done, push done, drill not due, prune done");
  EXPECT_EQ(copies(), 2u);
  EXPECT_EQ(evidence_of_copies(), 2u);
}

TEST_F(NightlyPush, OfCopiesThatDoNotComeStatusTellsAndWhatThenHelps) {
  ASSERT_EQ(world_.run_with_config({"backup", "test"}).status, 0);
  ASSERT_EQ(world_.run_with_config({"store", "init", "vault"}).status, 0);
  const Ran told = world_.run_with_config({"status", "--json"});
  const json concern = json::parse(told.out).at("status").at(0).at("concerns").back();
  EXPECT_EQ(concern.at("kind"), "uncopied") << told.out;
  const std::string hint = concern.at("hint");
  EXPECT_EQ(run_hinted(hint).status, 0) << hint;

  const Ran status = world_.run_with_config({"status", "--json"});
  const json now = json::parse(status.out).at("status").at(0);
  EXPECT_EQ(now.at("copied").at("vault"), now.at("taken"));
  for (const json& one : now.at("concerns")) EXPECT_NE(one.at("kind"), "uncopied") << one;
  EXPECT_NE(world_.run_with_config({"show", "latest"}).out.find("to vault, "), std::string::npos);

  EXPECT_EQ(world_.run_with_config({"verify", "latest"}).status, 0) << "it is part of the backup";

  // Of a pgassay that noted no copies: the next push finds it there, and notes it.
  for (const Path& file : evidence()) std::filesystem::remove(file);
  EXPECT_EQ(world_.run_with_config({"push", "--missing", "--store", "vault", "--dry-run"}).status, 0);
  EXPECT_EQ(evidence_of_copies(), 0u);
  for (int again = 0; again < 2; ++again)
    EXPECT_EQ(world_.run_with_config({"push", "--missing", "--store", "vault"}).status, 0);
  EXPECT_EQ(evidence_of_copies(), 1u);
}

TEST_F(NightlyPush, AStoreThatIsNotConfiguredIsToldBeforeAnythingIsDone) {
  std::string text = read_file(world_.config());
  text.replace(text.find("[\"vault\"]"), 9, "[\"valt\"]");
  replace_file(world_.config(), text);
  const Ran ran = world_.run_with_config({"nightly", "test"});
  EXPECT_EQ(ran.status, 2) << ran.err;
  EXPECT_FALSE(std::filesystem::exists(world_.repo() / "test"));
}

}  // namespace
}  // namespace pgassay::test
