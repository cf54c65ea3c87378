// The story that stacks are for, by the commands of docs/runbooks/deployment-independent-stacks.md:
// examples/recyclic as it ships, its old file with profiles running under a client that adds rows all the
// time through Traefik's place, becomes production and staging side by side. Only the images and Traefik are
// stood in for (recyclic_images.sh, traefik_stub.h).
#include <gtest/gtest.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <mutex>
#include <set>
#include <thread>

#include "core/http/http.h"
#include "tests/docker/docker_calls.h"
#include "tests/docker/learned_routes.h"
#include "tests/fixtures/example_stacks.h"
#include "tests/fixtures/run_pgassay.h"
#include "tests/fixtures/runbook.h"

namespace pgassay::test {
namespace {

using namespace std::chrono_literals;
using Names = std::set<std::string>;

constexpr char kPage[] = "runbooks/deployment-independent-stacks.md", kHost[] = "recyclic.jarvos.eu",
               kNetwork[] = "traefik-public";

constexpr std::array<const char*, 4> kProjects = {"recyclic", "recyclic-prod", "recyclic-staging",
                                                  "recyclic-green"};

/// A second production, to take the first one's place.
constexpr char kGreen[] = R"(
[stack.green]
project = "recyclic-green"
compose_files = ["docker-compose.green.yml"]
env_file = ".env.green"
env_template = ".env.production.template"
required_variables = ["POSTGRES_PASSWORD", "SECRET_KEY", "TELEGRAM_BOT_TOKEN"]
database_service = "postgres"
database = "recyclic"
writers = ["api-green", "bot", "migrations"]
external_networks = ["traefik-public"]
source = "recyclic"
[[stack.green.route]]
host = "recyclic.jarvos.eu"
path = "/api/health"
service = "api-green"
[[stack.green.route]]
host = "recyclic.jarvos.eu"
service = "frontend-green"
[switch.green]
from = "prod"
to = "green"
drill = false
[switch.green.volumes]
prod_redis_data = "prod_redis_data"
)";

/// Adds rows through the entry points, one after the other, and remembers each that was acknowledged.
class Client {
 public:
  explicit Client(const TraefikStub& stub)
      : urls_{"https://" + std::string(kHost) + ":" + std::to_string(stub.https_port()),
              "http://" + std::string(kHost) + ":" + std::to_string(stub.http_port())},
        thread_([this](const std::stop_token& stop) {
          for (int n = 1; !stop.stop_requested(); ++n, std::this_thread::sleep_for(100ms))
            add("n" + std::to_string(n));
        }) {}

  Names acknowledged() const {
    const std::lock_guard lock(mutex_);
    return acknowledged_;
  }

 private:
  /// The old stack answers by http, the new one by https.
  void add(const std::string& note) {
    for (const std::string& url : urls_) {
      HttpGet request;
      request.url = url + "/api/add?" + note;
      request.insecure = true;
      request.connect_to = {std::string(kHost) + url.substr(url.rfind(':')) + ":127.0.0.1" +
                            url.substr(url.rfind(':'))};
      try {
        if (get(request, {}).status != 200) continue;
      } catch (const NoHttpAnswer&) {
        continue;
      }
      const std::lock_guard lock(mutex_);
      acknowledged_.insert(note);
      return;
    }
  }

  const Words urls_;
  mutable std::mutex mutex_;
  Names acknowledged_;
  std::jthread thread_;
};

class RecyclicStory : public ::testing::Test {
 protected:
  void SetUp() override {
    if (::geteuid() != 0)
      GTEST_SKIP()
          << "it needs names such as redis:7 for its images: only in an engine of the tests' own, as root";
    const Completed images = call({PGASSAY_SOURCE_DIR "/tests/docker/recyclic_images.sh"});
    ASSERT_TRUE(images.ok()) << images.err;
    engine_is_ours_ = true;
    volumes_before_ = volumes();
    make_commands();
    make_configuration();
    docker({"network", "create", kNetwork});
    docker({"run", "-d", "--init", "--name", "traefik", "--network", kNetwork, "recyclic/bot:1.4.0"});
    docker({"compose", "-p", "recyclic", "--env-file", (dir() / "before/.env").string(), "-f",
            (dir() / "before/docker-compose.yml").string(), "--profile", "prod", "--profile", "staging", "up",
            "-d"});
    traefik_.emplace([this](const std::stop_token& stop) {
      for (; !stop.stop_requested(); std::this_thread::sleep_for(500ms)) {
        std::set<std::string> projects = {kProjects.begin(), kProjects.end()};
        if (!knows_production_) projects.erase("recyclic-prod");
        try {
          learn_routes(stub_, projects, kNetwork);
        } catch (const Error&) {  // a container went while it was looked at
        }
      }
    });
    client_.emplace(stub_);
    await_rows(5);
  }
  void TearDown() override {
    if (!engine_is_ours_) return;
    client_.reset();
    traefik_.reset();
    for (const char* project : kProjects) {
      for (const std::string& id : containers(project)) docker({"rm", "-fv", id});
      for (const std::string& id : ids({"network", "ls"}, project)) docker({"network", "rm", id});
    }
    call({"docker", "rm", "-fv", "traefik"});
    call({"docker", "network", "rm", kNetwork});
    // `compose down` of the runbook leaves anonymous ones, too.
    for (const std::string& volume : without(volumes(), volumes_before_)) docker({"volume", "rm", volume});
  }

