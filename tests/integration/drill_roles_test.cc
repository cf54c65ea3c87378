// A drill's roles against the source's: by whole drills of the program as it was built.
#include <gtest/gtest.h>

#include <algorithm>

#include "core/repository/layout.h"
#include "tests/fixtures/live_backup.h"
#include "tests/fixtures/sample_backup.h"
#include "tests/fixtures/tamper.h"

namespace pgassay::test {
namespace {

/// A server whose superuser of initdb is "chief", and whose "postgres" is an ordinary role.
class ChiefsServer {
 public:
  ChiefsServer() : database_("app", "CREATE TABLE t AS SELECT 1 AS a", "", server_) {
    server_.psql("postgres", "CREATE ROLE helper SUPERUSER LOGIN");
    as("helper", "ALTER ROLE postgres RENAME TO chief");
    as("chief", R"(
      CREATE ROLE postgres LOGIN;
      CREATE ROLE reader NOINHERIT CREATEROLE CREATEDB;
      CREATE ROLE app LOGIN REPLICATION BYPASSRLS CONNECTION LIMIT 3 VALID UNTIL '2031-01-01 00:00+02';
      GRANT reader TO app; GRANT pg_monitor TO app WITH ADMIN OPTION;
      DO $$ BEGIN IF current_setting('server_version_num')::int >= 150000 THEN
        GRANT SET ON PARAMETER work_mem TO app; GRANT SET ON PARAMETER log_statement TO PUBLIC; END IF; END $$;
      COMMENT ON ROLE app IS 'it''s "the" app'; COMMENT ON ROLE chief IS 'chief';
      ALTER ROLE app SET search_path = "$user", public, 'a b'; ALTER ROLE app SET work_mem = '7MB';
      ALTER ROLE app IN DATABASE app SET work_mem = '8MB')");
  }
  ChiefsServer(const ChiefsServer&) = delete;
  ~ChiefsServer() { as("helper", "DROP ROLE postgres; ALTER ROLE chief RENAME TO postgres"); }

  bool has_parameters() const { return server_.major() >= 15; }
  std::string conninfo(const std::string& user) const {
    return "host=" + server_.dir().string() + " port=5432 dbname=app user=" + user;
  }

 private:
  void as(const std::string& user, const std::string& sql) const {
    Connection::open(ConnInfo::parse(conninfo(user)), "test", {}).query(sql);
  }

  const LocalServer server_;
  const LiveDatabase database_;
};

RoleFacts role_of(const Manifest& manifest, const std::string& name) {
  const auto found = std::ranges::find(manifest.roles.value(), name, &RoleFacts::name);
  return found == manifest.roles->end() ? RoleFacts() : *found;
}

void replace_in(std::string& text, const std::string& from, const std::string& to) {
  const auto at = text.find(from);
  ASSERT_NE(at, std::string::npos) << from << " in " << text;
  text.replace(at, from.size(), to);
}

TEST(DrillRoles, AreTheSourcesAlsoWhereItsPostgresIsAnOrdinaryRole) {
  const TemporaryDir work;
  set_mode(work.path(), 0711);
  const Vault vault;
  const ChiefsServer server;
  ASSERT_EQ(vault.run({"backup", "--source", "test", "-d", server.conninfo("chief")}).status, 0);
  const Backup backup = vault.repository().find("latest");
  const Path dir = backup.dir.path();
  const Manifest manifest = read_manifest(backup.dir);
  EXPECT_EQ(role_of(manifest, "postgres").attributes, (std::vector<std::string>{"inherit", "login"}));
  EXPECT_EQ(role_of(manifest, "reader").attributes, (std::vector<std::string>{"createdb", "createrole"}));
  const RoleFacts app = role_of(manifest, "app");
  EXPECT_EQ(app.attributes, (std::vector<std::string>{"inherit", "login", "replication", "bypassrls"}));
  EXPECT_EQ(app.connection_limit, 3);
  EXPECT_EQ(app.valid_until, "2030-12-31 22:00:00");
  EXPECT_EQ(app.comment, "it's \"the\" app");
  EXPECT_EQ(app.settings,
            (std::vector<RoleSetting>{{"search_path", "\"$user\", public, \"a b\""}, {"work_mem", "7MB"}}));
  ASSERT_EQ(app.member_of.size(), 2U);
  EXPECT_EQ(app.member_of[0].role, "pg_monitor");
  EXPECT_TRUE(app.member_of[0].admin);
  EXPECT_FALSE(app.member_of[1].admin);
  EXPECT_EQ(role_of(manifest, "pg_monitor"), RoleFacts()) << "it is a member of predefined roles only";

  const std::vector<std::string> drill = {"drill",     "latest",     "--engine",          "local",
                                          "--verbose", "--work-dir", work.path().string()};
  Ran ran = vault.run(drill);
  EXPECT_EQ(ran.status, 0) << ran.out << ran.err;
  EXPECT_NE((ran.out + ran.err).find("5 as in the source"), std::string::npos) << ran.out << ran.err;
  const bool has_parameters = server.has_parameters();

  std::string globals = read_file(dir / kGlobalsFile);
  replace_in(globals, "ALTER ROLE postgres WITH NOSUPERUSER", "ALTER ROLE postgres WITH SUPERUSER");
  replace_in(globals, "CONNECTION LIMIT 3", "");
  replace_in(globals, "'7MB'", "'9MB'");
  if (has_parameters) {
    EXPECT_EQ(app.parameters, (std::vector<std::string>{"SET on work_mem"}));
    replace_in(globals, "GRANT SET ON PARAMETER work_mem TO app",
               "GRANT SET ON PARAMETER work_mem TO reader");
    replace_in(globals, "GRANT SET ON PARAMETER log_statement TO PUBLIC;", "");
  }
  replace_in(globals, "GRANT reader TO app", "GRANT reader TO postgres");
  overwrite(dir / kGlobalsFile, globals + "CREATE ROLE intruder;\n");
  reseal(dir);
  ran = vault.run(drill);
  EXPECT_EQ(ran.status, 3) << ran.out << ran.err;
  for (const char* told : {"role postgres: member of reader", "superuser instead of none",
                           "role app: work_mem = 9MB instead of ", "connection limit 3",
                           "role intruder: it was none of the source's"})
    EXPECT_NE((ran.out + ran.err).find(told), std::string::npos) << told << "\n" << ran.out << ran.err;
  if (!has_parameters) return;
  for (const char* told :
       {"role reader: privilege SET on work_mem instead of none", "log_statement to PUBLIC"})
    EXPECT_NE((ran.out + ran.err).find(told), std::string::npos) << told << "\n" << ran.out << ran.err;
}

}  // namespace
}  // namespace pgassay::test
