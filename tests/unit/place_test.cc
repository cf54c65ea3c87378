#include "core/system/place.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#undef major  // which is a method of ours
#include <unistd.h>

#include <cstddef>

#include "core/system/error.h"
#include "core/system/files.h"
#include "tests/fixtures/temporary_dir.h"

namespace pgassay {
namespace {

namespace fs = std::filesystem;

/// A repository's root, and a directory outside with a file that nobody may touch.
struct PlaceTest : testing::Test {
  test::TemporaryDir temporary;
  Path root = temporary.path() / "root", outside = temporary.path() / "outside";
  Place place{root};

  PlaceTest() {
    make_private_dirs(root / "dir");
    make_private_dirs(outside / "dir");
    write_new_file(outside / "file", "theirs");
    write_new_file(outside / "dir/file", "theirs");
  }
  void expect_outside_untouched() const {
    EXPECT_EQ(read_file(outside / "file"), "theirs");
    EXPECT_EQ(read_file(outside / "dir/file"), "theirs");
    EXPECT_EQ(list_names(outside), (std::vector<std::string>{"dir", "file"}));
  }
  template <typename Act>
  static std::string refused(Act act) {
    try {
      act();
    } catch (const BadBackup& error) {
      return error.what();
    }
    return "";
  }
};

/// Linux before 5.6, for the rest of a death test's child.
void forget_openat2() {
  sock_filter filter[] = {
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr)),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_openat2, 0, 1),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | ENOSYS),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
  };
  const sock_fprog program{std::size(filter), filter};
  if (::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 ||
      ::prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) != 0)
    std::abort();
}

TEST_F(PlaceTest, FilesThatLieElsewhereAreFetchedWhenTheyAreOpened) {
  struct Fetched : Elsewhere {
    Path file;
    Fd open(const std::string& below) const override {
      return below == "dir/fetched" ? open_for_reading(file) : Fd();
    }
  };
  const auto fetched = std::make_shared<Fetched>();
  fetched->file = outside / "file";
  write_new_file(place / "dir/fetched", "......");
  write_new_file(place / "dir/here", "ours");
  const Place both = (place.with_files_from(fetched) / "dir").absolute();
  EXPECT_EQ(read_file(both / "fetched", 100), "theirs");
  EXPECT_EQ(size_of_file(both / "fetched"), 6u);
  EXPECT_EQ(read_file(both / "here", 100), "ours");
  EXPECT_EQ(read_file(both.parent_path() / "dir/fetched", 100), "theirs");
  EXPECT_EQ(read_file(place / "dir/fetched", 100), "......");
}

TEST_F(PlaceTest, TakesNoNameThatLeadsOut) {
  for (const char* name : {"", ".", "..", "/", "/etc", "a//b", "a/", "a/../b", "../outside/file"})
    EXPECT_THROW(place / name, BadBackup) << name;
  EXPECT_EQ((place / "a/b" / "c").below(), "a/b/c");
  EXPECT_EQ((place / "a/b").parent_path(), place / "a");
  EXPECT_EQ((place / "a").parent_path(), place);
  EXPECT_EQ((place / "a/b").filename(), "b");
}

TEST_F(PlaceTest, ReadsAndWritesBelowItsRoot) {
  write_new_file(place / "dir/file", "ours");
  EXPECT_EQ(read_file(place / "dir/file", 4), "ours");
  replace_file(place / "dir/file", "newer");
  append_line(place / "lines", "1");
  append_line(place / "lines", "2");
  EXPECT_EQ(read_file(root / "dir/file"), "newer");
  EXPECT_EQ(read_file(root / "lines"), "1\n2\n");
  EXPECT_EQ(list_files(place), (std::vector<std::string>{"dir/file", "lines"}));
}

TEST_F(PlaceTest, ReadsNothingThatIsTooLong) {
  write_new_file(place / "file", "12345");
  EXPECT_NE(refused([&] { read_file(place / "file", 4); }).find("longer than 4 bytes"), std::string::npos);
}

TEST_F(PlaceTest, FollowsTheLinksThatLeadToItsRootAndNoOther) {
  fs::create_directory_symlink(root, temporary.path() / "link");
  const Place by_link(temporary.path() / "link");
  write_new_file(by_link / "dir/file", "ours");
  EXPECT_EQ(read_file(by_link / "dir/file", 4), "ours");
}

