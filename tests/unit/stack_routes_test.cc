// The checks of `stack routes` that look at facts: each with what it passes and what it finds. What is asked
// over HTTP is in tests/integration/traefik_requests_test.cc.
#include <gtest/gtest.h>

#include "stack/routes/checks.h"
#include "stack/routes/routes.h"
#include "tests/fixtures/stack_facts.h"

namespace pgassay::test {
namespace {

constexpr char kPublic[] = "traefik-public";

InspectedContainer container(const std::string& name, const std::string& project, const std::string& service,
                             const std::map<std::string, std::vector<std::string>>& networks) {
  InspectedContainer one;
  one.id = one.name = name;
  one.status = "running";
  one.networks = networks;
  one.network_mode = networks.begin()->first;
  for (const auto& [network, addresses] : networks)
    one.addresses.insert(one.addresses.end(), addresses.begin(), addresses.end());
  if (project.empty()) return one;
  one.labels = {{"com.docker.compose.project", project},
                {"com.docker.compose.service", service},
                {"com.docker.compose.oneoff", "False"}};
  one.health = "healthy";
  return one;
}

stack::TraefikRouter router(const std::string& name, const std::string& rule) {
  stack::TraefikRouter one;
  one.name = name + "@docker";
  one.service = name;
  one.rule = rule;
  one.status = "enabled";
  one.tls = true;
  return one;
}

stack::TraefikService service(const std::string& name, const std::string& url) {
  stack::TraefikService one;
  one.name = name + "@docker";
  one.status = "enabled";
  one.type = "loadbalancer";
  one.servers = {url};
  one.server_status = {{url, "UP"}};
  return one;
}

/// Production as examples/recyclic has it, up and well, and staging beside it.
class StackRoutes : public ::testing::Test {
 protected:
  StackRoutes() {
    facts.stack = recorded_stack("prod", Shape::v2);
    facts.stack.settings.routes = {{"recyclic.jarvos.eu", "/api/health", "api-prod", 200, {}, {}, {}},
                                   {"recyclic.jarvos.eu", "/", "frontend-prod", 200, {}, {}, {}}};
    facts.project = "recyclic-prod";
    facts.containers = {
        container("traefik", "", "", {{kPublic, {"172.20.0.2"}}}),
        container("api-1", "recyclic-prod", "api-prod",
                  {{"recyclic-prod-network", {"172.21.0.3"}}, {kPublic, {"172.20.0.3"}}}),
        container("frontend-1", "recyclic-prod", "frontend-prod", {{kPublic, {"172.20.0.4"}}}),
        container("staging-api-1", "recyclic-staging", "api-staging", {{kPublic, {"172.20.0.5"}}})};
    traefik().image = "traefik:v3.1";
    for (const auto& [name, labelled] : facts.stack.model()->services)
      for (InspectedContainer& one : *facts.containers)
        if (stack::service_of(one) == name) one.labels.insert(labelled.labels.begin(), labelled.labels.end());
    facts.api.emplace();
    facts.api->version = "3.1.0";
    facts.api->routers = {
        router("recyclic-prod-api", "Host(`recyclic.jarvos.eu`) && PathPrefix(`/api`)"),
        router("recyclic-prod-frontend", "Host(`recyclic.jarvos.eu`)"),
        router("recyclic-staging-api", "Host(`devrecyclic.jarvos.eu`) && PathPrefix(`/api`)")};
    facts.api->services = {service("recyclic-prod-api", "http://172.20.0.3:8000"),
                           service("recyclic-prod-frontend", "http://172.20.0.4:80"),
                           service("recyclic-staging-api", "http://172.20.0.5:8000")};
    facts.answers = {answered("/api/health", 200), answered("/", 200)};
  }
  static stack::RouteAnswer answered(const std::string& path, int status, const std::string& body = "") {
    stack::RouteAnswer answer;
    answer.url = "https://recyclic.jarvos.eu" + path;
    answer.answer.emplace();
    answer.answer->status = status;
    answer.answer->body = body;
    return answer;
  }

