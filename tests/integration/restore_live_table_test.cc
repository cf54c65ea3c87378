// restore --table without --as: whole tables into a database that is in use and has lost them.
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <gtest/gtest.h>

#include "tests/fixtures/round_trip.h"

namespace pgassay::test {
namespace {

const std::string kLiveShop = R"(
DROP ROLE IF EXISTS live_reader; CREATE ROLE live_reader;
CREATE TYPE status AS ENUM ('new', 'paid');
CREATE FUNCTION stamp() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN new; END';
CREATE TABLE customers (id int PRIMARY KEY);
INSERT INTO customers SELECT generate_series(1, 50);
CREATE TABLE orders (id serial PRIMARY KEY, customer int REFERENCES customers, status status NOT NULL DEFAULT 'new',
  total numeric CHECK (total > 0), taxed numeric GENERATED ALWAYS AS (total * 1.2) STORED);
GRANT SELECT ON orders TO live_reader; COMMENT ON TABLE orders IS 'what was ordered';
CREATE INDEX orders_status ON orders (status);
CREATE TRIGGER stamp BEFORE UPDATE ON orders FOR EACH ROW EXECUTE FUNCTION stamp();
INSERT INTO orders (customer, status, total) SELECT 1 + g % 50, 'paid', g FROM generate_series(1, 400) g;
CREATE VIEW paid AS SELECT * FROM orders WHERE status = 'paid';
CREATE TABLE lines (id int, "order" int REFERENCES orders);
CREATE TABLE events (at int, what text) PARTITION BY RANGE (at);
CREATE TABLE events_1 PARTITION OF events FOR VALUES FROM (0) TO (100);
CREATE TABLE events_2 PARTITION OF events FOR VALUES FROM (100) TO (200);
CREATE INDEX events_at ON events (at);
INSERT INTO events SELECT g, 'e' FROM generate_series(0, 199) g;
)";

/// What pg_dump would write of the table, but for oids.
constexpr const char* kFacts = R"(
SELECT (SELECT string_agg(pg_get_indexdef(indexrelid), '; ' ORDER BY 1) FROM pg_index WHERE indrelid = c.oid),
  (SELECT string_agg(conname || pg_get_constraintdef(oid), '; ' ORDER BY 1) FROM pg_constraint WHERE conrelid = c.oid),
  (SELECT string_agg(pg_get_triggerdef(oid), '; ' ORDER BY 1) FROM pg_trigger WHERE tgrelid = c.oid AND NOT tgisinternal),
  (SELECT string_agg(attname || atttypid::regtype || attnotnull || attgenerated::text || coalesce(pg_get_expr(adbin, adrelid), ''), '; ' ORDER BY attnum)
   FROM pg_attribute LEFT JOIN pg_attrdef ON adrelid = attrelid AND adnum = attnum WHERE attrelid = c.oid AND attnum > 0),
  relacl, obj_description(c.oid), pg_get_serial_sequence('orders', 'id')
FROM pg_class c WHERE oid = 'orders'::regclass)";

class Lost {
 public:
  Lost(const std::string& name, const std::string& then, const std::string& more = {})
      : database_(name, kLiveShop + more), backup_(trip_.back_up(name)), facts_(value(kFacts)) {
    psql(then);
  }
  restore::RestoreReport restore(const std::string& table) const {
    restore::WholeTables options;
    options.connection = shared_server().connection(database_.name());
    options.wanted.tables = {table};
    options.lock_timeout = Seconds(0.2);
    return trip_.restore(backup_, options);
  }
  void psql(const std::string& sql) const { database_.psql("SET client_min_messages = error; " + sql); }
  std::string value(const std::string& sql) const { return database_.value(sql); }
  const std::string& facts() const { return facts_; }

 private:
  Database database_;
  RoundTrip trip_;
  Backup backup_;
  std::string facts_;
};

TEST(RestoreLiveTable, ADroppedTableIsBackAsItWas) {
  const Lost lost("live_back", "DROP TABLE orders CASCADE;");
  const restore::RestoreReport report = lost.restore("public.orders");
  EXPECT_EQ(lines(report.lost), "");
  EXPECT_EQ(report.verdict, Verdict::pass);
  EXPECT_EQ(lost.value(kFacts), lost.facts());
  EXPECT_EQ(lost.value("SELECT count(*), sum(taxed), nextval('orders_id_seq') FROM orders"),
            "400|96240.0|401");
}

