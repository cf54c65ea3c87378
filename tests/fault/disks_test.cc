// File systems that can't do what ext4 can: CIFS, exFAT, NFS, and what a NAS makes of them. A backup works
// wherever it can be made safe and says once what it does without; doctor says the same before.
#include <cstdlib>

#include "tests/fault/scene.h"
#include "tests/fixtures/sample_backup.h"

namespace pgassay::test {

namespace {

/// Printed by its name.
struct Lack {
  const char *name, *disk;
  const char* told;  ///< in a warning of backup and doctor; empty: nothing is missing
  int prune = 0;     ///< how prune ends
};

void PrintTo(const Lack& lack, std::ostream* out) {
  *out << lack.disk;
}

constexpr Lack kLacks[] = {
    {"NoLinks", "link=EPERM", "each backup needs its full size"},
    {"LinksThatErr", "link=EIO", "each backup needs its full size"},
    {"LinksUnknown", "link=EINVAL", "each backup needs its full size"},
    {"NoModes", "chmod=EPERM", "can't be made private"},
    {"NoFlushOfDirectories", "fsync_dir=EINVAL", "directories can't be flushed"},
    {"NoReplacing", "rename_over=EEXIST", "no file replaces another"},
    {"NoFlagOfRename", "rename_noreplace=EINVAL", ""},
    {"NoLocks", "flock=ENOLCK", "nothing can be locked", 6},
    {"NoCallForLocks", "flock=ENOSYS", "nothing can be locked", 6},
    {"NoLocksOfDirectories", "flock_dir=EBADF", "directories can't be locked"},
    {"Signals", "eintr", ""},
    {"NarrowNames", "names", ""},
    {"OldKernel", "openat2=ENOSYS", ""},
    {"Cifs", "names link=EPERM chmod=EPERM fsync_dir=EINVAL rename_noreplace=EINVAL flock_dir=EBADF",
     "full size"},
    {"Exfat", "names link=EPERM chmod=EPERM fsync_dir=EINVAL", "full size"},
};

class Disks : public Scene, public ::testing::WithParamInterface<Lack> {
 protected:
  static void SetUpTestSuite() {
    Scene::SetUpTestSuite();
    server_->psql("shop", R"(
      CREATE TABLE "a:b?" AS SELECT 1; CREATE TABLE "Case" AS SELECT 2; CREATE TABLE "case" AS SELECT 3;
      CREATE TABLE "Größe." AS SELECT 4)");
  }
  Ended run(Arguments arguments) const {
    arguments.insert(arguments.end(), {"--repo", repository_.string()});
    return on_that_disk(std::move(arguments));
  }
  Ended on_that_disk(Arguments arguments) const {
    const char* sanitizer = std::getenv("ASAN_OPTIONS");
    arguments.insert(arguments.begin(), PGASSAY_BINARY);
    return run_child(arguments,
                     {{"LD_PRELOAD", PGASSAY_DISK_SHIM},
                      {"ASAN_OPTIONS", std::string(sanitizer ? sanitizer : "") + ":verify_asan_link_order=0"},
                      {"PGASSAY_DISK_DIR", repository_.string()},
                      {"PGASSAY_DISK", GetParam().disk}});
  }
  static int count(const std::string& text, const std::string& word) {
    int found = 0;
    for (std::size_t at = 0; (at = text.find(word, at)) != std::string::npos; at += word.size()) ++found;
    return found;
  }
};

std::string lack_name(const ::testing::TestParamInfo<Lack>& info) {
  return info.param.name;
}

}  // namespace

TEST_P(Disks, HoldBackupsThatAreWholeAndSayWhatTheyLack) {
  const Lack& lack = GetParam();
  const std::string told = lack.told;
  for (int night = 1; night <= 2; ++night) {
    const Ended backup = run(backup_of("disk"));
    ASSERT_EQ(backup.status, 0) << backup.err;
    if (told.empty()) {
      EXPECT_EQ(backup.err.find("file system"), std::string::npos) << backup.err;
    } else {
      EXPECT_EQ(count(backup.err, told), 1) << backup.err;
    }
  }
  EXPECT_EQ(partial(), std::vector<std::string>());
  const Ended verify = run({"verify", "--all"});
  EXPECT_EQ(verify.status, 0) << verify.err;
  EXPECT_EQ(run({"pin", "latest", "--source", "nightly"}).status, 0);
  EXPECT_EQ(run({"pin", "latest", "--source", "nightly", "--reason", "again"}).status, 0);
  EXPECT_EQ(run({"unpin", "latest", "--source", "nightly"}).status, 0);
  const Ended prune = run({"prune", "--source", "disk", "--keep-min", "1", "--keep-days", "0", "--force"});
  EXPECT_EQ(prune.status, lack.prune) << prune.err << prune.out;
  const Ended doctor = run({"doctor", "--source", "disk", "-d", server_->conninfo("shop")});
  EXPECT_EQ(doctor.status, 0) << doctor.out << doctor.err;
  EXPECT_NE((doctor.out + doctor.err).find(told.empty() ? "flushes and locks work" : told), std::string::npos)
      << doctor.out << doctor.err;
  for (const std::string& dir : listed()) expect_sound(dir);
}

/// The store is on such a disk, the repository is not.
TEST_P(Disks, HoldCopiesOfBackups) {
  std::filesystem::create_directory(repository_ / "nas");
  const Path config = repository_.parent_path() / "stores.toml",
             elsewhere = repository_.parent_path() / "elsewhere";
  write_new_file(config, "[store.nas]\nurl = \"file://" + (repository_ / "nas").string() + "\"\n");
  publish_sample(Repository::open_or_create(elsewhere));
  const auto of_store = [&](Arguments arguments) {
    arguments.insert(arguments.end(), {"--config", config.string(), "--repo", elsewhere.string()});
    return on_that_disk(std::move(arguments));
  };
  for (const Arguments& words : std::vector<Arguments>{{"store", "init", "nas"},
                                                       {"store", "check", "nas"},
                                                       {"push", "--store", "nas"},
                                                       {"verify", "--all", "--store", "nas", "--bytes"}}) {
    const Ended ended = of_store(words);
    EXPECT_EQ(ended.status, 0) << words[0] << " " << words[1] << ": " << ended.err;
  }
  const Ended again = of_store({"push", "--store", "nas"});
  EXPECT_NE(again.out.find("already"), std::string::npos) << again.out << again.err;
}

INSTANTIATE_TEST_SUITE_P(Kinds, Disks, ::testing::ValuesIn(kLacks), lack_name);

}  // namespace pgassay::test
