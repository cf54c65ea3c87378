// `pgassay stack check` as it was built, over compose files, with both versions of compose: 1.29 of Debian
// 12, and v2, which tests/docker/compose_v2.sh gets. No engine: what it takes one for is in tests/docker.
#include <gtest/gtest.h>

#include "core/system/subprocess.h"
#include "stack/model/compose_model.h"
#include "tests/fixtures/env_values.h"
#include "tests/fixtures/example_stacks.h"

namespace pgassay::test {
namespace {

const Path kDockerConfig = PGASSAY_ENGINES_DIR "/docker-config";

class StackCheck : public ::testing::TestWithParam<std::string> {
 protected:
  void SetUp() override {
    // 1.29 is found where no docker is. v2 needs one, which has no engine here.
    std::filesystem::create_directory(stacks_.dir() / "bin");
    std::filesystem::create_symlink(find_program("docker-compose"), stacks_.dir() / "bin/docker-compose");
    environment()["DOCKER_HOST"] = "unix:///nonexistent/docker.sock";
    if (GetParam() == "v1") {
      environment()["PATH"] = (stacks_.dir() / "bin").string();
    } else {
      environment()["DOCKER_CONFIG"] = kDockerConfig.string();
      ASSERT_TRUE(exists(status_of(kDockerConfig / "cli-plugins/docker-compose")))
          << "no compose v2 for tests: " << PGASSAY_SOURCE_DIR << "/tests/docker/compose_v2.sh "
          << kDockerConfig.string() << " (ctest does it by itself)";
    }
  }

  /// What this version makes of c.yml and values.env.
  static std::optional<stack::ComposeModel> resolve(const Path& dir) {
    std::vector<std::string> argv = {GetParam() == "v1"
                                         ? find_program("docker-compose").string()
                                         : (kDockerConfig / "cli-plugins/docker-compose").string()};
    argv.insert(argv.end(), {"-p", "values", "--env-file", (dir / "values.env").string(), "-f",
                             (dir / "c.yml").string(), "config"});
    if (GetParam() == "v2") argv.insert(argv.end(), {"--format", "json"});
    const Completed done = run({.argv = argv, .env = {}, .input = {}}, {});
    if (!done.ok()) return std::nullopt;
    return stack::parse_model(done.out, "values", {});
  }
  std::map<std::string, std::string>& environment() { return stacks_.environment; }
  const std::string& secret(std::size_t number) const { return stacks_.secrets.at(number); }
  void change(const std::string& name, const std::string& from, const std::string& to) {
    stacks_.change(name, from, to);
  }
  /// As an operator sees it.
  int check_plainly() {
    plain_ = pgassay({"stack", "check", "--all"}, environment());
    EXPECT_EQ(stacks_.told(plain_), "");
    return plain_.status;
  }
  int check(const std::vector<std::string>& arguments = {"--all"}) {
    const int status = stacks_.check(arguments);
    EXPECT_EQ(stacks_.told(stacks_.ran), "");
    EXPECT_EQ(stacks_.document["command"], "stack check");
    EXPECT_EQ(stacks_.document["exit"], status);
    return status;
  }
  std::string verdict(int number, const std::string& stack) const { return stacks_.verdict(number, stack); }
  std::string found(int number, const std::string& stack) const { return stacks_.found(number, stack); }

