// Night after night into one repository: unchanged parts are stored once, and no backup depends on another.
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <algorithm>
#include <fstream>
#include <nlohmann/json.hpp>

#include "core/system/cancellation.h"
#include "tests/fixtures/live_backup.h"

namespace pgassay::test {
namespace {

using nlohmann::json;

/// 100 MB of rows that hardly compress, with room in their pages for updates.
constexpr const char* kLarge = R"(
CREATE TABLE t (id int, v text) WITH (fillfactor = 85); ALTER TABLE t ALTER v SET STORAGE PLAIN;
INSERT INTO t SELECT g, m || md5(m) || md5(m || 'a') || md5(m || 'b') || md5(m || 'c') || md5(m || 'd') || md5(m || 'e') || md5(m || 'f')
FROM (SELECT g, md5(g::text) AS m FROM generate_series(1, 340000) g) s;
CREATE TABLE small AS SELECT 1 AS a;)";

class BackupRepository : public testing::Test {
 protected:
  static const LiveDatabase& large() {
    static const LiveDatabase database("repository_large", kLarge);
    return database;
  }

  void back_up(const LiveDatabase& database, const std::vector<std::string>& more = {}) {
    const Ran ran = vault_.back_up(database, more);
    ASSERT_EQ(ran.status, 0) << ran.err;
    err_ = ran.err;
  }
  std::vector<Backup> backups() const { return vault_.repository().list(); }
  Ran verify(const Backup& backup) const { return vault_.run({"verify", "-q", backup.id.shown()}); }
  json listed() const { return json::parse(vault_.run({"list", "--json"}).out).at("backups"); }
  /// Parts of the relation whose file is no other backup's too.
  static std::vector<std::size_t> own_parts(const Backup& backup, const Relation& relation) {
    std::vector<std::size_t> own;
    for (std::size_t i = 0; i < relation.parts.size(); ++i) {
      struct stat status {};
      ::stat((backup.dir.path() / relation.parts[i].file).c_str(), &status);
      if (status.st_nlink == 1) own.push_back(i);
    }
    return own;
  }
  static void flip_a_byte(const Path& file) {
    std::fstream stream(file, std::ios::in | std::ios::out | std::ios::binary);
    stream.seekg(1000);
    const char byte = static_cast<char>(stream.get() ^ 0x10);
    stream.seekp(1000);
    stream.put(byte);
  }

