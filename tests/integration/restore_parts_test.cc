// Parts of a backup into a database of their own: some tables, all but some, the schema only.
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "tests/fixtures/killed.h"
#include "tests/fixtures/round_trip.h"

namespace pgassay::test {
namespace {

restore::IntoEmpty only(std::vector<std::string> tables, std::vector<std::string> exclude = {}) {
  restore::IntoEmpty options = created();
  options.wanted = {std::move(tables), std::move(exclude), true};
  return options;
}

constexpr const char* kShop = R"(
CREATE ROLE parts_owner; CREATE ROLE parts_reader;
CREATE SCHEMA shop; GRANT USAGE ON SCHEMA shop TO parts_reader;
CREATE EXTENSION hstore;
CREATE TYPE shop.status AS ENUM ('new', 'paid');
CREATE DOMAIN shop.amount AS numeric(10,2) CHECK (VALUE >= 0);
CREATE FUNCTION shop.stamp() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN new; END';
CREATE TABLE shop.customers (id int PRIMARY KEY, name text);
INSERT INTO shop.customers SELECT g, 'customer ' || g FROM generate_series(1, 50) g;
CREATE TABLE shop.orders (id serial PRIMARY KEY, customer int REFERENCES shop.customers, status shop.status,
  total shop.amount, with_tax numeric GENERATED ALWAYS AS (total * 1.2) STORED, n bigint GENERATED ALWAYS AS IDENTITY);
ALTER TABLE shop.orders OWNER TO parts_owner; GRANT SELECT ON shop.orders TO parts_reader;
COMMENT ON COLUMN shop.orders.total IS 'without tax';
CREATE INDEX orders_by_status ON shop.orders (status);
CREATE TRIGGER stamp BEFORE UPDATE ON shop.orders FOR EACH ROW EXECUTE FUNCTION shop.stamp();
INSERT INTO shop.orders (customer, status, total) SELECT 1 + g % 50, 'paid', g FROM generate_series(1, 300) g;
CREATE VIEW shop.paid AS SELECT * FROM shop.orders WHERE status = 'paid';
CREATE MATERIALIZED VIEW shop.sums AS SELECT customer, sum(total) FROM shop.orders GROUP BY 1;
CREATE TABLE shop.events (at int, what hstore) PARTITION BY RANGE (at);
CREATE TABLE shop.events_1 PARTITION OF shop.events FOR VALUES FROM (0) TO (100);
CREATE TABLE shop.events_2 PARTITION OF shop.events FOR VALUES FROM (100) TO (200);
CREATE INDEX ON shop.events (at);
INSERT INTO shop.events SELECT g, hstore('n', g::text) FROM generate_series(0, 199) g;
SELECT lo_create(4712);
)";

class RestoreParts : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    source_ = std::make_unique<Database>("parts", kShop);
    trip_ = std::make_unique<RoundTrip>();
    backup_ = std::make_unique<Backup>(trip_->back_up("parts"));
  }
  static void TearDownTestSuite() {
    backup_.reset();
    trip_.reset();
    source_.reset();
  }
  void TearDown() override { bare_server().psql("postgres", "DROP DATABASE IF EXISTS parts;"); }

  static std::string copied(const std::string& sql) { return source_->copied_value(sql); }
  static std::string relations() {
    return copied(
        "SELECT string_agg(c.relname, ' ' ORDER BY c.relname) FROM pg_class c JOIN pg_namespace n ON n.oid = "
        "c.relnamespace WHERE n.nspname = 'shop' AND c.relkind NOT IN ('i', 'I')");
  }

  static std::unique_ptr<Database> source_;
  static std::unique_ptr<RoundTrip> trip_;
  static std::unique_ptr<Backup> backup_;
};
std::unique_ptr<Database> RestoreParts::source_;
std::unique_ptr<RoundTrip> RestoreParts::trip_;
std::unique_ptr<Backup> RestoreParts::backup_;

TEST_F(RestoreParts, ATableComesWithWhatItNeedsAndWhatBelongsToIt) {
  const restore::RestoreReport report = trip_->restore(*backup_, only({"shop.orders"}));
  EXPECT_EQ(lines(report.lost), "");
  EXPECT_EQ(report.verdict, Verdict::pass);
  EXPECT_EQ(report.rows, 300U);
  EXPECT_EQ(relations(), "orders orders_id_seq orders_n_seq");
  EXPECT_EQ(copied("SELECT nextval('shop.orders_id_seq'), nextval('shop.orders_n_seq')"), "301|301");
  EXPECT_EQ(copied("SELECT string_agg(indexname, ' ' ORDER BY 1) FROM pg_indexes WHERE schemaname = 'shop'"),
            "orders_by_status orders_pkey");
  EXPECT_EQ(copied("SELECT string_agg(tgname, ' ') FROM pg_trigger WHERE NOT tgisinternal"), "stamp");
  EXPECT_EQ(copied("SELECT relowner::regrole, has_table_privilege('parts_reader', oid, 'SELECT'), "
                   "col_description(oid, 4) FROM pg_class WHERE oid = 'shop.orders'::regclass"),
            "parts_owner|t|without tax");
  EXPECT_EQ(copied("SELECT count(*) FROM pg_extension WHERE extname = 'hstore'"), "0");
}

