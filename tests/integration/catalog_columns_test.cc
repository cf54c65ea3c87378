// Is every column of every catalog of this server classified, and is what is called compared read?
#include "core/postgres/catalog_columns.h"

#include <gtest/gtest.h>

#include <map>
#include <regex>
#include <set>
#include <sstream>

#include "core/postgres/inventory_queries.h"
#include "core/postgres/releases.h"
#include "core/postgres/session.h"
#include "tests/fixtures/local_server.h"
#include "tests/fixtures/other_releases.h"

namespace pgassay::test {
namespace {

struct Classified {
  Treatment treatment;
  std::string by;
};
using Columns = std::map<std::string, Classified>;  // by "catalog.column"

/// What the table says of that server's version. A column that stands there twice is a failure.
Columns classified(int version) {
  Columns columns;
  for (const CatalogColumns& row : catalog_columns()) {
    if (version < row.since || version >= row.until) continue;
    std::istringstream names{std::string(row.columns)};
    for (std::string name; names >> name;) {
      const std::string whole = std::string(row.catalog) + "." + name;
      EXPECT_TRUE(columns.insert({whole, {row.treatment, std::string(row.by)}}).second)
          << whole << " is there twice";
    }
  }
  return columns;
}

/// Words of all queries of the inventory.
std::string inventory_sql(int version) {
  std::string sql;
  for (const ObjectKind& kind : object_kinds()) sql += inventory_query(kind, version, true) + "\n";
  return sql;
}

/// Every column of every catalog of this server is in the table, and none that is not there.
void expect_all_classified(Connection& connection) {
  Columns columns = classified(connection.server_version());
  const Result found = connection.query(
      "SELECT c.relname || '.' || a.attname FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid"
      " WHERE c.relnamespace = 'pg_catalog'::regnamespace AND c.relkind = 'r' AND a.attnum > 0"
      " AND NOT a.attisdropped");
  ASSERT_GT(found.rows(), 500);
  for (int row = 0; row < found.rows(); ++row)
    EXPECT_EQ(columns.erase(found.text(row, 0)), 1U)
        << found.text(row, 0) << ": say in core/postgres/catalog_columns.cc what becomes of it";
  for (const auto& [name, what] : columns) ADD_FAILURE() << name << " is no column of this server";
}

/// What the table says to be compared is read by a query of the inventory.
void expect_compared_are_read(int version) {
  const std::string sql = inventory_sql(version);
  std::set<std::string> words;
  const std::regex word("[a-z_][a-z_0-9]*");
  for (std::sregex_iterator at(sql.begin(), sql.end(), word), end; at != end; ++at) words.insert(at->str());
  for (const auto& [name, what] : classified(version)) {
    const std::string column = name.substr(name.find('.') + 1);
    if (what.treatment == Treatment::compared) {
      EXPECT_TRUE(words.contains(column)) << name << " is in no query of the inventory";
    }
    if (what.treatment == Treatment::through) {
      EXPECT_NE(sql.find(what.by), std::string::npos) << name << ": no query has " << what.by;
    }
  }
}

TEST(CatalogColumns, OfThisServerAreAllClassifiedAndNoneIsThatIsNotThere) {
  Connection connection = Connection::open(shared_server().connection("postgres"), "test", {});
  expect_all_classified(connection);
}

TEST(CatalogColumns, ThatAreSaidToBeComparedAreReadByAQueryOfTheInventory) {
  for (int major = kOldestMajor; major <= kNewestMajor; ++major) {
    SCOPED_TRACE(major);
    expect_compared_are_read(major * 10000);
  }
}

class CatalogColumnsLong : public testing::TestWithParam<int> {};

TEST_P(CatalogColumnsLong, OfEachReleaseAreAllClassified) {
  const LocalServer server = LocalServer::of_release(bin_dir_of_release(GetParam()));
  Connection connection = Connection::open(server.connection("postgres"), "test", {});
  expect_all_classified(connection);
}
INSTANTIATE_TEST_SUITE_P(Of, CatalogColumnsLong, testing::ValuesIn(other_majors()),
                         testing::PrintToStringParamName());

TEST(CatalogColumns, ThatAreComparedOrDerivedElsewhereSayByWhat) {
  for (const CatalogColumns& row : catalog_columns()) {
    const bool wants = row.treatment == Treatment::through || row.treatment == Treatment::elsewhere ||
                       row.treatment == Treatment::derived || row.treatment == Treatment::not_carried;
    EXPECT_EQ(row.by.empty(), !wants) << row.catalog << ": " << row.columns;
  }
}

TEST(CatalogColumns, AreCountedByWhatBecomesOfThem) {
  const std::string summary = catalog_columns_summary(150000);
  EXPECT_TRUE(summary.starts_with("compared ")) << summary;
  std::size_t sum = 0;
  const std::regex number("[0-9]+");
  for (std::sregex_iterator at(summary.begin(), summary.end(), number), end; at != end; ++at)
    sum += std::stoul(at->str());
  EXPECT_EQ(sum, classified(150000).size()) << summary;
}

TEST(CatalogColumns, TheCheckNoticesOneThatNoQueryReads) {
  // Were a column taken out of its query, the test above would fail: its name is nowhere else in the SQL.
  std::string sql = inventory_sql(150000);
  ASSERT_NE(sql.find("proparallel"), std::string::npos);
  sql = std::regex_replace(sql, std::regex("p\\.proparallel"), "1");
  EXPECT_EQ(sql.find("proparallel"), std::string::npos);
}

}  // namespace
}  // namespace pgassay::test