  const Path& dir() const { return example_.dir(); }
  std::map<std::string, std::string> migration() const {
    return {{"PGASSAY_CONFIG", (dir() / "first-migration.toml").string()}};
  }
  static Words ids(const Words& list, const std::string& project) {
    Words words = list;
    words.insert(words.end(), {"-q", "--filter", "label=com.docker.compose.project=" + project});
    return lines_of(docker(words));
  }
  static Names volumes() {
    const Words all = lines_of(docker({"volume", "ls", "-q"}));
    return {all.begin(), all.end()};
  }
  static Words containers(const std::string& project) { return ids({"ps", "-a"}, project); }
  static std::string container(const std::string& project, const std::string& service) {
    const Words found = ids({"ps", "--filter", "label=com.docker.compose.service=" + service}, project);
    return found.size() == 1 ? found[0] : throw std::runtime_error(project + " runs no " + service);
  }
  static std::string inside(const std::string& project, const std::string& service, const Words& words) {
    Words all = {"exec", container(project, service)};
    all.insert(all.end(), words.begin(), words.end());
    return docker(all);
  }
  static std::string redis(const std::string& project, const Words& words) {
    Words all = {"redis-cli"};
    all.insert(all.end(), words.begin(), words.end());
    return lines_of(inside(project, "redis", all)).at(0);
  }
  static Names rows_of(const std::string& project) {
    const Words lines =
        lines_of(inside(project, "postgres",
                        {"psql", "-qAtX", "-U", "recyclic", "-c", "SELECT note FROM deposits", "recyclic"}));
    return {lines.begin(), lines.end()};
  }
  /// Every container with its start, and the rows.
  static std::string look_of(const std::string& project) {
    std::string look;
    for (const std::string& id : containers(project))
      look += docker({"inspect", "-f", "{{.Id}} {{.State.StartedAt}} {{.State.Status}}", id});
    for (const std::string& note : rows_of(project)) look += note + "\n";
    return look;
  }
  static Names without(Names names, const Names& others) {
    for (const std::string& name : others) names.erase(name);
    return names;
  }
  static Names missing_in(const std::string& project, const Names& notes) {
    return without(notes, rows_of(project));
  }
  void await_rows(std::size_t more) {
    const std::size_t then = client_->acknowledged().size();
    for (int i = 0; i < 600 && client_->acknowledged().size() < then + more; ++i)
      std::this_thread::sleep_for(100ms);
    ASSERT_GE(client_->acknowledged().size(), then + more) << "nothing is acknowledged";
  }

  /// A section of the runbook, which must end with 0. What it said.
  std::string follow(const std::string& heading) {
    SCOPED_TRACE(heading);
    const Ended ended = run_section(kPage, heading, dir(), environment_, {}, dir() / ".exports");
    EXPECT_EQ(ended.status, 0) << ended.out << ended.err;
    return ended.out + ended.err;
  }

  std::map<std::string, std::string> with_green() const {
    const Path compose = dir() / "docker-compose.green.yml";
    std::filesystem::copy_file(dir() / "docker-compose.prod.yml", compose);
    for (const std::string name : {"recyclic-", "api-", "frontend-"})
      replace_in_file(compose, name + "prod", name + "green");
    std::string variables;
    for (const std::string& line : lines_of(read_file(dir() / ".env.production")))
      variables += line + (line.starts_with('#') ? "\n" : "-of-green\n");
    write_new_file(dir() / ".env.green", variables);
    replace_file(dir() / "pgassay.toml", read_file(dir() / "pgassay.toml") + kGreen);
    return {{"PGASSAY_CONFIG", (dir() / "pgassay.toml").string()}};
  }

  TestCertificate certificate_{{kHost, "devrecyclic.jarvos.eu"}};
  TraefikStub stub_{certificate_};
  ExampleStacks example_;
  std::map<std::string, std::string> environment_;
  bool engine_is_ours_ = false;
  Names volumes_before_;
  std::atomic<bool> knows_production_{true};
  std::optional<std::jthread> traefik_;
  std::optional<Client> client_;

