// A server in a container as the source of a backup, with real engines: found, reached, and dumped by its own
// pg_dump. The engines of the tests have no default network, so most of it goes over a mounted socket.
#include <gtest/gtest.h>
#include <unistd.h>

#include <chrono>
#include <thread>

#include "backup/schema.h"
#include "source/container_source.h"
#include "tests/fixtures/host_postgres.h"
#include "tests/fixtures/local_server.h"
#include "tests/fixtures/run_pgassay.h"
#include "tests/fixtures/temporary_dir.h"

namespace pgassay::test {
namespace {

using namespace std::chrono_literals;
using Words = std::vector<std::string>;

constexpr char kSecret[] = "hunter2-of-the-container";
constexpr char kSetUp[] =
    "CREATE TABLE t AS SELECT i, md5(i::text) AS m FROM generate_series(1, 5000) i;"
    "ALTER TABLE t ADD PRIMARY KEY (i); CREATE SEQUENCE s; SELECT nextval('s')";

Words operator+(Words left, const Words& right) {
  left.insert(left.end(), right.begin(), right.end());
  return left;
}

class ContainerSources : public ::testing::TestWithParam<std::string> {
 protected:
  void SetUp() override { make_private_dirs(work_.path() / "bin"); }
  void TearDown() override {
    for (const std::string& name : made_) remove(name);
    for (const std::string& name : volumes_) engine({"volume", "rm", name});
    for (const std::string& name : networks_) engine({"network", "rm", name});
  }

  std::string image_ = host_image();
  Completed engine(const Words& arguments) const {
    return run({.argv = Words{GetParam()} + arguments, .env = {{"POSTGRES_PASSWORD", kSecret}}, .input = {}},
               {});
  }
  void remove(const std::string& name) const {
    engine({"kill", name});  // podman's rm lets it end by itself
    engine({"rm", "-f", "-v", name});
  }
  std::string new_name() {
    return "pgassay-test-src-" + std::to_string(::getpid()) + "-" + std::to_string(++last_);
  }
  /// docker run; waits until it is ready.
  std::string start(const Words& options, const Words& settings = {}) {
    const std::string name = new_name();
    made_.push_back(name);
    const Completed done = engine(Words{"run", "-d", "--name", name, "--env", password_, "--env",
                                        "POSTGRES_INITDB_ARGS=--no-sync --auth-host=scram-sha-256"} +
                                  options + Words{image_, "postgres", "-c", "fsync=off"} + settings);
    EXPECT_TRUE(done.ok()) << done.err;
    for (int i = 0; i < 300; ++i) {
      const Completed log = engine({"logs", name});
      const std::string all = log.out + log.err;
      const std::size_t made = all.find("ready for start up");
      if (made != std::string::npos && all.find("ready to accept connections", made) != std::string::npos)
        return name;
      std::this_thread::sleep_for(100ms);
    }
    ADD_FAILURE() << name << " is not ready: " << engine({"logs", name}).err;
    return name;
  }
  Words with_socket() {
    const Path sockets = work_.path() / "run";
    make_private_dirs(sockets);
    set_mode(sockets, 0777);
    return {"--network", "none", "-v", sockets.string() + ":/var/run/postgresql"};
  }
  /// Its sockets are in the engine's own directory, where root may look.
  Words with_volume() {
    volumes_.push_back("pgassay-" + std::to_string(::getpid()));
    return {"--network", "none", "-v", volumes_.back() + ":/var/run/postgresql"};
  }
  void sql(const std::string& container, const Words& connection, const std::string& statements) const {
    const Completed done = engine(
        Words{"exec", container, "psql", "-qX", "-v", "ON_ERROR_STOP=1", "-c", statements} + connection);
    EXPECT_TRUE(done.ok()) << done.err;
  }

