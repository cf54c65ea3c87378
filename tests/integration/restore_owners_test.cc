// Restores into a database that is in use, by a superuser, of tables whose owner would like to be one, too.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <fstream>

#include "tests/fixtures/live_backup.h"
#include "tests/fixtures/local_server.h"
#include "tests/fixtures/round_trip.h"

namespace pgassay::test {
namespace {

/// What the tenant's code tries. It is IMMUTABLE to be allowed everywhere, and may do all the same.
const std::string kTenant = R"(
DROP ROLE IF EXISTS tenant; CREATE ROLE tenant; CREATE SCHEMA ten AUTHORIZATION tenant; GRANT CREATE ON SCHEMA ten TO tenant;
CREATE TABLE ten.heard (who text); ALTER TABLE ten.heard OWNER TO tenant;
CREATE FUNCTION ten.promote() RETURNS int LANGUAGE plpgsql AS $$ BEGIN ALTER ROLE tenant SUPERUSER; RETURN 1;
  EXCEPTION WHEN OTHERS THEN RETURN 0; END $$;
CREATE FUNCTION ten.late() RETURNS int LANGUAGE plpgsql AS $$ BEGIN
  BEGIN RESET ROLE; PERFORM ten.promote(); EXCEPTION WHEN OTHERS THEN NULL; END; RETURN 1; END $$;
CREATE FUNCTION ten.deferred() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM ten.late(); RETURN NULL; END $$;
CREATE FUNCTION ten.rise() RETURNS void LANGUAGE plpgsql AS $$ BEGIN
  PERFORM ten.promote();
  BEGIN RESET ROLE; PERFORM ten.promote(); EXCEPTION WHEN OTHERS THEN NULL; END;
  BEGIN RESET SESSION AUTHORIZATION; PERFORM ten.promote(); EXCEPTION WHEN OTHERS THEN NULL; END;
  BEGIN SET ROLE postgres; PERFORM ten.promote(); EXCEPTION WHEN OTHERS THEN NULL; END;
  BEGIN EXECUTE 'DECLARE later CURSOR WITH HOLD FOR SELECT ten.late()'; EXCEPTION WHEN OTHERS THEN NULL; END;
  BEGIN CREATE TEMPORARY TABLE bait (n int); CREATE CONSTRAINT TRIGGER later AFTER INSERT ON bait DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW EXECUTE FUNCTION ten.deferred(); INSERT INTO bait VALUES (1); EXCEPTION WHEN OTHERS THEN NULL; END;
  BEGIN SET search_path = ten, pg_catalog; SET session_replication_role = origin; EXCEPTION WHEN OTHERS THEN NULL; END;
  BEGIN SET search_path = ten, pg_catalog; EXCEPTION WHEN OTHERS THEN NULL; END;
  BEGIN EXECUTE 'CREATE FUNCTION ten.length(text) RETURNS int LANGUAGE sql AS ''SELECT ten.late()'''; EXCEPTION WHEN OTHERS THEN NULL; END;
END $$;
CREATE FUNCTION ten.evil(int) RETURNS bool LANGUAGE plpgsql IMMUTABLE AS 'BEGIN PERFORM ten.rise(); RETURN true; END';
ALTER FUNCTION ten.promote OWNER TO tenant; ALTER FUNCTION ten.rise OWNER TO tenant; ALTER FUNCTION ten.deferred OWNER TO tenant;
ALTER FUNCTION ten.late OWNER TO tenant; ALTER FUNCTION ten.evil OWNER TO tenant;
)";

/// The tenant's table ten.t (id int, n int, …), and where it has such code.
struct Route {
  const char* name;
  const char* sql;
};
void PrintTo(const Route& route, std::ostream* out) {
  *out << route.name;
}

const Route kRoutes[] = {
    {"check", "CREATE TABLE ten.t (id int PRIMARY KEY, n int CHECK (ten.evil(n)));"},
    {"domain",
     "CREATE DOMAIN ten.d AS int CHECK (ten.evil(VALUE)); CREATE TABLE ten.t (id int PRIMARY KEY, n ten.d);"},
    {"domain_in_an_array",
     "CREATE DOMAIN ten.d AS int CHECK (ten.evil(VALUE)); CREATE TYPE ten.c AS (a ten.d[]);"
     "CREATE TABLE ten.t (id int PRIMARY KEY, n int, c ten.c DEFAULT '({1})');"},
    {"generated_column",
     "CREATE TABLE ten.t (id int PRIMARY KEY, n int, g bool GENERATED ALWAYS AS (ten.evil(n)) STORED);"},
    {"index", "CREATE TABLE ten.t (id int PRIMARY KEY, n int); CREATE INDEX ON ten.t (ten.evil(n));"},
    {"index_of_a_constant",
     "CREATE TABLE ten.t (id int PRIMARY KEY, n int); CREATE INDEX ON ten.t ((n > 0 AND ten.evil(1)));"},
    {"partition_key",
     "CREATE TABLE ten.t (id int, n int) PARTITION BY LIST (ten.evil(n)); CREATE TABLE ten.t1 PARTITION OF "
     "ten.t DEFAULT;"},
    {"partition_bound",
     "CREATE DOMAIN ten.d AS int CHECK (ten.evil(VALUE)); CREATE TABLE ten.t (id int, n ten.d) PARTITION BY "
     "LIST (n);"
     "CREATE TABLE ten.t1 PARTITION OF ten.t FOR VALUES IN (7); CREATE TABLE ten.t2 PARTITION OF ten.t "
     "DEFAULT;"},
    {"trigger",
     "CREATE TABLE ten.t (id int PRIMARY KEY, n int); CREATE TRIGGER evil AFTER INSERT ON ten.t FOR EACH ROW "
     "EXECUTE FUNCTION ten.deferred();"},
    {"check_that_runs_a_query",
     "CREATE TABLE ten.t (id int PRIMARY KEY, n int CHECK (query_to_xml('SELECT ten.late()', true, true, '') "
     "IS NOT NULL));"},
    {"check_of_the_whole_row",
     "CREATE TABLE ten.t (id int PRIMARY KEY, n int); CREATE FUNCTION ten.whole(ten.t) RETURNS bool LANGUAGE "
     "sql AS 'SELECT ten.evil(($1).n)';"
     "ALTER FUNCTION ten.whole OWNER TO tenant; ALTER TABLE ten.t ADD CONSTRAINT whole CHECK "
     "(ten.whole(t.*));"},
};

/// A database with the tenant's table, the backup of which was taken before the tenant had a right to
/// anything.
class Tenancy {
 public:
  explicit Tenancy(const std::string& name, const std::string& sql)
      : database_(name,
                  "SET client_min_messages = error;" + kTenant + sql +
                      "INSERT INTO ten.t (id, n) SELECT g, CASE WHEN g = 1 THEN 7 ELSE g END FROM "
                      "generate_series(1, 20) g;"
                      "DO $$ DECLARE o record; BEGIN FOR o IN SELECT oid::regclass AS t FROM pg_class WHERE "
                      "relnamespace = 'ten'::regnamespace"
                      " AND relkind IN ('r', 'p') LOOP EXECUTE format('ALTER TABLE %s OWNER TO tenant', "
                      "o.t); END LOOP;"
                      " FOR o IN SELECT oid::regtype AS t FROM pg_type WHERE typnamespace = "
                      "'ten'::regnamespace AND typtype IN ('d', 'c')"
                      " AND (typrelid = 0 OR typrelid IN (SELECT oid FROM pg_class WHERE relkind = 'c')) LOOP"
                      " EXECUTE format('ALTER TYPE %s OWNER TO tenant', o.t); END LOOP; END $$; ALTER ROLE "
                      "tenant NOSUPERUSER;"),
        backup_(trip_.back_up(name)) {
    database_.psql("ALTER ROLE tenant NOSUPERUSER;");
  }
  ~Tenancy() { database_.psql("DROP OWNED BY tenant CASCADE; DROP ROLE tenant;"); }

