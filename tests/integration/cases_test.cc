// Databases that were lost under a PASS once. Each says at its top what is right.
#include <gtest/gtest.h>

#include "core/postgres/session.h"
#include "tests/fixtures/live_backup.h"
#include "tests/fixtures/restored_backup.h"
#include "tests/fixtures/tamper.h"

namespace pgassay::test {
namespace {

// Right: never PASS with r NULL. The function reads another table, which is empty while rows are loaded.
constexpr const char* kGeneratedReadsTable = R"(
CREATE TABLE a_rate (code text PRIMARY KEY, r int); INSERT INTO a_rate VALUES ('x', 7);
CREATE FUNCTION rate(text) RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT r FROM public.a_rate WHERE code = $1';
CREATE TABLE b_sale (id int, code text, r int GENERATED ALWAYS AS (rate(code)) STORED);
INSERT INTO b_sale SELECT g, 'x' FROM generate_series(1, 500) g;
)";

TEST(GeneratedColumns, ThatAFunctionOfAnotherTableFillsAreNeverPassedAsNull) {
  const LiveDatabase database("generated_reads", kGeneratedReadsTable);
  const Vault vault;
  ASSERT_EQ(vault.back_up(database).status, 0);
  const Ran restored = vault.run({"restore", "latest", "-d", database.server().conninfo("postgres"),
                                  "--create", "--into", database.copy()});
  ASSERT_TRUE(restored.status == 0 || restored.status == 3) << restored.out << restored.err;
  SCOPED_TRACE(restored.out + restored.err);
  const std::string nulls = database.copied_value("SELECT count(*) FROM public.b_sale WHERE r IS NULL");
  EXPECT_EQ(restored.status == 0, nulls == "0") << restored.out << restored.err;
  if (nulls == "0") return;
  EXPECT_EQ(restored.status, 3) << restored.out << restored.err;
  const Ran accepted =
      vault.run({"restore", "latest", "-d", database.server().conninfo("postgres"), "--create", "--into",
                 database.copy() + "_2", "--accept", "generated:public.b_sale.r"});
  EXPECT_EQ(accepted.status, 0) << accepted.out << accepted.err;
  database.server().psql("postgres", "DROP DATABASE " + database.copy() + "_2");
  EXPECT_NE(restored.out.find("column public.b_sale.r: generated column of 500 rows"), std::string::npos)
      << restored.out;
}

constexpr const char* kGenerated = R"(
CREATE TABLE t (id int PRIMARY KEY, a int, r int GENERATED ALWAYS AS (a * 2) STORED, note text,
  s text GENERATED ALWAYS AS (upper(note)) STORED);
INSERT INTO t (id, a, note) SELECT g, g % 7, nullif('n' || g % 5, 'n0') FROM generate_series(1, 300) g;
CREATE TABLE nothing_else (r int GENERATED ALWAYS AS (4) STORED, s text GENERATED ALWAYS AS ('x') STORED);
INSERT INTO nothing_else SELECT FROM generate_series(1, 3);
CREATE TABLE root (k int, a int, r int GENERATED ALWAYS AS (a + 1) STORED) PARTITION BY LIST (k);
CREATE TABLE one PARTITION OF root FOR VALUES IN (1);
CREATE TABLE two (a int, r int GENERATED ALWAYS AS (a + 1) STORED, k int);
ALTER TABLE root ATTACH PARTITION two FOR VALUES IN (2);
INSERT INTO root (k, a) SELECT 1 + g % 2, g FROM generate_series(1, 100) g;
)";

/// What is stored in the column, without its expression: what only a superuser can do.
std::string store(const std::string& table, const std::string& column, const std::string& expression) {
  return "UPDATE pg_attribute SET attgenerated = '' WHERE attrelid = '" + table +
         "'::regclass AND attname = '" + column + "'; UPDATE " + table + " SET " + expression +
         "; UPDATE pg_attribute SET attgenerated = 's' WHERE attrelid = '" + table +
         "'::regclass AND attname = '" + column + "';";
}

