#include "core/postgres/inventory.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <set>

#include "core/postgres/session.h"
#include "core/system/subprocess.h"
#include "tests/fixtures/local_server.h"
#include "tests/fixtures/temporary_dir.h"

namespace pgassay {
namespace {

using test::shared_server;

constexpr const char* kEveryKind = R"sql(
CREATE SCHEMA "odd ""\
schema";
CREATE TABLE "odd ""\
schema"."ta	ble" (a int);
CREATE TYPE mood AS ENUM ('a', 'b');
CREATE DOMAIN word AS varchar(10) CHECK (VALUE IN ('x', 'y')) DEFAULT 'x';
CREATE TYPE pair AS (a int, b text);
CREATE TYPE span AS RANGE (subtype = float8);
CREATE TABLE t (a varchar(10) PRIMARY KEY CHECK (a IN ('x', 'y', 'z')), b text DEFAULT 'q'::varchar, c word, d mood[],
  e numeric(10,2) GENERATED ALWAYS AS (1.0 * 2) STORED, i int GENERATED ALWAYS AS IDENTITY,
  CONSTRAINT later CHECK (b <> '') NOT VALID);
CREATE INDEX t_index ON t ((lower(a) || 'x')) WHERE b IN ('x', 'y');
CREATE VIEW v AS SELECT * FROM t WHERE a IN ('x', 'y') OR b = ANY (ARRAY['c'::varchar, 'd']);
CREATE MATERIALIZED VIEW m AS SELECT count(*) FROM t;
CREATE FUNCTION f(a int DEFAULT 1, OUT b text) LANGUAGE sql AS 'SELECT (a - (1))::text';
CREATE FUNCTION standard(a int) RETURNS int LANGUAGE sql BEGIN ATOMIC SELECT a + 1; END;
CREATE PROCEDURE p() LANGUAGE plpgsql SET search_path = 'a b', public AS 'BEGIN END';
CREATE AGGREGATE total(int) (SFUNC = int4pl, STYPE = int, INITCOND = '0');
CREATE FUNCTION on_row() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
CREATE TRIGGER tr BEFORE INSERT ON t FOR EACH ROW WHEN (NEW.a IN ('x', 'y')) EXECUTE FUNCTION on_row();
CREATE RULE ru AS ON DELETE TO t DO INSTEAD NOTHING;
ALTER TABLE t ENABLE ROW LEVEL SECURITY;
CREATE POLICY po ON t USING (a IN ('x', 'y')) WITH CHECK (true);
CREATE PUBLICATION pub FOR TABLE t (a);
CREATE STATISTICS st ON a, b FROM t;
CREATE TABLE par (id int PRIMARY KEY, x text) PARTITION BY RANGE (id);
CREATE TABLE par1 (x text, id int NOT NULL);
ALTER TABLE par ATTACH PARTITION par1 FOR VALUES FROM (0) TO (10);
CREATE INDEX ON par (x);
CREATE TABLE ref (id int REFERENCES par) PARTITION BY HASH (id);
CREATE TABLE ref0 PARTITION OF ref FOR VALUES WITH (MODULUS 1, REMAINDER 0);
CREATE TABLE parent (a int);
CREATE TABLE child (b int, a int);
ALTER TABLE child INHERIT parent;
CREATE EXTENSION hstore;
CREATE OPERATOR === (LEFTARG = int, RIGHTARG = int, PROCEDURE = int4eq, COMMUTATOR = ===);
CREATE OPERATOR CLASS oc FOR TYPE int USING btree AS OPERATOR 1 <, OPERATOR 2 <=, OPERATOR 3 =, OPERATOR 4 >=,
  OPERATOR 5 >, FUNCTION 1 btint4cmp(int, int);
CREATE CAST (pair AS text) WITH INOUT;
CREATE COLLATION co (LOCALE = 'C');
CREATE TEXT SEARCH CONFIGURATION tsc (COPY = english);
CREATE FOREIGN DATA WRAPPER w;
CREATE SERVER s FOREIGN DATA WRAPPER w;
CREATE FOREIGN TABLE ft (a int) SERVER s;
CREATE USER MAPPING FOR postgres SERVER s OPTIONS (password 'sekrit');
CREATE FUNCTION on_ddl() RETURNS event_trigger LANGUAGE plpgsql AS 'BEGIN END';
CREATE EVENT TRIGGER et ON ddl_command_end WHEN TAG IN ('SECURITY LABEL') EXECUTE FUNCTION on_ddl();
COMMENT ON COLUMN t.a IS 'column';
COMMENT ON POLICY po ON t IS 'policy';
SELECT lo_from_bytea(0, 'abc');
GRANT SELECT (a, b), UPDATE ON t TO granted WITH GRANT OPTION;
ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT SELECT ON TABLES TO granted;
)sql";

struct InventoryLines : ChunkSink {
  void chunk(Bytes bytes) override {
    EXPECT_EQ(as_text(bytes).back(), '\n');
    text += as_text(bytes);
  }
  std::string text;
};

class Inventory : public testing::Test {
 protected:
  void SetUp() override {
    if (shared_server().major() < 15) GTEST_SKIP() << "kEveryKind has what came with 14 and 15";
  }
  static void SetUpTestSuite() {
    if (shared_server().major() < 15) return;
    shared_server().psql("postgres", "CREATE ROLE granted;");
    shared_server().create_database("inventory");
    shared_server().psql("inventory", kEveryKind);
  }
  static Connection connect(const std::string& database = "inventory") {
    Connection connection = Connection::open(shared_server().connection(database), "test", {});
    start_reading_session(connection);
    return connection;
  }
  static std::string read(const std::string& database = "inventory") {
    Connection connection = connect(database);
    InventoryLines lines;
    read_inventory(connection, lines);
    return lines.text;
  }
  static std::vector<nlohmann::json> parsed(const std::string& text) {
    std::vector<nlohmann::json> lines;
    for (std::size_t at = 0, end; (end = text.find('\n', at)) != std::string::npos; at = end + 1) {
      lines.push_back(nlohmann::json::parse(text.substr(at, end - at)));
    }
    return lines;
  }
  static nlohmann::json line(const std::string& kind, const std::string& identity) {
    for (const auto& line : parsed(read())) {
      if (line["kind"] == kind && line["identity"] == identity) return line;
    }
    return nullptr;
  }
};

TEST_F(Inventory, HasALineOfJsonForEveryKindOfObject) {
  std::set<std::string> kinds;
  for (const auto& line : parsed(read())) kinds.insert(line.at("kind"));
  for (const char* kind : {"schema",
                           "table",
                           "partitioned table",
                           "view",
                           "materialized view",
                           "foreign table",
                           "sequence",
                           "index",
                           "constraint",
                           "domain constraint",
                           "trigger",
                           "rule",
                           "policy",
                           "statistics object",
                           "enum type",
                           "domain",
                           "composite type",
                           "range type",
                           "function",
                           "procedure",
                           "aggregate",
                           "operator",
                           "operator class",
                           "operator family",
                           "cast",
                           "collation",
                           "text search configuration",
                           "foreign-data wrapper",
                           "foreign server",
                           "user mapping",
                           "event trigger",
                           "extension",
                           "publication",
                           "default privileges",
                           "large objects",
                           "comment"}) {
    EXPECT_TRUE(kinds.contains(kind)) << kind;
  }
}

TEST_F(Inventory, IsTheSameInTwoReadings) {
  EXPECT_EQ(read(), read());
}

TEST_F(Inventory, IsTheSameAfterDumpAndRestore) {
  const test::TemporaryDir directory;
  const std::string archive = directory.path() / "archive";
  shared_server().create_database("inventory_restored", "TEMPLATE template0");
  for (const std::vector<std::string>& argv :
       {std::vector<std::string>{"pg_dump", "-Fc", "-f", archive, shared_server().conninfo("inventory")},
        std::vector<std::string>{"pg_restore", "-e", "-d", shared_server().conninfo("inventory_restored"),
                                 archive}}) {
    Command command;
    command.argv = argv;
    command.argv[0] = shared_server().bin_dir() / argv[0];
    const Completed completed = run(command, {});
    ASSERT_TRUE(completed.ok()) << completed.complaint();
  }
  EXPECT_EQ(read("inventory_restored"), read());
}

TEST_F(Inventory, NoticesAChangedDefinition) {
  const std::pair<const char*, const char*> changes[] = {
      {"ALTER TABLE t ALTER b SET NOT NULL", "ALTER TABLE t ALTER b DROP NOT NULL"},
      {"ALTER TABLE t DISABLE TRIGGER tr", "ALTER TABLE t ENABLE TRIGGER tr"},
      {"CREATE OR REPLACE FUNCTION f(a int DEFAULT 1, OUT b text) LANGUAGE sql AS 'SELECT a - 1'",
       "CREATE OR REPLACE FUNCTION f(a int DEFAULT 1, OUT b text) LANGUAGE sql AS 'SELECT (a - (1))::text'"},
      {"GRANT DELETE ON t TO granted", "REVOKE DELETE ON t FROM granted"},
      {"ALTER SEQUENCE t_i_seq INCREMENT 2", "ALTER SEQUENCE t_i_seq INCREMENT 1"},
      {"ALTER VIEW v OWNER TO granted", "ALTER VIEW v OWNER TO postgres"},
      {"COMMENT ON COLUMN t.a IS 'other'", "COMMENT ON COLUMN t.a IS 'column'"},
      {"CREATE INDEX another ON t (b)", "DROP INDEX another"},
  };
  const std::string before = read();
  for (const auto& [change, undo] : changes) {
    Connection connection = connect();
    connection.query("SET search_path = public");
    connection.query(change);
    EXPECT_NE(read(), before) << change;
    connection.query(undo);
    EXPECT_EQ(read(), before) << undo;
  }
}

TEST_F(Inventory, NamesPrivilegesOfTablesAndColumns) {
  const std::string maintain = shared_server().major() >= 17 ? "MAINTAIN," : "";
  EXPECT_EQ(
      line("table", "public.t").at("acl"),
      (nlohmann::json{"granted=SELECT (a)*,SELECT (b)*,UPDATE*",
                      "postgres=DELETE,INSERT," + maintain + "REFERENCES,SELECT,TRIGGER,TRUNCATE,UPDATE"}));
  EXPECT_EQ(line("function", "public.f(integer)").at("acl"),
            (nlohmann::json{"PUBLIC=EXECUTE", "postgres=EXECUTE"}));
}

TEST_F(Inventory, CarriesAnyName) {
  EXPECT_FALSE(line("table", "\"odd \"\"\\\nschema\".\"ta\tble\"").is_null());
}

TEST_F(Inventory, LeavesOutSecrets) {
  EXPECT_EQ(read().find("sekrit"), std::string::npos);
}

TEST_F(Inventory, SaysOfAnExtensionsMembersWhatCanBeAlteredInThem) {
  const nlohmann::json member = line("function", "public.akeys(public.hstore)");
  EXPECT_EQ(member.at("extension"), "hstore");
  EXPECT_EQ(member.at("attributes").at("volatility"), "i");
  EXPECT_TRUE(member.at("owner").is_null()) << "the bootstrap superuser has another name elsewhere";
  EXPECT_FALSE(line("function", "public.f(integer)").contains("extension"));
}

TEST_F(Inventory, LeavesOutInvalidIndexes) {
  shared_server().psql("inventory", "CREATE TABLE twice (a int);\nINSERT INTO twice VALUES (1), (1);");
  EXPECT_THROW(connect().query("CREATE UNIQUE INDEX CONCURRENTLY broken ON public.twice (a)"), ServerError);
  EXPECT_EQ(read().find("broken"), std::string::npos);
  shared_server().psql("inventory", "DROP TABLE twice;");
}

TEST_F(Inventory, FingerprintNoticesDdlAndNothingElse) {
  Connection connection = connect();
  const std::string before = inventory_fingerprint(connection);
  shared_server().psql("inventory",
                       "CREATE TEMP TABLE fleeting (a serial PRIMARY KEY, b text);\nANALYZE;\n"
                       "REFRESH MATERIALIZED VIEW m;\nSELECT nextval('t_i_seq');");
  EXPECT_EQ(inventory_fingerprint(connection), before);
  for (const char* ddl :
       {"COMMENT ON TABLE t IS 'x'", "CREATE OR REPLACE FUNCTION g() RETURNS int LANGUAGE sql AS 'SELECT 1'",
        "GRANT SELECT ON v TO granted", "ALTER TABLE parent ADD z int", "ALTER TYPE mood ADD VALUE 'c'"}) {
    const std::string last = inventory_fingerprint(connection);
    shared_server().psql("inventory", std::string(ddl) + ";");
    EXPECT_NE(inventory_fingerprint(connection), last) << ddl;
  }
}

TEST_F(Inventory, FingerprintOfASnapshotTellsOfTheSnapshot) {
  Connection connection = connect();
  connection.query("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY");
  const std::string before = inventory_fingerprint(connection);
  shared_server().psql("inventory", "CREATE TABLE after_snapshot (a int);");
  EXPECT_EQ(inventory_fingerprint(connection), before);
  Connection fresh = connect();
  EXPECT_NE(inventory_fingerprint(fresh), before);
  shared_server().psql("inventory", "DROP TABLE after_snapshot;");
}

TEST(InventoryOfSqlAscii, IsJsonThoughNamesAreNoUtf8) {
  shared_server().create_database("ascii_inventory", "TEMPLATE template0 ENCODING 'SQL_ASCII' LOCALE 'C'");
  Connection connection = Connection::open(shared_server().connection("ascii_inventory"), "test", {});
  start_reading_session(connection);
  connection.query("CREATE TABLE public.\"t\xe9\\\" (\"c\xff\" int)");
  InventoryLines lines;
  read_inventory(connection, lines);
  const auto at = lines.text.find("\"table\"");
  ASSERT_NE(at, std::string::npos);
  const auto start = lines.text.rfind('\n', at) + 1;
  EXPECT_EQ(nlohmann::json::parse(lines.text.substr(start, lines.text.find('\n', at) - start)).at("identity"),
            "public.\"t\xc3\xa9\\\"");
}

TEST(InventoryOfLatin1, IsUtf8) {
  shared_server().create_database("latin_inventory", "TEMPLATE template0 ENCODING 'LATIN1' LOCALE 'C'");
  Connection connection = Connection::open(shared_server().connection("latin_inventory"), "test", {});
  start_reading_session(connection);
  connection.query("CREATE TABLE public.\"t\xc3\xa9\" (a int)");
  InventoryLines lines;
  read_inventory(connection, lines);
  EXPECT_NE(lines.text.find("public.\\\"t\xc3\xa9\\\""), std::string::npos);
}

}  // namespace
}  // namespace pgassay
