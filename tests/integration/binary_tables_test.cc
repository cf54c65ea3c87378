// Tables whose rows are kept in COPY's binary format: from the source into the backup, and wherever rows of a
// backup go.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "proof/row_proof.h"
#include "tests/fixtures/child.h"
#include "tests/fixtures/live_backup.h"
#include "tests/fixtures/tamper.h"

namespace pgassay::test {
namespace {

std::vector<std::string> binary(const std::vector<std::string>& patterns) {
  std::vector<std::string> arguments;
  for (const std::string& pattern : patterns) arguments.insert(arguments.end(), {"--binary-table", pattern});
  return arguments;
}

/// What a client gets from the COPY.
std::string copied(const LiveDatabase& database, const std::string& what) {
  struct Text : ChunkSink {
    std::string text;
    void chunk(Bytes bytes) override { text += as_text(bytes); }
  } out;
  database.connect().copy_out("COPY " + what + " TO STDOUT (FORMAT binary)", out, RowFormat::binary);
  return out.text;
}

/// Columns of many types, NULLs, a generated column, an identity, a column that was dropped; a domain, an
/// enum, ranges, a row; no rows, no columns; partitions of which rows move, with columns in another order; an
/// extension's table.
constexpr const char* kTables = R"(
  CREATE EXTENSION hstore;
  CREATE TYPE mood AS ENUM ('sad', 'ok', 'glad'); CREATE DOMAIN positive AS numeric CHECK (VALUE > 0);
  CREATE DOMAIN short AS varchar(5); CREATE TYPE pair AS (a int, b text[]); CREATE TYPE moods AS RANGE (SUBTYPE = mood);
  CREATE TABLE types (id bigint GENERATED ALWAYS AS IDENTITY, gone int, b bool, i2 int2, f4 float4, f8 float8, n numeric,
    d positive, s short, t text, c char(7), v varchar(9), by bytea, ts timestamptz, dt date, iv interval, u uuid, j json,
    jb jsonb, x xml, ip inet, m money, bits varbit, p point, pg polygon, r int4range, mr nummultirange, mo mood, mos moods,
    row pair, a int[], ta text[], tv tsvector, h hstore, o oid, ch "char", na name, lsn pg_lsn,
    twice float8 GENERATED ALWAYS AS (f8 * 2) STORED);
  ALTER TABLE types DROP COLUMN gone;
  INSERT INTO types (b) VALUES (NULL);
  INSERT INTO types (b, i2, f4, f8, n, d, s, t, c, v, by, ts, dt, iv, u, j, jb, x, ip, m, bits, p, pg, r, mr, mo, mos, row, a, ta,
    tv, h, o, ch, na, lsn) SELECT g % 2 = 0, g, g / 3.0, CASE g % 3 WHEN 0 THEN 'NaN' WHEN 1 THEN '-Infinity' ELSE 1e-300 END,
    12345678901234567890.123456789 ^ g, g, 'é', E'tab\tline\n\\ ' || g, 'c', '', repeat('x', g * 100)::bytea, 'infinity', '4000-01-01 BC',
    '1 mon -3 days 04:05', md5(g::text)::uuid, '{"a" : 1}', '{"b": [1, null]}', '<a>é</a>', '::1/64', -12.34, B'10110',
    '(1,-0.0)', '((0,0),(1,1),(2,0))', '[3,)', '{[1,2),(3,4]}', 'ok', '[sad,glad]', ROW(g, ARRAY['x', NULL])::pair, '{{1,2},{3,NULL}}',
    '{}', 'a:1A b:2', 'k=>NULL', 4294967295, 'z', 'n', 'FF/1' FROM generate_series(1, 5) g;
  CREATE TABLE empty (a int); CREATE TABLE nothing (); INSERT INTO nothing SELECT FROM generate_series(1, 7);
  CREATE UNLOGGED TABLE loose AS SELECT 1 AS a;
  CREATE TABLE tree (m mood, v int, t text) PARTITION BY HASH (m);
  CREATE TABLE tree_0 PARTITION OF tree FOR VALUES WITH (MODULUS 2, REMAINDER 0);
  CREATE TABLE tree_1 (t text, v int, m mood); ALTER TABLE tree ATTACH PARTITION tree_1 FOR VALUES WITH (MODULUS 2, REMAINDER 1);
  INSERT INTO tree SELECT (enum_range(NULL::mood))[1 + g % 3], g, NULLIF(g, 5)::text FROM generate_series(1, 90) g;
  CREATE TABLE beside AS SELECT g AS a FROM generate_series(1, 10) g;
)";

TEST(BinaryTables, ComeBackAsTheyWere) {
  const LiveDatabase database("binary_all", kTables);
  const Vault vault;
  const Ran ran = vault.back_up(database, binary({"types", "empty", "nothing", "loose", "tree_0"}));
  ASSERT_EQ(ran.status, 0) << ran.err;
  const Manifest manifest = vault.manifest(database);
  const Place dir = vault.newest(database).dir;
  for (const char* table : {"types", "empty", "nothing", "loose", "tree_1"}) {
    const Relation& one = relation(manifest, "public", table);
    EXPECT_EQ(one.format, RowFormat::binary) << table;
    EXPECT_EQ(one.parts.at(0).file, fmt::format("data/public.{}.0000.bin.zst", table));
    const std::string what = std::string(table) == "tree_1" ? "tree_1 (m, v, t)" : table;
    EXPECT_EQ(stored_rows(dir, one), copied(database, what)) << table;
  }
  EXPECT_EQ(relation(manifest, "public", "empty").parts.at(0).raw, 21U);
  EXPECT_EQ(relation(manifest, "public", "tree").format, RowFormat::binary);
  EXPECT_EQ(relation(manifest, "public", "beside").format, RowFormat::text);
  EXPECT_EQ(vault.run({"verify", "-q"}).status, 0);
  EXPECT_EQ(vault.restore_and_compare(database), "");
  const Ran drill = vault.run({"drill", "latest", "-q", "--engine", "local"});
  EXPECT_EQ(drill.status, 0) << drill.out << drill.err;
}

TEST(BinaryTables, AreToldByShow) {
  const LiveDatabase database("binary_show",
                              "CREATE TABLE t AS SELECT 1 AS a; CREATE TABLE u AS SELECT 1 AS a;");
  const Vault vault;
  ASSERT_EQ(vault.back_up(database, binary({"public.t"})).status, 0);
  const std::string text = vault.run({"show", "latest", "--tables"}).out;
  EXPECT_NE(text.find("binary\n"), std::string::npos) << text;
  const auto document = nlohmann::json::parse(vault.run({"show", "latest", "--tables", "--json"}).out);
  EXPECT_EQ(document.at("details").at("relations").at(0).at("row_format"), "binary");
  EXPECT_EQ(document.at("details").at("relations").at(1).at("row_format"), "text");
}

/// The rows lie in TOAST.
TEST(BinaryTables, OfManyRowsAreCutAndStoredOnce) {
  const LiveDatabase database("binary_pages", R"(
    CREATE TABLE t (id int, v bytea); ALTER TABLE t ALTER v SET STORAGE EXTERNAL;
    INSERT INTO t SELECT g, convert_to(repeat(md5(g::text), 1400), 'UTF8') FROM generate_series(1, 1700) g;)");
  const Vault vault;
  ASSERT_EQ(vault.back_up(database, binary({"t"})).status, 0);
  const Manifest first = vault.manifest(database);
  const Relation& t = relation(first, "public", "t");
  ASSERT_GT(t.parts.size(), 1U);
  ChunkDigester whole(RowFormat::binary);
  whole.add(as_bytes(copied(database, "t")));
  EXPECT_EQ(whole.finish(), t.digest);
  EXPECT_EQ(vault.restore(database), "");

  ASSERT_EQ(vault.back_up(database, binary({"t"})).status, 0);
  EXPECT_EQ(relation(vault.manifest(database), "public", "t").digest, t.digest);
  for (const Part& part : t.parts)
    EXPECT_EQ(std::filesystem::hard_link_count(vault.newest(database).dir.path() / part.file), 2U)
        << part.file;

  ASSERT_EQ(vault.back_up(database).status, 0);
  const Relation text = relation(vault.manifest(database), "public", "t");
  EXPECT_EQ(text.format, RowFormat::text);
  for (const Part& part : text.parts)
    EXPECT_EQ(std::filesystem::hard_link_count(vault.newest(database).dir.path() / part.file), 1U)
        << part.file;
}

TEST(BinaryTables, KeepTextInTheDatabasesEncoding) {
  const LiveDatabase database(
      "binary_latin",
      "SET client_encoding = 'UTF8'; CREATE TABLE \"caf\u00e9\" (\"na\u00efve\" text, x xml);"
      "INSERT INTO \"caf\u00e9\" VALUES ('d\u00e9j\u00e0', '<\u00e9/>');"
      "CREATE TABLE beside AS SELECT 'd\u00e9j\u00e0'::text AS a;",
      "TEMPLATE template0 ENCODING 'LATIN1' LOCALE 'C'");
  const Vault vault;
  const Ran ran = vault.back_up(database, binary({"caf*"}));
  ASSERT_EQ(ran.status, 0) << ran.err;
  const Manifest manifest = vault.manifest(database);
  const Relation& table = relation(manifest, "public", "caf\u00e9");
  EXPECT_NE(stored_rows(vault.newest(database).dir, table).find("d\xe9j\xe0"), std::string::npos);
  EXPECT_EQ(vault.restore_and_compare(database), "");
  // Into a database of another encoding, and compared there.
  database.server().psql("postgres", "DROP DATABASE \"binary_latin_copy\"");
  database.server().create_database("binary_latin_copy", "TEMPLATE template0 ENCODING 'UTF8' LOCALE 'C'");
  const Ran other =
      vault.run({"restore", "latest", "-q", "-d", database.server().conninfo(), "--into", database.copy()});
  EXPECT_EQ(other.status, 0) << other.err;
  EXPECT_EQ(database.copied_value("SELECT * FROM \"caf\u00e9\""), "d\u00e9j\u00e0|<\u00e9/>");
}

TEST(BinaryTables, OfSqlAsciiKeepTheirBytes) {
  const LiveDatabase database(
      "binary_ascii",
      "SET client_encoding = SQL_ASCII; CREATE TABLE t (a text); INSERT INTO t VALUES (E'\\xe9\\xff');",
      "TEMPLATE template0 ENCODING 'SQL_ASCII' LOCALE 'C'");
  const Vault vault;
  ASSERT_EQ(vault.back_up(database, binary({"t"})).status, 0);
  EXPECT_EQ(vault.restore(database), "");
  EXPECT_EQ(database.copied_value("SELECT a::bytea FROM t"), "\\xe9ff");
}

std::string binary_faults(const LiveDatabase& database, const Manifest& manifest) {
  Observer silent;
  std::string out;
  for (const Check& check :
       proof::prove(database.server().connection(database.name()), manifest, {2}, silent, {}))
    if (check.verdict != Verdict::pass)
      out += std::string(to_string(check.verdict)) + " " + check.name + "\n";
  return out;
}

TEST(BinaryTables, ThatChangedAreFoundByTheProof) {
  const LiveDatabase database("binary_proof", R"(
    CREATE TABLE t AS SELECT g AS a, md5(g::text) AS b FROM generate_series(1, 1000) g; CREATE TABLE none (a int);
    CREATE TABLE p (k int, b text) PARTITION BY LIST (k); CREATE TABLE p1 PARTITION OF p FOR VALUES IN (1, 2);
    CREATE TABLE p2 (b text, k int); ALTER TABLE p ATTACH PARTITION p2 FOR VALUES IN (3); INSERT INTO p VALUES (1, 'x'), (3, 'y');
    CREATE FOREIGN DATA WRAPPER w; CREATE SERVER elsewhere FOREIGN DATA WRAPPER w;
    CREATE FOREIGN TABLE p4 PARTITION OF p FOR VALUES IN (4) SERVER elsewhere;
    CREATE TABLE p5 PARTITION OF p FOR VALUES IN (5); INSERT INTO p5 VALUES (5, 'z');)");
  const Vault vault;
  std::vector<std::string> arguments = binary({"t", "none", "p"});
  arguments.insert(arguments.end(), {"--exclude-table-data", "p5"});
  ASSERT_EQ(vault.back_up(database, arguments).status, 0);
  const Manifest manifest = vault.manifest(database);
  EXPECT_EQ(binary_faults(database, manifest), "");
  database.psql(
      "UPDATE t SET b = 'x' || substr(b, 2) WHERE a = 500; INSERT INTO none VALUES (NULL);"
      "UPDATE p1 SET k = 2;");
  EXPECT_EQ(binary_faults(database, manifest),
            "FAIL table public.none\nFAIL table public.p\nFAIL table public.t\n");
}

TEST(BinaryTables, ThatWereDamagedAreNamedByVerify) {
  const LiveDatabase database("binary_damage", R"(
    CREATE TABLE t AS SELECT g AS a, md5(g::text) AS b FROM generate_series(1, 100) g; CREATE TABLE u AS TABLE t;
    CREATE TABLE v AS TABLE t;)");
  const Vault vault;
  ASSERT_EQ(vault.back_up(database, binary({"?"})).status, 0);
  const Path dir = vault.newest(database).dir.path();
  EXPECT_EQ(vault.run({"verify", "-q"}).status, 0);
  const Manifest manifest = vault.manifest(database);
  // Another row that is one, of which no checksum knows.
  edit_rows(dir, relation(manifest, "public", "u").parts.at(0), [](std::string rows) {
    rows[rows.size() - 3] ^= 1;
    return rows;
  });
  reseal(dir);
  flip_a_bit(dir / "data/public.t.0000.bin.zst");
  std::filesystem::resize_file(dir / "data/public.v.0000.bin.zst", 100);
  const Ran ran = vault.run({"verify"});
  EXPECT_EQ(ran.status, 3);
  EXPECT_NE(ran.out.find("public.u.0000.bin.zst: digest: row digest: "), std::string::npos) << ran.out;
  EXPECT_NE(ran.out.find("public.t.0000.bin.zst: zstd: damaged at byte"), std::string::npos) << ran.out;
  EXPECT_NE(ran.out.find("public.v.0000.bin.zst: size: 100 bytes"), std::string::npos) << ran.out;
  const std::string failed = vault.restore(database);
  EXPECT_TRUE(failed.starts_with("exit 3\n")) << failed;
}

TEST(BinaryTables, WithObjectIdsInTheirRowsAreRefused) {
  const LiveDatabase database("binary_refused", R"(
    CREATE TYPE mood AS ENUM ('sad'); CREATE DOMAIN class AS regclass; CREATE TYPE holder AS (a int, r regtype);
    CREATE TYPE of_moods AS (m mood); CREATE DOMAIN moods AS mood[]; CREATE DOMAIN acl AS aclitem;
    CREATE TABLE bad (c1 regclass, c2 regproc[], c3 class, c4 mood[], c5 holder, c6 of_moods, c7 moods, c8 aclitem,
      c9 information_schema.sql_identifier[], gone regclass, made regclass GENERATED ALWAYS AS ('pg_class'::regclass) STORED,
      good1 mood, good2 oid, good3 int2vector, good4 int4range, good5 refcursor, good6 oidvector, good7 xid[]);
    ALTER TABLE bad DROP COLUMN gone;
    CREATE TABLE p (r regrole) PARTITION BY RANGE (r); CREATE TABLE p1 PARTITION OF p DEFAULT;)");
  const Vault vault;
  const Ran ran = vault.back_up(database, binary({"bad"}));
  EXPECT_EQ(ran.status, 6);
  const std::string oid = "in binary it holds an oid of this database";
  EXPECT_NE(ran.err.find(fmt::format(
                "--binary-table: columns that can't be kept in binary: public.bad.c1 (regclass: {0}), "
                "public.bad.c2 (regproc[]: {0}), public.bad.c3 (public.class: {0}), public.bad.c4 "
                "(public.mood[]: {0}), "
                "public.bad.c5 (public.holder: {0}), public.bad.c6 (public.of_moods: {0}), "
                "public.bad.c7 (public.moods: {0}), public.bad.c8 (aclitem: aclitem has no binary form), "
                "public.bad.c9 (information_schema.sql_identifier[]: {0})\nhint: ",
                oid)),
            std::string::npos)
      << ran.err;
  EXPECT_TRUE(vault.debris().empty());
  EXPECT_NE(vault.back_up(database, binary({"p1"})).err.find("binary: public.p.r (regrole: " + oid + ")\n"),
            std::string::npos);
  for (const auto& [table, words] :
       {std::pair(
            "bad",
            "FAIL     binary tables: --binary-table: columns that can't be kept in binary: public.bad.c1"),
        std::pair("pg*", "PASS     binary tables: their columns can be kept so")}) {
    const Path file = vault.root() / "pgassay.toml";
    write_new_file(file,
                   fmt::format("repository = '{}'\n[source.test]\ndbname = \"{}\"\nbinary_table = ['{}']\n",
                               vault.root().string(), database.conninfo(), table));
    const Ran doctor = pgassay({"doctor", "test", "--config", file.string()});
    EXPECT_NE(doctor.out.find(words), std::string::npos) << doctor.out << doctor.err;
    std::filesystem::remove(file);
  }
}

TEST(BinaryTables, ThatFitNothingAreToldAndThoseThatAreExcludedStayOut) {
  const LiveDatabase database("binary_patterns", "CREATE TABLE t AS SELECT 'pg_class'::regclass AS a;");
  const Vault vault;
  std::vector<std::string> arguments = binary({"t", "nobody.has_this"});
  arguments.insert(arguments.end(), {"--exclude-table-data", "public.t"});
  const Ran ran = vault.back_up(database, arguments);
  EXPECT_EQ(ran.status, 0) << ran.err;
  EXPECT_NE(ran.err.find("--binary-table nobody.has_this: no table fits"), std::string::npos) << ran.err;
  EXPECT_EQ(relation(vault.manifest(database), "public", "t").data, Data::excluded);
}

TEST(BinaryTables, AreExportedAsOneBinaryStreamAndAsNothingElse) {
  const LiveDatabase database("binary_export", kTables);
  const Vault vault;
  ASSERT_EQ(vault.back_up(database, binary({"tree", "empty"})).status, 0);
  const auto exported = [&](const std::string& table, const std::string& format) {
    return vault.run({"export", "latest", "--table", table, "--format", format});
  };
  EXPECT_EQ(exported("empty", "binary").out, copied(database, "empty"));
  const Path file = vault.root() / "tree.bin";
  EXPECT_EQ(
      vault.run({"export", "latest", "--table", "tree", "--format", "binary", "--output", file.string()})
          .status,
      0);
  database.psql("CREATE TABLE again (LIKE tree);\n\\copy again FROM '" + file.string() +
                "' (FORMAT binary)\n");
  EXPECT_EQ(database.value("SELECT count(*) FROM (TABLE tree EXCEPT ALL TABLE again) d"), "0");
  EXPECT_EQ(database.value("SELECT count(*) FROM again"), "90");
  for (const auto& [table, format, words] :
       {std::tuple("tree_0", "copy",
                   "the rows of public.tree_0 are kept in COPY's binary format\nhint: --format binary"),
        std::tuple("tree", "csv",
                   "the rows of public.tree are kept in COPY's binary format\nhint: --format binary"),
        std::tuple("beside", "binary",
                   "the rows of public.beside are kept as text\nhint: --format copy or csv")}) {
    const Ran refused = exported(table, format);
    EXPECT_EQ(refused.status, 2) << table;
    EXPECT_EQ(refused.out, "");
    EXPECT_NE(refused.err.find(words), std::string::npos) << refused.err;
  }
  const Ran script = vault.run({"export", "latest"});
  EXPECT_EQ(script.status, 2);
  EXPECT_EQ(script.out, "");
  EXPECT_NE(script.err.find("no SQL script can hold rows in COPY's binary format: those of public.empty"),
            std::string::npos)
      << script.err;
}

TEST(BinaryTables, GoBesideAndIntoTablesThatAreInUse) {
  const LiveDatabase database("binary_live", kTables);
  const Vault vault;
  ASSERT_EQ(vault.back_up(database, binary({"types", "tree", "empty"})).status, 0);
  const auto restore = [&](std::vector<std::string> what) {
    what.insert(what.begin(), {"restore", "latest", "-q", "-d", database.conninfo()});
    const Ran ran = vault.run(what);
    return ran.status == 0 ? "" : ran.out + ran.err;
  };
  EXPECT_EQ(restore({"--table", "types", "--as", "types_before"}), "");
  EXPECT_EQ(restore({"--table", "tree", "--as", "tree_before"}), "");
  EXPECT_EQ(database.value("SELECT count(*) FROM (TABLE tree EXCEPT ALL TABLE tree_before) d"), "0");
  EXPECT_EQ(database.value("SELECT (SELECT md5(string_agg(t::text, ',' ORDER BY id)) FROM types t) = "
                           "(SELECT md5(string_agg(t::text, ',' ORDER BY id)) FROM types_before t)"),
            "t");
  database.psql("TRUNCATE types, tree");
  EXPECT_EQ(restore({"--data-only", "--table", "types", "--table", "tree", "--table", "empty"}), "");
  EXPECT_EQ(database.value("SELECT count(*) FROM (TABLE tree EXCEPT ALL TABLE tree_before) d"), "0");
  database.psql("DROP TABLE tree, empty");
  EXPECT_EQ(restore({"--table", "tree", "--table", "empty"}), "");
  EXPECT_EQ(database.value("SELECT count(*) FROM (TABLE tree_before EXCEPT ALL TABLE tree) d"), "0");
}

/// Two fields are as long as one may be, so that the row passes what a server sends.
TEST(BinaryTables, HoldAFieldThatPassesOneGigabyteAsText) {
  const LiveDatabase database("binary_huge",
                              "CREATE TABLE huge (id int, a bytea, b bytea);"
                              "ALTER TABLE huge ALTER a SET STORAGE EXTERNAL, ALTER b SET STORAGE EXTERNAL;"
                              "INSERT INTO huge VALUES (1, '\\x00', NULL);"
                              "INSERT INTO huge SELECT 2, convert_to(repeat('a', 540000000), 'UTF8');");
  const Vault vault;
  constexpr double kRowKib = 540'000'000 / 1024.0;
  const auto run = [&](std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), PGASSAY_BINARY);
    arguments.insert(arguments.end(), {"-q", "--repo", vault.root().string()});
    const Ended ended = run_child(arguments);
    EXPECT_LT(ended.peak_kib, 2.2 * kRowKib) << arguments[1];
    return ended;
  };
  const std::vector<std::string> back_up = {"backup",         "--source", "test", "-d", database.conninfo(),
                                            "--binary-table", "huge"};
  const Ended taken = run(back_up);
  ASSERT_EQ(taken.status, 0) << taken.err;
  EXPECT_GT(relation(vault.manifest(database), "public", "huge").raw_bytes(), 540'000'000U);
  EXPECT_EQ(run({"verify"}).status, 0);
  const Ended restored =
      run({"restore", "latest", "-d", database.server().conninfo(), "--create", "--into", database.copy()});
  EXPECT_EQ(restored.status, 0) << restored.err;
  EXPECT_EQ(database.copied_value("SELECT sum(length(a)) FROM huge"), "540000001");

  database.psql("UPDATE huge SET b = a WHERE id = 2");
  const std::string ctid = database.value("SELECT ctid FROM huge WHERE id = 2");
  const Ended refused = run(back_up);
  EXPECT_EQ(refused.status, 1);
  EXPECT_NE(refused.err.find("copying public.huge: the row at ctid " + ctid + ": "), std::string::npos)
      << refused.err;
  EXPECT_NE(refused.err.find("\nhint: the whole row passes 1 GB even in binary"), std::string::npos)
      << refused.err;
  EXPECT_NE(refused.err.find("--exclude-table-data public.huge"), std::string::npos) << refused.err;
}

}  // namespace
}  // namespace pgassay::test
