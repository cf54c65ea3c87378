#include "core/repository/names.h"

#include <gtest/gtest.h>

#include <set>

#include "core/system/files.h"
#include "tests/fixtures/sample_backup.h"
#include "tests/fixtures/temporary_dir.h"

namespace pgassay {
namespace {

struct Names : testing::Test {
  test::TemporaryDir temporary;
  Path root = temporary.path() / "repo";
  Repository repository = Repository::open_or_create(root);
};

TEST_F(Names, ThatWouldFoldIntoOneGetTwoDirectories) {
  const Backup upper = test::publish_sample(repository, "prod", "App");
  const Backup lower = test::publish_sample(repository, "prod", "app");
  EXPECT_EQ(upper.dir.parent_path().filename(), "App");
  EXPECT_TRUE(lower.dir.parent_path().filename().starts_with("app~")) << lower.dir.string();
  std::set<std::string> folded_names;
  for (const std::string& name : list_names(root / "prod"))
    EXPECT_TRUE(folded_names.insert(folded(name)).second);
  ASSERT_EQ(repository.list({"prod", "app"}).size(), 1u);
  EXPECT_EQ(repository.find("latest", {"prod", "app"}).id.database, "app");
  EXPECT_EQ(repository.find("latest", {"prod", "App"}).id.database, "App");
  EXPECT_EQ(repository.newest("prod", "app")->dir, lower.dir);
  // The next night goes to the same place.
  const Backup next = test::publish_sample(repository, "prod", "app", now() + std::chrono::hours(1));
  EXPECT_EQ(next.dir.parent_path(), lower.dir.parent_path());
}

TEST_F(Names, OfBeforeTheyWerePortableAreReadAndGoneOnWith) {
  const Backup made = test::publish_sample(repository, "prod", "Größe a:b");
  EXPECT_EQ(made.dir.parent_path().filename(), "Gr%C3%B6%C3%9Fe%20a%3Ab");
  std::filesystem::rename(root / "prod" / "Gr%C3%B6%C3%9Fe%20a%3Ab", root / "prod" / "Größe a:b");
  const Backup old = repository.find("latest");
  EXPECT_EQ(old.id.database, "Größe a:b");
  EXPECT_EQ(read_manifest(old.dir).summary.id.database, "Größe a:b");
  const Backup next = test::publish_sample(repository, "prod", "Größe a:b", now() + std::chrono::hours(1));
  EXPECT_EQ(next.dir.parent_path(), old.dir.parent_path());
}

TEST_F(Names, OfADamagedBackupAreToldFromItsDirectory) {
  test::publish_sample(repository, "prod", "App");
  const Backup lower = test::publish_sample(repository, "prod", "app");
  test::overwrite(lower.dir.path() / kManifestFile, "{");
  EXPECT_EQ(repository.list({"prod", "app"}).at(0).id.database, "app");
}

TEST_F(Names, OfPartsThatWouldFoldIntoOneAreKeptApart) {
  const std::string one = part_file({"public", "App"}, 0), other = part_file({"public", "app"}, 0);
  ASSERT_EQ(folded(one), folded(other));
  const std::string apart = part_file_apart({"public", "app"}, 0, RowFormat::text);
  EXPECT_NE(folded(one), folded(apart));
  EXPECT_TRUE(apart.starts_with("data/public.app~") && apart.ends_with(".0000.copy.zst")) << apart;
}

}  // namespace
}  // namespace pgassay
