// Checks 1 to 6: engine, compose files, env files. Each with what it passes and what it finds.
#include <gtest/gtest.h>

#include "core/container/container_cli.h"
#include "stack/check/check.h"
#include "tests/fixtures/stack_facts.h"

namespace pgassay::test {
namespace {

class StackFiles : public ::testing::TestWithParam<Shape> {
 protected:
  stack::StackFacts prod = recorded_stack("prod", GetParam()),
                    staging = recorded_stack("staging", GetParam());
  stack::Surroundings both() const { return surroundings({prod, staging}); }
  bool says(int check, const std::string& words) const {
    const std::string text = said(check, both());
    EXPECT_NE(text.find(words), std::string::npos) << text;
    return text.find(words) != std::string::npos;
  }
  void passes(int check) const {
    EXPECT_EQ(verdict(check, both()), stack::StackVerdict::pass) << said(check, both());
  }
  void fails(int check, const std::string& words) const {
    EXPECT_EQ(verdict(check, both()), stack::StackVerdict::fail) << said(check, both());
    says(check, "FAIL " + words);
  }
  void set_env(const std::string& text) { prod.env = stack::EnvFile::parse(text); }
};
INSTANTIATE_TEST_SUITE_P(Shapes, StackFiles, ::testing::Values(Shape::v1, Shape::v2),
                         [](const auto& shape) { return shape.param == Shape::v1 ? "v1" : "v2"; });

TEST(EngineHint, IsTheStacksOwnWhereTheEngineIsNotHereInAnyWords) {
  using Reason = NoContainerEngine::Reason;
  for (const Reason reason : {Reason::not_installed, Reason::on_another_host})
    EXPECT_EQ(stack::engine_hint(NoContainerEngine("what", "hint", reason)),
              "install docker, or put it into PATH; see `docker version`");
  EXPECT_EQ(stack::engine_hint(NoContainerEngine("what", "hint of --engine", Reason::out_of_reach)),
            "hint of --engine");
  EXPECT_EQ(stack::engine_hint(Error("what", "hint")), "hint");
}

TEST_P(StackFiles, Check1SaysThatTheEngineOrComposeIsMissing) {
  passes(1);
  stack::Surroundings around = both();
  around.engine.reset();
  around.engine_problem = "docker is not installed";
  EXPECT_EQ(verdict(1, around), stack::StackVerdict::unverified);
  EXPECT_NE(said(1, around).find("UNVERIFIED   docker is not installed"), std::string::npos);
  around.compose_version.reset();
  EXPECT_NE(said(1, around).find("neither `docker compose` nor docker-compose"), std::string::npos);
}

TEST_P(StackFiles, Check2WantsFilesThatComposeTakesWithTheServicesThatAreNamed) {
  prod.settings.compose_files = {PGASSAY_SOURCE_DIR "/examples/recyclic/docker-compose.prod.yml"};
  passes(2);
  prod.settings.writers = {"api-prod", "apy"};
  fails(2, PGASSAY_SOURCE_DIR
        "/examples/recyclic/docker-compose.prod.yml services.apy there is no such service");
  prod.resolved.model.reset();
  prod.resolved.complaint = "yaml: line 3";
  says(2, "compose does not take the files: yaml: line 3 see docker compose config");
  prod.settings.compose_files = {"/nonexistent/a.yml"};
  fails(2, "/nonexistent/a.yml  no such file");
}

TEST_P(StackFiles, Check3WantsAPrivateEnvFile) {
  passes(3);
  prod.env_file->mode = 0100644;
  fails(3,
        "/srv/.env.prod  every user of this host may read or change it: mode 0644 chmod 600 /srv/.env.prod");
  prod.env_file->mode = 0100640;
  EXPECT_EQ(verdict(3, both()), stack::StackVerdict::warning);
  prod.env_file->mode = 0100660;
  fails(3, "/srv/.env.prod  others may change it");
  prod.env_file->mode.reset();
  fails(3, "/srv/.env.prod  no such file");
}

TEST_P(StackFiles, Check3LooksAtTheEnvFilesOfServicesToo) {
  prod.service_env_files = {{"/srv/bot.env", 0100604}};
  fails(3, "/srv/bot.env  every user");
}

TEST_P(StackFiles, Check3WantsAnEnvFileWhereVariablesAreRequired) {
  prod.env_file.reset();
  prod.env.reset();
  fails(3, " env_file no env file is named");
  prod.settings.required_variables.clear();
  passes(3);
}

TEST_P(StackFiles, Check4WantsRequiredVariablesSet) {
  passes(4);
  prod.settings.required_variables.emplace_back("SMTP_PASSWORD");
  fails(4, "/srv/.env.prod SMTP_PASSWORD required, and not there");
  set_env("POSTGRES_PASSWORD=a\nSECRET_KEY=b\nSMTP_PASSWORD=\n");
  fails(4, "/srv/.env.prod SMTP_PASSWORD required, and empty");
}

TEST_P(StackFiles, Check4TakesAVariableThatAServiceHasFromElsewhere) {
  prod.settings.required_variables = {"TELEGRAM_BOT_TOKEN"};
  passes(4);
}

TEST_P(StackFiles, Check4FindsWhatTheFilesUseAndNobodySets) {
  prod.compose_texts = {"image: x:${TAG}"};
  prod.resolved.unset = {"TAG"};
  fails(4, "/srv/.env.prod TAG the compose files use it, and it is set nowhere");
}

TEST_P(StackFiles, Check4FindsADollarThatCutsAPasswordWithoutTellingIt) {
  set_env("POSTGRES_PASSWORD=ab$cd3f\nSECRET_KEY='ab$cd3f'\n");
  prod.resolved.unset = {"cd3f"};
  fails(4, "/srv/.env.prod POSTGRES_PASSWORD compose takes what follows the $");
  EXPECT_EQ(said(4, both()).find("cd3f"), std::string::npos);
}

TEST_P(StackFiles, Check4SaysWhatEachVersionOfComposeMakesOfAValue) {
  set_env("POSTGRES_PASSWORD=ab$cd3f\nSECRET_KEY='ab$cd3f'\n");
  EXPECT_EQ(verdict(4, both()), stack::StackVerdict::warning);
  says(4,
       "WARNING /srv/.env.prod POSTGRES_PASSWORD read differently: docker-compose 1.29 keeps the $ and what "
       "follows, compose v2 takes that for a variable ${NAME} for a variable, single quotes for a $ itself");
  EXPECT_EQ(said(4, both()).find("cd3f"), std::string::npos);
  EXPECT_EQ(said(4, both()).find("SECRET_KEY"), std::string::npos);
  set_env("POSTGRES_PASSWORD=\"ab\"cd3f\nSECRET_KEY=x\n");
  fails(4, "/srv/.env.prod POSTGRES_PASSWORD read differently: docker-compose 1.29 leaves it unset");
}

TEST_P(StackFiles, Check4FindsWhat1_29CutsWithoutAWord) {
  set_env("POSTGRES_PASSWORD='ab${cd3f}'\nSECRET_KEY=${POSTGRES_PASSWORD}\n");
  EXPECT_EQ(verdict(4, both()), stack::StackVerdict::warning);
  stack::Surroundings around = both();
  around.compose_version = "docker-compose 1.29.2";
  EXPECT_EQ(verdict(4, around), stack::StackVerdict::fail);
  EXPECT_NE(said(4, around).find("FAIL /srv/.env.prod POSTGRES_PASSWORD docker-compose 1.29 takes ${…}"),
            std::string::npos)
      << said(4, around);
  EXPECT_EQ(said(4, around).find("SECRET_KEY"), std::string::npos);
  EXPECT_EQ(said(4, around).find("cd3f"), std::string::npos);
}

TEST_P(StackFiles, Check5FindsPlaceholdersInTheEnvFile) {
  passes(5);
  set_env("A=1\nSECRET_KEY=<openssl rand>\nPOSTGRES_PASSWORD=x1y2\n");
  fails(5, "/srv/.env.prod:2 SECRET_KEY still a placeholder");
}

TEST_P(StackFiles, Check5FindsPlaceholdersThatComeFromElsewhere) {
  prod = recorded_stack("prod", GetParam(), {{"tg.production0123456789", "changeme"}});
  fails(5, "/srv/docker-compose.prod.yml services.bot.environment.TELEGRAM_BOT_TOKEN still a placeholder");
}

TEST_P(StackFiles, Check6ComparesTheEnvFileWithItsTemplate) {
  prod.settings.env_template = "/srv/template";
  prod.env_template = stack::EnvFile::parse("POSTGRES_PASSWORD=<x>\nSECRET_KEY=<y>\n");
  passes(6);
  prod.env_template = stack::EnvFile::parse("POSTGRES_PASSWORD=<x>\nSMTP_HOST=h\n");
  fails(6, "/srv/.env.prod SMTP_HOST its template has it, and it is not there");
  says(6, "WARNING /srv/.env.prod SECRET_KEY its template does not have it");
  prod.env_template = stack::EnvFile::parse("POSTGRES_PASSWORD=pw-of-prod\nSECRET_KEY=<y>\n");
  fails(6, "/srv/.env.prod POSTGRES_PASSWORD the secret is the one that stands in the template");
  prod.env_template.reset();
  prod.template_problem = "can't open /srv/template";
  fails(6, "/srv/template  can't open");
}

TEST_P(StackFiles, Check6FindsSecretsThatTwoStacksShareWithoutTellingThem) {
  passes(6);
  staging.env = stack::EnvFile::parse("POSTGRES_PASSWORD=other1\nJWT_SECRET=key-of-prod\n");
  fails(6, "/srv/.env.prod SECRET_KEY the same secret as JWT_SECRET of stack staging");
  EXPECT_EQ(said(6, both()).find("key-of-prod"), std::string::npos);
}

TEST_P(StackFiles, Check6FindsSharedSecretsThatComeFromElsewhere) {
  staging = recorded_stack("staging", GetParam(), {{"tg.staging0123456789", "tg.production0123456789"}});
  fails(6,
        "/srv/docker-compose.prod.yml TELEGRAM_BOT_TOKEN the same secret as TELEGRAM_BOT_TOKEN of stack "
        "staging");
}

TEST_P(StackFiles, Check6SaysThatItCouldNotCompare) {
  staging.env.reset();
  EXPECT_EQ(verdict(6, both()), stack::StackVerdict::unverified);
}

}  // namespace
}  // namespace pgassay::test
