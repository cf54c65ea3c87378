// What post-data can't make for the rows that are there, and what is had of it all the same.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include "drill/checks.h"
#include "restore/search_path.h"
#include "tests/fixtures/restored_backup.h"
#include "tests/fixtures/round_trip.h"

namespace pgassay::test {
namespace {

const restore::Loss& only_loss(const restore::RestoreReport& report) {
  EXPECT_EQ(report.lost.size(), 1U) << lines(report.lost);
  static const restore::Loss none;
  return report.lost.empty() ? none : report.lost.front();
}

restore::RestoreReport brought_back(const Database& source, const restore::IntoEmpty& request = created()) {
  const RoundTrip trip;
  return trip.restore(trip.back_up(source.name()), request);
}

TEST(RestoreKeys, AForeignKeyWithOrphansComesBackNotValid) {
  const Database source("orphans", R"(
    CREATE TABLE p (id int PRIMARY KEY); CREATE TABLE c (id int, p int CONSTRAINT "to p" REFERENCES p);
    INSERT INTO p VALUES (1); INSERT INTO c VALUES (1, 1); SET session_replication_role = replica; INSERT INTO c VALUES (2, 99);)");
  const restore::RestoreReport report = brought_back(source);
  EXPECT_EQ(report.verdict, Verdict::pass);
  const restore::Loss& loss = only_loss(report);
  EXPECT_EQ(loss.kind, restore::LossKind::rule);
  EXPECT_EQ(loss.object, "\"to p\" on public.c");
  EXPECT_NE(loss.text.find("as (p) = (99)"), std::string::npos) << loss.text;
  const std::string find = "find them: ", then = "; when that is mended: ";
  const auto query = loss.text.find(find), repair = loss.text.find(then);
  ASSERT_NE(query, std::string::npos) << loss.text;
  ASSERT_NE(repair, std::string::npos) << loss.text;
  const auto begin = query + find.size();
  EXPECT_EQ(source.copied_value(loss.text.substr(begin, repair - begin)), "99");
  bare_server().psql(source.name(),
                     "DELETE FROM c WHERE p = 99; " + loss.text.substr(repair + then.size()) + ";");
}

TEST(RestoreKeys, AUniqueIndexOverDuplicatesIsNamedWithThemAndWithWhatFollows) {
  const std::string sql = R"(
    CREATE TABLE acct (id int, mail text NOT NULL); CREATE UNIQUE INDEX acct_mail ON acct (lower(mail)) WHERE id > 0;
    CREATE UNIQUE INDEX acct_key ON acct (mail); INSERT INTO acct VALUES (1, 'a@example.net'), (2, 'b@example.net');
    CREATE TABLE login (mail text REFERENCES acct (mail)); INSERT INTO login VALUES ('b@example.net');
    ALTER TABLE acct CLUSTER ON acct_key;
    UPDATE pg_index SET indisready = false, indislive = false WHERE indexrelid IN ('acct_mail'::regclass, 'acct_key'::regclass);
    INSERT INTO acct VALUES (3, 'a@example.net');
    UPDATE pg_index SET indisready = true, indislive = true WHERE indexrelid IN ('acct_mail'::regclass, 'acct_key'::regclass);)";
  DrilledDatabase drilled("duplicates", sql);
  const std::vector<restore::Loss>& lost = drilled.report().lost;
  ASSERT_EQ(lost.size(), 3U) << lines(lost);
  std::size_t causes = 0;
  for (const restore::Loss& loss : lost) {
    if (loss.object.starts_with("login_mail_fkey")) {
      EXPECT_NE(loss.cause.find("unique acct_key is left out"), std::string::npos) << loss.cause;
      continue;
    }
    ++causes;
    EXPECT_EQ(loss.cause, "");
    EXPECT_NE(loss.text.find("a@example.net"), std::string::npos) << loss.text;
    const std::string find = "find them: ";
    const auto begin = loss.text.find(find) + find.size();
    EXPECT_EQ(drilled.source().copied_value(loss.text.substr(begin, loss.text.find("; when") - begin)),
              "a@example.net|2");
  }
  EXPECT_EQ(causes, 2U);
  EXPECT_EQ(faults(drilled.answers().checks), "FAIL restore\nFAIL restore\n") << "each cause once";
}

TEST(RestoreKeys, AMaterializedViewThatReadsAnotherThroughAFunctionIsFilled) {
  const Database source("matviews", R"(
    CREATE TABLE sale (id int PRIMARY KEY, shop text, n int); INSERT INTO sale SELECT g, 's' || g % 7, g FROM generate_series(1, 100) g;
    CREATE MATERIALIZED VIEW z_per_shop AS SELECT shop, sum(n) AS n FROM sale GROUP BY shop;
    CREATE FUNCTION best() RETURNS SETOF text LANGUAGE plpgsql STABLE AS
      'BEGIN RETURN QUERY SELECT shop FROM public.z_per_shop ORDER BY n DESC LIMIT 3; END';
    CREATE MATERIALIZED VIEW b_best AS SELECT * FROM best() AS b (shop); CREATE UNIQUE INDEX ON b_best (shop);
    CREATE FUNCTION bests() RETURNS bigint LANGUAGE plpgsql STABLE AS 'BEGIN RETURN (SELECT count(*) FROM public.b_best); END';
    CREATE MATERIALIZED VIEW a_count AS SELECT bests() AS n;)");
  restore::IntoEmpty request = created();
  request.jobs = 1;
  const restore::RestoreReport report = brought_back(source, request);
  EXPECT_EQ(lines(report.lost), "");
  EXPECT_EQ(report.verdict, Verdict::pass);
  EXPECT_EQ(source.copied_value("SELECT n FROM a_count"), "3");
}

constexpr const char* kDistance = R"(
    CREATE EXTENSION cube; CREATE EXTENSION earthdistance;
    CREATE TABLE place (id int PRIMARY KEY, lat float8, lon float8, pos earth GENERATED ALWAYS AS (ll_to_earth(lat, lon)) STORED);
    INSERT INTO place (id, lat, lon) SELECT g, g % 90, g % 180 FROM generate_series(1, 100) g;
    CREATE TABLE stop AS SELECT id, lat, lon FROM place; CREATE INDEX stop_near ON stop USING gist (ll_to_earth(lat, lon));)";

