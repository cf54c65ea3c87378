// restore --table … --as NEW: columns and rows beside what is in a live database.
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <gtest/gtest.h>

#include <fstream>

#include "restore/tables/one_table.h"
#include "tests/fixtures/round_trip.h"

namespace pgassay::test {
namespace {

/// A live database, of which a backup was taken before something went wrong in it.
class Live {
 public:
  Live(const std::string& name, const std::string& sql, const std::string& options = {})
      : database_(name, sql, options), backup_(trip_.back_up(name)) {}

  restore::RestoreReport beside(const std::string& table, const std::string& as,
                                const std::string& database = {}) const {
    restore::TableBeside options;
    options.connection = shared_server().connection(database.empty() ? database_.name() : database);
    options.wanted.tables = {table};
    options.as = as;
    return trip_.restore(backup_, options);
  }
  void psql(const std::string& sql) const { database_.psql(sql); }
  std::string value(const std::string& sql) const { return database_.value(sql); }
  /// All relations and their rows, as one line each.
  std::string everything() const {
    return value(
        "SELECT string_agg(c.oid::regclass || ' ' || c.relfilenode || ' ' || (xpath('/row/n/text()', "
        "query_to_xml("
        "format('SELECT count(*) AS n FROM %s', c.oid::regclass), false, true, '')))[1]::text, ',' ORDER BY "
        "c.oid)"
        " FROM pg_class c WHERE c.relkind IN ('r', 'p') AND c.oid >= 16384");
  }
  const Backup& backup() const { return backup_; }

