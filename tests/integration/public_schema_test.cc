// The schema public, of which pg_dump before 15 carries privileges alone.
#include <gtest/gtest.h>

#include "core/repository/layout.h"
#include "tests/fixtures/child.h"
#include "tests/fixtures/live_backup.h"
#include "tests/fixtures/tamper.h"

namespace pgassay::test {
namespace {

class PublicSchema : public testing::Test {
 protected:
  /// As pg_dump 13 would have it.
  void back_up_without_public(const LiveDatabase& database) {
    ASSERT_EQ(vault_.back_up(database).status, 0);
    const Path dir = vault_.newest(database).dir.path();
    const Ended dumped = run_child({(database.server().bin_dir() / "pg_dump").string(), "-Fc",
                                    "--section=pre-data", "--section=post-data", "--exclude-schema=public",
                                    "-f", dir / kSchemaFile, "-d", database.conninfo()});
    ASSERT_EQ(dumped.status, 0) << dumped.err;
    reseal(dir, [](Manifest& manifest) { manifest.summary.pg_dump_version_num = 130023; });
  }
  static constexpr const char* kFacts =
      "SELECT concat(pg_get_userbyid(nspowner), ': ', coalesce(obj_description(oid, 'pg_namespace'), 'none'))"
      " FROM pg_namespace WHERE nspname = 'public'";

  Vault vault_;
};

TEST_F(PublicSchema, HasTheCommentAndTheOwnerThatAnOlderPgDumpLeavesOut) {
  const LiveDatabase database(
      "public_told",
      "CREATE SCHEMA s; CREATE TABLE s.t AS SELECT 1 AS a; CREATE ROLE of_public;"
      "ALTER SCHEMA public OWNER TO of_public; COMMENT ON SCHEMA public IS 'it''s ours';");
  back_up_without_public(database);
  EXPECT_EQ(vault_.restore(database), "");
  EXPECT_EQ(database.copied_value(kFacts), "of_public: it's ours");
  const Ran drill = vault_.run({"drill", "latest", "--engine", "local"});
  EXPECT_EQ(drill.status, 0) << drill.out << drill.err;
}

TEST_F(PublicSchema, HasNoCommentWhereItHadNone) {
  const LiveDatabase database(
      "public_untold",
      "CREATE SCHEMA s; CREATE TABLE s.t AS SELECT 1 AS a; COMMENT ON SCHEMA public IS NULL;");
  back_up_without_public(database);
  EXPECT_EQ(vault_.restore(database), "");
  EXPECT_EQ(database.copied_value(kFacts), database.value(kFacts));
}

}  // namespace
}  // namespace pgassay::test