TEST(RestoreKeys, ATableWhoseGeneratedColumnsCantBeMadeIsThereWithItsRows) {
  const Database source("earthdistance", kDistance);
  const restore::RestoreReport report = brought_back(source);
  EXPECT_EQ(report.verdict, Verdict::fail) << "the values of pos are not what they were";
  EXPECT_EQ(report.lost.size(), 2U) << lines(report.lost);
  EXPECT_EQ(source.copied_value("SELECT count(*) FROM place"), "100");
  EXPECT_EQ(source.copied_value("SELECT count(*) FROM pg_constraint WHERE conname = 'place_pkey'"), "1");
}

TEST(RestoreKeys, ASearchPathThatIsAskedForMakesThemAsTheyWere) {
  const Database source("earthdistance_path", kDistance);
  restore::IntoEmpty request = created();
  request.search_path = restore::search_path_sql("public");
  const restore::RestoreReport report = brought_back(source, request);
  EXPECT_EQ(lines(report.lost), "");
  EXPECT_EQ(report.verdict, Verdict::pass);
  EXPECT_EQ(source.copied_value("SELECT count(pos) FROM place"), "100");
  EXPECT_EQ(source.copied_value("SELECT to_regclass('stop_near')"), "stop_near");
}

TEST(RestoreKeys, ATriggerThatComparesByAnExtensionsOperatorComesUnderASearchPath) {
  const Database source("distinct_from", R"(
    CREATE EXTENSION ltree; CREATE TABLE node (id int PRIMARY KEY, path ltree); INSERT INTO node VALUES (1, 'a'), (2, 'a.b');
    CREATE FUNCTION moved() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
    CREATE TRIGGER cascade_path AFTER UPDATE ON node FOR EACH ROW WHEN (OLD.path IS DISTINCT FROM NEW.path) EXECUTE FUNCTION moved();)");
  restore::IntoEmpty request = created();
  request.search_path = restore::search_path_sql("public");
  EXPECT_EQ(lines(brought_back(source, request).lost), "");
  EXPECT_EQ(source.copied_value("SELECT count(*) FROM pg_trigger WHERE NOT tgisinternal"), "1");
}

