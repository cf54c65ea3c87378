// Restores that do several things at once: tables side by side, parts of one where somebody would be idle,
// and indexes beside rows.
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <memory>
#include <thread>

#include "restore/whole/restore.h"
#include "tests/fixtures/killed.h"
#include "tests/fixtures/round_trip.h"
#include "tests/fixtures/tamper.h"

namespace pgassay::test {
namespace {

using namespace std::chrono_literals;

/// A table of several parts, and one whose indexes are built once it is in.
constexpr const char* kSideBySide = R"(
  CREATE TABLE many AS SELECT g AS id, g % 1000 AS kind, repeat(md5(g::text), 18) AS x FROM generate_series(1, 200000) g;
  ALTER TABLE many ADD PRIMARY KEY (id);
  CREATE INDEX many_kind ON many (kind);
  CREATE TABLE second AS SELECT g AS id, repeat(md5(g::text), 20) AS x FROM generate_series(1, 50000) g;
  ALTER TABLE second ADD CONSTRAINT to_many FOREIGN KEY (id) REFERENCES many;
)";

/// autovacuum is off: only FREEZE makes one, from 14 on.
constexpr const char* kHasVisibilityMap = "SELECT pg_relation_size('public.many', 'vm') > 0";
constexpr const char* kValidIndexes =
    "SELECT count(*) FROM pg_index WHERE indrelid = 'many'::regclass AND indisvalid";

class RestoreParallel : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    trip_ = std::make_unique<RoundTrip>();
    source_ = std::make_unique<Database>("parallel", kSideBySide);
    backup_ = std::make_unique<Backup>(trip_->back_up("parallel"));
  }
  static void TearDownTestSuite() {
    backup_.reset();
    source_.reset();
    trip_.reset();
  }
  void SetUp() override {
    bare_server().psql("postgres",
                       "SET client_min_messages = error; DROP DATABASE IF EXISTS parallel WITH (FORCE);");
  }
  static restore::RestoreReport restore(Observer& observer, const restore::IntoEmpty& options = created()) {
    return restore_backup(trip_->repository(), *backup_, options, observer, {});
  }
  static void expect_whole(const restore::RestoreReport& report) {
    EXPECT_EQ(lines(report.lost), "");
    EXPECT_EQ(report.verdict, Verdict::pass);
    EXPECT_EQ(report.rows, 250000U);
    EXPECT_EQ(source_->copied_value(kValidIndexes), "2");
    EXPECT_EQ(source_->copied_value("SELECT count(*) FROM pg_constraint WHERE connamespace = "
                                    "'public'::regnamespace AND contype <> 'n'"),
              "2");
  }

  static inline std::unique_ptr<RoundTrip> trip_;
  static inline std::unique_ptr<Database> source_;
  static inline std::unique_ptr<Backup> backup_;
};

/// Lets the second table wait until indexes of the first are there.
class HoldsTheSecond : public Observer {
 public:
  void part_started(unsigned, std::string_view object) override {
    if (object.starts_with("indexes of ")) return;
    if (object == "public.many") {
      most_at_once = std::max<int>(most_at_once, ++loading_);
      return;
    }
    for (int i = 0; i < 600 && !indexes_in_time; ++i) {
      indexes_in_time = bare_server().value("parallel", kValidIndexes) == "2";
      if (!indexes_in_time) std::this_thread::sleep_for(100ms);
    }
  }
  void part_finished(unsigned, std::string_view object) override {
    if (object == "public.many") --loading_;
  }
  std::atomic<int> most_at_once = 0;
  std::atomic<bool> indexes_in_time = false;

 private:
  std::atomic<int> loading_ = 0;
};

TEST_F(RestoreParallel, BuildsIndexesOfAFinishedTableWhileAnotherIsLoaded) {
  ASSERT_GT(read_manifest(backup_->dir).find({"public", "many"})->parts.size(), 1U);
  HoldsTheSecond observer;
  const restore::RestoreReport report = restore(observer);
  EXPECT_TRUE(observer.indexes_in_time);
  EXPECT_EQ(observer.most_at_once, 1) << "there is another table for the second session";
  expect_whole(report);
}

TEST_F(RestoreParallel, GoesOnWhereverItWasKilledBetweenPartsAndIndexes) {
  // check, create, roles, pre-data, data; then parts, and the indexes of the first table
  for (const int event : {8, 10, 12, 13}) {
    SCOPED_TRACE(fmt::format("killed at event {}", event));
    SetUp();
    KillsAt deadly(event);
    ASSERT_TRUE(killed([&] { restore(deadly); }));
    restore::IntoEmpty options = created();
    options.resume = true;
    Observer silent;
    expect_whole(restore(silent, options));
  }
}