TEST_F(RestoreParts, SayWhatWasNotCarried) {
  const restore::RestoreReport report = trip_->restore(*backup_, only({"shop.orders"}));
  EXPECT_EQ(lines(report.not_carried),
            "foreign key orders_customer_fkey of shop.orders: it needs table shop.customers, which is not "
            "selected\n"
            "large objects: 1\n"
            "the rest of the database: 1 extension, 1 materialized view, 4 tables, 1 view");
}

TEST_F(RestoreParts, APatternTakesAPartitionedTableWithItsPartitions) {
  const restore::RestoreReport report = trip_->restore(*backup_, only({"shop.event?"}));
  EXPECT_EQ(lines(report.lost), "");
  EXPECT_EQ(report.verdict, Verdict::pass);
  EXPECT_EQ(relations(), "events events_1 events_2");
  EXPECT_EQ(copied("SELECT count(*), count(DISTINCT tableoid) FROM shop.events"), "200|2");
}

TEST_F(RestoreParts, APartitionAloneBecomesATable) {
  const restore::RestoreReport report = trip_->restore(*backup_, only({"events_2"}));
  EXPECT_EQ(lines(report.lost), "");
  EXPECT_EQ(report.verdict, Verdict::pass);
  EXPECT_EQ(copied("SELECT count(*), min(at) FROM shop.events_2"), "100|100");
  EXPECT_EQ(copied("SELECT relispartition FROM pg_class WHERE relname = 'events_2'"), "f");
}

TEST_F(RestoreParts, AllButATableLeavesOutWhatReadsIt) {
  const restore::RestoreReport report = trip_->restore(*backup_, only({}, {"shop.orders"}));
  EXPECT_EQ(lines(report.lost), "");
  EXPECT_EQ(report.verdict, Verdict::pass);
  EXPECT_EQ(relations(), "customers events events_1 events_2");
  EXPECT_EQ(lines(report.not_carried),
            "1 as --exclude-table says, with 300 rows: shop.orders\n"
            "view shop.paid: it needs what is left out\n"
            "materialized view shop.sums: it needs what is left out");
  EXPECT_EQ(copied("SELECT count(*) FROM pg_largeobject_metadata"), "1");
}

TEST_F(RestoreParts, TheSchemaAloneHasNoRow) {
  restore::IntoEmpty options = created();
  options.wanted.rows = false;
  const restore::RestoreReport report = trip_->restore(*backup_, options);
  EXPECT_EQ(lines(report.lost), "");
  EXPECT_EQ(report.verdict, Verdict::pass);
  EXPECT_EQ(relations(), "customers events events_1 events_2 orders orders_id_seq orders_n_seq paid sums");
  EXPECT_EQ(copied("SELECT (SELECT count(*) FROM shop.orders) + (SELECT count(*) FROM shop.events)"), "0");
  EXPECT_EQ(copied("SELECT relispopulated FROM pg_class WHERE relname = 'sums'"), "f");
  EXPECT_EQ(lines(report.not_carried),
            "rows: 550 of 4 tables, as --schema-only says\ncontents of materialized views: 1\n"
            "values of sequences: 2\nlarge objects: 1");
}

TEST_F(RestoreParts, WithoutPrivilegesNobodyIsGrantedAnything) {
  restore::IntoEmpty options = created();
  options.acl = false;
  const restore::RestoreReport report = trip_->restore(*backup_, options);
  EXPECT_EQ(lines(report.lost), "");
  EXPECT_EQ(report.verdict, Verdict::pass);
  EXPECT_EQ(copied("SELECT count(*) FROM pg_class WHERE relacl IS NOT NULL AND oid >= 16384"), "0");
  EXPECT_EQ(copied("SELECT relowner::regrole FROM pg_class WHERE oid = 'shop.orders'::regclass"),
            "parts_owner");
  EXPECT_EQ(lines(report.not_carried), "privileges, as --no-acl says");
}

TEST_F(RestoreParts, AnotherOwnerIsTheRoleThatWeBecome) {
  bare_server().psql("postgres", "DROP ROLE IF EXISTS parts_other; CREATE ROLE parts_other CREATEDB;");
  restore::IntoEmpty options = only({"shop.*"});
  options.connection.role = "parts_other";
  options.owners = options.acl = false;
  options.roles = restore::Roles::none;
  const restore::RestoreReport report = trip_->restore(*backup_, options);
  EXPECT_EQ(lines(report.lost), "");
  EXPECT_EQ(report.verdict, Verdict::pass);
  EXPECT_EQ(
      copied("SELECT string_agg(DISTINCT relowner::regrole::text, ' ') FROM pg_class WHERE relnamespace = "
             "'shop'::regnamespace"),
      "parts_other");
  EXPECT_EQ(copied("SELECT datdba::regrole FROM pg_database WHERE datname = 'parts'"), "parts_other");
}