DrilledDatabase& generated() {
  static DrilledDatabase database("generated_columns", kGenerated);
  return database;
}

TEST(GeneratedColumns, ThatCameBackPassAndAreCounted) {
  const drill::Answers answers = generated().answers();
  EXPECT_EQ(faults(answers.checks), "");
  EXPECT_EQ(detail(answers.checks, "tables"), "4 tables, 403 rows, 5 generated columns");
}

TEST(GeneratedColumns, OfWhichAValueIsAnotherAreNamedAndNoOther) {
  EXPECT_EQ(faults(generated().after(store("t", "r", "r = 99 WHERE id = 5")).checks),
            "FAIL column public.t.r\n");
  EXPECT_EQ(faults(generated().after(store("nothing_else", "s", "s = NULL")).checks),
            "FAIL column public.nothing_else.s\n");
  EXPECT_EQ(faults(generated().after(store("two", "r", "r = 0 WHERE a = 1")).checks),
            "FAIL column public.root.r\n");
}

TEST(GeneratedColumns, WhoseValuesChangedTheirRowsAreFound) {
  const drill::Answers answers = generated().after(
      store("t", "r", "r = (SELECT o.r FROM t o WHERE o.id = 3 - t.id) WHERE id IN (1, 2)"));
  EXPECT_EQ(faults(answers.checks), "FAIL column public.t.r\nFAIL column public.t.s\n");
}

TEST(GeneratedColumns, ThatAreNullAreCounted) {
  const drill::Answers answers = generated().after(store("t", "r", "r = NULL WHERE id <= 40"));
  EXPECT_NE(detail(answers.checks, "column public.t.r").find("NULL in 40 rows instead of 0"),
            std::string::npos)
      << detail(answers.checks, "column public.t.r");
}

TEST(GeneratedColumns, ThatTheConfigurationAcceptsPassAndSaySo) {
  drill::DrillQuestions questions;
  questions.accepted = {"generated:public.t.r"};
  const drill::Answers answers = generated().after(store("t", "r", "r = 99 WHERE id = 5"), questions);
  EXPECT_EQ(faults(answers.checks), "");
  EXPECT_NE(detail(answers.checks, "column public.t.r").find("accepted by the configuration"),
            std::string::npos);
}

TEST(GeneratedColumns, OfABackupThatDoesNotTellOfThemAreUnverified) {
  Manifest& manifest = generated().manifest();
  const Manifest kept = manifest;
  for (Relation& relation : manifest.relations) relation.generated_digest.reset();
  const std::string found = faults(generated().answers().checks);
  manifest = kept;
  EXPECT_EQ(
      found,
      "UNVERIFIED generated columns of public.nothing_else\nUNVERIFIED generated columns of public.root\n"
      "UNVERIFIED generated columns of public.t\n");
}

TEST(GeneratedColumns, OfBinaryTablesAreComparedAsWell) {
  const LiveDatabase database("generated_binary", kGenerated);
  const Vault vault;
  ASSERT_EQ(vault.back_up(database, {"--binary-table", "public.*"}).status, 0);
  for (const Relation& relation : vault.manifest(database).relations)
    EXPECT_TRUE(relation.generated_digest) << relation.name.shown();
  EXPECT_EQ(vault.restore_and_compare(database), "");
}

