// Servers that are not as initdb leaves them: databases and roles of other names, settings of roles and of
// databases.
#include <gtest/gtest.h>

#include <algorithm>

#include "tests/fixtures/live_backup.h"

namespace pgassay::test {
namespace {

constexpr const char* kRows =
    "CREATE TABLE t (i int PRIMARY KEY, f float8, at timestamptz, b bytea, x xml, n numeric, a int[]);"
    "INSERT INTO t SELECT g, g / 7.0, timestamptz '2026-03-29 01:30:00+00' + g * interval '1 hour', "
    "decode('00ff5c', 'hex'), xmlparse(content '<a/>text'), 1.10 * g, ARRAY[g, NULL] FROM generate_series(1, "
    "300) g;"
    "CREATE VIEW v AS SELECT i, a FROM t WHERE f = 0.5 OR i IN (1, 2); CREATE SEQUENCE s;"
    "SELECT lo_from_bytea(0, decode('00ff', 'hex')) FROM generate_series(1, 3)";

/// Undone in the end, so that the databases are found that are to be dropped.
class Renamed {
 public:
  Renamed(const LocalServer& server, std::string through, std::string there, std::string back)
      : server_(server), through_(std::move(through)), back_(std::move(back)) {
    server_.psql(through_, there);
  }
  Renamed(const Renamed&) = delete;
  ~Renamed() { server_.psql(through_, back_); }

