// The repository on file systems that are full, read-only, in memory, or several.
#include <gtest/gtest.h>
#include <sys/mount.h>

#include "core/repository/layout.h"
#include "tests/fixtures/child.h"
#include "tests/fixtures/live_backup.h"

namespace pgassay::test {
namespace {

/// Something mounted at a directory until the end of the test; needs root.
class Mounted {
 public:
  Mounted(Path at, const char* source, const char* type, unsigned long flags, const char* options)
      : at_(std::move(at)) {
    if (::mount(source, at_.c_str(), type, flags, options) != 0) throw_errno("can't mount (needs root)", at_);
  }
  Mounted(const Mounted&) = delete;
  ~Mounted() { ::umount2(at_.c_str(), MNT_DETACH); }
  void make_read_only() const {
    if (::mount(nullptr, at_.c_str(), nullptr, MS_REMOUNT | MS_RDONLY, nullptr) != 0)
      throw_errno("can't remount", at_);
  }

 private:
  Path at_;
};

constexpr const char* kOneTable = "CREATE TABLE t AS SELECT g AS a FROM generate_series(1, 1000) g;";

/// A repository of 24 MiB in memory.
class SmallDisk : public testing::Test {
 protected:
  Vault vault_;
  Mounted disk_{vault_.root(), "tmpfs", "tmpfs", 0, "size=24m,mode=0700"};
};

TEST_F(SmallDisk, ThatFillsUpInMidPartLeavesWhatWasThere) {
  const LiveDatabase database("disk_full", kOneTable);
  ASSERT_EQ(vault_.back_up(database).status, 0);
  const std::uint64_t free = free_bytes(vault_.root());
  // The last backup was small, so there seems to be room for the next.
  database.psql(
      "CREATE TABLE noise AS SELECT (SELECT string_agg(gen_random_uuid()::text, '') FROM"
      " generate_series(1, 30) WHERE g > 0) AS a FROM generate_series(1, 60000) g");
  const Ran ran = vault_.back_up(database);
  EXPECT_EQ(ran.status, 1);
  EXPECT_NE(ran.err.find("No space left on device"), std::string::npos) << ran.err;
  EXPECT_NE(ran.err.find("noise"), std::string::npos) << ran.err;
  EXPECT_NE(ran.err.find("\nhint: free space on that file system"), std::string::npos) << ran.err;
  EXPECT_EQ(vault_.debris(), std::vector<std::string>());
  EXPECT_NEAR(static_cast<double>(free_bytes(vault_.root())), static_cast<double>(free), 1 << 20);
  EXPECT_EQ(vault_.run({"verify", "--all"}).status, 0);
  EXPECT_EQ(vault_.repository().list().size(), 1U);
}

TEST_F(SmallDisk, ThatIsTooSmallIsRefusedWithBothFigures) {
  const LiveDatabase database(
      "disk_small", "CREATE TABLE t AS SELECT repeat('x', 1500) AS a FROM generate_series(1, 80000);");
  const Ran ran = vault_.back_up(database);
  EXPECT_EQ(ran.status, 6) << ran.err;
  EXPECT_NE(ran.err.find(" MiB free for a database of "), std::string::npos) << ran.err;
  EXPECT_NE(ran.err.find("\nhint: "), std::string::npos) << ran.err;
  EXPECT_EQ(vault_.debris(), std::vector<std::string>());
}

TEST_F(SmallDisk, ThatBecomesReadOnlyIsStillReadAndVerifiedAndRestored) {
  const LiveDatabase database("disk_read_only", kOneTable);
  ASSERT_EQ(vault_.back_up(database).status, 0);
  disk_.make_read_only();
  const Ran ran = vault_.back_up(database);
  EXPECT_EQ(ran.status, 1) << ran.err;
  EXPECT_NE(ran.err.find("Read-only file system"), std::string::npos) << ran.err;
  EXPECT_NE(ran.err.find("\nhint: the file system is mounted read-only"), std::string::npos) << ran.err;
  EXPECT_EQ(vault_.run({"list"}).status, 0);
  EXPECT_EQ(vault_.run({"verify", "--all"}).status, 0);
  EXPECT_EQ(vault_.restore_and_compare(database), "");
}

TEST(SeveralFileSystems, InOneRepositoryShareNoPartsAndLoseNone) {
  const LiveDatabase database("disk_several", kOneTable);
  const Vault vault;
  ASSERT_EQ(vault.back_up(database).status, 0);
  const Backup older = vault.newest(database);
  // Between two mounts no hard link can be made (EXDEV), though both are of one file system.
  const Mounted other(older.dir.path(), older.dir.path().c_str(), nullptr, MS_BIND, nullptr);
  const Ran ran = vault.back_up(database);
  ASSERT_EQ(ran.status, 0) << ran.err;
  const Backup newer = vault.newest(database);
  EXPECT_NE(newer.dir.path(), older.dir.path());
  const Manifest manifest = vault.manifest(database);
  for (const Part& part : relation(manifest, "public", "t").parts)
    EXPECT_EQ(std::filesystem::hard_link_count(newer.dir.path() / part.file), 1U);
  EXPECT_EQ(vault.run({"verify", "--all"}).status, 0);
  EXPECT_EQ(vault.restore_and_compare(database), "");
}

TEST(SeveralFileSystems, OfWhichOneHoldsASourceOrADatabaseAreRefusedBeforeARowIsRead) {
  const LiveDatabase database("disk_apart", kOneTable);
  const Vault vault;
  ASSERT_EQ(vault.back_up(database).status, 0);
  for (const char* dir : {"test", "test/disk_apart"}) {
    const Path at = vault.root() / dir;
    const Mounted apart(at, "tmpfs", "tmpfs", 0, "size=24m,mode=0700");
    const Ran ran = vault.back_up(database);
    EXPECT_EQ(ran.status, 6) << ran.err;
    EXPECT_NE(ran.err.find("is on another file system than"), std::string::npos) << ran.err;
    EXPECT_EQ(vault.debris(), std::vector<std::string>());
  }
  EXPECT_EQ(vault.back_up(database).status, 0);
}

/// A backup under limits of the shell's.
Ended backed_up_within(const std::string& limits, const Vault& vault, const LiveDatabase& database) {
  return run_child({"bash", "-c", limits + "; exec \"$@\"", "bash", PGASSAY_BINARY, "backup", "-q", "--repo",
                    vault.root().string(), "--source", "test", "-d", database.conninfo()});
}

TEST(LimitsOfTheProcess, AreNamedWhereDescriptorsEnd) {
  const LiveDatabase database("limits_files", kOneTable);
  const Vault vault;
  int failed = 0;
  for (int files = 8; files <= 40; files += 2) {
    const Ended ran = backed_up_within("ulimit -n " + std::to_string(files), vault, database);
    if (ran.status == 0) continue;
    ++failed;
    EXPECT_EQ(ran.status, 1) << files << ran.err;
    EXPECT_NE(ran.err.find("ulimit -n"), std::string::npos) << files << ran.err;
    EXPECT_EQ(ran.err.find("no pg_dump fits"), std::string::npos) << files << ran.err;
  }
  EXPECT_GT(failed, 0);
  EXPECT_EQ(vault.run({"verify", "--all"}).status, 0);
}

TEST(LimitsOfTheProcess, AreNamedWhereAFileMayNotGrow) {
  const LiveDatabase database(
      "limits_size", "CREATE TABLE t AS SELECT gen_random_uuid() AS a FROM generate_series(1, 50000);");
  const Vault vault;
  const Ended ran = backed_up_within("ulimit -f 64", vault, database);
  EXPECT_EQ(ran.status, 1) << ran.err;
  EXPECT_NE(ran.err.find("ulimit -f"), std::string::npos) << ran.err;
  EXPECT_TRUE(vault.repository().list().empty());
  EXPECT_EQ(vault.debris(), std::vector<std::string>());
}

TEST(SmallDisks, WithoutInodesSaySo) {
  const Vault vault;
  const Mounted disk(vault.root(), "tmpfs", "tmpfs", 0, "nr_inodes=140,mode=0700");
  const LiveDatabase small("limits_doctor", kOneTable);
  {
    const Vault full;
    const Mounted no_room(full.root(), "tmpfs", "tmpfs", 0, "nr_inodes=200,mode=0700");
    ASSERT_EQ(full.back_up(small).status, 0);
    for (int n = 0; n < 100; ++n) write_new_file(full.root() / (".partial/other" + std::to_string(n)), "");
    const Ran doctor = full.run({"doctor", "-d", small.conninfo()});
    EXPECT_EQ(doctor.status, 6) << doctor.out << doctor.err;
    EXPECT_NE(doctor.out.find("of 200 inodes are free"), std::string::npos) << doctor.out;
  }
  std::string tables;
  for (int table = 0; table < 200; ++table)
    tables += "CREATE TABLE t" + std::to_string(table) + " AS SELECT 1 AS a;";
  const LiveDatabase database("limits_inodes", tables);
  const Ran ran = vault.back_up(database);
  EXPECT_EQ(ran.status, 1) << ran.err;
  EXPECT_NE(ran.err.find("no inode is left"), std::string::npos) << ran.err;
  EXPECT_EQ(vault.debris(), std::vector<std::string>());
}

/// A loop device with a real exFAT, which folds case and has neither links nor modes, by FUSE: the kernel may
/// have none.
class Exfat {
 public:
  explicit Exfat(Path at) : at_(std::move(at)) {
    must({"truncate", "-s", "64M", image()});
    must({"mkfs.exfat", image()});
    device_ = must({"losetup", "--find", "--show", image()});
    device_.pop_back();
    must({"mount.exfat-fuse", "-o", "nonempty", device_, at_.string()});
  }
  Exfat(const Exfat&) = delete;
  ~Exfat() {
    run_child({"umount", at_.string()});
    run_child({"losetup", "-d", device_});
  }

