// The conformance suite against docker and podman, and what only containers have.
#include <fmt/format.h>

#include <iterator>
#include <sstream>

#include "core/container/container_cli.h"
#include "core/repository/identity.h"
#include "core/system/clock.h"
#include "tests/fixtures/engine_suite.h"
#include "tests/fixtures/host_postgres.h"
#include "tests/fixtures/outside.h"

namespace pgassay::test {
namespace {

/// ctest says which, by "id:1,slots:1": suites of different engines run at the
/// same time.
Path engines_of_this_suite() {
  const char* given = std::getenv("CTEST_RESOURCE_GROUP_0_ENGINES");
  const std::string number = given ? std::string(given).substr(3, 1) : "0";
  return Path(PGASSAY_ENGINES_DIR) / number;
}
const Path kEngines = engines_of_this_suite();

std::string name_of(const ::testing::TestParamInfo<drill::Engine>& info) {
  return std::string(to_string(info.param));
}

/// What tests/docker/engine.sh left for us: the engines of the tests, and not those that this host has.
class TheirEngines : public ::testing::Environment {
 public:
  void SetUp() override {
    const Path file = kEngines / "environment";
    if (!exists(status_of(file))) {
      GTEST_FAIL() << "no engines for tests: " << PGASSAY_SOURCE_DIR << "/tests/docker/engine.sh start "
                   << kEngines.string() << " (ctest does it by itself)";
    }
    const std::string text = read_file(file);
    for (std::size_t at = 0; at < text.size();) {
      const std::size_t end = text.find('\n', at), equals = text.find('=', at);
      ::setenv(text.substr(at, equals - at).c_str(), text.substr(equals + 1, end - equals - 1).c_str(), 1);
      at = end + 1;
    }
  }
};
[[maybe_unused]] const auto* const kTheirEngines = ::testing::AddGlobalTestEnvironment(new TheirEngines);

ContainerCli cli(drill::Engine engine) {
  return ContainerCli(std::string(to_string(engine)));
}

/// Variables of the environment, while this lives.
class Exported {
 public:
  Exported(const char* name, const std::string& value) : name_(name) {
    if (const char* before = std::getenv(name)) before_ = before;
    ::setenv(name, value.c_str(), 1);
  }
  Exported(const Exported&) = delete;
  ~Exported() { before_ ? ::setenv(name_, before_->c_str(), 1) : ::unsetenv(name_); }

