// A scheduler that is really there: pg_cron, in the source and in the throwaway server.
#include <gtest/gtest.h>

#include <chrono>
#include <nlohmann/json.hpp>
#include <thread>

#include "tests/fixtures/child.h"
#include "tests/fixtures/host_postgres.h"
#include "tests/fixtures/live_backup.h"

namespace pgassay::test {
namespace {

using namespace std::chrono_literals;

TEST(DrillScheduler, FiresInTheSourceAndNeverInADrill) {
  ONLY_WITH_THE_HOSTS_SERVER("servers from elsewhere come without pg_cron");
  const LocalServer server({{"shared_preload_libraries", "pg_cron"},
                            {"cron.database_name", "crons"},
                            {"cron.use_background_workers", "on"}});
  const LiveDatabase source(
      "crons",
      "CREATE EXTENSION pg_cron; CREATE TABLE fired (at timestamptz DEFAULT now());"
      "SELECT cron.schedule('each minute', '* * * * *', 'INSERT INTO public.fired DEFAULT VALUES');",
      "", server);
  const Vault vault;
  const Ran backup = vault.back_up(source);
  ASSERT_EQ(backup.status, 0) << backup.err;

  const TemporaryDir dir;
  for (const Path& way : {dir.path(), dir.path() / "work"}) {
    make_private_dirs(way);
    std::filesystem::permissions(way, std::filesystem::perms(0711));  // the server's user must get there
  }
  const Ran drill = vault.run({"drill", "latest", "--engine", "local", "--work-dir",
                               (dir.path() / "work").string(), "--keep", "--json"});
  ASSERT_EQ(drill.status, 0) << drill.out << drill.err;
  const std::string connect = nlohmann::json::parse(drill.out).at("drill").at("connect");
  const auto restored = [&](const std::string& sql) {
    return run_child({"sh", "-c", connect + " -XAtc \"" + sql + "\""}).out;
  };
  EXPECT_EQ(restored("SELECT count(*) FROM cron.job WHERE active"), "1\n") << "the job itself is restored";
  const std::string rows = restored("SELECT count(*) FROM fired");
  const std::string runs = restored("SELECT count(*) FROM cron.job_run_details");

  // The same minute strikes in both.
  const std::string until = "SELECT count(*) > " + source.value("SELECT count(*) FROM fired") + " FROM fired";
  for (int i = 0; i < 900 && source.value(until) != "t"; ++i) std::this_thread::sleep_for(100ms);
  EXPECT_EQ(source.value(until), "t");
  std::this_thread::sleep_for(2s);
  EXPECT_EQ(restored("SELECT count(*) FROM fired"), rows);
  EXPECT_EQ(restored("SELECT count(*) FROM cron.job_run_details"), runs) << "rows that the backup lacks";

  const Ended stopped =
      run_child({"sh", "-c",
                 "cd " + (dir.path() / "work").string() +
                     " && for d in */data; do kill -QUIT $(head -1 $d/postmaster.pid); done"});
  EXPECT_EQ(stopped.status, 0) << stopped.err;
}

}  // namespace
}  // namespace pgassay::test