  Vault vault_;
  std::string err_;
};

TEST_F(BackupRepository, ASecondBackupOfAnUnchangedDatabaseAddsLessThanAHundredth) {
  back_up(large());
  const ManifestSummary first = vault_.manifest(large()).summary;
  EXPECT_GE(first.raw_bytes, 87'000'000U);
  EXPECT_EQ(first.new_bytes, first.stored_bytes);
  back_up(large());
  const Manifest second = vault_.manifest(large());
  EXPECT_LE(second.summary.new_bytes, second.summary.stored_bytes / 100);
  EXPECT_TRUE(own_parts(vault_.newest(large()), relation(second, "public", "t")).empty());
  // Deleting the older one cannot hurt.
  std::filesystem::remove_all(backups().at(0).dir.path());
  ASSERT_EQ(backups().size(), 1U);
  EXPECT_EQ(verify(backups().at(0)).status, 0);
}

TEST_F(BackupRepository, OnlyPartsThatWereTouchedAreStoredAnew) {
  back_up(large());
  const std::vector<Part> parts = relation(vault_.manifest(large()), "public", "t").parts;
  ASSERT_GE(parts.size(), 4U);
  // In the middle of the second part.
  large().psql(fmt::format("UPDATE t SET v = reverse(v) WHERE id = {};",
                           parts[0].digest.rows + parts[1].digest.rows / 2));
  back_up(large());
  EXPECT_EQ(own_parts(vault_.newest(large()), relation(vault_.manifest(large()), "public", "t")),
            std::vector<std::size_t>{1});
  EXPECT_EQ(verify(vault_.newest(large())).status, 0);
}

TEST_F(BackupRepository, ARottenOldPartNeverReplacesAGoodNewOne) {
  back_up(large());
  const Backup old = vault_.newest(large());
  flip_a_byte(old.dir.path() / relation(vault_.manifest(large()), "public", "t").parts.at(1).file);
  back_up(large());
  EXPECT_NE(err_.find("that backup is bad; look at the disk"), std::string::npos) << err_;
  const Backup fresh = vault_.newest(large());
  EXPECT_EQ(own_parts(fresh, relation(vault_.manifest(large()), "public", "t")), std::vector<std::size_t>{1});
  EXPECT_EQ(verify(fresh).status, 0);
  EXPECT_EQ(listed().at(0).at("verified").at("verdict"), "FAIL");
  const Ran ran = verify(old);
  EXPECT_EQ(ran.status, 3) << ran.err;
}

TEST_F(BackupRepository, AllPartsAreStoredAnewWhenTheirTimeHasCome) {
  back_up(large());
  back_up(large(), {"--full-every", "0"});
  const ManifestSummary second = vault_.manifest(large()).summary;
  EXPECT_EQ(second.new_bytes, second.stored_bytes);
  EXPECT_EQ(second.full_since, second.snapshot.taken);
  back_up(large());
  EXPECT_EQ(vault_.manifest(large()).summary.full_since, second.full_since);
}

/// Every row lies elsewhere afterwards.
TEST_F(BackupRepository, ATableThatWasRewrittenIsNotStoredAnew) {
  const LiveDatabase database(
      "repository_rewritten",
      "CREATE TABLE t AS SELECT g AS id, repeat(md5(g::text), 30) AS v FROM generate_series(1, 75000) g;"
      "CREATE TABLE gone AS SELECT * FROM t; DELETE FROM t WHERE id % 1000 = 0;");
  back_up(database);
  database.psql("VACUUM FULL t;");
  back_up(database);
  const ManifestSummary summary = vault_.manifest(database).summary;
  EXPECT_LE(summary.new_bytes, summary.stored_bytes / 100);
}

TEST_F(BackupRepository, PartsAreFoundAgainUnderAnotherTablesName) {
  const LiveDatabase database(
      "repository_renamed",
      "CREATE TABLE t AS SELECT g AS id, repeat(md5(g::text), 30) AS v FROM generate_series(1, 75000) g;");
  back_up(database);
  database.psql("ALTER TABLE t RENAME TO u;");
  back_up(database);
  const ManifestSummary summary = vault_.manifest(database).summary;
  EXPECT_LE(summary.new_bytes, summary.stored_bytes / 100);
  EXPECT_EQ(verify(vault_.newest(database)).status, 0);
}

TEST_F(BackupRepository, TheSchemaIsNotStoredAnewWhenOnlyTheTimeInItsArchiveIsAnother) {
  const LiveDatabase database("repository_schema", "CREATE TABLE t AS SELECT 1 AS a;");
  const auto new_files = [&] {
    back_up(database);
    std::vector<std::string> own;
    const Backup newest = vault_.newest(database);
    for (const StoredFile& file : vault_.manifest(database).files)
      // pg_dumpall writes a random word into each of its files.
      if (file.file != "globals.sql" && std::filesystem::hard_link_count(newest.dir.path() / file.file) == 1)
        own.push_back(file.file);
    EXPECT_EQ(verify(newest).status, 0);
    return own;
  };
  EXPECT_EQ(new_files(), (std::vector<std::string>{"schema.pgdump", "inventory.jsonl.zst"}));
  EXPECT_EQ(new_files(), std::vector<std::string>());
  EXPECT_EQ(vault_.manifest(database).summary.new_bytes,
            std::filesystem::file_size(vault_.newest(database).dir.path() / "globals.sql"));
  EXPECT_EQ(vault_.restore_and_compare(database), "");
  database.psql("COMMENT ON TABLE t IS 'other';");
  EXPECT_EQ(new_files(), (std::vector<std::string>{"schema.pgdump", "inventory.jsonl.zst"}));
  // A comment of the same length moves nothing, and is another all the same.
  database.psql("COMMENT ON TABLE t IS 'third';");
  EXPECT_EQ(new_files(), (std::vector<std::string>{"schema.pgdump", "inventory.jsonl.zst"}));
  flip_a_byte(vault_.newest(database).dir.path() / "schema.pgdump");
  EXPECT_EQ(new_files(), std::vector<std::string>{"schema.pgdump"});
}

TEST_F(BackupRepository, PartsStayWhenATableGrows) {
  const LiveDatabase database(
      "repository_grows",
      "CREATE TABLE t AS SELECT g AS id, repeat(md5(g::text), 30) AS v FROM generate_series(1, 75000) g;");
  back_up(database);
  const std::vector<Part> before = relation(vault_.manifest(database), "public", "t").parts;
  ASSERT_GE(before.size(), 2U);
  database.psql("INSERT INTO t SELECT g, repeat(md5(g::text), 30) FROM generate_series(1, 60000) g;");
  back_up(database);
  const std::vector<Part> after = relation(vault_.manifest(database), "public", "t").parts;
  EXPECT_GT(after.size(), before.size());
  for (std::size_t i = 0; i + 1 < before.size(); ++i) EXPECT_EQ(after[i].sha, before[i].sha) << i;
}

TEST_F(BackupRepository, ForeignFilesAreLeftAloneAndReported) {
  const LiveDatabase database("repository_foreign", "CREATE TABLE t AS SELECT 1 AS a;");
  back_up(database);
  const Path beside = vault_.root() / "test" / "repository_foreign" / "notes";
  std::filesystem::create_directory(beside);
  std::ofstream(beside / "text") << "mine";
  std::ofstream(vault_.root() / "stray.sql") << "mine";
  back_up(database);
  EXPECT_TRUE(std::filesystem::exists(beside / "text"));
  EXPECT_TRUE(std::filesystem::exists(vault_.root() / "stray.sql"));
  const Ran list = vault_.run({"list"});
  EXPECT_EQ(list.status, 0);
  EXPECT_NE(list.err.find("notes"), std::string::npos) << list.err;
  EXPECT_NE(list.err.find("stray.sql"), std::string::npos) << list.err;
}

TEST_F(BackupRepository, ASecondRunOfTheDatabaseEndsAtOnceAndNamesTheFirst) {
  const LiveDatabase database("repository_busy", "CREATE TABLE t AS SELECT 1 AS a;");
  std::optional<Ran> second;
  Recorder recorder;
  recorder.on_phase = [&](const std::string& phase) {
    if (phase == "data") second = vault_.back_up(database);
  };
  vault_.back_up(database, recorder);
  ASSERT_TRUE(second);
  EXPECT_EQ(second->status, 5);
  EXPECT_NE(second->err.find(std::to_string(::getpid())), std::string::npos) << second->err;
  EXPECT_EQ(backups().size(), 1U);
}

TEST_F(BackupRepository, AnIdThatIsTakenGetsASuffix) {
  const LiveDatabase database("repository_tie", "CREATE TABLE t AS SELECT 1 AS a;");
  back_up(database);
  const Path dir = vault_.newest(database).dir.path().parent_path();
  const Time from = now();
  for (int second = 0; second < 30; ++second) {
    std::string stamp = to_rfc3339(from + std::chrono::seconds(second)).substr(0, 19);
    std::erase_if(stamp, [](char c) { return c == '-' || c == ':'; });
    std::filesystem::create_directory(dir / (stamp + "Z"));
  }
  back_up(database);
  const std::string stamp = vault_.newest(database).id.stamp;
  EXPECT_TRUE(stamp.ends_with("Z-2")) << stamp;
  EXPECT_EQ(vault_.run({"verify", "-q", "test/repository_tie/" + stamp}).status, 0);
}

TEST_F(BackupRepository, IsPrivateWhateverTheUmask) {
  const LiveDatabase database("repository_private", "CREATE TABLE t AS SELECT 1 AS a; SELECT lo_create(7);");
  const mode_t umask = ::umask(0);
  const Ran ran = vault_.back_up(database);
  ::umask(umask);
  ASSERT_EQ(ran.status, 0) << ran.err;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(vault_.root())) {
    const auto others = entry.status().permissions() &
                        (std::filesystem::perms::group_all | std::filesystem::perms::others_all);
    EXPECT_EQ(others, std::filesystem::perms::none) << entry.path();
  }
}

TEST_F(BackupRepository, ADatabaseOfAnyNameHasItsPlace) {
  const LiveDatabase database("../odd ä.%/x",
                              "CREATE SCHEMA \"a/b\"; CREATE TABLE \"a/b\".\".. %\" AS SELECT 1 AS a;");
  back_up(database);
  EXPECT_EQ(vault_.newest(database).dir.parent_path().parent_path().path(), vault_.root() / "test");
  EXPECT_EQ(vault_.restore_and_compare(database), "");
}

}  // namespace
}  // namespace pgassay::test