 private:
  const char* name_;
  std::optional<std::string> before_;
};

}  // namespace

std::vector<std::string> containers_of(drill::Engine engine, const Path& work_dir) {
  std::vector<std::string> names;
  for (const LabelledContainer& container : cli(engine).list({"pgassay.drill", "pgassay.dir"}, {})) {
    if (container.labels[1].starts_with(work_dir.string() + "/")) names.push_back(container.name);
  }
  return names;
}

INSTANTIATE_TEST_SUITE_P(Containers, ThrowawayServers, ::testing::Values(drill::Engine::docker), name_of);
INSTANTIATE_TEST_SUITE_P(PodmanLong, ThrowawayServers, ::testing::Values(drill::Engine::podman), name_of);

INSTANTIATE_TEST_SUITE_P(Containers, ThrowawayServersLong,
                         ::testing::Values(drill::Engine::docker, drill::Engine::podman), name_of);

namespace {

class ContainerEngines : public ThrowawayServers {
 protected:
  std::string failure_of(const drill::ThrowawayRequest& request) {
    try {
      start(request);
      return "started";
    } catch (const Unverified& error) {
      return std::string(error.what()) + " HINT: " + error.hint();
    }
  }
  void expect_words(const std::string& text, const std::vector<std::string>& words) {
    for (const std::string& word : words)
      EXPECT_NE(text.find(word), std::string::npos) << word << " in: " << text;
  }
  Completed engine(const std::vector<std::string>& arguments) {
    std::vector<std::string> argv = {std::string(to_string(GetParam()))};
    argv.insert(argv.end(), arguments.begin(), arguments.end());
    return run({.argv = argv, .env = {}, .input = {}}, {});
  }
  std::string inspected(const std::string& container, const std::string& format) {
    return engine({"container", "inspect", "--format", format, container}).out;
  }
  std::vector<std::string> volumes_of(const std::string& container) {
    std::istringstream names(
        inspected(container, "{{range .Mounts}}{{if eq .Type \"volume\"}}{{.Name}} {{end}}{{end}}"));
    return {std::istream_iterator<std::string>(names), {}};
  }
  bool is_there(const std::string& volume) { return engine({"volume", "inspect", volume}).ok(); }
};
INSTANTIATE_TEST_SUITE_P(Containers, ContainerEngines, ::testing::Values(drill::Engine::docker), name_of);
INSTANTIATE_TEST_SUITE_P(PodmanLong, ContainerEngines, ::testing::Values(drill::Engine::podman), name_of);

/// The temporary server takes connections on the socket for two seconds before it goes away again.
TEST_P(ContainerEngines, AreNotReadyWhileTheEntrypointsTemporaryServerRuns) {
  const Path context = work_.path() / "image";
  make_private_dirs(context);
  const std::string lingering = "pgassay-test-lingering-" + std::to_string(::getpid());
  ASSERT_TRUE(engine({"create", "--name", lingering, host_image()}).ok());
  ASSERT_TRUE(engine({"commit", "--change", "ENV PGASSAY_TEST_LINGER=2", lingering, lingering + ":1"}).ok());
  engine({"rm", "-v", lingering});
  drill::ThrowawayRequest slow = request();
  slow.image = lingering + ":1";
  {
    const auto server = start(slow);
    EXPECT_EQ(connect(*server).query("SHOW listen_addresses").text(0, 0), "127.0.0.1")
        << "it is the temporary one";
  }
  engine({"rmi", "-f", lingering + ":1"});
  remove_tree(context);
  expect_nothing_left();
}

/// On a slow host its last words are "ready to accept connections" for longer than a socket takes to show.
TEST_P(ContainerEngines, AreWaitedForWhileNothingServesBetweenTheTemporaryServerAndTheRealOne) {
  const std::string slow_image = "pgassay-test-between-" + std::to_string(::getpid());
  ASSERT_TRUE(engine({"create", "--name", slow_image, host_image()}).ok());
  ASSERT_TRUE(
      engine({"commit", "--change", "ENV PGASSAY_TEST_LINGER_BETWEEN=25", slow_image, slow_image + ":1"})
          .ok());
  engine({"rm", "-v", slow_image});
  drill::ThrowawayRequest slow = request();
  slow.image = slow_image + ":1";
  EXPECT_EQ(value(*start(slow), "SELECT 1"), "1");
  engine({"rmi", "-f", slow_image + ":1"});
  expect_nothing_left();
}

TEST_P(ContainerEngines, KeepNoCapabilityAndWriteNothingButTheirData) {
  const auto server = start();
  Connection connection = connect(*server);
  connection.query("CREATE TABLE said (line text)");
  connection.query(
      "COPY said FROM PROGRAM $$exec 2>&1; grep -E 'CapEff|NoNewPrivs|Seccomp:' /proc/self/status | tr "
      "'\\011' ' '; "
      "id -u; for f in /usr/x /etc/x /x /var/x; do echo x > $f && echo WROTE $f; done; "
      "mount -t tmpfs none /tmp && echo MOUNTED; "
      "cd $PGDATA; ls -d /var/lib/docker /work 2>/dev/null; true$$");
  const std::string said = connection.query("SELECT string_agg(line, E'\n') FROM said").text(0, 0);
  EXPECT_NE(said.find("CapEff: 0000000000000000\nNoNewPrivs: 1\nSeccomp: 2\n"), std::string::npos) << said;
  for (const char* done : {"WROTE", "MOUNTED", "\n0\n", "/work"})
    EXPECT_EQ(said.find(done), std::string::npos) << said;
}

TEST_P(ContainerEngines, LetLoadedCodeDoNothingToThisHost) {
  const TemporaryDir dir;
  set_mode(dir.path(), 0755);
  const Outside outside(dir.path() / "outside", "postgres");
  const auto server = start();
  Connection connection = connect(*server);
  const std::string said = "\n" + outside.tried_by(connection);
  // It starts the image's programs, and makes sockets that lead nowhere: there is no network.
  for (const char* done : {"read", "list", "write", "truncate", "remove", "make", "rename", "chmod", "chown",
                           "environment", "kill", "trace", "limit", "priority", "connect", "mount"})
    EXPECT_EQ(said.find(fmt::format("\n{}\n", done)), std::string::npos) << done << " in " << said;
  EXPECT_NE(said.find("\nran\n"), std::string::npos) << said;
  // podman's filter of system calls lets users make namespaces of users, in which they may do no more.
  if (GetParam() == drill::Engine::docker) {
    EXPECT_EQ(said.find("\nnamespace\n"), std::string::npos) << said;
  }
  EXPECT_EQ(outside.harm(), "");
}

TEST_P(ContainerEngines, CannotPutAnotherSocketInThePlaceOfTheirs) {
  const auto server = start();
  Connection connection = connect(*server);
  connection.query("CREATE TABLE said (line text)");
  connection.query(
      "COPY said FROM PROGRAM $$exec 2>&1; for d in $(echo /var/tmp/*/pgassay-drill-*/run "
      "/tmp/*/pgassay-drill-*/run "
      "/tmp/*/pgassay-drill-*/socket); do ln -sf /elsewhere $d/.s.PGSQL.5432 && echo SWAPPED $d; done; echo "
      "done$$");
  const std::string said = connection.query("SELECT string_agg(line, E'\n') FROM said").text(0, 0);
  EXPECT_NE(said.find("done"), std::string::npos) << said;
  EXPECT_EQ(said.find("SWAPPED"), std::string::npos) << said;
  EXPECT_EQ(value(*server, "SELECT 1"), "1");
}

TEST_P(ContainerEngines, HaveTheNameOfTheSourcesBootstrapRole) {
  drill::ThrowawayRequest named = request();
  named.superuser = "boss";
  const auto server = start(named);
  EXPECT_EQ(value(*server, "SELECT rolname FROM pg_roles WHERE oid = 10"), "boss");
  EXPECT_NE(value(*server, "SELECT current_user"), "boss");
}

TEST_P(ContainerEngines, HaveNoNetworkAndLimits) {
  const auto server = start();
  const std::string name = server->facts().server;
  EXPECT_EQ(inspected(name, "{{.HostConfig.NetworkMode}}"), "none\n");
  EXPECT_EQ(inspected(name, "{{.HostConfig.Memory}}"), std::to_string(request().memory_bytes) + "\n");
  EXPECT_EQ(value(*server, "SELECT count(*) FROM pg_ls_dir('/sys/class/net') d WHERE d NOT IN ('lo')"), "0");
}

TEST_P(ContainerEngines, CarryLabelsThatSayWhoseTheyAre) {
  const auto server = start();
  const std::string name = server->facts().server;
  const auto label = [&](const std::string& key) {
    return inspected(name, "{{index .Config.Labels \"" + key + "\"}}");
  };
  EXPECT_EQ(label("pgassay.backup"), "prod/app/20261123T020000Z\n");
  EXPECT_EQ(label("pgassay.uid"), std::to_string(::geteuid()) + "\n");
  const std::string expires = label("pgassay.expires");
  EXPECT_GT(parse_rfc3339(expires.substr(0, expires.find('\n'))), now() + 23h);
}

TEST_P(ContainerEngines, PutNoPasswordOnACommandLine) {
  const auto server = start();
  const std::string environment = inspected(server->facts().server, "{{.Config.Env}}");
  const std::size_t at = environment.find("POSTGRES_PASSWORD=");
  ASSERT_NE(at, std::string::npos) << environment;
  const std::string password = environment.substr(at + 18, 32);
  EXPECT_EQ(password.find_first_not_of("0123456789abcdef"), std::string::npos) << password;
  EXPECT_EQ(inspected(server->facts().server, "{{.Args}} {{.Config.Cmd}}").find(password), std::string::npos);
}

TEST_P(ContainerEngines, KeepWhatFitsInMemory) {
  drill::ThrowawayRequest small = request();
  small.memory_bytes = std::uint64_t{2} << 30;
  small.raw_bytes = 1 << 20;
  const auto server = start(small);
  EXPECT_EQ(server->facts().storage, "tmpfs");
  EXPECT_EQ(value(*server,
                  "SELECT count(*) FROM regexp_split_to_table(pg_read_file('/proc/mounts'), E'\\n') AS m"
                  " WHERE m LIKE 'tmpfs /pgassay/data %'"),
            "1");
}

TEST_P(ContainerEngines, PutWhatIsLargerIntoAVolumeAndRemoveIt) {
  drill::ThrowawayRequest large = request();
  large.raw_bytes = std::uint64_t{1} << 30;
  std::vector<std::string> volumes;  // ours, and that of the image's own VOLUME
  {
    const auto server = start(large);
    EXPECT_EQ(server->facts().storage, "volume");
    volumes = volumes_of(server->facts().server);
    EXPECT_FALSE(volumes.empty());
    for (const std::string& volume : volumes) EXPECT_TRUE(is_there(volume)) << volume;
  }
  for (const std::string& volume : volumes) EXPECT_FALSE(is_there(volume)) << volume;
}

TEST_P(ContainerEngines, HaveRoomForParallelQueries) {
  const auto server = start();
  Connection connection = connect(*server);
  connection.query(
      "SET work_mem = '64MB'; SET max_parallel_workers_per_gather = 2; SET parallel_setup_cost = 0; SET "
      "parallel_tuple_cost = 0; SET min_parallel_table_scan_size = 0");
  connection.query("CREATE TABLE t AS SELECT i, md5(i::text) AS m FROM generate_series(1, 300000) i");
  EXPECT_EQ(connection.query("SELECT count(*) FROM t a JOIN t b USING (m)").text(0, 0), "300000");
}

TEST_P(ContainerEngines, UseTheirOwnPgRestoreWhereTheHostHasNone) {
  const auto server = start();
  const Path empty = work_.path() / "empty";
  write_new_file(backup_.path() / "schema.pgdump",
                 read_file(Path(PGASSAY_SOURCE_DIR) / "tests/fixtures/schema.pgdump"));
  // No PATH hides /usr/lib/postgresql: a release that this host has no tools of does it, so ask for any
  // program there.
  const PgTool tool = server->tool("pg_isready");
  EXPECT_EQ(tool.version / 10000, host_major());
  const std::vector<std::string> inside =
      cli(GetParam()).exec(server->facts().server, "pg_restore", {"PGOPTIONS"});
  std::vector<std::string> argv = inside;
  connect(*server).query("CREATE DATABASE restored TEMPLATE template0");
  const ConnInfo target = server->conninfo().with_database("restored");
  Connection connection = Connection::open(target, "test", {});
  argv.insert(argv.end(), {"-d", connection.child_conninfo(), "--no-owner", "--section=pre-data",
                           backup_.path() / "schema.pgdump"});
  const Completed done =
      run({.argv = argv, .env = {{"PGOPTIONS", "-c check_function_bodies=off"}}, .input = {}}, {});
  EXPECT_NE(done.err.find("errors ignored"), 0u);
  EXPECT_GT(
      connection.query("SELECT count(*) FROM pg_class WHERE relnamespace >= 16384 OR relnamespace = 2200")
          .integer(0, 0),
      0)
      << done.err;
}

TEST_P(ContainerEngines, SayThatTheImageIsMissing) {
  drill::ThrowawayRequest other = request();
  other.image = "pgassay-test-absent:1";
  expect_words(failure_of(other), {"no image pgassay-test-absent:1", "may not be pulled", "--image"});
  expect_nothing_left();
}

TEST_P(ContainerEngines, SayThatTheImageCanNotBePulled) {
  drill::ThrowawayRequest other = request();
  other.image = "127.0.0.1:1/pgassay-test-absent:1";
  other.pull = drill::Pull::missing;
  expect_words(failure_of(other),
               {"can't pull the image 127.0.0.1:1/pgassay-test-absent:1", "refused", "--image"});
  expect_nothing_left();
}

TEST_P(ContainerEngines, SayThatTheImageIsOfAnOlderRelease) {
  drill::ThrowawayRequest newer = request();
  newer.source_version = (host_major() + 1) * 10000;
  newer.image = host_image();
  expect_words(failure_of(newer), {fmt::format("the image {} has PostgreSQL {}", host_image(), host_major()),
                                   fmt::format("newer release: {}", host_major() + 1)});
  expect_nothing_left();
}

TEST_P(ContainerEngines, SayWhyAnImageThatIsNoServerDidNotStart) {
  const std::string broken = "pgassay-test-broken-" + std::to_string(::getpid());
  ASSERT_TRUE(engine({"create", "--name", broken, host_image()}).ok());
  ASSERT_TRUE(
      engine({"commit", "--change", "ENTRYPOINT [\"sh\", \"-c\", \"echo no such thing here >&2; exit 3\"]",
              broken, broken + ":1"})
          .ok());
  engine({"rm", "-v", broken});
  drill::ThrowawayRequest other = request();
  other.image = broken + ":1";
  expect_words(failure_of(other), {"did not start", "no such thing here"});
  engine({"rmi", "-f", broken + ":1"});
  expect_nothing_left();
}

TEST_P(ContainerEngines, AreLeftAloneByGarbageCollectionWhenTheyAreOfOthers) {
  const std::string name = "pgassay-test-foreign-" + std::to_string(::getpid());
  const std::string uid = std::to_string(::geteuid());
  const std::vector<std::vector<std::string>> foreign = {
      {},
      {"--label", "pgassay.stack=x"},
      {"--label", "pgassay.drill=x"},
      {"--label", "pgassay.drill=x", "--label", "pgassay.dir=/nonexistent", "--label", "pgassay.uid=54321",
       "--label", "pgassay.host=" + host_name()},
      {"--label", "pgassay.drill=x", "--label", "pgassay.dir=/nonexistent", "--label", "pgassay.uid=" + uid,
       "--label", "pgassay.host=elsewhere", "--label", "pgassay.expires=2999-01-01T00:00:00Z"},
  };
  for (std::size_t i = 0; i < foreign.size(); ++i) {
    std::vector<std::string> arguments = {"create", "--name", name + "-" + std::to_string(i)};
    arguments.insert(arguments.end(), foreign[i].begin(), foreign[i].end());
    arguments.push_back(host_image());
    ASSERT_TRUE(engine(arguments).ok());
  }
  collect();
  for (std::size_t i = 0; i < foreign.size(); ++i)
    EXPECT_TRUE(engine({"rm", "-v", name + "-" + std::to_string(i)}).ok()) << i;
}

TEST_P(ContainerEngines, AreCollectedThoughTheirDirectoryIsGone) {
  Holder holder(GetParam(), request());
  ASSERT_TRUE(holder.ready());
  holder.signal(SIGKILL);
  holder.wait();
  for (const std::string& name : list_names(work_.path())) remove_tree(work_.path() / name);
  collect();
  expect_nothing_left();
}

TEST_P(ContainerEngines, SayThatTheProgramIsNotInstalled) {
  const Exported path("PATH", "/nonexistent");
  expect_words(failure_of(request()), {std::string(to_string(GetParam())) + " is not installed", "--engine"});
  expect_nothing_left_on_disk();
}

TEST_P(ContainerEngines, AreTriedInTurn) {
  drill::ThrowawayRequest with_image = request();
  with_image.image = host_image();
  if (GetParam() == drill::Engine::podman) {
    const Exported nowhere("DOCKER_HOST", "unix:///nonexistent.sock");
    const auto server = start_throwaway_server(drill::Engine::automatic, with_image, observer_, {});
    EXPECT_EQ(server->facts().engine, drill::Engine::podman);
  } else {
    EXPECT_EQ(start_throwaway_server(drill::Engine::automatic, with_image, observer_, {})->facts().engine,
              drill::Engine::docker);
    with_image.image.clear();
    EXPECT_EQ(start_throwaway_server(drill::Engine::automatic, with_image, observer_, {})->facts().engine,
              drill::Engine::local);
  }
}

TEST(Docker, OutOfReachIsNamed) {
  const TemporaryDir work;
  drill::ThrowawayRequest request;
  request.source_version = 150000;
  request.work_dir = work.path();
  Observer silent;
  const auto failure = [&](drill::Engine engine) {
    try {
      start_throwaway_server(engine, request, silent, {});
      return std::string("started");
    } catch (const Unverified& error) {
      return std::string(error.what()) + " HINT: " + error.hint();
    }
  };
  const Exported nowhere("DOCKER_HOST", "unix:///nonexistent.sock");
  const std::string failed = failure(drill::Engine::docker);
  EXPECT_NE(failed.find("can't reach docker"), std::string::npos) << failed;
  EXPECT_NE(failed.find("systemctl start docker"), std::string::npos) << failed;
  request.image = host_image();
  const Exported no_podman("PATH", "/usr/bin/../lib/pgassay-none:/nonexistent");
  const std::string neither = failure(drill::Engine::automatic);
  EXPECT_NE(neither.find("docker: "), std::string::npos) << neither;
  EXPECT_NE(neither.find("podman: "), std::string::npos) << neither;
}

}  // namespace
class RestartedEngine : public ThrowawayServers {
 protected:
  static void engine_script(const char* action) {
    const Completed done =
        run({.argv = {PGASSAY_SOURCE_DIR "/tests/docker/engine.sh", action, kEngines.string()},
             .env = {},
             .input = {}},
            {});
    EXPECT_TRUE(done.ok()) << done.complaint();
  }
};
INSTANTIATE_TEST_SUITE_P(Containers, RestartedEngine, ::testing::Values(drill::Engine::docker), name_of);

TEST_P(RestartedEngine, LeavesNothingBehind) {
  {
    const auto server = start();
    engine_script("stop");
    EXPECT_THROW(connect(*server), Error);
    engine_script("start");
  }
  expect_nothing_left();
}

TEST_P(RestartedEngine, ThatIsDownWhenTheServerIsToGoIsClearedAwayLater) {
  {
    const auto server = start();
    engine_script("stop");
  }
  engine_script("start");
  collect();
  expect_nothing_left();
}

}  // namespace pgassay::test
