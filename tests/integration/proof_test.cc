// The proof against the very database that was backed up: whatever is changed in it afterwards must be found.
#include "proof/row_proof.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "tests/fixtures/round_trip.h"

namespace pgassay::test {
namespace {

class Proven {
 public:
  Proven(const std::string& name, const std::string& sql) : database_(name, sql) {
    manifest_ = read_manifest(trip_.back_up(name).dir);
  }
  std::vector<Check> after(const std::string& sql) {
    database_.psql(sql);
    return again();
  }
  std::vector<Check> again() {
    Observer silent;
    return proof::prove(shared_server().connection(database_.name()), manifest_, {2}, silent, {});
  }
  Manifest& manifest() { return manifest_; }

 private:
  RoundTrip trip_;
  Database database_;
  Manifest manifest_;
};

/// The checks that do not pass, as "VERDICT name".
std::string faults(const std::vector<Check>& checks) {
  std::string out;
  for (const Check& check : checks)
    if (check.verdict != Verdict::pass)
      out += std::string(to_string(check.verdict)) + " " + check.name + "\n";
  return out;
}

constexpr const char* kTwoTables =
    "CREATE TABLE t AS SELECT g AS a, md5(g::text) AS b FROM generate_series(1, 1000) g;"
    "CREATE TABLE u AS SELECT 1 AS a;";

TEST(Proof, PassesOnTheDatabaseItself) {
  Proven proven("proof_same", kTwoTables);
  EXPECT_EQ(faults(proven.again()), "");
  EXPECT_EQ(overall(proven.again()), Verdict::pass);
}

TEST(Proof, FindsOneChangedByte) {
  Proven proven("proof_byte", kTwoTables);
  EXPECT_EQ(faults(proven.after("UPDATE t SET b = 'x' || substr(b, 2) WHERE a = 500;")),
            "FAIL table public.t\n");
}

TEST(Proof, FindsAMissingRow) {
  Proven proven("proof_row", kTwoTables);
  EXPECT_EQ(faults(proven.after("DELETE FROM t WHERE a = 500;")), "FAIL table public.t\n");
}

TEST(Proof, FindsARowThatStandsTwiceForAnother) {
  Proven proven("proof_twice", kTwoTables);
  EXPECT_EQ(faults(proven.after("DELETE FROM t WHERE a = 500; INSERT INTO t SELECT * FROM t WHERE a = 501;")),
            "FAIL table public.t\n");
}

TEST(Proof, DoesNotCareAboutTheOrderOfRows) {
  Proven proven("proof_order", kTwoTables);
  EXPECT_EQ(faults(proven.after("CREATE INDEX i ON t (b); CLUSTER t USING i;")), "");
}

TEST(Proof, FindsAMissingTable) {
  Proven proven("proof_gone", kTwoTables);
  EXPECT_EQ(faults(proven.after("DROP TABLE u;")), "FAIL table public.u\n");
}

TEST(Proof, FindsAMissingColumn) {
  Proven proven("proof_column", kTwoTables);
  EXPECT_EQ(faults(proven.after("ALTER TABLE t DROP COLUMN b;")), "FAIL table public.t\n");
}

TEST(Proof, FindsNullsThatBecameEmpty) {
  Proven proven("proof_null", "CREATE TABLE t (a text); INSERT INTO t VALUES (NULL), ('');");
  EXPECT_EQ(faults(proven.after("UPDATE t SET a = '';")), "FAIL table public.t\n");
}

TEST(Proof, ReadsLargeTablesInRangesAndMissesNoPage) {
  Proven proven(
      "proof_ranges",
      "CREATE TABLE t AS SELECT g AS a, repeat(md5(g::text), 30) AS b FROM generate_series(1, 150000) g;");
  EXPECT_EQ(faults(proven.again()), "");
  EXPECT_EQ(faults(proven.after("UPDATE t SET b = '' WHERE a = 149999;")), "FAIL table public.t\n");
}

TEST(Proof, LetsRowsMoveBetweenPartitions) {
  Proven proven("proof_moved",
                "CREATE TABLE p (a int, b text) PARTITION BY LIST (a); CREATE TABLE p1 PARTITION OF p FOR "
                "VALUES IN (1);"
                "CREATE TABLE p2 (b text, a int); ALTER TABLE p ATTACH PARTITION p2 FOR VALUES IN (2);"
                "INSERT INTO p VALUES (1, 'x'), (2, 'y');");
  EXPECT_EQ(faults(proven.again()), "");
  EXPECT_EQ(faults(proven.after(
                "ALTER TABLE p DETACH PARTITION p2; INSERT INTO p1 SELECT 1, b FROM p2; DROP TABLE p2;"
                "CREATE TABLE p2 PARTITION OF p FOR VALUES IN (2, 3); DELETE FROM p WHERE b = 'y';"
                "INSERT INTO p VALUES (2, 'y');")),
            "");
  EXPECT_EQ(faults(proven.after("DELETE FROM p WHERE a = 2;")), "FAIL table public.p\n");
}

TEST(Proof, CountsRowsThatMovedIntoAPartitionLeftOut) {
  Proven proven(
      "proof_left_out",
      "CREATE TABLE p (a int) PARTITION BY LIST (a); CREATE TABLE p1 PARTITION OF p FOR VALUES IN (1);"
      "CREATE TABLE p2 PARTITION OF p FOR VALUES IN (2); INSERT INTO p VALUES (1);");
  for (Relation& relation : proven.manifest().relations) {
    if (relation.name.name == "p1") relation.via_root = true;
    if (relation.name.name == "p2") relation.data = Data::excluded;
  }
  EXPECT_EQ(faults(proven.after(
                "ALTER TABLE p DETACH PARTITION p1; ALTER TABLE p DETACH PARTITION p2; DELETE FROM p1;"
                "ALTER TABLE p ATTACH PARTITION p2 FOR VALUES IN (1); INSERT INTO p VALUES (1);")),
            "");
}

TEST(Proof, NamesThePartitionThatDiffers) {
  Proven proven(
      "proof_leaf",
      "CREATE TABLE p (a int) PARTITION BY LIST (a); CREATE TABLE p1 PARTITION OF p FOR VALUES IN (1);"
      "CREATE TABLE p2 PARTITION OF p FOR VALUES IN (2); INSERT INTO p VALUES (1), (2);");
  const auto checks = proven.after("DELETE FROM p WHERE a = 2;");
  ASSERT_EQ(faults(checks), "FAIL table public.p\n");
  EXPECT_EQ(checks.at(0).detail, "1 rows instead of 2; in public.p2");
}

TEST(Proof, FailsASequenceThatIsBehindAndPassesOneAhead) {
  Proven proven(
      "proof_sequence",
      "CREATE SEQUENCE s; SELECT setval('s', 10); CREATE SEQUENCE d INCREMENT -1; SELECT setval('d', -10);"
      "CREATE SEQUENCE f; SELECT setval('f', 10, false);");
  EXPECT_EQ(faults(proven.again()), "");
  EXPECT_EQ(faults(proven.after("SELECT nextval('s'), nextval('d'), nextval('f');")), "");
  EXPECT_EQ(faults(proven.after("SELECT setval('s', 9), setval('d', -9), setval('f', 9);")),
            "FAIL sequence public.d\nFAIL sequence public.s\n");
  EXPECT_EQ(faults(proven.after("SELECT setval('s', 10), setval('d', -10), setval('f', 9, false);")),
            "FAIL sequence public.f\n");
}

TEST(Proof, FindsAChangedByteOfALargeObject) {
  Proven proven("proof_object", "SELECT lo_from_bytea(9, repeat('x', 5000)::bytea);");
  EXPECT_EQ(faults(proven.again()), "");
  EXPECT_EQ(faults(proven.after("SELECT lo_put(9, 4999, 'y');")), "FAIL large objects\n");
}

TEST(Proof, FindsAMissingEmptyLargeObject) {
  Proven proven("proof_empty", "SELECT lo_create(9); SELECT lo_create(10);");
  EXPECT_EQ(faults(proven.after("SELECT lo_unlink(10);")), "FAIL large objects\n");
}

TEST(Proof, FindsAPrivilegeOnALargeObject) {
  Proven proven("proof_privilege", "SELECT lo_create(9);");
  EXPECT_EQ(faults(proven.after("GRANT SELECT ON LARGE OBJECT 9 TO PUBLIC;")),
            "FAIL large object owners, comments and privileges\n");
}

TEST(Proof, FindsAMaterializedViewThatWasNotRefreshed) {
  Proven proven("proof_view", "CREATE MATERIALIZED VIEW v AS SELECT 1;");
  EXPECT_EQ(faults(proven.after("REFRESH MATERIALIZED VIEW v WITH NO DATA;")),
            "FAIL materialized view public.v\n");
}

TEST(Proof, ReadsUnderItsOwnSettingsWhateverTheDatabaseSays) {
  Proven proven(
      "proof_settings",
      "CREATE TABLE t AS SELECT now() AS a, 0.1::float8 AS b, '\\x01'::bytea AS c, '1 day'::interval AS d;");
  EXPECT_EQ(faults(proven.after("ALTER DATABASE proof_settings SET DateStyle = German; ALTER DATABASE "
                                "proof_settings SET TimeZone = 'Asia/Tokyo';"
                                "ALTER DATABASE proof_settings SET bytea_output = escape; ALTER DATABASE "
                                "proof_settings SET extra_float_digits = -3;"
                                "ALTER DATABASE proof_settings SET IntervalStyle = iso_8601;")),
            "");
}

TEST(Proof, CannotFailADigestOfAnotherMajorVersion) {
  Proven proven("proof_major", kTwoTables);
  proven.manifest().server.version -= 10000;
  EXPECT_EQ(faults(proven.after("UPDATE t SET b = '' WHERE a = 500;")), "UNVERIFIED table public.t\n");
  EXPECT_EQ(faults(proven.after("DELETE FROM t WHERE a = 500;")), "FAIL table public.t\n");
}

}  // namespace
}  // namespace pgassay::test