/// Killed when the first part begins: what is made is there, and no row.
void interrupt(const RoundTrip& trip, const Backup& backup, const restore::IntoEmpty& options) {
  KillsAt observer(5);
  ASSERT_TRUE(killed([&] { restore_backup(trip.repository(), backup, options, observer, {}); }));
}

TEST_F(RestoreParts, IsGoneOnWithAfterAnInterruption) {
  restore::IntoEmpty options = only({"shop.orders", "shop.events"});
  interrupt(*trip_, *backup_, options);
  options.resume = true;
  const restore::RestoreReport report = trip_->restore(*backup_, options);
  EXPECT_TRUE(report.resumed) << lines(report.notes);
  EXPECT_EQ(lines(report.lost), "");
  EXPECT_EQ(report.verdict, Verdict::pass);
  EXPECT_EQ(report.rows, 500U);
  EXPECT_EQ(relations(), "events events_1 events_2 orders orders_id_seq orders_n_seq");
}

TEST_F(RestoreParts, IsNotGoneOnWithByAnotherSelection) {
  interrupt(*trip_, *backup_, only({"shop.orders"}));
  for (restore::IntoEmpty other :
       {only({"shop.orders", "shop.events"}), only({}, {"shop.events"}), created()}) {
    other.resume = true;
    try {
      trip_->restore(*backup_, other);
      ADD_FAILURE() << "not refused";
    } catch (const Refused& error) {
      EXPECT_NE(std::string(error.what()).find("with --table 'shop.orders'; it can't be gone on with"),
                std::string::npos)
          << error.what();
    }
  }
}

TEST_F(RestoreParts, AsAnotherRoleIsGoneOnWithThoughTheServerIsStillAtWork) {
  bare_server().psql("postgres", "DROP ROLE IF EXISTS parts_other; CREATE ROLE parts_other CREATEDB;");
  restore::IntoEmpty options = only({"shop.orders"});
  options.connection.role = "parts_other";
  options.owners = options.acl = false;
  options.roles = restore::Roles::none;
  interrupt(*trip_, *backup_, options);
  Connection orphan = Connection::open(bare_server().connection("parts"), "pgassay restore", {});
  options.resume = true;
  EXPECT_EQ(trip_->restore(*backup_, options).verdict, Verdict::pass);
  EXPECT_THROW(orphan.query("SELECT 1"), Error);
}

TEST_F(RestoreParts, ARoleThatWeMayNotBecomeIsRefused) {
  restore::IntoEmpty options = created();
  options.connection.role = "nobody here";
  EXPECT_THROW(trip_->restore(*backup_, options), Refused);
}

TEST_F(RestoreParts, APatternThatFitsNothingIsRefusedBeforeAnythingIsMade) {
  EXPECT_THROW(trip_->restore(*backup_, only({"shop.order"})), UsageError);
  EXPECT_EQ(bare_server().value("postgres", "SELECT count(*) FROM pg_database WHERE datname = 'parts'"), "0");
}

