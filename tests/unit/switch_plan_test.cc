// What stands in the way of a switch, by facts alone: staging of examples/recyclic is to be replaced by prod.
#include <gtest/gtest.h>

#include <algorithm>

#include "cli/config/config.h"
#include "core/system/error.h"
#include "stack/switch/plan.h"
#include "tests/fixtures/stack_facts.h"
#include "tests/fixtures/temporary_dir.h"

namespace pgassay::test {
namespace {

stack::StackContainer container(const std::string& service, const std::string& status = "running") {
  stack::StackContainer one;
  one.id = "id-of-" + service;
  one.name = "recyclic-staging_" + service + "_1";
  one.service = service;
  one.status = status;
  one.health = "healthy";
  one.restart = "unless-stopped";
  return one;
}

struct Planned {
  explicit Planned(Shape shape, const Replacements& in_prod = {}) {
    scene.from = recorded_stack("staging", shape);
    scene.from.settings.writers = {"api-staging", "bot"};
    scene.to = recorded_stack("prod", shape, in_prod);
    scene.engine.emplace();
    scene.old_there = {container("postgres"), container("redis"), container("api-staging"),
                       container("migrations", "exited")};
    options.settings = {"prod", "staging", "prod", "recyclic"};
  }
  std::string obstacles() const {
    std::string text;
    for (const stack::Obstacle& one : plan_switch(options, scene).obstacles) text += one.text + "\n";
    return text;
  }
  const stack::PlannedStep& step(stack::SwitchStep wanted) {
    plan = plan_switch(options, scene);
    return *std::ranges::find(plan.steps, wanted, &stack::PlannedStep::step);
  }
  stack::SwitchScene scene;
  stack::SwitchOptions options;
  stack::SwitchPlan plan;
};

class SwitchPlans : public ::testing::TestWithParam<Shape> {};
INSTANTIATE_TEST_SUITE_P(Compose, SwitchPlans, ::testing::Values(Shape::v1, Shape::v2),
                         [](const auto& one) { return one.param == Shape::v1 ? "V1" : "V2"; });

TEST_P(SwitchPlans, StopWritersFirstAndTheDatabaseLast) {
  Planned planned(GetParam());
  EXPECT_EQ(planned.obstacles(), "");
  EXPECT_EQ(planned.step(stack::SwitchStep::stop_writers).commands.at(1),
            "docker stop id-of-api-st   # recyclic-staging_api-staging_1");
  EXPECT_EQ(planned.step(stack::SwitchStep::stop_old).commands.at(1),
            "docker stop id-of-postgr id-of-redis   # recyclic-staging_postgres_1, recyclic-staging_redis_1");
  // One that had ended by itself stays as it is.
  const auto ended =
      std::ranges::find(planned.plan.old_containers, "migrations", &stack::SwitchedContainer::service);
  EXPECT_FALSE(ended->ran);
  EXPECT_EQ(planned.plan.exit, Exit::done);
}

TEST_P(SwitchPlans, StopAllButTheDatabaseWhereNoWriterIsNamed) {
  Planned planned(GetParam());
  planned.scene.from.settings.writers.clear();
  EXPECT_EQ(planned.step(stack::SwitchStep::stop_old).commands.at(1),
            "docker stop id-of-postgr   # recyclic-staging_postgres_1");
}

TEST_P(SwitchPlans, RefuseADatabaseThatScriptsFillAtItsFirstStart) {
  Planned planned(GetParam());
  const TemporaryDir scripts;
  write_new_file(scripts.path() / "10-schema.sql", "");
  write_new_file(scripts.path() / "README", "");
  auto& mounts = planned.scene.to.resolved.model->services.at("postgres").mounts;
  mounts.push_back({stack::Mount::Kind::bind, scripts.path().string(), "/docker-entrypoint-initdb.d", true});
  EXPECT_NE(planned.obstacles().find("runs 10-schema.sql of /docker-entrypoint-initdb.d"), std::string::npos)
      << planned.obstacles();
  mounts.back() = {stack::Mount::Kind::bind, "/x/init.sh", "/docker-entrypoint-initdb.d/init.sh", true};
  planned.scene.image_scripts = {"10_postgis.sh"};
  EXPECT_NE(planned.obstacles().find("runs init.sh, 10_postgis.sh of"), std::string::npos)
      << planned.obstacles();
  planned.options.data_from_backup = true;
  EXPECT_EQ(planned.obstacles(), "");
}

TEST_P(SwitchPlans, SayWhatNameBothDatabasesAnswerToMeanwhile) {
  Planned planned(GetParam());
  for (stack::StackFacts* stack : {&planned.scene.from, &planned.scene.to}) {
    stack->resolved.model->networks["shared"] = {"traefik-public", true};
    stack->resolved.model->services.at("postgres").networks["shared"] = {"db"};
  }
  std::string notes;
  for (const std::string& note : plan_switch(planned.options, planned.scene).notes) notes += note + "\n";
  EXPECT_NE(notes.find("on the network traefik-public both databases answer to db"), std::string::npos)
      << notes;
}

TEST_P(SwitchPlans, TryTheNewDatabaseBeforehandWhereItCanNotDisturbTheOldStack) {
  const auto trial_of = [](const Planned& planned) {
    const stack::SwitchPlan plan = plan_switch(planned.options, planned.scene);
    std::string notes;
    for (const std::string& note : plan.notes)
      if (note.find("is not tried before the down-time") != std::string::npos) notes = note;
    EXPECT_EQ(notes.empty(), plan.facts.at(stack::fact::kTrial) == "yes");
    return notes;
  };
  const auto database = [](stack::StackFacts& stack) -> stack::ComposeService& {
    return stack.resolved.model->services.at("postgres");
  };
  Planned planned(GetParam());
  EXPECT_EQ(trial_of(planned), "");
  EXPECT_NE(planned.step(stack::SwitchStep::rehearsal).what.find("the new database is started once"),
            std::string::npos);

  Planned named(GetParam());  // no database of the old stack, but a name of its api's
  named.scene.to.resolved.model->networks["shared"] = {"traefik-public", true};
  database(named.scene.to).networks["shared"] = {"api-staging"};
  EXPECT_NE(trial_of(named).find("on the network traefik-public it would answer to api-staging"),
            std::string::npos)
      << trial_of(named);
  EXPECT_EQ(named.step(stack::SwitchStep::rehearsal).what.find("is started once"), std::string::npos);

  Planned sockets(GetParam());
  for (stack::StackFacts* stack : {&sockets.scene.from, &sockets.scene.to})
    database(*stack).mounts.push_back(
        {stack::Mount::Kind::bind, "/run/postgresql", "/var/run/postgresql", false});
  EXPECT_NE(trial_of(sockets).find("postgres of the old stack uses the directory /run/postgresql, too"),
            std::string::npos)
      << trial_of(sockets);

  Planned labelled(GetParam());
  database(labelled.scene.to).labels["traefik.tcp.routers.db.rule"] = "HostSNI(`*`)";
  EXPECT_NE(trial_of(labelled).find("Traefik would lead to it"), std::string::npos);
}

TEST_P(SwitchPlans, RefuseASecondServerOnAVolume) {
  Planned planned(GetParam());
  planned.scene.on_new_volume = {"somebodys-db-1"};
  EXPECT_NE(planned.obstacles().find("somebodys-db-1 runs on the new database's volume"), std::string::npos);
}

TEST_P(SwitchPlans, SayWhatIsNotCarriedOver) {
  Planned planned(GetParam());
  planned.scene.strangers = {container("adminer")};
  planned.scene.from.settings.bystanders = {"adminer"};
  const stack::SwitchPlan plan = plan_switch(planned.options, planned.scene);
  std::string notes;
  for (const std::string& note : plan.notes) notes += note + "\n";
  EXPECT_NE(notes.find("redis"), std::string::npos) << notes;
  EXPECT_NE(notes.find("adminer_1 goes on running"), std::string::npos) << notes;
}

/// Of a profile that is not named, for instance.
TEST_P(SwitchPlans, RefuseToLeaveAWriterRunningThatComposeDoesNotTellOf) {
  Planned planned(GetParam());
  planned.scene.strangers = {container("importer"), container("report", "exited")};
  EXPECT_EQ(
      planned.obstacles(),
      "recyclic-staging_importer_1 runs in the project recyclic-staging, but is of no service that compose "
      "finds in the stack staging: what it writes after the final backup would be lost\n");
}

TEST_P(SwitchPlans, CarryOverTheVolumesThatAreListed) {
  Planned planned(GetParam());
  planned.options.settings.volumes = {{"staging_redis_data", "prod_redis_data"}};
  planned.scene.engine->volumes["recyclic-staging_staging_redis_data"] = {"recyclic-staging", "/nowhere"};
  EXPECT_EQ(planned.obstacles(), "");
  EXPECT_NE(planned.step(stack::SwitchStep::carry_volumes)
                .commands.at(0)
                .find("-v recyclic-staging_staging_redis_data:/from:ro -v recyclic-prod_prod_redis_data:/to"),
            std::string::npos);
  EXPECT_EQ(planned.plan.facts.at(stack::fact::kVolumes),
            "recyclic-staging_staging_redis_data:recyclic-prod_prod_redis_data");
  EXPECT_EQ(planned.plan.facts.at(stack::fact::kVolumesLeft), "");
  EXPECT_TRUE(planned.plan.notes.empty());
}

TEST_P(SwitchPlans, RefuseVolumesThatCanNotBeCarriedOver) {
  const TemporaryDir dir;
  Planned planned(GetParam());
  std::map<std::string, std::string>& volumes = planned.options.settings.volumes;
  const std::string old = "recyclic-staging_staging_redis_data", fresh = "recyclic-prod_prod_redis_data";
  volumes = {{"redis", "prod_redis_data"}, {"staging_redis_data", "redis"}};
  EXPECT_EQ(planned.obstacles(),
            "volumes of [switch.prod]: no service of the stack staging has a volume redis\n"
            "volumes of [switch.prod]: no service of the stack prod has a volume redis\n");
  volumes = {{"staging_postgres_data", "prod_redis_data"}};
  EXPECT_NE(planned.obstacles().find("staging_postgres_data = prod_redis_data is a database's volume"),
            std::string::npos);
  volumes = {{"staging_redis_data", "prod_redis_data"}};
  EXPECT_EQ(planned.obstacles(), "the volume " + old + " is not there, so it can't be carried over\n");
  planned.scene.engine->volumes[old] = {"recyclic-staging", "/nowhere"};
  planned.scene.engine->volumes[fresh] = {"recyclic-prod", dir.path()};
  EXPECT_EQ(planned.obstacles(), "");
  write_new_file(dir.path() / "dump.rdb", "REDIS");
  EXPECT_EQ(planned.obstacles(),
            "the volume " + fresh + " is not empty: " + old + " can't be carried over into it\n");
  write_new_file(dir.path() / ".pgassay-copying", "");
  EXPECT_EQ(planned.obstacles(), "") << "a copy that was interrupted";
  for (auto& [key, one] : planned.scene.from.resolved.model->volumes)
    if (key == "staging_redis_data") one.name = fresh;
  EXPECT_EQ(planned.obstacles(), "the volume " + fresh + " is in both stacks\n");
}

TEST_P(SwitchPlans, RefuseWhatWouldReplaceTheOldStacksContainers) {
  Planned planned(GetParam());
  planned.scene.from.resolved.model->project = "recyclic-prod";
  EXPECT_NE(planned.obstacles().find("both stacks are the compose project recyclic-prod"), std::string::npos);
  planned = Planned(GetParam());
  planned.scene.to.resolved.model->services.at("redis").container_name = "recyclic-staging_redis_1";
  EXPECT_NE(planned.obstacles().find("is to be called recyclic-staging_redis_1"), std::string::npos);
}

TEST_P(SwitchPlans, RefuseAnOldStackThatIsNotAsItShouldBe) {
  Planned planned(GetParam());
  planned.scene.old_there[0].status = "exited";
  EXPECT_NE(planned.obstacles().find("the database of the stack staging does not run"), std::string::npos);
  planned = Planned(GetParam());
  planned.scene.old_there.push_back(container("postgres"));
  EXPECT_NE(planned.obstacles().find("or several containers do"), std::string::npos);
  planned = Planned(GetParam());
  planned.scene.old_there[2].one_off = true;
  EXPECT_NE(planned.obstacles().find("of `compose run` runs"), std::string::npos);
  planned = Planned(GetParam());
  planned.scene.old_there[2].status = "paused";
  EXPECT_NE(planned.obstacles().find("is paused"), std::string::npos);
}

TEST_P(SwitchPlans, RefuseANewStackThatRuns) {
  Planned planned(GetParam());
  planned.scene.new_there = {container("bot")};
  EXPECT_NE(planned.obstacles().find("the stack prod runs already"), std::string::npos);
}

TEST_P(SwitchPlans, RefuseTwoDatabasesOnOnePort) {
  Planned planned(GetParam());
  planned.scene.to.resolved.model->services.at("postgres").ports = {{"127.0.0.1", 5433, 5433, "tcp"}};
  planned.scene.engine->containers = {{"old", "recyclic-staging", true, {{"", 5433, 5433, "tcp"}}}};
  EXPECT_NE(planned.obstacles().find("the new database publishes 127.0.0.1:5433/tcp, as old does"),
            std::string::npos)
      << planned.obstacles();
}

TEST_P(SwitchPlans, AskForAFlagWhereDataIsInTheWay) {
  const TemporaryDir dir;
  Planned planned(GetParam());
  const std::string volume = planned.scene.to.model()->volumes.begin()->second.name;
  std::string data;
  for (const auto& [key, one] : planned.scene.to.model()->volumes)
    if (key.find("postgres") != std::string::npos) data = one.name;
  planned.scene.engine->volumes[data] = {"recyclic-prod", dir.path()};
  EXPECT_EQ(planned.obstacles(), "");  // it is empty
  write_new_file(dir.path() / "PG_VERSION", "15\n");
  planned.options.data_from_backup = true;
  EXPECT_NE(planned.obstacles().find(data + " holds a half-made database"), std::string::npos);
  EXPECT_EQ(plan_switch(planned.options, planned.scene).obstacles.at(0).hint,
            "nothing is in it yet: docker volume rm " + data + " removes it");
  planned.scene.new_there = {container("postgres", "exited")};
  EXPECT_EQ(plan_switch(planned.options, planned.scene).obstacles.at(0).hint,
            "nothing is in it yet: docker rm recyclic-staging_postgres_1; docker volume rm " + data +
                " removes it");
  planned.scene.new_there.clear();
  planned.options.data_from_backup = false;
  make_cluster_files(dir.path());
  EXPECT_NE(planned.obstacles().find(data + " holds a database of PostgreSQL 15"), std::string::npos);
  planned.scene.tried_volume = data;  // made by the start of a switch that came no further
  EXPECT_EQ(planned.obstacles(), "");
  EXPECT_EQ(plan_switch(planned.options, planned.scene).facts.at(stack::fact::kTried), data);
  planned.scene.tried_volume.clear();
  planned.options.data_from_backup = true;
  EXPECT_EQ(planned.obstacles(), "");

  planned.options.data_from_backup = false;
  planned.options.keep_data = true;
  EXPECT_NE(planned.obstacles().find("--keep-data, but the stacks keep their databases in"),
            std::string::npos);
  for (auto& [key, one] : planned.scene.from.resolved.model->volumes)
    if (key.find("postgres") != std::string::npos) one.name = data;
  EXPECT_EQ(planned.obstacles(), "");
  planned.options.keep_data = false;
  EXPECT_NE(planned.obstacles().find("both stacks keep their database in " + data), std::string::npos);
}

TEST_P(SwitchPlans, HoldWhatTheChecksRefuse) {
  Planned planned(GetParam());
  planned.scene.check.findings = {{5, "prod", stack::StackVerdict::fail, "", "", "a placeholder", "write it"},
                                  {14, "prod", stack::StackVerdict::warning, "", "", "latest", ""}};
  EXPECT_EQ(planned.obstacles(), "stack check prod, check 5: a placeholder\n");
  EXPECT_EQ(plan_switch(planned.options, planned.scene).exit, Exit::refused);
  planned.scene.check.findings[0].weight = stack::StackVerdict::unverified;
  EXPECT_EQ(plan_switch(planned.options, planned.scene).exit, Exit::unverified);
}

TEST(SwitchConfig, TheCompleteExampleHasEveryKey) {
  const Path file = PGASSAY_SOURCE_DIR "/docs/pgassay.toml";
  const stack::SwitchSettings one = cli::parse_config(read_file(file), file).switches.at("next");
  EXPECT_EQ(one.from, "prod");
  EXPECT_EQ(one.to, "prod-next");
  EXPECT_EQ(one.source, "prod");
  EXPECT_TRUE(one.drill);
  EXPECT_EQ(one.health_timeout, Seconds(180));
  EXPECT_EQ(one.volumes, (std::map<std::string, std::string>{{"redis_data", "next_redis_data"}}));
}

TEST(SwitchConfig, RefusesWhatNamesNoStack) {
  const auto complaint = [](const std::string& keys) {
    const std::string text =
        "[stack.a]\ncompose_files = [\"a\"]\nsource = \"s\"\n[stack.b]\ncompose_files = "
        "[\"b\"]\n[switch.x]\n" +
        keys;
    try {
      cli::parse_config(text, "pgassay.toml");
    } catch (const UsageError& error) {
      return std::string(error.what());
    }
    return std::string("no error");
  };
  EXPECT_EQ(complaint("from = \"a\"\nto = \"b\""), "no error");
  EXPECT_EQ(complaint("from = \"a\""), "pgassay.toml:6: [switch.x] needs from and to");
  EXPECT_EQ(complaint("from = \"a\"\nto = \"c\""), "pgassay.toml:8: to names no stack");
  EXPECT_EQ(complaint("from = \"a\"\nto = \"a\""), "pgassay.toml:8: from and to are the same stack");
  EXPECT_EQ(complaint("from = \"a\"\nto = \"b\"\nvolumes = [\"a\"]"),
            "pgassay.toml:9: volumes must be a table of strings, not an array");
  EXPECT_EQ(complaint("from = \"a\"\nto = \"b\"\nvolumes = {a = 1}"),
            "pgassay.toml:9: volumes must hold strings, not a whole number");
  EXPECT_NE(complaint("from = \"a\"\nto = \"b\"\ndril = true").find("unknown key 'dril'"), std::string::npos);
}

TEST(StackContainers, AreReadFromWhatInspectSays) {
  const auto found = stack::parse_stack_containers(
      "abc\t/app_db_1\tdb\tsha256:1\trunning\thealthy\tunless-stopped\t0\t0\tFalse\t\n"
      "def\t/app_api_run_1\tapi\tsha256:2\texited\tnone\ton-failure\t3\t137\tTrue\t\n"
      "ghi\t/x\tx\tsha256:3\trunning\tstarting\t\t0\t0\t\t\nnoise\n");
  ASSERT_EQ(found.size(), 3u);
  EXPECT_EQ(found[0].name, "app_db_1");
  EXPECT_TRUE(found[0].well());
  EXPECT_EQ(found[1].restart, "on-failure:3");
  EXPECT_EQ(found[1].exit_status, 137);
  EXPECT_TRUE(found[1].one_off);
  EXPECT_EQ(found[2].restart, "no");
  EXPECT_FALSE(found[2].well());
}

}  // namespace
}  // namespace pgassay::test
