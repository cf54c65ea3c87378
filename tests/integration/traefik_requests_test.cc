// What `stack routes` asks over HTTP, of a stand-in for Traefik (fixtures/traefik_stub.h says why): its API,
// and the routes.
#include <gtest/gtest.h>

#include <thread>

#include "stack/routes/checks.h"
#include "stack/routes/routes.h"
#include "tests/fixtures/stack_facts.h"
#include "tests/fixtures/traefik_stub.h"

namespace pgassay::test {
namespace {

using Manner = HttpServer::Manner;

const TestCertificate& certificate() {
  static const TestCertificate made({"recyclic.jarvos.eu", "www.recyclic.jarvos.eu"});
  return made;
}

/// One stack with one route, whose answers a test chooses.
class TraefikRequests : public ::testing::Test {
 protected:
  TraefikRequests() {
    facts.stack = recorded_stack("prod", Shape::v2);
    facts.stack.settings.routes = {{"recyclic.jarvos.eu", "/api/health", "api-prod", 200, {}, {}, {}}};
    facts.project = "recyclic-prod";
    traefik().api = stub.api();
    traefik().address = "127.0.0.1";
    traefik().http_port = stub.http_port();
    traefik().https_port = stub.https_port();
    traefik().ca_file = certificate().ca_file();
    traefik().timeout = Seconds(60);
    stub.set({{"recyclic-prod-api@docker", "recyclic.jarvos.eu", "/api", "recyclic-prod-api"}},
             {{"recyclic-prod-api@docker", {backend.url("")}}});
  }
  stack::TraefikSettings& traefik() { return facts.stack.settings.traefik; }
  stack::StackRoute& route() { return facts.stack.settings.routes[0]; }

  /// Asks, and says what came of the last check.
  std::string endpoints() {
    ask_api(facts, traefik().timeout, {});
    ask_routes(facts, traefik().timeout, {});
    stack::Findings out(6, "prod");
    check_endpoints(facts, out);
    verdict = out.outcome("").verdict;
    return out.all().empty() ? out.outcome("").detail
                             : out.all()[0].key + ": " + out.all()[0].text + " | " + out.all()[0].hint;
  }
  void refuses(const std::string& words) {
    const std::string text = endpoints();
    EXPECT_EQ(verdict, stack::StackVerdict::fail) << text;
    EXPECT_NE(text.find(words), std::string::npos) << text;
  }
  void passes() {
    const std::string text = endpoints();
    EXPECT_EQ(verdict, stack::StackVerdict::pass) << text;
  }
  /// Of the API.
  std::string problem() {
    ask_api(facts, traefik().timeout, {});
    return facts.api ? "none" : facts.api_problem + " | " + facts.api_hint;
  }