TEST(RestoreKeys, RowsThatNameWhatIsMadeAfterRowsComeOnceItIsThere) {
  const Database source("regclass_of_index", R"(
    CREATE TABLE t (id int PRIMARY KEY); CREATE TABLE note (what regclass, text text);
    INSERT INTO t SELECT generate_series(1, 10); INSERT INTO note VALUES ('t_pkey', 'slow'), ('t', 'small');
    CREATE TABLE child (note text UNIQUE); INSERT INTO child VALUES ('slow');
    CREATE DOMAIN rel AS regclass; CREATE DOMAIN named AS rel NOT NULL; CREATE TYPE pair AS (a int, r regclass);
    CREATE TYPE pairs AS (p pair[], x named);
    CREATE TABLE deep (d named, a regclass[], da named[], p pair, ps pairs);
    INSERT INTO deep VALUES ('t_pkey', '{t_pkey,t}', '{t_pkey}', '(1,t_pkey)', ROW(ARRAY['(1,t_pkey)'::pair], 't_pkey'));
    CREATE TABLE tree (id int, what rel) PARTITION BY RANGE (id);
    CREATE TABLE tree_1 PARTITION OF tree FOR VALUES FROM (0) TO (10) PARTITION BY LIST (id);
    CREATE TABLE tree_11 PARTITION OF tree_1 DEFAULT;
    CREATE TABLE hashed (what regclass) PARTITION BY HASH (what);
    CREATE TABLE hashed_0 PARTITION OF hashed FOR VALUES WITH (MODULUS 1, REMAINDER 0);
    INSERT INTO tree VALUES (1, 't_pkey'); INSERT INTO hashed VALUES ('t_pkey');
    CREATE FUNCTION grouped() RETURNS bigint LANGUAGE sql BEGIN ATOMIC SELECT count(*) FROM t GROUP BY t.id; END;
    CREATE MATERIALIZED VIEW counted AS SELECT id + 0 AS id, count(*) FROM t GROUP BY t.id; CREATE UNIQUE INDEX by_id ON counted (id);
    CREATE TABLE late (f regprocedure, p regproc, c regclass, t regtype[]);
    INSERT INTO late VALUES ('grouped()', 'grouped', 'counted', '{counted}'), ('now()', 'now', 'by_id', '{int}');)");
  const restore::RestoreReport report = brought_back(source);
  EXPECT_EQ(lines(report.lost), "");
  EXPECT_EQ(report.verdict, Verdict::pass);
  for (const char* sql :
       {"SELECT string_agg(what::text, ' ' ORDER BY text) FROM note", "SELECT * FROM deep",
        "SELECT tableoid::regclass, * FROM tree", "SELECT tableoid::regclass, * FROM hashed",
        "SELECT * FROM late ORDER BY c::text", "SELECT count(*) FROM counted"})
    EXPECT_EQ(source.copied_value(sql), source.value(sql)) << sql;
}

TEST(RestoreKeys, NumbersThatNamedNothingPassWhateverTheyNameHere) {
  const Database source("regclass_of_nothing", R"(
    CREATE DOMAIN rel AS regclass CHECK (VALUE IS NOT NULL); CREATE TYPE pair AS (a int, r regclass);
    CREATE TABLE old (id int, what regclass); CREATE TABLE a1 (id serial PRIMARY KEY); CREATE TABLE "tab	\ one" ();
    CREATE TABLE deep (d rel, a regclass[], p pair);
    CREATE TABLE tree (id int, what regclass) PARTITION BY RANGE (id);
    CREATE TABLE tree_1 PARTITION OF tree FOR VALUES FROM (0) TO (100000);
    INSERT INTO old SELECT g, g::oid::regclass FROM generate_series(16384, 60000) g WHERE NOT EXISTS (SELECT FROM pg_class WHERE oid = g);
    INSERT INTO deep SELECT what, ARRAY[what, '"tab	\ one"'], ROW(7, what)::pair FROM old; INSERT INTO tree SELECT * FROM old;
    INSERT INTO old VALUES (1, 'a1'), (2, NULL), (3, 'pg_class');)");
  const RoundTrip trip;
  const Backup backup = trip.back_up(source.name());
  const restore::RestoreReport report = trip.restore(backup);
  EXPECT_EQ(lines(report.lost), "");
  EXPECT_EQ(report.verdict, Verdict::pass);
  for (const char* table : {"table public.old", "table public.deep", "table public.tree"})
    EXPECT_NE(detail(report.checks, table).find(" name something here"), std::string::npos)
        << table << ": " << detail(report.checks, table);
}

}  // namespace
}  // namespace pgassay::test