TEST(RestoreLiveTable, SaysWhatWasDroppedAlongAndIsNotBack) {
  const Lost lost("live_along", "DROP TABLE orders CASCADE;");
  EXPECT_EQ(lines(lost.restore("orders").not_carried),
            "view public.paid, which uses it, if it was dropped along\n"
            "foreign key lines_order_fkey of public.lines, which uses it, if it was dropped along");
}

TEST(RestoreLiveTable, SaysWhatWasDroppedAlongWithThatAgain) {
  const Lost lost(
      "live_along_again", "DROP TABLE mother CASCADE;",
      "CREATE TABLE mother (id int); CREATE TABLE daughter () INHERITS (mother); CREATE TABLE grandchild () "
      "INHERITS (daughter);"
      "CREATE VIEW of_it AS SELECT * FROM mother; CREATE MATERIALIZED VIEW of_that AS SELECT * FROM of_it;");
  const std::string told = lines(lost.restore("mother").not_carried);
  for (const char* one : {"table public.daughter", "table public.grandchild", "view public.of_it",
                          "materialized view public.of_that"})
    EXPECT_NE(told.find(std::string(one) + ", which uses it, if it was dropped along"), std::string::npos)
        << told;
}

TEST(RestoreLiveTable, NamesWhatWasNotCarriedInWordsOfItsOwn) {
  const Lost lost("live_words",
                  "DROP TABLE orders CASCADE; DROP OWNED BY live_reader; DROP ROLE live_reader;",
                  "CREATE PUBLICATION news FOR TABLE orders; SELECT lo_create(7);"
                  "CREATE MATERIALIZED VIEW sums AS SELECT sum(total) FROM orders;");
  const restore::RestoreReport report = lost.restore("orders");
  EXPECT_EQ(lines(report.not_carried),
            "view public.paid, which uses it, if it was dropped along\n"
            "materialized view public.sums, which uses it, if it was dropped along\n"
            "foreign key lines_order_fkey of public.lines, which uses it, if it was dropped along\n"
            "place in publication news of public.orders, which uses it, if it was dropped along\n"
            "large objects: 1");
  EXPECT_EQ(lines(report.lost),
            "privileges of TABLE orders in schema public: role \"live_reader\" does not exist");
}

TEST(RestoreLiveTable, MakesWhatItNeedsWhereThatIsGoneToo) {
  const Lost lost("live_needs", "DROP TABLE orders CASCADE; DROP TYPE status; DROP FUNCTION stamp;");
  const restore::RestoreReport report = lost.restore("orders");
  EXPECT_EQ(lines(report.lost), "");
  EXPECT_EQ(lost.value(kFacts), lost.facts());
  EXPECT_NE(lines(report.notes).find("made, for it was absent: type public.status"), std::string::npos)
      << lines(report.notes);
}

TEST(RestoreLiveTable, LeavesWhatItSharesWithOthersAsItIs) {
  const Lost lost(
      "live_shared",
      "DROP TABLE orders CASCADE; ALTER TYPE status ADD VALUE 'lost'; COMMENT ON TYPE status IS 'of today';"
      "CREATE OR REPLACE FUNCTION stamp() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END';");
  EXPECT_EQ(lines(lost.restore("orders").lost), "");
  EXPECT_EQ(lost.value("SELECT prosrc FROM pg_proc WHERE proname = 'stamp'"), "BEGIN RETURN NULL; END");
  EXPECT_EQ(lost.value("SELECT obj_description('status'::regtype), enum_last(NULL::status)"),
            "of today|lost");
}

/// A view that groups by a primary key is a dummy first in the archive, and its query comes with that key.
TEST(RestoreLiveTable, LeavesTheKeysAndQueriesOfWhatIsThereAsTheyAre) {
  const char* const kMore =
      "CREATE VIEW per_customer AS SELECT id, count(*) AS n FROM customers GROUP BY id;"
      "CREATE TABLE of_view (r per_customer); INSERT INTO of_view VALUES (ROW(7, 1));";
  {
    const Lost lost(
        "live_keys",
        "DROP TABLE of_view; CREATE OR REPLACE VIEW per_customer AS SELECT id, 0::bigint AS n FROM customers;"
        "ALTER TABLE customers DROP CONSTRAINT customers_pkey CASCADE; ALTER TABLE customers ALTER id DROP "
        "NOT NULL;",
        kMore);
    const restore::RestoreReport report = lost.restore("of_view");
    EXPECT_EQ(lines(report.lost), "");
    EXPECT_EQ(lost.value("SELECT (r).id FROM of_view"), "7");
    EXPECT_EQ(lost.value("SELECT n FROM per_customer LIMIT 1"), "0");
    EXPECT_EQ(lost.value("SELECT count(*) FROM pg_constraint WHERE conrelid = 'customers'::regclass"), "0");
  }
  const Lost dropped("live_keys_gone", "DROP TABLE of_view; DROP VIEW per_customer;", kMore);
  EXPECT_EQ(lines(dropped.restore("of_view").lost), "");
  EXPECT_EQ(dropped.value("SELECT n FROM per_customer LIMIT 1"), "1") << "no dummy";
}

