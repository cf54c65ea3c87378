// A backup in a store is read by every command that reads one, as if it were in a repository.
#include <sys/stat.h>

#include <nlohmann/json.hpp>

#include "core/repository/names.h"
#include "store/copy_on_demand.h"
#include "tests/fixtures/child.h"
#include "tests/fixtures/live_backup.h"
#include "tests/store/rgw.h"
#include "tests/store/store_fixture.h"

namespace pgassay::test {
namespace {

using Cipher = StoreWorld::Cipher;
using nlohmann::json;

constexpr const char* kTables = R"(
  CREATE TABLE big AS SELECT n, md5(n::text) || md5((-n)::text) AS text FROM generate_series(1, 40000) AS n;
  ALTER TABLE big ADD PRIMARY KEY (n);
  CREATE TABLE small (one int, two text);
  INSERT INTO small SELECT n, 'row ' || n FROM generate_series(1, 300) AS n;
  CREATE TABLE other AS SELECT 7 AS seven;
  SELECT lo_from_bytea(0, 'an object');)";

/// Backups of a live server in a store, and no repository: what a bare machine has is the URL and the key.
class ReadFromStore : public testing::TestWithParam<std::pair<Cipher, bool>> {
 protected:
  ReadFromStore() {
    std::filesystem::create_directory(temporary());
    // The throwaway server's user must get there.
    for (const Path& dir : {world_.dir(), temporary()})
      std::filesystem::permissions(dir, std::filesystem::perms(0711));
  }
  ~ReadFromStore() override { EXPECT_EQ(list_names(Place(temporary())), std::vector<std::string>{}); }

  void push_and_lose_the_repository() const {
    for (const std::vector<std::string>& words :
         std::vector<std::vector<std::string>>{{"backup", "-d", database_.conninfo(), "--source", "test"},
                                               {"store", "init", "vault"},
                                               {"push", "--store", "vault"}}) {
      const Ran ran = world_.run_with_config(words);
      ASSERT_EQ(ran.status, 0) << ran.err;
    }
    std::filesystem::remove_all(world_.repo());
  }
  Path temporary() const { return world_.dir() / "tmp"; }
  Ran run_bare(std::vector<std::string> words) const {
    words.insert(words.end(), {"--store", world_.url()});
    if (GetParam().first == Cipher::encrypted)
      words.insert(words.end(), {"--identity", world_.identity().string()});
    return pgassay(words, {{"PGASSAY_CONFIG", "/dev/null"}, {"TMPDIR", temporary().string()}});
  }

  const StoreWorld world_{
      GetParam().first,
      GetParam().second ? "s3://pgassay-test/read-" + TemporaryDir().path().filename().string() : "",
      GetParam().second ? endpoint_line() : ""};
  const LiveDatabase database_{"from_store", kTables};

