// A server that somebody else administers: its superuser is not to be had, and neither are its files nor
// pg_authid.
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "tests/fixtures/live_backup.h"

namespace pgassay::test {
namespace {

/// Two servers of such a service. The customer's role is "master", which may make databases and roles, and
/// nothing else; the extension in "shop" belongs to the service's superuser.
class ManagedServer : public ::testing::Test {
 protected:
  ManagedServer() {
    for (const LocalServer* server : {&source_, &target_})
      server->psql(
          "postgres",
          "CREATE ROLE master LOGIN CREATEDB CREATEROLE PASSWORD 'secret';"
          "REVOKE ALL ON DATABASE postgres FROM PUBLIC; GRANT CONNECT ON DATABASE postgres TO master;");
    source_.psql("postgres", "CREATE DATABASE shop OWNER master;");
    source_.psql("shop", "CREATE EXTENSION hstore; CREATE EXTENSION pg_trgm;");
    source_.psql("shop", R"(
      SET ROLE master;
      CREATE ROLE app LOGIN PASSWORD 'hidden';
      GRANT app TO master;
      CREATE SCHEMA app AUTHORIZATION app;
      SET ROLE app;
      CREATE TABLE app.customer (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, name text NOT NULL, tags public.hstore,
        initial text GENERATED ALWAYS AS (left(name, 1)) STORED);
      CREATE INDEX customer_name ON app.customer USING gin (name public.gin_trgm_ops);
      INSERT INTO app.customer (name, tags) SELECT 'customer ' || g, public.hstore('n', g::text) FROM generate_series(1, 1000) g;
      CREATE VIEW app.some AS SELECT id, name FROM app.customer WHERE id < 10;
      CREATE FUNCTION app.total() RETURNS bigint LANGUAGE sql AS 'SELECT count(*) FROM app.customer';
      SET ROLE master;
      CREATE TABLE public.log (at timestamptz DEFAULT now(), line text);
      INSERT INTO public.log (line) SELECT 'line ' || g FROM generate_series(1, 500) g;
      COMMENT ON DATABASE shop IS 'the shop';
      ALTER DATABASE shop SET work_mem = '7MB';
      GRANT SELECT ON public.log TO app;)");
  }
  static std::string as_master(const LocalServer& server, const std::string& database) {
    std::string conninfo = server.conninfo(database);
    const auto at = conninfo.find("user=postgres");
    return conninfo.replace(at, 13, "user=master");
  }
  Ran back_up() const {
    return vault_.run({"backup", "-d", as_master(source_, "shop"), "--source", "managed", "--json"});
  }

  LocalServer source_, target_;
  Vault vault_;
};

TEST_F(ManagedServer, IsBackedUpByTheRoleThatItsCustomerHas) {
  const Ran backup = back_up();
  ASSERT_EQ(backup.status, 0) << backup.out << backup.err;
  const Manifest manifest = read_manifest(vault_.repository().find("latest").dir);
  EXPECT_EQ(manifest.summary.rows, 1500U);
  EXPECT_FALSE(manifest.role_passwords);
  EXPECT_EQ(vault_.run({"verify", "--all"}).status, 0);
}

TEST_F(ManagedServer, WithLargeObjectsThatTheRoleMayNotReadIsRefusedWithWhatGivesTheRight) {
  source_.psql("shop", "SELECT lo_from_bytea(4711, 'x')");
  const Ran backup = back_up();
  EXPECT_EQ(backup.status, 6) << backup.out << backup.err;
  EXPECT_TRUE(vault_.repository().list().empty());
  if (source_.major() < 14) return;
  source_.psql("postgres", "GRANT pg_read_all_data TO master");
  EXPECT_EQ(back_up().status, 0);
}

TEST_F(ManagedServer, IsDrilledInALocalServer) {
  ASSERT_EQ(back_up().status, 0);
  const Ran drill = vault_.run({"drill", "latest", "--engine", "local", "--json"});
  EXPECT_EQ(drill.status, 0) << drill.out << drill.err;
  EXPECT_EQ(nlohmann::json::parse(drill.out).at("verdict"), "PASS");
}

TEST_F(ManagedServer, IsRestoredIntoOneLikeItByTheRoleThatItsCustomerHas) {
  ASSERT_EQ(back_up().status, 0);
  const Ran restore = vault_.run(
      {"restore", "latest", "-d", as_master(target_, "postgres"), "--create", "--into", "shop", "--json"});
  EXPECT_EQ(restore.status, 0) << restore.out << restore.err;
  EXPECT_EQ(target_.value("shop", "SELECT count(*), (SELECT count(*) FROM public.log) FROM app.customer"),
            "1000|500");
  EXPECT_EQ(target_.value("shop", "SELECT tableowner FROM pg_tables WHERE tablename = 'customer'"), "app");
}

}  // namespace
}  // namespace pgassay::test