  std::string said_behind = http_answer(200, "{\"status\": \"ok\"}");
  HttpServer backend{[this](const std::string&) { return said_behind; }};
  TraefikStub stub{certificate()};
  stack::RouteFacts facts;
  stack::StackVerdict verdict = stack::StackVerdict::pass;
};

TEST_F(TraefikRequests, ReachTheServiceByItsHostNameOverTls) {
  route().body = "\"status\": \"ok\"";
  passes();
  ASSERT_EQ(stub.requests().size(), 1u);
  EXPECT_TRUE(stub.requests()[0].starts_with("GET /api/health HTTP/1.1\r\nHost: recyclic.jarvos.eu\r\n"))
      << stub.requests()[0];
  ASSERT_EQ(backend.requests().size(), 1u);
}

TEST_F(TraefikRequests, GoByHttpWhereTheRouterHasNoTls) {
  stub.set({{"a@docker", "recyclic.jarvos.eu", "", "a", false}}, {{"a@docker", {backend.url("")}}});
  passes();
  EXPECT_EQ(facts.answers[0].url, "http://recyclic.jarvos.eu/api/health");
  EXPECT_TRUE(stub.requests().empty());
}

TEST_F(TraefikRequests, BelieveNoCertificateOfAnotherCaUnlessTold) {
  traefik().ca_file.reset();
  refuses("Of a CA of your own: ca_file");
  traefik().insecure = true;
  passes();
  traefik().insecure = false;
  traefik().ca_file = certificate().ca_file();
  stub.set({{"o@docker", "other.jarvos.eu", "", "o"}}, {});
  route().host = "other.jarvos.eu";  // not in the certificate
  refuses("https://other.jarvos.eu/api/health: https://other.jarvos.eu: SSL");
}

TEST_F(TraefikRequests, TellHowAServiceFails) {
  said_behind = http_answer(500, "");
  refuses("HTTP status 500 instead of 200");
  stub.set({{"a@docker", "recyclic.jarvos.eu", "", "a"}}, {{"a@docker", {"http://127.0.0.1:1"}}});
  refuses("HTTP status 502 instead of 200 | Traefik can't reach the service");
  stub.set({{"a@docker", "recyclic.jarvos.eu", "", "a"}}, {{"a@docker", {}}});
  refuses("HTTP status 503 instead of 200 | Traefik has no server that is up");
  stub.set({}, {});
  refuses("HTTP status 404 instead of 200 | these are the words of a Traefik that has no router");
  traefik().https_port = 1;
  refuses("does Traefik listen there?");
  traefik().address.clear();
  route().host = "recyclic.invalid";
  refuses("make the name known to DNS");
}

TEST_F(TraefikRequests, FollowRedirectsWithinTheStackOnly) {
  stack::StackRoute other = route();
  other.host = "www.recyclic.jarvos.eu";
  facts.stack.settings.routes.push_back(other);
  const HttpServer www(http_answer(200, "here"));
  stub.set({{"a@docker", "recyclic.jarvos.eu", "", "a"}, {"w@docker", "www.recyclic.jarvos.eu", "", "w"}},
           {{"a@docker", {backend.url("")}}, {"w@docker", {www.url("")}}});
  said_behind = http_answer(301, "", "Location: https://www.recyclic.jarvos.eu/\r\n");
  passes();
  EXPECT_EQ(facts.answers[0].url, "https://www.recyclic.jarvos.eu/");
  said_behind = http_answer(302, "", "Location: https://login.example.net/?next=secret\r\n");
  refuses("it leads to https://login.example.net, which is no host of this stack");
  said_behind = http_answer(302, "", "Location: /api/health\r\n");
  refuses("it leads on and on: 6 redirects");
}

TEST_F(TraefikRequests, CompareARedirectThatIsExpected) {
  route().expected_status = 308;
  route().scheme = "http";
  route().location = "https://recyclic.jarvos.eu/api/health";
  stub.set({{"web@docker", "recyclic.jarvos.eu", "", "web", false}}, {{"web@docker", {backend.url("")}}});
  said_behind = http_answer(308, "", "Location: https://recyclic.jarvos.eu/api/health\r\n");
  passes();
  EXPECT_TRUE(stub.requests().empty());
  said_behind = http_answer(308, "", "Location: https://devrecyclic.jarvos.eu/api/health\r\n");
  refuses(
      "it leads to https://devrecyclic.jarvos.eu/api/health instead of "
      "https://recyclic.jarvos.eu/api/health");
}

TEST_F(TraefikRequests, FindAnotherServicesAnswerByItsBody) {
  route().body = "^\\{\"status\"";
  said_behind = http_answer(200, "<html>staging</html>");
  refuses("the body does not hold ^\\{\"status\", and begins: <html>staging</html>");
}

TEST_F(TraefikRequests, ReadEveryPageOfTheApi) {
  std::vector<TraefikStub::Router> routers;
  for (int i = 0; i < 249; ++i)
    routers.push_back({"r" + std::to_string(i) + "@docker", "h" + std::to_string(i) + ".eu", "", "s"});
  stub.set(routers, {});
  EXPECT_EQ(problem(), "none");
  ASSERT_EQ(facts.api->routers.size(), 250u);  // and Traefik's own
  EXPECT_EQ(facts.api->router("api@internal")->priority, 9223372036854775806);
  EXPECT_NE(facts.api->router("r248@docker"), nullptr);
  std::string asked;
  for (const std::string& request : stub.api_requests())
    asked += request.substr(4, request.find(" HTTP") - 4) + "\n";
  EXPECT_EQ(asked,
            "/api/version\n/api/http/routers?per_page=100&page=1\n/api/http/routers?per_page=100&page=2\n"
            "/api/http/routers?per_page=100&page=3\n/api/http/services?per_page=100&page=1\n");
}

TEST_F(TraefikRequests, TakeNothingElseForTheApi) {
  for (const char* nonsense : {"<html>sign in</html>", "{}", "[", "{\"Version\": 3"}) {
    const HttpServer server(http_answer(200, nonsense));
    traefik().api = server.url("");
    EXPECT_NE(problem().find("is not Traefik's API"), std::string::npos) << problem();
  }
  const HttpServer endless([](const std::string& request) {
    const std::size_t page = request.find("&page=");
    if (page == std::string::npos) return http_answer(200, R"({"Version": "3.1.0"})");
    const int next = std::stoi(request.substr(page + 6)) + 1;
    return http_answer(200, "[]", "X-Next-Page: " + std::to_string(next) + "\r\n");
  });
  traefik().api = endless.url("");
  EXPECT_NE(problem().find("there is no end to it"), std::string::npos) << problem();
}

TEST_F(TraefikRequests, SayWhyTheApiDoesNotAnswer) {
  traefik().timeout = Seconds(0.3);
  const HttpServer stalls("", Manner::stalls), hangs_up("", Manner::hangs_up), gone(http_answer(404, "")),
      login(http_answer(302, "", "Location: https://sso.example.net/x\r\n"));
  for (const auto& [server, words] : {std::pair{&stalls, "timed out"},
                                      {&hangs_up, "Empty reply"},
                                      {&gone, "HTTP status 404 | is the API on"},
                                      {&login, "HTTP status 302, and leads to https://sso.example.net"}}) {
    traefik().api = server->url("");
    const std::string said = problem();
    EXPECT_NE(said.find(words), std::string::npos) << said;
    EXPECT_FALSE(facts.api);
  }
  traefik().api.clear();
  EXPECT_NE(problem().find("nothing says where Traefik's API answers | write api ="), std::string::npos);
}

TEST_F(TraefikRequests, TakeUserAndPasswordOfTheApiFromNetrc) {
  stub.want_user("Basic b3BzOnMzY3IzdA==");  // ops:s3cr3t
  const TemporaryDir home;
  const char* old = std::getenv("HOME");
  const std::string kept = old ? old : "";
  ::setenv("HOME", home.path().c_str(), 1);
  EXPECT_NE(problem().find("HTTP status 401 | its user and password go into ~/.netrc"), std::string::npos);
  write_new_file(home.path() / ".netrc", "machine 127.0.0.1 login ops password s3cr3t\n");
  EXPECT_EQ(problem(), "none");
  ::setenv("HOME", kept.c_str(), 1);
}

TEST_F(TraefikRequests, EndAtOnceWhenTheyAreStopped) {
  const HttpServer stalls("", Manner::stalls);
  traefik().api = stalls.url("");
  traefik().timeout = Seconds(3600);
  std::stop_source source;
  std::jthread later([&] {
    while (stalls.requests().empty()) std::this_thread::sleep_for(std::chrono::milliseconds(10));
    source.request_stop();
  });
  EXPECT_THROW(ask_api(facts, Seconds(3600), source.get_token()), Stopped);
}

}  // namespace
}  // namespace pgassay::test