// Right: named at backup, show, restore and drill.
TEST(SubscriptionOfAnotherRole, IsNamedAsLeftOutWhereverTheBackupIsTold) {
  const LiveDatabase database("left_subscription", R"(
    DO $$ BEGIN CREATE ROLE sub_reader LOGIN IN ROLE pg_read_all_data; EXCEPTION WHEN duplicate_object THEN END $$;
    CREATE TABLE t (id int); INSERT INTO t VALUES (1);
    CREATE SUBSCRIPTION case_sub CONNECTION 'host=192.0.2.1 password=sekrit78' PUBLICATION x WITH (connect = false);)");
  const Vault vault;
  std::string conninfo = database.conninfo();
  const std::string words = "subscription case_sub";
  const Ran taken = vault.run({"backup", "--source", "test", "-d", conninfo + " user=sub_reader"});
  ASSERT_EQ(taken.status, 0) << taken.err;
  EXPECT_NE(taken.out.find("left out " + words), std::string::npos) << taken.out;
  EXPECT_NE(taken.err.find("sub_reader may not read 1 subscriptions: they are left out: case_sub"),
            std::string::npos)
      << taken.err;
  EXPECT_NE(vault.run({"show", "latest"}).out.find(words), std::string::npos);
  const Ran restored = vault.run({"restore", "latest", "-d", database.server().conninfo("postgres"),
                                  "--create", "--into", database.copy()});
  EXPECT_EQ(restored.status, 0) << restored.err;
  EXPECT_NE(restored.out.find("note: " + words + ": not in the backup"), std::string::npos) << restored.out;
  const Ran drilled = vault.run({"drill", "latest", "--engine", "local"});
  EXPECT_EQ(drilled.status, 0) << drilled.err;
  EXPECT_NE(drilled.out.find(words), std::string::npos) << drilled.out;
  for (const Ran& ran : {taken, restored, drilled})
    EXPECT_EQ((ran.out + ran.err).find("sekrit78"), std::string::npos);
  database.psql("ALTER SUBSCRIPTION case_sub SET (slot_name = NONE); DROP SUBSCRIPTION case_sub;");
}

constexpr const char* kAlteredMembers = R"(
DO $$ BEGIN CREATE ROLE member_owner; EXCEPTION WHEN duplicate_object THEN END $$;
CREATE EXTENSION unaccent; CREATE EXTENSION hstore; CREATE EXTENSION pg_trgm; CREATE EXTENSION dict_int;
ALTER TEXT SEARCH DICTIONARY intdict (MAXLEN = 3, REJECTLONG = true);
ALTER FUNCTION unaccent(text) COST 5 IMMUTABLE; ALTER FUNCTION unaccent(text) OWNER TO member_owner;
ALTER FUNCTION unaccent(text) SET search_path = public, pg_temp; ALTER FUNCTION unaccent(text) SET work_mem = '8MB';
ALTER TEXT SEARCH DICTIONARY unaccent (RULES = 'unaccent');
COMMENT ON FUNCTION unaccent(text) IS 'ours, it''s';
REVOKE ALL ON FUNCTION unaccent(text) FROM PUBLIC;
ALTER FUNCTION similarity(text, text) PARALLEL RESTRICTED LEAKPROOF CALLED ON NULL INPUT SECURITY DEFINER;
ALTER TYPE hstore OWNER TO member_owner;
CREATE TABLE t (id int); INSERT INTO t VALUES (1);
)";

TEST(AlteredMembersOfExtensions, AreAlteredAgain) {
  DrilledDatabase database("members_altered", kAlteredMembers);
  EXPECT_EQ(lines(database.report().lost), "");
  EXPECT_EQ(faults(database.answers().checks), "");
  const std::string of_unaccent =
      "SELECT concat_ws('|', provolatile, procost, proconfig, pg_get_userbyid(proowner), "
      "obj_description(oid)) FROM "
      "pg_proc WHERE oid = 'unaccent(text)'::regprocedure";
  EXPECT_EQ(bare_server().value("members_altered", of_unaccent), database.source().value(of_unaccent));
}