  /// With an engine's program that writes down what it is called with.
  Ran pgassay_overheard(const Words& arguments, const Words& wrapped_by = {}) {
    const Path program = work_.path() / "bin" / GetParam(), log = work_.path() / "calls";
    if (!exists(status_of(program))) {
      write_new_file(program, "#!/bin/sh\nprintf '%s ' \"$@\" >> " + log.string() + "; echo >> " +
                                  log.string() + "\nexec " + find_program(GetParam()).string() + " \"$@\"\n");
      set_mode(program, 0755);
    }
    const std::string path = program.parent_path().string() + ":" + std::getenv("PATH");
    const Completed done = run(
        {.argv = wrapped_by + Words{PGASSAY_BINARY} + arguments, .env = {{"PATH", path}}, .input = {}}, {});
    return {done.status, done.out, done.err};
  }
  std::string calls() const { return read_file(work_.path() / "calls"); }
  std::string repo() const { return (work_.path() / "repo").string(); }
  Words of_this_engine() const { return {"--container-engine", GetParam()}; }

  /// Everything of the backup's text files, and the rows restored and proved on this host's server.
  void expect_restorable(const std::string& source, const std::string& database) {
    const std::string copy = "copy_" + std::to_string(::getpid()) + "_" + std::to_string(++last_);
    const Ran restored = pgassay({"restore", "latest", "--repo", repo(), "--source", source, "--database",
                                  database, "--create", "--into", copy, "--roles", "none", "--no-owner", "-d",
                                  shared_server().conninfo()});
    EXPECT_EQ(restored.status, 0) << restored.err;
    EXPECT_EQ(shared_server().value(copy, "SELECT count(*) || ' ' || count(DISTINCT m) FROM t"), "5000 5000");
    shared_server().drop_database(copy);
  }
  void expect_words(const std::string& text, const Words& words) {
    for (const std::string& word : words)
      EXPECT_NE(text.find(word), std::string::npos) << word << " in: " << text;
  }
  Ran back_up(const std::string& container, const Words& more = {}) {
    return pgassay(Words{"backup", "--repo", repo(), "--container", container} + of_this_engine() + more);
  }
  Ran back_up_by(const std::string& configuration) {
    const Path file = work_.path() / "pgassay.toml";
    replace_file(file, configuration);
    return pgassay({"backup", "prod", "--repo", repo(), "--config", file, "--verbose"});
  }

