// Extensions that databases in production have, with their own tables: of Debian (scripts/packages long).
#include <gtest/gtest.h>

#include "tests/fixtures/child.h"
#include "tests/fixtures/live_backup.h"

namespace pgassay::test {
namespace {

/// Backed up, verified, restored, compared by stock tools, and drilled.
void come_back(const LiveDatabase& database, const std::vector<std::string>& arguments = {}) {
  const Vault vault;
  const Ran backup = vault.back_up(database, arguments);
  ASSERT_EQ(backup.status, 0) << backup.err;
  EXPECT_EQ(vault.run({"verify", "latest", "-q"}).status, 0);
  EXPECT_EQ(vault.restore(database), "");
  const Ended compared = run_child({"bash", PGASSAY_SOURCE_DIR "/tests/fixtures/compare_databases.sh",
                                    database.conninfo(), database.server().conninfo(database.copy())});
  EXPECT_EQ(compared.status, 0) << compared.out << compared.err;
  const Ran drill = vault.run({"drill", "latest", "-q", "--engine", "local"});
  EXPECT_EQ(drill.status, 0) << drill.out << drill.err;
}

TEST(KnownExtensionsLong, PostGisComesBackWithItsUsersReferenceSystems) {
  const LiveDatabase database("postgis", R"(CREATE EXTENSION postgis;
    INSERT INTO spatial_ref_sys VALUES (990001, 'ours', 990001, 'LOCAL_CS["ours"]', '+proj=longlat');
    CREATE TABLE places (id int PRIMARY KEY, g geometry(Point, 4326), area geography, box box3d);
    INSERT INTO places SELECT i, ST_SetSRID(ST_MakePoint(i % 180, i % 90), 4326), ST_Buffer(ST_MakePoint(i % 80, 5)::geography, 9),
      ST_3DMakeBox(ST_MakePoint(i, 0, 0), ST_MakePoint(i, 1, 1)) FROM generate_series(1, 2000) i;
    CREATE INDEX ON places USING gist (g);
    CREATE TABLE shapes AS SELECT id, g, area FROM places;)");
  come_back(database, {"--binary-table", "shapes"});
  EXPECT_EQ(database.copied_value("SELECT auth_name FROM spatial_ref_sys WHERE srid = 990001"), "ours");
}

TEST(KnownExtensionsLong, PgPartmanComesBackWithWhatItWasTold) {
  const LiveDatabase database("partman", R"(CREATE SCHEMA partman; CREATE EXTENSION pg_partman SCHEMA partman;
    CREATE TABLE events (at timestamptz NOT NULL, what text) PARTITION BY RANGE (at);
    SELECT partman.create_parent('public.events', 'at', 'native', 'daily');
    INSERT INTO events SELECT now() + i * interval '1 hour', 'event ' || i FROM generate_series(-48, 48) i;
    UPDATE partman.part_config SET retention = '30 days';)");
  come_back(database);
  EXPECT_EQ(database.copied_value("SELECT parent_table, retention FROM partman.part_config"),
            "public.events|30 days");
}

}  // namespace
}  // namespace pgassay::test