TEST_F(PlaceTest, RefusesALinkWhereverItStands) {
  fs::create_symlink(outside / "file", root / "file");
  fs::create_directory_symlink(outside / "dir", root / "link");
  fs::create_symlink("dir", root / "inward");
  const std::string of_file = refused([&] { read_file(place / "file", 100); });
  EXPECT_NE(of_file.find((root / "file").string() + " is a symbolic link"), std::string::npos) << of_file;
  const std::string of_dir = refused([&] { read_file(place / "link/file", 100); });
  EXPECT_NE(of_dir.find((root / "link").string() + " is a symbolic link"), std::string::npos) << of_dir;
  for (const char* name : {"file", "link/file", "link/new", "inward/new"}) {
    EXPECT_NE(refused([&] { open_lock_file(place / name); }), "") << name;
    EXPECT_NE(refused([&] { append_line(place / name, "x"); }), "") << name;
  }
  EXPECT_NE(refused([&] { write_new_file(place / "link/new", "x"); }), "");
  EXPECT_NE(refused([&] { make_private_dirs(place / "link/new"); }), "");
  EXPECT_NE(refused([&] { make_private_dirs(place / "link"); }), "");
  EXPECT_NE(refused([&] { list_names(place / "link"); }), "");
  EXPECT_NE(refused([&] { rename_noreplace(place / "dir", place / "link/dir2"); }), "");
  EXPECT_NE(refused([&] { remove_tree(place / "link/file"); }), "");
  EXPECT_NE(refused([&] { exists(place / "link/file"); }), "");
  expect_outside_untouched();
}

TEST_F(PlaceTest, RemovesALinkAndNotWhatItLeadsTo) {
  make_private_dirs(root / "old/data");
  fs::create_directory_symlink(outside, root / "old/data/link");
  fs::create_symlink(outside / "file", root / "old/file");
  remove_tree(place / "old");
  fs::create_directory_symlink(outside, root / "link");
  remove_tree(place / "link");
  EXPECT_EQ(list_names(root), std::vector<std::string>{"dir"});
  EXPECT_NO_THROW(remove_tree(place / "absent"));
  expect_outside_untouched();
}

TEST_F(PlaceTest, RemovesNothingThatIsNestedDeeperThanABackup) {
  std::string deep = "old";
  for (int i = 0; i < 30; ++i) deep += "/d";
  make_private_dirs(root / deep);
  EXPECT_NE(refused([&] { remove_tree(place / "old"); }).find("nested deeper"), std::string::npos);
  EXPECT_TRUE(fs::exists(root / deep));
}

TEST_F(PlaceTest, WaitsForNoPipeAndOpensNoDevice) {
  ASSERT_EQ(::mkfifo((root / "pipe").c_str(), 0600), 0);
  EXPECT_NE(refused([&] { read_file(place / "pipe", 100); }).find("is a named pipe"), std::string::npos);
  EXPECT_NE(refused([&] { open_lock_file(place / "pipe"); }), "");
  EXPECT_NE(refused([&] { read_file(place / "dir", 100); }).find("is a directory"), std::string::npos);
  EXPECT_NE(refused([&] { list_names(place / "pipe"); }), "");
  if (::geteuid() != 0) return;
  ASSERT_EQ(::mknod((root / "zero").c_str(), S_IFCHR | 0600, ::makedev(1, 5)), 0);
  EXPECT_NE(refused([&] { read_file(place / "zero", 100); }).find("is a device"), std::string::npos);
}

TEST_F(PlaceTest, WritesInNoFileThatHasASecondName) {
  fs::create_hard_link(outside / "file", root / "lock");
  EXPECT_NE(refused([&] { open_lock_file(place / "lock"); }).find("hard link"), std::string::npos);
  EXPECT_NE(refused([&] { append_line(place / "lock", "x"); }), "");
  expect_outside_untouched();
  replace_file(place / "lock", "ours");
  expect_outside_untouched();
}

using PlaceDeathTest = PlaceTest;

/// All of the above holds where the kernel has no openat2; an exit status of 0 says so.
TEST_F(PlaceDeathTest, WithoutOpenat2WalksStepByStep) {
  fs::create_directory_symlink(outside / "dir", root / "link");
  fs::create_directory_symlink(outside / "dir", root / "dir/link");
  make_private_dirs(root / "old/data");
  fs::create_directory_symlink(outside, root / "old/data/link");
  EXPECT_EXIT(
      {
        forget_openat2();
        bool good = refused([&] { read_file(place / "link/file", 100); }).find("is a symbolic link") !=
                    std::string::npos;
        good &= !refused([&] { write_new_file(place / "dir/link/new", "x"); }).empty();
        write_new_file(place / "dir/file", "ours");
        good &=
            read_file(place / "dir/file", 4) == "ours" && exists(place / "dir/file") && !exists(place / "no");
        remove_tree(place / "old");
        good &= !exists(place / "old");
        ::_exit(good ? 0 : 1);
      },
      testing::ExitedWithCode(0), "");
  expect_outside_untouched();
}

}  // namespace
}  // namespace pgassay