  TemporaryDir work_;
  std::string password_ = "POSTGRES_PASSWORD";  ///< the variable by which the container knows it
  Words made_, networks_, volumes_;
  int last_ = 0;
};
INSTANTIATE_TEST_SUITE_P(Containers, ContainerSources, ::testing::Values("docker", "podman"),
                         [](const auto& one) { return one.param; });

/// This host's PostgreSQL is out of sight, as on a host that has none.
const Words kWithoutHostTools = {"unshare", ::geteuid() == 0 ? "-m" : "-rm", "sh", "-c",
                                 "mount -t tmpfs none /usr/lib/postgresql && exec \"$0\" \"$@\""};

TEST_P(ContainerSources, AreBackedUpOverASocketByTheirOwnPgDump) {
  const std::string name =
      start(with_socket() + Words{"--env", "POSTGRES_USER=shop", "--env", "POSTGRES_DB=app"});
  sql(name, {"-U", "shop", "-d", "app"}, kSetUp);
  const Words common = Words{"--repo", repo(), "--container", name, "--verbose"} + of_this_engine();

  const Ran looked = pgassay_overheard(Words{"doctor"} + common, kWithoutHostTools);
  EXPECT_EQ(looked.status, 0) << looked.out << looked.err;
  expect_words(looked.out, {"pg_dump of the container " + name});

  const Ran ran = pgassay_overheard(Words{"backup"} + common, kWithoutHostTools);
  ASSERT_EQ(ran.status, 0) << ran.err;
  expect_words(ran.err, {"user shop", "database app", (work_.path() / "run").string()});
  expect_words(calls(), {" pg_dump --encoding=", " pg_dumpall --encoding=", "--snapshot="});
  EXPECT_EQ((calls() + ran.out + ran.err + looked.out + looked.err).find(kSecret), std::string::npos);
  const Backup backup = Repository::open(repo()).find("latest", {name, "app"});
  for (const char* file : {"manifest.json", "globals.sql"})
    EXPECT_EQ(read_file(backup.dir.path() / file).find(kSecret), std::string::npos);
  expect_words(read_file(backup.dir.path() / "globals.sql"), {"CREATE ROLE shop"});
  expect_restorable(name, "app");
}

TEST_P(ContainerSources, AreFoundByComposeLabelsAndAskedForTheFileWithThePassword) {
  const Path file = work_.path() / "password";
  write_new_file(file, std::string(kSecret) + "\n");
  set_mode(file, 0644);
  const Words labels = {"--label", "com.docker.compose.project=shop" + std::to_string(::getpid()), "--label",
                        "com.docker.compose.service=db"};
  password_ = "POSTGRES_PASSWORD_FILE=/run/pw";
  const std::string port = std::to_string(20000 + ::getpid() % 10000);
  const std::string name =
      start(labels + Words{"--network", "host", "-v", file.string() + ":/run/pw:ro"}, {"-p", port});
  sql(name, {"-U", "postgres", "-p", port}, kSetUp);
  const std::string configuration = "[source.prod]\ncompose_project = \"shop" + std::to_string(::getpid()) +
                                    "\"\nservice = \"db\"\ncontainer_engine = \"" + GetParam() + "\"\n";
  const Ran ran = back_up_by(configuration);
  ASSERT_EQ(ran.status, 0) << ran.err;
  expect_words(ran.err, {"127.0.0.1 port " + port, "password by POSTGRES_PASSWORD_FILE"});
  expect_restorable("prod", "postgres");

  // A second one of that service: which is meant?
  const std::string second = new_name();
  made_.push_back(second);
  ASSERT_TRUE(engine(Words{"run", "-d", "--name", second, "--network", "none"} + labels +
                     Words{"--entrypoint", "sleep", host_image(), "60"})
                  .ok());
  const Ran ambiguous = back_up_by(configuration);
  EXPECT_EQ(ambiguous.status, 2) << ambiguous.err;
  expect_words(ambiguous.err, {"which one? 2 containers run as the service db", name, second, "--container"});
  remove(second);

  // Another password by now, and nobody said it.
  sql(name, {"-U", "postgres", "-p", port}, "ALTER ROLE postgres PASSWORD 'another'");
  const Ran denied = back_up_by(configuration);
  EXPECT_EQ(denied.status, 1) << denied.err;
  expect_words(denied.err, {"password authentication failed", "is not in force", "~/.pgpass"});
  EXPECT_EQ(pgassay({"backup", "prod", "--repo", repo(), "--config", work_.path() / "pgassay.toml"},
                    {{"PGPASSWORD", "another"}})
                .status,
            0);
  const Ran unknown = back_up_by(configuration + "user = \"nobody\"\n");
  EXPECT_EQ(unknown.status, 1) << unknown.err;
  expect_words(unknown.err, {"does not say the password of nobody", "~/.pgpass"});
}

TEST_P(ContainerSources, ThatCanNotBeHadAreNamedWithWhatToDo) {
  const Ran absent = back_up("pgassay-test-no-such");
  EXPECT_EQ(absent.status, 1);
  expect_words(absent.err, {"no container pgassay-test-no-such", GetParam() + " ps -a"});

  const std::string stopped = new_name();
  made_.push_back(stopped);
  ASSERT_TRUE(engine({"create", "--name", stopped, host_image()}).ok());
  const Ran still = back_up(stopped);
  EXPECT_EQ(still.status, 1);
  expect_words(still.err, {"does not run: its status is created", GetParam() + " start " + stopped});
  const Ran doctor = pgassay(Words{"doctor", "--repo", repo(), "--container", stopped} + of_this_engine());
  EXPECT_EQ(doctor.status, 6);
  expect_words(doctor.out, {"FAIL     container: the container " + stopped + " does not run"});

  const std::string silent = start({"--network", "none"});
  const Ran unreachable = back_up(silent);
  EXPECT_EQ(unreachable.status, 1);
  expect_words(unreachable.err, {"has no address that this host can reach", "it has no network",
                                 "-p 127.0.0.1:5432:5432", "docs/containers.md"});

  const Ran no_program = pgassay(Words{"backup", "--repo", repo(), "--container", silent} + of_this_engine(),
                                 {{"PATH", "/nonexistent"}});
  EXPECT_EQ(no_program.status, 1);
  expect_words(no_program.err, {GetParam() + " is not installed", "-d 'host="});
  if (GetParam() != "docker") return;
  const Ran no_daemon = pgassay(Words{"backup", "--repo", repo(), "--container", silent} + of_this_engine(),
                                {{"DOCKER_HOST", "unix:///nonexistent.sock"}});
  EXPECT_EQ(no_daemon.status, 1);
  expect_words(no_daemon.err, {"can't reach docker", "systemctl start docker"});
}

/// The engine's client is our child, pg_dump is not.
TEST_P(ContainerSources, HaveNoPgDumpThatGoesOnWhenTheBackupWasStopped) {
  source::ContainerName name;
  name.container = start(::geteuid() == 0 ? with_volume() : with_socket());
  name.engine = GetParam();
  Observer silent;
  const source::Server server = source::reach({}, name, silent, {});
  ASSERT_TRUE(server.pg_dump);
  Connection holder = Connection::open(server.connection, "test", {});
  holder.query("CREATE TABLE t ()");
  holder.query("BEGIN; LOCK TABLE t");
  std::stop_source stop;
  std::vector<ToolWords> said;
  std::jthread dump([&] {
    EXPECT_THROW(
        dump_schema(backup::ChildAccess(Connection::open(server.connection, "test", {})), *server.pg_dump,
                    nullptr, {}, Seconds(600), Place(work_.path()), said, stop.get_token()),
        Stopped);
  });
  constexpr char kWaiting[] =
      "SELECT count(*) FROM pg_stat_activity WHERE application_name LIKE 'pgassay%' AND wait_event_type = "
      "'Lock'";
  Connection watcher = Connection::open(server.connection, "test", {});
  const auto becomes = [&](std::int64_t wanted) {
    for (int i = 0; i < 200; ++i, std::this_thread::sleep_for(50ms))
      if (watcher.query(kWaiting).integer(0, 0) == wanted) return true;
    return false;
  };
  EXPECT_TRUE(becomes(1));
  stop.request_stop();
  dump.join();
  EXPECT_TRUE(becomes(0));
}

/// A network of its own works though the engine has no default one; published ports by docker's proxy.
class BridgedSources : public ContainerSources {
 protected:
  Words with_network() {
    const std::string name = new_name();
    networks_.push_back(name);
    const Completed done = engine({"network", "create", name});
    EXPECT_TRUE(done.ok()) << done.err;
    return {"--network", name};
  }
};
INSTANTIATE_TEST_SUITE_P(Containers, BridgedSources, ::testing::Values("docker"),
                         [](const auto& one) { return one.param; });

TEST_P(BridgedSources, AreReachedByTheirAddress) {
  const std::string name = start(with_network());
  sql(name, {"-U", "postgres"}, kSetUp);
  const std::string address =
      engine({"inspect", "-f", "{{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}", name}).out;
  const Ran ran = back_up(name, {"--verbose"});
  ASSERT_EQ(ran.status, 0) << ran.err;
  expect_words(ran.err, {address.substr(0, address.find('\n')) + " port 5432, user postgres",
                         "password by POSTGRES_PASSWORD"});
  expect_restorable(name, "postgres");
}

TEST_P(BridgedSources, AreReachedByAPublishedPort) {
  const std::string port = std::to_string(30000 + ::getpid() % 10000);
  const std::string name = start(with_network() + Words{"-p", "127.0.0.1:" + port + ":5432"});
  sql(name, {"-U", "postgres"}, kSetUp);
  const Ran ran = back_up(name, {"--verbose"});
  ASSERT_EQ(ran.status, 0) << ran.err;
  expect_words(ran.err, {"127.0.0.1 port " + port});
  expect_restorable(name, "postgres");
}

TEST_P(BridgedSources, AreDrilledInTheirOwnImage) {
  image_ = "pgassay-test-own-" + std::to_string(::getpid()) + ":1";
  ASSERT_TRUE(engine({"tag", host_image(), image_}).ok());
  const std::string name = start(with_socket());
  sql(name, {"-U", "postgres"}, kSetUp);
  const Ran ran = back_up(name, {"--drill"});
  EXPECT_EQ(ran.status, 0) << ran.out << ran.err;
  const Backup backup = Repository::open(repo()).find("latest", {name, "postgres"});
  std::string evidence;
  for (const std::string& file : list_names(backup.dir.path() / "evidence"))
    evidence += read_file(backup.dir.path() / "evidence" / file);
  expect_words(evidence, {image_, "PASS"});
  remove(name);
  engine({"rmi", image_});
}

}  // namespace
}  // namespace pgassay::test