  template <typename Request>
  restore::RestoreReport restore(Request request = {}) const {
    request.wanted.tables = {"ten.t"};
    return restore_as_it_says(request);
  }
  template <typename Request>
  restore::RestoreReport restore_as_it_says(Request request) const {
    request.connection = shared_server().connection(database_.name());
    return trip_.restore(backup_, request);
  }
  restore::RestoreReport restore_whole(const restore::IntoEmpty& request) const {
    return trip_.restore(backup_, request);
  }
  void psql(const std::string& sql) const { database_.psql("SET client_min_messages = error; " + sql); }
  std::string value(const std::string& sql) const { return database_.value(sql); }
  std::string tenant_is_superuser() const {
    return value("SELECT rolsuper FROM pg_roles WHERE rolname = 'tenant'");
  }
  std::string logins_left() const {
    return value("SELECT count(*) FROM pg_roles WHERE rolname LIKE 'pgassay\\_owner\\_%'");
  }

 private:
  Database database_;
  RoundTrip trip_;
  Backup backup_;
};

class RestoreOwners : public testing::TestWithParam<Route> {
 protected:
  std::string name(const char* how) const { return fmt::format("owners_{}_{}", GetParam().name, how); }
};

TEST_P(RestoreOwners, TableGivesTheTenantNoRights) {
  const Tenancy tenancy(name("table"), GetParam().sql);
  tenancy.psql("DROP TABLE ten.t CASCADE;");
  const restore::RestoreReport report = tenancy.restore<restore::WholeTables>();
  EXPECT_EQ(lines(report.lost), "");
  EXPECT_EQ(report.verdict, Verdict::pass);
  EXPECT_EQ(tenancy.tenant_is_superuser(), "f");
  EXPECT_EQ(tenancy.value("SELECT count(*) FROM ten.t"), "20");
  EXPECT_EQ(tenancy.value("SELECT relowner::regrole FROM pg_class WHERE oid = 'ten.t'::regclass"), "tenant");
  EXPECT_EQ(tenancy.logins_left(), "0");
}

TEST_P(RestoreOwners, DataOnlyGivesTheTenantNoRights) {
  const Tenancy tenancy(name("data_only"), GetParam().sql);
  tenancy.psql("SET session_replication_role = replica; DELETE FROM ten.t; ALTER ROLE tenant NOSUPERUSER;");
  const restore::RestoreReport report = tenancy.restore<restore::RowsInto>();
  EXPECT_EQ(report.verdict, Verdict::pass);
  EXPECT_EQ(tenancy.tenant_is_superuser(), "f");
  EXPECT_EQ(tenancy.value("SELECT count(*) FROM ten.t"), "20");
  EXPECT_EQ(tenancy.logins_left(), "0");
}

TEST_P(RestoreOwners, ACopyBesideGivesTheTenantNoRights) {
  const Tenancy tenancy(name("as"), GetParam().sql);
  restore::TableBeside request;
  request.as = "copy";
  const restore::RestoreReport report = tenancy.restore(request);
  EXPECT_EQ(report.verdict, Verdict::pass);
  EXPECT_EQ(tenancy.tenant_is_superuser(), "f");
  EXPECT_EQ(tenancy.value("SELECT count(*) FROM ten.copy"), "20");
  EXPECT_EQ(tenancy.logins_left(), "0");
}

INSTANTIATE_TEST_SUITE_P(Routes, RestoreOwners, testing::ValuesIn(kRoutes),
                         [](const auto& route) { return std::string(route.param.name); });

const std::string kChecked = "CREATE TABLE ten.t (id int PRIMARY KEY, n int CHECK (ten.evil(n)));";

TEST(RestoreOwnersRights, WithTrustInOwnersTheirCodeHasThoseOfTheRestore) {
  const Tenancy tenancy("owners_trusted", kChecked);
  tenancy.psql("DROP TABLE ten.t;");
  restore::WholeTables request;
  request.trust_owners = true;
  EXPECT_EQ(tenancy.restore(request).verdict, Verdict::pass);
  EXPECT_EQ(tenancy.tenant_is_superuser(), "t");
}

TEST(RestoreOwnersRights, AreNamedWithTheCodeThatHasThem) {
  const Tenancy tenancy("owners_named", kChecked);
  tenancy.psql("DROP TABLE ten.t;");
  const restore::RestoreReport report = tenancy.restore<restore::WholeTables>();
  EXPECT_NE(
      lines(report.notes)
          .find("loaded with the rights of tenant alone, whose code runs for each row: ten.evil(integer)"),
      std::string::npos)
      << lines(report.notes);
}

TEST(RestoreOwnersRights, ThatTheOwnerLacksAreToldAsThatAndNothingIsChanged) {
  const Tenancy tenancy("owners_lack", kChecked);
  tenancy.psql(
      "DROP TABLE ten.t; ALTER SCHEMA ten OWNER TO postgres; REVOKE ALL ON SCHEMA ten FROM tenant; GRANT "
      "USAGE ON SCHEMA ten TO tenant;");
  try {
    tenancy.restore<restore::WholeTables>();
    FAIL() << "no exception";
  } catch (const Error& error) {
    EXPECT_EQ(error.sqlstate(), "42501");
    EXPECT_NE(std::string(error.what()).find("tenant lacks a right"), std::string::npos) << error.what();
    EXPECT_NE(error.hint().find("--trust-owners"), std::string::npos) << error.hint();
  }
  EXPECT_EQ(tenancy.value("SELECT to_regclass('ten.t') IS NULL"), "t");
  EXPECT_EQ(tenancy.logins_left(), "0");
}

TEST(RestoreOwnersRights, OfTwoOwnersAreNotGivenToEither) {
  const Tenancy tenancy("owners_two", kChecked + "CREATE TABLE ten.tother (id int);");
  tenancy.psql("ALTER TABLE ten.tother OWNER TO postgres; TRUNCATE ten.t, ten.tother;");
  restore::RowsInto request;
  request.wanted.tables = {"ten.*"};
  request.wanted.exclude_tables = {"ten.heard"};
  EXPECT_THROW(
      {
        try {
          tenancy.restore_as_it_says(request);
        } catch (const Refused& error) {
          EXPECT_NE(std::string(error.what()).find("more than one owner: postgres, tenant"),
                    std::string::npos)
              << error.what();
          throw;
        }
      },
      Refused);
}

TEST(RestoreOwnersRights, AreHadWhereNotEverybodyMayConnect) {
  const Tenancy tenancy("owners_connect", kChecked);
  tenancy.psql("DROP TABLE ten.t; REVOKE CONNECT ON DATABASE owners_connect FROM PUBLIC;");
  const std::string acl = "SELECT datacl FROM pg_database WHERE datname = 'owners_connect'";
  const std::string before = tenancy.value(acl);
  EXPECT_EQ(tenancy.restore<restore::WholeTables>().verdict, Verdict::pass);
  EXPECT_EQ(tenancy.tenant_is_superuser(), "f");
  EXPECT_EQ(tenancy.logins_left(), "0");
  EXPECT_EQ(tenancy.value(acl), before);
}

/// The program against a server that lets in nobody but its superuser, as `peer` does.
TEST(RestoreOwnersRights, ThatCannotBeHadRefuseAndNameTheCodeUnlessOwnersAreTrusted) {
  const LocalServer server;
  const LiveDatabase database(
      "owners_peer",
      "CREATE ROLE tenant; CREATE FUNCTION valid(int) RETURNS bool LANGUAGE sql AS 'SELECT true';"
      "CREATE TABLE t (id int PRIMARY KEY, n int CHECK (valid(n))); INSERT INTO t VALUES (1, 1);"
      "ALTER FUNCTION valid OWNER TO tenant; ALTER TABLE t OWNER TO tenant; GRANT CREATE ON SCHEMA public TO "
      "tenant;",
      "", server);
  const Vault vault;
  ASSERT_EQ(vault.back_up(database).status, 0);
  std::ofstream(server.dir() / "data" / "pg_hba.conf") << "local all postgres trust\n";
  database.psql("SELECT pg_reload_conf(); TRUNCATE t;");
  const std::vector<std::string> restore = {"restore",     "latest",  "-d", database.conninfo(),
                                            "--data-only", "--table", "t"};
  const Ran refused = vault.run(restore);
  EXPECT_EQ(refused.status, 6) << refused.out << refused.err;
  EXPECT_NE(refused.err.find("public.valid(integer)"), std::string::npos) << refused.err;
  EXPECT_NE(refused.err.find("--trust-owners"), std::string::npos) << refused.err;
  EXPECT_EQ(database.value("SELECT count(*) FROM t"), "0");
  std::vector<std::string> trusting = restore;
  trusting.emplace_back("--trust-owners");
  const Ran done = vault.run(trusting);
  EXPECT_EQ(done.status, 0) << done.out << done.err;
  EXPECT_EQ(database.value("SELECT count(*) FROM t"), "1");
  EXPECT_EQ(database.value("SELECT count(*) FROM pg_roles WHERE rolname LIKE 'pgassay\\_owner%'"), "0");

  restore::IntoEmpty as_drill;
  as_drill.connection = server.connection();
  as_drill.create = true;
  as_drill.into = "owners_peer_drilled";
  as_drill.throwaway = true;
  Observer silent;
  const restore::RestoreReport drilled =
      restore_backup(vault.repository(), vault.repository().find("latest"), as_drill, silent, {});
  EXPECT_EQ(drilled.verdict, Verdict::pass);
  EXPECT_NE(lines(drilled.notes)
                .find("code that does not belong to a superuser ran with the rights of the restore: "
                      "public.valid(integer)"),
            std::string::npos)
      << lines(drilled.notes);
}

TEST(RestoreOwnersRights, LeftByAKilledRestoreAreDroppedByTheNext) {
  const Tenancy tenancy("owners_stale", kChecked);
  tenancy.psql(
      "DROP TABLE ten.t; CREATE ROLE pgassay_owner_0123456789abcdef LOGIN VALID UNTIL '2020-01-01';"
      "COMMENT ON ROLE pgassay_owner_0123456789abcdef IS 'pgassay: the login of one session of a restore';"
      "GRANT tenant TO pgassay_owner_0123456789abcdef; CREATE TABLE ten.left_over ();"
      "ALTER TABLE ten.left_over OWNER TO pgassay_owner_0123456789abcdef;");
  tenancy.restore<restore::WholeTables>();
  EXPECT_EQ(tenancy.logins_left(), "0");
  EXPECT_EQ(tenancy.value("SELECT relowner::regrole FROM pg_class WHERE relname = 'left_over'"), "tenant");
}

/// Into a database of its own.
restore::IntoEmpty into_its_own(const std::string& name, bool distrust) {
  restore::IntoEmpty request = created(name);
  request.connection = shared_server().connection("postgres");
  request.distrust_owners = distrust;
  return request;
}

TEST(RestoreOwnersRights, AreAllThatTheirCodeHasInAWholeRestoreOnRequestAndElseItIsNamed) {
  for (const Route& route : {kRoutes[0], kRoutes[1], kRoutes[3]}) {
    const Tenancy tenancy(fmt::format("owners_whole_{}", route.name), route.sql);
    const std::string copy = fmt::format("owners_copy_{}", route.name);
    const restore::RestoreReport report = tenancy.restore_whole(into_its_own(copy, true));
    EXPECT_EQ(lines(report.lost), "") << route.name;
    EXPECT_EQ(report.verdict, Verdict::pass) << route.name;
    EXPECT_EQ(tenancy.tenant_is_superuser(), "f") << route.name;
    EXPECT_EQ(tenancy.logins_left(), "0");
    shared_server().drop_database(copy);
    const restore::RestoreReport trusting = tenancy.restore_whole(into_its_own(copy, false));
    EXPECT_NE(lines(trusting.notes).find("ten.evil(integer)"), std::string::npos) << lines(trusting.notes);
    shared_server().drop_database(copy);
  }
}

/// Rows that the owner's rights do not suffice for are lost and told as that; the rule is what it was.
TEST(RestoreOwnersRights, ThatTheOwnerLacksInAWholeRestoreNeverDropARule) {
  const Tenancy tenancy(
      "owners_whole_lack",
      "CREATE TABLE secret (n int); CREATE FUNCTION ten.peek(int) RETURNS bool LANGUAGE plpgsql AS"
      " 'BEGIN PERFORM FROM public.secret; RETURN true; END'; ALTER FUNCTION ten.peek OWNER TO tenant;"
      "CREATE TABLE ten.t (id int PRIMARY KEY, n int CONSTRAINT peeks CHECK (ten.peek(n)));");
  const restore::RestoreReport report = tenancy.restore_whole(into_its_own("owners_lack_copy", true));
  EXPECT_EQ(report.verdict, Verdict::fail);
  ASSERT_EQ(report.lost.size(), 1U) << lines(report.lost);
  EXPECT_EQ(report.lost[0].kind, restore::LossKind::rows);
  EXPECT_EQ(report.lost[0].sqlstate, "42501");
  EXPECT_NE(report.lost[0].text.find("tenant lacks a right"), std::string::npos) << report.lost[0].text;
  EXPECT_EQ(shared_server().value("owners_lack_copy",
                                  "SELECT convalidated FROM pg_constraint WHERE conname = 'peeks'"),
            "t");
  EXPECT_EQ(tenancy.logins_left(), "0");
  shared_server().drop_database("owners_lack_copy");
}

}  // namespace
}  // namespace pgassay::test
