// What `pgassay stack switch` finds before anything is stopped, or before the point of no return, on a real
// engine.
#include "tests/docker/two_stacks.h"

namespace pgassay::test {
namespace {

class StackSwitchTrial : public TwoStacks {};

/// The new database is started once before anything is stopped.
TEST_F(StackSwitchTrial, FindsBeforeTheDownTimeWhatWouldEndTheSwitchInIt) {
  const auto expect_untouched = [&](const Ran& ran, int status, const Words& words) {
    EXPECT_EQ(ran.status, status) << ran.err;
    expect_words(ran.err, words);
    expect_words(ran.err, {"nothing of the old stack was touched"});
    EXPECT_EQ(looks("old"), before_);
    EXPECT_TRUE(running("new").empty());
    EXPECT_EQ(standing(), "given up, nothing touched");
  };
  {
    SCOPED_TRACE("it is never healthy");
    change("pgassay.toml", "600s", "30s");
    change("new.yml", "\"-U\", \"app\"]", "\"-U\", \"app\", \"-p\", \"1\"]");
    expect_untouched(do_switch(), 1, {"not well after 30 s", "write a longer start_period"});
    change("new.yml", "\"-U\", \"app\", \"-p\", \"1\"]", "\"-U\", \"app\"]");
    change("pgassay.toml", "30s", "600s");
  }
  {
    SCOPED_TRACE("its volume, which the trial made, has another password");
    write("new.env", "POSTGRES_PASSWORD=another-one\n");
    expect_untouched(do_switch(), 6,
                     {"POSTGRES_PASSWORD of the service db is not in force in its database", "ALTER ROLE"});
    forget_new();
  }
  {
    SCOPED_TRACE("a role that is carried over has another password");
    sql("old", "ALTER ROLE reader LOGIN PASSWORD 'hunter2-of-the-old-reader'");
    change("new.yml", "    stop_signal:",
           "    environment: {READ_URL: \"postgresql://reader:wrong@db/app\"}\n    stop_signal:");
    expect_untouched(do_switch(), 6,
                     {"READ_URL of the service writer: reader has another password in the old"});
    change("new.yml", "reader:wrong@", "reader:hunter2-of-the-old-reader@");
  }
  {
    SCOPED_TRACE("scripts that the plan does not see fill it");
    remove("new");
    const std::string volume = project("new") + "_init";
    docker({"volume", "create", "--label", label("new").substr(6), volume});
    docker({"run", "--rm", "--entrypoint", "sh", "-v", volume + ":/init", host_image(), "-c",
            "echo 'CREATE TABLE in_the_way (i int);' > /init/a.sql"});
    change("new.yml", "\"data:/var", "\"init:/docker-entrypoint-initdb.d\", \"data:/var");
    change("new.yml", "run: {}}", "run: {}, init: {}}");
    for (const char* attempt : {"first", "second"}) {
      SCOPED_TRACE(attempt);
      expect_untouched(do_switch(), 6,
                       {"is not empty once it has started", "in_the_way", "--data-from-backup"});
    }
    forget_new();
    change("new.yml", "\"init:/docker-entrypoint-initdb.d\", ", "");
  }
  {
    SCOPED_TRACE("scripts that it sees");
    write("init.sql", "CREATE TABLE in_the_way (i int);\n");
    set_mode(dir() / "init.sql", 0644);
    const std::string mount =
        "\"" + (dir() / "init.sql").string() + ":/docker-entrypoint-initdb.d/init.sql:ro\", ";
    change("new.yml", "\"data:/var", mount + "\"data:/var");
    const Ran ran = do_switch();
    EXPECT_EQ(ran.status, 6) << ran.err;
    expect_words(ran.err, {"init.sql of /docker-entrypoint-initdb.d", "--data-from-backup"});
    EXPECT_TRUE(looks("new").empty());
    change("new.yml", mount, "");
  }
  expect_old_runs_as_before();
}

/// Somebody tidies up while it runs.
TEST_F(StackSwitchTrial, SeesAContainerOfTheOldStackRemovedBeforeThePointOfNoReturn) {
  {
    SCOPED_TRACE("its writer");
    write("bin/kill-before", stop_of_old("db"));
    ASSERT_EQ(do_switch().status, 137);
    docker({"rm", "-f", container("old", "writer")});
    const Ran resumed = stack({"switch", "app", "--resume"});
    EXPECT_EQ(resumed.status, 6) << resumed.err;
    expect_words(resumed.err,
                 {"-old-writer-1 of the old stack was removed since the switch was planned", "make it anew",
                  "rolled back: the old stack runs as before, but without " + project("old") + "-writer-1"});
    EXPECT_EQ(standing(), "rolled back");
    EXPECT_TRUE(running("new").empty());
    EXPECT_EQ(running("old").size(), 1u);
    expect_every_acknowledged_row_in("old");
    compose("old", {"up", "-d"});
    before_ = looks("old");
    expect_old_runs_as_before();
    forget_new();
  }
  {
    SCOPED_TRACE("its database");
    write("bin/kill-before", stop_of_old("db"));
    ASSERT_EQ(do_switch().status, 137);
    docker({"rm", "-f", container("old", "db")});
    const Ran resumed = stack({"switch", "app", "--resume"});
    EXPECT_EQ(resumed.status, 1) << resumed.err;
    expect_words(resumed.err, {"-old-db-1 of the old stack was removed", "the container is gone",
                               "pgassay stack rollback app"});
    compose("old", {"up", "-d", "--no-deps", "db"});
    const Ran back = stack({"rollback", "app"});
    EXPECT_EQ(back.status, 0) << back.err;
    EXPECT_EQ(standing(), "rolled back");
    EXPECT_EQ(running("old").size(), 2u);
    before_ = looks("old");
    expect_old_runs_as_before();
  }
}

}  // namespace
}  // namespace pgassay::test