/// All that can depend on a table, on one that stays. What only the text of a function names, nobody knows.
constexpr const char* kDependents = R"(
CREATE TABLE gone (id int PRIMARY KEY, v text); INSERT INTO gone VALUES (1, 'a');
CREATE FUNCTION of_row(gone) RETURNS int IMMUTABLE LANGUAGE sql AS 'SELECT $1.id';
CREATE FUNCTION rows_of() RETURNS SETOF gone LANGUAGE sql BEGIN ATOMIC SELECT * FROM gone; END;
CREATE TYPE held AS (g gone); CREATE DOMAIN checked AS int CHECK (of_row(ROW(VALUE, '')::gone) > 0);
CREATE VIEW one AS SELECT * FROM gone; CREATE VIEW two AS SELECT * FROM one; CREATE MATERIALIZED VIEW filled AS SELECT * FROM two;
CREATE INDEX ON filled (id); CREATE VIEW three AS SELECT * FROM filled;
CREATE TABLE kept (id int PRIMARY KEY, g int REFERENCES gone, n int); INSERT INTO kept VALUES (1, 1, 1);
CREATE INDEX by_row ON kept (of_row(ROW(id, '')::gone)); CREATE INDEX by_n ON kept (n);
CREATE STATISTICS st_row ON (of_row(ROW(id, '')::gone)), n FROM kept; CREATE STATISTICS st_n ON id, n FROM kept;
CREATE RULE also AS ON UPDATE TO kept DO ALSO INSERT INTO gone VALUES (NEW.id);
ALTER TABLE kept ENABLE ROW LEVEL SECURITY; CREATE POLICY own ON kept USING (true);
CREATE POLICY theirs ON kept USING (EXISTS (SELECT FROM gone WHERE gone.id = g));
CREATE FUNCTION fired() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
CREATE TRIGGER plain BEFORE INSERT ON kept FOR EACH ROW EXECUTE FUNCTION fired();
CREATE TRIGGER asks BEFORE INSERT ON kept FOR EACH ROW WHEN (of_row(ROW(NEW.id, '')::gone) = 1) EXECUTE FUNCTION fired();
ALTER TABLE kept ADD CONSTRAINT late CHECK (of_row(ROW(id, '')::gone) > 0) NOT VALID;
CREATE TABLE numbered (id serial); CREATE TABLE draws (id int DEFAULT nextval('numbered_id_seq'));
CREATE TABLE tree (id int PRIMARY KEY) PARTITION BY RANGE (id); CREATE TABLE leaf PARTITION OF tree FOR VALUES FROM (0) TO (10);
CREATE TABLE leaf_2 PARTITION OF tree FOR VALUES FROM (10) TO (20); INSERT INTO tree VALUES (1), (11);
CREATE TABLE to_tree (id int REFERENCES tree); INSERT INTO to_tree VALUES (1), (11);
CREATE TABLE made_of (h held); CREATE TABLE of_domain (c checked);
)";

/// The values of such a column no backup reads, for an index calls code.
TEST(RestorePartsOfAll, WithoutRowsThereAreNoGeneratedValuesInDoubt) {
  const Database source(
      "parts_no_rows",
      "CREATE FUNCTION f(int) RETURNS int IMMUTABLE LANGUAGE sql AS 'SELECT $1';"
      "CREATE TABLE t (id int, g int GENERATED ALWAYS AS (id + 1) STORED); INSERT INTO t VALUES (1);"
      "CREATE INDEX t_f ON t (f(id));");
  const RoundTrip trip;
  restore::IntoEmpty request = created();
  request.wanted.rows = false;
  EXPECT_EQ(trip.restore(trip.back_up(source.name()), request).verdict, Verdict::pass);
}

TEST(RestorePartsOfAll, WhatNeedsATableThatIsLeftOutIsLeftOutAndNamedOneByOne) {
  const Database source("dependents", kDependents);
  const RoundTrip trip;
  const Backup backup = trip.back_up(source.name());
  const auto without = [&](const std::vector<std::string>& tables) {
    restore::IntoEmpty request = created();
    request.wanted.exclude_tables = tables;
    return trip.restore(backup, request);
  };
  try {
    without({"gone"});
    FAIL() << "tables that are made of it can't be made";
  } catch (const UsageError& error) {
    EXPECT_EQ(error.hint(),
              "exclude them too: --exclude-table 'public.made_of' --exclude-table 'public.of_domain'");
  }
  const restore::RestoreReport report = without({"gone", "made_of", "of_domain", "leaf", "numbered"});
  EXPECT_EQ(lines(report.lost), "");
  EXPECT_EQ(report.verdict, Verdict::pass);
  std::vector<std::string> told = report.not_carried;
  std::erase_if(told, [](const std::string& line) { return !line.ends_with(": it needs what is left out"); });
  for (std::string& line : told) line.resize(line.size() - std::string(": it needs what is left out").size());
  std::ranges::sort(told);
  EXPECT_EQ(
      lines(told),
      "check constraint late of public.kept\ndomain public.checked\nforeign key kept_g_fkey of public.kept\n"
      "foreign key to_tree_id_fkey of public.to_tree\nfunction public.of_row(public.gone)\n"
      "function public.rows_of()\nindex public.by_row\nmaterialized view public.filled\n"
      "policy theirs of public.kept\nrule also of public.kept\nstatistics public.st_row\n"
      "trigger asks of public.kept\ntype public.held\nview public.one\nview public.three\nview public.two");
  EXPECT_EQ(source.copied_value("SELECT string_agg(relname, ' ' ORDER BY relname) FROM pg_class"
                                " WHERE relnamespace = 'public'::regnamespace"),
            "by_n draws kept kept_pkey leaf_2 leaf_2_pkey numbered_id_seq to_tree tree tree_pkey");
  EXPECT_EQ(source.copied_value("SELECT (SELECT string_agg(polname, ' ') FROM pg_policy),"
                                " (SELECT string_agg(tgname, ' ') FROM pg_trigger WHERE NOT tgisinternal),"
                                " (SELECT string_agg(stxname, ' ') FROM pg_statistic_ext)"),
            "own|plain|st_n");
}

}  // namespace
}  // namespace pgassay::test