 private:
  static std::string endpoint_line() {
    ::setenv("AWS_ENDPOINT_URL", rgw_endpoint().c_str(), 1);
    return "endpoint = \"" + rgw_endpoint() + "\"\n";
  }
};

INSTANTIATE_TEST_SUITE_P(Directory, ReadFromStore, testing::Values(std::pair(Cipher::encrypted, false)));
INSTANTIATE_TEST_SUITE_P(Rgw, ReadFromStore,
                         testing::Values(std::pair(Cipher::clear, true), std::pair(Cipher::encrypted, true)));

TEST_P(ReadFromStore, ShowVerifyAndExport) {
  push_and_lose_the_repository();
  const Ran shown = run_bare({"show", "latest"});
  EXPECT_EQ(shown.status, 0) << shown.err;
  EXPECT_NE(shown.out.find("public.big"), std::string::npos) << shown.out;
  const Ran verified = run_bare({"verify", "--json"});
  EXPECT_EQ(verified.status, 0) << verified.err;
  EXPECT_EQ(json::parse(verified.out).at("verdict"), "PASS");
  EXPECT_EQ(run_bare({"export", "latest", "--table", "public.other"}).out, "7\n");
  const Ran script = run_bare({"export", "latest"});
  EXPECT_EQ(script.status, 0) << script.err;
  EXPECT_NE(script.out.find("\n40000\t"), std::string::npos);
}

TEST_P(ReadFromStore, RestoreAndDrill) {
  push_and_lose_the_repository();
  const Ran restored = run_bare(
      {"restore", "latest", "--create", "--into", database_.copy(), "-d", database_.server().conninfo()});
  EXPECT_EQ(restored.status, 0) << restored.err << restored.out;
  EXPECT_NE(restored.out.find("proof: PASS"), std::string::npos) << restored.out;
  const Ended same =
      run_child({"bash", std::string(PGASSAY_SOURCE_DIR) + "/tests/fixtures/compare_databases.sh",
                 database_.conninfo(), database_.server().conninfo(database_.copy())});
  EXPECT_EQ(same.status, 0) << same.out << same.err;
  const Ran drilled = run_bare({"drill", "--engine", "local", "--work-dir", temporary().string()});
  EXPECT_EQ(drilled.status, 0) << drilled.err << drilled.out;
  // Nobody else keeps the evidence.
  EXPECT_NE(drilled.out.find("\"kind\": \"drill\""), std::string::npos) << drilled.out;
}

/// Bytes that a directory takes of the disk.
std::uint64_t room_of(const Path& dir) {
  std::uint64_t blocks = 0;
  for (const std::string& file : list_files(Place(dir))) {
    struct stat status {};
    EXPECT_EQ(::lstat((dir / file).c_str(), &status), 0);
    blocks += static_cast<std::uint64_t>(status.st_blocks);
  }
  return blocks * 512;
}

class CopyOnDemandTest : public testing::Test {
 protected:
  CopyOnDemandTest() {
    for (const std::vector<std::string>& words :
         std::vector<std::vector<std::string>>{{"backup", "-d", database_.conninfo(), "--source", "test"},
                                               {"store", "init", "vault"},
                                               {"push", "--store", "vault"}}) {
      const Ran ran = world_.run_with_config(words);
      EXPECT_EQ(ran.status, 0) << ran.err;
    }
    copy_ = reader_.find("latest", {}, {});
  }
  struct Text : ChunkSink {
    std::string text;
    void chunk(Bytes bytes) override { text += as_text(bytes); }
  };
  static const Relation& relation(const Manifest& manifest, std::string_view name) {
    return *std::ranges::find_if(manifest.relations,
                                 [&](const Relation& one) { return one.name.name == name; });
  }
  static std::string rows(const Backup& backup, const Relation& relation) {
    Text text;
    for (const Part& part : relation.parts) read_part(backup.dir, part.file, text, part.raw);
    return text.text;
  }

  const StoreWorld world_{Cipher::encrypted};
  const LiveDatabase database_{"on_demand", kTables};
  const std::unique_ptr<Store> store_ = open_store({.url = world_.url()});
  store::Reader reader_{*store_, {world_.identity(), {}, nullptr}};
  store::Copy copy_;
};

TEST_F(CopyOnDemandTest, HoldsNoRowsOnDisk) {
  const store::CopyOnDemand copy(reader_, *copy_.commit, world_.dir(), {});
  const Backup backup = copy.repository().find("latest");
  const Manifest manifest = read_manifest(backup.dir);
  const Relation& big = relation(manifest, "big");
  ASSERT_GT(big.parts.at(0).stored, std::uint64_t{512} << 10);
  const std::uint64_t before = room_of(backup.dir.path());
  EXPECT_LT(before, big.parts[0].stored);
  EXPECT_EQ(size_of_file(backup.dir / big.parts[0].file), big.parts[0].stored);
  EXPECT_EQ(rows(backup, big).size(), big.parts[0].raw);
  EXPECT_EQ(room_of(backup.dir.path()), before);
  EXPECT_EQ(rows(backup, relation(manifest, "other")), "7\n");
}

TEST_F(CopyOnDemandTest, IsGoneAtItsEnd) {
  Path dir;
  {
    const store::CopyOnDemand copy(reader_, *copy_.commit, world_.dir(), {});
    dir = copy.repository().root().path();
    EXPECT_TRUE(std::filesystem::exists(dir));
  }
  EXPECT_FALSE(std::filesystem::exists(dir));
}

TEST_F(CopyOnDemandTest, NamesAnObjectThatWasExchangedOnceItWasListed) {
  const store::CopyOnDemand copy(reader_, *copy_.commit, world_.dir(), {});
  const Backup backup = copy.repository().find("latest");
  const Manifest manifest = read_manifest(backup.dir);
  for (const store::Bound& part : copy_.commit->parts)
    overwrite(world_.nas() / part.name, std::string(part.bytes, 'x'));
  for (const char* table : {"big", "other"})
    EXPECT_THROW(rows(backup, relation(manifest, table)), BadBackup) << table;
}

/// Two servers: what was one's is to be the other's.
class RestoreAll : public testing::Test {
 protected:
  RestoreAll() {
    source_.psql("postgres", "CREATE ROLE clerk LOGIN; CREATE ROLE boss; GRANT boss TO clerk");
    for (const char* name : {"shop", "wiki"}) {
      source_.create_database(name);
      source_.psql(
          name, "CREATE TABLE t AS SELECT n FROM generate_series(1, 500) AS n; ALTER TABLE t OWNER TO clerk");
    }
    run({"backup", "--all-databases", "-d", source_.conninfo(), "--source", "prod"});
    run({"store", "init", "vault"});
  }
  void run(const std::vector<std::string>& words) const {
    const Ran ran = world_.run_with_config(words);
    ASSERT_EQ(ran.status, 0) << ran.err;
  }
  Ran restore_all(std::vector<std::string> more = {}) const {
    more.insert(more.begin(), {"restore", "--all", "-d", target_.conninfo()});
    return pgassay(more, {{"PGASSAY_CONFIG", "/dev/null"}});
  }
  std::vector<std::string> from_store() const {
    return {"--store", world_.url(), "--identity", world_.identity().string()};
  }