TEST_F(RestoreParallel, StopsEverythingAtADamagedPartAndNamesIt) {
  const std::string file = read_manifest(backup_->dir).find({"public", "many"})->parts.back().file;
  flip_a_bit(backup_->dir.path() / file);
  Observer silent;
  std::string said;
  try {
    restore(silent);
  } catch (const BadBackup& error) {
    said = error.what();
  }
  flip_a_bit(backup_->dir.path() / file);
  EXPECT_NE(said.find(file), std::string::npos) << said;
  EXPECT_EQ(said.find('\n'), std::string::npos) << said;
  EXPECT_EQ(source_->copied_value(kValidIndexes), "0");
}

/// Into a server that writes no WAL for a table which was emptied in the same transaction.
restore::IntoEmpty into_minimal() {
  static const LocalServer server({{"wal_level", "minimal"}, {"max_wal_senders", "0"}});
  server.drop_database("parallel");
  restore::IntoEmpty options = created();
  options.connection = server.connection();
  options.jobs = 1;
  return options;
}

std::string value_in(const restore::IntoEmpty& options, const std::string& sql) {
  return Connection::open(options.connection.with_database("parallel"), "test", {}).query(sql).text(0, 0);
}

TEST_F(RestoreParallel, FreezesATableOfSeveralPartsWhereThatSparesTheWal) {
  const restore::IntoEmpty options = into_minimal();
  Observer silent;
  const restore::RestoreReport report = restore(silent, options);
  EXPECT_EQ(lines(report.lost), "");
  EXPECT_EQ(report.verdict, Verdict::pass);
  EXPECT_EQ(value_in(options, kHasVisibilityMap), shared_server().major() < 14 ? "f" : "t");
}

/// Begins with the first table when the second is in, so that one of two jobs has nothing to do.
class HoldsTheFirst : public Observer {
 public:
  void phase(std::string_view name) override { loading_ = name == "data"; }
  void part_started(unsigned, std::string_view object) override {
    if (!loading_ || object != "public.many") return;
    ++loads;
    for (int i = 0; i < 600 && !second_is_in_; ++i) std::this_thread::sleep_for(100ms);
    // Until its job waits for more.
    if (loads == 1) std::this_thread::sleep_for(100ms);
  }
  void part_finished(unsigned, std::string_view object) override {
    if (object == "public.second") second_is_in_ = true;
  }
  std::atomic<int> loads = 0;

 private:
  std::atomic<bool> loading_ = false, second_is_in_ = false;
};

TEST_F(RestoreParallel, SharesTheRestOfATableWithWhoeverHasNothingToDo) {
  restore::IntoEmpty options = into_minimal();
  options.jobs = 2;
  HoldsTheFirst observer;
  const restore::RestoreReport report = restore(observer, options);
  EXPECT_EQ(observer.loads, 3) << "the first part went in frozen, the others in two runs";
  EXPECT_EQ(lines(report.lost), "");
  EXPECT_EQ(report.verdict, Verdict::pass);
  EXPECT_EQ(value_in(options, kHasVisibilityMap), shared_server().major() < 14 ? "f" : "t");
}

TEST_F(RestoreParallel, LosesNoPartForARowThatARuleRefuses) {
  restore::IntoEmpty options = into_minimal();
  options.before_data = [](Connection& target) {
    target.query("ALTER TABLE public.many ADD CONSTRAINT odd CHECK (id <> 200000)");
  };
  const Relation many = *read_manifest(backup_->dir).find({"public", "many"});
  Observer silent;
  const restore::RestoreReport report = restore(silent, options);
  ASSERT_EQ(report.lost.size(), 1U) << lines(report.lost);
  EXPECT_EQ(report.lost[0].object, "odd on public.many");
  EXPECT_EQ(value_in(options, "SELECT count(*) FROM public.many"), std::to_string(many.digest.rows));
  EXPECT_EQ(report.verdict, Verdict::pass);
}

TEST_F(RestoreParallel, TellsOnceOfAnIndexThatCouldNotBeBuilt) {
  restore::IntoEmpty options = created();
  options.before_data = [](Connection& target) { target.query("CREATE SEQUENCE public.many_kind"); };
  Observer silent;
  const restore::RestoreReport report = restore(silent, options);
  EXPECT_EQ(
      lines(report.lost),
      "CREATE INDEX many_kind ON public.many USING btree (kind): relation \"many_kind\" already exists");
  EXPECT_EQ(source_->copied_value(kValidIndexes), "1");
}

}  // namespace
}  // namespace pgassay::test
