#include "stack/routes/traefik_api.h"

#include <gtest/gtest.h>

#include "core/system/error.h"

namespace pgassay {
namespace {

TEST(TraefikApi, ReadsWhatTraefikWrites) {
  const auto routers = stack::parse_routers(
      R"json([{"entryPoints":["traefik"],"service":"api@internal","rule":"PathPrefix(`/api`)","priority":9223372036854775806,)json"
      R"json("status":"enabled","using":["traefik"],"name":"api@internal","provider":"internal"},)json"
      R"json({"entryPoints":["web"],"service":"x","rule":"Host(`a`) \u0026\u0026 Path(`/`)","tls":{"options":"default"},)json"
      R"json("error":["the service \"x@docker\" does not exist"],"status":"disabled","name":"x@docker","provider":"docker"}])json");
  ASSERT_EQ(routers.size(), 2u);
  EXPECT_EQ(routers[0].priority, 9223372036854775806);
  EXPECT_EQ(routers[0].qualified_service(), "api@internal");
  EXPECT_FALSE(routers[0].tls);
  EXPECT_EQ(routers[1].rule, "Host(`a`) && Path(`/`)");
  EXPECT_EQ(routers[1].effective_priority(), 22);
  EXPECT_EQ(routers[1].qualified_service(), "x@docker");
  EXPECT_EQ(routers[1].errors, std::vector<std::string>{"the service \"x@docker\" does not exist"});
  EXPECT_FALSE(routers[1].enabled());
  EXPECT_TRUE(routers[1].tls);
  const auto services = stack::parse_services(
      R"json([{"loadBalancer":{"servers":[{"url":"http://172.18.0.3:8000"}],"passHostHeader":true},"status":"enabled",)json"
      R"json("usedBy":["x@docker"],"serverStatus":{"http://172.18.0.3:8000":"UP"},"name":"x@docker","type":"loadbalancer"},)json"
      R"json({"weighted":{"services":[{"name":"x","weight":3}]},"status":"enabled","name":"w@file","type":"weighted"}])json");
  ASSERT_EQ(services.size(), 2u);
  EXPECT_EQ(services[0].servers, std::vector<std::string>{"http://172.18.0.3:8000"});
  EXPECT_EQ(services[0].server_status.at("http://172.18.0.3:8000"), "UP");
  EXPECT_EQ(services[1].parts, std::vector<std::string>{"x"});
  EXPECT_TRUE(stack::parse_routers("[]").empty());
}

TEST(TraefikApi, TakesNothingElseForALivingAnswer) {
  for (const char* nonsense : {"", "null", "{}", "<html>sign in</html>", "[{\"name\":\"a@docker\"", "[1]",
                               "[{}]", "[{\"name\":\"a\",\"priority\":\"high\"}]",
                               "[{\"name\":\"a\",\"priority\":1e3}]", "\xff\xfe", "[[[["})
    EXPECT_THROW(stack::parse_routers(nonsense), Error) << nonsense;
}

TEST(TraefikApi, FollowsPagesForwardOnly) {
  EXPECT_EQ(stack::next_page(1, "2"), 2u);
  EXPECT_EQ(stack::next_page(2, "1"), 0u);  // Traefik's way to say: the last
  EXPECT_EQ(stack::next_page(2, "2"), 0u);
  EXPECT_EQ(stack::next_page(1, ""), 0u);
  EXPECT_EQ(stack::next_page(1, "-5"), 0u);
}

}  // namespace
}  // namespace pgassay