TEST(RestoreLiveTable, AForeignKeyThatTodaysRowsDoNotKeepIsSaidToBeLostAndTheRowsAreThere) {
  const Lost lost("live_fkey", "DROP TABLE orders CASCADE; DELETE FROM customers WHERE id > 40;");
  const restore::RestoreReport report = lost.restore("orders");
  ASSERT_EQ(report.lost.size(), 1U) << lines(report.lost);
  EXPECT_TRUE(report.lost[0].text.starts_with("foreign key orders_customer_fkey of public.orders: "))
      << report.lost[0].text;
  EXPECT_EQ(report.verdict, Verdict::pass);
  EXPECT_EQ(lost.value("SELECT count(*) FROM orders"), "400");
}

TEST(RestoreLiveTable, WhatWasLostIsMadeByTheStatementThatItTells) {
  const Lost lost("live_later", "DROP TABLE orders CASCADE; DELETE FROM customers WHERE id > 40;");
  const restore::RestoreReport report = lost.restore("orders");
  ASSERT_EQ(report.next_steps.size(), 1U) << lines(report.next_steps);
  const auto statement = report.next_steps[0].find("ALTER TABLE");
  ASSERT_NE(statement, std::string::npos) << report.next_steps[0];
  lost.psql("INSERT INTO customers SELECT generate_series(41, 50);" + report.next_steps[0].substr(statement));
  EXPECT_EQ(lost.value(kFacts), lost.facts());
}

TEST(RestoreLiveTable, StandsInNobodysWayForLong) {
  const Lost lost("live_locked", "DROP TABLE orders CASCADE;");
  Connection other = Connection::open(shared_server().connection("live_locked"), "test", {});
  other.query("BEGIN; UPDATE customers SET id = id");
  const restore::RestoreReport report = lost.restore("orders");
  ASSERT_EQ(report.lost.size(), 1U) << lines(report.lost);
  EXPECT_EQ(report.lost[0].text,
            "foreign key orders_customer_fkey of public.orders: canceling statement due to lock timeout");
  EXPECT_EQ(lost.value("SELECT count(*) FROM orders"), "400");
}

TEST(RestoreLiveTable, IsNeverWrittenOverOneThatIsThere) {
  const Lost lost("live_there", "DELETE FROM orders WHERE id > 100;");
  EXPECT_THROW(lost.restore("orders"), Refused);
  EXPECT_THROW(lost.restore("public.*"), Refused);
  EXPECT_EQ(lost.value("SELECT count(*) FROM orders"), "100");
}

TEST(RestoreLiveTable, APartitionedTableIsBackWithItsPartitions) {
  const Lost lost("live_tree", "DROP TABLE events;");
  const restore::RestoreReport report = lost.restore("events");
  EXPECT_EQ(lines(report.lost), "");
  EXPECT_EQ(report.verdict, Verdict::pass);
  EXPECT_EQ(lost.value("SELECT count(*), count(DISTINCT tableoid) FROM events"), "200|2");
  EXPECT_EQ(lost.value("SELECT count(*) FROM pg_inherits WHERE inhparent = 'events_at'::regclass"), "2");
}

TEST(RestoreLiveTable, APartitionIsBackInItsPlace) {
  const Lost lost("live_leaf", "DROP TABLE events_2;");
  const restore::RestoreReport report = lost.restore("events_2");
  EXPECT_EQ(lines(report.lost), "");
  EXPECT_EQ(report.verdict, Verdict::pass);
  EXPECT_EQ(lost.value("SELECT count(*) FROM events WHERE at >= 100"), "100");
}

