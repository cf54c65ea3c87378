#include "stack/model/health_check.h"

#include <gtest/gtest.h>

#include "stack/switch/containers.h"
#include "tests/fixtures/stack_facts.h"

namespace pgassay::test {
namespace {

TEST(HealthChecks, OfComposeAreItsDurations) {
  EXPECT_EQ(stack::parse_compose_duration("5s"), Seconds(5));
  EXPECT_EQ(stack::parse_compose_duration("1m30s"), Seconds(90));
  EXPECT_EQ(stack::parse_compose_duration("1h500ms"), Seconds(3600.5));
  for (const char* none : {"", "5", "s", "5x", "-1s", "1m 5s"})
    EXPECT_FALSE(stack::parse_compose_duration(none)) << none;
  for (const Shape shape : {Shape::v1, Shape::v2}) {
    const stack::ComposeModel model = recorded_model("prod", shape);
    const auto& api = model.services.at("api-prod").health;
    ASSERT_TRUE(api);
    EXPECT_EQ(*api, (stack::HealthCheck{Seconds(0), Seconds(5), Seconds(30), 3}));
    EXPECT_FALSE(model.services.at("migrations").health);
  }
}

TEST(HealthChecks, OfDockerAreNanosecondsAndItsOwnWhereNothingIsSaid) {
  EXPECT_EQ(stack::health_check_of("600000000000 5000000000 0 0"),
            (stack::HealthCheck{Seconds(600), Seconds(5), Seconds(30), 3}));
  EXPECT_FALSE(stack::health_check_of(""));
  EXPECT_FALSE(stack::health_check_of("1 2 3"));
}

/// Not by a constant: a server whose first start takes ten minutes is given them.
TEST(HealthChecks, SayHowLongASwitchWaits) {
  const auto found = stack::parse_stack_containers(
      "a\t/slow\tdb\tsha256:1\trunning\tstarting\tno\t0\t0\tFalse\t600000000000 5000000000 5000000000 3\n"
      "b\t/quick\tdb\tsha256:1\trunning\tstarting\tno\t0\t0\tFalse\t0 1000000000 1000000000 3\n"
      "c\t/none\tdb\tsha256:1\trunning\tnone\tno\t0\t0\tFalse\t\n");
  ASSERT_EQ(found.size(), 3u);
  EXPECT_EQ(stack::patience_with(found[0], {}), Seconds(640));
  EXPECT_EQ(stack::patience_with(found[1], {}), stack::kUsualPatience);
  EXPECT_EQ(stack::patience_with(found[2], {}), stack::kUsualPatience);
  EXPECT_EQ(stack::patience_with(found[0], Seconds(30)), Seconds(30)) << "health_timeout is the operator's";
}

}  // namespace
}  // namespace pgassay::test
