// Checks 7 to 16: what stacks share by accident, and what they lack. Each with what it passes and what it
// finds.
#include <gtest/gtest.h>

#include "stack/check/check.h"
#include "tests/fixtures/sample_backup.h"
#include "tests/fixtures/stack_facts.h"
#include "tests/fixtures/temporary_dir.h"

namespace pgassay::test {
namespace {

class StackIsolation : public ::testing::TestWithParam<Shape> {
 protected:
  stack::StackFacts stack(const std::string& name, const Replacements& replacements = {}) const {
    return recorded_stack(name, GetParam(), replacements);
  }
  /// A second one of the same files.
  stack::StackFacts twin(const std::string& name, const std::string& called,
                         const Replacements& replacements = {}) const {
    stack::StackFacts facts = stack(name, replacements);
    facts.settings.name = called;
    return facts;
  }
  static void passes(int check, const stack::Surroundings& around) {
    EXPECT_EQ(verdict(check, around), stack::StackVerdict::pass) << said(check, around);
  }
  static void finds(int check, const stack::Surroundings& around, const std::string& words) {
    const bool warns = words.starts_with("WARNING");
    EXPECT_EQ(verdict(check, around), warns ? stack::StackVerdict::warning : stack::StackVerdict::fail);
    EXPECT_NE(said(check, around).find(words), std::string::npos) << said(check, around);
  }
  stack::StackFacts prod = stack("prod"), staging = stack("staging"), dev = stack("dev");
};
INSTANTIATE_TEST_SUITE_P(Shapes, StackIsolation, ::testing::Values(Shape::v1, Shape::v2),
                         [](const auto& shape) { return shape.param == Shape::v1 ? "v1" : "v2"; });

TEST_P(StackIsolation, EveryCheckOfTheExamplePasses) {
  for (const auto& order : {std::vector{prod, staging, dev}, {staging, dev, prod}, {dev, prod, staging}})
    for (const stack::NamedStackCheck& check : stack::stack_checks())
      if (check.number > 2) passes(check.number, surroundings(order));
}

TEST_P(StackIsolation, Check7FindsOneVolumeInTwoStacks) {
  prod.resolved.model->volumes.at("prod_redis_data").name = "redis";
  staging.resolved.model->volumes.at("staging_redis_data").name = "redis";
  finds(7, surroundings({prod, staging}),
        "FAIL /srv/docker-compose.prod.yml volumes.prod_redis_data.name the volume redis is also "
        "volumes.staging_redis_data of stack staging");
}

TEST_P(StackIsolation, Check7FindsOneNetworkInTwoStacks) {
  finds(7, surroundings({prod, stack("staging", {{"recyclic-staging-network", "recyclic-prod-network"}})}),
        "networks.recyclic-prod-network.name the network recyclic-prod-network is also");
}

TEST_P(StackIsolation, Check7WantsSharedNetworksNamed) {
  prod.settings.external_networks.clear();
  finds(7, surroundings({prod, staging}), "networks.traefik-public.name the network traefik-public is also");
}

TEST_P(StackIsolation, Check7FindsAPortThatTwoStacksPublish) {
  const stack::StackFacts other = twin("dev", "dev2");
  finds(7, surroundings({dev, other}),
        "FAIL /srv/docker-compose.dev.yml services.api.ports port 127.0.0.1:8000/tcp of this host is also "
        "published "
        "by api of stack dev2");
}

TEST_P(StackIsolation, Check7FindsContainerNamesAndDirectoriesThatTwoStacksShare) {
  for (stack::StackFacts* one : {&prod, &staging}) {
    one->resolved.model->services.at("bot").container_name = "bot";
    one->resolved.model->services.at("bot").mounts = {
        {stack::Mount::Kind::bind, "/srv/uploads", "/u", false}};
  }
  const stack::Surroundings around = surroundings({prod, staging});
  finds(7, around, "services.bot.container_name bot is also what bot of stack staging is called");
  finds(7, around, "services.bot.container_name");
  EXPECT_NE(said(7, around).find(
                "WARNING /srv/docker-compose.prod.yml services.bot.volumes writes to /srv/uploads"),
            std::string::npos);
}

TEST_P(StackIsolation, Check7FindsWhatTheHostHasAlready) {
  stack::Surroundings around = surroundings({dev});
  around.engine->volumes["recyclic-dev_dev_postgres_data"] = {"recyclic-dev", "/v"};
  around.engine->networks["recyclic-dev_default"] = "recyclic-dev";
  around.engine->containers = {
      {"recyclic-dev_api_1", "recyclic-dev", true, dev.model()->services.at("api").ports},
      {"old", "recyclic", false, dev.model()->services.at("api").ports}};
  passes(7, around);
  around.engine->containers[1].running = true;
  finds(7, around,
        "services.api.ports port 127.0.0.1:8000/tcp of this host is published by the container old, which "
        "belongs to the project recyclic");
  around.engine->containers.clear();
  around.engine->volumes["recyclic-dev_dev_postgres_data"].project = "recyclic";
  finds(7, around,
        "volumes.dev_postgres_data.name the volume recyclic-dev_dev_postgres_data is there already and "
        "belongs to the project recyclic");
  around.engine->volumes["recyclic-dev_dev_postgres_data"].project = "";
  finds(7, around, "WARNING");
  around.engine->networks["recyclic-dev_default"] = "";
  finds(7, around, "the network recyclic-dev_default is there already and was not made by compose");
  around.engine.reset();
  EXPECT_EQ(verdict(7, around), stack::StackVerdict::unverified);
}

TEST_P(StackIsolation, WhatCannotBeComparedIsUnverified) {
  staging.resolved.model.reset();
  for (const int check : {7, 10, 12, 13})
    EXPECT_EQ(verdict(check, surroundings({prod, staging})), stack::StackVerdict::unverified) << check;
  for (const int check : {5, 7, 9, 10, 11, 12, 13, 14, 15})
    EXPECT_EQ(verdict(check, surroundings({staging, prod})), stack::StackVerdict::unverified) << check;
}

TEST_P(StackIsolation, Check8WantsProjectNamesThatAreGivenAndUnique) {
  staging.settings.project = "recyclic-prod";
  finds(8, surroundings({prod, staging}),
        "FAIL  project stack staging has the same project name, recyclic-prod");
  prod.settings.project.reset();
  finds(8, surroundings({prod}), "FAIL  project no project name is given");
  prod.settings.project = "recyclic-prod";
  prod.env = stack::EnvFile::parse("X=1\nCOMPOSE_PROJECT_NAME=recyclic\n");
  finds(8, surroundings({prod}), "FAIL /srv/.env.prod:2 COMPOSE_PROJECT_NAME another project name");
}

TEST_P(StackIsolation, Check9WantsExternalNetworksToBeThere) {
  stack::Surroundings around = surroundings({prod});
  around.engine->networks.clear();
  finds(9, around, "there is no network traefik-public on this host docker network create traefik-public");
  around.engine.reset();
  EXPECT_EQ(verdict(9, around), stack::StackVerdict::unverified);
}

TEST_P(StackIsolation, Check9WarnsOfExternalNetworksThatAreNotNamedOrNotUsed) {
  prod.settings.external_networks.clear();
  finds(9, surroundings({prod}),
        "WARNING /srv/docker-compose.prod.yml networks.traefik-public external, and so shared");
  dev.settings.external_networks = {"traefik-public"};
  finds(9, surroundings({dev}),
        "WARNING /srv/docker-compose.dev.yml networks no service is on the external network");
}

TEST_P(StackIsolation, Check10WantsAHealthCheckOfEveryServiceThatStays) {
  prod = stack("prod", {{"healthcheck", "no_check"}});
  stack::Surroundings around = surroundings({prod});
  finds(10, around,
        "FAIL /srv/docker-compose.prod.yml services.bot.healthcheck there is no health check, and the "
        "image is not here to be asked for one");
  EXPECT_EQ(said(10, around).find("services.migrations"), std::string::npos);  // it runs once
  for (const auto& [name, service] : prod.model()->services)
    around.engine->images_with_healthcheck.insert(service.image);
  passes(10, around);
}

TEST_P(StackIsolation, Check10FindsAHealthCheckThatIsSwitchedOff) {
  prod.resolved.model->services.at("bot").has_healthcheck = false;
  prod.resolved.model->services.at("bot").healthcheck_is_off = true;
  finds(10, surroundings({prod}), "services.bot.healthcheck the health check is switched off");
}

TEST_P(StackIsolation, Check10WantsEachStackToHaveItsOwnHost) {
  finds(10, surroundings({prod, stack("staging", {{"devrecyclic.jarvos.eu", "Recyclic.jarvos.eu"}})}),
        "services.api-prod.labels the host recyclic.jarvos.eu is also one of stack staging");
}

TEST_P(StackIsolation, Check10WantsARuleForEachRoute) {
  prod.settings.routes[0].host = "www.jarvos.eu";
  finds(10, surroundings({prod}),
        "services.api-prod.labels no rule of a Traefik router names the host www.jarvos.eu");
}

TEST_P(StackIsolation, Check10LeavesToTraefikWhatOnlyItCanTell) {
  prod.settings.routes[0].host = "www.jarvos.eu";
  auto& labels = prod.resolved.model->services.at("api-prod").labels;
  const auto rule =
      std::ranges::find_if(labels, [](const auto& one) { return one.first.ends_with(".rule"); });
  ASSERT_NE(rule, labels.end());
  rule->second = "HostRegexp(`^[a-z]+\\.jarvos\\.eu$`)";
  finds(10, surroundings({prod}),
        "WARNING /srv/docker-compose.prod.yml services.api-prod.labels the rule of router");
  labels.erase(rule);
  EXPECT_NE(said(10, surroundings({prod})).find("only Traefik can tell whether it takes www.jarvos.eu"),
            std::string::npos);
}

TEST_P(StackIsolation, Check10TakesANegationForNoHost) {
  prod.settings.routes[0].host = "www.jarvos.eu";
  for (auto& [label, value] : prod.resolved.model->services.at("api-prod").labels)
    if (label.ends_with(".rule")) value = "Host(`www.jarvos.eu.`) && !Host(`devrecyclic.jarvos.eu`)";
  stack::StackFacts staging = stack("staging", {});
  const std::string found = said(10, surroundings({prod, staging}));
  EXPECT_EQ(found.find("devrecyclic.jarvos.eu is also one"), std::string::npos) << found;
  EXPECT_EQ(found.find("no rule of a Traefik router"), std::string::npos) << found;
}

TEST_P(StackIsolation, Check10KnowsThatTraefik3TakesOneValue) {
  auto& labels = prod.resolved.model->services.at("api-prod").labels;
  for (auto& [label, value] : labels)
    if (label.ends_with(".rule")) value = "Host(`recyclic.jarvos.eu`, `www.jarvos.eu`)";
  const std::string words = "Host(…) holds several values, and Traefik v3 takes one";
  stack::Surroundings around = surroundings({prod});
  finds(10, around, "WARNING /srv/docker-compose.prod.yml services.api-prod.labels.traefik.http.routers.");
  finds(10, around, "WARNING");
  const auto with = [&](const char* image, const char* version) {
    around.engine->containers = {{"traefik", "", true, {}, image, version}};
    return around;
  };
  for (const auto& three : {with("traefik:v3.1", ""), with("docker.io/library/traefik:3", ""),
                            with("traefik:latest", "v3.0.4"), with("registry:5000/traefik:3@sha256:1", "")})
    EXPECT_NE(said(10, three).find("FAIL /srv/docker-compose.prod.yml services.api-prod.labels.traefik"),
              std::string::npos)
        << said(10, three);
  finds(10, with("traefik", ""), "WARNING");
  passes(10, with("traefik:v2.11", ""));
  EXPECT_NE(said(10, with("traefik:v3.1", "")).find(words), std::string::npos);
  const std::string rule =
      std::ranges::find_if(labels, [](const auto& one) { return one.first.ends_with(".rule"); })->first;
  labels[rule.substr(0, rule.size() - 4) + "ruleSyntax"] = "v2";
  for (stack::StackFacts& one : around.stacks) one = prod;
  passes(10, with("traefik:v3.1", ""));
}

TEST_P(StackIsolation, Check11WantsTheDatabaseInANamedVolume) {
  TemporaryDir volume;
  stack::Surroundings around = surroundings({prod});
  EXPECT_NE(said(11, around).find("is not there yet"), std::string::npos);
  around.engine->volumes["recyclic-prod_prod_postgres_data"] = {"recyclic-prod", volume.path()};
  EXPECT_NE(said(11, around).find("is empty"), std::string::npos);
  write_new_file(volume.path() / "PG_VERSION", "15\n");
  EXPECT_NE(said(11, around).find("holds a half-made database"), std::string::npos);
  make_cluster_files(volume.path());
  EXPECT_NE(said(11, around).find("holds a database of PostgreSQL 15"), std::string::npos);
  passes(11, around);
  finds(11, surroundings({stack("prod", {{"/var/lib/postgresql/data", "/elsewhere"}})}),
        "services.postgres.volumes the database's data is in no named volume");
  prod.resolved.model->volumes.at("prod_postgres_data").external = true;
  finds(11, surroundings({prod}),
        "volumes.prod_postgres_data the volume recyclic-prod_prod_postgres_data is external");
  prod.settings.database_service = "db";
  finds(11, surroundings({prod}), "services.db there is no such service, which database_service names");
}

/// From 18 on the image has its volume a directory higher, and the data below it.
TEST_P(StackIsolation, Check11KnowsWhereTheImageKeepsItsData) {
  const auto with = [&](const std::string& image, const std::string& target) {
    stack::StackFacts facts = stack("prod", {{"/var/lib/postgresql/data", target}});
    facts.resolved.model->services.at("postgres").image = image;
    return facts;
  };
  const std::string lost = "services.postgres.volumes the database's data is in no named volume: PGDATA is ";
  for (const std::string image : {"postgres:13", "postgres:16-alpine", "docker.io/library/postgres:17.2"}) {
    passes(11, surroundings({with(image, "/var/lib/postgresql/data")}));
    finds(11, surroundings({with(image, "/var/lib/postgresql")}), lost + "/var/lib/postgresql/data");
  }
  passes(11, surroundings({with("postgres:18", "/var/lib/postgresql")}));
  passes(11, surroundings({with("postgres:19beta1", "/var/lib/postgresql/19/docker")}));
  finds(11, surroundings({with("postgres:18-bookworm", "/var/lib/postgresql/data")}),
        lost + "/var/lib/postgresql/18/docker");
  passes(11, surroundings({with("bitnami/postgresql:15", "/bitnami/postgresql")}));
  finds(11, surroundings({with("bitnami/postgresql:15", "/var/lib/postgresql/data")}),
        lost + "/bitnami/postgresql/data");

  stack::StackFacts own = with("registry.example/database:1", "/srv/pg");
  stack::Surroundings around = surroundings({own});
  EXPECT_NE(said(11, around).find("not known where the image registry.example/database:1"),
            std::string::npos);
  stack::add_image("health\tnone\nenv\tPGDATA=/srv/pg/main\nvolume\t/srv/pg\n", "registry.example/database:1",
                   *around.engine);
  passes(11, around);
  stack::add_image("volume\t/srv/pg/main\n", "registry.example/database:1", *around.engine);
  finds(11, around, lost + "/srv/pg/main");
  own.resolved.model->services.at("postgres").environment["PGDATA"] = "/srv/pg/other";
  passes(11, surroundings({own}));
}

TEST_P(StackIsolation, Check12FindsANameThatTwoStacksAnswerTo) {
  const stack::StackFacts other = stack("staging", {{"api-staging", "api-prod"}});
  finds(
      12, surroundings({prod, other}),
      "services.api-prod.networks on the network traefik-public the name api-prod is also a service of stack "
      "staging: either may answer");
}

TEST_P(StackIsolation, Check13FindsATraefikNameThatTwoStacksUse) {
  finds(13, surroundings({prod, stack("staging", {{"recyclic-staging-api", "recyclic-prod-api"}})}),
        "services.api-prod.labels traefik.http.routers.recyclic-prod-api is also a name of api-staging of "
        "stack");
}

TEST_P(StackIsolation, Check14WarnsOfImagesWithoutAVersion) {
  finds(
      14, surroundings({stack("prod", {{"redis:7", "redis:latest"}})}),
      "WARNING /srv/docker-compose.prod.yml services.redis.image redis:latest may be another image tomorrow");
  finds(14, surroundings({stack("prod", {{"redis:7", "localhost:5000/redis"}})}), "WARNING");
  passes(14, surroundings({stack("prod", {{"redis:7", "redis@sha256:00"}})}));
}

TEST_P(StackIsolation, Check15WarnsOfServicesThatStayDown) {
  finds(15, surroundings({stack("prod", {{"unless-stopped", "no"}})}),
        "WARNING /srv/docker-compose.prod.yml services.bot.restart it stays down after a crash");
  prod.resolved.model->services.at("migrations").restart = "always";
  finds(15, surroundings({prod}),
        "WARNING /srv/docker-compose.prod.yml services.migrations.restart others wait until it has ended");
}

TEST_P(StackIsolation, Check16WantsAProvenBackupThatIsYoungEnough) {
  prod.settings.source = "recyclic";
  stack::Surroundings around = surroundings({prod});
  EXPECT_EQ(verdict(16, around), stack::StackVerdict::unverified);
  stack::ProvenBackups& known = around.backups["prod"];
  finds(16, around, "no backup of source recyclic was verified");
  Backup backup;
  backup.id = {"recyclic", "recyclic", "20261125T100000Z"};
  backup.summary.emplace();
  backup.summary->snapshot.taken = around.now - std::chrono::hours(2);
  known.backups = {backup};
  finds(16, around, "no backup of source recyclic was verified");
  const Proofs::Last good{around.now, Verdict::pass, 1, {}}, bad{around.now, Verdict::fail, 1, {}};
  known.backups[0].proofs.verified = good;
  finds(16, around,
        "WARNING  source the newest verified backup, recyclic/recyclic/20261125T100000Z is 2.0 h old, was "
        "not drilled");
  known.backups[0].proofs.drilled = good;
  passes(16, around);
  known.max_age = Seconds(3600);
  finds(16, around, "1 h are allowed");
  known.backups[0].proofs.drilled = bad;
  finds(16, around, "no backup of source recyclic was verified");
  known.problem = "no repository";
  EXPECT_EQ(verdict(16, around), stack::StackVerdict::unverified);
}

TEST_P(StackIsolation, TheExitStatusIsTheWorseOfWhatWasFound) {
  stack::Surroundings around = surroundings({dev});
  around.stacks[0].settings.compose_files = {PGASSAY_SOURCE_DIR "/examples/recyclic/docker-compose.yml"};
  EXPECT_EQ(judge(around, {"dev"}).exit(), Exit::done);
  around.stacks[0].env_file->mode = 0100644;
  EXPECT_EQ(judge(around, {"dev"}).exit(), Exit::refused);
  around.stacks[0].env_file->mode = 0100600;
  around.engine.reset();
  EXPECT_EQ(judge(around, {"dev"}).exit(), Exit::unverified);
  EXPECT_TRUE(judge(around, {}).checks.empty());
}

}  // namespace
}  // namespace pgassay::test