 private:
  const LocalServer& server_;
  std::string through_, back_;
};

std::string unnamed(const LocalServer& server, const std::string& user = "postgres") {
  return "host=" + server.dir().string() + " port=5432 user=" + user;
}

TEST(AnyServer, NeedsNoDatabaseOfTheNamePostgres) {
  const LocalServer server;
  const LiveDatabase database("app", kRows, "", server);
  const Renamed without(server, "template1", "ALTER DATABASE postgres RENAME TO elsewhere",
                        "ALTER DATABASE elsewhere RENAME TO postgres");
  const Vault vault;
  const std::string here = unnamed(server);
  Ran ran = vault.run({"doctor", "--source", "test", "--all-databases", "-d", here});
  EXPECT_EQ(ran.status, 0) << ran.out << ran.err;
  ran = vault.run({"backup", "--source", "test", "--all-databases", "-d", here});
  ASSERT_EQ(ran.status, 0) << ran.err;
  EXPECT_EQ(vault.repository().list().size(), 2U) << "app and elsewhere";
  ran = vault.run({"restore", "latest", "--database", "app", "--create", "--into", "app_copy", "-d", here});
  EXPECT_EQ(ran.status, 0) << ran.out << ran.err;
  ran = vault.run({"restore", "latest", "--database", "app", "--replace", "app", "-d", here});
  EXPECT_EQ(ran.status, 0) << ran.out << ran.err;

  TemporaryDir dir;
  replace_file(dir.path() / "pgassay.toml",
               "[source.night]\nall_databases = true\ndbname = \"" + here + "\"\n");
  ran = vault.run({"nightly", "night"}, {{"PGASSAY_CONFIG", (dir.path() / "pgassay.toml").string()}});
  EXPECT_EQ(ran.status, 0) << ran.out << ran.err;
}

TEST(AnyServer, RespectsTheDatabaseThatIsNamedAlsoWhereItIsNotThere) {
  const LiveDatabase database("odd_named", kRows);
  const Vault vault;
  ASSERT_EQ(vault.back_up(database).status, 0);
  const std::string named = unnamed(shared_server()) + " dbname=no_such_one";
  const Ran ran = vault.run({"restore", "latest", "--create", "--into", "odd_named_copy", "-d", named});
  EXPECT_NE(ran.status, 0) << ran.out;
  EXPECT_NE(ran.err.find("no_such_one"), std::string::npos) << ran.err;
}

TEST(AnyServer, NeedsNoSuperuserOfTheNamePostgres) {
  const LocalServer server;
  const LiveDatabase database("app", kRows, "", server);
  server.psql("postgres", "CREATE ROLE helper SUPERUSER LOGIN");
  const Vault vault;
  const std::string chief = unnamed(server, "chief");
  const auto rename = [&](const std::string& from, const std::string& to) {
    Connection helper =
        Connection::open(ConnInfo::parse(unnamed(server, "helper") + " dbname=app"), "test", {});
    helper.query("ALTER ROLE " + from + " RENAME TO " + to);
  };
  rename("postgres", "chief");
  Ran ran = vault.run({"backup", "--source", "test", "-d", chief + " dbname=app"});
  EXPECT_EQ(ran.status, 0) << ran.err;
  ran = vault.run({"restore", "latest", "--create", "--into", "app_copy", "-d", chief});
  EXPECT_EQ(ran.status, 0) << ran.out << ran.err;
  rename("chief", "postgres");
}

/// A role that becomes another one as soon as it connects, in the database or everywhere.
TEST(AnyServer, StaysWhoConnectedWhateverRoleASettingNames) {
  const LiveDatabase database("odd_role", kRows);
  shared_server().psql(
      "postgres",
      "CREATE ROLE odd_nobody; CREATE ROLE odd_chief SUPERUSER LOGIN; GRANT odd_nobody TO odd_chief;"
      "ALTER ROLE odd_chief SET role = 'odd_nobody'; ALTER DATABASE odd_role SET role = 'odd_nobody'");
  const Vault vault;
  const std::string chief = unnamed(shared_server(), "odd_chief");
  Ran ran = vault.run({"backup", "--source", "test", "-d", chief + " dbname=odd_role"});
  EXPECT_EQ(ran.status, 0) << ran.err;
  ran = vault.run(
      {"restore", "latest", "--create", "--into", "odd_role_copy", "-d", chief + " dbname=postgres"});
  EXPECT_EQ(ran.status, 0) << ran.out << ran.err;

  // The same through a service file, whose options are left as they are.
  TemporaryDir dir;
  replace_file(dir.path() / "services", "[odd]\nhost=" + shared_server().dir().string() +
                                            "\nport=5432\nuser=odd_chief\ndbname=odd_role\n");
  ran = vault.run({"backup", "--source", "test", "-d", "service=odd"},
                  {{"PGSERVICEFILE", (dir.path() / "services").string()}});
  EXPECT_EQ(ran.status, 0) << ran.err;
  shared_server().psql("postgres",
                       "ALTER DATABASE odd_role RESET role; DROP DATABASE odd_role_copy;"
                       "DROP ROLE odd_chief; DROP ROLE odd_nobody");
}

/// Rights that come only by the role that the user's own PGOPTIONS name: pg_dump needs them, too.
TEST(AnyServer, HandsTheUsersOwnOptionsToItsChildren) {
  const LiveDatabase database("odd_options", kRows);
  shared_server().psql("postgres",
                       "CREATE ROLE odd_reader; GRANT pg_read_all_data TO odd_reader;"
                       "CREATE ROLE odd_login LOGIN NOINHERIT; GRANT odd_reader TO odd_login");
  shared_server().psql("odd_options", "SELECT lo_unlink(oid) FROM pg_largeobject_metadata");
  const Vault vault;
  const std::vector<std::string> backup = {"backup", "--source", "test", "-d",
                                           unnamed(shared_server(), "odd_login") + " dbname=odd_options"};
  EXPECT_NE(vault.run(backup).status, 0) << "without the role it may read nothing";
  const Ran ran = vault.run(backup, {{"PGOPTIONS", "-c role=odd_reader"}});
  EXPECT_EQ(ran.status, 0) << ran.err;
  shared_server().psql("postgres", "DROP ROLE odd_login; DROP OWNED BY odd_reader; DROP ROLE odd_reader");
}

struct SettingValue {
  std::string name, value;
};

/// Each parameter that a session may set, at its least or at its greatest value, at another one of its words,
/// or switched over; never at its default.
std::vector<SettingValue> odd_values(bool greatest) {
  const std::string text = shared_server().value(
      "postgres",
      std::string("SELECT name || '=' || value FROM (SELECT name, boot_val, CASE vartype "
                  "WHEN 'bool' THEN CASE boot_val WHEN 'on' THEN 'off' ELSE 'on' END "
                  "WHEN 'enum' THEN (SELECT word FROM unnest(enumvals) word WHERE word <> boot_val "
                  "ORDER BY word ") +
          (greatest ? "DESC" : "ASC") + " LIMIT 1) ELSE " + (greatest ? "max_val" : "min_val") +
          " END AS value FROM pg_settings WHERE context IN ('user', 'superuser') "
          "AND vartype IN ('bool', 'enum', 'integer', 'real')) s WHERE value <> boot_val "
          // It contradicts three others: the server warns whoever logs in with both.
          "AND name <> 'log_statement_stats' ORDER BY name");
  std::vector<SettingValue> values;
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);)
    values.push_back({line.substr(0, line.find('=')), line.substr(line.find('=') + 1)});
  return values;
}