TEST(AlteredMembersOfExtensions, ThatAreNotAreEachFound) {
  DrilledDatabase database("members_damaged", kAlteredMembers);
  const std::pair<const char*, const char*> damages[] = {
      {"ALTER FUNCTION unaccent(text) COST 1", "FAIL function public.unaccent(text)\n"},
      {"ALTER FUNCTION unaccent(text) RESET ALL", "FAIL function public.unaccent(text)\n"},
      {"ALTER FUNCTION similarity(text, text) PARALLEL SAFE",
       "FAIL function public.similarity(text, text)\n"},
      {"ALTER TYPE hstore OWNER TO postgres", "FAIL type public.hstore\nFAIL type public.hstore\n"},
      {"GRANT EXECUTE ON FUNCTION unaccent(text) TO PUBLIC", "FAIL function public.unaccent(text)\n"},
      {"COMMENT ON FUNCTION unaccent(text) IS NULL", "UNVERIFIED extension unaccent\n"},
      {"CREATE OR REPLACE FUNCTION show_limit() RETURNS real LANGUAGE sql COST 1 STABLE STRICT PARALLEL SAFE "
       "AS "
       "'SELECT 1'",
       "UNVERIFIED extension pg_trgm\n"},
  };
  for (const auto& [damage, found] : damages)
    EXPECT_EQ(faults(database.after(damage).checks), found) << damage;
}

TEST(AlteredMembersOfExtensions, MadeOtherwiseByThisHostsScriptCanBeAccepted) {
  DrilledDatabase database("members_otherwise", "CREATE EXTENSION pg_trgm; CREATE TABLE t (a int);");
  drill::DrillQuestions questions;
  questions.accepted = {"extension:pg_trgm"};
  const drill::Answers answers = database.after(
      "CREATE OR REPLACE FUNCTION show_limit() RETURNS real LANGUAGE sql COST 1 STABLE STRICT PARALLEL SAFE "
      "AS "
      "'SELECT 1'",
      questions);
  EXPECT_EQ(faults(answers.checks), "");
  EXPECT_NE(detail(answers.checks, "extension pg_trgm").find("accepted by the configuration"),
            std::string::npos);
}

TEST(AlteredMembersOfExtensions, ThatARestoreCannotAlterAreNamedAtBackupAndByDoctor) {
  const LiveDatabase database("members_told", "CREATE EXTENSION hstore;");
  const Vault vault;
  EXPECT_EQ(vault.back_up(database).err.find("members of extensions"), std::string::npos);
  database.psql("ALTER OPERATOR @> (hstore, hstore) SET (RESTRICT = NONE)");
  const std::string words =
      "members of extensions were altered: operator public.@>(public.hstore,public.hstore) (hstore)";
  const Ran taken = vault.back_up(database);
  EXPECT_NE(taken.err.find(words), std::string::npos) << taken.err;
  const Ran doctor = vault.run({"doctor", "--source", "test", "-d", database.conninfo()});
  EXPECT_NE((doctor.out + doctor.err).find(words), std::string::npos) << doctor.out << doctor.err;
}

// Right: a backup that lies in another database's directory is read by nobody.
TEST(MisplacedBackupCommands, EndWithThreeAndSayHowToMoveItBack) {
  const LiveDatabase database("misplaced_one", "CREATE TABLE t AS SELECT 1 AS a;");
  const Vault vault;
  ASSERT_EQ(vault.back_up(database).status, 0);
  const Backup backup = vault.newest(database);
  const Path wrong = vault.root() / "test" / "App" / backup.id.stamp;
  make_private_dirs(wrong.parent_path());
  std::filesystem::rename(backup.dir.path(), wrong);
  for (const std::vector<std::string>& command : std::vector<std::vector<std::string>>{
           {"show", "latest", "--database", "App"},
           {"verify", "--database", "App"},
           {"verify", "--all"},
           {"drill", "--database", "App"},
           {"export", "latest", "--database", "App", "--output", "/dev/null"},
           {"restore", "latest", "--database", "App", "-d", database.server().conninfo("postgres"),
            "--create", "--into", database.copy()},
           {"pin", "latest", "--database", "App"}}) {
    const Ran ran = vault.run(command);
    EXPECT_EQ(ran.status, 3) << command[0] << ran.out << ran.err;
    EXPECT_NE(ran.err.find("by its manifest it is test/misplaced_one/"), std::string::npos)
        << command[0] << ran.err;
    EXPECT_NE(ran.err.find("mv " + wrong.string()), std::string::npos) << command[0] << ran.err;
  }
  const Ran list = vault.run({"list"});
  EXPECT_EQ(list.status, 0);
  EXPECT_NE(list.out.find("BELONGS ELSEWHERE"), std::string::npos) << list.out;
}

