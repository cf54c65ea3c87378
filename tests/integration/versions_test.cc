// Servers of other releases, as sources and as targets. fetch_servers.sh brings them.
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "tests/fixtures/child.h"
#include "tests/fixtures/host_postgres.h"
#include "tests/fixtures/live_backup.h"
#include "tests/fixtures/sample_sql.h"

namespace pgassay::test {
namespace {

/// Of the build directory; brought by the first test that asks.
const Path& servers() {
  static const Path dir = [] {
    const Path brought = Path(PGASSAY_BINARY).parent_path() / "servers";
    const Ended ended =
        run_child({"bash", std::string(PGASSAY_SOURCE_DIR) + "/tests/fixtures/fetch_servers.sh", brought});
    if (ended.status != 0) throw Error("fetch_servers.sh: " + ended.err);
    return brought;
  }();
  return dir;
}

/// Client programs that are new enough for each of them.
std::map<std::string, std::string> with_new_clients() {
  return {{"PATH", (servers() / "client/bin").string() + ":/usr/bin:/bin"}};
}

class VersionsLong : public testing::TestWithParam<int> {
 protected:
  VersionsLong() : server_(LocalServer::of_release(servers() / std::to_string(GetParam()) / "bin")) {}

  LocalServer server_;
  Vault vault_;
};

TEST_P(VersionsLong, AreBackedUpVerifiedAndRestoredIdentical) {
  const LiveDatabase database("versions", sample_sql(server_), "", server_);
  const Ran backup = vault_.back_up(database, {"--binary-table", "stock.*"}, with_new_clients());
  ASSERT_EQ(backup.status, 0) << backup.err;
  const Manifest manifest = vault_.manifest(database);
  EXPECT_EQ(manifest.server.version / 10000, GetParam());
  EXPECT_GT(manifest.summary.rows, 170'000U);
  EXPECT_EQ(vault_.run({"verify", "-q", "--all"}, with_new_clients()).status, 0);
  const Ran restore =
      vault_.run({"restore", "latest", "-q", "-d", server_.conninfo(), "--create", "--into", database.copy()},
                 with_new_clients());
  EXPECT_EQ(restore.status, 0) << restore.out << restore.err;
  const Ended compared =
      run_child({"bash", std::string(PGASSAY_SOURCE_DIR) + "/tests/fixtures/compare_databases.sh",
                 database.conninfo(), server_.conninfo(database.copy())},
                with_new_clients());
  EXPECT_EQ(compared.status, 0) << compared.out << compared.err;
}

TEST_P(VersionsLong, AreDrilledInAThrowawayServerOfTheirRelease) {
  const LiveDatabase database("drilled", sample_sql(server_), "", server_);
  ASSERT_EQ(vault_.back_up(database, {}, with_new_clients()).status, 0);
  const std::string own = (servers() / std::to_string(GetParam()) / "bin").string();
  const Ran drill = vault_.run({"drill", "latest", "--engine", "local", "--json"},
                               {{"PATH", own + ":" + with_new_clients().at("PATH")}});
  EXPECT_EQ(drill.status, 0) << drill.out << drill.err;
  const auto report = nlohmann::json::parse(drill.out);
  EXPECT_EQ(report.at("verdict"), "PASS");
  EXPECT_EQ(report.at("drill").at("facts").at("server_version").get<std::string>().substr(0, 2),
            std::to_string(GetParam()));
}

/// Than this host's.
class NewerVersionsLong : public VersionsLong {};

TEST_P(NewerVersionsLong, ThanThatOfPgDumpAreRefused) {
  const LiveDatabase database("newer", "CREATE TABLE t (a int);", "", server_);
  const Ran ran = vault_.back_up(database, {"--pg-dump", (host_bin_dir() / "pg_dump").string()});
  EXPECT_EQ(ran.status, 6) << ran.err;
  EXPECT_NE(ran.err.find("is too old for a server of version " + std::to_string(GetParam())),
            std::string::npos)
      << ran.err;
  EXPECT_NE(ran.err.find("install postgresql-client-" + std::to_string(GetParam())), std::string::npos)
      << ran.err;
  EXPECT_EQ(vault_.debris(), std::vector<std::string>());
}

TEST_P(NewerVersionsLong, TakeTheSampleOfAnOlderServerWholeAndProved) {
  const LocalServer host;
  const LiveDatabase database("older", sample_sql(server_), "TEMPLATE template0 ENCODING 'UTF8'", host);
  ASSERT_EQ(vault_.back_up(database, {"--binary-table", "stock.*"}).status, 0);
  const Ran restore =
      vault_.run({"restore", "latest", "--json", "-d", server_.conninfo(), "--create"}, with_new_clients());
  EXPECT_EQ(restore.status, 0) << restore.out << restore.err;
  const auto report = nlohmann::json::parse(restore.out);
  EXPECT_EQ(report.at("restore").at("lost"), nlohmann::json::array());
  EXPECT_EQ(report.at("verdict"), "PASS");
}

/// The releases that fetch_servers.sh brings, but for this host's, which all other tests are about.
std::vector<int> others(int newer_than = 0) {
  std::vector<int> majors = {13, 14, 15, 16, 17, 18};
  std::erase_if(majors, [&](int major) { return major == host_major() || major <= newer_than; });
  return majors;
}

INSTANTIATE_TEST_SUITE_P(Of, VersionsLong, testing::ValuesIn(others()), testing::PrintToStringParamName());
INSTANTIATE_TEST_SUITE_P(Of, NewerVersionsLong, testing::ValuesIn(others(host_major())),
                         testing::PrintToStringParamName());

}  // namespace
}  // namespace pgassay::test