/// The role's settings are these, as far as the server takes them; how many it took.
std::size_t give(const std::string& role, const std::vector<SettingValue>& settings) {
  Connection connection = Connection::open(shared_server().connection("postgres"), "test", {});
  connection.query("ALTER ROLE " + role + " RESET ALL");
  std::size_t taken = 0;
  for (const SettingValue& setting : settings) {
    try {
      connection.query("ALTER ROLE " + role + " SET " + quote_identifier(setting.name) + " = " +
                       quote_literal(setting.value));
      ++taken;
    } catch (const ServerError&) {  // transaction_isolation and its like belong to a transaction alone
    }
  }
  return taken;
}

class AnySettings : public testing::TestWithParam<bool> {
 protected:
  AnySettings() : database_("odd_settings", kRows) {
    shared_server().psql("postgres", "CREATE ROLE odd_settings_role SUPERUSER LOGIN");
  }
  ~AnySettings() override { shared_server().psql("postgres", "DROP ROLE odd_settings_role"); }

  /// Empty: it went as it should.
  std::string trouble(const std::vector<SettingValue>& settings) const {
    give("odd_settings_role", settings);
    const Ran ran = vault_.run({"backup", "-q", "--source", "test", "-d",
                                unnamed(shared_server(), "odd_settings_role") + " dbname=odd_settings"});
    if (ran.status != 0) return ran.err;
    const Manifest manifest = vault_.manifest(database_);
    if (digests(manifest) != expected_) return "other digests";
    return manifest.tools_said.empty() ? "" : manifest.tools_said[0].shown();
  }

  /// Halves what fails until one is left.
  void expect_well(std::vector<SettingValue> settings) const {
    std::string words = trouble(settings);
    if (words.empty()) return;
    while (settings.size() > 1) {
      const auto half = settings.begin() + static_cast<std::ptrdiff_t>(settings.size() / 2);
      const std::vector<SettingValue> first(settings.begin(), half), second(half, settings.end());
      if (const std::string of_first = trouble(first); !of_first.empty()) {
        settings = first;
        words = of_first;
      } else if (const std::string of_second = trouble(second); !of_second.empty()) {
        settings = second;
        words = of_second;
      } else {
        break;  // only together
      }
    }
    for (const SettingValue& one : settings) ADD_FAILURE() << one.name << " = " << one.value << ": " << words;
  }

  LiveDatabase database_;
  Vault vault_;
  std::string expected_;
};

TEST_P(AnySettings, OfTheRoleChangeNothingThatIsRead) {
  ASSERT_EQ(vault_.back_up(database_).status, 0);
  expected_ = digests(vault_.manifest(database_));
  const std::vector<SettingValue> all = odd_values(GetParam());
  ASSERT_GT(all.size(), 100U);
  constexpr std::size_t kBatch = 40;
  for (std::size_t at = 0; at < all.size(); at += kBatch)
    expect_well({all.begin() + static_cast<std::ptrdiff_t>(at),
                 all.begin() + static_cast<std::ptrdiff_t>(std::min(all.size(), at + kBatch))});
}

INSTANTIATE_TEST_SUITE_P(Each, AnySettings, testing::Bool(),
                         [](const auto& one) { return one.param ? "greatest" : "least"; });

}  // namespace
}  // namespace pgassay::test
