// What a drill compares, shown by differences that are planted: every field of every object of a backup's
// inventory, and a form of every command that alters an object in the restored database. Each campaign is
// shown to fail where the comparison of one field is switched off.
#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <iostream>

#include "core/postgres/session.h"
#include "tests/fixtures/restored_backup.h"

namespace pgassay::test {
namespace {

using Objects = std::vector<proof::InventoryObject>;
using Compare = std::function<std::vector<Check>(Objects then, const Objects& now)>;

std::string odd_objects() {
  return read_file(Path(PGASSAY_SOURCE_DIR) / "tests/fixtures/odd_objects.sql");
}

DrilledDatabase& odd() {
  static DrilledDatabase database("planted", odd_objects());
  return database;
}

Objects restored_objects() {
  odd();
  Connection connection = Connection::open(bare_server().connection("planted"), "test", {});
  start_reading_session(connection);
  return proof::read_present_inventory(connection);
}

std::vector<Check> compare(Objects then, const Objects& now) {
  return compare_inventories(std::move(then), now, {}, "").checks;
}

/// A change of one field; false: the object has no such field to change.
struct Field {
  const char* name;
  std::function<bool(proof::InventoryObject&)> change;
};

const std::vector<Field>& fields() {
  static const std::vector<Field> all = {
      {"kind",
       [](auto& one) {
         one.kind += " of another kind";
         return true;
       }},
      {"identity",
       [](auto& one) {
         one.identity += "x";
         return true;
       }},
      {"owner",
       [](auto& one) {
         one.owner = one.owner.value_or("") + "x";
         return true;
       }},
      {"privileges",
       [](auto& one) {
         if (!one.acl) return false;
         one.acl->push_back("zz=SELECT");
         return true;
       }},
      {"definition",
       [](auto& one) {
         one.definition += "0";
         return true;
       }},
      {"attributes",
       [](auto& one) {
         if (one.attributes.empty()) return false;
         one.attributes.begin()->second += "x";
         return true;
       }},
  };
  return all;
}

struct Campaign {
  int planted = 0;
  std::vector<std::string> missed;
};

/// Is there a check that does not pass and that names the object, or the extension of which it is a member?
bool found_in(const std::vector<Check>& checks, const proof::InventoryObject& object) {
  return std::ranges::any_of(checks, [&](const Check& check) {
    return check.verdict != Verdict::pass &&
           (check.name == object.kind + " " + object.identity ||
            (!object.extension.empty() && check.name == "extension " + object.extension));
  });
}

/// Changes each field of each object of the backup, one at a time.
Campaign change_every_field(const Compare& compare) {
  Campaign campaign;
  const Objects now = restored_objects();
  for (std::size_t i = 0; i < now.size(); ++i) {
    if (now[i].kind == "subscription") continue;
    for (const Field& field : fields()) {
      // The others can only add to what is found: one is enough for most kinds.
      Objects then = {now[i]};
      if (!field.change(then[0])) continue;
      ++campaign.planted;
      if (!found_in(compare(then, {now[i]}), then[0]) && !found_in(compare(then, {now[i]}), now[i]))
        campaign.missed.push_back(std::string(field.name) + " of " + now[i].kind + " " + now[i].identity);
    }
  }
  return campaign;
}

constexpr const char* kOfFourteen = "before 14 the odd objects of the sample can't all be made";

TEST(PlantedInTheBackup, EveryFieldOfEveryObjectIsFound) {
  if (shared_server().major() < 14) GTEST_SKIP() << kOfFourteen;
  const Campaign campaign = change_every_field(compare);
  std::cout << campaign.planted << " differences planted in the inventory, " << campaign.missed.size()
            << " missed\n";
  EXPECT_EQ(lines(campaign.missed), "");
  EXPECT_GT(campaign.planted, 500);
}

TEST(PlantedInTheBackup, TheCampaignFailsWhereOneFieldIsNotCompared) {
  if (shared_server().major() < 14) GTEST_SKIP() << kOfFourteen;
  const std::vector<std::pair<const char*, std::function<void(proof::InventoryObject&)>>> switched_off = {
      {"owner", [](auto& one) { one.owner.reset(); }},
      {"privileges", [](auto& one) { one.acl.reset(); }},
      {"definition", [](auto& one) { one.definition = "2:"; }},
      {"attributes", [](auto& one) { one.attributes.clear(); }},
  };
  for (const auto& [name, blank] : switched_off) {
    const Campaign campaign = change_every_field([&, &blank = blank](Objects then, Objects now) {
      for (Objects* objects : {&then, &now}) std::ranges::for_each(*objects, blank);
      return compare(std::move(then), now);
    });
    EXPECT_FALSE(campaign.missed.empty()) << name;
    for (const std::string& missed : campaign.missed) EXPECT_TRUE(missed.starts_with(name)) << missed;
  }
}

struct Planted {
  const char *sql, *found;  ///< found: the beginning of a check's name, or of two with a comma
  int since = 0;            ///< the major release that knows such a command
};

/// A form each of what alters a restored database. What PostgreSQL's normal form of an expression could hide
/// is among them.
constexpr Planted kPlanted[] = {
    {"ALTER TABLE t DROP CONSTRAINT loose; ALTER TABLE t ADD CONSTRAINT loose CHECK (a = 'x' AND (b = 'y' OR "
     "c = 'z')) "
     "NOT VALID",
     "constraint loose"},
    {"ALTER TABLE t DROP CONSTRAINT loose; ALTER TABLE t ADD CONSTRAINT loose CHECK (a = 'x' AND (b = 'y' OR "
     "c = 'z'))",
     "constraint loose"},
    {"ALTER POLICY p ON t USING ((a IN ('x', 'y') AND b = 'x') OR current_user = ANY (ARRAY['a', 'b']))",
     "policy p"},
    {"DROP INDEX i2; CREATE INDEX i2 ON t (b) WHERE b = 'a b'", "index public.i2"},
    {"ALTER TABLE t DROP CONSTRAINT t_a_check; ALTER TABLE t ADD CONSTRAINT t_a_check CHECK (a IN ('x', 'y "
     "s', 'z'))",
     "constraint t_a_check"},
    {"ALTER TABLE u ALTER w SET DEFAULT ' w'", "table public.u"},
    {"ALTER TABLE u ALTER w SET DEFAULT 'w'::bpchar", "table public.u"},
    {"ALTER TABLE u ALTER w DROP NOT NULL", "table public.u"},
    {"ALTER TABLE u ALTER id DROP DEFAULT", "table public.u"},
    {"ALTER TABLE u ADD x int", "table public.u"},
    {"ALTER TABLE u ALTER w TYPE varchar(20)", "table public.u"},
    {"ALTER TABLE u RENAME w TO ww", "table public.u"},
    {"ALTER TABLE u RENAME TO uu", "table public.u"},
    {"ALTER TABLE u SET SCHEMA apart", "table public.u"},
    {"ALTER TABLE u OWNER TO odd_owner", "table public.u"},
    {"ALTER TABLE u SET (fillfactor = 50)", "table public.u"},
    {"ALTER TABLE t SET (toast.autovacuum_enabled = true)", "table public.t"},
    {"ALTER TABLE t ALTER b SET STATISTICS 78", "table public.t"},
    {"ALTER TABLE t ALTER b SET STORAGE MAIN", "table public.t"},
    {"ALTER TABLE t ALTER d SET COMPRESSION DEFAULT", "table public.t"},
    {"ALTER TABLE t ALTER b SET (n_distinct = 5)", "table public.t"},
    {"ALTER TABLE t ALTER i SET GENERATED BY DEFAULT", "table public.t"},
    {"ALTER TABLE t REPLICA IDENTITY FULL", "table public.t"},
    {"ALTER TABLE t DISABLE ROW LEVEL SECURITY", "table public.t"},
    {"ALTER TABLE t FORCE ROW LEVEL SECURITY", "table public.t"},
    {"ALTER TABLE t CLUSTER ON t_pkey", "index public.t_pkey"},
    {"ALTER TABLE t DISABLE TRIGGER tr", "trigger tr on public.t"},
    {"ALTER TABLE pr1 DISABLE TRIGGER trp", "trigger trp on public.pr1"},
    {"ALTER TABLE t DISABLE RULE ru", "rule ru on public.t"},
    {"ALTER TABLE u ALTER CONSTRAINT u_t DEFERRABLE", "constraint u_t"},
    {"ALTER TABLE t RENAME CONSTRAINT tight TO taut", "constraint tight"},
    {"ALTER TABLE chi NO INHERIT par", "table public.chi"},
    {"ALTER TABLE pr DETACH PARTITION pr1", "table public.pr1"},
    {"ALTER TABLE chi SET UNLOGGED", "table public.chi"},
    {"ALTER INDEX i1 ALTER COLUMN 1 SET STATISTICS 34", "index public.i1"},
    {"ALTER INDEX i2 RENAME TO i3", "index public.i2"},
    {"ALTER INDEX i2 SET (fillfactor = 60)", "index public.i2"},
    {"ALTER VIEW v1 SET (security_barrier)", "view public.v1"},
    {"ALTER VIEW v2 ALTER COLUMN o SET DEFAULT 'q'", "view public.v2"},
    {"CREATE OR REPLACE VIEW v1 AS SELECT * FROM t WHERE a IN ('x', 'y') OR b NOT IN ('p', 'q')",
     "view public.v1"},
    {"ALTER MATERIALIZED VIEW mv SET (fillfactor = 60)", "materialized view public.mv"},
    {"REFRESH MATERIALIZED VIEW mv WITH NO DATA", "materialized view public.mv"},
    {"ALTER SEQUENCE sq CYCLE", "sequence public.sq"},
    {"ALTER SEQUENCE sq OWNED BY u.id", "sequence public.sq"},
    {"ALTER SEQUENCE us SET LOGGED", "sequence public.us"},
    {"ALTER DOMAIN dom DROP NOT NULL", "domain public.dom"},
    {"ALTER DOMAIN dom SET DEFAULT 'b'", "domain public.dom"},
    {"ALTER DOMAIN dom DROP CONSTRAINT dom_check", "domain constraint dom_check"},
    {"ALTER TYPE mood ADD VALUE 'so-so' BEFORE 'bad'", "enum type public.mood"},
    {"ALTER TYPE mood RENAME VALUE 'bad' TO 'worse'", "enum type public.mood"},
    {"ALTER TYPE pair ADD ATTRIBUTE three int", "composite type public.pair"},
    {"ALTER TYPE mymr RENAME TO mymr2", "range type public.rt"},
    {"ALTER TYPE rt OWNER TO odd_owner", "range type public.rt"},
    {"ALTER FUNCTION fn(int) STABLE", "function public.fn"},
    {"ALTER FUNCTION fn(int) COST 11", "function public.fn"},
    {"ALTER FUNCTION fn(int) PARALLEL SAFE", "function public.fn"},
    {"ALTER FUNCTION fn(int) LEAKPROOF", "function public.fn"},
    {"ALTER FUNCTION fn(int) SECURITY DEFINER", "function public.fn"},
    {"ALTER FUNCTION fn(int) SET work_mem = '8MB'", "function public.fn"},
    {"ALTER FUNCTION fn(int) SUPPORT generate_series_int4_support", "function public.fn"},
    {"ALTER FUNCTION tf() NO DEPENDS ON EXTENSION hstore", "dependency on extension of function"},
    {"CREATE OR REPLACE FUNCTION fn(a int) RETURNS int LANGUAGE sql COST 10 AS 'SELECT  a'",
     "function public.fn"},
    {"ALTER PROCEDURE pc() SECURITY DEFINER", "procedure public.pc"},
    {"ALTER AGGREGATE total(int) OWNER TO odd_owner", "aggregate public.total"},
    {"DROP AGGREGATE total(int); CREATE AGGREGATE total(int) (SFUNC = int4pl, STYPE = int, INITCOND = '0', "
     "SSPACE = 9)",
     "aggregate public.total"},
    {"ALTER STATISTICS st SET STATISTICS 51", "statistics object public.st"},
    {"ALTER COLLATION co RENAME TO co2", "collation public.co"},
    {"ALTER CONVERSION cv RENAME TO cv2", "conversion public.cv"},
    {"ALTER OPERATOR === (int, int) SET (RESTRICT = eqsel)", "operator public.==="},
    {"ALTER OPERATOR FAMILY of USING btree ADD OPERATOR 1 < (int, int8)", "operator family public.of"},
    {"ALTER OPERATOR CLASS oc USING btree RENAME TO oc2", "operator class public.oc"},
    {"ALTER TEXT SEARCH CONFIGURATION tsc DROP MAPPING FOR email", "text search configuration public.tsc"},
    {"ALTER TEXT SEARCH DICTIONARY tsd (Accept = false)", "text search dictionary public.tsd"},
    {"ALTER FOREIGN DATA WRAPPER w OPTIONS (SET debug 'y')", "foreign-data wrapper w"},
    {"ALTER SERVER s OPTIONS (SET host 'other')", "foreign server s"},
    {"ALTER SERVER s VERSION '2'", "foreign server s"},
    {"ALTER FOREIGN TABLE ft OPTIONS (SET table_name 'other')", "foreign table public.ft"},
    {"ALTER FOREIGN TABLE ft ALTER a OPTIONS (SET column_name 'other')", "foreign table public.ft"},
    {"DROP USER MAPPING FOR odd_reader SERVER s", "user mapping"},
    {"ALTER EVENT TRIGGER et DISABLE", "event trigger et"},
    {"ALTER PUBLICATION pb SET (publish = 'insert')", "publication pb"},
    {"ALTER PUBLICATION pb DROP TABLE u", "publication pb"},
    {"ALTER PUBLICATION pb SET TABLE t WHERE (id > 5), u", "publication pb"},
    {"ALTER DEFAULT PRIVILEGES IN SCHEMA apart GRANT INSERT ON TABLES TO odd_reader", "default privileges"},
    {"ALTER SCHEMA apart OWNER TO odd_owner", "schema apart"},
    {"ALTER LARGE OBJECT 7001 OWNER TO odd_owner", "large object owners"},
    {"GRANT SELECT ON u TO odd_reader", "table public.u"},
    {"GRANT SELECT (id) ON u TO odd_reader", "table public.u"},
    {"REVOKE EXECUTE ON FUNCTION fn(int) FROM PUBLIC", "function public.fn"},
    {"GRANT USAGE ON TYPE mood TO odd_reader WITH GRANT OPTION", "enum type public.mood"},
    {"GRANT USAGE ON FOREIGN SERVER s TO odd_reader", "foreign server s"},
    {"REVOKE EXECUTE ON FUNCTION pg_read_file(text) FROM odd_reader",
     "privileges on function pg_catalog.pg_read_file"},
    {"GRANT SELECT ON pg_authid TO odd_reader", "privileges on table pg_catalog.pg_authid"},
    {"COMMENT ON COLUMN t.a IS 'another'", "comment on table column public.t.a"},
    {"COMMENT ON EXTENSION hstore IS 'not mine'", "comment on extension hstore"},
    {"ALTER FUNCTION hstore(text, text) COST 7", "function public.hstore(text, text)"},
    {"ALTER TABLE t ALTER a SET DEFAULT 'q'", "table public.t"},
    {"ALTER TABLE t ENABLE ALWAYS TRIGGER tr", "trigger tr on public.t"},
    {"ALTER TABLE t ENABLE REPLICA RULE ru", "rule ru on public.t"},
    {"ALTER TABLE u ADD CONSTRAINT extra CHECK (id > 0)", "constraint extra"},
    {"ALTER TABLE u ADD UNIQUE (id, w)", "constraint u_id_w_key"},
    {"ALTER TABLE t DROP CONSTRAINT tight", "constraint tight"},
    {"ALTER TRIGGER tr ON t RENAME TO tr9", "trigger tr on public.t"},
    {"ALTER RULE ru ON t RENAME TO ru9", "rule ru on public.t"},
    {"ALTER POLICY p ON t RENAME TO p9", "policy p"},
    {"ALTER POLICY p ON t TO odd_owner", "policy p"},
    {"ALTER VIEW v1 RENAME TO v9", "view public.v1"},
    {"ALTER VIEW v1 OWNER TO odd_owner", "view public.v1"},
    {"ALTER MATERIALIZED VIEW mv SET SCHEMA apart", "materialized view public.mv"},
    {"ALTER MATERIALIZED VIEW mv OWNER TO odd_owner", "materialized view public.mv"},
    {"ALTER SEQUENCE sq INCREMENT 7", "sequence public.sq"},
    {"ALTER SEQUENCE sq CACHE 9", "sequence public.sq"},
    {"ALTER SEQUENCE sq OWNER TO odd_owner", "sequence public.sq"},
    {"ALTER SEQUENCE sq RENAME TO sq9", "sequence public.sq"},
    {"ALTER DOMAIN dom RENAME TO dom9", "domain public.dom"},
    {"ALTER DOMAIN dom OWNER TO odd_owner", "domain public.dom"},
    {"ALTER DOMAIN dom ADD CONSTRAINT more CHECK (VALUE <> 'zz')", "domain constraint more"},
    {"ALTER DOMAIN dom RENAME CONSTRAINT dom_check TO dom_other", "domain constraint dom_check"},
    {"ALTER TYPE mood SET SCHEMA apart", "enum type public.mood"},
    {"ALTER TYPE mood OWNER TO odd_owner", "enum type public.mood"},
    {"ALTER TYPE pair RENAME TO pair9", "composite type public.pair"},
    {"ALTER FUNCTION fn(int) RENAME TO fn9", "function public.fn"},
    {"ALTER FUNCTION fn(int) OWNER TO odd_owner", "function public.fn"},
    {"ALTER FUNCTION fn(int) STRICT", "function public.fn"},
    {"ALTER FUNCTION fn(int) SET SCHEMA apart", "function public.fn"},
    {"ALTER PROCEDURE pc() RENAME TO pc9", "procedure public.pc"},
    {"ALTER PROCEDURE pc() OWNER TO odd_owner", "procedure public.pc"},
    {"ALTER AGGREGATE total(int) SET SCHEMA apart", "aggregate public.total"},
    {"ALTER STATISTICS st RENAME TO st9", "statistics object public.st"},
    {"ALTER STATISTICS st OWNER TO odd_owner", "statistics object public.st"},
    {"ALTER COLLATION co OWNER TO odd_owner", "collation public.co"},
    {"ALTER CONVERSION cv OWNER TO odd_owner", "conversion public.cv"},
    {"ALTER OPERATOR === (int, int) OWNER TO odd_owner", "operator public.==="},
    {"ALTER OPERATOR FAMILY of USING btree RENAME TO of9", "operator family public.of"},
    {"ALTER OPERATOR CLASS oc USING btree OWNER TO odd_owner", "operator class public.oc"},
    {"ALTER TEXT SEARCH CONFIGURATION tsc OWNER TO odd_owner", "text search configuration public.tsc"},
    {"ALTER TEXT SEARCH CONFIGURATION tsc SET SCHEMA apart", "text search configuration public.tsc"},
    {"ALTER TEXT SEARCH DICTIONARY tsd RENAME TO tsd9", "text search dictionary public.tsd"},
    {"ALTER FOREIGN DATA WRAPPER w RENAME TO w9", "foreign-data wrapper w"},
    {"ALTER SERVER s OWNER TO odd_owner", "foreign server s"},
    {"ALTER SERVER s RENAME TO s9", "foreign server s"},
    {"ALTER FOREIGN TABLE ft ADD x int", "foreign table public.ft"},
    {"ALTER FOREIGN TABLE ft OWNER TO odd_owner", "foreign table public.ft"},
    {"ALTER EVENT TRIGGER et RENAME TO et9", "event trigger et"},
    {"ALTER EVENT TRIGGER et ENABLE ALWAYS", "event trigger et"},
    {"ALTER PUBLICATION pb RENAME TO pb9", "publication pb"},
    {"ALTER PUBLICATION pb OWNER TO odd_owner", "publication pb"},
    {"ALTER SCHEMA apart RENAME TO apart9", "schema apart"},
    {"GRANT USAGE ON SEQUENCE sq TO odd_reader", "sequence public.sq"},
    {"GRANT CREATE ON SCHEMA apart TO odd_reader", "schema apart"},
    {"GRANT USAGE ON FOREIGN DATA WRAPPER w TO odd_reader", "foreign-data wrapper w"},
    {"REVOKE EXECUTE ON PROCEDURE pc() FROM PUBLIC", "procedure public.pc"},
    {"REVOKE USAGE ON DOMAIN dom FROM PUBLIC", "domain public.dom"},
    {"REVOKE USAGE ON LANGUAGE sql FROM PUBLIC", "privileges on language sql"},
    {"GRANT SELECT ON v1 TO odd_reader WITH GRANT OPTION", "view public.v1"},
    {"COMMENT ON VIEW v1 IS 'another'", "comment on view public.v1"},
    {"COMMENT ON INDEX i2 IS 'another'", "comment on index public.i2"},
    {"COMMENT ON CONSTRAINT tight ON t IS 'another'", "comment on table constraint tight on public.t"},
    {"COMMENT ON TRIGGER tr ON t IS 'another'", "comment on trigger tr on public.t"},
    {"COMMENT ON TYPE mood IS 'another'", "comment on type public.mood"},
    {"COMMENT ON SEQUENCE sq IS 'another'", "comment on sequence public.sq"},
    {"COMMENT ON SCHEMA apart IS 'another'", "comment on schema apart"},
    {"COMMENT ON STATISTICS st IS 'another'", "comment on statistics object public.st"},
    {"GRANT MAINTAIN ON u TO odd_reader", "table public.u", 17},
    {"ALTER TABLE u ADD v int GENERATED ALWAYS AS (7) VIRTUAL", "table public.u", 18},
    {"ALTER TABLE u RENAME CONSTRAINT u_w_not_null TO given", "not-null constraint u_w_not_null on public.u",
     18},
    {"ALTER TABLE u ALTER w DROP NOT NULL; ALTER TABLE u ADD CONSTRAINT u_w_not_null NOT NULL w NOT VALID",
     "not-null constraint u_w_not_null on public.u", 18},
    {"ALTER TABLE u ALTER w DROP NOT NULL; ALTER TABLE u ADD CONSTRAINT u_w_not_null NOT NULL w NO INHERIT",
     "not-null constraint u_w_not_null on public.u", 18},
    {"ALTER TABLE u ALTER CONSTRAINT u_t NOT ENFORCED", "constraint u_t on public.u", 18},
    {"ALTER PUBLICATION pb SET (publish_generated_columns = stored)", "publication pb", 18},
    {"ALTER PUBLICATION pb_all SET ALL TABLES EXCEPT (TABLE t)", "publication pb_all", 19},
};

/// Is one of the checks that do not pass of that name?
bool names(const std::vector<Check>& checks, const std::string& beginning) {
  return std::ranges::any_of(checks, [&](const Check& check) {
    return check.verdict == Verdict::fail && check.name.starts_with(beginning);
  });
}

TEST(PlantedInTheCopy, NothingIsFoundWhereNothingIsPlanted) {
  if (shared_server().major() < 14) GTEST_SKIP() << kOfFourteen;
  EXPECT_EQ(faults(odd().answers().checks), "");
}

TEST(PlantedInTheCopy, EachFormOfAlteringIsFoundAndNamesItsObject) {
  if (shared_server().major() < 14) GTEST_SKIP() << kOfFourteen;
  int planted = 0;
  for (const Planted& one : kPlanted) {
    if (bare_server().major() < one.since) continue;
    ++planted;
    const std::vector<Check> checks = odd().after(one.sql).checks;
    EXPECT_TRUE(names(checks, one.found)) << one.sql << "\n" << faults(checks);
  }
  std::cout << planted << " alterations planted in a restored database\n";
  EXPECT_GE(planted, 60);
}

TEST(PlantedInTheCopy, TheCampaignFailsWhereTheDefinitionIsNotCompared) {
  if (shared_server().major() < 14) GTEST_SKIP() << kOfFourteen;
  const Objects then = restored_objects();
  bare_server().psql("planted", "ALTER FUNCTION fn(int) COST 11");
  Objects blank_then = then, blank_now = restored_objects();
  bare_server().psql("planted", "ALTER FUNCTION fn(int) COST 10");
  EXPECT_TRUE(names(compare(blank_then, blank_now), "function public.fn"));
  for (Objects* objects : {&blank_then, &blank_now})
    for (proof::InventoryObject& one : *objects) one.definition = "2:";
  EXPECT_FALSE(names(compare(blank_then, blank_now), "function public.fn"));
}

}  // namespace
}  // namespace pgassay::test