TEST(MaterializedViews, AreCountedOnRequestAndNeverFailForTheirRows) {
  const LiveDatabase database("view_rows", R"(
    CREATE TABLE t AS SELECT g AS a FROM generate_series(1, 30) g;
    CREATE MATERIALIZED VIEW fresh AS SELECT * FROM t; CREATE MATERIALIZED VIEW stale AS SELECT * FROM t;
    DELETE FROM t WHERE a > 20; REFRESH MATERIALIZED VIEW fresh;)");
  const Vault vault;
  ASSERT_EQ(vault.back_up(database).status, 0);
  for (const Relation& relation : vault.manifest(database).relations) EXPECT_FALSE(relation.contents);
  ASSERT_EQ(vault.back_up(database, {"--digest-matviews"}).status, 0);
  EXPECT_EQ(relation(vault.manifest(database), "public", "stale").contents->rows, 30U);
  const Ran drilled = vault.run({"drill", "latest", "--engine", "local"});
  EXPECT_EQ(drilled.status, 0) << drilled.out << drilled.err;
  EXPECT_NE(
      drilled.out.find("public.stale: 20 rows here, 30 in the source: not the same, which is no failure"),
      std::string::npos)
      << drilled.out;
  EXPECT_NE(drilled.out.find("public.fresh: 20 rows here, 20 in the source, the same"), std::string::npos)
      << drilled.out;
}

// Right: v, mv, f and over_f are left out and named; never a dummy view.
TEST(ViewsByPrimaryKey, ThatNeedATableThatIsLeftOutAreLeftOutAndNamed) {
  const LiveDatabase database("dummy_views", R"(
    CREATE TABLE member (id int PRIMARY KEY, name text, note text);
    CREATE TABLE visit (member int REFERENCES member, at date);
    INSERT INTO member SELECT g, 'n' || g FROM generate_series(1, 50) g;
    INSERT INTO visit SELECT g, '2026-01-01' FROM generate_series(1, 50) g;
    CREATE VIEW v AS SELECT m.id, m.name, count(*) AS visits FROM member m JOIN visit s ON s.member = m.id GROUP BY m.id;
    CREATE MATERIALIZED VIEW mv AS SELECT * FROM v;
    CREATE FUNCTION f() RETURNS TABLE (name text, n bigint) LANGUAGE sql STABLE
      BEGIN ATOMIC SELECT m.name, count(*) FROM member m JOIN visit ON member = m.id GROUP BY m.id; END;
    CREATE VIEW over_f AS SELECT * FROM f();
    CREATE VIEW kept AS SELECT m.id, m.name, count(*) AS n FROM member m GROUP BY m.id;)");
  const Vault vault;
  ASSERT_EQ(vault.back_up(database).status, 0);
  const Ran restored = vault.run({"restore", "latest", "-d", database.server().conninfo("postgres"),
                                  "--create", "--into", database.copy(), "--exclude-table", "public.visit"});
  EXPECT_EQ(restored.status, 0) << restored.out << restored.err;
  EXPECT_EQ(database.copied_value("SELECT string_agg(relname, ' ' ORDER BY relname) FROM pg_class"
                                  " WHERE relnamespace = 'public'::regnamespace AND relkind <> 'i'"),
            "kept member");
  EXPECT_EQ(database.copied_value("SELECT count(*), sum(n) FROM kept"), "50|50");
  EXPECT_EQ(database.copied_value("SELECT count(*) FROM pg_proc WHERE proname = 'f'"), "0");
  for (const char* named : {"view public.v: it needs", "materialized view public.mv: it needs",
                            "function public.f(): it needs", "view public.over_f: it needs"})
    EXPECT_NE(restored.out.find(named), std::string::npos) << named << restored.out;
}