  InspectedContainer& traefik() { return facts.containers->at(0); }
  InspectedContainer& api() { return facts.containers->at(1); }
  std::string& label(const std::string& key) {
    std::string& inside = facts.stack.resolved.model->services.at("api-prod").labels[key];
    return inside;
  }
  /// Of one check: "VERDICT text hint", a finding a line, and what was seen.
  std::string said(int number) {
    facts.traefik.reset();
    facts.traefik_problem.clear();
    find_traefik(facts);
    const stack::StackCheckReport report = judge_routes(facts);
    std::string text;
    for (const stack::StackFinding& one : report.findings)
      if (one.check == number)
        text +=
            std::string(to_string(one.weight)) + " " + one.key + ": " + one.text + " | " + one.hint + "\n";
    const stack::StackCheck& check = report.checks.at(static_cast<std::size_t>(number) - 1);
    verdict = check.verdict;
    return text + "= " + check.detail;
  }
  void passes(int number) {
    const std::string text = said(number);
    EXPECT_EQ(verdict, stack::StackVerdict::pass) << text;
  }
  /// What begins with no verdict is a FAIL's.
  void finds(int number, const std::string& words) {
    const std::string text = said(number), first = words.substr(0, words.find(' '));
    const stack::StackVerdict wanted = first == "WARNING"      ? stack::StackVerdict::warning
                                       : first == "UNVERIFIED" ? stack::StackVerdict::unverified
                                                               : stack::StackVerdict::fail;
    EXPECT_EQ(verdict, wanted) << text;
    EXPECT_NE(text.find(words), std::string::npos) << text;
  }

