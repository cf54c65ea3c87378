#include <gtest/gtest.h>

#include "core/store/directory.h"
#include "core/store/open_store.h"
#include "tests/fixtures/store_suite.h"

namespace pgassay::test {
namespace {

std::unique_ptr<Store> in_directory(const Path& dir) {
  return std::make_unique<DirectoryStore>(dir);
}

INSTANTIATE_TEST_SUITE_P(OnDisk, Stores,
                         testing::Values(StoreKind{
                             "disk", [](const Path& dir, const std::string&) { return in_directory(dir); },
                             500}));
INSTANTIATE_TEST_SUITE_P(InMemory, Stores,
                         testing::Values(StoreKind{
                             "tmpfs",
                             [](const Path&, const std::string& unique) {
                               const Path dir = Path("/dev/shm") / unique;
                               make_private_dirs(dir);
                               return in_directory(dir);
                             },
                             10'000,
                             [](const std::string& unique) { remove_tree(Path("/dev/shm") / unique); }}));

TEST(DirectoryStore, IsNotMadeForADiskThatIsNotMounted) {
  const TemporaryDir dir;
  EXPECT_THROW(open_store({.url = "file://" + (dir.path() / "nas").string()}), UsageError);
  EXPECT_FALSE(std::filesystem::exists(dir.path() / "nas"));
}

TEST(DirectoryStore, DoesNotListWhatACrashLeft) {
  const TemporaryDir dir;
  const auto store = in_directory(dir.path());
  store->put_new("a/b", body_of("x"), {});
  write_new_file(dir.path() / "a/.0123456789abcdef.tmp", "half");
  EXPECT_EQ(store->list("", Depth::all, {}).objects, (std::vector<StoredObject>{{"a/b", 1}}));
}

TEST(DirectoryStore, FollowsNoLink) {
  const TemporaryDir dir, elsewhere;
  const auto store = in_directory(dir.path());
  write_new_file(elsewhere.path() / "secret", "secret");
  std::filesystem::create_symlink(elsewhere.path() / "secret", dir.path() / "file");
  std::filesystem::create_directory_symlink(elsewhere.path(), dir.path() / "dir");
  EXPECT_THROW(get_text(*store, "file", 100, {}), BadBackup);
  EXPECT_THROW(store->put_new("dir/new", body_of("x"), {}), Error);
  EXPECT_EQ(list_names(elsewhere.path()), std::vector<std::string>{"secret"});
}

TEST(StoreUrl, NamesWhatIsWrongWithIt) {
  for (const char* url : {"s3://", "s3:///x", "s3://a b", "s3://bucket/../x", "s3://bucket//x",
                          "file://nas/x", "https://bucket", "/mnt/nas", ""})
    EXPECT_THROW(check_store_url(url), UsageError) << url;
  for (const char* url : {"s3://bucket", "s3://bucket/", "s3://my.bucket/a/b/", "file:///mnt/nas"})
    EXPECT_NO_THROW(check_store_url(url)) << url;
}

}  // namespace
}  // namespace pgassay::test
