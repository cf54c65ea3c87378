// Parts of a backup into a database of their own: some tables, all but some, the schema only.
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <gtest/gtest.h>

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

}  // namespace
}  // namespace pgassay::test
