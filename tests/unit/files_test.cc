#include "core/system/files.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>

#include "core/system/error.h"
#include "core/system/place.h"
#include "tests/fixtures/temporary_dir.h"

namespace pgassay {
namespace {

struct Files : testing::Test {
  test::TemporaryDir temporary;
  Path dir = temporary.path();

  void put(const Path& file, std::string_view contents) { write_new_file(dir / file, contents); }
};

struct Umask {
  explicit Umask(mode_t mask) : before(::umask(mask)) {}
  ~Umask() { ::umask(before); }
  mode_t before;
};

mode_t mode_of(const Path& path) {
  struct stat status;
  EXPECT_EQ(::lstat(path.c_str(), &status), 0);
  return status.st_mode & 07777;
}

ino_t inode_of_path(const Path& path) {
  struct stat status;
  EXPECT_EQ(::lstat(path.c_str(), &status), 0);
  return status.st_ino;
}

TEST_F(Files, ArePrivateWhateverTheUmask) {
  for (mode_t mask : {0000, 0022, 0277, 0777}) {
    Umask umask(mask);
    const std::string name = std::to_string(mask);
    make_private_dirs(dir / name / "inner");
    write_new_file(dir / name / "inner/file", "x");
    EXPECT_EQ(mode_of(dir / name), 0700u);
    EXPECT_EQ(mode_of(dir / name / "inner"), 0700u);
    EXPECT_EQ(mode_of(dir / name / "inner/file"), 0600u);
  }
}

TEST_F(Files, AreReadAsTheyWereWritten) {
  for (std::size_t size : {0, 1, 4095, 4096, 4097, 300'000}) {
    const std::string contents(size, 'x');
    put(std::to_string(size), contents);
    EXPECT_EQ(read_file(dir / std::to_string(size)), contents);
  }
}

TEST_F(Files, OfTheKernelAreReadThoughTheirSizeIsZero) {
  EXPECT_FALSE(read_file("/proc/self/status").empty());
}

TEST_F(Files, LargerThanTheLimitAreNotRead) {
  put("file", "12345");
  EXPECT_EQ(read_file(dir / "file", 5), "12345");
  EXPECT_THROW(read_file(dir / "file", 4), Error);
}

TEST_F(Files, AreNeverCreatedOverAnother) {
  put("file", "old");
  EXPECT_THROW(write_new_file(dir / "file", "new"), Error);
  EXPECT_EQ(read_file(dir / "file"), "old");
}

TEST_F(Files, ThatAreMissingAreNamedInTheSystemsOwnWords) {
  try {
    read_file(dir / "missing");
    FAIL() << "no exception";
  } catch (const Error& error) {
    EXPECT_EQ(error.what(), "can't open: " + (dir / "missing").string() + ": No such file or directory");
  }
}

TEST_F(Files, ThatFailToBeWrittenSayWhatToDo) {
  Fd full(::open("/dev/full", O_WRONLY | O_CLOEXEC));
  ASSERT_TRUE(full);
  try {
    write_all(full.get(), as_bytes("x"), "/dev/full");
    FAIL() << "no exception";
  } catch (const Error& error) {
    EXPECT_STREQ(error.what(), "can't write: /dev/full: No space left on device");
    EXPECT_NE(error.hint().find("free space"), std::string::npos);
  }
}

TEST_F(Files, AreReplacedWhole) {
  put("file", "old");
  replace_file(dir / "file", "new");
  EXPECT_EQ(read_file(dir / "file"), "new");
  EXPECT_EQ(list_names(dir), std::vector<std::string>{"file"});
}

TEST_F(Files, AreReplacedThoughACrashLeftATemporaryOne) {
  put("file.tmp", "half");
  replace_file(dir / "file", "new");
  EXPECT_EQ(read_file(dir / "file"), "new");
  EXPECT_EQ(list_names(dir), std::vector<std::string>{"file"});
}

TEST_F(Files, AreRenamedOnlyToAFreeName) {
  put("from", "1");
  EXPECT_TRUE(rename_noreplace(Place(dir) / "from", Place(dir) / "to"));
  put("from", "2");
  EXPECT_FALSE(rename_noreplace(Place(dir) / "from", Place(dir) / "to"));
  EXPECT_EQ(read_file(dir / "to"), "1");
}

TEST_F(Files, DirectoriesAreNotRenamedOverAnEmptyOne) {
  make_private_dirs(dir / "from");
  make_private_dirs(dir / "to");
  EXPECT_FALSE(rename_noreplace(Place(dir) / "from", Place(dir) / "to"));
}

TEST_F(Files, ThatAreMissingAreNotRenamed) {
  EXPECT_THROW(rename_noreplace(Place(dir) / "from", Place(dir) / "to"), Error);
}

TEST_F(Files, AreLinkedInThePlaceOfOthers) {
  put("old", "same");
  put("new", "same");
  EXPECT_TRUE(link_over(Place(dir) / "old", Place(dir) / "new"));
  EXPECT_EQ(inode_of_path(dir / "old"), inode_of_path(dir / "new"));
  EXPECT_EQ(list_names(dir), (std::vector<std::string>{"new", "old"}));
}

TEST_F(Files, AreLinkedTwiceWithoutLeavingAThirdName) {
  put("old", "same");
  put("new", "same");
  link_over(Place(dir) / "old", Place(dir) / "new");
  EXPECT_TRUE(link_over(Place(dir) / "old", Place(dir) / "new"));
  EXPECT_EQ(list_names(dir), (std::vector<std::string>{"new", "old"}));
}

TEST_F(Files, StayWhereTheOtherOneIsGone) {
  put("new", "same");
  EXPECT_FALSE(link_over(Place(dir) / "old", Place(dir) / "new"));
  EXPECT_EQ(read_file(dir / "new"), "same");
}

TEST_F(Files, AreListedBelowADirectorySortedWithLinksNotFollowed) {
  make_private_dirs(dir / "tree/b");
  make_private_dirs(dir / "tree/empty");
  make_private_dirs(dir / "elsewhere");
  put("elsewhere/x", "x");
  put("tree/b/2", "x");
  put("tree/a", "x");
  std::filesystem::create_directory_symlink(dir / "elsewhere", dir / "tree/link");
  EXPECT_EQ(list_files(dir / "tree"), (std::vector<std::string>{"a", "b/2", "link"}));
}

TEST_F(Files, AreNotListedWhereThereIsNoDirectory) {
  EXPECT_TRUE(list_names(dir / "missing").empty());
  EXPECT_THROW(list_files(dir / "missing"), Error);
}

TEST_F(Files, AreRemovedAsATreeWithLinksNotFollowed) {
  make_private_dirs(dir / "tree/b");
  put("kept", "x");
  std::filesystem::create_symlink(dir / "kept", dir / "tree/b/link");
  remove_tree(dir / "tree");
  EXPECT_EQ(list_names(dir), std::vector<std::string>{"kept"});
  remove_tree(dir / "tree");
}

TEST_F(Files, AreLockedByOneWriterOrManyReaders) {
  Fd one = open_lock_file(dir / "lock"), two = open_lock_file(dir / "lock"),
     three = open_lock_file(dir / "lock");
  EXPECT_TRUE(try_lock(one, LockMode::shared));
  EXPECT_TRUE(try_lock(two, LockMode::shared));
  EXPECT_FALSE(try_lock(three, LockMode::exclusive));
  one.reset();
  two.reset();
  EXPECT_TRUE(try_lock(three, LockMode::exclusive));
}

TEST_F(Files, HaveASizeAndRoomBesideThem) {
  put("file", "12345");
  EXPECT_EQ(size_of_file(dir / "file"), 5u);
  EXPECT_GT(free_bytes(dir), 0u);
}

TEST_F(Files, AreFlushed) {
  put("file", "x");
  fsync_path(dir / "file");
  fsync_path(dir);
  sync_filesystem(open_for_reading(dir), dir);
  EXPECT_THROW(fsync_path(dir / "missing"), Error);
}

TEST(FdTest, BelongsToOneOwner) {
  Fd first(::dup(0));
  const int number = first.get();
  Fd second = std::move(first);
  EXPECT_FALSE(first);
  EXPECT_EQ(second.get(), number);
  second = Fd();
  EXPECT_EQ(::fcntl(number, F_GETFD), -1);
}

}  // namespace
}  // namespace pgassay
