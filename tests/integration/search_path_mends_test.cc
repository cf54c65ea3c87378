// Functions that find no names under the empty search_path of a restore: found by a drill, with what mends
// them.
#include <gtest/gtest.h>

#include "tests/fixtures/live_backup.h"
#include "tests/fixtures/local_server.h"

namespace pgassay::test {
namespace {

constexpr const char* kUnqualified = R"(
CREATE SCHEMA tools; CREATE EXTENSION hstore SCHEMA tools; SET search_path = public, tools;
CREATE TABLE kinds (code text PRIMARY KEY); INSERT INTO kinds VALUES ('x');
CREATE FUNCTION known(text) RETURNS bool LANGUAGE plpgsql AS 'BEGIN RETURN EXISTS (SELECT FROM kinds WHERE code = $1); END';
CREATE FUNCTION keys(text) RETURNS text IMMUTABLE LANGUAGE sql AS 'SELECT array_to_string(akeys($1::hstore), '','')';
CREATE FUNCTION twice(int) RETURNS int IMMUTABLE LANGUAGE plpgsql AS 'BEGIN RETURN once($1) * 2; END';
CREATE FUNCTION once(int) RETURNS int IMMUTABLE LANGUAGE sql AS 'SELECT $1';
CREATE TABLE item (id int PRIMARY KEY, kind text CHECK (known(kind)), n int, g int GENERATED ALWAYS AS (twice(n)) STORED);
INSERT INTO item SELECT g, 'x', g FROM generate_series(1, 30) g;
CREATE TABLE tagged AS SELECT 'a=>1'::text AS tags; CREATE INDEX tagged_keys ON tagged (keys(tags));
CREATE FUNCTION total() RETURNS bigint LANGUAGE sql AS 'SELECT sum(n) FROM item';
CREATE MATERIALIZED VIEW totals AS SELECT total();
)";

const char* const kMends[] = {"ALTER FUNCTION public.known(text) SET search_path = public",
                              "ALTER FUNCTION public.keys(text) SET search_path = public, tools",
                              "ALTER FUNCTION public.twice(integer) SET search_path = public",
                              "ALTER FUNCTION public.total() SET search_path = public"};

TEST(SearchPathMends, AreFoundByADrillRepeatedUntilTheyAreMadeAndMendIt) {
  const LiveDatabase database("search_path_mends", kUnqualified);
  const Vault vault;
  const Ran backed_up = vault.back_up(database);
  ASSERT_EQ(backed_up.status, 0) << backed_up.err;
  const Ran drilled = vault.run({"drill", "latest", "--engine", "local"});
  EXPECT_EQ(drilled.status, 3) << drilled.out << drilled.err;
  const std::string shown = vault.run({"show", "latest"}).out, status = vault.run({"status"}).out,
                    doctor = vault.run({"doctor", "--source", "test", "-d", database.conninfo()}).out;
  for (const char* mend : kMends) {
    EXPECT_NE(drilled.out.find(mend), std::string::npos) << mend << "\n" << drilled.out;
    EXPECT_NE(shown.find(mend), std::string::npos) << mend << "\n" << shown;
    EXPECT_NE(status.find(mend), std::string::npos) << mend << "\n" << status;
    database.psql(mend);
  }
  EXPECT_NE(doctor.find(kMends[0]), std::string::npos) << doctor;
  ASSERT_EQ(vault.back_up(database).status, 0);
  const Ran again = vault.run({"drill", "latest", "--engine", "local"});
  EXPECT_EQ(again.status, 0) << again.out << again.err;
  EXPECT_EQ(vault.run({"show", "latest"}).out.find("ALTER FUNCTION"), std::string::npos);
  EXPECT_EQ(vault.run({"doctor", "--source", "test", "-d", database.conninfo()}).out.find("ALTER FUNCTION"),
            std::string::npos);
}

}  // namespace
}  // namespace pgassay::test