  stack::RouteFacts facts;
  stack::StackVerdict verdict = stack::StackVerdict::pass;
};

TEST_F(StackRoutes, OfAStackThatIsWellPassEveryCheck) {
  for (int number = 1; number <= 6; ++number) passes(number);
  EXPECT_EQ(judge_routes(facts).exit(), Exit::done);
}

TEST_F(StackRoutes, Check1FindsAServiceOnNoNetworkOfTraefiks) {
  api().networks = {{"recyclic-prod-network", {"172.21.0.3"}}};
  finds(1,
        "FAIL services.api-prod.networks: the container api-1 is on the networks recyclic-prod-network, "
        "Traefik "
        "(traefik) on traefik-public: they share none");
}

TEST_F(StackRoutes, Check1FindsALabelOfANetworkThatTraefikIsNotOn) {
  api().labels["traefik.docker.network"] = "recyclic-prod-network";
  finds(1,
        "FAIL services.api-prod.labels: Traefik is to reach api-1 on the network recyclic-prod-network, and "
        "is not");
}

TEST_F(StackRoutes, Check1WarnsOfAContainerThatMayBeReachedOnAnotherNetwork) {
  api().labels.erase("traefik.docker.network");
  finds(1, "WARNING services.api-prod.labels: api-1 is on several networks");
  traefik().arguments = {"--providers.docker.network=traefik-public"};
  passes(1);
  traefik().arguments.clear();
  facts.api->services[0] = service("recyclic-prod-api", "http://172.21.0.3:8000");
  finds(1,
        "FAIL services.api-prod.labels: Traefik asks for api-1 at its address on the network "
        "recyclic-prod-network");
}

TEST_F(StackRoutes, Check1WantsToKnowWhichContainerTraefikIs) {
  traefik().image = "proxy:1";
  finds(1, "UNVERIFIED : no running container has an image called traefik | name it: container =");
  facts.stack.settings.traefik.container = "traefik";
  passes(1);
  traefik().status = "exited";
  finds(1, "FAIL : Traefik's container traefik is exited");
  facts.stack.settings.traefik = {};
  facts.stack.settings.traefik.on_host = true;
  passes(1);
}

TEST_F(StackRoutes, WithoutAnEngineWhatContainersAreOfIsUnverified) {
  facts.containers.reset();
  facts.engine_problem = "can't reach docker";
  finds(1, "UNVERIFIED : can't reach docker");
  finds(5, "UNVERIFIED : can't reach docker");
  for (const int number : {2, 3, 4, 6}) passes(number);
  EXPECT_EQ(judge_routes(facts).exit(), Exit::unverified);
}

TEST_F(StackRoutes, Check2WantsLabelsWhereARouteLeads) {
  label("traefik.enable") = "false";
  finds(2, "FAIL services.api-prod.labels: traefik.enable is false, but there is a route");
  facts.stack.resolved.model->services.at("api-prod").labels.clear();
  finds(2, "FAIL services.api-prod.labels: there are no labels for Traefik");
}

TEST_F(StackRoutes, Check2FindsNamesThatNothingDefines) {
  label("traefik.http.routers.recyclic-prod-api.service") = "api";
  finds(2,
        "FAIL services.api-prod.labels.traefik.http.routers.recyclic-prod-api.service: no label defines the "
        "service api");
  label("traefik.http.routers.recyclic-prod-api.service") = "recyclic-prod-api";
  label("traefik.http.routers.recyclic-prod-api.middlewares") = "gzip@file, auth";
  finds(2,
        "FAIL services.api-prod.labels.traefik.http.routers.recyclic-prod-api.middlewares: no label defines "
        "the "
        "middleware auth");
  label("traefik.http.routers.recyclic-prod-api.middlewares") = "gzip@file";
  label("traefik.docker.network") = "public";
  finds(2, "FAIL services.api-prod.labels.traefik.docker.network: the service is not on the network public");
}

TEST_F(StackRoutes, Check2WantsTheServiceNamedWhereThereAreSeveral) {
  label("traefik.http.services.admin.loadbalancer.server.port") = "8001";
  finds(2,
        "FAIL services.api-prod.labels.traefik.http.routers.recyclic-prod-api.service: the labels define "
        "several");
}

TEST_F(StackRoutes, Check2WarnsOfAContainerThatWasMadeFromOtherLabels) {
  label("traefik.http.services.recyclic-prod-api.loadbalancer.server.port") = "9000";
  finds(2,
        "WARNING services.api-prod.labels.traefik.http.services.recyclic-prod-api.loadbalancer.server.port: "
        "the "
        "container api-1 has other labels than the compose file");
}

TEST_F(StackRoutes, Check2FindsARouterThatTwoContainersDefineDifferently) {
  facts.containers->at(3).labels = {
      {"com.docker.compose.project", "recyclic-staging"},
      {"traefik.http.routers.recyclic-prod-api.rule", "Host(`devrecyclic.jarvos.eu`)"}};
  finds(2,
        "FAIL services.api-prod.labels.traefik.http.routers.recyclic-prod-api: the container staging-api-1 "
        "of the "
        "project recyclic-staging defines it otherwise");
}

TEST_F(StackRoutes, Check3FindsARouterThatTraefikDoesNotKnow) {
  facts.api->routers.erase(facts.api->routers.begin());
  finds(3, "FAIL http.routers.recyclic-prod-api: Traefik does not know it | see the logs of Traefik");
  api().health = "starting";
  finds(3, "| api-1 is starting: Traefik waits for its health check");
}

TEST_F(StackRoutes, Check3FindsADockerProviderThatIsDeadOnce) {
  facts.api->routers.clear();
  finds(3, "its docker provider is off or can't reach the engine");
  EXPECT_EQ(said(3).find("Traefik does not know it"), std::string::npos);
  for (InspectedContainer& one : *facts.containers) one.health = "starting";
  finds(3, "is starting: Traefik waits for its health check");
}

TEST_F(StackRoutes, Check4LeavesItToCheck3WhereTheLabelsAreRight) {
  facts.api->routers.clear();
  finds(4, "takes /api/health | router recyclic-prod-api of its labels does: check 3 says what became of it");
}

TEST_F(StackRoutes, Check3TellsWhyARouterIsOffOrWarnedOf) {
  facts.api->routers[0].errors = {"the service \"x@docker\" does not exist", "no TLS options"};
  facts.api->routers[0].status = "disabled";
  finds(3,
        "FAIL http.routers.recyclic-prod-api@docker: Traefik has switched it off: the service \"x@docker\" "
        "does not "
        "exist; no TLS options");
  facts.api->routers[0].status = "warning";
  finds(3, "WARNING http.routers.recyclic-prod-api@docker: Traefik warns of it: the service");
}

TEST_F(StackRoutes, WithoutTheApiWhatItKnowsIsUnverified) {
  facts.api.reset();
  facts.api_problem = "Traefik's API does not answer";
  for (const int number : {3, 4, 5}) {
    said(number);
    EXPECT_EQ(verdict, stack::StackVerdict::unverified) << number;
  }
  finds(3, "UNVERIFIED : Traefik's API does not answer");
  passes(6);
}

TEST_F(StackRoutes, Check4WantsARuleForEachHost) {
  facts.stack.settings.routes[0].host = "api.jarvos.eu";
  finds(4,
        "FAIL https://api.jarvos.eu/api/health: no router's rule names the host api.jarvos.eu and takes "
        "/api/health");
  facts.stack.settings.routes[0].host = "recyclic.jarvos.eu";
  facts.stack.settings.routes[0].scheme = "http";
  finds(4, "FAIL http://recyclic.jarvos.eu/api/health: no router's rule names the host");
}

TEST_F(StackRoutes, Check4FindsAnotherStackBehindTheHost) {
  // One apart, and equal as floating-point numbers.
  facts.api->routers[2].rule = facts.api->routers[0].rule;
  facts.api->routers[0].priority = 9223372036854775806;
  facts.api->routers[2].priority = 9223372036854775805;
  passes(4);
  std::swap(facts.api->routers[0].priority, facts.api->routers[2].priority);
  finds(
      4,
      "FAIL https://recyclic.jarvos.eu/api/health: router recyclic-staging-api@docker leads to the container "
      "staging-api-1 of the project recyclic-staging at http://172.20.0.5:8000, not to api-prod");
  facts.api->routers[0].priority = facts.api->routers[2].priority;
  finds(4,
        "WARNING https://recyclic.jarvos.eu/api/health: recyclic-prod-api@docker and "
        "recyclic-staging-api@docker have "
        "the same priority");
}

TEST_F(StackRoutes, Check4TakesARedirectBetweenEntryPointsForTheRouterOfHttp) {
  stack::TraefikRouter redirect = router("web-to-websecure", "HostRegexp(`^.+$`)");
  redirect.name = "web-to-websecure@internal";
  redirect.service = "noop@internal";
  redirect.tls = false;
  redirect.priority = 9223372036854775806;
  facts.api->routers.push_back(redirect);
  passes(4);  // https has its own
  facts.stack.settings.routes[1].scheme = "http";
  passes(4);
  passes(5);
}

TEST_F(StackRoutes, Check4DoesNotTakeTraefiksOwnApiForTheRouterOfAPath) {
  stack::TraefikRouter own = router("api", "PathPrefix(`/api`)");
  own.name = own.service = "api@internal";
  own.tls = false;
  own.priority = 9223372036854775806;
  facts.api->routers.push_back(own);
  passes(4);
  facts.stack.settings.routes[0].scheme = "http";
  finds(4, "FAIL http://recyclic.jarvos.eu/api/health: no router's rule names the host");
}

TEST_F(StackRoutes, Check4FindsAnotherServiceOfTheStackBehindThePath) {
  facts.api->routers[0].rule = "Host(`recyclic.jarvos.eu`) && PathPrefix(`/v2`)";
  finds(4, "leads to the container frontend-1 at http://172.20.0.4:80, not to api-prod");
}

TEST_F(StackRoutes, Check4SaysWhatItCanNotJudge) {
  facts.api->routers[0].rule = "Host(`recyclic.jarvos.eu`) && PathRegexp(`^/api`)";
  facts.api->routers[1].rule = "Host(`recyclic.jarvos.eu`) && ClientIP(`10.0.0.0/8`)";
  finds(4,
        "WARNING https://recyclic.jarvos.eu/api/health: it can't be told whether recyclic-prod-api@docker "
        "takes it");
}

TEST_F(StackRoutes, Check4And6AreNotPassedWithoutRoutes) {
  facts.stack.settings.routes.clear();
  facts.answers.clear();
  finds(4, "UNVERIFIED : no route is configured");
  EXPECT_EQ(judge_routes(facts).exit(), Exit::unverified);
}

TEST_F(StackRoutes, Check5FindsWhatDoesNotRun) {
  api().health = "unhealthy";
  finds(5, "FAIL services.api-prod: the container api-1 is unhealthy");
  // Its first start may only have been slow.
  finds(5, "write a longer start_period (now 0 s, then 3 tries, 5 s apart) into its healthcheck");
  api().status = "exited";
  finds(5, "FAIL services.api-prod: the container api-1 is exited | see docker logs api-1");
  facts.containers->erase(facts.containers->begin() + 1);
  finds(5,
        "FAIL services.api-prod: it has no container in the project recyclic-prod | docker compose -p "
        "recyclic-prod up");
}

TEST_F(StackRoutes, Check5FindsWhatTraefikTakesForDown) {
  facts.api->services[0].server_status = {{"http://172.20.0.3:8000", "DOWN"}};
  finds(5,
        "FAIL http.services.recyclic-prod-api@docker: Traefik takes the server http://172.20.0.3:8000 for "
        "DOWN");
  facts.api->services[0].server_status.clear();
  facts.api->services[0].servers.clear();
  finds(5, "FAIL http.services.recyclic-prod-api@docker: Traefik knows no server for it");
  facts.api->services[0].status = "disabled";
  facts.api->services[0].errors = {"no port"};
  finds(5, "FAIL http.services.recyclic-prod-api@docker: Traefik has switched it off: no port");
}

TEST_F(StackRoutes, Check5LooksIntoServicesThatAreMadeOfOthers) {
  stack::TraefikService weighted;
  weighted.name = "recyclic-prod-api@docker";
  weighted.status = "enabled";
  weighted.parts = {"blue", "recyclic-prod-api"};  // round in a circle, too
  facts.api->services[0] = weighted;
  facts.api->services.push_back(service("blue", "http://172.20.0.3:8000"));
  passes(5);
  facts.api->services.pop_back();
  finds(5, "FAIL http.services.recyclic-prod-api@docker: Traefik knows no server for it");
}

TEST_F(StackRoutes, Check6ComparesStatusLocationAndBody) {
  facts.answers[0] = answered("/api/health", 502);
  finds(6,
        "FAIL https://recyclic.jarvos.eu/api/health: HTTP status 502 instead of 200 | Traefik can't reach");
  facts.answers[0] = answered("/api/health", 404, "404 page not found\n");
  finds(6, "| these are the words of a Traefik that has no router for it");
  facts.answers[0] = answered("/api/health", 200, "{\"status\": \"degraded\"}\n");
  facts.stack.settings.routes[0].body = "\"status\": ?\"ok\"";
  finds(6, "the body does not hold \"status\": ?\"ok\", and begins: {\"status\": \"degraded\"} |");
  facts.answers[0].answer->body = "{\n\"status\":\"ok\"}";
  passes(6);
  facts.stack.settings.routes[0].expected_status = 308;
  facts.stack.settings.routes[0].location = "/new";
  facts.answers[0] = answered("/api/health", 308, "\"status\": \"ok\"");
  facts.answers[0].answer->redirect = "https://recyclic.jarvos.eu/new";
  passes(6);
  facts.answers[0].answer->redirect = "https://elsewhere.eu/new";
  finds(6,
        "FAIL https://recyclic.jarvos.eu/api/health: it leads to https://elsewhere.eu/new instead of /new");
}

}  // namespace
}  // namespace pgassay::test