TEST(RestoreLiveTable, APartitionBringsItsPartOfTheIndexes) {
  const Lost lost("live_leaf_keys", "DROP TABLE keyed_2;", R"(
CREATE TABLE keyed (at int, what text, PRIMARY KEY (at)) PARTITION BY RANGE (at);
CREATE TABLE keyed_1 PARTITION OF keyed FOR VALUES FROM (0) TO (100);
CREATE TABLE keyed_2 PARTITION OF keyed FOR VALUES FROM (100) TO (200) PARTITION BY HASH (at);
CREATE TABLE keyed_2_0 PARTITION OF keyed_2 FOR VALUES WITH (MODULUS 1, REMAINDER 0);
CREATE INDEX ON keyed (what);
INSERT INTO keyed SELECT g, 'e' FROM generate_series(0, 199) g;)");
  const restore::RestoreReport report = lost.restore("keyed_2");
  EXPECT_EQ(lines(report.lost), "");
  EXPECT_EQ(report.verdict, Verdict::pass);
  EXPECT_EQ(lost.value("SELECT count(*) FROM keyed"), "200");
  EXPECT_EQ(lost.value("SELECT count(*) FROM pg_inherits WHERE inhparent IN ('keyed_pkey'::regclass, "
                       "'keyed_what_idx'::regclass, 'keyed_2_pkey'::regclass, 'keyed_2_what_idx'::regclass)"),
            "6");
}

TEST(RestoreLiveTable, APartitionWhosePlaceIsTakenIsThereBesideIt) {
  const Lost lost("live_leaf_taken",
                  "DROP TABLE events_2; CREATE TABLE events_rest PARTITION OF events DEFAULT;"
                  "INSERT INTO events VALUES (150, 'of today');");
  const restore::RestoreReport report = lost.restore("events_2");
  ASSERT_EQ(report.lost.size(), 1U) << lines(report.lost);
  EXPECT_TRUE(report.lost[0].text.starts_with("place as a partition of public.events_2: "))
      << report.lost[0].text;
  EXPECT_EQ(lost.value("SELECT count(*) FROM events_2"), "100");
  const std::string& step = report.next_steps.at(0);
  lost.psql("DELETE FROM events WHERE what = 'of today';" + step.substr(step.find("ALTER TABLE")));
  EXPECT_EQ(lost.value("SELECT count(*) FROM events"), "200");
}

TEST(RestoreLiveTable, SaysThatARenamedTableHasTheSequence) {
  const Lost lost("live_renamed", "ALTER TABLE orders RENAME TO broken;");
  try {
    lost.restore("orders");
    FAIL() << "not refused";
  } catch (const Refused& error) {
    EXPECT_NE(std::string(error.what()).find("public.orders_id_seq exists"), std::string::npos)
        << error.what();
    EXPECT_NE(error.hint().find("ALTER SEQUENCE"), std::string::npos) << error.hint();
  }
}

TEST(RestoreLiveTable, LeavesNothingWhenTheServerIsInTrouble) {
  const Lost lost("live_trouble",
                  "DROP TABLE orders CASCADE; DROP TYPE status; CREATE FUNCTION stopped(text) RETURNS bool "
                  "LANGUAGE plpgsql AS "
                  "'BEGIN PERFORM pg_cancel_backend(pg_backend_pid()), pg_sleep(3600); RETURN true; END';"
                  "CREATE DOMAIN status AS text CHECK (stopped(VALUE));");
  try {
    lost.restore("orders");
    FAIL() << "no exception";
  } catch (const Error& error) {
    EXPECT_EQ(error.sqlstate(), "57014") << error.what();
    EXPECT_EQ(error.hint(), "nothing was changed in the database");
  }
  EXPECT_EQ(lost.value("SELECT to_regclass('orders') IS NULL"), "t");
}

TEST(RestoreLiveTable, IsRefusedWhereEventTriggersWouldRun) {
  const Lost lost(
      "live_event_trigger",
      "DROP TABLE orders CASCADE; CREATE FUNCTION note() RETURNS event_trigger LANGUAGE plpgsql AS "
      "'BEGIN RAISE ''it ran''; END'; CREATE EVENT TRIGGER \"Note\" ON ddl_command_end EXECUTE FUNCTION "
      "note();");
  try {
    lost.restore("orders");
    FAIL() << "no exception";
  } catch (const Refused& error) {
    EXPECT_NE(std::string(error.what()).find("with the rights of the restore: Note"), std::string::npos)
        << error.what();
    EXPECT_NE(error.hint().find("ALTER EVENT TRIGGER \"Note\" DISABLE"), std::string::npos) << error.hint();
  }
  lost.psql("ALTER EVENT TRIGGER \"Note\" DISABLE;");
  EXPECT_NO_THROW(lost.restore("orders"));
}

