// `pgassay stack routes` as it was built, over examples/recyclic and a stand-in for Traefik
// (fixtures/traefik_stub.h says why). No engine: what it takes one for is in tests/docker.
#include <gtest/gtest.h>

#include <chrono>
#include <thread>

#include "core/system/subprocess.h"
#include "tests/fixtures/child.h"
#include "tests/fixtures/example_stacks.h"
#include "tests/fixtures/traefik_stub.h"

namespace pgassay::test {
namespace {

const TraefikStub::Router kApi{
    "recyclic-prod-api@docker", "recyclic.jarvos.eu", "/api", "recyclic-prod-api", true, 53};
const TraefikStub::Router kFrontend{"recyclic-prod-frontend@docker", "recyclic.jarvos.eu", "",
                                    "recyclic-prod-frontend"};

class StackRoutesCommand : public ::testing::Test {
 protected:
  StackRoutesCommand() {
    std::filesystem::create_directory(stacks_.dir() / "bin");
    std::filesystem::create_symlink(find_program("docker-compose"), stacks_.dir() / "bin/docker-compose");
    environment()["DOCKER_HOST"] = "unix:///nonexistent/docker.sock";
    environment()["PATH"] = (stacks_.dir() / "bin").string();
    const std::string text = read_file(stacks_.dir() / "pgassay.toml");
    const std::size_t begin = text.find("[traefik]"), end = text.find("\n[", begin + 1);
    replace_file(stacks_.dir() / "pgassay.toml",
                 text.substr(0, begin) + "[traefik]\napi = \"" + stub_.api() +
                     "\"\naddress = \"127.0.0.1\"\nhttps_port = " + std::to_string(stub_.https_port()) +
                     "\nhttp_port = " + std::to_string(stub_.http_port()) + "\nca_file = \"" +
                     certificate_.ca_file().string() + "\"\n" + text.substr(end));
    know({kApi, kFrontend});
  }
  std::map<std::string, std::string>& environment() { return stacks_.environment; }
  void know(const std::vector<TraefikStub::Router>& routers) {
    stub_.set(routers, {{"recyclic-prod-api@docker", {backend_.url("")}},
                        {"recyclic-prod-frontend@docker", {backend_.url("")}}});
  }
  int routes(std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), {"stack", "routes", "--json"});
    stacks_.ran = pgassay(arguments, environment());
    stacks_.document = nlohmann::json::parse(stacks_.ran.out);
    EXPECT_EQ(stacks_.document["command"], "stack routes");
    EXPECT_EQ(stacks_.document["exit"], stacks_.ran.status);
    EXPECT_EQ(stacks_.told(stacks_.ran), "");
    return stacks_.ran.status;
  }
  std::string verdict(int number) const { return stacks_.verdict(number, "prod"); }

  TestCertificate certificate_{{"recyclic.jarvos.eu"}};
  HttpServer backend_{http_answer(200, "ok")};
  TraefikStub stub_{certificate_};
  ExampleStacks stacks_;
};

TEST_F(StackRoutesCommand, PassesWhatCanBeSeenWithoutAnEngine) {
  const std::string file = (stacks_.dir() / "routes.xml").string();
  EXPECT_EQ(routes({"prod", "--wait", "0", "--junit", file}), 4);
  for (int number = 1; number <= 6; ++number)
    EXPECT_EQ(verdict(number), number == 1 || number == 5 ? "UNVERIFIED" : "PASS")
        << number << stacks_.document;
  const std::string xml = read_file(file);
  EXPECT_NE(xml.find("<testsuite name=\"pgassay stack routes\" tests=\"6\" failures=\"0\" errors=\"2\">"),
            std::string::npos)
      << xml;
}

