// A restore into a server of a newer major release, which the host must have: docs/contributing.md.
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <gtest/gtest.h>

#include <cstdlib>

#include "restore/restore.h"
#include "tests/fixtures/round_trip.h"

namespace pgassay::test {
namespace {

/// Not every build of a server has it.
std::string sample_without_lz4() {
  std::string sql = read_file(std::string(PGASSAY_SOURCE_DIR) + "/tests/fixtures/sample.sql");
  const std::string compression = " COMPRESSION lz4";
  for (auto at = sql.find(compression); at != std::string::npos; at = sql.find(compression, at))
    sql.erase(at, compression.size());
  return sql;
}

TEST(OtherMajorLong, TakesTheSampleDatabaseWholeAndProved) {
  const char* conninfo = std::getenv("PGASSAY_OTHER_MAJOR");
  if (conninfo == nullptr) GTEST_SKIP() << "PGASSAY_OTHER_MAJOR names no server of a newer major release";
  const Database source("other_major", "SELECT 1;", "TEMPLATE template0 ENCODING 'UTF8'");
  source.psql(sample_without_lz4());
  const RoundTrip trip;
  RestoreOptions options = created();
  options.connection = ConnInfo::parse(conninfo);
  Connection other = Connection::open(options.connection, "test", {});
  ASSERT_GT(other.server_version() / 10000, std::stoi(source.value("SHOW server_version_num")) / 10000);
  const RestoreReport report = trip.restore(trip.back_up("other_major"), options);
  other.query("DROP DATABASE other_major WITH (FORCE)");
  EXPECT_EQ(fmt::format("{}", fmt::join(report.lost, "\n")), "");
  EXPECT_EQ(report.verdict, Verdict::pass);
}

}  // namespace
}  // namespace pgassay::test
