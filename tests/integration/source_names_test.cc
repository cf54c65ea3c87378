// README's first backup has the name that pgassay gives without a configuration; nightly's has the configured
// one.
#include <gtest/gtest.h>

#include "tests/fixtures/hinted.h"
#include "tests/fixtures/live_backup.h"

namespace pgassay::test {
namespace {

/// A backup of source local, then a night of prod.
class FirstBackups : public testing::Test {
 protected:
  FirstBackups() {
    replace_file(config(),
                 "metrics_file = \"pgassay.prom\"\n[drill]\nengine = \"local\"\n[source.prod]\ndbname = \"" +
                     database_.conninfo() + "\"\n");
    EXPECT_EQ(vault_.run({"backup", "-q", "-d", database_.conninfo()}).status, 0);
    EXPECT_EQ(run({"nightly", "prod", "-q"}).status, 0);
  }
  Path config() const { return dir_.path() / "pgassay.toml"; }
  Ran run(std::vector<std::string> words) const {
    words.insert(words.end(), {"--config", config().string()});
    return vault_.run(words);
  }
  /// The command of status's hint that begins so.
  Ended do_as_told(const std::string& what) const {
    const Ran status = run({"status"});
    EXPECT_EQ(status.status, 0) << status.out << status.err;
    for (const std::string& command : commands_in(status.out))
      if (command.starts_with("pgassay " + what)) return run_hinted(command);
    ADD_FAILURE() << status.out;
    return {};
  }

  TemporaryDir dir_;
  Vault vault_;
  LiveDatabase database_{"app", "CREATE TABLE t AS SELECT generate_series(1, 1000) AS i"};
};

TEST_F(FirstBackups, AreTheSourcesOnceStatusWasObeyed) {
  EXPECT_EQ(run({"verify", "-q"}).status, 2) << "latest of which?";
  const Ended ended = do_as_told("source alias");
  ASSERT_EQ(ended.status, 0) << ended.err;

  const Ran status = run({"status"});
  EXPECT_EQ(status.status, 0) << status.out;
  EXPECT_EQ(status.out.find("local"), std::string::npos) << status.out;
  EXPECT_NE(
      run({"status", "--metrics", "-"}).out.find("pgassay_backups{source=\"prod\",database=\"app\"} 2\n"),
      std::string::npos);
  EXPECT_EQ(run({"status", "local"}).status, 0);
  EXPECT_EQ(run({"verify", "-q"}).status, 0) << "there is one database now";
  EXPECT_EQ(run({"verify", "-q", "local/app/latest"}).status, 0);
  const Ran kept = run({"prune", "--dry-run", "--source", "prod", "--keep-days", "0", "--keep-min", "1"});
  EXPECT_EQ(kept.status, 0) << kept.err;
  EXPECT_NE(kept.out.find("local/app/"), std::string::npos) << kept.out;
  EXPECT_EQ(
      run({"restore", "latest", "-q", "--create", "--into", "app_copy", "-d", database_.conninfo()}).status,
      0);
  EXPECT_EQ(run({"nightly", "prod", "-q"}).status, 0);
  EXPECT_EQ(run({"report", "-q", "--output", (dir_.path() / "page.html").string()}).status, 0);
  EXPECT_EQ(read_file(dir_.path() / "page.html").find("not configured"), std::string::npos);
  EXPECT_EQ(run({"source", "reset", "local"}).status, 0);
  EXPECT_NE(run({"status"}).out.find("not configured"), std::string::npos);
}

TEST_F(FirstBackups, AreForgottenWhereStatusIsObeyedInThat) {
  ASSERT_EQ(do_as_told("source forget").status, 0);
  const Ran status = run({"status"});
  EXPECT_EQ(status.status, 0);
  EXPECT_EQ(status.out.find("local"), std::string::npos) << status.out;
  EXPECT_NE(run({"list"}).out.find("local/app/"), std::string::npos) << "it stays";
}

TEST_F(FirstBackups, OfNobodyAreNoAlias) {
  for (const auto& [words, why] : std::vector<std::pair<std::vector<std::string>, std::string>>{
           {{"alias", "locl", "--of", "prod"}, "did you mean 'local'?"},
           {{"alias", "local", "--of", "prd"}, "no backup is filed under prd"},
           {{"alias", "prod", "--of", "local"}, "is a source of the configuration"},
           {{"alias", "local", "--of", "local"}, "no alias of itself"},
           {{"forget", "prod"}, "is a source of the configuration"},
           {{"reset", "local"}, "neither an alias nor forgotten"}}) {
    std::vector<std::string> command = {"source"};
    command.insert(command.end(), words.begin(), words.end());
    const Ran ran = run(command);
    EXPECT_EQ(ran.status, 2) << ran.err;
    EXPECT_NE(ran.err.find(why), std::string::npos) << ran.err;
  }
}

}  // namespace
}  // namespace pgassay::test