  ExampleStacks stacks_;
  Ran plain_;
};
INSTANTIATE_TEST_SUITE_P(Compose, StackCheck, ::testing::Values("v1", "v2"),
                         [](const auto& version) { return version.param; });

TEST_P(StackCheck, OfTheExampleFindsNothingButThatThereIsNoEngine) {
  EXPECT_EQ(check_plainly(), 4);
  EXPECT_EQ(check(), 4);
  for (const char* stack : {"dev", "staging", "prod"})
    for (int number = 1; number <= 16; ++number) {
      const bool needs_engine = number == 1 || number == 7 || (number == 9 && stack != std::string("dev"));
      const bool needs_backups = number == 16 && stack == std::string("prod");
      EXPECT_EQ(verdict(number, stack), needs_engine || needs_backups ? "UNVERIFIED" : "PASS")
          << number << " " << stack << ": " << found(number, stack);
    }
  EXPECT_NE(plain_.out.find(GetParam() == "v1" ? "docker-compose 1.29" : "docker compose 2"),
            std::string::npos)
      << stacks_.document;
}

TEST_P(StackCheck, OfOneFileWithProfilesSaysWhatIsShared) {
  std::filesystem::copy_file(stacks_.dir() / ".env", stacks_.dir() / "before/.env");
  replace_file(stacks_.dir() / "pgassay.toml",
               "[stack.staging]\ncompose_files = [\"before/docker-compose.yml\"]\nprofiles = [\"staging\"]\n"
               "[stack.prod]\ncompose_files = [\"before/docker-compose.yml\"]\nprofiles = [\"prod\"]\n");
  check({"prod"});
  for (const int number : {6, 7, 8, 10, 12, 13}) EXPECT_EQ(verdict(number, "prod"), "FAIL") << number;
  EXPECT_EQ(verdict(8, "staging"), "not made");
  const std::string shared = found(7, "prod");
  for (const char* words : {"volume before_postgres_data is also", "network before_default is also",
                            "port 5432/tcp of this host is also", "recyclic-api is also"})
    EXPECT_NE(shared.find(words), std::string::npos) << words << "\n" << shared;
  EXPECT_NE(found(10, "prod").find("services.redis.healthcheck"), std::string::npos);
  EXPECT_EQ(verdict(14, "prod"), "WARNING");  // redis
  EXPECT_EQ(verdict(15, "prod"), "WARNING");
}

TEST_P(StackCheck, CountsProfilesOfTheEnvFileAsComposeDoes) {
  const std::string env = read_file(stacks_.dir() / ".env") + "COMPOSE_PROFILES=\"prod, other\"\n";
  replace_file(stacks_.dir() / "before/.env", env);
  replace_file(
      stacks_.dir() / "pgassay.toml",
      "[stack.prod]\ncompose_files = [\"before/docker-compose.yml\"]\n"
      "[stack.staging]\ncompose_files = [\"before/docker-compose.yml\"]\nprofiles = [\"no such\"]\n");
  check();
  EXPECT_EQ(verdict(2, "prod"), "PASS") << stacks_.document;
  EXPECT_NE(found(10, "prod").find("services.redis.healthcheck"), std::string::npos) << stacks_.document;
  EXPECT_EQ(verdict(2, "staging"), "FAIL") << "--profile wins";
}

TEST_P(StackCheck, FindsWhatIsWrongWithEnvFiles) {
  change(".env.production", secret(3), "<openssl rand -hex 24>");  // POSTGRES_PASSWORD
  change(".env.staging", secret(7), secret(1));                    // SECRET_KEY of dev
  change(".env", "TELEGRAM_BOT_TOKEN=" + secret(2) + "\n", "");
  std::filesystem::permissions(stacks_.dir() / ".env.staging", std::filesystem::perms(0644));
  check_plainly();
  check();
  EXPECT_NE(found(3, "staging").find("mode 0644"), std::string::npos) << found(3, "staging");
  EXPECT_NE(found(5, "prod").find(".env.production:3\" \"POSTGRES_PASSWORD\""), std::string::npos)
      << found(5, "prod");
  EXPECT_NE(found(6, "staging").find("SECRET_KEY of stack dev"), std::string::npos) << found(6, "staging");
  EXPECT_NE(found(4, "dev").find("\"TELEGRAM_BOT_TOKEN\" the compose files use it"), std::string::npos)
      << found(4, "dev") << stacks_.document;
  EXPECT_NE(found(6, "dev").find("\"TELEGRAM_BOT_TOKEN\" its template has it"), std::string::npos);
}

TEST_P(StackCheck, FindsAPasswordThatComposeCutsAtADollar) {
  change(".env", secret(0), "ab12$cdEF34");
  stacks_.secrets.emplace_back("ab12");
  stacks_.secrets.emplace_back("cdEF34");
  check({"dev"});
  if (GetParam() == "v1") {
    EXPECT_EQ(verdict(4, "dev"), "WARNING");  // 1.29 leaves the dollar alone
    EXPECT_NE(found(4, "dev").find("\"POSTGRES_PASSWORD\" read differently"), std::string::npos);
  } else {
    EXPECT_NE(found(4, "dev").find("\"POSTGRES_PASSWORD\" compose takes what follows the $"),
              std::string::npos)
        << stacks_.document;
  }
}

/// What unit tests take for granted of both (env_dialects_test.cc).
TEST_P(StackCheck, GoesByWhatThisVersionMakesOfValues) {
  const Path dir = stacks_.dir() / "values";
  std::filesystem::create_directory(dir);
  const auto column = [](const EnvValue& one) { return GetParam() == "v1" ? one.by_v1 : one.by_v2; };
  // One file for all that are read; what is not can spoil a file for the others.
  std::string env = "Z=zz\n", services = "services:\n  a:\n    image: x\n    environment:\n";
  std::vector<const EnvValue*> read;
  for (const EnvValue& one : kEnvValues) {
    if (one.by_v1 == nullptr || one.by_v2 == nullptr) continue;
    const std::string name = "V" + std::to_string(read.size());
    env += name + "=" + one.raw + "\n";
    services += "      " + name + ": \"${" + name + "}\"\n";
    read.push_back(&one);
  }
  write_new_file(dir / "c.yml", "version: \"2.4\"\n" + services);
  write_new_file(dir / "values.env", env);
  const stack::ComposeModel model = resolve(dir).value();
  for (std::size_t i = 0; i < read.size(); ++i)
    EXPECT_EQ(model.services.at("a").environment.at("V" + std::to_string(i)), column(*read[i]))
        << read[i]->raw;
  for (const EnvValue& one : kEnvValues) {
    if (column(one) != nullptr) continue;
    replace_file(dir / "values.env", std::string("V0=") + one.raw + "\n");
    const auto broken = resolve(dir);
    EXPECT_TRUE(!broken || broken->services.at("a").environment.at("V0").empty()) << one.raw;
  }
}

TEST_P(StackCheck, SaysWhichFileComposeDoesNotTakeAndComparesTheOthers) {
  change("docker-compose.staging.yml", "services:\n", "services:\n  broken: {image: x, ports: [[]]}\n");
  check();
  EXPECT_EQ(verdict(2, "staging"), "FAIL") << stacks_.document;
  EXPECT_EQ(verdict(10, "staging"), "UNVERIFIED");
  EXPECT_EQ(verdict(2, "prod"), "PASS");
  EXPECT_NE(found(12, "prod").find("could not be compared with stack staging"), std::string::npos);
}

TEST_P(StackCheck, TellsNoSecretThatComposeComplainsOf) {
  const std::string file = read_file(stacks_.dir() / "docker-compose.yml"),
                    env = read_file(stacks_.dir() / ".env");
  stacks_.secrets.emplace_back("hunter2");
  replace_file(
      stacks_.dir() / "pgassay.toml",
      "[stack.dev]\ncompose_files = [\"docker-compose.yml\"]\nprofiles = [\"dev\"]\nproject = \"p\"\n");
  for (const char* wrong : {"{K: 'hunter2${'}", "{K: [hunter2]}", "hunter2"}) {
    replace_file(stacks_.dir() / "docker-compose.yml", file);
    change("docker-compose.yml", "services:\n",
           std::string("services:\n  a: {image: x, environment: ") + wrong + "}\n");
    check({"dev"});
    EXPECT_EQ(verdict(2, "dev"), "FAIL") << wrong << stacks_.ran.out;
  }
  replace_file(stacks_.dir() / "docker-compose.yml", file);
  for (const char* wrong : {"A=\"hunter2\n", "A=x${hunter2\n", "A=${B:?hunter2}\n"}) {
    replace_file(stacks_.dir() / ".env", env + wrong);
    check({"dev"});
  }
}

TEST_P(StackCheck, NeitherTheShellsVariablesNorComposesOwnCount) {
  environment()["COMPOSE_FILE"] = "/nonexistent";
  environment()["COMPOSE_PROJECT_NAME"] = "other";
  environment()["COMPOSE_PROFILES"] = "none";
  environment()["SECRET_KEY"] = "changeme";
  check({"dev"});
  for (const int number : {2, 5, 8}) EXPECT_EQ(verdict(number, "dev"), "PASS") << stacks_.document;
}

TEST_P(StackCheck, WritesJUnit) {
  const std::string file = (stacks_.dir() / "checks.xml").string();
  check({"--all", "--junit", file});
  const std::string xml = read_file(file);
  EXPECT_NE(xml.find("<testcase classname=\"prod\" name=\"2 compose files\"/>"), std::string::npos) << xml;
  EXPECT_NE(xml.find("<testsuite name=\"pgassay stack check\" tests=\"48\" failures=\"0\" errors=\"9\">"),
            std::string::npos)
      << xml;
}

TEST_P(StackCheck, WantsToKnowWhichStack) {
  EXPECT_EQ(pgassay({"stack", "check"}, environment()).status, 2);
  const Ran wrong = pgassay({"stack", "check", "prd"}, environment());
  EXPECT_EQ(wrong.status, 2);
  EXPECT_NE(wrong.err.find("did you mean 'prod'?"), std::string::npos) << wrong.err;
  EXPECT_EQ(pgassay({"stack", "check", "prod", "--all"}, environment()).status, 2);
  EXPECT_EQ(pgassay({"stack"}, environment()).status, 2);
  EXPECT_NE(pgassay({"stack", "chek"}, environment()).err.find("did you mean 'check'?"), std::string::npos);
}

TEST_P(StackCheck, IsWhatThePreDeploymentCheckCalls) {
  environment()["PATH"] += ":" + Path(PGASSAY_BINARY).parent_path().string() + ":/usr/bin:/bin";
  Command command;
  command.argv = {PGASSAY_SOURCE_DIR "/scripts/pre-deployment-check", "dev"};
  command.env = environment();
  const Completed done = run(command, {});
  EXPECT_EQ(done.status, 4) << done.out << done.err;
  EXPECT_NE(done.out.find("dev\n   1  UNVERIFIED"), std::string::npos) << done.out << done.err;
}

}  // namespace
}  // namespace pgassay::test