 private:
  void make_commands() {
    std::filesystem::create_directory(dir() / "bin");
    std::filesystem::create_symlink(PGASSAY_BINARY, dir() / "bin/pgassay");
    for (const char* script : {"backup-database", "pre-deployment-check", "validate-traefik"})
      std::filesystem::create_symlink(std::string(PGASSAY_SOURCE_DIR "/scripts/") + script,
                                      dir() / "bin" / script);
    environment_ = {{"PATH", (dir() / "bin").string() + ":" + std::getenv("PATH")}};
  }
  void make_configuration() {
    write_new_file(dir() / "before/.env", "POSTGRES_PASSWORD=s3cr3t-of-before\nSECRET_KEY=k3y-of-before\n");
    example_.change("pgassay.toml", "\"http://127.0.0.1:8080\"",
                    "\"" + stub_.api() +
                        "\"\nwait = \"3s\"\nhttps_port = " + std::to_string(stub_.https_port()) +
                        "\nca_file = \"" + certificate_.ca_file().string() + "\"");
    example_.change("before/docker-compose.yml", "\"5432:5432\"", "\"127.0.0.1::5432\"");
    // Phase 1 has a drill of its own.
    example_.change("before/switch.toml", "to = \"prod\"\n", "to = \"prod\"\ndrill = false\n");
    // Nobody is to wait five seconds for each health check.
    for (const char* file : {"docker-compose.prod.yml", "docker-compose.staging.yml"}) {
      example_.change(file, "\n      retries: 12", "");
      example_.change(file, "interval: 5s", "interval: 1s\n      retries: 60");
    }
  }
};

TEST_F(RecyclicStory, EndsWithProductionAndStagingSideBySideAndEveryAcknowledgedRow) {
  ASSERT_EQ(redis("recyclic", {"SET", "visits", "42"}), "OK");
  const Words old_containers = containers("recyclic");
  follow("Phase 0: prepare");
  follow("Phase 1: back up");
  expect_words(follow("Phase 2: check"), {"POINT OF NO RETURN", "nothing was touched"});

  const Names at_first = client_->acknowledged();
  const std::string deployed = follow("Phase 3: deploy");
  expect_words(deployed, {"carried over: volume recyclic_redis_data into recyclic-prod_prod_redis_data",
                          "every one compared", "switched prod: down-time "});
  EXPECT_EQ(missing_in("recyclic-prod", client_->acknowledged()), Names{});
  EXPECT_EQ(redis("recyclic-prod", {"GET", "visits"}), "42");
  await_rows(3);
  follow("Phase 4: watch");
  EXPECT_EQ(rows_of("recyclic-staging"), Names{});

  const std::string staging = look_of("recyclic-staging");
  const Names before_going_back = client_->acknowledged();
  expect_words(follow("Going back"),
               {"what the new stack wrote is in recyclic/recyclic/", "public.deposits: "});
  EXPECT_EQ(containers("recyclic"), old_containers);
  EXPECT_EQ(missing_in("recyclic", at_first), Names{});
  EXPECT_EQ(redis("recyclic", {"GET", "visits"}), "42");
  const Ran saved =
      pgassay({"export", "latest", "--source", "recyclic", "--table", "public.deposits"}, migration());
  ASSERT_EQ(saved.status, 0) << saved.err;
  Names saved_notes;
  for (const std::string& line : lines_of(saved.out)) saved_notes.insert(line.substr(line.find('\t') + 1));
  EXPECT_EQ(without(before_going_back, saved_notes), Names{});

  // The second attempt: Traefik knows nothing of the new stack, so nobody can have reached it.
  follow("A second attempt");
  knows_production_ = false;
  await_rows(3);
  const Ran failed = pgassay({"stack", "switch", "prod", "--yes", "--no-drill"}, migration());
  EXPECT_EQ(failed.status, 1) << failed.err;
  expect_words(failed.err, {"routes of stack prod: ", "rolled back: the old stack runs as before"});
  EXPECT_EQ(containers("recyclic"), old_containers);
  await_rows(3);
  EXPECT_EQ(without(missing_in("recyclic", client_->acknowledged()), saved_notes), Names{});
  EXPECT_EQ(look_of("recyclic-staging"), staging);
}

class RecyclicStoryLong : public RecyclicStory {};

TEST_F(RecyclicStoryLong, GoesOnFromOneProductionToTheNext) {
  ASSERT_EQ(redis("recyclic", {"SET", "visits", "42"}), "OK");
  follow("Phase 0: prepare");
  follow("Phase 3: deploy");
  follow("When it is done");
  const std::string staging = look_of("recyclic-staging");

  await_rows(3);
  const auto environment = with_green();
  const Ran green = pgassay({"stack", "switch", "green", "--yes"}, environment);
  ASSERT_EQ(green.status, 0) << green.err;
  await_rows(3);
  EXPECT_EQ(missing_in("recyclic-green", client_->acknowledged()), Names{});
  EXPECT_EQ(redis("recyclic-green", {"GET", "visits"}), "42");

  const Names before_going_back = client_->acknowledged();
  knows_production_ = false;
  const Ran back = pgassay({"stack", "rollback", "green", "--json"}, environment);
  EXPECT_EQ(back.status, 1) << back.out << back.err;
  expect_words(back.err, {"the old stack runs, but routes of stack prod: "});
  knows_production_ = true;
  await_rows(3);
  const std::string saved = nlohmann::json::parse(back.out)["rollback"]["backup"];
  const Ran rows = pgassay({"export", saved, "--table", "public.deposits"}, environment);
  Names saved_notes;
  for (const std::string& line : lines_of(rows.out)) saved_notes.insert(line.substr(line.find('\t') + 1));
  EXPECT_EQ(without(before_going_back, saved_notes), Names{});
  EXPECT_EQ(look_of("recyclic-staging"), staging);
}

}  // namespace
}  // namespace pgassay::test
