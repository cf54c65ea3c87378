// A backup as one script through stock psql, and rows of one table.
#include <gtest/gtest.h>

#include <cstdlib>

#include "core/system/error.h"
#include "tests/fixtures/child.h"
#include "tests/fixtures/live_backup.h"
#include "tests/fixtures/sample_backup.h"
#include "tests/fixtures/sample_sql.h"

namespace pgassay::test {
namespace {

class Export : public ::testing::Test {
 protected:
  /// A shell's pipeline, for it is one that users write. $PGASSAY is the program, "$REPO" the repository.
  Ended shell(const LiveDatabase& database, const std::string& line) const {
    const auto parameters = database.server().connection().parameters;
    return run_child({"bash", "-c", "set -o pipefail; " + line},
                     {{"PGASSAY", PGASSAY_BINARY},
                      {"PGASSAY_REPO", vault_.root().string()},
                      {"PSQL", (database.server().bin_dir() / "psql").string() + " -X -q -o /dev/null"},
                      {"DIR", dir_.path().string()},
                      {"COPY", database.copy()},
                      {"PGHOST", parameters.at("host")},
                      {"PGPORT", parameters.at("port")},
                      {"PGUSER", "postgres"}});
  }
  /// Back up, export, restore by psql into the copy, compare with stock tools; empty when all is the same.
  std::string round_trip(const LiveDatabase& database, const std::string& create,
                         const std::string& flags = {},
                         const std::vector<std::string>& skip = {"database"}) const {
    const Ran taken = vault_.back_up(database);
    if (taken.status != 0) return taken.err;
    database.server().create_database(database.copy(), create);
    const Ended ended = shell(database, "$PGASSAY export latest " + flags + " --database " + database.name() +
                                            " | $PSQL -d \"$COPY\"");
    if (ended.status != 0) return std::to_string(ended.status) + ended.out + ended.err;
    std::vector<std::string> argv = {
        "bash", std::string(PGASSAY_SOURCE_DIR) + "/tests/fixtures/compare_databases.sh"};
    for (const std::string& what : skip) argv.insert(argv.end(), {"--skip", what});
    argv.insert(argv.end(), {database.conninfo(), database.server().conninfo(database.copy())});
    const Ended compared = run_child(argv);
    return compared.status == 0 ? "" : compared.out + compared.err;
  }
  void damage(const LiveDatabase& database, const std::string& file) const {
    const Path path = vault_.newest(database).dir.path() / file;
    std::string bytes = read_file(path);
    bytes[bytes.size() - 2] = static_cast<char>(bytes[bytes.size() - 2] ^ 1);
    overwrite(path, bytes);
  }
  static std::string tables_of_copy(const LiveDatabase& database) {
    return database.copied_value("SELECT count(*) FROM pg_class WHERE relnamespace = 'public'::regnamespace");
  }