TEST(RestoreLiveTable, HasTheSourcesPrivilegesWhateverTheDefaultsOfTheDatabase) {
  const Lost lost("live_defaults",
                  "DROP TABLE orders CASCADE; CREATE ROLE live_defaults_reader; ALTER DEFAULT PRIVILEGES "
                  "GRANT SELECT ON TABLES TO"
                  " live_defaults_reader; ALTER DEFAULT PRIVILEGES GRANT USAGE ON SEQUENCES TO PUBLIC;"
                  "ALTER DEFAULT PRIVILEGES REVOKE INSERT ON TABLES FROM postgres; CREATE SCHEMA kept; "
                  "CREATE TABLE kept.one ();");
  lost.restore("orders");
  EXPECT_EQ(lost.value("SELECT has_table_privilege('live_defaults_reader', 'orders', 'SELECT'),"
                       " has_sequence_privilege('live_defaults_reader', 'orders_id_seq', 'USAGE'),"
                       " has_table_privilege('live_defaults_reader', 'kept.one', 'SELECT')"),
            "f|f|t");
  EXPECT_EQ(lost.value(kFacts), lost.facts());
  lost.psql("DROP OWNED BY live_defaults_reader; DROP ROLE live_defaults_reader;");
}

TEST(RestoreLiveTable, BringsAnExtensionForTheConstraintThatNeedsItAlone) {
  const Lost lost(
      "live_gist", "DROP TABLE orders, rooms, spans CASCADE; DROP EXTENSION btree_gist;",
      "CREATE EXTENSION btree_gist; CREATE TABLE spans (r int4range, EXCLUDE USING gist (r WITH &&));"
      "CREATE TABLE rooms (n int, r int4range, EXCLUDE USING gist (n WITH =, r WITH &&));");
  EXPECT_EQ(lines(lost.restore("orders").lost) + lines(lost.restore("spans").lost), "");
  EXPECT_EQ(lost.value("SELECT count(*) FROM pg_extension WHERE extname = 'btree_gist'"), "0");
  EXPECT_EQ(lines(lost.restore("rooms").lost), "");
  EXPECT_EQ(lost.value("SELECT count(*) FROM pg_constraint WHERE contype = 'x'"), "2");
}

TEST(RestoreLiveTable, CommentsOnWhatComesAfterRowsAreBack) {
  const Lost lost("live_comments", "DROP TABLE said CASCADE;",
                  "CREATE TABLE said (id serial PRIMARY KEY, n int); CREATE INDEX said_n ON said (n); CREATE "
                  "STATISTICS st ON id, n FROM said;"
                  "CREATE TRIGGER tr BEFORE UPDATE ON said FOR EACH ROW EXECUTE FUNCTION stamp(); CREATE "
                  "POLICY po ON said; CREATE RULE ru AS ON "
                  "DELETE TO said DO ALSO NOTHING; COMMENT ON INDEX said_n IS 'c'; COMMENT ON STATISTICS st "
                  "IS 'c'; COMMENT ON TRIGGER tr ON said IS "
                  "'c'; COMMENT ON POLICY po ON said IS 'c'; COMMENT ON RULE ru ON said IS 'c'; COMMENT ON "
                  "CONSTRAINT said_pkey ON said IS 'c';"
                  "COMMENT ON COLUMN said.n IS 'c'; INSERT INTO said (n) VALUES (1);");
  EXPECT_EQ(lines(lost.restore("said").lost), "");
  EXPECT_EQ(lost.value("SELECT count(*) FROM pg_description WHERE description = 'c'"), "7");
}

TEST(RestoreLiveTable, RowsMayNameTheTablesOwnIndexes) {
  const Lost lost(
      "live_own_index", "DROP TABLE named;",
      "CREATE TABLE named (id int PRIMARY KEY, what regclass, more regclass[]); CREATE INDEX named_what "
      "ON named (what); INSERT INTO named VALUES (1, 'named_pkey', '{named_what,named}');");
  const restore::RestoreReport report = lost.restore("named");
  EXPECT_EQ(lines(report.lost), "");
  EXPECT_EQ(report.verdict, Verdict::pass);
  EXPECT_EQ(lost.value("SELECT what, more FROM named"), "named_pkey|{named_what,named}");
  EXPECT_EQ(lost.value("SELECT count(*) FROM pg_index WHERE indrelid = 'named'::regclass"), "2");
}

TEST(RestoreLiveTable, LeavesNothingWhenItFails) {
  const Lost lost(
      "live_fails",
      "DROP TABLE orders CASCADE; DROP TYPE status; CREATE DOMAIN status AS text CHECK (VALUE <> 'paid');");
  EXPECT_THROW(lost.restore("orders"), Error);
  EXPECT_EQ(lost.value("SELECT to_regclass('orders') IS NULL, to_regclass('orders_id_seq') IS NULL"), "t|t");
}

}  // namespace
}  // namespace pgassay::test