TEST_F(StackRoutesCommand, SaysWhatIsWrongAsAnOperatorReadsIt) {
  TraefikStub::Router off = kApi;
  off.status = "disabled";
  off.error = "the service \"recyclic-prod-api@docker\" does not exist";
  know({off, kFrontend});
  const Ran plain = pgassay({"stack", "routes", "prod", "--wait", "0"}, environment());
  EXPECT_EQ(plain.status, 4);
  EXPECT_NE(plain.out.find("   3  FAIL        routers: Traefik 3.1.0 knows 2 routers of this stack\n"),
            std::string::npos)
      << plain.out << plain.err;
  EXPECT_NE(plain.out.find("http.routers.recyclic-prod-api@docker: Traefik has switched it off: the service "
                           "\"recyclic-prod-api@docker\" does not exist\n          hint: "),
            std::string::npos)
      << plain.out;
}

TEST_F(StackRoutesCommand, LooksAgainUntilTheDeadline) {
  know({kFrontend});
  EXPECT_EQ(routes({"prod", "--wait", "0"}), 4);
  const std::size_t one_look = stub_.api_requests().size();
  EXPECT_EQ(routes({"prod", "--wait", "3s"}), 4);
  EXPECT_EQ(verdict(3), "FAIL");
  const std::size_t before = stub_.api_requests().size();
  std::jthread later([&] {
    while (stub_.api_requests().size() <= before + one_look)
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
    know({kApi, kFrontend});
  });
  EXPECT_EQ(routes({"prod", "--wait", "1h"}), 4);  // there is no engine, for which it does not wait
  EXPECT_EQ(verdict(3), "PASS") << stacks_.document;
}

TEST_F(StackRoutesCommand, EndsWhenItIsInterrupted) {
  know({});
  Child child({PGASSAY_BINARY, "stack", "routes", "prod", "--wait", "10m"}, environment());
  while (stub_.api_requests().empty()) std::this_thread::sleep_for(std::chrono::milliseconds(50));
  child.signal(SIGINT);
  EXPECT_EQ(child.wait().status, 130);
}

TEST_F(StackRoutesCommand, TakesTheWayToTraefikFromTheCommandLine) {
  stacks_.change("pgassay.toml", "address = \"127.0.0.1\"\n", "");
  stacks_.change("pgassay.toml", "ca_file = \"" + certificate_.ca_file().string() + "\"\n", "");
  routes({"prod", "--wait", "0", "--address", "127.0.0.1"});
  EXPECT_NE(stacks_.found(6, "prod").find("SSL certificate problem"), std::string::npos) << stacks_.document;
  routes({"prod", "--wait", "0", "--address", "127.0.0.1", "--ca-file", certificate_.ca_file().string()});
  EXPECT_EQ(verdict(6), "PASS") << stacks_.document;
  routes({"prod", "--wait", "0", "--address", "127.0.0.1", "--insecure"});
  EXPECT_EQ(verdict(6), "PASS") << stacks_.document;
}

TEST_F(StackRoutesCommand, WantsAStackWithRoutes) {
  EXPECT_EQ(pgassay({"stack", "routes"}, environment()).status, 2);
  const Ran none = pgassay({"stack", "routes", "dev"}, environment());
  EXPECT_EQ(none.status, 2);
  EXPECT_NE(none.err.find("stack dev has no route\nhint: write [[stack.dev.route]]"), std::string::npos)
      << none.err;
  EXPECT_EQ(pgassay({"stack", "routes", "prod", "--wait", "soon"}, environment()).status, 2);
  EXPECT_EQ(pgassay({"stack", "routes", "prod", "--address", "http://x"}, environment()).status, 2);
}

TEST_F(StackRoutesCommand, IsWhatValidateTraefikCalls) {
  environment()["PATH"] += ":" + Path(PGASSAY_BINARY).parent_path().string() + ":/usr/bin:/bin";
  environment()["PATH"].insert(0, "/nonexistent:");
  Command command;
  command.argv = {PGASSAY_SOURCE_DIR "/scripts/validate-traefik", "prod", "--wait", "0"};
  command.env = environment();
  const Completed done = run(command, {});
  EXPECT_EQ(done.status, 4) << done.out << done.err;
  EXPECT_NE(done.out.find("prod\n   1  UNVERIFIED"), std::string::npos) << done.out << done.err;
}

}  // namespace
}  // namespace pgassay::test