  Vault vault_;
  TemporaryDir dir_;
};

TEST_F(Export, GivesTheSampleDatabaseBackThroughPsql) {
  const LiveDatabase database("export_sample");
  database.psql(sample_sql(database.server()));
  EXPECT_EQ(round_trip(database, "TEMPLATE template0"), "");
}

constexpr const char* kTwoExported = R"(
CREATE TABLE a (id int PRIMARY KEY, t text);
INSERT INTO a SELECT i, 'row ' || i FROM generate_series(1, 2000) i;
CREATE TABLE b (id int GENERATED ALWAYS AS IDENTITY, a int REFERENCES a, m money DEFAULT 1234.5);
INSERT INTO b (a) SELECT id FROM a;
CREATE TABLE nothing ();
INSERT INTO nothing DEFAULT VALUES;
SELECT lo_from_bytea(4711, repeat('large', 5000)::bytea), lo_from_bytea(4712, '');
COMMENT ON LARGE OBJECT 4711 IS 'one';
)";

TEST_F(Export, WorksWithATransactionForEachTable) {
  const LiveDatabase database("export_tables", kTwoExported);
  EXPECT_EQ(round_trip(database, "TEMPLATE template0", "--no-single-transaction --no-restrict"), "");
}

TEST_F(Export, KeepsLatin1NamesAndValues) {
  const LiveDatabase database("export_latin",
                              "SET client_encoding = 'UTF8'; CREATE TABLE \"caf\u00e9\" (\"na\u00efve\" "
                              "text); INSERT INTO \"caf\u00e9\" VALUES "
                              "('d\u00e9j\u00e0 vu'), (E'tab\\tback\\\\slash\\nline');"
                              "CREATE SEQUENCE \"s\u00e9quence\"; SELECT nextval('\"s\u00e9quence\"');",
                              "TEMPLATE template0 ENCODING 'LATIN1' LOCALE 'C'");
  EXPECT_EQ(round_trip(database, "TEMPLATE template0 ENCODING 'LATIN1' LOCALE 'C'"), "");
  const Ended into_utf8 = shell(database,
                                "createdb export_utf8 && $PGASSAY export latest | $PSQL -d export_utf8 && "
                                "psql -X -At -d export_utf8 -c 'TABLE \"caf\u00e9\" LIMIT 1'; "
                                "status=$?; dropdb export_utf8; exit $status");
  EXPECT_EQ(into_utf8.out, "d\u00e9j\u00e0 vu\n") << into_utf8.err;
}

TEST_F(Export, KeepsBytesOfSqlAsciiThatAreNoText) {
  const LiveDatabase database("export_ascii", "", "TEMPLATE template0 ENCODING 'SQL_ASCII' LOCALE 'C'");
  database.psql(
      "SET client_encoding = 'SQL_ASCII';\nCREATE TABLE \"caf\xe9\" (t text);\n"
      "INSERT INTO \"caf\xe9\" VALUES (E'\\xe9\\xff');");
  EXPECT_EQ(round_trip(database, "TEMPLATE template0 ENCODING 'SQL_ASCII' LOCALE 'C'"), "");
}

TEST_F(Export, ObeysNothingThatNamesTextsAndRowsSay) {
  const std::string touch = "touch " + (dir_.path() / "owned").string();
  const LiveDatabase database(
      "export_hostile",
      "CREATE TABLE \"x\n\\! " + touch + "\n--\" (\"c\n\\! " + touch + "\" text DEFAULT E'\\n\\\\! " + touch +
          "\\n');\n"
          "INSERT INTO \"x\n\\! " +
          touch + "\n--\" VALUES (E'\\\\.\\n\\\\! " + touch +
          "\\n'), ('\\.'), (NULL), (E'\\\\.\\\\n');\n"
          "COMMENT ON TABLE \"x\n\\! " +
          touch + "\n--\" IS E'*/\\n\\\\! " + touch +
          "\\n';\n"
          "CREATE FUNCTION f() RETURNS text LANGUAGE sql AS $f$ SELECT $q$\n\\! " +
          touch +
          "\n$q$ $f$;\n"
          "CREATE FUNCTION g() RETURNS text LANGUAGE sql AS E' SELECT ''$_$ it''''s\\n\\\\! " +
          touch +
          "\\n'' ';\n"
          "CREATE TABLE slices (a int[], \"HOST\" int, n int); INSERT INTO slices VALUES ('{1,2,3}', 2, 3);\n"
          "CREATE VIEW sliced AS SELECT a[1: \"HOST\"] AS b, a[1: n] AS c FROM slices;\n"
          "SELECT lo_create(7); COMMENT ON LARGE OBJECT 7 IS E'\\\\.\\n\\\\! " +
          touch + "';");
  EXPECT_EQ(round_trip(database, "TEMPLATE template0"), "");
  EXPECT_FALSE(std::filesystem::exists(dir_.path() / "owned"));
}

TEST_F(Export, EndsSoThatPsqlFailsAndRollsBackWhenAPartIsDamaged) {
  const LiveDatabase database("export_damaged", kTwoExported);
  for (const char* file :
       {"data/public.a.0000.copy.zst", "data/public.nothing.0000.copy.zst", "largeobjects/0000.copy.zst"}) {
    ASSERT_EQ(vault_.back_up(database).status, 0);
    damage(database, file);
    database.server().create_database(database.copy(), "TEMPLATE template0");
    const Ended ended =
        shell(database, "$PGASSAY export latest | $PSQL -d \"$COPY\"; echo \"${PIPESTATUS[@]}\"");
    EXPECT_EQ(ended.out, "3 3\n") << file << ended.err;
    EXPECT_NE(ended.err.find(file), std::string::npos) << ended.err;
    EXPECT_EQ(tables_of_copy(database), "0");
    const Ended apart = shell(database,
                              "$PGASSAY export latest --no-single-transaction | $PSQL -d \"$COPY\"; "
                              "echo \"${PIPESTATUS[@]}\"");
    EXPECT_EQ(apart.out, "3 3\n") << file << apart.err;
    database.server().drop_database(database.copy());
    std::filesystem::remove_all(vault_.newest(database).dir.path());
  }
}

TEST_F(Export, CutAnywhereRestoresNothing) {
  const LiveDatabase database("export_cut", kTwoExported);
  ASSERT_EQ(vault_.back_up(database).status, 0);
  ASSERT_EQ(shell(database, "$PGASSAY export latest > $DIR/all.sql").status, 0);
  const auto bytes = size_of_file(dir_.path() / "all.sql");
  database.server().create_database(database.copy(), "TEMPLATE template0");
  for (unsigned tenth = 1; tenth <= 10; ++tenth) {
    const std::string cut = std::to_string((bytes - 120) * tenth / 10);
    shell(database, "head -c " + cut + " $DIR/all.sql | $PSQL -d \"$COPY\"");
    EXPECT_EQ(tables_of_copy(database), "0") << cut;
  }
}

TEST_F(Export, StopsAtTheFirstErrorAndRollsBack) {
  const LiveDatabase database("export_refused", kTwoExported);
  ASSERT_EQ(vault_.back_up(database).status, 0);
  database.server().create_database(database.copy(), "TEMPLATE template0");
  database.server().psql(database.copy(), "CREATE SCHEMA other; CREATE TABLE public.b ();");
  const Ended ended =
      shell(database, "$PGASSAY export latest > $DIR/all.sql; $PSQL -d \"$COPY\" -f $DIR/all.sql");
  EXPECT_EQ(ended.status, 3);
  EXPECT_TRUE(ended.err.find("\"b\"") != std::string::npos || ended.err.find("« b »") != std::string::npos)
      << ended.err;
  EXPECT_EQ(tables_of_copy(database), "1");
}

TEST_F(Export, StopsAPsqlThatDoesNotKnowRestrict) {
  const LiveDatabase database("export_old_psql", "CREATE TABLE a ();");
  ASSERT_EQ(vault_.back_up(database).status, 0);
  database.server().create_database(database.copy(), "TEMPLATE template0");
  // What it says of itself, and a command that it does not know in the other's place.
  const Ended ended =
      shell(database,
            "$PGASSAY export latest | sed 's/:VERSION_NUM/150013/g; s/^.restrict/\\\\restrct/' | "
            "$PSQL -d \"$COPY\"");
  EXPECT_EQ(ended.status, 3) << ended.err;
  EXPECT_NE(ended.out.find("this psql does not know \\restrict"), std::string::npos) << ended.out;
  EXPECT_EQ(tables_of_copy(database), "0");
}

TEST_F(Export, WithoutOwnersAndPrivilegesNeedsNoRoles) {
  const LiveDatabase database(
      "export_roles",
      "CREATE ROLE export_owner; CREATE TABLE a (); ALTER TABLE a OWNER TO export_owner;"
      "GRANT SELECT ON a TO export_owner; SELECT lo_create(9);"
      "ALTER LARGE OBJECT 9 OWNER TO export_owner; GRANT SELECT ON LARGE OBJECT 9 TO export_owner;");
  ASSERT_EQ(vault_.back_up(database).status, 0);
  database.psql(
      "REASSIGN OWNED BY export_owner TO postgres; DROP OWNED BY export_owner; DROP ROLE export_owner;");
  database.server().create_database(database.copy(), "TEMPLATE template0");
  const Ended with = shell(database, "$PGASSAY export latest | $PSQL -d \"$COPY\"");
  EXPECT_EQ(with.status, 3);
  EXPECT_NE(with.err.find("export_owner"), std::string::npos) << with.err;
  const Ended without = shell(database, "$PGASSAY export latest --no-owner --no-acl | $PSQL -d \"$COPY\"");
  EXPECT_EQ(without.status, 0) << without.err;
  EXPECT_EQ(tables_of_copy(database), "1");
}

TEST_F(Export, OfRowsIsWhatCopyWrites) {
  const LiveDatabase database(
      "export_rows",
      "CREATE TABLE odd (id int, \"a, \"\"b\"\"\" text, t text);"
      "INSERT INTO odd VALUES (1, '', NULL), (2, 'a,b', E'line\\nfeed'), (3, '\"', E'\\\\.'), (4, "
      "E'\\r\\t\\b\\f\\v', ' x ');"
      "CREATE TABLE one (t text); INSERT INTO one VALUES (E'\\\\.'), (NULL), (''), ('a');"
      "CREATE TABLE none (); INSERT INTO none DEFAULT VALUES;"
      "CREATE TABLE parted (k int, v text) PARTITION BY LIST (k);"
      "CREATE TABLE leaf_b (v text, k int); ALTER TABLE parted ATTACH PARTITION leaf_b FOR VALUES IN (2);"
      "CREATE TABLE leaf_a PARTITION OF parted FOR VALUES IN (1);"
      "INSERT INTO parted VALUES (1, 'one'), (2, 'two');");
  ASSERT_EQ(vault_.back_up(database).status, 0);
  for (const char* table : {"odd", "one", "none", "parted"}) {
    const std::string name = table;
    const std::string select =
        "COPY (SELECT * FROM " + name + (name == "odd" ? " ORDER BY id" : "") + ") TO STDOUT";
    for (const auto& [flags, options] : {std::pair{"", ""},
                                         {" --format csv", " (FORMAT csv)"},
                                         {" --format csv --header", " (FORMAT csv, HEADER)"}}) {
      const Ended ours = shell(database, "$PGASSAY export latest --table " + name + flags + " | sort");
      const Ended theirs = shell(database, "psql -X -d export_rows -c \"" + select + options + "\" | sort");
      EXPECT_EQ(ours.status, 0) << ours.err;
      EXPECT_EQ(ours.out, theirs.out) << name << flags;
    }
  }
  const Ended back = shell(database,
                           "$PGASSAY export latest --table odd --format csv --header -q -o $DIR/odd.csv && "
                           "psql -X -q -d export_rows -c 'CREATE TABLE again (LIKE odd)' "
                           "-c \"\\\\copy again FROM '$DIR/odd.csv' (FORMAT csv, HEADER match)\"");
  EXPECT_EQ(back.status, 0) << back.err;
  EXPECT_EQ(database.value("SELECT count(*) FROM (TABLE odd EXCEPT TABLE again) d"), "0");
}

TEST_F(Export, ToAFileIsThereWholeOrNotAtAll) {
  const LiveDatabase database("export_file", kTwoExported);
  ASSERT_EQ(vault_.back_up(database).status, 0);
  const Ended good = shell(database, "$PGASSAY export latest --table a --output $DIR/a.copy --json");
  EXPECT_EQ(good.status, 0) << good.err;
  EXPECT_NE(good.out.find("\"rows\": 2000"), std::string::npos) << good.out;
  damage(database, "data/public.a.0000.copy.zst");
  EXPECT_EQ(shell(database, "$PGASSAY export latest -q -o $DIR/all.sql").status, 3);
  EXPECT_EQ(list_names(dir_.path()), std::vector<std::string>{"a.copy"});
}

TEST_F(Export, EndsQuietlyWhenNobodyReads) {
  const LiveDatabase database(
      "export_head", "CREATE TABLE a AS SELECT i, repeat('x', 100) FROM generate_series(1, 20000) i;");
  ASSERT_EQ(vault_.back_up(database).status, 0);
  for (const char* flags : {"", " --table a", " --table a --format csv"}) {
    const Ended ended = shell(database, std::string("$PGASSAY export latest") + flags +
                                            " | head -n 1 > $DIR/first; "
                                            "echo \"${PIPESTATUS[@]}\"");
    EXPECT_EQ(ended.out, "141 0\n") << flags;
    EXPECT_EQ(ended.err, "") << flags;
  }
}

TEST_F(Export, HoldsARowAndNotATable) {
  const LiveDatabase database(
      "export_memory",
      "CREATE TABLE a AS SELECT i, repeat(md5(i::text), 10) FROM generate_series(1, 400000) i;");
  ASSERT_EQ(vault_.back_up(database).status, 0);
  const std::map<std::string, std::string> small = {{"ASAN_OPTIONS", "quarantine_size_mb=1"},
                                                    {"PGASSAY_REPO", vault_.root().string()}};
  // With its sanitizers the program takes 100 MiB and more to say its version.
  const long itself = run_child({PGASSAY_BINARY, "--version"}, small).peak_kib;
  for (const std::vector<std::string>& flags :
       {std::vector<std::string>{}, {"--table", "a"}, {"--table", "a", "--format", "csv"}}) {
    std::vector<std::string> argv = {PGASSAY_BINARY, "export", "latest", "-q", "-o", "/dev/null"};
    argv.insert(argv.end(), flags.begin(), flags.end());
    const Ended ended = run_child(argv, small);
    EXPECT_EQ(ended.status, 0) << ended.err;
    EXPECT_LT(ended.peak_kib, itself + 64 * 1024) << "130 MB of rows; itself " << itself;
  }
}

TEST_F(Export, SaysWhatDoesNotGoTogether) {
  EXPECT_EQ(vault_.run({"export", "latest", "--json"}).status, 2);
  EXPECT_EQ(vault_.run({"export", "latest", "--format", "csv"}).status, 2);
  EXPECT_EQ(vault_.run({"export", "latest", "--table", "a", "--header"}).status, 2);
  EXPECT_EQ(vault_.run({"export", "latest", "--table", "a", "--no-owner"}).status, 2);
}

}  // namespace
}  // namespace pgassay::test
