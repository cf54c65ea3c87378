// Databases whose rows do not keep their own rules, or keep them only once other tables are in. Each test is
// named after what went wrong with such a one.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include "tests/fixtures/child.h"
#include "tests/fixtures/round_trip.h"

namespace pgassay::test {
namespace {

/// Empty when stock pg_dump finds no difference between the database and its copy.
std::string schema_differences(const Database& source) {
  const auto dump = [](const std::string& conninfo) {
    const Ended ended = run_child({"pg_dump", "-s", "-d", conninfo});
    EXPECT_EQ(ended.status, 0) << ended.err;
    std::string out;
    for (std::size_t at = 0; at < ended.out.size();) {
      const std::size_t end = std::min(ended.out.find('\n', at), ended.out.size() - 1) + 1;
      const std::string line = ended.out.substr(at, end - at);
      if (!line.starts_with("--") && !line.starts_with("\\")) out += line;
      at = end;
    }
    return out;
  };
  const std::string then = dump(shared_server().conninfo(source.name()));
  const std::string now = dump(bare_server().conninfo(source.name()));
  return then == now ? "" : now;
}

restore::RestoreReport restored(const Database& source, unsigned jobs = 2) {
  const RoundTrip trip;
  restore::IntoEmpty request = created();
  request.jobs = jobs;
  return trip.restore(trip.back_up(source.name()), request);
}

void expect_identical(const Database& source, const restore::RestoreReport& report) {
  EXPECT_EQ(lines(report.lost), "");
  EXPECT_EQ(report.verdict, Verdict::pass);
  EXPECT_EQ(schema_differences(source), "");
}

/// Text of the one loss of that object.
std::string told_of(const restore::RestoreReport& report, const std::string& object) {
  for (const restore::Loss& loss : report.lost)
    if (loss.object == object) return loss.text;
  return {};
}

TEST(RestoreRules, ACheckThatReadsATableFindsItsRowsWhateverTheNumberOfJobs) {
  const Database source("check_reads_table", R"(
    CREATE TABLE z_kind (code text PRIMARY KEY); INSERT INTO z_kind VALUES ('x'), ('y');
    CREATE FUNCTION known(text) RETURNS bool LANGUAGE sql STABLE AS
      'SELECT EXISTS (SELECT FROM public.z_kind WHERE code = $1)';
    CREATE TABLE a_item (id int, kind text CHECK (known(kind)), pad text);
    INSERT INTO a_item SELECT g, 'x', repeat('p', 200) FROM generate_series(1, 20000) g;
    CREATE TABLE b_item (id int, kind text CHECK (known(kind))); INSERT INTO b_item VALUES (1, 'y');)");
  for (const unsigned jobs : {1U, 4U}) {
    expect_identical(source, restored(source, jobs));
    bare_server().drop_database(source.name());
  }
}

TEST(RestoreRules, ADomainMayReadATableAtAnyDepth) {
  const Database source("domain_reads_table", R"(
    CREATE TABLE z_kind (code text PRIMARY KEY); INSERT INTO z_kind VALUES ('k1'), ('k2');
    CREATE FUNCTION known(text) RETURNS bool LANGUAGE sql STABLE AS
      'SELECT EXISTS (SELECT FROM public.z_kind WHERE code = $1)';
    CREATE DOMAIN kind AS text CHECK (known(VALUE)); CREATE DOMAIN inner_kind AS kind; CREATE TYPE pair AS (a int, k inner_kind);
    CREATE TABLE a_item (id int, k kind); CREATE TABLE a_list (id int, k kind[]); CREATE TABLE a_pair (id int, k pair);
    INSERT INTO a_item VALUES (1, 'k1'); INSERT INTO a_list VALUES (1, '{k1,k2}'); INSERT INTO a_pair VALUES (1, '(1,k2)');)");
  expect_identical(source, restored(source));
}

TEST(RestoreRules, ChecksThatReadEachOthersTablesAreValidAgainOnceBothAreIn) {
  const Database source("checks_of_each_other", R"(
    CREATE TABLE hen (id int PRIMARY KEY, egg int); CREATE TABLE egg (id int PRIMARY KEY, hen int);
    CREATE FUNCTION has_egg(int) RETURNS bool LANGUAGE sql STABLE AS 'SELECT EXISTS (SELECT FROM public.egg WHERE id = $1)';
    CREATE FUNCTION has_hen(int) RETURNS bool LANGUAGE sql STABLE AS 'SELECT EXISTS (SELECT FROM public.hen WHERE id = $1)';
    INSERT INTO hen SELECT g, g FROM generate_series(1, 50) g; INSERT INTO egg SELECT g, g FROM generate_series(1, 50) g;
    ALTER TABLE hen ADD CONSTRAINT hen_of_egg CHECK (has_egg(egg)); ALTER TABLE egg ADD CONSTRAINT egg_of_hen CHECK (has_hen(hen));
    COMMENT ON CONSTRAINT hen_of_egg ON hen IS 'which was first';)");
  expect_identical(source, restored(source));
}

TEST(RestoreRules, ACheckThatReadsItsOwnTableIsValidAgain) {
  const Database source("chain_of_rows", R"(
    CREATE TABLE block (height int PRIMARY KEY);
    CREATE FUNCTION prev_exists(int) RETURNS bool LANGUAGE plpgsql AS
      'BEGIN RETURN $1 = 1 OR EXISTS (SELECT FROM public.block WHERE height = $1 - 1); END';
    INSERT INTO block SELECT g FROM generate_series(1, 2000) g; ALTER TABLE block ADD CONSTRAINT chain CHECK (prev_exists(height));)");
  expect_identical(source, restored(source));
}

TEST(RestoreRules, ACheckThatIsNoLongerTrueComesBackNotValidAndItsRowsCome) {
  const Database source("check_no_longer_true", R"(
    CREATE FUNCTION fits(int) RETURNS bool IMMUTABLE LANGUAGE sql AS 'SELECT $1 < 1000';
    CREATE TABLE booking (id int PRIMARY KEY, n int CHECK (fits(n)), m int CHECK (fits(m)));
    INSERT INTO booking SELECT g, g, 1 FROM generate_series(1, 900) g;
    CREATE OR REPLACE FUNCTION fits(int) RETURNS bool IMMUTABLE LANGUAGE sql AS 'SELECT $1 < 500';
    CREATE TABLE pay (b int REFERENCES booking); INSERT INTO pay SELECT g FROM generate_series(1, 900) g;)");
  const restore::RestoreReport report = restored(source);
  EXPECT_EQ(report.verdict, Verdict::pass);
  ASSERT_EQ(report.lost.size(), 1U) << lines(report.lost);
  EXPECT_EQ(report.lost[0].kind, restore::LossKind::rule);
  EXPECT_NE(told_of(report, "booking_n_check on public.booking")
                .find("ALTER TABLE public.booking VALIDATE CONSTRAINT \"booking_n_check\""),
            std::string::npos)
      << lines(report.lost);
  EXPECT_EQ(source.copied_value(
                "SELECT string_agg(conname || ' ' || convalidated, ', ' ORDER BY conname) FROM pg_constraint"
                " WHERE conrelid = 'booking'::regclass AND contype = 'c'"),
            "booking_m_check true, booking_n_check false");
}

TEST(RestoreRules, ADomainThatIsNoLongerTrueComesBackNotValidAndItsRowsCome) {
  const Database source("domain_no_longer_true", R"(
    CREATE TABLE money_unit (code text PRIMARY KEY, ok bool); INSERT INTO money_unit VALUES ('EUR', true);
    CREATE FUNCTION valid_unit(text) RETURNS bool LANGUAGE sql STABLE AS
      'SELECT EXISTS (SELECT FROM public.money_unit WHERE code = $1 AND ok)';
    CREATE DOMAIN unit AS text CONSTRAINT valid CHECK (valid_unit(VALUE)); CREATE TABLE bill (id int, u unit);
    INSERT INTO bill SELECT g, 'EUR' FROM generate_series(1, 300) g; CREATE TABLE bills (id int, u unit[]);
    INSERT INTO bills VALUES (1, '{EUR}'); UPDATE money_unit SET ok = false;)");
  const restore::RestoreReport report = restored(source);
  EXPECT_EQ(report.verdict, Verdict::pass);
  EXPECT_EQ(report.lost.size(), 1U) << lines(report.lost);
  EXPECT_NE(
      told_of(report, "valid on public.unit").find("ALTER DOMAIN public.unit VALIDATE CONSTRAINT \"valid\""),
      std::string::npos)
      << lines(report.lost);
  EXPECT_EQ(source.copied_value("SELECT count(*) FROM bill"), "300");
}

/// One family with what pg_dump tells apart: inherited, a child's own as well, a child's own alone, two
/// parents.
constexpr const char* kFamily = R"(
    CREATE TABLE z_kind (code int PRIMARY KEY, ok bool); INSERT INTO z_kind SELECT g, true FROM generate_series(1, 9) g;
    CREATE FUNCTION known(int) RETURNS bool LANGUAGE sql STABLE AS 'SELECT EXISTS (SELECT FROM public.z_kind WHERE code = $1 AND ok)';
    CREATE TABLE top (k int CONSTRAINT k_known CHECK (known(k)), d int) PARTITION BY RANGE (d);
    COMMENT ON CONSTRAINT k_known ON top IS 'of the root';
    CREATE TABLE own (k int CONSTRAINT k_known CHECK (known(k)), d int);
    ALTER TABLE top ATTACH PARTITION own FOR VALUES FROM (0) TO (10);
    CREATE TABLE plain PARTITION OF top FOR VALUES FROM (10) TO (20);
    CREATE TABLE more PARTITION OF top (CONSTRAINT d_known CHECK (known(d - 20))) FOR VALUES FROM (20) TO (30) PARTITION BY LIST (k);
    CREATE TABLE more_1 PARTITION OF more FOR VALUES IN (1, 2, 3); CREATE TABLE more_2 PARTITION OF more DEFAULT;
    CREATE TABLE p1 (k int CONSTRAINT k_known CHECK (known(k))); CREATE TABLE p2 (k int CONSTRAINT k_known CHECK (known(k)));
    CREATE TABLE two () INHERITS (p1, p2); CREATE TABLE alone (CONSTRAINT k_alone CHECK (known(k)) NO INHERIT) INHERITS (p1);
    INSERT INTO top SELECT 1 + g % 9, d + g FROM generate_series(1, 9) g, (VALUES (0), (10), (20)) v (d);
    INSERT INTO p1 VALUES (1); INSERT INTO p2 VALUES (2); INSERT INTO two VALUES (3); INSERT INTO alone VALUES (4);)";

TEST(RestoreRules, TreesAndFamiliesComeBackAsTheyWere) {
  const Database source("rules_of_families", kFamily);
  expect_identical(source, restored(source));
}

TEST(RestoreRules, TreesAndFamiliesKeepTheirShapeWhereTheirRulesComeBackNotValid) {
  const Database source("rules_of_families_gone", std::string(kFamily) + "UPDATE z_kind SET ok = false;");
  const restore::RestoreReport report = restored(source);
  EXPECT_EQ(report.verdict, Verdict::pass);
  const char* shape =
      "SELECT string_agg(format('%s %s %s %s %s', conrelid::regclass, conname, conislocal, coninhcount,"
      " obj_description(oid, 'pg_constraint')), ', ' ORDER BY conrelid::regclass::text, conname) FROM "
      "pg_constraint WHERE contype = 'c'";
  EXPECT_EQ(source.copied_value(shape), source.value(shape));
  EXPECT_NE(told_of(report, "k_known on public.top"), "") << lines(report.lost);
  EXPECT_EQ(told_of(report, "k_known on public.plain"), "") << "its root says it";
}

TEST(RestoreRules, AnErrorOfTheApplicationsOwnCostsNothing) {
  const Database source("error_of_the_applications_own", R"(
    CREATE TABLE z_rule (code text PRIMARY KEY);
    CREATE FUNCTION known(text) RETURNS bool LANGUAGE plpgsql STABLE AS $$ BEGIN IF NOT EXISTS (SELECT FROM public.z_rule WHERE code = $1)
      THEN RAISE EXCEPTION 'unknown code %', $1 USING ERRCODE = 'APP01'; END IF; RETURN true; END $$;
    CREATE FUNCTION never(int) RETURNS bool LANGUAGE plpgsql AS $$ BEGIN IF $1 > 1 THEN RAISE 'never' USING ERRCODE = 'XX000'; END IF; RETURN true; END $$;
    CREATE FUNCTION full_disk(text) RETURNS bool LANGUAGE plpgsql STABLE AS $$ BEGIN IF NOT EXISTS (SELECT FROM public.z_rule WHERE code = $1)
      THEN RAISE EXCEPTION 'full' USING ERRCODE = '53100'; END IF; RETURN true; END $$;
    CREATE TABLE a_cause (code text CHECK (full_disk(code))); INSERT INTO z_rule VALUES ('y'); INSERT INTO a_cause VALUES ('y');
    CREATE TABLE a_item (id int, code text CHECK (known(code))); CREATE TABLE b_item (id int, n int CHECK (never(n)));
    INSERT INTO z_rule VALUES ('x'); INSERT INTO a_item SELECT g, 'x' FROM generate_series(1, 100) g; INSERT INTO b_item VALUES (1, 1);
    ALTER TABLE b_item DISABLE TRIGGER ALL; UPDATE b_item SET n = 1;)");
  expect_identical(source, restored(source));
  source.psql("DELETE FROM z_rule;");
  bare_server().drop_database(source.name());
  const restore::RestoreReport report = restored(source);
  EXPECT_EQ(report.verdict, Verdict::pass);
  ASSERT_EQ(report.lost.size(), 2U) << lines(report.lost);
  EXPECT_EQ(report.lost[0].sqlstate, "P0001") << "a function says that the disk is full, and not the server";
  EXPECT_EQ(report.lost[1].sqlstate, "APP01");
}

TEST(RestoreRules, AGeneratedColumnThatReadsATableIsWhatItWas) {
  const Database source("generated_reads_table", R"(
    CREATE TABLE z_rate (code text PRIMARY KEY, r int); INSERT INTO z_rate VALUES ('x', 7);
    CREATE FUNCTION rate(text) RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT r FROM public.z_rate WHERE code = $1';
    CREATE FUNCTION doubled(text) RETURNS int LANGUAGE plpgsql IMMUTABLE AS
      'BEGIN RETURN (SELECT 2 * max(r) FROM public.c_sale WHERE code = $1); END';
    CREATE TABLE b_sale (id int, code text); CREATE TABLE c_sale (id int, code text, r int GENERATED ALWAYS AS (rate(code)) STORED);
    INSERT INTO c_sale SELECT g, 'x' FROM generate_series(1, 100) g; INSERT INTO b_sale SELECT id, code FROM c_sale;
    ALTER TABLE b_sale ADD r int GENERATED ALWAYS AS (doubled(code)) STORED;)");
  expect_identical(source, restored(source));
  EXPECT_EQ(source.copied_value("SELECT min(b.r) || ' ' || min(c.r) FROM b_sale b JOIN c_sale c USING (id)"),
            "14 7");
}

TEST(RestoreRules, RowsThatAPartitionsBoundRefusesGoWhereTheRootPutsThem) {
  const Database source("bound_refuses", R"(
    CREATE TABLE t (d int, x text) PARTITION BY RANGE (d); CREATE TABLE t_b PARTITION OF t FOR VALUES FROM (10) TO (20);
    CREATE TABLE t_a (x text, d int CONSTRAINT implied CHECK (d IS NOT NULL AND d >= 0 AND d < 10)); INSERT INTO t_a VALUES ('own', 5);
    ALTER TABLE t_a DROP CONSTRAINT implied; INSERT INTO t_a VALUES ('stray', 15);
    ALTER TABLE t_a ADD CONSTRAINT implied CHECK (d IS NOT NULL AND d >= 0 AND d < 10) NOT VALID;
    UPDATE pg_constraint SET convalidated = true WHERE conname = 'implied';
    ALTER TABLE t ATTACH PARTITION t_a FOR VALUES FROM (0) TO (10); ALTER TABLE t_a DROP CONSTRAINT implied;)");
  const restore::RestoreReport report = restored(source);
  EXPECT_EQ(lines(report.lost), "");
  EXPECT_EQ(report.verdict, Verdict::pass);
  EXPECT_NE(
      lines(report.notes)
          .find("table public.t_a: rows that its bounds do not allow are where table public.t puts them"),
      std::string::npos)
      << lines(report.notes);
  EXPECT_EQ(source.value("SELECT string_agg(x, ' ') FROM ONLY t_a"), "own stray");
  EXPECT_EQ(source.copied_value("SELECT tableoid::regclass FROM t WHERE x = 'stray'"), "t_b");
}

/// Indexes are built beside rows and before the rest: of a table that is large, and where a row was refused.
TEST(RestoreRules, CommentsOnIndexesThatAreBuiltAheadAreBack) {
  const Database source("comments_ahead", R"(
    CREATE TABLE large (id int PRIMARY KEY, pad text); INSERT INTO large SELECT g, repeat('p', 1000) FROM generate_series(1, 20000) g;
    CREATE INDEX large_pad ON large (pad, id); COMMENT ON INDEX large_pad IS 'l'; COMMENT ON CONSTRAINT large_pkey ON large IS 'k';
    CREATE TABLE own (what regclass); CREATE INDEX own_what ON own (what); INSERT INTO own VALUES ('own_what');
    COMMENT ON INDEX own_what IS 'o';)");
  expect_identical(source, restored(source));
}

/// Rows of such keys go through the root; but this root's order is another by now than its partitions'
/// bounds.
TEST(RestoreRules, RowsThatTheRootRefusesGoWhereTheyWere) {
  const Database source("root_refuses", R"(
    CREATE FUNCTION cmp(text, text) RETURNS int IMMUTABLE LANGUAGE sql AS 'SELECT bttextcmp(lower($1), lower($2))';
    CREATE FUNCTION lt(text, text) RETURNS bool IMMUTABLE LANGUAGE sql AS 'SELECT lower($1) < lower($2)';
    CREATE FUNCTION le(text, text) RETURNS bool IMMUTABLE LANGUAGE sql AS 'SELECT lower($1) <= lower($2)';
    CREATE FUNCTION eq(text, text) RETURNS bool IMMUTABLE LANGUAGE sql AS 'SELECT lower($1) = lower($2)';
    CREATE FUNCTION ge(text, text) RETURNS bool IMMUTABLE LANGUAGE sql AS 'SELECT lower($1) >= lower($2)';
    CREATE FUNCTION gt(text, text) RETURNS bool IMMUTABLE LANGUAGE sql AS 'SELECT lower($1) > lower($2)';
    CREATE OPERATOR <<< (LEFTARG = text, RIGHTARG = text, FUNCTION = lt); CREATE OPERATOR <<= (LEFTARG = text, RIGHTARG = text, FUNCTION = le);
    CREATE OPERATOR ==== (LEFTARG = text, RIGHTARG = text, FUNCTION = eq); CREATE OPERATOR >>= (LEFTARG = text, RIGHTARG = text, FUNCTION = ge);
    CREATE OPERATOR >>> (LEFTARG = text, RIGHTARG = text, FUNCTION = gt);
    CREATE OPERATOR CLASS ci FOR TYPE text USING btree AS OPERATOR 1 <<<, OPERATOR 2 <<=, OPERATOR 3 ====, OPERATOR 4 >>=, OPERATOR 5 >>>,
      FUNCTION 1 cmp(text, text);
    CREATE TABLE t (t text) PARTITION BY RANGE (t ci); CREATE TABLE t1 PARTITION OF t FOR VALUES FROM ('A') TO ('M');
    CREATE TABLE t2 PARTITION OF t DEFAULT; INSERT INTO t VALUES ('b'), ('Z'), ('l'), ('L');
    CREATE OR REPLACE FUNCTION cmp(text, text) RETURNS int IMMUTABLE LANGUAGE sql AS 'SELECT bttextcmp($1 COLLATE "C", $2 COLLATE "C")';)");
  expect_identical(source, restored(source));
  EXPECT_EQ(source.copied_value("SELECT string_agg(t, '' ORDER BY t COLLATE \"C\") FROM ONLY t1"), "Lbl");
}

TEST(RestoreRules, OnlyRowsThatNothingTakesStayOutAndAreKeptInAFile) {
  const Database source("nothing_takes", R"(
    CREATE FUNCTION twice(int) RETURNS int IMMUTABLE LANGUAGE plpgsql AS 'BEGIN RETURN 2 * $1; END';
    CREATE TYPE mood AS ENUM ('glad', 'sad'); CREATE TABLE t (id int, m mood, n int GENERATED ALWAYS AS (twice(id)) STORED);
    INSERT INTO t SELECT g, 'glad' FROM generate_series(1, 3000) g; UPDATE t SET m = 'sad' WHERE id IN (7, 2999);
    UPDATE pg_enum SET enumlabel = 'gone' WHERE enumlabel = 'sad';)");
  const RoundTrip trip;
  const Backup backup = trip.back_up(source.name());
  source.psql("UPDATE pg_enum SET enumlabel = 'sad' WHERE enumlabel = 'gone';");
  restore::IntoEmpty request = created();
  const TemporaryDir rejects;
  request.rejects = rejects.path() / "rejected";
  request.before_data = [](Connection& connection) {
    connection.query("UPDATE pg_catalog.pg_enum SET enumlabel = 'other' WHERE enumlabel = 'gone'");
  };
  const restore::RestoreReport report = trip.restore(backup, request);
  ASSERT_EQ(report.lost.size(), 1U) << lines(report.lost);
  EXPECT_NE(report.lost[0].text.find("2 of the 3000 rows"), std::string::npos) << report.lost[0].text;
  EXPECT_EQ(source.copied_value("SELECT count(*) || ' ' || sum(n) FROM t"), "2998 8996988");
  EXPECT_EQ(read_file(request.rejects / "public.t.0000.copy"), "7\tgone\n2999\tgone\n");
}

TEST(RestoreRules, AGeneratedColumnThatFailsBecomesAPlainOneForItsRows) {
  const Database source("generated_fails", R"(
    CREATE FUNCTION half(int) RETURNS int IMMUTABLE LANGUAGE plpgsql AS 'BEGIN RETURN $1 / 2; END';
    CREATE TABLE t (id int, n int GENERATED ALWAYS AS (half(id)) STORED); INSERT INTO t SELECT g FROM generate_series(1, 30) g;
    CREATE OR REPLACE FUNCTION half(int) RETURNS int IMMUTABLE LANGUAGE plpgsql AS 'BEGIN RETURN $1 / 0; END';)");
  const restore::RestoreReport report = restored(source);
  EXPECT_EQ(report.verdict, Verdict::fail) << "the values of n are not what they were";
  ASSERT_EQ(report.lost.size(), 1U) << lines(report.lost);
  EXPECT_NE(report.lost[0].text.find("ADD COLUMN \"n\" integer GENERATED ALWAYS AS (public.half(id)) STORED"),
            std::string::npos)
      << report.lost[0].text;
  EXPECT_EQ(source.copied_value("SELECT count(*) FROM t"), "30");
}

/// A generated column reads a materialized view (refused until that is filled), a view whose query comes
/// after the primary key (empty until then, without an error), and a column that may not be empty.
TEST(RestoreRules, GeneratedColumnsAndChecksMayReadViews) {
  const Database source("rules_read_views", R"(
    CREATE TABLE base (id int PRIMARY KEY, v text); INSERT INTO base SELECT g, 'v' || g FROM generate_series(1, 50) g;
    CREATE MATERIALIZED VIEW mv AS SELECT v FROM base; CREATE VIEW gv AS SELECT id, v, count(*) AS n FROM base GROUP BY id;
    CREATE MATERIALIZED VIEW empty AS SELECT v FROM base WITH NO DATA;
    CREATE FUNCTION in_mv(text) RETURNS bool LANGUAGE sql IMMUTABLE AS 'SELECT EXISTS (SELECT FROM public.mv WHERE v = $1)';
    CREATE FUNCTION of_gv(int) RETURNS text LANGUAGE sql IMMUTABLE AS 'SELECT v FROM public.gv WHERE id = $1';
    CREATE TABLE a_check (v text CHECK (in_mv(v))); INSERT INTO a_check SELECT v FROM base;
    CREATE TABLE a_gen (id int, v text GENERATED ALWAYS AS (of_gv(id)) STORED); INSERT INTO a_gen (id) SELECT id FROM base;
    CREATE TABLE b_gen (v text, b bool GENERATED ALWAYS AS (in_mv(v)) STORED NOT NULL); INSERT INTO b_gen (v) SELECT v FROM base;
    CREATE TABLE child (id int REFERENCES base); INSERT INTO child SELECT id FROM base;)");
  expect_identical(source, restored(source));
  EXPECT_EQ(source.copied_value("SELECT count(v) FROM a_gen"), "50");
  EXPECT_EQ(source.copied_value("SELECT count(*) FILTER (WHERE b) FROM b_gen"), "50");
  source.psql(
      "TRUNCATE child; DELETE FROM base WHERE id = 7; REFRESH MATERIALIZED VIEW mv;"
      "CREATE OR REPLACE FUNCTION in_mv(text) RETURNS bool LANGUAGE sql IMMUTABLE AS 'SELECT 1 / count(*) > "
      "0 FROM public.mv WHERE v = $1';");
  bare_server().drop_database(source.name());
  const restore::RestoreReport report = restored(source);
  EXPECT_EQ(source.copied_value("SELECT count(*) FROM b_gen"), "50") << lines(report.lost);
  EXPECT_NE(told_of(report, "public.b_gen.b")
                .find("ADD COLUMN \"b\" boolean GENERATED ALWAYS AS (public.in_mv(v)) "
                      "STORED"),
            std::string::npos)
      << lines(report.lost);
}

/// A composite type holds the domain: no NOT NULL is made again there, and no CHECK validated.
TEST(RestoreRules, NotNullOfADomainStaysWhereItsCheckAloneIsBroken) {
  const Database source("domain_in_a_composite", R"(
    CREATE FUNCTION small() RETURNS int IMMUTABLE LANGUAGE sql AS 'SELECT 1000';
    CREATE DOMAIN d AS int NOT NULL CONSTRAINT small CHECK (VALUE < small()); CREATE TYPE held AS (a d);
    CREATE TABLE t (id int, h held); INSERT INTO t SELECT g, ROW(g)::held FROM generate_series(1, 800) g;
    CREATE OR REPLACE FUNCTION small() RETURNS int IMMUTABLE LANGUAGE sql AS 'SELECT 400';)");
  const restore::RestoreReport report = restored(source);
  EXPECT_EQ(report.verdict, Verdict::pass);
  ASSERT_EQ(report.lost.size(), 1U) << lines(report.lost);
  EXPECT_NE(report.lost[0].text.find("CHECK small is there NOT VALID, for the server can't look for it"),
            std::string::npos)
      << report.lost[0].text;
  EXPECT_EQ(source.copied_value("SELECT typnotnull FROM pg_type WHERE typname = 'd'"), "t");
}

TEST(RestoreRules, AMaterializedViewIsFilledUnderThePoliciesThatBindItsOwner) {
  const Database source("forced_policies", R"(
    SET client_min_messages = error; DROP ROLE IF EXISTS forced_owner; CREATE ROLE forced_owner; GRANT CREATE ON SCHEMA public TO forced_owner; SET ROLE forced_owner;
    CREATE TABLE r (id int); INSERT INTO r SELECT generate_series(1, 100); ALTER TABLE r ENABLE ROW LEVEL SECURITY;
    ALTER TABLE r FORCE ROW LEVEL SECURITY; CREATE POLICY p ON r USING (id > 40); CREATE MATERIALIZED VIEW m AS SELECT id FROM r;)");
  expect_identical(source, restored(source));
  EXPECT_EQ(source.copied_value("SELECT count(*) FROM m") + " " + source.value("SELECT count(*) FROM m"),
            "60 60");
  source.psql("DROP OWNED BY forced_owner; DROP ROLE forced_owner;");
}

TEST(RestoreRules, AnIdentitysSequenceKeepsATypeThatIsNotItsColumns) {
  const Database source("identity_like", R"(
    CREATE TABLE one (id int GENERATED ALWAYS AS IDENTITY (INCREMENT 10 MAXVALUE 2000 CYCLE)); CREATE TABLE two (LIKE one INCLUDING ALL);
    INSERT INTO two DEFAULT VALUES;)");
  expect_identical(source, restored(source));
  EXPECT_EQ(source.copied_value(
                "SELECT seqtypid::regtype, seqmax FROM pg_sequence WHERE seqrelid = 'two_id_seq'::regclass"),
            source.value(
                "SELECT seqtypid::regtype, seqmax FROM pg_sequence WHERE seqrelid = 'two_id_seq'::regclass"));
}

}  // namespace
}  // namespace pgassay::test
