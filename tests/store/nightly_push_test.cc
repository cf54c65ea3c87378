// nightly copies what it took off the host, and says when it could not.
#include <nlohmann/json.hpp>

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
  std::this_thread::sleep_for(std::chrono::seconds(1));  // another stamp
  EXPECT_EQ(night(0), "backup done, verify done, push done, drill not due, prune done");
  EXPECT_EQ(copies(), 2u);
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
