// A scheduler that is really there: pg_cron, in the source and in the throwaway server. The job is one for
// each start of a server, so that no minute has to strike.
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
  LocalServer server({{"shared_preload_libraries", "pg_cron"},
                      {"cron.database_name", "crons"},
                      {"cron.use_background_workers", "on"}});
  const LiveDatabase source(
      "crons",
      "CREATE EXTENSION pg_cron; CREATE TABLE fired (at timestamptz DEFAULT now());"
      "SELECT cron.schedule('each start', '@reboot', 'INSERT INTO public.fired DEFAULT VALUES');",
      "", server);
  server.count_oids_from(100'000);  // starts it again
  source.until("SELECT count(*) = 1 FROM fired");
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

  // A server that is kept was started once more. A pg_cron that does not know launch_active_jobs begins the
  // job, and fails.
  if (restored(
          "SELECT category = 'Customized Options' FROM pg_settings WHERE name = 'cron.launch_active_jobs'") !=
      "f\n") {
    const Path log = dir.path() / "work" / list_names(dir.path() / "work").at(0) / "log";
    for (int i = 0; i < 600 && read_file(log).find("cron job 1") == std::string::npos; ++i)
      std::this_thread::sleep_for(100ms);
    EXPECT_NE(read_file(log).find("cron job 1 connection failed"), std::string::npos) << read_file(log);
  }
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
