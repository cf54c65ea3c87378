// Tables whose rows are kept in COPY's binary format: from the source into the backup, and wherever rows of a
// backup go.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "core/repository/layout.h"
#include "restore/proof.h"
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
  const Path dir = vault.newest(database).dir;
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
}

}  // namespace
}  // namespace pgassay::test
