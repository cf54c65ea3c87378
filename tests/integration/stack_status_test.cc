// `pgassay stack status` where no engine is: what the configuration and the repository tell.
#include <gtest/gtest.h>

#include "tests/fixtures/example_stacks.h"

namespace pgassay::test {
namespace {

TEST(StackStatus, TellsWithoutAnEngineWhatIsConfigured) {
  ExampleStacks stacks;
  stacks.environment["DOCKER_HOST"] = "unix:///nonexistent/docker.sock";
  const Ran ran = pgassay({"stack", "status", "prod"}, stacks.environment);
  EXPECT_EQ(ran.status, 0) << ran.err;
  EXPECT_NE(ran.out.find("stack prod (project recyclic-prod)\n"), std::string::npos) << ran.out;
  EXPECT_NE(ran.out.find("/nonexistent/docker.sock"), std::string::npos) << ran.out;
  EXPECT_NE(ran.out.find("  route recyclic.jarvos.eu/api/health to api-prod\n"), std::string::npos)
      << ran.out;

  const Ran told = pgassay({"stack", "status", "prod", "--json"}, stacks.environment);
  const auto prod = nlohmann::json::parse(told.out)["stacks"].at(0);
  EXPECT_EQ(prod["routes"].at(0)["service"], "api-prod");
  EXPECT_FALSE(prod["problem"].is_null());
  EXPECT_TRUE(prod["last_switch"].is_null());
}

}  // namespace
}  // namespace pgassay::test