 private:
  Database database_;
  RoundTrip trip_;
  Backup backup_;
};

std::string refusal(const std::function<void()>& body) {
  try {
    body();
    return "done";
  } catch (const Error& error) {
    return fmt::format("{} {}", static_cast<int>(error.exit()), error.what());
  }
}

constexpr const char* kOrders = R"(
CREATE TYPE status AS ENUM ('new', 'paid');
CREATE TABLE customers (id int PRIMARY KEY);
INSERT INTO customers SELECT generate_series(1, 50);
CREATE TABLE orders (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, customer int REFERENCES customers NOT NULL, status status DEFAULT 'new',
  total numeric(10, 2) CHECK (total >= 0), with_tax numeric GENERATED ALWAYS AS (total * 1.2) STORED, tags varchar(9)[]);
CREATE INDEX orders_status ON orders (status);
INSERT INTO orders (customer, status, total, tags) SELECT 1 + g % 50, 'paid', g, ARRAY['a', NULL] FROM generate_series(1, 500) g;
)";

TEST(RestoreOneTable, GivesColumnsAndRowsBesideTheLiveTable) {
  const Live live("beside", kOrders);
  live.psql("DELETE FROM orders WHERE id > 100; UPDATE orders SET total = 0;");
  const restore::RestoreReport report = live.beside("public.orders", "orders_before");
  EXPECT_EQ(report.verdict, Verdict::pass);
  EXPECT_EQ(report.rows, 500U);
  EXPECT_EQ(live.value("SELECT count(*), sum(total), sum(with_tax), min(tags::text) FROM orders_before"),
            "500|125250.00|150300.000|{a,NULL}");
  EXPECT_EQ(live.value("SELECT count(*), sum(total) FROM orders"), "100|0.00");
  EXPECT_EQ(
      live.value("SELECT string_agg(attname || ' ' || format_type(atttypid, atttypmod) || attgenerated::text "
                 "|| attidentity::text"
                 ", ', ' ORDER BY attnum) FROM pg_attribute WHERE attrelid = 'orders_before'::regclass "
                 "AND attnum > 0"),
      "id integer, customer integer, status status, total numeric(10,2), tags character varying(9)[], "
      "with_tax numeric");
  EXPECT_EQ(live.value("SELECT count(*) FROM pg_index WHERE indrelid = 'orders_before'::regclass"), "0");
}

TEST(RestoreOneTable, LeavesOutGeneratedColumnsThatCannotBeComputedHere) {
  const Live live("no_function",
                  "CREATE FUNCTION twice(int) RETURNS int IMMUTABLE LANGUAGE sql AS 'SELECT $1 * 2';"
                  "CREATE TABLE a (n int, m int GENERATED ALWAYS AS (twice(n)) STORED);"
                  "CREATE TABLE b (n int, m int GENERATED ALWAYS AS (twice(n)) STORED);"
                  "INSERT INTO a VALUES (1); INSERT INTO b VALUES (2);");
  live.psql("DROP FUNCTION twice CASCADE;");
  const restore::RestoreReport report = live.beside("public.?", "*_before");
  EXPECT_EQ(report.verdict, Verdict::pass);
  EXPECT_EQ(live.value("SELECT (SELECT n FROM a_before), (SELECT n FROM b_before)"), "1|2");
  EXPECT_TRUE(report.not_carried.at(0).starts_with("generated column m of public.a: "));
}

TEST(RestoreOneTable, SaysWhatWasNotCarried) {
  const Live live("not_carried", kOrders);
  EXPECT_EQ(lines(live.beside("orders", "orders_before").not_carried),
            "sequence public.orders_id_seq\n"
            "constraint orders_pkey of public.orders\n"
            "index public.orders_status\n"
            "foreign key orders_customer_fkey of public.orders\n"
            "NOT NULL, CHECK, collations and storage of columns, owner, privileges and comments");
}

TEST(RestoreOneTable, TellsHowRowsGoBackAndThatWorks) {
  const Live live("put_back", kOrders);
  live.psql("DELETE FROM orders WHERE id > 100;");
  const restore::RestoreReport report = live.beside("public.orders", "orders_before");
  ASSERT_EQ(report.next_steps.size(), 1U);
  const std::string& step = report.next_steps[0];
  const auto insert = step.find("INSERT");
  ASSERT_NE(insert, std::string::npos) << step;
  live.psql(step.substr(insert));
  EXPECT_EQ(live.value("SELECT count(*), sum(with_tax) FROM orders"), "500|150300.000");
}

TEST(RestoreOneTable, HasNoRuleOfADomainAtAnyDepthAndItsRowsGoBackAllTheSame) {
  const Live live("beside_domains", R"(
    CREATE DOMAIN amount AS int CHECK (VALUE > 0); CREATE TYPE pair AS (a amount, t text); CREATE DOMAIN short AS varchar(5);
    CREATE TYPE span AS RANGE (subtype = amount);
    CREATE TABLE t (id int PRIMARY KEY, n amount, ns amount[], p pair, s short, r span, m numeric(6, 2));
    INSERT INTO t VALUES (1, 5, '{1,NULL}', '(7,"a, b")', 'abc', '[1,4)', 2.5);)");
  live.psql("DELETE FROM t; ALTER DOMAIN amount ADD CONSTRAINT large CHECK (VALUE > 100) NOT VALID;");
  const restore::RestoreReport report = live.beside("t", "t_before");
  EXPECT_EQ(report.verdict, Verdict::pass);
  EXPECT_EQ(
      live.value("SELECT string_agg(format_type(atttypid, atttypmod), ', ' ORDER BY attnum) FROM pg_attribute"
                 " WHERE attrelid = 't_before'::regclass AND attnum > 0"),
      "integer, text, text, text, text, text, numeric(6,2)");
  const std::string& step = report.next_steps.at(0);
  live.psql("ALTER DOMAIN amount DROP CONSTRAINT large;" + step.substr(step.find("INSERT")));
  EXPECT_EQ(live.value("SELECT id, n, ns, p, s, r, m FROM t"), "1|5|{1,NULL}|(7,\"a, b\")|abc|[1,4)|2.50");
}

TEST(RestoreOneTable, IsItsOwnersAloneWhateverTheDefaultsOfTheDatabase) {
  const Live live(
      "beside_privileges",
      "CREATE TABLE salary (id int PRIMARY KEY, amount int); INSERT INTO salary VALUES (1, 100);");
  live.psql(
      "CREATE ROLE beside_reader; ALTER DEFAULT PRIVILEGES GRANT SELECT ON TABLES TO beside_reader, PUBLIC;"
      "ALTER DEFAULT PRIVILEGES GRANT ALL ON SCHEMAS TO beside_reader;");
  live.beside("salary", "kept.salary_old");
  EXPECT_EQ(
      live.value(
          "SELECT has_table_privilege('beside_reader', 'kept.salary_old', 'SELECT'), has_schema_privilege("
          "'beside_reader', 'kept', 'USAGE')"),
      "f|f");
  live.psql("DROP OWNED BY beside_reader; DROP ROLE beside_reader;");
}

TEST(RestoreOneTable, SaysWhenThereIsNoKeyToPutRowsBackBy) {
  const Live live("no_key", "CREATE TABLE log (what text); INSERT INTO log VALUES ('a');");
  EXPECT_TRUE(live.beside("log", "log_before").next_steps.at(0).starts_with("public.log has no unique key"));
  live.psql("DROP TABLE log;");
  EXPECT_EQ(live.beside("log", "log_again").next_steps.at(0), "there is no table public.log here");
}

TEST(RestoreOneTable, RefusesANameThatIsTakenAndTouchesNothing) {
  const Live live("taken", kOrders);
  live.psql("CREATE VIEW v AS SELECT 1; CREATE TYPE t AS ENUM ('a'); CREATE SEQUENCE s;");
  const std::string before = live.everything();
  for (const char* name : {"orders", "customers", "v", "t", "s", "orders_status", "status"})
    EXPECT_TRUE(refusal([&] { live.beside("orders", name); }).starts_with("6 ")) << name;
  EXPECT_EQ(live.everything(), before);
}

TEST(RestoreOneTable, TakesTheOldNameWhereTheTableIsGone) {
  const Live live("gone", kOrders);
  live.psql("DROP TABLE orders;");
  EXPECT_EQ(live.beside("orders", "orders").verdict, Verdict::pass);
  EXPECT_EQ(live.value("SELECT count(*) FROM orders"), "500");
}

TEST(RestoreOneTable, OfSeveralTablesNamesEachByAStarAndMakesTheSchema) {
  const Live live("several", kOrders);
  EXPECT_EQ(live.beside("public.*", "before.*_2").verdict, Verdict::pass);
  EXPECT_EQ(live.value("SELECT string_agg(c.relname, ' ' ORDER BY 1) FROM pg_class c WHERE relnamespace = "
                       "'before'::regnamespace"),
            "customers_2 orders_2");
  EXPECT_TRUE(refusal([&] { live.beside("public.*", "one"); }).starts_with("2 "));
}

TEST(RestoreOneTable, APartitionedTableBecomesOneTableWithTheRowsOfAllPartitions) {
  const Live live("tree",
                  "CREATE TABLE events (c text, at int, n int) PARTITION BY HASH (at);"
                  "CREATE TABLE events_0 PARTITION OF events FOR VALUES WITH (MODULUS 2, REMAINDER 0);"
                  "CREATE TABLE events_1 (n int, gone int, at int, c text);"
                  "ALTER TABLE events_1 DROP COLUMN gone;"
                  "ALTER TABLE events ATTACH PARTITION events_1 FOR VALUES WITH (MODULUS 2, REMAINDER 1);"
                  "INSERT INTO events SELECT 'x' || g, g, -g FROM generate_series(1, 200) g;");
  EXPECT_EQ(live.beside("events", "events_before").verdict, Verdict::pass);
  EXPECT_EQ(live.value("SELECT relkind FROM pg_class WHERE relname = 'events_before'"), "r");
  EXPECT_EQ(live.value("SELECT count(*) FROM (TABLE events EXCEPT TABLE events_before) d"), "0");
  EXPECT_EQ(live.value("SELECT count(*) FROM events_before"), "200");
  const restore::RestoreReport leaf = live.beside("events_1", "leaf_before");
  EXPECT_EQ(leaf.verdict, Verdict::pass);
  EXPECT_EQ(live.value("SELECT count(*) FROM (TABLE events_1 EXCEPT SELECT n, at, c FROM leaf_before) d"),
            "0");
}

TEST(RestoreOneTable, MakesTypesThatWereDropped) {
  const Live live("types",
                  "CREATE SCHEMA kinds; CREATE TYPE kinds.mood AS ENUM ('glad', 'sad');"
                  "CREATE TYPE kinds.pair AS (a int, m kinds.mood);"
                  "CREATE TABLE t (id int, p kinds.pair[]);"
                  "INSERT INTO t SELECT g, ARRAY[(g, 'sad')]::kinds.pair[] FROM generate_series(1, 9) g;");
  live.psql("DROP SCHEMA kinds CASCADE;");
  const restore::RestoreReport report = live.beside("t", "t_before");
  EXPECT_EQ(report.verdict, Verdict::pass);
  EXPECT_EQ(live.value("SELECT p[1] FROM t_before WHERE id = 3"), "(3,sad)");
  EXPECT_NE(lines(report.notes).find("made type kinds.pair[]"), std::string::npos) << lines(report.notes);
}

TEST(RestoreOneTable, RefusesATypeThatOnlyAnExtensionCanMake) {
  const Live live("ext_type", "CREATE EXTENSION hstore; CREATE TABLE t AS SELECT 'a=>1'::hstore AS h;");
  live.psql("DROP EXTENSION hstore CASCADE;");
  const std::string words = refusal([&] { live.beside("t", "t_before"); });
  EXPECT_NE(words.find("type public.hstore is absent here"), std::string::npos) << words;
  EXPECT_TRUE(words.starts_with("6 ")) << words;
}

TEST(RestoreOneTable, LeavesNothingWhenARowIsRefused) {
  const Live live(
      "refused_row",
      "CREATE TYPE e AS ENUM ('a', 'b'); CREATE TABLE t (a e);"
      "INSERT INTO t SELECT CASE WHEN g = 50 THEN 'b' ELSE 'a' END::e FROM generate_series(1, 100) g;");
  live.psql("ALTER TYPE e RENAME VALUE 'b' TO 'c';");
  const std::string before = live.everything();
  const std::string words = refusal([&] { live.beside("t", "made.t_before"); });
  EXPECT_TRUE(words.starts_with("1 table made.t_before: ")) << words;
  EXPECT_NE(words.find("line 50"), std::string::npos) << words;
  EXPECT_EQ(live.everything(), before);
  EXPECT_EQ(live.value("SELECT to_regnamespace('made') IS NULL"), "t");
}

TEST(RestoreOneTable, LeavesNothingOfADamagedPart) {
  const Live live("damaged_part",
                  "CREATE TABLE t AS SELECT g, md5(g::text) FROM generate_series(1, 50000) g;");
  const Path part = live.backup().dir.path() / "data/public.t.0000.copy.zst";
  std::fstream stream(part, std::ios::in | std::ios::out | std::ios::binary);
  stream.seekp(static_cast<std::streamoff>(std::filesystem::file_size(part) / 2));
  stream.put('\x55');
  stream.close();
  EXPECT_TRUE(refusal([&] { live.beside("t", "t_before"); }).starts_with("3 "));
  EXPECT_EQ(live.value("SELECT to_regclass('t_before') IS NULL"), "t");
}

TEST(RestoreOneTable, NeedsNoOtherPartOfTheBackup) {
  const Live live("other_part", "CREATE TABLE t AS SELECT 1 AS a; CREATE TABLE other AS SELECT 2 AS b;");
  std::filesystem::remove(live.backup().dir.path() / "data/public.other.0000.copy.zst");
  EXPECT_EQ(live.beside("t", "t_before").verdict, Verdict::pass);
  EXPECT_TRUE(refusal([&] { live.beside("other", "other_before"); }).starts_with("3 "));
}

TEST(RestoreOneTable, RefusesATableWhoseRowsWereLeftOut) {
  const Database source("no_rows", "CREATE TABLE log AS SELECT 1 AS a;");
  const RoundTrip trip;
  backup::BackupOptions options;
  options.source = "test";
  options.connection = shared_server().connection("no_rows");
  options.tables.exclude = {"log"};
  Observer silent;
  take_backup(trip.repository(), options, silent, {});
  restore::TableBeside restore;
  restore.connection = shared_server().connection("no_rows");
  restore.wanted.tables = {"log"};
  restore.as = "log_before";
  EXPECT_THROW(trip.restore(*trip.repository().newest("test", "no_rows"), restore), Refused);
}

TEST(RestoreOneTable, ConvertsRowsForADatabaseOfAnotherEncoding) {
  const Live live("latin", "SET client_encoding = UTF8; CREATE TABLE t (a text); INSERT INTO t VALUES ('é');",
                  "TEMPLATE template0 ENCODING 'LATIN1' LOCALE 'C'");
  const Database utf8("latin_to_utf8", "SELECT 1;", "TEMPLATE template0 ENCODING 'UTF8'");
  const restore::RestoreReport report = live.beside("t", "t_before", "latin_to_utf8");
  EXPECT_EQ(report.verdict, Verdict::pass);
  EXPECT_EQ(utf8.value("SELECT encode(convert_to(a, 'UTF8'), 'hex') FROM t_before"), "c3a9");
  EXPECT_NE(lines(report.notes).find("encoding UTF8 here, LATIN1 in the backup"), std::string::npos);
}

TEST(RestoreOneTable, SaysWhichRowAnotherEncodingCannotHold) {
  const Live live("utf8", "CREATE TABLE t (a text); INSERT INTO t VALUES ('ok'), ('漢');",
                  "TEMPLATE template0 ENCODING 'UTF8'");
  const Database latin("utf8_to_latin", "SELECT 1;", "TEMPLATE template0 ENCODING 'LATIN1' LOCALE 'C'");
  const std::string words = refusal([&] { live.beside("t", "t_before", "utf8_to_latin"); });
  EXPECT_NE(words.find("has no equivalent in encoding \"LATIN1\""), std::string::npos) << words;
  EXPECT_NE(words.find("line 2"), std::string::npos) << words;
  EXPECT_EQ(latin.value("SELECT to_regclass('t_before') IS NULL"), "t");
}

TEST(BesideName, IsInTheTablesOwnSchemaUnlessItSaysMore) {
  const QualifiedName orders{"shop", "orders"};
  EXPECT_EQ(restore::beside_name("old", orders).shown(), "shop.old");
  EXPECT_EQ(restore::beside_name("before.*", orders).shown(), "before.orders");
  EXPECT_EQ(restore::beside_name("*_before", orders).shown(), "shop.orders_before");
  EXPECT_THROW(restore::beside_name("before.", orders), UsageError);
  EXPECT_THROW(restore::beside_name(std::string(64, 'x'), orders), UsageError);
}

}  // namespace
}  // namespace pgassay::test
