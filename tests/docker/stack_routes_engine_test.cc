// `pgassay stack routes` over containers that compose made: their networks, health checks and labels are
// real, and so are the requests. Traefik itself is stood in for (fixtures/traefik_stub.h says why), and
// learns its routers from live labels, as Traefik does.
#include <gtest/gtest.h>
#include <unistd.h>

#include <thread>

#include "core/system/subprocess.h"
#include "tests/docker/learned_routes.h"
#include "tests/fixtures/example_stacks.h"

namespace pgassay::test {
namespace {

constexpr char kCompose[] = R"(version: "3.8"
services:
  api-prod:
    image: "IMAGE"
    init: true
    entrypoint: ["sh", "-c", "mkdir -p /www/api && echo ok > /www/api/health && exec httpd -f -p 8000 -h /www"]
    networks: {inner: {}, public: {}}
    healthcheck: {test: ["CMD", "test", "-e", "/www/api/health"], interval: 1s}
    labels:
      - traefik.enable=true
      - traefik.docker.network=NETWORK
      - traefik.http.routers.MARK-api.rule=Host(`recyclic.jarvos.eu`) && PathPrefix(`/api`)
      - traefik.http.routers.MARK-api.entrypoints=websecure
      - traefik.http.routers.MARK-api.tls=true
      - traefik.http.services.MARK-api.loadbalancer.server.port=8000
networks:
  inner: {}
  public: {external: true, name: NETWORK}
)";

Completed tried(std::vector<std::string> argv) {
  return run({.argv = std::move(argv), .env = {}, .input = {}}, {});
}

std::string must(std::vector<std::string> argv) {
  const Completed done = tried(std::move(argv));
  if (!done.ok()) throw std::runtime_error(done.complaint());
  return done.out.substr(0, done.out.find('\n'));
}

/// A stack of one service, and a container in Traefik's place on the network that they share.
class StackRoutesEngine : public ::testing::Test {
 protected:
  void SetUp() override {
    std::string text = kCompose;
    for (const auto& [from, to] :
         {std::pair{std::string("IMAGE"), image_}, {"NETWORK", network_}, {"MARK", mark_}})
      for (std::size_t at; (at = text.find(from)) != std::string::npos;) text.replace(at, from.size(), to);
    write_new_file(file(), text);
    write_new_file(
        stacks_.dir() / "routes.toml",
        "[traefik]\ncontainer = \"" + traefik_ + "\"\napi = \"" + stub_.api() +
            "\"\naddress = \"127.0.0.1\"\nhttps_port = " + std::to_string(stub_.https_port()) +
            "\nca_file = \"" + certificate_.ca_file().string() + "\"\n[stack.prod]\nproject = \"" + mark_ +
            "\"\ncompose_files = [\"routes.yml\"]\n[[stack.prod.route]]\nhost = \"recyclic.jarvos.eu\"\n"
            "path = \"/api/health\"\nservice = \"api-prod\"\nbody = \"^ok$\"\n");
    stacks_.environment = {{"PGASSAY_CONFIG", (stacks_.dir() / "routes.toml").string()}};
    must({"docker", "network", "create", network_});
    must(
        {"docker", "run", "-d", "--init", "--name", traefik_, "--network", network_, image_, "sleep", "600"});
    must({"docker-compose", "-p", mark_, "-f", file(), "up", "-d"});
  }
  void TearDown() override {
    tried({"docker-compose", "-p", mark_, "-f", file(), "down", "-v", "-t", "1"});
    tried({"docker", "rm", "-fv", traefik_});
    tried({"docker", "network", "rm", network_});
  }
  std::string file() const { return (stacks_.dir() / "routes.yml").string(); }

  void learn() { learn_routes(stub_, {mark_}, network_); }
  int routes(const std::string& wait) {
    stacks_.ran = pgassay({"stack", "routes", "--json", "--wait", wait}, stacks_.environment);
    stacks_.document = nlohmann::json::parse(stacks_.ran.out);
    return stacks_.ran.status;
  }

  const std::string mark_ = "pgassayroutes" + std::to_string(::getpid());
  const std::string network_ = mark_ + "-public", traefik_ = mark_ + "-traefik";
  const std::string image_ = must({"docker", "image", "ls", "-q", "pgassay-test"});
  TestCertificate certificate_{{"recyclic.jarvos.eu"}};
  TraefikStub stub_{certificate_};
  ExampleStacks stacks_;
};

TEST_F(StackRoutesEngine, PassWhenTheStackIsUpAndNotWhenItIsStoppedOrOffTheNetwork) {
  {
    // Traefik looks at what happens; so is the stack reached some time after `up`.
    const std::jthread traefik([this](const std::stop_token& stop) {
      for (; !stop.stop_requested(); std::this_thread::sleep_for(std::chrono::milliseconds(200))) learn();
    });
    EXPECT_EQ(routes("60s"), 0) << stacks_.ran.out;
  }
  for (const auto& check : stacks_.document["checks"]) EXPECT_EQ(check["verdict"], "PASS") << check;

  must({"docker", "network", "disconnect", network_, traefik_});
  EXPECT_EQ(routes("0"), 6);
  EXPECT_NE(stacks_.found(1, "prod").find("they share none"), std::string::npos) << stacks_.ran.out;
  must({"docker", "network", "connect", network_, traefik_});

  must({"docker-compose", "-p", mark_, "-f", file(), "stop", "-t", "1", "api-prod"});
  learn();
  EXPECT_EQ(routes("0"), 6);
  EXPECT_NE(stacks_.found(3, "prod").find("Traefik does not know it"), std::string::npos) << stacks_.ran.out;
  EXPECT_NE(stacks_.found(4, "prod").find("no router's rule names"), std::string::npos);
  EXPECT_NE(stacks_.found(5, "prod").find("is exited"), std::string::npos);
  EXPECT_NE(stacks_.found(6, "prod").find("HTTP status 404 instead of 200"), std::string::npos);
}

TEST_F(StackRoutesEngine, FindAnotherProjectsContainerBehindTheHost) {
  const std::string other = mark_ + "-other";
  must({"docker", "run", "-d", "--init", "--name", other, "--network", network_, "--label",
        "com.docker.compose.project=staging", image_, "sleep", "600"});
  const auto inspected = [&] {
    for (const InspectedContainer& one : stack::all_containers({}))
      if (one.name == other) return one;
    throw std::runtime_error("there is no " + other);
  }();
  stub_.set({{mark_ + "-api@docker", "recyclic.jarvos.eu", "/api", mark_ + "-api"}},
            {{mark_ + "-api@docker", {"http://" + inspected.networks.at(network_).at(0) + ":8000"}}});
  EXPECT_EQ(routes("0"), 6);
  EXPECT_NE(stacks_.found(4, "prod").find("leads to the container " + other + " of the project staging"),
            std::string::npos)
      << stacks_.ran.out;
  EXPECT_NE(stacks_.found(6, "prod").find("HTTP status 502 instead of 200"), std::string::npos);
  tried({"docker", "rm", "-fv", other});
}

}  // namespace
}  // namespace pgassay::test
