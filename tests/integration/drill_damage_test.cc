// Damage, planted one at a time into a restored database: each must be found, and named.
#include <gtest/gtest.h>

#include <set>

#include <fstream>

#include "tests/fixtures/restored_backup.h"

namespace pgassay::test {
namespace {

constexpr const char* kDamagedShop = R"(
SET client_min_messages = error;
DROP ROLE IF EXISTS damage_owner, damage_reader;
CREATE ROLE damage_owner; CREATE ROLE damage_reader;
CREATE TABLE orders (id int PRIMARY KEY, what text NOT NULL, parent int REFERENCES orders,
  CONSTRAINT named CHECK (what <> ''));
CREATE TABLE bids (id int PRIMARY KEY, what text NOT NULL, parent int);
INSERT INTO orders SELECT g, md5(g::text), nullif(g / 2, 0) FROM generate_series(1, 500) g;
INSERT INTO bids SELECT g, md5((-g)::text), g FROM generate_series(501, 900) g;
CREATE INDEX orders_what ON orders (what);
CREATE SEQUENCE tickets; SELECT setval('tickets', 500);
SELECT lo_from_bytea(7001, repeat('x', 5000)::bytea);
CREATE VIEW recent AS SELECT * FROM orders WHERE id > 400;
CREATE MATERIALIZED VIEW totals AS SELECT count(*) FROM orders;
CREATE FUNCTION stamp() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
CREATE TRIGGER stamped BEFORE INSERT ON orders FOR EACH ROW EXECUTE FUNCTION stamp();
CREATE TYPE mood AS ENUM ('good', 'bad');
ALTER TABLE orders OWNER TO damage_owner; GRANT SELECT ON orders TO damage_reader;
COMMENT ON TABLE orders IS 'what was ordered';
ALTER DATABASE drill_damage SET work_mem = '7MB';
)";

DrilledDatabase& shop() {
  static DrilledDatabase database("drill_damage", kDamagedShop);
  return database;
}

struct Damage {
  const char *name, *sql, *faults;
};

class DrillFinds : public testing::TestWithParam<Damage> {};

TEST_P(DrillFinds, It) {
  const drill::Answers answers = shop().after(GetParam().sql);
  EXPECT_EQ(faults(answers.checks), GetParam().faults);
  std::set<CheckId> ids;
  for (const Check& check : answers.checks) EXPECT_TRUE(ids.insert(check.id).second) << check.name;
}

constexpr Damage kDamages[] = {
    {"ARowRemoved", "DELETE FROM orders WHERE id = 400;", "FAIL table public.orders\n"},
    {"ARowChangedByOneByte", "UPDATE orders SET what = 'X' || substr(what, 2) WHERE id = 400;",
     "FAIL table public.orders\n"},
    {"TwoRowsSwappedBetweenTables",
     "CREATE TEMP TABLE held AS SELECT * FROM orders WHERE id = 400; DELETE FROM orders WHERE id = 400;"
     "INSERT INTO orders SELECT id, what, NULL FROM bids WHERE id = 600; DELETE FROM bids WHERE id = 600;"
     "INSERT INTO bids SELECT * FROM held; DROP TABLE held;",
     "FAIL table public.bids\nFAIL table public.orders\n"},
    {"ARowThatStandsTwiceForAnother",
     "DELETE FROM bids WHERE id = 600; UPDATE bids SET id = 600 WHERE id = 601;"
     "ALTER TABLE bids DROP CONSTRAINT bids_pkey; INSERT INTO bids SELECT * FROM bids WHERE id = 600;",
     "FAIL constraint bids_pkey on public.bids\nFAIL index public.bids_pkey\nFAIL table public.bids\n"},
    {"ASequenceBehind", "SELECT setval('tickets', 499);", "FAIL sequence public.tickets\n"},
    {"ALargeObjectChanged", "SELECT lo_put(7001, 4000, 'y');", "FAIL large objects\n"},
    {"ALargeObjectOfAnotherOwner", "ALTER LARGE OBJECT 7001 OWNER TO damage_reader;",
     "FAIL large object owners, comments and privileges\nFAIL large objects damage_reader\nFAIL large "
     "objects "
     "postgres\n"},
    {"AnIndexMissing", "DROP INDEX orders_what;", "FAIL index public.orders_what\n"},
    {"AnIndexOfAnotherDefinition",
     "DROP INDEX orders_what; CREATE INDEX orders_what ON orders (lower(what));",
     "FAIL index public.orders_what\n"},
    {"AnInvalidIndex", "UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'orders_what'::regclass;",
     "FAIL index public.orders_what\n"},
    {"AConstraintNotValidated",
     "ALTER TABLE orders DROP CONSTRAINT named; ALTER TABLE orders ADD CONSTRAINT named CHECK (what <> '') "
     "NOT VALID;",
     "FAIL constraint named on public.orders\n"},
    {"AForeignKeyMissing", "ALTER TABLE orders DROP CONSTRAINT orders_parent_fkey;",
     "FAIL constraint orders_parent_fkey on public.orders\n"},
    {"AnOwnerChanged", "ALTER TABLE orders OWNER TO postgres;",
     "FAIL index public.orders_pkey\nFAIL index public.orders_what\nFAIL table public.orders\nFAIL table "
     "public.orders\n"},
    {"APrivilegeLost", "REVOKE SELECT ON orders FROM damage_reader;", "FAIL table public.orders\n"},
    {"APrivilegeGained", "GRANT SELECT ON bids TO PUBLIC;", "FAIL table public.bids\n"},
    {"ATriggerDisabled", "ALTER TABLE orders DISABLE TRIGGER stamped;",
     "FAIL trigger stamped on public.orders\n"},
    {"ATriggerMissing", "DROP TRIGGER stamped ON orders;", "FAIL trigger stamped on public.orders\n"},
    {"AViewOfAnotherDefinition", "CREATE OR REPLACE VIEW recent AS SELECT * FROM orders WHERE id > 401;",
     "FAIL view public.recent\n"},
    {"AViewMissing", "DROP VIEW recent;", "FAIL view public.recent\n"},
    {"AFunctionOfAnotherBody",
     "CREATE OR REPLACE FUNCTION stamp() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN OLD; END';",
     "FAIL function public.stamp()\n"},
    {"ATypeMissing", "DROP TYPE mood;", "FAIL enum type public.mood\n"},
    {"AColumnTooMany", "ALTER TABLE bids ADD more int;", "FAIL table public.bids\n"},
    {"ADefaultChanged", "ALTER TABLE bids ALTER parent SET DEFAULT 1;", "FAIL table public.bids\n"},
    {"ATableTooMany", "CREATE TABLE stranger (a int);", "FAIL table public.stranger\n"},
    {"AMaterializedViewNotPopulated", "REFRESH MATERIALIZED VIEW totals WITH NO DATA;",
     "FAIL materialized view public.totals\nFAIL materialized view public.totals\n"},
    {"ACommentMissing", "COMMENT ON TABLE orders IS NULL;", "FAIL comment on table public.orders\n"},
    {"ADatabasesSettingChanged", "ALTER DATABASE drill_damage_damaged SET work_mem = '8MB';",
     "FAIL database\n"},
};

INSTANTIATE_TEST_SUITE_P(Damage, DrillFinds, testing::ValuesIn(kDamages),
                         [](const auto& info) { return std::string(info.param.name); });

TEST(DrillChecks, AllPassOnWhatWasRestoredAndSayWhatTheyCompared) {
  const drill::Answers answers = shop().answers();
  EXPECT_EQ(faults(answers.checks), "");
  EXPECT_EQ(detail(answers.checks, "restore"), "ended clean");
  EXPECT_EQ(answers.rows, 900U);
  EXPECT_GT(answers.objects, 10U);
  EXPECT_NE(detail(answers.checks, "objects").find(" 2"), std::string::npos);
}

TEST(DrillChecks, ShowTheDefinitionThatIsThere) {
  const drill::Answers answers = shop().after(
      "ALTER TABLE orders DROP CONSTRAINT named; ALTER TABLE orders ADD CONSTRAINT named CHECK (what <> '') "
      "NOT VALID;"
      "ALTER TABLE orders DISABLE TRIGGER stamped;");
  EXPECT_EQ(detail(answers.checks, "constraint named on public.orders"),
            "its definition is not what it was; here: CHECK ((what <> ''::text)) NOT VALID");
  EXPECT_NE(detail(answers.checks, "trigger stamped on public.orders").find("(disabled)"), std::string::npos);
}

TEST(DrillChecks, FailWithWhatTheRestoreLost) {
  DrilledDatabase lossy("drill_lossy", "CREATE TABLE t AS SELECT 1 AS a;");
  restore::RestoreReport& report = const_cast<restore::RestoreReport&>(lossy.report());
  report.lost = {{restore::LossKind::object, "CREATE INDEX i ON t", {}, "CREATE INDEX i ON t: no"}};
  EXPECT_EQ(faults(lossy.answers().checks), "FAIL restore\n");
}

drill::DrillQuestions asserting(drill::Assertion assertion) {
  drill::DrillQuestions questions;
  questions.assertions = {std::move(assertion)};
  return questions;
}

std::string verdict_of(const drill::Assertion& assertion) {
  const drill::Answers answers = shop().answers(asserting(assertion));
  return std::string(to_string(answers.checks.back().verdict)) + " " + answers.checks.back().name + ": " +
         answers.checks.back().detail;
}

TEST(DrillAssertions, PassWhenTrueOrWhenTheValueIsTheExpectedOne) {
  EXPECT_EQ(verdict_of({"some", "SELECT count(*) > 100 FROM orders", {}, Seconds(60)}),
            "PASS assert some: true");
  EXPECT_EQ(verdict_of({"exact", "SELECT count(*) FROM orders", "500", Seconds(60)}),
            "PASS assert exact: 500");
}

TEST(DrillAssertions, FailWithWhatTheyFound) {
  EXPECT_EQ(verdict_of({"some", "SELECT count(*) > 1000 FROM orders", {}, Seconds(60)}),
            "FAIL assert some: f instead of true");
  EXPECT_EQ(verdict_of({"exact", "SELECT count(*) FROM orders", "501", Seconds(60)}),
            "FAIL assert exact: 500 instead of 501");
  EXPECT_EQ(verdict_of({"none", "SELECT 1 WHERE false", {}, Seconds(60)}),
            "FAIL assert none: 0 rows instead of one value");
  EXPECT_EQ(verdict_of({"null", "SELECT NULL", {}, Seconds(60)}), "FAIL assert null: NULL instead of true");
  EXPECT_EQ(verdict_of({"gone", "SELECT count(*) FROM elsewhere", {}, Seconds(60)}).substr(0, 18),
            "FAIL assert gone: ");
}

TEST(DrillAssertions, ThatCannotBeAskedProveNothing) {
  EXPECT_EQ(verdict_of({"odd", "SELECT count(* FROM orders", {}, Seconds(60)}).substr(0, 10), "UNVERIFIED");
  EXPECT_EQ(verdict_of({"slow", "SELECT pg_sleep(20) IS NULL", {}, Seconds(0.2)}).substr(0, 10),
            "UNVERIFIED");
}

TEST(DrillAssertions, ChangeNothing) {
  EXPECT_EQ(verdict_of({"writes", "DELETE FROM orders RETURNING true", {}, Seconds(60)}).substr(0, 4),
            "FAIL");
  EXPECT_EQ(verdict_of({"twice", "COMMIT; DELETE FROM orders", {}, Seconds(60)}).substr(0, 10), "UNVERIFIED");
  EXPECT_EQ(verdict_of({"still", "SELECT count(*) FROM orders", "500", Seconds(60)}).substr(0, 4), "PASS");
}

TEST(DrillAmcheck, PassesOnSoundIndexesAndTables) {
  drill::DrillQuestions questions;
  questions.amcheck = true;
  const drill::Answers answers = shop().after("SELECT 1;", questions);
  EXPECT_EQ(faults(answers.checks), "");
  EXPECT_NE(detail(answers.checks, "amcheck").find(" are sound"), std::string::npos);
}

TEST(DrillAmcheck, SaysWhatItWasToLookAtAndDidNot) {
  drill::DrillQuestions questions;
  questions.amcheck = true;
  const drill::Answers answers = shop().after(
      "UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'orders_what'::regclass;", questions);
  EXPECT_NE(detail(answers.checks, "amcheck not made").find("public.orders_what"), std::string::npos)
      << faults(answers.checks);
}

/// Two entries of the index change places: the server goes on without noticing.
TEST(DrillAmcheck, NamesADamagedIndex) {
  drill::DrillQuestions questions;
  questions.amcheck = true;
  const drill::Answers answers = shop().after(
      "CREATE OPERATOR CLASS odd FOR TYPE text USING btree AS OPERATOR 1 <, OPERATOR 2 <=, OPERATOR 3 =, "
      "OPERATOR 4 >=,"
      " OPERATOR 5 >, FUNCTION 1 bttextcmp(text, text);"
      "DROP INDEX orders_what; CREATE INDEX orders_what ON orders (what odd);"
      "CREATE FUNCTION backwards(text, text) RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT bttextcmp($2, "
      "$1)';"
      "UPDATE pg_amproc SET amproc = 'backwards'::regproc WHERE amproc = 'bttextcmp'::regproc AND "
      "amprocfamily = "
      "(SELECT opcfamily FROM pg_opclass WHERE opcname = 'odd');",
      questions);
  EXPECT_NE(detail(answers.checks, "amcheck index public.orders_what").find("orders_what"), std::string::npos)
      << faults(answers.checks);
}

}  // namespace
}  // namespace pgassay::test
