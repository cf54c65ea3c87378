// What `pgassay stack check` sees of volumes, networks, containers and images of a real engine.
#include <gtest/gtest.h>
#include <unistd.h>

#include "core/system/subprocess.h"
#include "tests/fixtures/example_stacks.h"

namespace pgassay::test {
namespace {

std::string first_line_of_docker(std::vector<std::string> arguments) {
  arguments.insert(arguments.begin(), "docker");
  const Completed done = run({.argv = std::move(arguments), .env = {}, .input = {}}, {});
  if (!done.ok()) throw std::runtime_error(done.complaint());
  return done.out.substr(0, done.out.find('\n'));
}

/// The example, by names that nobody else has on this engine; no source, so that everything can be looked at.
class StackCheckEngine : public ::testing::Test {
 protected:
  void SetUp() override {
    const std::string mark = "pgassaytest" + std::to_string(::getpid());
    network_ = mark + "-public";
    project_ = mark + "-dev";
    for (const char* file : {"pgassay.toml", "docker-compose.prod.yml", "docker-compose.staging.yml"})
      stacks_.change(file, "traefik-public", network_);
    stacks_.change("pgassay.toml", "\"recyclic-", "\"" + mark + "-");
    stacks_.change("pgassay.toml", "source = \"recyclic\"", "");
    stacks_.change("docker-compose.yml", "127.0.0.1:8000:8000", "127.0.0.1:18427:8000");
  }
  void TearDown() override {
    if (!container_.empty()) first_line_of_docker({"rm", "-fv", container_});
    if (!volume_.empty()) first_line_of_docker({"volume", "rm", volume_});
    if (network_is_there_) first_line_of_docker({"network", "rm", network_});
  }
  void make_network() {
    first_line_of_docker({"network", "create", network_});
    network_is_there_ = true;
  }
  void make_volume(const std::string& name, const std::string& project) {
    first_line_of_docker({"volume", "create", "--label", "com.docker.compose.project=" + project, name});
    volume_ = name;
  }

  ExampleStacks stacks_;
  std::string network_, project_, volume_, container_;
  bool network_is_there_ = false;
};

TEST_F(StackCheckEngine, PassesTheExampleOnceTheSharedNetworkIsThere) {
  EXPECT_EQ(stacks_.check(), 6);
  EXPECT_NE(stacks_.found(9, "prod").find("there is no network " + network_), std::string::npos)
      << stacks_.ran.out;
  make_network();
  EXPECT_EQ(stacks_.check(), 0) << stacks_.ran.out;
  for (const auto& check : stacks_.document["checks"]) EXPECT_EQ(check["verdict"], "PASS") << check;
  EXPECT_NE(stacks_.detail(11, "prod").find("is not there yet"), std::string::npos);
}

TEST_F(StackCheckEngine, FindsAVolumeOfAnotherProject) {
  make_volume(project_ + "_dev_postgres_data", "old");
  EXPECT_EQ(stacks_.check({"dev"}), 6);
  EXPECT_NE(stacks_.found(7, "dev").find("is there already and belongs to the project old"),
            std::string::npos)
      << stacks_.ran.out;
}

TEST_F(StackCheckEngine, SaysWhetherTheStacksOwnVolumeHoldsADatabase) {
  make_volume(project_ + "_dev_postgres_data", project_);
  EXPECT_EQ(stacks_.check({"dev"}), 0) << stacks_.ran.out;
  const std::string detail = stacks_.detail(11, "dev");
  // Who is not root may not look.
  EXPECT_NE(detail.find(::geteuid() == 0 ? "is empty" : "can't be looked into"), std::string::npos) << detail;
}

TEST_F(StackCheckEngine, FindsAPortThatAnotherProjectsContainerHolds) {
  make_network();
  const std::string image = first_line_of_docker({"image", "ls", "-q", "pgassay-test"});
  container_ =
      first_line_of_docker({"run", "-d", "--network", network_, "--label", "com.docker.compose.project=old",
                            "-p", "127.0.0.1:18427:80", image, "sleep", "600"});
  EXPECT_EQ(stacks_.check({"dev"}), 6);
  EXPECT_NE(
      stacks_.found(7, "dev").find("port 127.0.0.1:18427/tcp of this host is published by the container"),
      std::string::npos)
      << stacks_.ran.out;
}

TEST_F(StackCheckEngine, AsksTheImageForAHealthCheck) {
  const std::string image = first_line_of_docker({"image", "ls", "-q", "pgassay-test"});
  stacks_.change("docker-compose.yml", "redis:7", image);
  stacks_.change("docker-compose.yml",
                 "    healthcheck:\n      test: [\"CMD\", \"redis-cli\", \"ping\"]\n      interval: 5s\n",
                 "");
  EXPECT_EQ(stacks_.check({"dev"}), 6);
  EXPECT_NE(stacks_.found(10, "dev").find("neither here nor in the image"), std::string::npos)
      << stacks_.ran.out;
}

}  // namespace
}  // namespace pgassay::test
