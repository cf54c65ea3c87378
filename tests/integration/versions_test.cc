// Servers of other releases, as sources and as targets. fetch_servers.sh brings them.
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "core/system/files.h"
#include "tests/fixtures/child.h"
#include "tests/fixtures/host_postgres.h"
#include "tests/fixtures/live_backup.h"
#include "tests/fixtures/other_releases.h"
#include "tests/fixtures/sample_sql.h"

namespace pgassay::test {
namespace {

class VersionsLong : public testing::TestWithParam<int> {
 protected:
  VersionsLong() : server_(LocalServer::of_release(bin_dir_of_release(GetParam()))) {}

  LocalServer server_;
  Vault vault_;
};

TEST_P(VersionsLong, AreBackedUpVerifiedAndRestoredIdentical) {
  const LiveDatabase database("versions", sample_sql(server_), "", server_);
  const Ran backup = vault_.back_up(database, {"--binary-table", "stock.*"}, with_clients_of(GetParam()));
  ASSERT_EQ(backup.status, 0) << backup.err;
  const Manifest manifest = vault_.manifest(database);
  EXPECT_EQ(manifest.server.version / 10000, GetParam());
  EXPECT_GT(manifest.summary.rows, 170'000U);
  EXPECT_EQ(vault_.run({"verify", "-q", "--all"}, with_clients_of(GetParam())).status, 0);
  const Ran restore =
      vault_.run({"restore", "latest", "-q", "-d", server_.conninfo(), "--create", "--into", database.copy()},
                 with_clients_of(GetParam()));
  EXPECT_EQ(restore.status, 0) << restore.out << restore.err;
  const Ended compared =
      run_child({"bash", std::string(PGASSAY_SOURCE_DIR) + "/tests/fixtures/compare_databases.sh",
                 database.conninfo(), server_.conninfo(database.copy())},
                with_clients_of(GetParam()));
  EXPECT_EQ(compared.status, 0) << compared.out << compared.err;
}

TEST_P(VersionsLong, AreDrilledInAThrowawayServerOfTheirRelease) {
  const LiveDatabase database("drilled", sample_sql(server_), "", server_);
  ASSERT_EQ(vault_.back_up(database, {}, with_clients_of(GetParam())).status, 0);
  const Ran drill =
      vault_.run({"drill", "latest", "--engine", "local", "--json"}, with_clients_of(GetParam()));
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

/// As those of Debian 13 are for a server 15.
TEST(ClientsOfANewerReleaseLong, AreRecordedAndRestoreIntoTheServersOwn) {
  constexpr int kNewer = 18;
  const LiveDatabase database("by_newer", sample_sql(shared_server()), "TEMPLATE template0 ENCODING 'UTF8'");
  const Vault vault;
  const auto newer = with_clients_of(kNewer);
  const Ran backup =
      vault.back_up(database, {"--pg-dump", (bin_dir_of_release(kNewer) / "pg_dump").string()}, newer);
  ASSERT_EQ(backup.status, 0) << backup.err;
  EXPECT_NE(backup.err.find("its archives are read by pg_restore 17 and newer"), std::string::npos)
      << backup.err;
  const auto manifest =
      nlohmann::json::parse(read_file(vault.newest(database).dir / "manifest.json", 1 << 28));
  EXPECT_EQ(manifest.at("pg_restore_needed"), 17);
  EXPECT_NE(vault.run({"show", "latest"}).out.find("restored by pg_restore 17 and newer"), std::string::npos);

  const Ran drill = vault.run({"drill", "latest", "--engine", "local", "--json"}, newer);
  EXPECT_EQ(drill.status, 0) << drill.out << drill.err;
  const auto facts = nlohmann::json::parse(drill.out).at("drill").at("facts");
  EXPECT_EQ(std::stoi(facts.at("server_version").get<std::string>()), host_major());
  EXPECT_EQ(std::stoi(facts.at("pg_restore_version").get<std::string>()), kNewer);

  const std::vector<std::string> restore = {
      "restore", "latest", "-q", "-d", shared_server().conninfo(), "--create", "--into", database.copy()};
  const Ran refused = vault.run(restore);
  EXPECT_EQ(refused.status, 6) << refused.out << refused.err;
  EXPECT_NE(refused.err.find("which pg_restore 17 and newer read"), std::string::npos) << refused.err;
  EXPECT_NE(refused.err.find("install postgresql-client-17"), std::string::npos) << refused.err;
  EXPECT_EQ(shared_server().value(
                "postgres", "SELECT count(*) FROM pg_database WHERE datname = '" + database.copy() + "'"),
            "0");
  const Ran restored = vault.run(restore, newer);
  EXPECT_EQ(restored.status, 0) << restored.out << restored.err;
}

/// From a release to another: first the source's, then the target's.
class FromReleaseToReleaseLong : public testing::TestWithParam<std::pair<int, int>> {
 protected:
  LocalServer source_ = LocalServer::of_release(bin_dir_of_release(GetParam().first));
  LocalServer target_ = LocalServer::of_release(bin_dir_of_release(GetParam().second));
  Vault vault_;

  Ran restore() const {
    return vault_.run({"restore", "latest", "--json", "-d", target_.conninfo(), "--create"},
                      with_clients_of(std::max(GetParam().first, GetParam().second)));
  }
};

/// Each into the next, and the oldest into the newest.
class IntoANewerReleaseLong : public FromReleaseToReleaseLong {};

TEST_P(IntoANewerReleaseLong, TheSampleIsRestoredWholeAndProved) {
  const LiveDatabase database("older", sample_sql(source_), "TEMPLATE template0 ENCODING 'UTF8'", source_);
  const Ran backup =
      vault_.back_up(database, {"--binary-table", "stock.*"}, with_clients_of(GetParam().first));
  ASSERT_EQ(backup.status, 0) << backup.err;
  const Ran ran = restore();
  EXPECT_EQ(ran.status, 0) << ran.out << ran.err;
  const auto report = nlohmann::json::parse(ran.out);
  EXPECT_EQ(report.at("restore").at("lost"), nlohmann::json::array());
  EXPECT_EQ(report.at("verdict"), "PASS");
}

class IntoAnOlderReleaseLong : public FromReleaseToReleaseLong {};

TEST_P(IntoAnOlderReleaseLong, NothingIsRestored) {
  const LiveDatabase database("younger", "CREATE TABLE t (a int); INSERT INTO t VALUES (1), (2);", "",
                              source_);
  ASSERT_EQ(vault_.back_up(database, {}, with_clients_of(GetParam().first)).status, 0);
  const Ran ran = restore();
  EXPECT_EQ(ran.status, 6) << ran.out << ran.err;
  EXPECT_EQ(target_.value("postgres", "SELECT count(*) FROM pg_database WHERE datname = 'younger'"), "0");
  // What the hint says can be tried.
  const Ran rows = vault_.run({"export", "latest", "--table", "t"}, with_clients_of(GetParam().first));
  EXPECT_EQ(rows.status, 0) << rows.err;
  EXPECT_EQ(rows.out, "1\n2\n");
}

INSTANTIATE_TEST_SUITE_P(Of, VersionsLong, testing::ValuesIn(other_majors()),
                         testing::PrintToStringParamName());
INSTANTIATE_TEST_SUITE_P(Of, NewerVersionsLong, testing::ValuesIn(other_majors(host_major())),
                         testing::PrintToStringParamName());

std::string from_to(const testing::TestParamInfo<std::pair<int, int>>& info) {
  return std::to_string(info.param.first) + "to" + std::to_string(info.param.second);
}
INSTANTIATE_TEST_SUITE_P(From, IntoANewerReleaseLong,
                         testing::Values(std::pair(13, 14), std::pair(14, 15), std::pair(15, 16),
                                         std::pair(16, 17), std::pair(17, 18), std::pair(18, 19),
                                         std::pair(13, 19)),
                         from_to);
INSTANTIATE_TEST_SUITE_P(From, IntoAnOlderReleaseLong,
                         testing::Values(std::pair(19, 18), std::pair(18, 17), std::pair(14, 13)), from_to);

}  // namespace
}  // namespace pgassay::test
