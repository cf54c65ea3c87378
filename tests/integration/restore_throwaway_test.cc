// Restores into a server that is thrown away afterwards, as a drill does them.
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <gtest/gtest.h>

#include "core/repository/layout.h"
#include "tests/fixtures/round_trip.h"
#include "tests/fixtures/sample_backup.h"
#include "tests/fixtures/tamper.h"

namespace pgassay::test {
namespace {

restore::IntoEmpty thrown_away() {
  restore::IntoEmpty options = created();
  options.throwaway = true;
  return options;
}

TEST(RestoreThrowaway, MakesNoSubscriptionAndLosesNothingByIt) {
  const Database source("throwaway_sub",
                        "CREATE SUBSCRIPTION afar CONNECTION 'host=192.0.2.1' PUBLICATION p "
                        "WITH (connect = false, slot_name = NONE); COMMENT ON SUBSCRIPTION afar IS 'far';");
  const RoundTrip trip;
  const Backup backup = trip.back_up("throwaway_sub");
  source.psql("DROP SUBSCRIPTION afar;");
  const restore::RestoreReport report = trip.restore(backup, thrown_away());
  EXPECT_EQ(lines(report.lost), "");
  EXPECT_EQ(source.copied_value("SELECT count(*) FROM pg_subscription"), "0");
}

TEST(RestoreThrowaway, LosesOneRoleAndNotAllOfThem) {
  const Database source("throwaway_roles", "CREATE ROLE throwaway_one; CREATE ROLE throwaway_two;");
  const RoundTrip trip;
  const Backup backup = trip.back_up("throwaway_roles");
  std::string globals = read_file(backup.dir.path() / kGlobalsFile);
  globals += "ALTER ROLE throwaway_one SET work_mem TO 'much';\n";
  overwrite(backup.dir.path() / kGlobalsFile, globals);
  reseal(backup.dir.path());
  const restore::RestoreReport report = trip.restore(backup, thrown_away());
  ASSERT_EQ(report.lost.size(), 1U);
  EXPECT_EQ(report.lost[0].kind, restore::LossKind::role);
  EXPECT_EQ(report.lost[0].object, "throwaway_one");
  EXPECT_TRUE(report.lost[0].text.starts_with("role throwaway_one: ")) << report.lost[0].text;
  EXPECT_EQ(source.copied_value("SELECT count(*) FROM pg_roles WHERE rolname LIKE 'throwaway%'"), "2");
}

TEST(RestoreThrowaway, LetsTheCallerInBetweenPreDataAndRows) {
  const Database source("throwaway_hook", "CREATE TABLE t AS SELECT 1 AS a; CREATE INDEX i ON t (a);");
  const RoundTrip trip;
  restore::IntoEmpty options = thrown_away();
  std::string seen;
  options.before_data = [&](Connection& connection) {
    seen = connection
               .query(
                   "SELECT count(*) || ' ' || count(relhasindex OR NULL) FROM pg_class WHERE oid = "
                   "'public.t'::regclass")
               .text(0, 0);
    connection.query("INSERT INTO public.t VALUES (2)");
  };
  trip.restore(trip.back_up("throwaway_hook"), options);
  EXPECT_EQ(seen, "1 0");
  EXPECT_EQ(source.copied_value("SELECT sum(a) FROM t"), "3");
}

}  // namespace
}  // namespace pgassay::test