 private:
  static std::string must(const std::vector<std::string>& argv) {
    const Ended ended = run_child(argv);
    if (ended.status != 0) throw Error(argv[0] + " (needs root): " + ended.err);
    return ended.out;
  }
  std::string image() const { return (dir_.path() / "image").string(); }

  TemporaryDir dir_;
  Path at_;
  std::string device_;
};

TEST(RealDisks, ThatFoldCaseHoldBothDatabasesAndBothTables) {
  const LiveDatabase upper("Folded",
                           "CREATE TABLE t AS SELECT 'upper' AS a; CREATE TABLE \"T\" AS SELECT 1 AS b"),
      lower("folded", "CREATE TABLE t AS SELECT 'lower' AS a; CREATE TABLE \"T\" AS SELECT 2 AS b");
  const Vault vault;
  const Exfat disk(vault.root());
  for (int night = 1; night <= 2; ++night) {
    for (const LiveDatabase* database : {&upper, &lower}) {
      const Ran ran = vault.back_up(*database);
      EXPECT_EQ(ran.status, 0) << ran.err;
      EXPECT_NE(ran.err.find("each backup needs its full size"), std::string::npos) << ran.err;
    }
  }
  EXPECT_EQ(vault.run({"verify", "--all"}).status, 0);
  EXPECT_EQ(vault.repository().list().size(), 4U);
  const Ran doctor = vault.run({"doctor", "-d", lower.conninfo()});
  EXPECT_EQ(doctor.status, 0) << doctor.out;
  EXPECT_NE(doctor.out.find("names that differ by case alone are one here"), std::string::npos) << doctor.out;
  for (const LiveDatabase* database : {&upper, &lower}) {
    const Ran rows = vault.run({"export", "latest", "--database", database->name(), "--table", "public.t"});
    EXPECT_EQ(rows.out, database == &upper ? "upper\n" : "lower\n") << rows.err;
    const Ran other = vault.run({"export", "latest", "--database", database->name(), "--table", "public.T"});
    EXPECT_EQ(other.out, database == &upper ? "1\n" : "2\n") << other.err;
  }
}

}  // namespace
}  // namespace pgassay::test
