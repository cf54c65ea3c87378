#include "core/system/disk_use.h"

#include <gtest/gtest.h>

#include "tests/fixtures/temporary_dir.h"

namespace pgassay {
namespace {

namespace fs = std::filesystem;

struct DiskUseTest : testing::Test {
  test::TemporaryDir temporary;
  Path first = temporary.path() / "first", second = temporary.path() / "second";
  std::string contents = std::string(50'000, 'x');
  DiskUseTest() {
    for (const Path& dir : {first, second}) make_private_dirs(dir / "data");
  }
  /// Beside the directories' own blocks.
  std::uint64_t of_files(const std::vector<Path>& removed, std::size_t which) const {
    std::vector<std::vector<DiskUse>> trees, empty;
    for (const Path& dir : removed) {
      trees.push_back(disk_use(Place(dir)));
      empty.push_back({disk_use(Place(dir / "data"))[0], disk_use(Place(dir))[0]});
      for (DiskUse& directory : empty.back()) directory.links = 1;
    }
    return bytes_freed(trees)[which] - bytes_freed(empty)[which];
  }
};

TEST_F(DiskUseTest, AFileOfItsOwnComesFree) {
  write_new_file(first / "data/part", contents);
  EXPECT_GE(of_files({first}, 0), contents.size());
  EXPECT_LT(of_files({first}, 0), contents.size() + 65536);
}

TEST_F(DiskUseTest, AFileThatIsLinkedElsewhereStays) {
  write_new_file(first / "data/part", contents);
  fs::create_hard_link(first / "data/part", second / "data/part");
  EXPECT_EQ(of_files({first}, 0), 0u);
}

TEST_F(DiskUseTest, AFileWhoseLinksAllGoComesFreeOnceWithTheLast) {
  write_new_file(first / "data/part", contents);
  fs::create_hard_link(first / "data/part", second / "data/part");
  EXPECT_EQ(of_files({first, second}, 0), 0u);
  EXPECT_GE(of_files({first, second}, 1), contents.size());
  EXPECT_LT(of_files({first, second}, 1), 2 * contents.size());
}

TEST_F(DiskUseTest, ALinkOutsideOfAllKeepsAFile) {
  write_new_file(first / "data/part", contents);
  fs::create_hard_link(first / "data/part", second / "data/part");
  fs::create_hard_link(first / "data/part", temporary.path() / "a copy by cp -al");
  EXPECT_EQ(of_files({first, second}, 0) + of_files({first, second}, 1), 0u);
}

TEST_F(DiskUseTest, SymbolicLinksAreNotFollowed) {
  write_new_file(temporary.path() / "elsewhere", contents);
  fs::create_symlink(temporary.path() / "elsewhere", first / "data/part");
  EXPECT_LT(of_files({first}, 0), contents.size());
}

TEST_F(DiskUseTest, WhatIsNotThereIsAnError) {
  EXPECT_THROW(disk_use(Place(temporary.path()) / "nothing"), Error);
}

}  // namespace
}  // namespace pgassay
