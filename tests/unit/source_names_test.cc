#include "core/repository/source_names.h"

#include <gtest/gtest.h>

#include "core/repository/repository.h"
#include "nightly/metrics.h"
#include "nightly/watch.h"
#include "retention/prune.h"
#include "tests/fixtures/sample_backup.h"
#include "tests/fixtures/temporary_dir.h"
#include "tests/fixtures/tonight.h"

namespace pgassay {
namespace {

using std::chrono::days;
using std::chrono::hours;

/// README's first backup, filed under local, and three nights of prod.
struct SourceNamesTest : testing::Test {
  test::TemporaryDir temporary;
  Path root = temporary.path() / "repo";
  Backup first = publish("local", 4);

  SourceNamesTest() {
    for (const int ago : {3, 2, 1}) publish("prod", ago);
  }
  Backup publish(const std::string& source, int days_ago) const {
    return test::publish_sample(Repository::open_or_create(root), source, "app",
                                kNow - hours(1) - days(days_ago));
  }
  Repository repository() const { return Repository::open(root); }
  Place place() const { return Place(root); }
  static nightly::WatchOptions configured() {
    nightly::WatchOptions options;
    options.sources["prod"].database = "app";
    options.sources["prod"].rules.max_age = days(36500);
    return options;
  }
  std::vector<nightly::DatabaseStatus> statuses(const std::vector<std::string>& wanted = {}) const {
    return statuses_of(look_closely(configured(), repository(), wanted));
  }
};

TEST_F(SourceNamesTest, BackupsUnderAnAliasAreTheSources) {
  EXPECT_EQ(repository().list({"prod", "app"}).size(), 3u);
  EXPECT_THROW(repository().find("latest"), UsageError) << "of two databases";
  make_alias(place(), "local", "prod");
  const std::vector<Backup> all = repository().list({"prod", "app"});
  ASSERT_EQ(all.size(), 4u);
  EXPECT_EQ(all[0].id, first.id) << "the oldest, by its own name";
  EXPECT_EQ(all[0].source(), "prod");
  EXPECT_EQ(repository().list({"local", ""}).size(), 4u);
  EXPECT_EQ(repository().find("latest").id, all[3].id);
  EXPECT_EQ(repository().find("local/app/latest").id, all[3].id);
  EXPECT_EQ(repository().find(first.id.shown()).id, first.id);
  EXPECT_EQ(repository().find("prod/app/" + first.id.stamp).id, first.id);
  EXPECT_EQ(retention::databases_in(repository(), {}),
            (std::vector<retention::DatabaseName>{{"prod", "app"}}));

  const Backup newer = publish("local", 0);
  EXPECT_EQ(repository().newest("prod", "app")->id, newer.id);
  EXPECT_TRUE(reset_source_name(place(), "local"));
  EXPECT_FALSE(reset_source_name(place(), "local"));
  EXPECT_EQ(repository().newest("prod", "app")->id, all[3].id);
}

TEST_F(SourceNamesTest, APruneCountsThemToo) {
  retention::PruneOptions options;
  options.policy.keep_min = 3;
  options.policy.keep_days = 0;
  options.policy.max_delete_fraction = 1;
  Observer nobody;
  EXPECT_EQ(prune(repository(), {"local", "app"}, options, kNow, nobody, {}).backups.size(), 1u);
  EXPECT_TRUE(exists(first.dir)) << "the only one of its source";
  make_alias(place(), "local", "prod");
  prune(repository(), {"prod", "app"}, options, kNow, nobody, {});
  EXPECT_FALSE(exists(first.dir));
  EXPECT_EQ(repository().list().size(), 3u);
}

TEST_F(SourceNamesTest, ABackupMayLieUnderAnyNameOfItsSource) {
  const Path moved = root / "prod/app" / first.id.stamp;
  std::filesystem::rename(first.dir.path(), moved);
  EXPECT_TRUE(repository().list({"prod", ""}).at(0).says);
  EXPECT_THROW(read_manifest(place() / ("prod/app/" + first.id.stamp)), BadBackup);
  make_alias(place(), "local", "prod");
  EXPECT_EQ(repository().find("prod/app/" + first.id.stamp).dir.path(), moved);
  EXPECT_NO_THROW(read_manifest(place() / ("prod/app/" + first.id.stamp)));
}

TEST_F(SourceNamesTest, StatusSaysWhatToDoWithASourceThatNobodyConfigured) {
  ASSERT_EQ(statuses().size(), 2u);
  EXPECT_EQ(statuses()[0].source, "local");
  EXPECT_NE(statuses()[0].unclaimed.find("pgassay source alias local --of prod"), std::string::npos)
      << statuses()[0].unclaimed;
  EXPECT_EQ(statuses()[1].unclaimed, "");

  forget_source(place(), "local");
  ASSERT_EQ(statuses().size(), 1u);
  EXPECT_EQ(statuses({"local"}).size(), 1u) << "who asks for it is answered";

  make_alias(place(), "local", "prod");
  ASSERT_EQ(statuses().size(), 1u);
  EXPECT_EQ(statuses()[0].backups, 4u);
  EXPECT_EQ(statuses({"local"}).at(0).source, "prod");
  EXPECT_NE(nightly::metrics_text(statuses(), {}, kNow)
                .find("pgassay_backups{source=\"prod\",database=\"app\"} 4\n"),
            std::string::npos);
}

TEST_F(SourceNamesTest, AFileThatIsNotItsNamesIsRefused) {
  make_alias(place(), "local", "prod");
  std::filesystem::rename(root / ".sources/local.json", root / ".sources/other.json");
  try {
    repository();
    FAIL() << "it was read";
  } catch (const BadBackup& error) {
    EXPECT_NE(error.hint().find("rm "), std::string::npos) << error.hint();
  }
}

}  // namespace
}  // namespace pgassay