  const StoreWorld world_{Cipher::encrypted};
  LocalServer source_, target_;
};

TEST_F(RestoreAll, BringsAWholeServerBackFromAStore) {
  run({"push", "--all", "--store", "vault"});
  std::vector<std::string> words = from_store();
  words.emplace_back("--json");
  const Ran ran = restore_all(words);
  ASSERT_EQ(ran.status, 0) << ran.err << ran.out;
  const json document = json::parse(ran.out);
  EXPECT_EQ(document.at("verdict"), "PASS");
  EXPECT_EQ(document.at("restores").size(), 2u);
  for (const char* name : {"shop", "wiki"}) {
    EXPECT_EQ(target_.value(name, "SELECT count(*) FROM t"), "500");
    EXPECT_EQ(target_.value(name, "SELECT tableowner FROM pg_tables WHERE tablename = 't'"), "clerk");
  }
  EXPECT_EQ(target_.value("postgres", "SELECT pg_has_role('clerk', 'boss', 'member')"), "t");
}

TEST_F(RestoreAll, OneThatIsDamagedKeepsNoneOfTheOthers) {
  run({"push", "--all", "--store", "vault"});
  const Path commit = world_.object("prod/shop/");
  overwrite(commit.parent_path() / "commit.json", "{}");
  const Ran ran = restore_all(from_store());
  EXPECT_EQ(ran.status, 3) << ran.err;
  EXPECT_NE(ran.err.find("the server is not back as it was: shop"), std::string::npos) << ran.err;
  EXPECT_EQ(target_.value("wiki", "SELECT count(*) FROM t"), "500");
}

TEST_F(RestoreAll, DoesSoFromTheRepository) {
  const Ran ran = restore_all({"--repo", world_.repo().string()});
  EXPECT_EQ(ran.status, 0) << ran.err;
  EXPECT_EQ(target_.value("wiki", "SELECT count(*) FROM t"), "500");
  // Nothing is written over.
  EXPECT_EQ(restore_all({"--repo", world_.repo().string()}).status, 6);
}

TEST_F(RestoreAll, RefusesWhatIsOfOneDatabase) {
  for (const std::vector<std::string>& more : std::vector<std::vector<std::string>>{
           {"latest"}, {"--into", "x"}, {"--table", "public.t"}, {"--resume"}}) {
    std::vector<std::string> words = more;
    words.insert(words.end(), {"--repo", world_.repo().string()});
    EXPECT_EQ(restore_all(words).status, 2) << more[0];
  }
}

}  // namespace
}  // namespace pgassay::test
