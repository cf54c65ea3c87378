#include "core/postgres/catalog.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "core/postgres/session.h"
#include "tests/fixtures/local_server.h"

namespace pgassay {
namespace {

using test::shared_server;
using Names = std::vector<std::string>;

constexpr const char* kObjects = R"sql(
CREATE SCHEMA "odd ""s,.\ch
ema";
CREATE TABLE "odd ""s,.\ch
ema"."t. ""x,
" ("c,1" int, "d\2" text, gone int, "e""
" int, generated int GENERATED ALWAYS AS ("c,1" * 2) STORED, id int GENERATED ALWAYS AS IDENTITY);
ALTER TABLE "odd ""s,.\ch
ema"."t. ""x,
" DROP COLUMN gone;
CREATE TABLE no_columns ();
CREATE UNLOGGED TABLE unlogged (a int);
CREATE FOREIGN DATA WRAPPER nothing;
CREATE SERVER nowhere FOREIGN DATA WRAPPER nothing;
CREATE FOREIGN TABLE far (a int) SERVER nowhere;
CREATE MATERIALIZED VIEW stale AS SELECT 1 AS one WITH NO DATA;
CREATE VIEW seen AS SELECT 1;
CREATE TABLE precise (n numeric(10, 2), v varchar(7)[], i interval day to second(3));
CREATE TYPE mood AS ENUM ('glad', 'sad');

CREATE TABLE by_range (a int, b text, c int) PARTITION BY RANGE (a);
CREATE TABLE other_order (c int, gone int, b text, a int NOT NULL);
ALTER TABLE other_order DROP COLUMN gone;
ALTER TABLE by_range ATTACH PARTITION other_order FOR VALUES FROM (0) TO (10);
CREATE TABLE sub PARTITION OF by_range FOR VALUES FROM (10) TO (20) PARTITION BY LIST (b);
CREATE TABLE sub_leaf PARTITION OF sub DEFAULT;

CREATE TABLE by_hash (m mood) PARTITION BY HASH (m);
CREATE TABLE by_hash_0 PARTITION OF by_hash FOR VALUES WITH (MODULUS 1, REMAINDER 0);
CREATE TABLE by_text (b text) PARTITION BY RANGE (b);
CREATE TABLE by_text_0 PARTITION OF by_text DEFAULT PARTITION BY LIST (b);
CREATE TABLE by_text_0_0 PARTITION OF by_text_0 DEFAULT;
CREATE TABLE by_c_text (b text COLLATE "C") PARTITION BY RANGE (b);
CREATE TABLE by_c_text_0 PARTITION OF by_c_text DEFAULT;
CREATE TABLE by_word (b text) PARTITION BY LIST (b);
CREATE TABLE by_word_0 PARTITION OF by_word FOR VALUES IN ('x');
CREATE TABLE by_expression (b text) PARTITION BY LIST (lower(b));
CREATE TABLE by_expression_0 PARTITION OF by_expression DEFAULT;

CREATE EXTENSION citext;
CREATE TABLE config (a int, standard bool);
CREATE TABLE member (a int);
CREATE SEQUENCE config_seq;
CREATE SEQUENCE member_seq;
ALTER EXTENSION citext ADD TABLE config;
ALTER EXTENSION citext ADD TABLE member;
ALTER EXTENSION citext ADD SEQUENCE config_seq;
ALTER EXTENSION citext ADD SEQUENCE member_seq;
UPDATE pg_extension SET extconfig = ARRAY['config_seq'::regclass::oid, 'config'::regclass::oid],
  extcondition = ARRAY['', 'WHERE NOT standard'] WHERE extname = 'citext';

CREATE ROLE reader LOGIN;
CREATE TABLE secret (a int);
CREATE SEQUENCE secret_seq;
CREATE TABLE guarded (a int);
ALTER TABLE guarded ENABLE ROW LEVEL SECURITY;
CREATE TABLE owned (a int);
ALTER TABLE owned ENABLE ROW LEVEL SECURITY;
ALTER TABLE owned OWNER TO reader;
CREATE TABLE forced (a int);
ALTER TABLE forced ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
ALTER TABLE forced OWNER TO reader;
GRANT SELECT ON guarded, no_columns TO reader;
)sql";

class Catalog : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    shared_server().create_database("catalog");
    shared_server().psql("catalog", kObjects);
  }
  static void TearDownTestSuite() {
    shared_server().drop_database("catalog");
    shared_server().psql("postgres", "DROP ROLE reader;");
  }
  static Connection connect(const std::string& user = "postgres") {
    ConnInfo info = shared_server().connection("catalog");
    info.parameters["user"] = user;
    Connection connection = Connection::open(info, "test", {});
    start_reading_session(connection);
    return connection;
  }
  static std::vector<TableInfo> tables(const std::string& user = "postgres") {
    Connection connection = connect(user);
    connection.query("CREATE TEMP TABLE fleeting (a int)");
    return list_tables(connection, false);
  }
  static std::optional<TableInfo> find(const std::string& name, const std::string& user = "postgres") {
    for (const TableInfo& table : tables(user)) {
      if (table.name.name == name) return table;
    }
    return std::nullopt;
  }
};

