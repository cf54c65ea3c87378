// Each case of docs/restore-runbook.md, from the accident to the end, by the commands of the page.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <fstream>
#include <memory>

#include "tests/fixtures/killed.h"
#include "tests/fixtures/round_trip.h"
#include "tests/fixtures/run_pgassay.h"
#include "tests/fixtures/runbook.h"
#include "tests/fixtures/temporary_dir.h"

namespace pgassay::test {
namespace {

/// A shop with 1000 orders, backed up; then 10 orders more came in.
class RunbookTest : public ::testing::Test {
 protected:
  RunbookTest() {
    server_->create_database("app");
    psql(
        "CREATE ROLE app_owner LOGIN PASSWORD 'x'; CREATE TABLE customers AS SELECT g AS id FROM "
        "generate_series(1, 50) g;"
        "CREATE TABLE orders (id int PRIMARY KEY, note text); ALTER TABLE orders OWNER TO app_owner;"
        "INSERT INTO orders SELECT g, repeat('x', 30000) FROM generate_series(1, 1000) g;");
    EXPECT_EQ(back_up(), 0);
    psql(
        "INSERT INTO orders SELECT g, 'new' FROM generate_series(1001, 1010) g; INSERT INTO customers VALUES "
        "(51);");
  }

  void psql(const std::string& sql) const { server_->psql("app", sql); }
  std::string value(const std::string& sql, const std::string& database = "app") const {
    return server_->value(database, sql);
  }
  std::string other_value(const std::string& sql, const std::string& database = "app") const {
    return other_->value(database, sql);
  }
  int back_up() const {
    return pgassay({"backup", "--repo", repository().string(), "-d", server_->conninfo("app")}).status;
  }
  Path repository() const { return dir_.path() / "repository"; }
  Ended run(const std::string& heading) const {
    return Runbook(*server_, *other_, repository(), dir_.path() / "work").run(heading);
  }

  TemporaryDir dir_;
  std::unique_ptr<LocalServer> server_ = std::make_unique<LocalServer>(),
                               other_ = std::make_unique<LocalServer>();
};

constexpr const char* kRowsOfOrders = "SELECT count(*), min(id), max(id) FROM orders";

TEST_F(RunbookTest, TheWholeServerIsLost) {
  server_ = std::make_unique<LocalServer>();
  const Ended ended = run("The whole server is lost");
  ASSERT_EQ(ended.status, 0) << ended.out << ended.err;
  EXPECT_NE(ended.out.find("proof: PASS"), std::string::npos) << ended.out;
  EXPECT_EQ(value(kRowsOfOrders), "1000|1|1000");
  EXPECT_EQ(value("SELECT tableowner FROM pg_tables WHERE tablename = 'orders'"), "app_owner");
}

TEST_F(RunbookTest, OneTableWasDropped) {
  psql("DROP TABLE orders;");
  const Ended ended = run("One table was dropped");
  ASSERT_EQ(ended.status, 0) << ended.out << ended.err;
  EXPECT_NE(ended.out.find("proof: PASS"), std::string::npos) << ended.out;
  EXPECT_EQ(value(kRowsOfOrders), "1000|1|1000");
  EXPECT_EQ(value("SELECT tableowner FROM pg_tables WHERE tablename = 'orders'"), "app_owner");
  EXPECT_EQ(value("SELECT count(*) FROM customers"), "51") << "it stayed as it was";
}

TEST_F(RunbookTest, RowsOfOneTableAreGone) {
  psql("DELETE FROM orders WHERE id BETWEEN 500 AND 1005;");
  const Ended ended = run("Rows of one table are gone");
  ASSERT_EQ(ended.status, 0) << ended.out << ended.err;
  EXPECT_EQ(value(kRowsOfOrders), "1005|1|1010") << "and those that came later stayed";
  EXPECT_EQ(value("SELECT to_regclass('orders_before') IS NULL"), "t");
}

TEST_F(RunbookTest, ABadMigrationAnHourAgo) {
  psql("UPDATE orders SET note = NULL WHERE id <= 1000; DROP TABLE customers;");
  const Ended ended = run("A bad migration an hour ago");
  ASSERT_EQ(ended.status, 0) << ended.out << ended.err;
  EXPECT_EQ(value(kRowsOfOrders), "1010|1|1010") << "the new ones were taken over";
  EXPECT_EQ(value("SELECT count(*) FROM orders WHERE note IS NULL"), "0");
  EXPECT_EQ(value("SELECT count(*) FROM customers"), "50");
  EXPECT_EQ(value("SELECT count(*) FROM pg_database WHERE datname LIKE 'app%'"), "1");
}

/// Spoils the table's first page in its file. The server has the page in its cache, but not that of a copy of
/// the file.
void spoil(const LocalServer& server, const std::string& table) {
  server.psql("app", "CHECKPOINT;");
  const Path file = server.value("app", "SELECT pg_relation_filepath(" + quote_literal(table) + ")");
  std::fstream stream(server.dir() / "data" / file, std::ios::in | std::ios::out | std::ios::binary);
  stream << std::string(64, '\xff');
  stream.close();
  server.psql("postgres",
              "ALTER DATABASE app RENAME TO sound; CREATE DATABASE app TEMPLATE sound STRATEGY file_copy;");
}

TEST_F(RunbookTest, ACorruptedDisk) {
  spoil(*server_, "orders");
  EXPECT_THROW(value(kRowsOfOrders), Error) << "it was not spoiled";
  const Ended ended = run("A corrupted disk");
  ASSERT_EQ(ended.status, 0) << ended.out << ended.err;
  EXPECT_EQ(other_value(kRowsOfOrders), "1000|1|1000");
  EXPECT_EQ(other_value("SELECT count(*) FROM customers", "app_salvaged"), "51");
}

TEST_F(RunbookTest, WhenARestoreStopsHalfWay) {
  const Repository repository = Repository::open(this->repository());
  const Backup backup = repository.find("latest");
  restore::IntoEmpty options;
  options.connection = other_->connection();
  options.create = true;
  KillsAt observer(8);
  ASSERT_TRUE(killed([&] { restore_backup(repository, backup, options, observer, {}); }));
  const Ended ended = run("When a restore stops half way");
  ASSERT_EQ(ended.status, 0) << ended.out << ended.err;
  EXPECT_NE(ended.out.find("went on with the restore begun at"), std::string::npos) << ended.out;
  EXPECT_EQ(other_value(kRowsOfOrders), "1000|1|1000");
}

}  // namespace
}  // namespace pgassay::test
