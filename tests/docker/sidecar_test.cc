// examples/sidecar on a real engine, by docker-compose 1.29, and by compose v2 as docs/nightly.md has it. Its
// image is made of this host's files and not by its Dockerfile, which needs a registry and the network.
#include <gtest/gtest.h>
#include <unistd.h>

#include <chrono>
#include <nlohmann/json.hpp>
#include <set>
#include <sstream>
#include <thread>

#include "core/system/subprocess.h"
#include "tests/fixtures/host_postgres.h"
#include "tests/fixtures/runbook.h"
#include "tests/fixtures/temporary_dir.h"

namespace pgassay::test {
namespace {

using namespace std::chrono_literals;
using nlohmann::json;
using Words = std::vector<std::string>;

const Path kExample = PGASSAY_SOURCE_DIR "/examples/sidecar";

std::vector<json> json_lines_of(const std::string& text) {
  std::vector<json> lines;
  for (std::size_t at = 0, end; (end = text.find('\n', at)) != std::string::npos; at = end + 1)
    lines.push_back(json::parse(text.substr(at, end - at)));
  return lines;
}

class Sidecar : public ::testing::Test {
 protected:
  void SetUp() override {
    make_image();
    before_ = volumes();
  }
  void TearDown() override {
    compose({"down", "--volumes", "--timeout", "5"});
    docker({"rmi", "-f", image_});
  }

  Completed docker(const Words& words) const { return run_words("docker", words); }
  Completed compose(const Words& words) const {
    Words all = {"-f", (kExample / "docker-compose.yml").string(), "-p", mark_};
    all.insert(all.end(), words.begin(), words.end());
    return run_words("docker-compose", all);
  }
  /// In the sidecar, as its user.
  Completed pgassay(const Words& words) const {
    Words all = {"exec", "-T", "backup", "pgassay"};
    all.insert(all.end(), words.begin(), words.end());
    return compose(all);
  }
  /// Waits till a command in the sidecar ends with 0.
  bool until(const Words& words) const {
    for (int i = 0; i < 300; ++i, std::this_thread::sleep_for(200ms))
      if (pgassay(words).ok()) return true;
    return false;
  }

  std::set<std::string> volumes() const {
    std::set<std::string> names;
    std::istringstream listed(docker({"volume", "ls", "-q"}).out);
    for (std::string name; listed >> name;) names.insert(name);
    return names;
  }

  std::set<std::string> before_;
  const std::string mark_ = "pgassaytest" + std::to_string(::getpid()), image_ = mark_ + "-sidecar";

 private:
  Completed run_words(const std::string& program, const Words& words) const {
    Words argv = {program};
    argv.insert(argv.end(), words.begin(), words.end());
    return run({.argv = argv,
                .env = {{"POSTGRES_IMAGE", host_image()},
                        {"POSTGRES_PASSWORD", "unused"},
                        {"PGASSAY_IMAGE", image_},
                        {"PATH", "/usr/sbin:/usr/bin:/sbin:/bin"}},
                .input = {}},
               {});
  }
  /// The program and its libraries, its user, and the example's two files, on top of the server's image.
  void make_image() {
    const Completed made =
        run({.argv = {(Path(PGASSAY_SOURCE_DIR) / "tests/docker/sidecar_image.sh").string(), PGASSAY_BINARY,
                      kExample.string(), image_},
             .env = {{"PATH", "/usr/sbin:/usr/bin:/sbin:/bin"}},
             .input = {}},
            {});
    ASSERT_TRUE(made.ok()) << made.out << made.err;
  }
};

TEST_F(Sidecar, BacksItsServerUpAndProvesIt) {
  const Completed up = compose({"up", "--detach", "--no-build"});
  ASSERT_TRUE(up.ok()) << up.err;
  ASSERT_TRUE(until({"status", "--quiet"})) << compose({"logs", "backup"}).out;
  const json status = json::parse(pgassay({"status", "--json"}).out).at("status").at(0);
  EXPECT_EQ(status.at("source"), "db");
  EXPECT_EQ(status.at("database"), "app");
  EXPECT_TRUE(status.at("drilled").is_string()) << status;
  EXPECT_NE(pgassay({"report"}).out.find("db/app"), std::string::npos);
  const Completed log = docker({"logs", mark_ + "_backup_1"});
  EXPECT_EQ(log.out, "");
  const std::vector<json> lines = json_lines_of(log.err);
  EXPECT_FALSE(lines.empty());
  for (const json& line : lines) EXPECT_NE(line.at("level"), "error") << line;
  EXPECT_TRUE(compose({"stop", "--timeout", "600", "backup"}).ok());
  EXPECT_NE(docker({"inspect", "--format", "{{.State.ExitCode}}", mark_ + "_backup_1"}).out, "137\n")
      << "it does not listen to SIGTERM";
  // Another container takes the volume over and finds the night done.
  EXPECT_TRUE(compose({"rm", "--force", "backup"}).ok());
  ASSERT_TRUE(compose({"up", "--detach", "--no-build"}).ok());
  EXPECT_TRUE(until({"status", "--quiet"}));
  EXPECT_EQ(json::parse(pgassay({"list", "--json"}).out).at("backups").size(), 1u);
  for (const std::string& name : volumes())
    EXPECT_TRUE(before_.contains(name) || name.starts_with(mark_ + "_")) << "an anonymous volume: " << name;
}

TEST_F(Sidecar, IsSetUpByTheCommandsOfThePage) {
  const TemporaryDir dir;
  std::filesystem::create_directory(dir.path() / "examples");
  std::filesystem::copy(kExample, dir.path() / "examples/sidecar");
  const std::string status = "docker compose exec backup pgassay status ";
  const Ended followed = run_section(
      "nightly.md", "As a sidecar, beside a postgres service", dir.path(),
      {{"POSTGRES_IMAGE", host_image()}, {"PGASSAY_IMAGE", image_}, {"COMPOSE_PROJECT_NAME", mark_}},
      {{"docker build -f examples/sidecar/Dockerfile -t pgassay-sidecar .", "# SetUp() has made it"},
       // A reader looks again a little later.
       {status, "for again in {1..600}; do " + status + "--quiet && break; sleep 0.2; done\n" + status}});
  EXPECT_EQ(followed.status, 0) << followed.out << followed.err;
  EXPECT_NE(followed.out.find("db/app"), std::string::npos) << followed.out;
  EXPECT_NE(followed.out.find("\"level\":\"info\""), std::string::npos) << followed.out;
  EXPECT_NE(read_file(dir.path() / "examples/sidecar/backups.html").find("db/app"), std::string::npos);
}

}  // namespace
}  // namespace pgassay::test