TEST_F(Catalog, CarriesAnyNameAndLeavesOutDroppedAndGeneratedColumns) {
  const auto table = find("t. \"x,\n");
  ASSERT_TRUE(table);
  EXPECT_EQ(table->name.schema, "odd \"s,.\\ch\nema");
  EXPECT_EQ(table->columns, (Names{"c,1", "d\\2", "e\"\n", "id"}));
}

TEST_F(Catalog, KnowsTheTypesOfColumnsAndHowOthersAreGenerated) {
  const auto table = find("t. \"x,\n");
  EXPECT_EQ(table->types, (Names{"integer", "text", "integer", "integer"}));
  ASSERT_EQ(table->generated.size(), 1U);
  EXPECT_EQ(table->generated[0].name, "generated");
  EXPECT_EQ(table->generated[0].type, "integer");
  EXPECT_EQ(table->generated[0].expression, "(\"c,1\" * 2)");
  EXPECT_EQ(find("by_hash")->types, Names{"public.mood"});
  EXPECT_EQ(find("other_order")->types, (Names{"integer", "text", "integer"}));
  EXPECT_EQ(find("precise")->types,
            (Names{"numeric(10,2)", "character varying(7)[]", "interval day to second(3)"}));
}

TEST_F(Catalog, IsSortedByName) {
  const auto all = tables();
  EXPECT_TRUE(
      std::is_sorted(all.begin(), all.end(), [](const auto& a, const auto& b) { return a.name < b.name; }));
}

TEST_F(Catalog, KnowsKindsAndPersistence) {
  EXPECT_EQ(find("no_columns")->columns, Names{});
  EXPECT_EQ(find("no_columns")->access_method, "heap");
  EXPECT_EQ(find("unlogged")->persistence, 'u');
  EXPECT_EQ(find("far")->kind, 'f');
  EXPECT_EQ(find("by_range")->kind, 'p');
  EXPECT_EQ(find("stale")->kind, 'm');
  EXPECT_FALSE(find("stale")->populated);
}

TEST_F(Catalog, LeavesOutWhatIsNotDumped) {
  EXPECT_FALSE(find("fleeting"));
  EXPECT_FALSE(find("seen"));
  EXPECT_FALSE(find("pg_class"));
  EXPECT_FALSE(find("sql_features"));
}

TEST_F(Catalog, CopiesAnAttachedLeafInItsRootsOrder) {
  EXPECT_EQ(find("other_order")->columns, (Names{"a", "b", "c"}));
  EXPECT_EQ(find("other_order")->root, find("by_range")->oid);
}

TEST_F(Catalog, FindsTheTopmostRoot) {
  EXPECT_EQ(find("sub_leaf")->root, find("by_range")->oid);
  EXPECT_EQ(find("sub")->root, find("by_range")->oid);
  EXPECT_EQ(find("by_range")->root, Oid::none);
}

TEST_F(Catalog, LoadsThroughTheRootWhereRowsMayMove) {
  EXPECT_TRUE(find("by_hash_0")->via_root);
  EXPECT_TRUE(find("by_text_0_0")->via_root);
  EXPECT_TRUE(find("by_expression_0")->via_root);
  EXPECT_FALSE(find("by_c_text_0")->via_root);
  EXPECT_FALSE(find("by_word_0")->via_root);
  EXPECT_FALSE(find("sub_leaf")->via_root);
  EXPECT_FALSE(find("by_hash")->via_root);
}

TEST_F(Catalog, ListsConfigurationTablesOfExtensionsWithTheirCondition) {
  EXPECT_FALSE(find("member"));
  const auto config = find("config");
  ASSERT_TRUE(config);
  EXPECT_EQ(config->extension, "citext");
  EXPECT_EQ(config->extension_filter, "WHERE NOT standard");
}

TEST_F(Catalog, ListsSequencesAndThoseThatAnExtensionConfigures) {
  Connection connection = connect();
  Names names;
  for (const SequenceInfo& sequence : list_sequences(connection))
    names.push_back(sequence.name.name + sequence.extension);
  EXPECT_EQ(names, (Names{"t. \"x,\n_id_seq", "config_seqcitext", "secret_seq"}));
}

