#include "core/postgres/source_facts.h"

#include <gtest/gtest.h>

#include "tests/fixtures/local_server.h"

namespace pgassay {
namespace {

using test::shared_server;

DatabaseProperties properties_of(const std::string& database) {
  Connection connection = Connection::open(shared_server().connection(database), "test", {});
  return read_database_properties(connection);
}

std::string acl_of(const std::string& database) {
  return shared_server().value(
      "postgres",
      "SELECT string_agg(x::text, ' ' ORDER BY x::text) FROM pg_database, aclexplode(coalesce("
      "datacl, acldefault('d', datdba))) x WHERE datname = '" +
          database + "'");
}

std::string settings_of(const std::string& database) {
  return shared_server().value(
      "postgres",
      "SELECT string_agg(setrole::regrole::text || ':' || c, ' | ' ORDER BY setrole, c) FROM "
      "pg_db_role_setting, unnest(setconfig) c WHERE setdatabase = (SELECT oid FROM pg_database "
      "WHERE datname = '" +
          database + "')");
}

TEST(DatabaseProperties, AreReadAsTheyWereSet) {
  shared_server().create_database("facts \"1\"",
                                  "TEMPLATE template0 ENCODING 'LATIN1' LOCALE 'C' CONNECTION LIMIT 7");
  shared_server().psql("postgres", "COMMENT ON DATABASE \"facts \"\"1\"\"\" IS 'it''s';");
  const DatabaseProperties facts = properties_of("facts \"1\"");
  EXPECT_EQ(facts.name, "facts \"1\"");
  EXPECT_EQ(facts.owner, "postgres");
  EXPECT_EQ(facts.encoding, "LATIN1");
  EXPECT_EQ(facts.collate, "C");
  EXPECT_EQ(facts.provider, 'c');
  EXPECT_EQ(facts.tablespace, "pg_default");
  EXPECT_EQ(facts.comment, "it's");
  EXPECT_EQ(facts.connection_limit, 7);
  EXPECT_TRUE(facts.grants.empty());
  EXPECT_TRUE(facts.settings.empty());
}

TEST(DatabaseProperties, GiveTheIcuLocale) {
  if (shared_server().major() < 15) GTEST_SKIP() << "before 15 no database has a locale of ICU";
  shared_server().create_database("icu", "TEMPLATE template0 LOCALE_PROVIDER icu ICU_LOCALE 'de-AT'");
  EXPECT_EQ(properties_of("icu").provider, 'i');
  EXPECT_EQ(properties_of("icu").icu_locale, "de-AT");
}

TEST(DatabaseProperties, GrantsMakeTheSamePrivilegesAnew) {
  shared_server().psql("postgres", "CREATE ROLE \"facts \"\"o\"; CREATE ROLE facts_a; CREATE ROLE facts_b;");
  const std::string changes[] = {
      "REVOKE ALL ON DATABASE granted FROM PUBLIC",
      "REVOKE CREATE ON DATABASE granted FROM \"facts \"\"o\"",
      "GRANT CONNECT ON DATABASE granted TO facts_a WITH GRANT OPTION",
      "GRANT CREATE, TEMPORARY ON DATABASE granted TO facts_a, facts_b",
      "GRANT CONNECT ON DATABASE granted TO PUBLIC",
      "GRANT CREATE, CONNECT, TEMPORARY ON DATABASE granted TO PUBLIC",
  };
  shared_server().create_database("granted", "OWNER \"facts \"\"o\"");
  for (const std::string& change : changes) {
    shared_server().psql("postgres", change + ";");
    shared_server().create_database("granted_anew", "OWNER \"facts \"\"o\"");
    for (std::string statement : properties_of("granted").grants) {
      statement.replace(statement.find(":DATABASE:"), 10, "granted_anew");
      shared_server().psql("postgres", statement + ";");
    }
    EXPECT_EQ(acl_of("granted_anew"), acl_of("granted")) << change;
    shared_server().drop_database("granted_anew");
  }
}

TEST(DatabaseProperties, SettingsMakeTheSameSettingsAnew) {
  shared_server().create_database("tuned");
  shared_server().create_database("tuned_anew");
  shared_server().psql("postgres", R"(CREATE ROLE "tuned ""r";
    ALTER DATABASE tuned SET search_path TO "$user", 'a "b, c', public;
    ALTER DATABASE tuned SET work_mem = '8MB';
    ALTER DATABASE tuned SET my.own = 'it''s \ "x", y';
    ALTER DATABASE tuned SET "TimeZone" = 'Europe/Vienna';
    ALTER ROLE "tuned ""r" IN DATABASE tuned SET search_path = '';
    ALTER ROLE "tuned ""r" IN DATABASE tuned SET DateStyle = 'German, DMY';)");
  const DatabaseProperties facts = properties_of("tuned");
  ASSERT_EQ(facts.settings.size(), 6U);
  for (const DatabaseSetting& setting : facts.settings) {
    const std::string target =
        setting.role.empty() ? "DATABASE" : "ROLE " + quote_identifier(setting.role) + " IN DATABASE";
    shared_server().psql("postgres", "ALTER " + target + " tuned_anew " + set_clause(setting) + ";");
  }
  EXPECT_EQ(settings_of("tuned_anew"), settings_of("tuned"));
}

TEST(ServerFacts, AreTheServers) {
  Connection connection = Connection::open(shared_server().connection(), "test", {});
  const ServerFacts facts = read_server_facts(connection);
  EXPECT_EQ(facts.version, connection.server_version());
  EXPECT_TRUE(facts.version_text.starts_with(std::to_string(facts.version / 10000)));
  EXPECT_EQ(facts.system_identifier,
            shared_server().value("postgres", "SELECT system_identifier FROM pg_control_system()"));
  EXPECT_FALSE(facts.standby);
  EXPECT_TRUE(facts.superuser);
  EXPECT_EQ(facts.lc_monetary, "C.UTF-8");
  EXPECT_EQ(facts.max_locks_per_transaction, 64);
  EXPECT_GT(facts.database_bytes, 1000000U);
  EXPECT_LT(std::chrono::abs(facts.clock - now()), std::chrono::minutes(1));
}

TEST(ServerFacts, AreReadWithoutPrivilegesToo) {
  shared_server().psql("postgres",
                       "CREATE ROLE facts_reader LOGIN;\n"
                       "REVOKE EXECUTE ON FUNCTION pg_control_system() FROM PUBLIC;");
  ConnInfo info = shared_server().connection();
  info.parameters["user"] = "facts_reader";
  Connection connection = Connection::open(info, "test", {});
  const ServerFacts facts = read_server_facts(connection);
  EXPECT_FALSE(facts.superuser);
  EXPECT_EQ(facts.system_identifier, "");
  shared_server().psql("postgres", "GRANT EXECUTE ON FUNCTION pg_control_system() TO PUBLIC;");
}

TEST(Extensions, AreListedWithSchemaAndVersion) {
  Connection connection = Connection::open(shared_server().connection(), "test", {});
  const auto extensions = list_extensions(connection);
  ASSERT_EQ(extensions.size(), 1U);
  EXPECT_EQ(extensions[0].name, "plpgsql");
  EXPECT_EQ(extensions[0].schema, "pg_catalog");
  EXPECT_EQ(extensions[0].version, "1.0");
}

}  // namespace
}  // namespace pgassay