TEST(Sequences, AreComparedInAllTheirAttributes) {
  DrilledDatabase database("sequence_attributes", R"(
    CREATE SEQUENCE s AS int START 5 INCREMENT 3 MINVALUE 2 MAXVALUE 100 CACHE 4; SELECT nextval('s');
    CREATE SEQUENCE ring MAXVALUE 9 CYCLE; SELECT setval('ring', 7);)");
  EXPECT_EQ(faults(database.answers().checks), "");
  for (const char* change :
       {"START 6", "INCREMENT 2", "MINVALUE 1", "MAXVALUE 99", "CACHE 1", "CYCLE", "AS bigint"})
    EXPECT_NE(faults(database.after(std::string("ALTER SEQUENCE s ") + change).checks)
                  .find("FAIL sequence public.s\n"),
              std::string::npos)
        << change;
  EXPECT_EQ(faults(database.after("SELECT setval('ring', 2)").checks), "");
}

/// A database with a dictionary whose file is gone by the time it is restored, and a role that is, too.
class OnAHostThatLacksAFile : public testing::Test {
 protected:
  OnAHostThatLacksAFile()
      : database_("lacking",
                  "CREATE ROLE lacking_owner; CREATE TABLE t AS SELECT 1 AS a;"
                  "ALTER TABLE t OWNER TO lacking_owner;") {
    const std::string name = fmt::format("pgassay_lacking_{}", ::getpid());
    const Path file = database_.server().share_dir() / "tsearch_data" / (name + ".stop");
    write_new_file(file, "und\n");
    set_mode(file, 0644);
    const OnFailure remove_it([&] { remove_tree(file); });
    database_.psql("CREATE TEXT SEARCH DICTIONARY d (TEMPLATE = simple, STOPWORDS = " + name + ")");
    if (const Ran ran = vault_.back_up(database_); ran.status != 0) throw Error(ran.err);
    remove_tree(file);
    database_.psql("DROP TABLE t; DROP ROLE lacking_owner");
  }
  ~OnAHostThatLacksAFile() override {
    database_.server().psql(
        "postgres", "DROP DATABASE IF EXISTS " + database_.copy() + "; DROP ROLE IF EXISTS lacking_owner");
  }
  Ran restore(std::vector<std::string> more) const {
    std::vector<std::string> words = {"restore", "latest", "-d", database_.server().conninfo("postgres")};
    words.insert(words.end(), more.begin(), more.end());
    return vault_.run(words);
  }
  std::string there() const {
    return database_.server().value(
        "postgres",
        "SELECT (SELECT count(*) FROM pg_database WHERE datname LIKE 'lacking%'), "
        "(SELECT count(*) FROM pg_roles WHERE rolname = 'lacking_owner')");
  }

  LiveDatabase database_;
  Vault vault_;
};

TEST_F(OnAHostThatLacksAFile, ARestoreIsRefusedAndLeavesNothing) {
  for (const auto& into :
       {std::vector<std::string>{"--create", "--into", database_.copy()}, {"--replace", database_.name()}}) {
    const Ran ran = restore(into);
    EXPECT_EQ(ran.status, 6) << ran.out << ran.err;
    EXPECT_NE(ran.err.find(".stop"), std::string::npos) << ran.err;
    EXPECT_NE(ran.err.find("--despite-host"), std::string::npos) << ran.err;
    EXPECT_NE(ran.err.find("nothing was restored, no role was created"), std::string::npos) << ran.err;
    EXPECT_EQ(there(), "1|0");
  }
}

TEST_F(OnAHostThatLacksAFile, ARestoreDespiteThatHasTheRows) {
  const Ran ran = restore({"--create", "--into", database_.copy(), "--despite-host"});
  EXPECT_EQ(ran.status, 1) << ran.out << ran.err;
  EXPECT_EQ(database_.copied_value("SELECT a FROM t"), "1");
}

}  // namespace
}  // namespace pgassay::test