TEST_F(Catalog, SaysWhatCannotBeRead) {
  EXPECT_FALSE(find("secret", "reader")->readable);
  EXPECT_TRUE(find("no_columns", "reader")->readable);
  EXPECT_FALSE(find("t. \"x,\n", "reader")->readable);
  Connection connection = connect("reader");
  const auto sequences = list_sequences(connection);
  EXPECT_TRUE(std::none_of(sequences.begin(), sequences.end(), [](const auto& s) { return s.readable; }));
}

TEST_F(Catalog, SaysWhereRowSecurityWouldFilter) {
  EXPECT_TRUE(find("guarded", "reader")->rls_filters);
  EXPECT_TRUE(find("forced", "reader")->rls_filters);
  EXPECT_FALSE(find("owned", "reader")->rls_filters);
  EXPECT_FALSE(find("guarded")->rls_filters);
}

TEST_F(Catalog, FollowsTheSnapshot) {
  Connection connection = connect();
  connection.query("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY");
  const auto names = [&connection] {
    Names all;
    for (const TableInfo& table : list_tables(connection, true)) {
      all.push_back(table.name.name);
      all.insert(all.end(), table.columns.begin(), table.columns.end());
    }
    return all;
  };
  const Names before = names();
  shared_server().psql("catalog",
                       "CREATE TABLE late (a int);\nALTER TABLE unlogged ADD late int;\nDROP TABLE by_word;");
  EXPECT_EQ(names(), before);
  connection.query("ROLLBACK");
  EXPECT_NE(names(), before);
  shared_server().psql("catalog",
                       "DROP TABLE late;\nALTER TABLE unlogged DROP late;\n"
                       "CREATE TABLE by_word (b text) PARTITION BY LIST (b);\n"
                       "CREATE TABLE by_word_0 PARTITION OF by_word FOR VALUES IN ('x');");
}

TEST_F(Catalog, ReadsSizesOfHeapAndToast) {
  shared_server().psql("catalog",
                       "CREATE TABLE sized (a text);\nALTER TABLE sized ALTER a SET STORAGE EXTERNAL;\n"
                       "INSERT INTO sized VALUES (repeat('x', 100000));");
  Connection connection = connect();
  for (const TableInfo& table : list_tables(connection, true)) {
    if (table.name.name != "sized") continue;
    EXPECT_EQ(table.heap_bytes, 8192U);
    EXPECT_GE(table.toast_bytes, 100000U);
  }
  shared_server().psql("catalog", "DROP TABLE sized;");
}

TEST_F(Catalog, ItsPartsPartitionTheRows) {
  struct Nowhere : ChunkSink {
    void chunk(Bytes) override {}
  } sink;
  std::uint64_t rows = 0;
  shared_server().psql(
      "catalog",
      "CREATE TABLE ranged (a int, b text);\nINSERT INTO ranged SELECT i, repeat('x', i % 500) "
      "FROM generate_series(1, 20000) i;\nDELETE FROM ranged WHERE a % 7 = 0;\n"
      "CREATE TABLE heir () INHERITS (ranged);\nINSERT INTO heir VALUES (1);");
  Connection connection = connect();
  const QualifiedName name{"public", "ranged"};
  for (std::uint32_t first = 0; first < 900; first += 100) {
    const PageRange pages{first, first == 800 ? std::nullopt : std::optional<std::uint32_t>(first + 100)};
    rows += connection.copy_out(copy_out_sql(name, {"b"}, "", pages, {"UTF8"}), sink);
  }
  EXPECT_EQ(std::to_string(rows), shared_server().value("catalog", "SELECT count(*) FROM ONLY ranged"));
  shared_server().psql("catalog", "DROP TABLE ranged CASCADE;");
}

TEST(CatalogOfSqlAscii, CarriesNamesThatAreNoUtf8) {
  shared_server().create_database("ascii_catalog", "TEMPLATE template0 ENCODING 'SQL_ASCII' LOCALE 'C'");
  Connection connection = Connection::open(shared_server().connection("ascii_catalog"), "test", {});
  start_reading_session(connection);
  connection.query("CREATE TABLE public.\"t\xe9\" (\"c\xff,\" int)");
  const auto tables = list_tables(connection, false);
  ASSERT_EQ(tables.size(), 1U);
  EXPECT_EQ(tables[0].name.name, "t\xe9");
  EXPECT_EQ(tables[0].columns, Names{"c\xff,"});
}

}  // namespace
}  // namespace pgassay
